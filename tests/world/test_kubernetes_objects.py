"""Objects: create, read, update, delete, with the API server's own refusals."""

import pytest

from app.world.apiserver.storage import state
from app.world.apiserver.storage.state import ClusterState
from app.world.clock import WorldClock
from app.world.node.event_recorder import record_event
from tests.world.kubernetes_world import (
    ACCOUNTS,
    CONFIGMAPS,
    EVENTS,
    MERGE,
    NAMESPACES,
    PODS,
    SECRETS,
    WEBHOOKS,
    account,
    causes,
    configuration,
    pod,
)

pytestmark = pytest.mark.one_world


def test_create_gives_identity_and_owner(api):
    answer = api.post(ACCOUNTS, account(labels={"a": "b"}), fieldManager="me")
    assert answer.status == 201
    metadata = answer.body["metadata"]
    assert list(answer.body)[:3] == ["kind", "apiVersion", "metadata"]
    assert metadata["namespace"] == "default"
    assert len(metadata["uid"]) == 36
    assert metadata["resourceVersion"].isdecimal()
    (entry,) = metadata["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("me", "Update")
    assert entry["fieldsV1"] == {"f:metadata": {"f:labels": {".": {}, "f:a": {}}}}
    assert api.get(f"{ACCOUNTS}/x").body == answer.body


def test_a_name_is_taken_once(api):
    api.post(ACCOUNTS, account())
    answer = api.post(ACCOUNTS, account())
    assert answer.status == 409
    assert answer.body["message"] == 'serviceaccounts "x" already exists'
    assert answer.body["reason"] == "AlreadyExists"
    assert answer.body["details"] == {"name": "x", "kind": "serviceaccounts"}


def test_what_is_not_there(api):
    answer = api.get(f"{ACCOUNTS}/ghost")
    assert answer.status == 404
    assert answer.body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'serviceaccounts "ghost" not found',
        "reason": "NotFound",
        "details": {"name": "ghost", "kind": "serviceaccounts"},
        "code": 404,
    }
    assert api.get(f"{WEBHOOKS}/ghost").body["details"] == {
        "name": "ghost",
        "group": "admissionregistration.k8s.io",
        "kind": "mutatingwebhookconfigurations",
    }
    assert api.post("/api/v1/namespaces/ghost/serviceaccounts", account()).body["message"] == (
        'namespaces "ghost" not found'
    )
    for path, lacks in (
        ("/api/v1/limitranges", "limitranges.v1"),
        ("/apis/policy/v1/poddisruptionbudgets", "poddisruptionbudgets.v1.policy"),
        ("/api/v2/pods", "pods.v2"),
        ("/metrics", "/metrics"),
        (f"{PODS}/x/eviction", "pods/eviction"),
        ("/api/v1/nodes/x/proxy/metrics", "nodes/proxy"),
    ):
        said = f"the server could not find the requested resource (this simulated API server has no {lacks})"
        assert api.get(path).body["message"] == said


def test_methods_that_a_path_does_not_take(api):
    for method, path in (
        ("PUT", ACCOUNTS),
        ("PATCH", ACCOUNTS),
        ("POST", f"{ACCOUNTS}/my-sa"),
        ("POST", "/api/v1/pods"),
        ("DELETE", NAMESPACES),
        ("OPTIONS", ACCOUNTS),
        ("GET", f"{ACCOUNTS}/my-sa/token"),
        ("POST", "/version"),
        ("GET", "/apis/authentication.k8s.io/v1/selfsubjectreviews"),
    ):
        answer = api.ask(method, path, b"{}")
        assert (answer.status, answer.body["reason"]) == (405, "MethodNotAllowed"), (method, path)


