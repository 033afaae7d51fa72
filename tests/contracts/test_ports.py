"""What every cluster, issuer and AWS account must do for the steps: one suite for all places."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from app.flow import token as tokens
from app.flow.errors import FlowError, NotFound, NotPermitted, Refused
from app.flow.ports import Access, Credentials
from app.flow.redaction import MASK
from tests.contracts.conftest import Place


def role_arn(place: Place) -> str:
    return f"arn:aws:iam::{place.account}:role/{place.role}"


# Kubernetes


def test_documents_have_the_server_s_shape(place: Place) -> None:
    cluster, subject = place.ports.cluster, place.subject
    assert cluster.version()["gitVersion"].startswith("v1.")
    account = cluster.service_account(subject.namespace, subject.service_account)
    assert account["kind"] == "ServiceAccount"
    assert account["metadata"]["creationTimestamp"].endswith("Z")
    pod = cluster.pod(subject.namespace, subject.pod)
    assert pod["spec"]["serviceAccountName"] == subject.service_account
    names = [configuration["metadata"]["name"] for configuration in cluster.mutating_webhooks()]
    assert "pod-identity-webhook" in names


def test_the_log_of_a_pod_is_a_text(place: Place) -> None:
    assert isinstance(place.ports.cluster.pod_log(place.subject.namespace, place.subject.pod), str)


def test_events_are_those_of_the_pod_alone(place: Place) -> None:
    events = place.ports.cluster.pod_events(place.subject.namespace, place.subject.pod)
    assert {event["involvedObject"]["name"] for event in events} <= {place.subject.pod}
    assert all(isinstance(event["message"], str) and isinstance(event["reason"], str) for event in events)
    assert place.ports.cluster.pod_events("default", "ghost") == []


def test_lists_hold_what_there_is_to_choose(place: Place) -> None:
    cluster, subject = place.ports.cluster, place.subject
    assert {"default", "kube-system"} <= set(cluster.namespaces())
    accounts = {account["metadata"]["name"]: account for account in cluster.service_accounts(subject.namespace)}
    assert {"default", subject.service_account} <= accounts.keys()
    annotations = accounts[subject.service_account]["metadata"]["annotations"]
    assert annotations["eks.amazonaws.com/role-arn"] == role_arn(place)
    everywhere = [(a["metadata"]["namespace"], a["metadata"]["name"]) for a in cluster.service_accounts()]
    assert (subject.namespace, subject.service_account) in everywhere
    pods = cluster.pods(subject.namespace, subject.service_account)
    assert [pod["metadata"]["name"] for pod in pods] == [subject.pod]
    assert cluster.pods(subject.namespace, "ghost") == []
    assert subject.pod in [pod["metadata"]["name"] for pod in cluster.pods(subject.namespace)]
    assert cluster.service_accounts("ghost") == []
    everybody = {pod["metadata"]["name"] for pod in cluster.pods(subject.namespace)}
    assert {subject.pod, "pod-before"} <= everybody
    assert role_arn(place) in [role["Arn"] for role in place.ports.aws.roles()]


def test_where_there_is_no_eks_the_question_is_refused_and_nothing_breaks(place: Place) -> None:
    with pytest.raises(FlowError):
        place.ports.aws.cluster("prod", "")


def test_a_config_map_that_is_not_there_is_not_found(place: Place) -> None:
    with pytest.raises(NotFound):
        place.ports.cluster.config_map(place.subject.namespace, "ghost")


def test_a_user_who_may_do_all_is_allowed_all(place: Place) -> None:
    for access in (
        Access(verb="get", resource="pods", subresource="exec", namespace="default"),
        Access(verb="list", resource="mutatingwebhookconfigurations", group="admissionregistration.k8s.io"),
        Access(verb="get", path="/openid/v1/jwks"),
    ):
        assert place.ports.cluster.allowed(access)


def test_the_cluster_s_discovery_document_and_its_keys(place: Place) -> None:
    discovery = place.ports.cluster.discovery()
    assert discovery["issuer"].startswith("https://")
    assert {key["kty"] for key in place.ports.cluster.jwks()["keys"]} == {"RSA"}


def test_a_dry_run_calls_the_webhook_and_leaves_nothing(place: Place) -> None:
    cluster, subject = place.ports.cluster, place.subject
    pod = {
        "metadata": {"name": subject.pod},  # a name that is taken
        "spec": {"serviceAccountName": subject.service_account, "containers": [{"name": "a", "image": "b"}]},
    }
    asked = copy.deepcopy(pod)
    stored = cluster.dry_run_pod(subject.namespace, pod)
    assert pod == asked
    assert stored["metadata"]["name"].startswith(f"{subject.pod}-")
    assert "aws-iam-token" in [volume["name"] for volume in stored["spec"]["volumes"]]
    with pytest.raises(NotFound):
        cluster.pod(subject.namespace, stored["metadata"]["name"])


def test_a_requested_token_is_the_issuer_s(place: Place) -> None:
    ports, subject = place.ports, place.subject
    token = ports.cluster.request_token(subject.namespace, subject.service_account, "sts.amazonaws.com", 3600)
    issuer = ports.cluster.discovery()["issuer"]
    claims = tokens.decode(token).claims
    assert (claims["iss"], claims["aud"]) == (issuer, ["sts.amazonaws.com"])
    assert claims["exp"] - claims["iat"] == 3600
    jwks = ports.issuer.jwks(ports.issuer.discovery(issuer)["jwks_uri"])
    assert tokens.verify(token, jwks, now=ports.clock.now(), audience="sts.amazonaws.com").valid
    assert token.rpartition(".")[2] not in repr(ports.cluster.exchanges())


def test_exec_tells_streams_and_exit_code(place: Place) -> None:
    cluster, subject = place.ports.cluster, place.subject
    listed = cluster.execute(subject.namespace, subject.pod, place.container, ["ls", "/var/run/secrets"])
    assert (listed.exit_code, listed.stderr) == (0, "")
    assert "eks.amazonaws.com" in listed.stdout
    missing = cluster.execute(subject.namespace, subject.pod, place.container, ["cat", "/nowhere"])
    assert missing.exit_code == 1
    assert "No such file or directory" in missing.stderr
    assert missing.stdout == ""


KUBERNETES_REFUSALS: dict[str, tuple[Callable[[Place], Any], type[FlowError], str, int]] = {
    "no ServiceAccount": (lambda p: p.ports.cluster.service_account("default", "ghost"), NotFound, "NotFound", 404),
    "no Pod": (lambda p: p.ports.cluster.pod("default", "ghost"), NotFound, "NotFound", 404),
    "no Pod's log": (lambda p: p.ports.cluster.pod_log("default", "ghost"), NotFound, "NotFound", 404),
    "exec in no Pod": (lambda p: p.ports.cluster.execute("default", "ghost", "a", ["ls"]), NotFound, "NotFound", 404),
    "a token of nobody": (
        lambda p: p.ports.cluster.request_token("default", "ghost", "a", 600),
        NotFound,
        "NotFound",
        404,
    ),
    "a short token": (lambda p: p.ports.cluster.request_token("default", "default", "a", 599), Refused, "Invalid", 422),
    "a Pod of nobody": (
        lambda p: p.ports.cluster.dry_run_pod(
            "default", {"spec": {"serviceAccountName": "ghost", "containers": [{"name": "a", "image": "b"}]}}
        ),
        Refused,
        "Forbidden",
        403,
    ),
    "a Pod without containers": (
        lambda p: p.ports.cluster.dry_run_pod("default", {"spec": {}}),
        Refused,
        "Invalid",
        422,
    ),
}


@pytest.mark.parametrize("name", KUBERNETES_REFUSALS)
def test_kubernetes_refuses_in_its_own_words(place: Place, name: str) -> None:
    call, kind, code, status = KUBERNETES_REFUSALS[name]
    with pytest.raises(FlowError) as raised:
        call(place)
    error = raised.value
    assert (type(error), error.code, error.status) == (kind, code, status)
    assert error.server_message
    assert error.server_message in json.loads(place.ports.cluster.exchanges()[-1].response_body)["message"]


# The issuer


def test_the_issuer_publishes_itself(place: Place) -> None:
    issuer = place.ports.cluster.discovery()["issuer"]
    discovery = place.ports.issuer.discovery(issuer)
    assert discovery["issuer"] == issuer
    assert place.ports.issuer.jwks(discovery["jwks_uri"])["keys"]
    assert len(place.ports.issuer.thumbprint(discovery["jwks_uri"])) == 40
    with pytest.raises(FlowError):
        place.ports.issuer.discovery(f"{issuer}0")


# AWS


def test_iam_is_read_as_plain_documents(place: Place) -> None:
    aws = place.ports.aws
    host = place.ports.cluster.discovery()["issuer"].removeprefix("https://")
    arn = f"arn:aws:iam::{place.account}:oidc-provider/{host}"
    assert arn in aws.oidc_providers()
    provider = aws.oidc_provider(arn)
    assert (provider["Url"], provider["ClientIDList"]) == (host, ["sts.amazonaws.com"])
    role = aws.role(place.role)
    assert role["Arn"] == role_arn(place)
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Federated": arn}
    names = [name for name, _ in aws.role_policies(place.role)]
    assert names == ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
    json.dumps([provider, role, aws.role_policies(place.role)])


def test_credentials_come_from_the_token_and_open_s3(place: Place) -> None:
    aws = place.ports.aws
    role = aws.assume_role_with_web_identity(role_arn(place), "session", place.token())
    session = f"arn:aws:sts::{place.account}:assumed-role/{place.role}/session"
    assert role.arn == session
    assert role.subject == f"system:serviceaccount:{place.subject.namespace}:{place.subject.service_account}"
    assert role.audience == "sts.amazonaws.com"
    assert ":oidc-provider/" in role.provider
    assert role.credentials.access_key_id.startswith("ASIA")
    assert aws.caller_identity(role.credentials)["Arn"] == session
    assert aws.caller_identity()["Arn"] != session
    assert aws.list_buckets(role.credentials)
    recorded = repr(aws.exchanges())
    for secret in (role.credentials.secret_access_key, role.credentials.session_token, place.token().split(".")[2]):
        assert secret not in recorded
    (assumed, *_) = aws.exchanges()
    assert assumed.callee == "sts"
    assert MASK in assumed.request_body
    assert "Authorization" not in dict(assumed.request_headers)


FORGED = Credentials(access_key_id="ASIA" + "A" * 16, secret_access_key="x", session_token="x", expiration="")


AWS_REFUSALS: dict[str, tuple[Callable[[Place], Any], type[FlowError], str]] = {
    "no provider": (
        lambda p: p.ports.aws.oidc_provider(f"arn:aws:iam::{p.account}:oidc-provider/ghost.example"),
        NotFound,
        "NoSuchEntity",
    ),
    "no role": (lambda p: p.ports.aws.role("ghost"), NotFound, "NoSuchEntity"),
    "no role's policies": (lambda p: p.ports.aws.role_policies("ghost"), NotFound, "NoSuchEntity"),
    "no JWT": (
        lambda p: p.ports.aws.assume_role_with_web_identity(role_arn(p), "session", "junk"),
        Refused,
        "InvalidIdentityToken",
    ),
    "another role": (
        lambda p: p.ports.aws.assume_role_with_web_identity(f"{role_arn(p)}s", "session", p.token()),
        NotPermitted,
        "AccessDenied",
    ),
    "no ARN": (
        lambda p: p.ports.aws.assume_role_with_web_identity(role_arn(p).replace("role", "policy"), "session", "a.b.c"),
        Refused,
        "ValidationError",
    ),
    "forged credentials": (lambda p: p.ports.aws.caller_identity(FORGED), NotPermitted, "InvalidClientTokenId"),
}


@pytest.mark.parametrize("name", AWS_REFUSALS)
def test_aws_refuses_in_its_own_words(place: Place, name: str) -> None:
    call, kind, code = AWS_REFUSALS[name]
    with pytest.raises(FlowError) as raised:
        call(place)
    error = raised.value
    assert (type(error), error.code) == (kind, code)
    assert error.status >= 400
    assert error.request_id
    assert error.server_message in place.ports.aws.exchanges()[-1].response_body.replace("&quot;", '"')


def test_what_was_recorded_holds_no_secret(place: Place) -> None:
    place.token()
    place.ports.aws.oidc_providers()
    recorded = repr((place.ports.cluster.exchanges(), place.ports.aws.exchanges(), place.ports.issuer.exchanges()))
    for secret in place.secrets:
        assert secret not in recorded
