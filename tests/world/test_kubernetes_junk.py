"""Whatever is sent, the API server answers in its own protocol, and its world lives on."""

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.world.apiserver.patching.apply import apply
from app.world.apiserver.patching.managed_fields import flatten, from_fields, to_fields
from app.world.apiserver.patching.patch import json_patch, merge_patch, strategic_merge_patch
from app.world.apiserver.types import codec, protobuf
from app.world.apiserver.types.errors import ApiError
from app.world.apiserver.types.resources import RESOURCES
from app.world.apiserver.types.schema import Decoder, WrongType
from app.world.apiserver.types.selectors import parse_field_selector, parse_label_selector
from tests.examples import examples
from tests.world.kubernetes_world import (
    ACCOUNTS,
    APPLY,
    CONFIGMAPS,
    EVENTS,
    JSON_PATCH,
    MERGE,
    NAMESPACES,
    PODS,
    SECRETS,
    STRATEGIC,
    WEBHOOKS,
    Api,
    configuration,
    pod,
)

pytestmark = pytest.mark.one_world

ALLOWED = {200, 201, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429}

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@st.composite
def bent(draw, document):
    """The document with a few of its values replaced by junk."""

    def walk(value):
        if draw(st.integers(0, 11)) == 0:
            return draw(json_values)
        if isinstance(value, dict):
            return {key: walk(item) for key, item in value.items()} | draw(
                st.just({}) | st.dictionaries(st.text(max_size=4), json_values, max_size=1)
            )
        if isinstance(value, list):
            return [walk(item) for item in value]
        return value

    return walk(document)