@pytest.mark.parametrize(
    ("metadata", "field", "message"),
    [
        ({"name": ""}, "metadata.name", "Required value: name or generateName is required"),
        (
            {"name": "My_Name"},
            "metadata.name",
            'Invalid value: "My_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric '
            "characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex "
            "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ),
        (
            {"name": "x" * 254},
            "metadata.name",
            f'Invalid value: "{"x" * 254}": must be no more than 253 characters',
        ),
        (
            {"name": "x", "labels": {"a/b/c": "d"}},
            "metadata.labels",
            "Invalid value: \"a/b/c\": a qualified name must consist of alphanumeric characters, '-', '_' or '.', and "
            "must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex "
            "used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix "
            "and '/' (e.g. 'example.com/MyName')",
        ),
        (
            {"name": "x", "finalizers": ["orphan", "mine"]},
            "metadata.finalizers[1]",
            'Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
        ),
        (
            {"name": "x", "annotations": {"a": "b" * 262144}},
            "metadata.annotations",
            "Too long: may not be more than 262144 bytes",
        ),
    ],
)
def test_metadata_rules(api, metadata, field, message):
    answer = api.post(ACCOUNTS, {"metadata": metadata})
    assert answer.status == 422
    assert causes(answer) == [(field, message)]
    assert answer.body["message"] == f'ServiceAccount "{metadata["name"]}" is invalid: {field}: {message}'


def test_a_namespace_is_a_label_and_has_what_every_namespace_has(api):
    assert "RFC 1123 label" in api.post(NAMESPACES, account("a.b")).body["message"]
    answer = api.post(NAMESPACES, account("team"))
    assert answer.body["metadata"]["labels"] == {"kubernetes.io/metadata.name": "team"}
    assert answer.body["spec"] == {"finalizers": ["kubernetes"]}
    assert answer.body["status"] == {"phase": "Active"}
    assert api.get(f"{NAMESPACES}/team/status").body == api.get(f"{NAMESPACES}/team").body
    assert api.get("/api/v1/namespaces/team/serviceaccounts/default").status == 200
    bundle = api.get("/api/v1/namespaces/team/configmaps/kube-root-ca.crt").body["data"]["ca.crt"]
    assert bundle.encode() == api.world.root_ca_pem


def test_the_name_of_a_role_need_only_fit_into_a_url(api):
    path = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    assert api.post(path, account("system:My_role")).status == 201
    assert api.get(f"{path}/system:My_role").status == 200
    for name, why in (("..", "may not be '..'"), ("a%b", "may not contain '%'")):
        assert api.post(path, account(name)).body["message"].endswith(f'metadata.name: Invalid value: "{name}": {why}')


def test_deleting_a_namespace_deletes_its_contents(api):
    api.post(NAMESPACES, account("team"))
    api.post("/api/v1/namespaces/team/serviceaccounts", account())
    answer = api.delete(f"{NAMESPACES}/team")
    assert (answer.status, answer.body["status"]["phase"]) == (200, "Terminating")
    assert api.get("/api/v1/namespaces/team/serviceaccounts/x").status == 404
    api.post(NAMESPACES, account("team"))
    assert [item["metadata"]["name"] for item in api.get("/api/v1/namespaces/team/serviceaccounts").body["items"]] == [
        "default"
    ]
    assert api.delete(f"{NAMESPACES}/default").body["message"] == (
        'namespaces "default" is forbidden: this namespace may not be deleted'
    )


def test_the_default_service_account_comes_back_as_another(api):
    before = api.get(f"{ACCOUNTS}/default").body["metadata"]["uid"]
    assert api.delete(f"{ACCOUNTS}/default").body["metadata"]["uid"] == before
    assert api.get(f"{ACCOUNTS}/default").body["metadata"]["uid"] != before


def test_generate_name(api):
    names = {api.post(ACCOUNTS, {"metadata": {"generateName": "gen-"}}).body["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("gen-") and len(name) == 9 for name in names)


def test_update_needs_the_present_version(api):
    created = api.post(ACCOUNTS, account()).body
    changed = {**created, "automountServiceAccountToken": False}
    first = api.put(f"{ACCOUNTS}/x", changed)
    assert first.status == 200
    assert first.body["automountServiceAccountToken"] is False
    second = api.put(f"{ACCOUNTS}/x", changed)
    assert second.status == 409
    assert second.body["message"] == (
        'Operation cannot be fulfilled on serviceaccounts "x": the object has been modified; please apply your changes '
        "to the latest version and try again"
    )
    changed["metadata"] = {"name": "x"}
    assert (
        api.put(f"{ACCOUNTS}/x", changed).body["metadata"]["resourceVersion"]
        == (first.body["metadata"]["resourceVersion"])
    ), "an update that changes nothing is no change"
    changed["metadata"] = {"name": "x", "uid": "another"}
    assert "Precondition failed: UID in precondition: another" in api.put(f"{ACCOUNTS}/x", changed).body["message"]
    patched = api.patch(f"{ACCOUNTS}/x", {"metadata": {"uid": "another"}})
    assert causes(patched) == [("metadata.uid", 'Invalid value: "another": field is immutable')]
    changed["metadata"] = {"name": "y"}
    assert api.put(f"{ACCOUNTS}/x", changed).body["message"] == (
        "the name of the object (y) does not match the name on the URL (x)"
    )
    changed["metadata"] = {"namespace": "other"}
    assert "does not match the namespace sent on the request" in api.put(f"{ACCOUNTS}/x", changed).body["message"]


def test_nobody_changes_identity_or_status(api):
    created = api.post(CONFIGMAPS, {"metadata": {"name": "c", "uid": "mine"}, "data": {"a": "b"}}).body
    assert created["metadata"]["uid"] != "mine"
    patch = {"metadata": {"creationTimestamp": "2001-01-01T00:00:00Z", "generation": 7}}
    assert api.patch(f"{CONFIGMAPS}/c", patch, MERGE).body["metadata"] == created["metadata"]
    assert api.post(CONFIGMAPS, {"metadata": {"name": "d", "resourceVersion": "7"}}).body["message"] == (
        "resourceVersion should not be set on objects to be created"
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ACCOUNTS, account()),
        (PODS, pod()),
        (NAMESPACES, account()),
        (CONFIGMAPS, {"metadata": {"generateName": "x-"}}),
        (WEBHOOKS, configuration()),
    ],
)
def test_a_dry_run_leaves_nothing(api, world, path, body):
    seen = []
    cancel = world.cluster.changes.watch(
        lambda change: seen.append((change.type, change.resource, change.stored.copy()))
    )
    version = world.cluster.changes.version
    first, second = (api.post(path, body, dryRun="All") for _ in range(2))
    cancel()
    assert first.status == second.status == 201
    assert first.body["metadata"]["uid"] != second.body["metadata"]["uid"]
    assert "resourceVersion" not in first.body["metadata"]
    assert (world.cluster.changes.version, seen) == (version, [])
    assert api.get(f"{path}/x").status == 404


def test_dry_runs_of_changes_leave_nothing(api, world):
    created = api.post(ACCOUNTS, account()).body
    version = world.cluster.changes.version
    patched = api.patch(f"{ACCOUNTS}/x", {"metadata": {"labels": {"a": "b"}}}, MERGE, dryRun="All")
    assert patched.body["metadata"]["labels"] == {"a": "b"}
    assert api.put(f"{ACCOUNTS}/x", {**created, "secrets": [{"name": "s"}]}, dryRun="All").body["secrets"]
    assert api.delete(f"{ACCOUNTS}/x", dryRun="All").status == 200
    assert api.delete(f"{ACCOUNTS}/x", {"dryRun": ["All"]}).status == 200
    assert api.get(f"{ACCOUNTS}/x").body == created
    assert world.cluster.changes.version == version
    assert api.post(ACCOUNTS, account(), dryRun="All").status == 409
    refused = api.post(ACCOUNTS, account("y"), dryRun="Some")
    assert refused.body["message"] == (
        'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: "Some": supported values: "All"'
    )


def test_delete_answers_and_preconditions(api):
    uid = api.post(CONFIGMAPS, {"metadata": {"name": "c"}}).body["metadata"]["uid"]
    refused = api.delete(f"{CONFIGMAPS}/c", {"preconditions": {"uid": "another"}})
    assert refused.status == 409
    assert refused.body["message"] == (
        'Operation cannot be fulfilled on ConfigMap "c": the UID in the precondition (another) does not match '
        f"the UID in record ({uid}). The object might have been deleted and then recreated"
    )
    assert api.delete(f"{CONFIGMAPS}/c", gracePeriodSeconds="x").status == 400
    assert api.delete(f"{CONFIGMAPS}/c", {"preconditions": {"resourceVersion": "1"}}).status == 409
    answer = api.delete(f"{CONFIGMAPS}/c", {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}})
    assert answer.body["status"] == "Success"
    assert answer.body["details"] == {"name": "c", "kind": "configmaps", "uid": uid}
    assert api.delete(f"{CONFIGMAPS}/c").status == 404


