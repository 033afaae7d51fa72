"""Mutating webhooks: when they are called, what they are asked, and every way in which a call can fail."""

import asyncio
import base64
import itertools
import json
from itertools import pairwise

import pytest

from app.world.servers.loopback import NetworkError
from tests.world.kubernetes_world import (
    ACCOUNTS,
    MERGE,
    NAMESPACES,
    PODS,
    SECRETS,
    WEBHOOKS,
    Api,
    account,
    configuration,
    pod,
    review,
)

pytestmark = pytest.mark.one_world

SERVICES = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"


@pytest.fixture
def api(simulation, world):
    api = Api(simulation, world)
    api.delete(f"{WEBHOOKS}/pod-identity-webhook")
    yield api
    api.close()


@pytest.fixture
def webhook(world, monkeypatch):
    """Stands in for the network: each test says what comes back. Remembers what was asked."""

    class Webhook:
        def __init__(self):
            self.asked = []
            self.answer = review

        async def post_json(self, url, body, *, ca_bundle_pem, timeout):
            self.asked.append((url, json.loads(json.dumps(body)), ca_bundle_pem, timeout))
            return self.answer(body)

    stand_in = Webhook()
    monkeypatch.setattr(world.network, "post_json", stand_in.post_json)
    return stand_in


def labelled(**labels):
    return [{"op": "add", "path": "/metadata/labels", "value": labels}]


def test_what_a_webhook_is_asked(api, webhook):
    api.post(WEBHOOKS, configuration(timeoutSeconds=7))
    assert api.post(PODS, pod(), dryRun="All").status == 201
    ((url, body, bundle, timeout),) = webhook.asked
    assert (url, bundle, timeout) == ("https://127.0.0.1:1/mutate?timeout=7s", b"", 7.0)
    assert (body["kind"], body["apiVersion"]) == ("AdmissionReview", "admission.k8s.io/v1")
    request = body["request"]
    assert list(request) == [
        "uid",
        "kind",
        "resource",
        "requestKind",
        "requestResource",
        "name",
        "namespace",
        "operation",
        "userInfo",
        "object",
        "oldObject",
        "dryRun",
        "options",
    ]
    assert request["kind"] == {"group": "", "version": "v1", "kind": "Pod"}
    assert request["resource"] == {"group": "", "version": "v1", "resource": "pods"}
    assert (request["operation"], request["dryRun"], request["oldObject"]) == ("CREATE", True, None)
    assert request["userInfo"] == {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]}
    # The in-tree plugins came first; identity comes later.
    assert request["object"]["spec"]["serviceAccountName"] == "default"
    assert request["object"]["spec"]["volumes"][0]["name"].startswith("kube-api-access-")
    assert "uid" not in request["object"]["metadata"]
    user = {"User": "a", "Uid": "7", "Group": "system:masters", "Extra-Scope": "x"}
    api.post(PODS, pod(), headers={f"Impersonate-{name}": value for name, value in user.items()}, dryRun="All")
    groups = ["system:masters", "system:authenticated"]
    wanted = {"username": "a", "groups": groups, "uid": "7", "extra": {"scope": ["x"]}}
    assert webhook.asked[-1][1]["request"]["userInfo"] == wanted
    api.post(PODS, pod())
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["pods/status"]}
    api.post(WEBHOOKS, configuration("second", rules=[rule]))
    assert api.patch(f"{PODS}/x/status", {"status": {"reason": "y"}}, MERGE).status == 200
    request = webhook.asked[-1][1]["request"]
    assert (request["operation"], request["resource"]["resource"], request["subResource"]) == (
        "UPDATE",
        "pods",
        "status",
    )