RICH_POD = pod(
    metadata={"labels": {"a": "b"}, "annotations": {"c": "d"}, "finalizers": ["e/f"], "ownerReferences": []},
    container={
        "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "ports": [{"containerPort": 80}],
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        "resources": {"limits": {"cpu": "1"}},
        "readinessProbe": {"httpGet": {"port": 80}},
        "securityContext": {"runAsUser": 1},
    },
    volumes=[
        {"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 600}}]}},
        {"name": "w", "secret": {"secretName": "s", "items": [{"key": "k", "path": "p", "mode": 256}]}},
    ],
    initContainers=[{"name": "i", "image": "i", "restartPolicy": "Always"}],
    tolerations=[{"key": "k", "operator": "Exists"}],
    securityContext={"fsGroup": 1},
)
BODIES = {
    PODS: RICH_POD,
    ACCOUNTS: {"metadata": {"name": "j", "generateName": "g-"}, "secrets": [{"name": "s"}]},
    CONFIGMAPS: {"metadata": {"name": "j"}, "data": {"a": "b"}, "binaryData": {"c": "ZA=="}, "immutable": True},
    SECRETS: {"metadata": {"name": "j"}, "type": "Opaque", "stringData": {"a": "b"}},
    NAMESPACES: {"metadata": {"name": "j"}, "spec": {"finalizers": ["kubernetes"]}},
    EVENTS: {"metadata": {"name": "j"}, "involvedObject": {"kind": "Pod", "name": "x"}, "count": 1, "eventTime": None},
    WEBHOOKS: configuration(namespaceSelector={"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}),
    f"{ACCOUNTS}/my-sa/token": {
        "spec": {
            "audiences": ["a"],
            "expirationSeconds": 600,
            "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "pod-after", "uid": "u"},
        }
    },
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": {"spec": {"resourceAttributes": {"verb": "get"}}},
    "/apis/authorization.k8s.io/v1/subjectaccessreviews": {
        "spec": {"user": "a", "groups": ["b"], "extra": {"c": ["d"]}, "nonResourceAttributes": {"path": "/"}}
    },
}
PATCHES = st.sampled_from([STRATEGIC, MERGE, JSON_PATCH, APPLY])
relaxed = settings(
    max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def api(simulation):
    world = simulation.world("junk")
    api = Api(simulation, world)
    yield api
    api.close()
    simulation.store.discard("junk")


def assert_protocol(answer, allowed=ALLOWED):
    assert answer.status in allowed, answer
    if answer.status >= 400:
        assert isinstance(answer.body, dict), answer
        assert answer.body["kind"] == "Status"
        assert answer.body["code"] == answer.status


@relaxed
@given(data=st.data())
def test_bodies(api, data):
    path = data.draw(st.sampled_from(sorted(BODIES)))
    body = data.draw(bent(BODIES[path]))
    # A broken webhook is no business of ours here: what is created stays dry.
    assert_protocol(api.post(path, body, dryRun="All"))


@relaxed
@given(
    raw=st.binary(max_size=60) | st.text(max_size=30).map(str.encode),
    media=st.sampled_from(["application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "x", ""]),
    path=st.sampled_from([*sorted(BODIES), f"{PODS}/pod-after/exec"]),
    method=st.sampled_from(["POST", "PUT", "DELETE"]),
)
def test_raw_bodies(api, raw, media, path, method):
    assert_protocol(api.ask(method, path, raw, content_type=media, dryRun="All"))


@relaxed
@given(data=st.data(), media=PATCHES)
def test_patches(api, data, media):
    target, document = data.draw(
        st.sampled_from([(f"{PODS}/pod-after", RICH_POD), (f"{ACCOUNTS}/my-sa", BODIES[ACCOUNTS])])
    )
    patch = data.draw(bent(document) | json_values | operations())
    assert_protocol(api.patch(target, patch, media, dryRun="All", fieldManager="junk"))


def operations():
    paths = st.sampled_from(
        ["", "/", "/metadata", "/metadata/labels/a", "/spec/containers/0", "/spec/containers/-", "~2", "/a/b"]
    )
    operation = st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "x"]) | json_values},
        optional={"path": paths | json_values, "from": paths | json_values, "value": json_values},
    )
    return st.lists(operation, max_size=4)


STATUS = {
    "phase": "Running",
    "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
    "containerStatuses": [
        {
            "name": "app",
            "ready": True,
            "restartCount": 1,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
        }
    ],
    "initContainerStatuses": [{"name": "i", "state": {"terminated": {"exitCode": 0}}, "started": True}],
    "podIPs": [{"ip": "192.168.0.1"}],
}
EVENT = {
    "involvedObject": {"kind": "Pod", "namespace": "default", "name": "x", "uid": "u", "fieldPath": "f"},
    "source": {"component": "kubelet", "host": "node"},
    "reason": "Pulled",
    "message": "m",
    "type": "Normal",
    "count": 2,
    "firstTimestamp": "0001-01-01T00:00:00Z",
    "lastTimestamp": "9999-12-31T23:59:59Z",
    "eventTime": "2026-01-01T00:00:00.5+09:00",
}
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


@settings(relaxed, max_examples=examples(25))
@given(data=st.data())
def test_whatever_is_stored_can_be_read(api, world_of_junk, data):
    """What clients may really write into a Pod's status and into events, read in every form."""
    for path, body in ((f"{PODS}/stored", {"status": STATUS}), (f"{EVENTS}/stored", EVENT)):
        subresource = "/status" if "status" in body else ""
        patch = data.draw(bent(body))
        assert_protocol(api.patch(f"{path}{subresource}", patch, MERGE))
        for headers in ({}, TABLE):
            assert api.get(path, headers=headers).status == 200
            assert api.get(path.rpartition("/")[0], headers=headers).status == 200
    for query in ({}, {"follow": "true", "limitBytes": "1"}, {"tailLines": "1"}):
        assert_protocol(api.get(f"{PODS}/stored/log", container="app", **query))
    assert_protocol(api.get(PODS, fieldSelector="status.phase=Running,status.podIP!=x"))
    assert_protocol(api.get(EVENTS, fieldSelector="involvedObject.name=x,source!=kubelet"))
    reference = {"kind": "Pod", "apiVersion": "v1", "name": "stored"}
    answer = api.post(f"{ACCOUNTS}/default/token", {"spec": {"boundObjectRef": reference}})
    assert answer.status == 201


@pytest.fixture
def world_of_junk(api):
    """The junk world, with a Pod and an event to write to."""
    api.post(PODS, pod("stored", nodeName="another-node"))
    api.post(EVENTS, {"metadata": {"name": "stored"}, **EVENT})
    yield api.world
    api.delete(f"{PODS}/stored")
    api.delete(f"{EVENTS}/stored")


printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


@pytest.mark.parametrize(
    "path", ["%0A", "api%0A", "api/v1/namespaces/de%0Afault", "api/v1/namespaces/default/pods/a%0A"]
)
def test_a_path_with_a_line_break_is_that_of_nothing(api, path):
    answer = api.get(f"/{path}")
    assert (answer.status, answer.body["reason"]) == (404, "NotFound")


@relaxed
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]),
    segments=st.lists(
        st.sampled_from(
            ["api", "apis", "v1", "namespaces", "default", "pods", "pod-after", "log", "exec", "token", "status"]
        )
        | st.text(max_size=6),
        max_size=8,
    ),
    query=st.dictionaries(
        st.sampled_from(
            [
                "labelSelector",
                "fieldSelector",
                "limit",
                "tailLines",
                "container",
                "fieldManager",
                "resourceVersion",
                "as",
            ]
        ),
        st.text(max_size=12),
        max_size=3,
    ),
)
def test_paths_and_queries(api, method, segments, query):
    from urllib.parse import quote

    path = "/" + "/".join(quote(segment, safe="") for segment in segments)
    url = str(api.client.base_url).rstrip("/") + path
    response = api.client.request(method, url, params={**query, "dryRun": "All"}, headers={"content-type": MERGE})
    assert response.status_code in ALLOWED
    if response.status_code >= 400 and method != "HEAD":
        assert response.json()["kind"] == "Status"