def test_finalizers_hold_an_object(api):
    api.post(ACCOUNTS, account(finalizers=["example.com/hold"]))
    held = api.delete(f"{ACCOUNTS}/x")
    assert held.body["metadata"]["deletionTimestamp"]
    assert api.get(f"{ACCOUNTS}/x").body["metadata"]["deletionGracePeriodSeconds"] == 0
    assert api.delete(f"{ACCOUNTS}/x").body == api.get(f"{ACCOUNTS}/x").body
    more = api.patch(f"{ACCOUNTS}/x", {"metadata": {"finalizers": ["example.com/more"]}})
    why = "no new finalizers can be added if the object is being deleted, found new finalizers"
    assert causes(more) == [("metadata.finalizers", f'Forbidden: {why} []string{{"example.com/more"}}')]
    assert api.patch(f"{ACCOUNTS}/x", {"metadata": {"finalizers": None}}, MERGE).status == 200
    assert api.get(f"{ACCOUNTS}/x").status == 404


def test_delete_collection_goes_by_selectors(api):
    for name, label in (("a", "1"), ("b", "2"), ("c", "1")):
        api.post(SECRETS, {"metadata": {"name": name, "labels": {"l": label}}})
    answer = api.delete(SECRETS, labelSelector="l=1")
    assert [item["metadata"]["name"] for item in answer.body["items"]] == ["a", "c"]
    assert [item["metadata"]["name"] for item in api.get(SECRETS).body["items"]] == ["b"]


