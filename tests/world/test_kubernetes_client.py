"""The `kubernetes` client of Python, unchanged, as live mode uses it."""

import json

import pytest
from kubernetes import client, watch
from kubernetes.client import ApiException
from kubernetes.stream import stream

from tests.waiting import SECONDS
from tests.world.helpers import kubernetes_client

pytestmark = pytest.mark.one_world


@pytest.fixture
def api(simulation, world, tmp_path):
    with kubernetes_client(simulation, world, tmp_path / "ca.pem") as api:
        yield api


@pytest.fixture
def core(api):
    return client.CoreV1Api(api)


def account(name="x", **metadata):
    return client.V1ServiceAccount(metadata=client.V1ObjectMeta(name=name, **metadata))


def pod(name="x", **spec):
    container = client.V1Container(name="app", image="busybox", command=["sleep", "3600"])
    metadata = client.V1ObjectMeta(name=name)
    return client.V1Pod(metadata=metadata, spec=client.V1PodSpec(containers=[container], **spec))


def test_service_accounts(core):
    created = core.create_namespaced_service_account("default", account())
    assert created.metadata.creation_timestamp.tzinfo is not None
    annotation = {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": "arn"}}}
    patched = core.patch_namespaced_service_account("x", "default", annotation)
    assert patched.metadata.annotations == {"eks.amazonaws.com/role-arn": "arn"}
    patched.automount_service_account_token = False
    replaced = core.replace_namespaced_service_account("x", "default", patched)
    assert replaced.automount_service_account_token is False
    patched.metadata.labels = {"a": "b"}
    with pytest.raises(ApiException) as refused:
        core.replace_namespaced_service_account("x", "default", patched)
    assert refused.value.status == 409
    names = [item.metadata.name for item in core.list_namespaced_service_account("default").items]
    assert names == ["default", "my-sa", "x"]
    assert core.delete_namespaced_service_account("x", "default").metadata.name == "x"
    with pytest.raises(ApiException) as missing:
        core.read_namespaced_service_account("x", "default")
    assert (missing.value.status, missing.value.reason) == (404, "Not Found")
    assert json.loads(missing.value.body)["message"] == 'serviceaccounts "x" not found'


def test_pods(core, world, simulation):
    dry = core.create_namespaced_pod("default", pod(service_account_name="my-sa"), dry_run="All")
    assert dry.spec.volumes[0].name == "aws-iam-token"
    with pytest.raises(ApiException):
        core.read_namespaced_pod("x", "default")
    core.create_namespaced_pod("default", pod(service_account_name="my-sa"))
    simulation.run(world.kubelet.settle(20))
    assert core.read_namespaced_pod_status("x", "default").status.phase == "Running"
    assert core.delete_namespaced_pod("x", "default").metadata.deletion_timestamp
    assert core.read_namespaced_pod_log("pod-after", "default").count("\n") == 2
    assert core.delete_collection_namespaced_pod("default", field_selector="metadata.name=pod-before")
    assert [item.metadata.name for item in core.list_namespaced_pod("default").items] == ["pod-after"]


def test_a_token(core):
    request = client.AuthenticationV1TokenRequest(
        spec=client.V1TokenRequestSpec(audiences=["sts.amazonaws.com"], expiration_seconds=600)
    )
    answer = core.create_namespaced_service_account_token("my-sa", "default", request)
    assert answer.status.token.count(".") == 2
    assert answer.status.expiration_timestamp is not None


def execute(core, *command):
    """(stdout, stderr, exit code) of a command in pod-after."""
    name, streams = "pod-after", {"stdout": True, "stderr": True, "stdin": False, "tty": False}
    connect = core.connect_get_namespaced_pod_exec
    session = stream(connect, name, "default", command=list(command), **streams, _preload_content=False)
    session.run_forever(timeout=SECONDS)
    # The client leaves its socket open where the server has ended the session.
    session.sock.shutdown()
    return session.read_stdout(), session.read_stderr(), session.returncode


@pytest.mark.timeout(9)
def test_exec(core):
    """Each message comes by itself. The client looks for more at the socket, and not at what TLS has read already: what
    comes with another one it would find ten seconds later, when the connection ends.
    """
    stdout, stderr, code = execute(core, "cat", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token")
    assert (stdout.count("."), stderr, code) == (2, "", 0)
    stdout, stderr, code = execute(core, "cat", "/ghost")
    assert (stdout, "/ghost" in stderr, code) == ("", True, 1)


def test_watch(core):
    core.create_namespaced_service_account("default", account())
    seen = []
    for event in watch.Watch().stream(core.list_namespaced_service_account, "default", timeout_seconds=SECONDS):
        seen.append((event["type"], event["object"].metadata.name))
        if len(seen) == 3:
            core.delete_namespaced_service_account("x", "default")
        if len(seen) == 4:
            break
    assert seen[-1] == ("DELETED", "x")


def test_webhook_configurations(api):
    admission = client.AdmissionregistrationV1Api(api)
    (configuration,) = admission.list_mutating_webhook_configuration().items
    (webhook,) = configuration.webhooks
    assert (configuration.metadata.name, webhook.name) == ("pod-identity-webhook", "iam-for-pods.amazonaws.com")
    assert (webhook.failure_policy, webhook.reinvocation_policy) == ("Ignore", "IfNeeded")


def test_reviews(api):
    attributes = client.V1ResourceAttributes(namespace="default", verb="create", resource="pods")
    review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
    assert client.AuthorizationV1Api(api).create_self_subject_access_review(review).status.allowed is True
    who = client.AuthenticationV1Api(api).create_self_subject_review(client.V1SelfSubjectReview())
    assert who.status.user_info.username == "kubernetes-admin"


def test_openid_documents(api, world):
    discovery = client.WellKnownApi(api).get_service_account_issuer_open_id_configuration(_preload_content=False)
    assert json.loads(discovery.data)["issuer"] == world.issuer
    keys = client.OpenidApi(api).get_service_account_issuer_open_id_keyset(_preload_content=False)
    assert json.loads(keys.data)["keys"][0]["kid"] == world.keys.current.kid


def test_others(api, core):
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name="team")))
    core.create_namespaced_config_map("team", client.V1ConfigMap(metadata={"name": "c"}, data={"a": "b"}))
    core.create_namespaced_secret("team", client.V1Secret(metadata={"name": "s"}, string_data={"a": "b"}))
    assert core.read_namespaced_secret("s", "team").data == {"a": "Yg=="}
    assert core.delete_namespaced_config_map("c", "team").status == "Success"
    assert core.delete_namespace("team").status is not None
    assert "pod-after" in {event.involved_object.name for event in core.list_namespaced_event("default").items}
    assert client.VersionApi(api).get_code().git_version.startswith("v1.33")
    assert "v1" in client.CoreApi(api).get_api_versions().versions
