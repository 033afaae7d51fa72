"""What is asked of a world becomes events: by which tool, about what, of which step. This app's own work does not."""

import json
import ssl
from contextlib import suppress

import httpx
import pytest

from app.flow.steps.walk import walk
from app.ui.missions.state import is_command
from app.wiring import simulated
from tests.waiting import eventually
from tests.world.helpers import aws_client
from tests.world.kubernetes_world import ACCOUNTS, PODS, Api

ROLE = "eks.amazonaws.com/role-arn"
IN_TOKYO = {"CreateBucketConfiguration": {"LocationConstraint": "ap-northeast-1"}}
KUBECTL = "kubectl/v1.32.3 (linux/amd64) kubernetes/32cc146"


@pytest.fixture(scope="module")
def shared(simulation):
    """One world for the file: each test looks at the events after those that were there before it."""
    yield simulation.world("events")
    simulation.store.discard("events")


@pytest.fixture
def events(shared):
    before = shared.log.events.number
    return lambda: [event.document for event in shared.log.events.after(before)]


@pytest.fixture
def api(simulation, shared):
    api = Api(simulation, shared)
    api.client.headers["user-agent"] = KUBECTL
    yield api
    api.client.close()


def said(event, *keys):
    return tuple(event[key] for key in keys)


def test_a_new_world_has_none_and_a_walk_makes_none(simulation, shared, events):
    assert shared.log.events.number == 0
    walk(simulated(simulation, shared), shared.chain.subject)
    assert events() == []


def test_a_write_says_tool_object_step_and_status(api, events):
    headers = {"kubectl-command": "kubectl annotate", "kubectl-session": "0f-1"}
    api.patch(f"{ACCOUNTS}/my-sa", {"metadata": {"annotations": {"a": "b"}}}, headers=headers)
    assert events() == [
        {
            **{"number": events()[0]["number"], "tool": "kubectl", "command": "annotate", "verb": "patch"},
            **{"kind": "ServiceAccount", "namespace": "default", "name": "my-sa", "step": 2},
            **{"status": 200, "changes": True, "run": "0f-1"},
        }
    ]


def test_what_is_created_is_called_as_the_answer_says(api, events):
    api.post(ACCOUNTS, {"metadata": {"generateName": "made-"}})
    api.post(ACCOUNTS, {"metadata": {"name": "dry"}}, dryRun="All")
    api.post(ACCOUNTS, {"metadata": {"name": "my-sa"}})
    made, dry, refused = events()
    assert made["name"].startswith("made-")
    assert said(dry, "name", "status", "changes") == ("dry", 201, False)
    assert said(refused, "name", "status", "changes") == ("", 409, False)


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        (PODS, ("list", "Pod", "default", "", 3)),
        (f"{PODS}/pod-after/log", ("get log", "Pod", "default", "pod-after", 6)),
        (f"{PODS}/ghost", ("get", "Pod", "default", "ghost", 3)),
        ("/api/v1/namespaces/default", ("get", "Namespace", "", "default", 0)),
        ("/openid/v1/jwks", ("get", "", "", "/openid/v1/jwks", 1)),
        ("/version", ("get", "", "", "/version", 0)),
    ],
)
def test_reads_change_nothing(api, events, path, seen):
    api.get(path)  # the first log is a deed of the exercise, and turns its goal
    api.get(path)
    *_, event = events()
    assert said(event, "verb", "kind", "namespace", "name", "step") == seen
    assert not event["changes"]


def test_what_kubectl_reads_before_each_command_is_no_event(api, events):
    for path in ("/api", "/apis", "/api/v1", "/openapi/v3", "/apis/admissionregistration.k8s.io/v1"):
        assert api.get(path).status == 200
    api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    (review,) = events()
    assert said(review, "verb", "changes") == ("create", False)


def test_a_pod_of_the_learners_shows_what_its_node_and_its_program_do(simulation, shared, api, events):
    pod = {
        "metadata": {"name": "mine"},
        "spec": {
            "serviceAccountName": "my-sa",
            "restartPolicy": "Never",
            "containers": [{"name": "c", "image": "amazon/aws-cli", "args": ["s3", "ls"]}],
        },
    }
    assert api.post(PODS, pod).status == 201
    eventually(lambda: events()[-1]["verb"] == "Succeeded")
    kubelet = [event["verb"] for event in events() if event["tool"] == "kubelet"]
    assert kubelet == ["ContainerCreating", "create token", "create token", "ContainerCreating", "Running", "Succeeded"]
    program = {event["verb"]: event for event in events() if event["tool"] == "botocore"}
    assert said(program["AssumeRoleWithWebIdentity"], "kind", "name", "step", "status", "changes") == (
        *("Role", "s3-reader", 5),
        *(200, True),
    )
    assert said(program["ListBuckets"], "step", "changes") == (6, False)


def test_what_a_page_does_to_the_world_as_a_whole_does_not_show(simulation, shared, api, events):
    simulation.inject(shared, "F01")
    assert events() == []
    simulation.revert(shared)
    assert events() == []