def test_lists_are_ordered_and_versioned(api, world):
    answer = api.get(ACCOUNTS).body
    assert (answer["kind"], answer["apiVersion"]) == ("ServiceAccountList", "v1")
    assert answer["metadata"] == {"resourceVersion": str(world.cluster.changes.version)}
    assert [item["metadata"]["name"] for item in answer["items"]] == ["default", "my-sa"]
    assert "kind" not in answer["items"][0]
    everywhere = api.get("/api/v1/serviceaccounts").body["items"]
    assert {item["metadata"]["namespace"] for item in everywhere} > {"default", "kube-system"}


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ("", ["a", "b", "c"]),
        ("tier=web", ["a"]),
        ("tier==web,env", ["a"]),
        ("tier!=web", ["b", "c"]),
        ("tier in (web, db)", ["a", "b"]),
        ("tier notin (web)", ["b", "c"]),
        ("tier", ["a", "b"]),
        ("!tier", ["c"]),
        ("tier in (db),!env", ["b"]),
        ("tier in (,web),env=", ["a"]),
        (" tier notin ( ) , tier = db ", ["b"]),
        ("size>1", ["a", "b"]),
        ("size > 2, size < 11", ["b"]),
        ("tier<5", []),
    ],
)
def test_label_selectors(api, labels, found):
    for name, given in (
        ("a", {"tier": "web", "env": "", "size": "2"}),
        ("b", {"tier": "db", "size": "10"}),
        ("c", {}),
    ):
        api.post(SECRETS, {"metadata": {"name": name, "labels": given}})
    assert [item["metadata"]["name"] for item in api.get(SECRETS, labelSelector=labels).body["items"]] == found