def test_a_patch_is_applied_and_defaulted(api, webhook):
    api.post(WEBHOOKS, configuration())
    volume = {"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}
    webhook.answer = lambda body: review(body, patch=[{"op": "add", "path": "/spec/volumes/0", "value": volume}])
    stored = api.post(PODS, pod()).body["spec"]
    assert stored["volumes"][0]["projected"]["defaultMode"] == 420
    assert stored["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"] == 3600


@pytest.mark.parametrize(
    ("settings", "called"),
    [
        ({}, True),
        ({"objectSelector": {"matchLabels": {"app": "web"}}}, True),
        ({"objectSelector": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}}, False),
        ({"objectSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["db"]}]}}, True),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}}}, True),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}, False),
    ],
)
def test_selectors(api, webhook, settings, called):
    api.post(WEBHOOKS, configuration(**settings))
    assert api.post(PODS, pod(metadata={"labels": {"app": "web"}})).status == 201
    assert bool(webhook.asked) is called


@pytest.mark.parametrize(
    ("rule", "called"),
    [
        ({"operations": ["UPDATE"]}, False),
        ({"operations": ["*"]}, True),
        ({"resources": ["*"]}, True),
        ({"resources": ["*/*"]}, True),
        ({"resources": ["pods/*"]}, True),
        ({"resources": ["*/status"]}, False),
        ({"resources": ["pods/status"]}, False),
        ({"resources": ["secrets"]}, False),
        ({"apiGroups": ["apps"]}, False),
        ({"apiVersions": ["v1beta1"]}, False),
        ({"scope": "Cluster"}, False),
        ({"scope": "Namespaced"}, True),
    ],
)
def test_rules(api, webhook, rule, called):
    usual = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    api.post(WEBHOOKS, configuration(rules=[{**usual, **rule}]))
    api.post(PODS, pod())
    assert bool(webhook.asked) is called


def test_updates_deletes_and_subresources(api, webhook):
    everything = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*/*"]}
    api.post(ACCOUNTS, account())
    api.post(NAMESPACES, account("team"))
    api.post(WEBHOOKS, configuration(rules=[everything]))
    api.patch(f"{ACCOUNTS}/x", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    api.delete(f"{ACCOUNTS}/x")
    api.delete(f"{NAMESPACES}/team")
    api.delete(f"{WEBHOOKS}/other")
    seen = [
        (body["request"]["operation"], body["request"]["resource"]["resource"], body["request"]["name"])
        for _, body, _, _ in webhook.asked
    ]
    assert seen == [
        ("UPDATE", "serviceaccounts", "x"),
        ("DELETE", "serviceaccounts", "x"),
        ("DELETE", "namespaces", "team"),
    ]
    update, delete = webhook.asked[0][1]["request"], webhook.asked[1][1]["request"]
    assert update["object"]["metadata"]["labels"] == {"a": "b"}
    assert "labels" not in update["oldObject"]["metadata"]
    assert (delete["object"], delete["oldObject"]["metadata"]["name"]) == (None, "x")


def test_a_webhook_may_refuse(api, webhook):
    api.post(WEBHOOKS, configuration(failurePolicy="Ignore"))
    webhook.answer = lambda body: review(body, allowed=False, status={"message": "not today", "code": 418})
    answer = api.post(PODS, pod())
    assert (answer.status, answer.body["message"]) == (
        418,
        'admission webhook "other.example.com" denied the request: not today',
    )
    webhook.answer = lambda body: review(body, allowed=False, status={"reason": "Busy"})
    answer = api.post(PODS, pod())
    assert (answer.status, answer.body["reason"]) == (400, "Busy")
    webhook.answer = lambda body: review(body, allowed=False)
    assert api.post(PODS, pod()).body["message"] == (
        'admission webhook "other.example.com" denied the request without explanation'
    )
    assert api.get(f"{PODS}/x").status == 404


def test_warnings_are_passed_on(api, webhook):
    api.post(WEBHOOKS, configuration())
    webhook.answer = lambda body: review(body, warnings=['mind the "gap"', 7])
    assert api.post(PODS, pod()).headers["warning"] == '299 - "mind the \\"gap\\""'


def raising(text, kind="refused"):
    def answer(body):
        raise NetworkError(text, kind=kind)

    return answer


def with_response(**changes):
    def answer(body):
        document = review(body)
        document["response"] |= changes
        return document

    return answer


PATCH = base64.b64encode(b"[]").decode()
INVALID = "received invalid webhook response: "
UNDECODABLE = "received undecodable patch in webhook response: "


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (
            raising("dial tcp 127.0.0.1:1: connect: connection refused"),
            'failed to call webhook: Post "https://127.0.0.1:1/mutate?timeout=10s": '
            "dial tcp 127.0.0.1:1: connect: connection refused",
        ),
        (
            raising("context deadline exceeded", kind="timeout"),
            'failed to call webhook: Post "https://127.0.0.1:1/mutate?timeout=10s": context deadline exceeded',
        ),
        (
            raising("the server could not find the requested resource", kind="answer"),
            "failed to call webhook: the server could not find the requested resource",
        ),
        (
            lambda body: {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"},
            f"{INVALID}webhook response was absent",
        ),
        (with_response(uid="other"), f'{INVALID}expected response.uid="UID", got "other"'),
        (
            lambda body: {**review(body), "apiVersion": "", "kind": ""},
            f"{INVALID}expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=",
        ),
        (
            lambda body: {**review(body), "apiVersion": "admission.k8s.io/v1beta1"},
            f"{INVALID}expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, "
            "got admission.k8s.io/v1beta1, Kind=AdmissionReview",
        ),
        (with_response(patch=PATCH), f"{INVALID}webhook returned response.patch but not response.patchType"),
        (with_response(patchType="JSONPatch"), f"{INVALID}webhook returned response.patchType but not response.patch"),
        (with_response(patch=PATCH, patchType=""), f'{INVALID}webhook returned invalid response.patchType of ""'),
        (with_response(patch=PATCH, patchType="Merge"), 'unsupported patch type "Merge"'),
        (with_response(patch="?", patchType="JSONPatch"), UNDECODABLE),
        (with_response(patch=base64.b64encode(b"{").decode(), patchType="JSONPatch"), UNDECODABLE),
        (with_response(patch=base64.b64encode(b"{}").decode(), patchType="JSONPatch"), UNDECODABLE),
        (lambda body: [], "failed to call webhook: "),
        (lambda body: None, "failed to call webhook: "),
    ],
    ids=range(16),
)
def test_a_failed_call_is_settled_by_the_failure_policy(api, webhook, answer, text):
    webhook.answer = answer
    api.post(WEBHOOKS, configuration(failurePolicy="Fail"))
    refused = api.post(PODS, pod())
    assert refused.status == 500
    assert refused.body["reason"] == "InternalError"
    uid = webhook.asked[-1][1]["request"]["uid"]
    sentence = f'failed calling webhook "other.example.com": {text.replace("UID", uid)}'
    assert refused.body["message"].startswith(f"Internal error occurred: {sentence}")
    assert refused.body["details"]["causes"][0]["message"].startswith(sentence)
    assert api.get(f"{PODS}/x").status == 404
    api.patch(f"{WEBHOOKS}/other", {"webhooks": [{"name": "other.example.com", "failurePolicy": "Ignore"}]})
    admitted = api.post(PODS, pod())
    assert admitted.status == 201
    assert "warning" not in admitted.headers, "the client gets no warning"


def test_a_patch_that_does_not_fit_is_an_error_whatever_the_policy(api, webhook):
    api.post(WEBHOOKS, configuration(failurePolicy="Ignore"))
    for patch in ([{"op": "remove", "path": "/ghost"}], [{"op": "add", "path": "/spec/containers", "value": 7}]):
        webhook.answer = lambda body, patch=patch: review(body, patch=patch)
        answer = api.post(PODS, pod())
        assert (answer.status, answer.body["reason"]) == (500, "InternalError")


def test_a_patch_cannot_break_the_rules(api, webhook):
    api.post(WEBHOOKS, configuration())
    webhook.answer = lambda body: review(body, patch=[{"op": "replace", "path": "/spec/containers", "value": []}])
    assert api.post(PODS, pod()).status == 422
    webhook.answer = lambda body: review(body, patch=[{"op": "replace", "path": "/metadata/name", "value": "other"}])
    assert api.post(PODS, pod()).body["metadata"]["name"] == "x"


def test_ca_bundle_and_service(api, webhook):
    client = {"url": "https://127.0.0.1:1/mutate", "caBundle": base64.b64encode(b"nonsense").decode()}
    api.post(WEBHOOKS, configuration(clientConfig=client))
    assert api.post(PODS, pod()).body["message"] == (
        'Internal error occurred: failed calling webhook "other.example.com": could not get REST client: '
        "unable to load root certificates: unable to parse bytes as PEM block"
    )
    api.delete(f"{WEBHOOKS}/other")
    api.post(WEBHOOKS, configuration(clientConfig={"service": {"name": "svc", "namespace": "default", "path": "/m"}}))

    def refusal():
        began = (
            'Internal error occurred: failed calling webhook "other.example.com": failed to call webhook: '
            'Post "https://svc.default.svc:443/m?timeout=10s": '
        )
        message = api.post(PODS, pod()).body["message"]
        assert message.startswith(began)
        return message.removeprefix(began)

    def end(number, **conditions):
        labels = {"kubernetes.io/service-name": "svc"}
        ends = {"endpoints": [{"addresses": ["192.168.64.9"], "conditions": conditions}]}
        ports = {"ports": [{"name": "", "port": 80}, {"name": "h", "port": 9443}]}
        return {"metadata": {"name": f"s{number}", "labels": labels}, "addressType": "IPv4", **ends, **ports}

    assert refusal() == 'service "svc" not found'
    ports = [{"name": "a", "port": 80}]
    api.post(SERVICES, {"metadata": {"name": "svc"}, "spec": {"ports": ports}})
    assert refusal() == 'no service port 443 found for service "svc"'
    api.patch(f"{SERVICES}/svc", {"spec": {"ports": [*ports, {"name": "h", "port": 443}]}}, MERGE)
    assert refusal() == 'no endpoints available for service "svc"'
    assert api.post(SLICES, end(1, ready=False)).status == 201
    assert refusal() == 'no endpoints available for service "svc"'
    api.post(SLICES, end(2))
    assert refusal() == "dial tcp 192.168.64.9:9443: connect: connection refused"
    assert not webhook.asked


def test_reinvocation_if_needed(api, webhook):
    names = ("a.example.com", "b.example.com", "c.example.com")
    for name, policy in zip(names, ("IfNeeded", "Never", "IfNeeded"), strict=True):
        config = configuration(name[0], hook=name, reinvocationPolicy=policy)
        config["webhooks"][0]["clientConfig"]["url"] = f"https://127.0.0.1:1/{name[0]}"
        api.post(WEBHOOKS, config)
    called = lambda: [url.partition("?")[0][-1] for url, *_ in webhook.asked]  # noqa: E731
    api.post(PODS, pod(), dryRun="All")
    assert called() == ["a", "b", "c"], "nothing changed, nobody is asked again"
    webhook.asked.clear()
    # `b` changes the Pod: `a`, which came before, is asked again; `b` never is and `c` has seen the change.
    webhook.answer = lambda body: review(body, patch=labelled(by="b") if called()[-1] == "b" else None)
    stored = api.post(PODS, pod(), dryRun="All").body
    assert called() == ["a", "b", "c", "a"]
    assert stored["metadata"]["labels"] == {"by": "b"}
    # ... but not where it does not select the changed Pod.
    first = api.get(f"{WEBHOOKS}/a").body
    first["webhooks"][0]["objectSelector"] = {"matchExpressions": [{"key": "by", "operator": "DoesNotExist"}]}
    api.put(f"{WEBHOOKS}/a", first)
    webhook.asked.clear()
    api.post(PODS, pod(), dryRun="All")
    assert called() == ["a", "b", "c"]


def test_an_injected_container_gets_the_api_token_too(api, webhook):
    api.post(WEBHOOKS, configuration())
    sidecar = {"name": "sidecar", "image": "proxy"}
    webhook.answer = lambda body: review(body, patch=[{"op": "add", "path": "/spec/containers/-", "value": sidecar}])
    first, second = api.post(PODS, pod(), dryRun="All").body["spec"]["containers"]
    assert first["volumeMounts"] == second["volumeMounts"]


def test_dry_run_and_v1beta1(api, webhook):
    api.post(WEBHOOKS, configuration(admissionReviewVersions=["v1beta1"]))
    webhook.answer = lambda body: {"response": {"allowed": True, "uid": body["request"]["uid"]}}
    assert api.post(PODS, pod(), dryRun="All").status == 201
    assert webhook.asked[0][1]["apiVersion"] == "admission.k8s.io/v1beta1"


def test_an_object_deleted_while_the_webhook_thinks_is_not_found(api, webhook, world):
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["secrets"]}
    api.post(SECRETS, {"metadata": {"name": "s"}})
    api.post(WEBHOOKS, configuration(rules=[rule]))

    def remove(body):
        world.cluster.delete("secrets", "default", "s")
        return review(body)

    webhook.answer = remove
    assert api.patch(f"{SECRETS}/s", {"metadata": {"labels": {"a": "b"}}}, MERGE).status == 404


def test_what_goes_while_a_collection_is_deleted_is_left_out(api, webhook, world):
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["DELETE"], "resources": ["secrets"]}
    for name in "ab":
        api.post(SECRETS, {"metadata": {"name": name}})
    api.post(WEBHOOKS, configuration(rules=[rule]))

    def remove(body):
        if len(webhook.asked) == 1:
            world.cluster.delete("secrets", "default", "a")
        return review(body)

    webhook.answer = remove
    answer = api.delete(SECRETS)
    assert (answer.status, [item["metadata"]["name"] for item in answer.body["items"]]) == (200, ["b"])


def test_an_update_is_tried_again_when_overtaken(api, webhook, world):
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["secrets"]}
    version = api.post(SECRETS, {"metadata": {"name": "s"}}).body["metadata"]["resourceVersion"]
    api.post(WEBHOOKS, configuration(rules=[rule]))

    def overtake(body):
        if len(webhook.asked) == 1:
            stored = world.cluster.get("secrets", "default", "s")
            world.cluster.put("secrets", {**stored, "data": {"by": "b3RoZXI="}})
        return review(body)

    webhook.answer = overtake
    patched = api.patch(f"{SECRETS}/s", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    assert patched.status == 200
    assert (patched.body["data"], patched.body["metadata"]["labels"]) == ({"by": "b3RoZXI="}, {"a": "b"})
    webhook.asked.clear()
    late = api.patch(f"{SECRETS}/s", {"metadata": {"resourceVersion": version}}, MERGE)
    assert (late.status, late.body["reason"]) == (409, "Conflict")


def test_a_namespace_that_goes_while_a_webhook_is_asked_takes_no_object(api, webhook, world):
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"]}
    api.post(NAMESPACES, {"metadata": {"name": "short"}})
    api.post(WEBHOOKS, configuration(rules=[rule]))

    def remove(body):
        world.cluster.delete("namespaces", None, "short")
        return review(body)

    webhook.answer = remove
    assert api.post(SECRETS.replace("default", "short"), {"metadata": {"name": "s"}}).status == 404
    assert world.cluster.find("secrets", "short", "s") is None


def test_others_get_their_turn_between_webhooks_that_are_out_of_reach(simulation, api, webhook):
    settings = {"failurePolicy": "Ignore"}
    hooks = [configuration(hook=f"h{number}.example.com", **settings)["webhooks"][0] for number in range(9)]
    api.post(WEBHOOKS, {**configuration(), "webhooks": hooks})
    turns, called = itertools.count(), []

    def refuse(body):
        called.append(next(turns))
        return raising("connection refused")(body)

    async def others():
        while len(called) < len(hooks):
            next(turns)
            await asyncio.sleep(0)

    async def beside():
        return asyncio.create_task(others())

    webhook.answer = refuse
    kept = simulation.run(beside())
    assert api.post(PODS, pod()).status == 201
    assert len(called) == len(hooks)
    assert not kept.cancelled()
    assert all(later - earlier > 1 for earlier, later in pairwise(called))


def test_the_real_webhook_down(simulation, world):
    """The texts of recorded/http/pod-dryrun-webhook-down-failurePolicy-Fail.http, as newer versions word them."""
    api = Api(simulation, world)
    world.webhook_available = False
    admitted = api.post(PODS, pod(serviceAccountName="my-sa"), dryRun="All")
    assert admitted.status == 201
    assert "env" not in admitted.body["spec"]["containers"][0], "failurePolicy Ignore: admitted, unmutated"
    patch = [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"}]
    api.patch(f"{WEBHOOKS}/pod-identity-webhook", patch, "application/json-patch+json")
    refused = api.post(PODS, pod(serviceAccountName="my-sa"), dryRun="All")
    port = simulation.kubernetes_url.rpartition(":")[2]
    assert refused.body["message"] == (
        'Internal error occurred: failed calling webhook "iam-for-pods.amazonaws.com": failed to call webhook: '
        f'Post "{world.webhook_url}?timeout=10s": dial tcp 127.0.0.1:{port}: connect: connection refused'
    )
    api.close()