@relaxed
@given(
    headers=st.dictionaries(st.sampled_from(["accept", "content-type", "user-agent", "impersonate-user"]), printable)
)
def test_headers(api, headers):
    assert_protocol(api.get(PODS, headers=headers))
    assert_protocol(api.ask("POST", ACCOUNTS, b"{}", headers=headers, dryRun="All"))


@relaxed
@given(
    token=printable
    | st.lists(st.binary(max_size=20).map(lambda part: part.hex()), min_size=3, max_size=3).map(".".join)
    | st.just("eyJhbGciOiJub25lIn0.e30.")
)
def test_tokens(api, token):
    answer = api.get(PODS, headers={"authorization": f"Bearer {token}"})
    assert_protocol(answer, {401, 403})


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b'{"metadata":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"metadata":{"name":"x"},"data":{"a":' + b"9" * 100_000 + b"}}",
        b'{"metadata":{"name":"x","labels":{"a":1e999}}}',
        b'{"metadata":{"name":"x","labels":{"a":NaN}}}',
        b'{"metadata":{"name":"x"},"immutable":1.5}',
        b"\xff\xfe{}",
        b"\x00" * 100,
        b"&a [*a,*a]",
        b"a: &a [x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nd: [*c, *c, *c, *c]",
        b"!!python/object/apply:os.system [x]",
        b"k8s\x00" + b"\x0a\xff\xff\xff\xff\x0f",
        b"k8s\x00\x0a\x00\x12" + b"\x80" * 20,
    ],
    ids=range(13),
)
@pytest.mark.parametrize("media", ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"])
def test_hostile_bodies(api, raw, media):
    answer = api.post(CONFIGMAPS, raw, content_type=media, dryRun="All")
    # In YAML some of it is plain text.
    assert_protocol(answer, {400, 413, 415, 422} | ({201} if media == "application/yaml" else set()))
    assert_protocol(api.patch(f"{CONFIGMAPS}/kube-root-ca.crt", raw, APPLY, fieldManager="x"), {400, 413})


def test_text_that_utf8_cannot_hold(api):
    raw = b'{"metadata":{"name":"lone","annotations":{"a":"\\ud800"}},"data":{"k":"\\udfff"}}'
    answer = api.post(CONFIGMAPS, raw)
    assert (answer.status, answer.body["data"]) == (201, {"k": "\ufffd"})


def test_a_yaml_bomb_is_counted_out():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 12)]
    with pytest.raises(codec.Malformed, match="excessive aliasing"):
        codec.parse_yaml("\n".join(lines).encode())


def test_the_world_lives_on(api):
    """Last in the file: after all the junk, everything is as it was."""
    assert [item["metadata"]["name"] for item in api.get(PODS).body["items"]] == ["pod-after", "pod-before"]
    assert api.get(f"{PODS}/pod-after/log").status == 200
    assert api.post(f"{ACCOUNTS}/my-sa/token", {}).status == 201