def test_field_selectors(api):
    names = lambda **query: [item["metadata"]["name"] for item in api.get(PODS, **query).body["items"]]  # noqa: E731
    assert names(fieldSelector="metadata.name=pod-after") == ["pod-after"]
    assert names(fieldSelector="status.phase!=Succeeded") == ["pod-before"]
    assert names(fieldSelector="spec.serviceAccountName=my-sa,metadata.namespace=default") == ["pod-after"]
    assert names(fieldSelector=r"metadata.name=pod-after,,metadata.name!=\,\=\\,") == ["pod-after"]
    assert api.get("/api/v1/nodes", fieldSelector="spec.unschedulable=true").body["items"] == []
    assert len(api.get("/api/v1/services", fieldSelector="spec.type=ClusterIP").body["items"]) >= 1
    kinds = {
        item["involvedObject"]["kind"]
        for item in api.get(EVENTS, fieldSelector="involvedObject.name=pod-after").body["items"]
    }
    assert kinds == {"Pod"}


# Recorded from kube-apiserver 1.20, but for what 1.33 says otherwise: the list of operators, and a value's place.
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a>=1", "unable to parse requirement: found '=', expected: identifier"),
        ("a=1=2", "found '=', expected: ',' or 'end of string'"),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("=b", "found '=', expected: !, identifier, or 'end of string'"),
        ("/a", 'unable to parse requirement: <nil>: Invalid value: "/a": prefix part must be non-empty'),
        (
            "a>b",
            "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be "
            "an integer",
        ),
        (
            "a=-x",
            'unable to parse requirement: values[0][a]: Invalid value: "-x": a valid label must be an empty string',
        ),
    ],
)
def test_label_selectors_that_are_none(api, labels, message):
    answer = api.get(PODS, labelSelector=labels)
    assert (answer.status, answer.body["message"][: len(message)]) == (400, message)


@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        (PODS, "spec.colour=red", "field label not supported: spec.colour"),
        (ACCOUNTS, "a=b", '"a" is not a known field selector: only "metadata.name", "metadata.namespace"'),
        ("/apis/batch/v1/jobs", "a=b", 'field label "a" not supported for batchv1.Job'),
        (PODS, "nonsense", "invalid selector: 'nonsense'; can't understand 'nonsense'"),
        (PODS, "metadata.name=a=b", "invalid field selector: unescaped character in value: 61"),
        (PODS, r"metadata.name=\a", r"invalid field selector: invalid escape sequence: \a"),
    ],
)
def test_field_selectors_that_are_none(api, path, fields, message):
    assert api.get(path, fieldSelector=fields).body["message"] == message


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("kubernetes.io/service-account-token", ["metadata.annotations[kubernetes.io/service-account.name]"]),
        ("kubernetes.io/dockerconfigjson", ["data[.dockerconfigjson]"]),
        ("kubernetes.io/tls", ["data[tls.crt]", "data[tls.key]"]),
        ("kubernetes.io/basic-auth", ["data[username]", "data[password]"]),
    ],
)
def test_secrets_of_a_type_contain_what_it_says(api, kind, missing):
    answer = api.post(SECRETS, {"metadata": {"name": "x"}, "type": kind})
    assert causes(answer) == [(field, "Required value") for field in missing]


def test_secrets_and_configmaps_keep_their_rules(api):
    secret = api.post(SECRETS, {"metadata": {"name": "s"}, "stringData": {"a": "b"}, "data": {"c": "ZA=="}}).body
    assert (secret["type"], secret["data"]) == ("Opaque", {"a": "Yg==", "c": "ZA=="})
    assert "stringData" not in secret
    assert "illegal base64 data" in api.post(SECRETS, {"metadata": {"name": "t"}, "data": {"a": "?"}}).body["message"]
    assert causes(api.patch(f"{SECRETS}/s", {"type": "other"}, MERGE)) == [
        ("type", 'Invalid value: "other": field is immutable')
    ]
    wrong = api.post(CONFIGMAPS, {"metadata": {"name": "c"}, "data": {"../etc": "x"}})
    assert causes(wrong) == [("data[../etc]", "Invalid value: \"../etc\": must not start with '..'")]
    api.post(CONFIGMAPS, {"metadata": {"name": "c"}, "data": {"a": "b"}, "immutable": True})
    assert causes(api.patch(f"{CONFIGMAPS}/c", {"data": {"a": "c"}}, MERGE)) == [
        ("data", "Forbidden: field is immutable when `immutable` is set")
    ]


