"""The pod identity webhook over https: AdmissionReview in and out, and what is none."""

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.flow.webhook import mutate
from app.world.aws.eks import associations
from app.world.setup.roles import POD_IDENTITY_TRUST, create_role
from tests.examples import examples
from tests.world.helpers import log_of, pod_of

pytestmark = pytest.mark.one_world

POD = {
    "metadata": {"name": "p"},
    "spec": {"serviceAccountName": "my-sa", "containers": [{"name": "app", "image": "i"}]},
}


def review(pod=POD, **request):
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {"uid": "u-1", "namespace": "default", "operation": "CREATE", "object": pod, **request},
    }


def ask(https, world, body, content_type="application/json"):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return https.post(world.webhook_url, content=content, headers={"content-type": content_type})


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_the_answer_is_a_json_patch(https, world, version):
    answer = ask(https, world, {**review(), "apiVersion": f"admission.k8s.io/{version}"}).json()
    assert (answer["kind"], answer["apiVersion"]) == ("AdmissionReview", f"admission.k8s.io/{version}")
    response = answer["response"]
    assert (response["uid"], response["allowed"], response["patchType"]) == ("u-1", True, "JSONPatch")
    account = world.cluster.get("serviceaccounts", "default", "my-sa")
    assert json.loads(base64.b64decode(response["patch"])) == mutate(POD, account, world.webhook_settings)


@pytest.mark.parametrize(
    ("pod", "request_"),
    [
        ({**POD, "spec": {**POD["spec"], "serviceAccountName": "default"}}, {}),
        ({**POD, "spec": {**POD["spec"], "serviceAccountName": "nobody"}}, {}),
        ({**POD, "spec": {"containers": POD["spec"]["containers"]}}, {}),
        (POD, {"namespace": "kube-system"}),
    ],
)
def test_nothing_to_change_is_allowed_without_a_patch(https, world, pod, request_):
    assert ask(https, world, review(pod, **request_)).json()["response"] == {"uid": "u-1", "allowed": True}


def test_the_patch_is_what_the_stored_pod_shows(world):
    exchange = next(
        e for e in world.log.exchanges() if e.callee == "pod-identity-webhook" and "pod-after" in e.request_body
    )
    patch = json.loads(base64.b64decode(json.loads(exchange.response_body)["response"]["patch"]))
    added = next(step["value"] for step in patch if step["path"] == "/spec/volumes/0")
    stored = pod_of(world, "pod-after")["spec"]["volumes"][0]
    assert stored["name"] == added["name"] == "aws-iam-token"


def test_the_annotation_of_the_moment_counts(https, simulation, world):
    async def annotate():
        account = world.cluster.get("serviceaccounts", "default", "my-sa")
        account["metadata"]["annotations"] = {}
        world.cluster.put("serviceaccounts", account)

    simulation.run(annotate())
    assert "patch" not in ask(https, world, review()).json()["response"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/yaml", "application/json; charset=utf-8", ""])
def test_content_type(https, world, content_type):
    answer = ask(https, world, review(), content_type)
    assert answer.status_code == 415
    assert answer.text == "Invalid Content-Type, expected `application/json`\n"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"junk",
        b"\xff",
        b"[" * 100_000,
        b"null",
        b"[]",
        b"1" * 5000,
        {},
        {"request": {}},
        {**review(), "apiVersion": "admission.k8s.io/v2"},
        {**review(), "kind": "Pod"},
        review(uid=7),
        review(pod=None),
        review(pod=[]),
        review(pod={}),
        review(pod={"spec": []}),
    ],
)
def test_what_is_no_review(https, world, body):
    assert ask(https, world, body).status_code == 400


def test_a_body_that_is_too_large(https, world):
    assert ask(https, world, b" " * (1024 * 1024 + 1)).status_code == 413


def test_only_post(https, world):
    assert https.get(world.webhook_url).status_code == 405


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
NAMED = st.fixed_dictionaries(
    {"spec": st.fixed_dictionaries({}, optional={
        "serviceAccountName": JSON | st.just("my-sa"), "containers": JSON, "initContainers": JSON, "volumes": JSON,
        "nodeSelector": JSON})},
    optional={"metadata": JSON | st.fixed_dictionaries({}, optional={"annotations": JSON, "labels": JSON})},
)  # fmt: skip


@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pod=NAMED | JSON, namespace=JSON | st.just("default"))
def test_any_review_is_answered(https, world, pod, namespace):
    answer = ask(https, world, review(pod, namespace=namespace))
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert answer.json()["response"]["allowed"] is True


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_answered(https, world, body):
    assert ask(https, world, body).status_code == 400


def test_service_accounts_are_looked_up_where_the_caller_keeps_them(https, world):
    """A cluster other than the world's may call the webhook: then its ServiceAccounts count, and no others."""
    asked = []

    def elsewhere(namespace, name):
        asked.append((namespace, name))
        return {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/elsewhere"}}}

    world.find_service_account = elsewhere
    response = ask(https, world, review()).json()["response"]
    assert asked == [("default", "my-sa")]
    assert "role/elsewhere" in base64.b64decode(response["patch"]).decode()
    world.find_service_account = lambda namespace, name: None
    assert "patch" not in ask(https, world, review()).json()["response"]


def associate(world, namespace, name):
    if "of-pods" not in world.account.roles:
        create_role(world, "of-pods", POD_IDENTITY_TRUST)
    asked = {"namespace": namespace, "serviceAccount": name, "roleArn": world.account.roles["of-pods"].arn}
    associations.create(world.account, world.eks_cluster, asked)


def test_an_association_of_pod_identity_takes_precedence(world, run_pod):
    associate(world, "default", "my-sa")
    pod = run_pod(container={"image": "amazon/aws-cli", "command": None, "args": ["s3", "ls"]})
    assert pod["metadata"]["labels"] == {"eks.amazonaws.com/pod-identity": "enabled"}
    names = {variable["name"] for variable in pod["spec"]["containers"][0]["env"]}
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in names
    assert not names & {"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"}
    asked = 'Connect timeout on endpoint URL: "http://169.254.170.23/v1/credentials"'
    assert asked in log_of(world, "probe")


def test_an_association_of_another_service_account_is_no_matter(https, world):
    associate(world, "default", "other")
    associate(world, "other", "my-sa")
    patch = json.loads(base64.b64decode(ask(https, world, review()).json()["response"]["patch"]))
    assert "AWS_ROLE_ARN" in json.dumps(patch)