@pytest.mark.parametrize(
    ("service", "call", "seen"),
    [
        ("iam", ("get_role", {"RoleName": "s3-reader"}), ("GetRole", "Role", "s3-reader", 2, False)),
        (
            "iam",
            ("tag_role", {"RoleName": "s3-reader", "Tags": [{"Key": "a", "Value": "b"}]}),
            ("TagRole", "Role", "s3-reader", 2, True),
        ),
        (
            "iam",
            (
                "attach_role_policy",
                {"RoleName": "s3-reader", "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},
            ),
            ("AttachRolePolicy", "Role", "s3-reader", 6, True),
        ),
        (
            "iam",
            ("create_open_id_connect_provider", {"Url": "https://example.com", "ClientIDList": ["a"]}),
            ("CreateOpenIDConnectProvider", "OIDCProvider", "https://example.com", 1, False),
        ),
        ("sts", ("get_caller_identity", {}), ("GetCallerIdentity", "", "", 5, False)),
        ("s3", ("list_buckets", {}), ("ListBuckets", "", "", 6, False)),
        (
            "s3",
            ("create_bucket", {"Bucket": "made-here", **IN_TOKYO}),
            ("CreateBucket", "Bucket", "made-here", 6, True),
        ),
    ],
)
def test_calls_of_aws(simulation, shared, events, service, call, seen):
    name, parameters = call
    client = aws_client(simulation, shared, service)
    with suppress(client.exceptions.ClientError):  # what is refused is an event as well
        getattr(client, name)(**parameters)
    (event,) = events()
    assert event["tool"] == "boto3"
    assert said(event, "verb", "kind", "name", "step") == seen[:4]
    assert event["changes"] is seen[4]


def test_a_deletion_of_several_objects(simulation, shared, events):
    bucket = f"irsa-reports-{shared.account_id}"
    client = aws_client(simulation, shared, "s3")
    client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "none"}]})
    (event,) = events()
    assert (said(event, "verb", "name"), event["changes"]) == (("DeleteObjects", bucket), True)


def test_a_write_of_eks_changes_what_a_page_shows(simulation, shared, events):
    eks = aws_client(simulation, shared, "eks")
    eks.untag_resource(resourceArn=shared.eks_cluster.arn, tagKeys=["a"])
    eks.list_clusters()
    assert [event["changes"] for event in events()] == [True, False]


def test_the_first_look_turns_a_page_and_is_no_command_that_changed_something(simulation, world):
    """It is a deed of the exercise, in a mission as well."""
    api = Api(simulation, world)
    api.client.headers["user-agent"] = KUBECTL
    for path in (f"{PODS}/pod-after/log", "/.well-known/openid-configuration", f"{ACCOUNTS}/my-sa"):
        api.get(path)
    api.patch(f"{ACCOUNTS}/my-sa", {"metadata": {"annotations": {"a": "b"}}})
    api.client.close()
    events = world.log.events.after(0)
    assert [event.changes for event in events] == [True, True, False, True]
    assert [is_command(event) for event in events] == [False, False, False, True]


def test_a_web_identity_that_sts_refuses_is_shown_and_changes_what_a_page_shows(simulation, shared, events):
    form = {
        **{"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleSessionName": "x"},
        **{"RoleArn": f"arn:aws:iam::{shared.account_id}:role/s3-reader", "WebIdentityToken": "eyJ.no.token"},
    }
    httpx.post(simulation.aws_url, data=form, headers={"user-agent": "curl/8.9"}, trust_env=False)
    (event,) = events()
    assert said(event, "tool", "verb", "name", "step", "status", "changes") == (
        *("curl", "AssumeRoleWithWebIdentity", "s3-reader"),
        *(5, 400, True),
    )


def test_another_account_s_role_and_nonsense_are_no_event_here(simulation, shared, events):
    headers = {"user-agent": "curl/8.9"}
    for form in ({"Action": "X"}, {"RoleArn": "arn"}, {"Action": "X", "RoleArn": "arn:aws:iam::1:role/x"}):
        httpx.post(simulation.aws_url, data=form, headers=headers, trust_env=False)
    httpx.post(simulation.aws_url, content=b"&" * 5000, headers=headers, trust_env=False)
    assert events() == []


def test_who_reads_the_issuers_documents_is_shown_but_sts_is_not(simulation, shared, events):
    context = ssl.create_default_context(cadata=simulation.ca_pem.decode())
    url = f"{simulation.kubernetes_url}/id/{shared.issuer_id}/keys"
    httpx.get(url, headers={"user-agent": "curl/8.9"}, verify=context, trust_env=False)
    httpx.get(url, headers={"user-agent": "sts"}, verify=context, trust_env=False)
    (event,) = events()
    assert said(event, "tool", "verb", "name", "step", "status") == ("curl", "get", "/keys", 1, 200)


def test_an_event_is_a_kilobyte_and_no_secret(api, shared, events):
    api.patch(f"{ACCOUNTS}/my-sa", {"metadata": {"annotations": {ROLE: "x"}}}, headers={"user-agent": "x" * 9000})
    written = json.dumps(events())
    assert len(written) < 1024
    assert shared.admin_token not in written


def test_a_world_that_is_dropped_says_so(simulation):
    dropped = simulation.world("events-dropped")
    simulation.store.discard("events-dropped")
    eventually(lambda: dropped.log.events.is_closed)