def test_unknown_fields_by_field_validation(api):
    body = {**account(), "colour": "red"}
    warned = api.post(ACCOUNTS, body, dryRun="All")
    assert warned.headers["warning"] == '299 - "unknown field \\"colour\\""'
    assert "colour" not in warned.body
    assert "warning" not in api.post(ACCOUNTS, body, dryRun="All", fieldValidation="Ignore").headers
    strict = api.post(ACCOUNTS, body, fieldValidation="Strict")
    assert strict.status == 400
    assert strict.body["message"] == (
        'ServiceAccount in version "v1" cannot be handled as a ServiceAccount: '
        'strict decoding error: unknown field "colour"'
    )
    assert api.post(ACCOUNTS, body, fieldValidation="Loose").status == 422


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"metadata": {"name": 7}},
            'ServiceAccount in version "v1" cannot be handled as a ServiceAccount: json: cannot unmarshal number into '
            "Go struct field ObjectMeta.metadata.name of type string",
        ),
        (
            {"metadata": {"name": "x", "annotations": {"a": True}}},
            'ServiceAccount in version "v1" cannot be handled as a ServiceAccount: json: cannot unmarshal bool into '
            "Go struct field ObjectMeta.metadata.annotations of type string",
        ),
        (
            {"metadata": {"name": "x"}, "secrets": {}},
            'ServiceAccount in version "v1" cannot be handled as a ServiceAccount: json: cannot unmarshal object into '
            "Go struct field ServiceAccount.secrets of type []v1.ObjectReference",
        ),
        (
            {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "x"}},
            'Pod in version "v1" cannot be handled as a ServiceAccount: no kind "Pod" is registered for version "v1"',
        ),
        (
            {"apiVersion": "v2", "metadata": {"name": "x"}},
            "the API version in the data (v2) does not match the expected API version (v1)",
        ),
    ],
)
def test_wrong_types(api, body, message):
    answer = api.post(ACCOUNTS, body)
    assert (answer.status, answer.body["message"]) == (400, message)


def test_bodies_by_content_type(api):
    assert api.post(ACCOUNTS, b"metadata: {name: from-yaml}", content_type="application/yaml").status == 201
    refused = api.post(ACCOUNTS, b"<x/>", content_type="text/xml")
    assert (refused.status, refused.body["reason"]) == (415, "UnsupportedMediaType")
    empty = api.post(ACCOUNTS, b"")
    assert empty.status == 400
    assert empty.body["message"].endswith("(<empty>)")
    assert api.post(ACCOUNTS, b"x" * (1024 * 1024 + 1)).status == 413


def test_caps_are_429(api, world, monkeypatch):
    monkeypatch.setattr("app.world.apiserver.storage.state.OBJECT_LIMIT", 40)
    answers = [api.post(SECRETS, {"metadata": {"generateName": "s-"}}) for _ in range(40)]
    assert answers[-1].status == 429
    assert answers[-1].body["reason"] == "TooManyRequests"
    assert answers[-1].headers["retry-after"] == "1"
    assert api.delete(SECRETS).status == 200
    assert api.post(SECRETS, {"metadata": {"name": "s"}}).status == 201


def test_bytes_are_capped(api, monkeypatch):
    monkeypatch.setattr("app.world.apiserver.storage.state.BYTES_LIMIT", 100_000)
    big = {"metadata": {"name": "big"}, "data": {"a": "x" * 90_000}}
    assert api.post(CONFIGMAPS, big).status == 429
    assert api.get(f"{CONFIGMAPS}/big").status == 404