# The parts, without HTTP: many more examples.

many = settings(max_examples=examples(300))


@many
@given(st.binary(max_size=200))
def test_protobuf_junk(raw):
    for body in (raw, protobuf.MAGIC + raw):
        try:
            assert isinstance(protobuf.decode(body), dict)
        except (protobuf.Malformed, protobuf.UnknownMessage):
            pass


@many
@given(st.data())
def test_decoded_is_typed_and_decodes_to_itself(data):
    kind = data.draw(st.sampled_from(["Pod", "ServiceAccount", "MutatingWebhookConfiguration", "Event", "Secret"]))
    document = {"Pod": RICH_POD, "MutatingWebhookConfiguration": BODIES[WEBHOOKS]}.get(kind, BODIES[ACCOUNTS])
    try:
        typed = Decoder().decode(kind, data.draw(bent(document)))
    except WrongType:
        return
    assert Decoder().decode(kind, typed) == typed
    json.dumps(typed, allow_nan=False).encode()


@many
@given(st.data())
def test_patch_junk(data):
    document = data.draw(bent(RICH_POD))
    patch = data.draw(bent(RICH_POD) | json_values | operations())
    before = json.dumps([document, patch])
    for apply_patch in (merge_patch, json_patch, lambda old, new: strategic_merge_patch(old, new, "Pod")):
        if not isinstance(document, dict):
            return
        try:
            json.dumps(apply_patch(document, patch))
        except ApiError as error:
            assert error.code in (400, 413, 422)  # noqa: PT017 (most examples raise nothing)
        assert json.dumps([document, patch]) == before


@st.composite
def typed_pods(draw):
    """Pods of the right types, whatever is in them."""
    try:
        typed = Decoder().decode("Pod", {"spec": draw(bent(RICH_POD["spec"]))})
    except WrongType:
        typed = {"spec": {"containers": [{"name": "app"}]}}
    return {**typed, "metadata": {"name": "x"}, "kind": "Pod", "apiVersion": "v1"}


@many
@given(typed_pods())
def test_field_sets_survive_a_round_trip(typed):
    paths = set(flatten(typed, "Pod", parents=True))
    assert from_fields(json.loads(json.dumps(to_fields(paths)))) == paths


def structs(value, path=()):
    """The paths of all structs in a struct."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield (*path, f"f:{key}")
            yield from structs(item, (*path, f"f:{key}"))


@many
@example(
    {"metadata": {"name": "x"}, "kind": "Pod", "apiVersion": "v1"},
    {"spec": {"containers": [{"name": "app"}]}, "metadata": {"name": "x"}, "kind": "Pod", "apiVersion": "v1"},
    {"spec": {}, "metadata": {"name": "x"}, "kind": "Pod", "apiVersion": "v1"},
)
@given(typed_pods(), typed_pods(), typed_pods())
def test_what_is_applied_is_there_and_owned(live, first, second):
    nothing = {"metadata": {}, "kind": "Pod", "apiVersion": "v1"}
    try:
        live = apply(nothing, live, manager="creator", force=False, time="t")
        once = apply(live, first, manager="me", force=True, time="t")
        again = apply(once, first, manager="me", force=True, time="later")
        switched = apply(again, second, manager="me", force=True, time="later")
    except ApiError as error:
        # A list element without its key.
        assert error.code == 400  # noqa: PT017 (most examples raise nothing)
        return
    assert again == once
    there = set(flatten(switched, "Pod", parents=True))
    # An empty struct is wanted as such, and there as what is in it, even if that is only a list that became empty.
    there |= {path[:length] for path in there for length in range(1, len(path))}
    there |= set(structs(switched))
    assert set(flatten(second, "Pod", parents=False)) <= there


@many
@given(st.text(max_size=30))
def test_selector_junk(text):
    for parse in (parse_label_selector, lambda given: parse_field_selector(given, RESOURCES["pods"])):
        try:
            predicate = parse(text)
        except ApiError as error:
            assert error.code == 400  # noqa: PT017 (most examples raise nothing)
        else:
            assert predicate is None or predicate({"metadata": {"name": "x"}}) in (True, False)