def test_values_are_capped(api, world, monkeypatch):
    monkeypatch.setattr(state, "VALUES_LIMIT", world.cluster.values + 500)
    dense = {"metadata": {"name": "dense"}, "data": {f"k{n}": "" for n in range(300)}}
    answer = api.post(CONFIGMAPS, dense)  # each key counts once more in `managedFields`
    assert (answer.status, answer.body["reason"]) == (429, "TooManyRequests")
    assert answer.body["message"].endswith(f"at most {state.VALUES_LIMIT} values in its objects")
    before = world.cluster.values
    assert api.post(CONFIGMAPS, {**dense, "data": {f"k{n}": "" for n in range(100)}}).status == 201
    assert api.delete(f"{CONFIGMAPS}/dense").status == 200
    assert world.cluster.values == before


def test_bytes_of_events_are_capped(api, world, monkeypatch):
    present = sum(len(stored.text) for stored in world.cluster.scan("events"))
    monkeypatch.setattr(state, "EVENT_BYTES", present + 5000)
    involved = {"kind": "Pod", "namespace": "default", "name": "x"}
    for number in range(6):
        event = {"metadata": {"name": f"e{number}"}, "involvedObject": involved, "message": "x" * 2500}
        assert api.post(EVENTS, event).status == 201
    assert sum(len(stored.text) for stored in world.cluster.scan("events")) <= state.EVENT_BYTES + 500
    assert api.get(f"{EVENTS}/e5").status == 200
    event = {"metadata": {"name": "huge"}, "involvedObject": involved, "message": "x" * (state.EVENT_BYTES + 1)}
    assert api.post(EVENTS, event).status == 429


def test_events_drop_the_oldest(api, world, monkeypatch):
    monkeypatch.setattr("app.world.apiserver.storage.state.EVENT_LIMIT", 5)
    involved = {"kind": "Pod", "namespace": "default", "name": "x"}
    for number in range(8):
        event = {"metadata": {"name": f"e{number}"}, "involvedObject": involved, "reason": "R", "message": str(number)}
        assert api.post(EVENTS, event).status == 201
    assert [item["metadata"]["name"] for item in api.get(EVENTS).body["items"]][-1] == "e7"
    assert len(api.get(EVENTS).body["items"]) <= 16
    wrong = {"metadata": {"name": "e"}, "involvedObject": {**involved, "namespace": "other"}}
    assert causes(api.post(EVENTS, wrong)) == [
        ("involvedObject.namespace", 'Invalid value: "other": does not match event.namespace')
    ]


def test_an_event_that_drops_the_oldest_has_a_version_of_its_own(api, world, monkeypatch):
    monkeypatch.setattr("app.world.apiserver.storage.state.EVENT_LIMIT", len(world.cluster.list("events")))
    received = []
    cancel = world.cluster.changes.watch(received.append)
    event = {"metadata": {"name": "one-more"}, "involvedObject": {"namespace": "default"}, "reason": "R"}
    assert api.post(EVENTS, event).status == 201
    cancel()
    assert [change.type for change in received] == ["DELETED", "ADDED"]
    versions = [change.version for change in received]
    assert [int(change.stored.object["metadata"]["resourceVersion"]) for change in received] == versions
    assert versions[0] < versions[1]


def test_the_same_event_again_is_counted(world, simulation):
    async def twice():
        pod = world.cluster.get("pods", "default", "pod-after")
        for _ in range(2):
            record_event(
                world.cluster,
                involved=pod,
                reason="Twice",
                message="the same",
                type="Normal",
                component="kubelet",
                host="node",
            )

    simulation.run(twice())
    (event,) = [event for event in world.cluster.list("events") if event["reason"] == "Twice"]
    assert event["count"] == 2
    assert event["source"] == {"component": "kubelet", "host": "node"}


def test_what_is_read_is_a_copy(world):
    world.cluster.get("serviceaccounts", "default", "my-sa")["metadata"]["name"] = "changed"
    world.cluster.list("serviceaccounts", "default")[0]["metadata"].clear()
    assert world.cluster.get("serviceaccounts", "default", "my-sa")["metadata"]["name"] == "my-sa"


def test_webhook_configurations_are_defaulted_and_counted(api):
    answer = api.post(WEBHOOKS, configuration())
    (webhook,) = answer.body["webhooks"]
    assert answer.body["metadata"]["generation"] == 1
    assert (webhook["failurePolicy"], webhook["matchPolicy"], webhook["reinvocationPolicy"]) == (
        "Fail",
        "Equivalent",
        "Never",
    )
    assert (webhook["timeoutSeconds"], webhook["namespaceSelector"], webhook["objectSelector"]) == (10, {}, {})
    assert webhook["rules"][0]["scope"] == "*"
    patch = {"webhooks": [{"name": "other.example.com", "failurePolicy": "Ignore"}]}
    changed = api.patch(f"{WEBHOOKS}/other", patch)
    assert changed.body["metadata"]["generation"] == 2
    assert changed.body["webhooks"][0]["rules"] == webhook["rules"]
    labelled = api.patch(f"{WEBHOOKS}/other", {"metadata": {"labels": {"a": "b"}}})
    assert labelled.body["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("settings", "field", "message"),
    [
        (
            {"hook": "a.b"},
            "name",
            'Invalid value: "a.b": should be a domain with at least three segments separated by dots',
        ),
        ({"admissionReviewVersions": []}, "admissionReviewVersions", "Required value: must specify one of v1, v1beta1"),
        ({"sideEffects": None}, "sideEffects", "Required value: must specify one of None, NoneOnDryRun"),
        ({"sideEffects": "Some"}, "sideEffects", 'Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'),
        (
            {"timeoutSeconds": 31},
            "timeoutSeconds",
            "Invalid value: 31: the timeout value must be between 1 and 30 seconds",
        ),
        ({"failurePolicy": "Maybe"}, "failurePolicy", 'Unsupported value: "Maybe": supported values: "Fail", "Ignore"'),
        ({"clientConfig": {}}, "clientConfig", "Required value: exactly one of url or service is required"),
        (
            {"clientConfig": {"url": "http://127.0.0.1/x"}},
            "clientConfig.url",
            "Invalid value: \"http://127.0.0.1/x\": 'https' is the only allowed URL scheme; "
            "desired format: https://host[/path]",
        ),
        (
            {"matchConditions": [{"name": "a", "expression": "true"}]},
            "matchConditions",
            "Forbidden: this simulated API server evaluates no CEL expressions",
        ),
        (
            {"objectSelector": {"matchExpressions": [{"key": "a", "operator": "Maybe"}]}},
            "objectSelector.matchExpressions[0].operator",
            'Invalid value: "Maybe": not a valid selector operator',
        ),
    ],
)
def test_webhook_configuration_rules(api, settings, field, message):
    answer = api.post(WEBHOOKS, configuration(**settings))
    assert answer.status == 422
    assert causes(answer) == [(f"webhooks[0].{field}", message)]


def test_tables(api):
    accept = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    table = api.get(PODS, headers=accept).body
    assert table["kind"] == "Table"
    assert [column["name"] for column in table["columnDefinitions"]][:5] == [
        "Name",
        "Ready",
        "Status",
        "Restarts",
        "Age",
    ]
    assert [row["cells"][:4] for row in table["rows"]] == [
        ["pod-after", "0/1", "Completed", "0"],
        ["pod-before", "0/1", "Error", "0"],
    ]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    one = api.get(f"{ACCOUNTS}/my-sa", headers=accept, includeObject="Object").body
    assert one["rows"][0]["object"]["kind"] == "ServiceAccount"
    partial = {"accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}
    assert set(api.get(f"{PODS}/pod-after", headers=partial).body) == {"kind", "apiVersion", "metadata"}
    partial_list = {"accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
    assert api.get(PODS, headers=partial_list).body["kind"] == "PartialObjectMetadataList"


def test_who_reads_a_list_in_another_thread_finds_what_there_was_at_its_beginning():
    cluster = ClusterState(WorldClock())
    for name in ("a", "b", "c"):
        cluster.put("pods", {"metadata": {"name": name, "namespace": "default"}})
    found = []
    for stored in cluster.scan("pods"):
        found.append(stored.object["metadata"]["name"])
        if len(found) == 1:
            cluster.delete("pods", "default", "b")
    assert found == ["a", "b", "c"]
