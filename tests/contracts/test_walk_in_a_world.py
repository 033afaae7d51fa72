"""The walk in a real world: whatever is changed through its APIs changes the outcome, at the right check."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes
import pytest

from app.clients.kubernetes.cluster import KubernetesCluster
from app.clients.kubernetes.transport import KubernetesTransport, loopback_context
from app.flow.model import NO_ACTION, Check, Status, Step, Subject, Walk
from app.flow.steps.walk import walk
from app.flow.verdict.judge import judge
from app.wiring import simulated
from app.world.lifecycle.simulation import Simulation
from app.world.world import World
from tests.contracts.conftest import SUBJECT
from tests.waiting import eventually
from tests.world.helpers import aws_client, kubernetes_client

FAILED, PASSED, WARNING = Status.FAILED, Status.PASSED, Status.WARNING
NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
NOT_VALIDATED = (
    "The web identity token provided could not be validated. "
    "See the AssumeRoleWithWebIdentity documentation for requirements."
)


class Learner:
    """Changes the world by the means that a learner has: kubectl's and the AWS CLI's requests."""

    def __init__(self, simulation: Simulation, world: World, directory: Path) -> None:
        self.simulation = simulation
        self.world = world
        self.iam: Any = aws_client(simulation, world, "iam")
        self.s3: Any = aws_client(simulation, world, "s3")
        api = kubernetes_client(simulation, world, directory / "ca.pem")
        self.core = kubernetes.client.CoreV1Api(api)
        self.admission = kubernetes.client.AdmissionregistrationV1Api(api)
        self.host = world.issuer.removeprefix("https://")
        self.provider = f"arn:aws:iam::{world.account_id}:oidc-provider/{self.host}"

    def walk(self, subject: Subject = SUBJECT) -> Walk:
        return walk(simulated(self.simulation, self.world), subject)

    def annotate(self, **annotations: str | None) -> None:
        named = {f"eks.amazonaws.com/{name.replace('_', '-')}": value for name, value in annotations.items()}
        self.core.patch_namespaced_service_account("my-sa", "default", {"metadata": {"annotations": named}})

    def restart(self) -> None:
        """Recreates the Pod, as a rollout would, and waits until it has run."""
        self.core.delete_namespaced_pod("pod-after", "default")
        self.gone("pod-after")
        container = {"name": "aws-cli", "image": "amazon/aws-cli:latest", "args": ["s3", "ls"]}
        spec = {"serviceAccountName": "my-sa", "restartPolicy": "Never", "containers": [container]}
        self.core.create_namespaced_pod("default", {"metadata": {"name": "pod-after"}, "spec": spec})
        eventually(lambda: self.phase("pod-after") in ("Succeeded", "Failed"))

    def phase(self, name: str) -> str:
        return str(self.core.read_namespaced_pod(name, "default").status.phase)

    def gone(self, name: str) -> None:
        def is_gone() -> bool:
            return name not in [pod.metadata.name for pod in self.core.list_namespaced_pod("default").items]

        eventually(is_gone)

    def trust(self, **changes: Any) -> None:
        role = self.iam.get_role(RoleName="s3-reader")["Role"]["AssumeRolePolicyDocument"]
        role["Statement"][0].update(changes)
        self.iam.update_assume_role_policy(RoleName="s3-reader", PolicyDocument=json.dumps(role))

    def condition(self, operator: str, **values: str) -> None:
        self.trust(Condition={operator: {f"{self.host}:{name}": value for name, value in values.items()}})


@pytest.fixture
def learner(simulation: Simulation, world: World, tmp_path: Path) -> Learner:
    return Learner(simulation, world, tmp_path)


def check(found: Walk, check_id: str) -> Check:
    return next(check for check in found.checks if check.id == check_id)


def test_the_scenario_passes_whole(learner: Learner) -> None:
    found = learner.walk()
    assert [(c.id, c.status) for report in found for c in report.checks if c.status is not PASSED] == []
    assert judge(found).status is PASSED
    evidence = {name: document for report in found for name, document in report.evidence.items()}
    assert evidence["jwks"]["keys"] == [key.jwk() for key in learner.world.keys.published]
    assert evidence["provider"]["Url"] == learner.host
    assert [entry["name"] for entry in evidence["files"]][-1] == "token"
    assert evidence["token"]["claims"]["kubernetes.io"]["pod"]["name"] == "pod-after"
    assert evidence["other_token"]["claims"]["aud"] == ["https://kubernetes.default.svc"]
    review = evidence["admission_review"]
    assert review["response"]["response"]["allowed"] is True
    assert [operation["path"] for operation in review["patch"]] == ["/spec/volumes/0", "/spec/containers"]
    assert evidence["pod_before"] == review["request"]["request"]["object"]
    assert evidence["pod_after"]["spec"]["volumes"][0]["name"] == "aws-iam-token"
    assert len(evidence["environment"]) == 5
    assert evidence["buckets"] == sorted(learner.world.account.buckets)


def test_every_step_shows_which_server_asked_which(learner: Learner) -> None:
    found = learner.walk()
    talk = {step: [(item.caller, item.callee) for item in found.report(step).exchanges] for step in Step}
    assert talk[Step.OIDC_PROVIDER] == (
        [("explorer", "issuer")] * 2 + [("explorer", "kube-apiserver")] * 2 + [("explorer", "iam")] * 2
    )
    assert talk[Step.SERVICE_ACCOUNT] == [("explorer", "kube-apiserver"), ("explorer", "iam")]
    assert talk[Step.WEBHOOK] == [("explorer", "kube-apiserver")] * 3 + [("kube-apiserver", "pod-identity-webhook")]
    assert talk[Step.TOKEN_MOUNT] == [("kubelet", "kube-apiserver")] + [("explorer", "kube-apiserver")] * 2
    assert ("explorer", "sts") in talk[Step.STS_ASSUME]
    assert [callee for _, callee in talk[Step.ACCESS]] == ["sts", *["iam"] * 5, "s3"]
    assert all(item.status < 300 and item.seconds > 0 for report in found for item in report.exchanges)


def test_what_sts_asks_the_issuer_is_overheard(learner: Learner) -> None:
    learner.world.account.published_keys.clear()  # as if STS had never met this issuer
    found = learner.walk()
    talk = [(item.caller, item.callee) for item in found.report(Step.STS_ASSUME).exchanges]
    assert talk == [("explorer", "sts"), ("sts", "issuer"), ("sts", "issuer")]


Change = Callable[[Learner], object]
CHANGES: dict[str, tuple[Change, str, Status, str, str]] = {
    # what is changed: (how, the first check in trouble, its status, STS' or S3's code in the end, its words)
    "audience of the ServiceAccount": (
        lambda me: (me.annotate(audience="other"), me.restart()),
        "trust.audience",
        FAILED,
        "InvalidIdentityToken",
        NOT_VALIDATED,
    ),
    "client id of the provider": (
        lambda me: me.iam.remove_client_id_from_open_id_connect_provider(
            OpenIDConnectProviderArn=me.provider, ClientID="sts.amazonaws.com"
        ),
        "provider.audience",
        FAILED,
        "InvalidIdentityToken",
        NOT_VALIDATED,
    ),
    "provider deleted": (
        lambda me: me.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=me.provider),
        "provider.exists",
        FAILED,
        "InvalidIdentityToken",
        NOT_VALIDATED,
    ),
    "thumbprint": (
        lambda me: me.iam.update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=me.provider, ThumbprintList=["0" * 40]
        ),
        "provider.thumbprint",
        WARNING,
        "",
        "",
    ),
    "annotation removed": (
        lambda me: me.annotate(role_arn=None),
        "service_account.annotation",
        FAILED,
        "",
        "",
    ),
    "annotation names another role": (
        lambda me: (me.annotate(role_arn=f"arn:aws:iam::{me.world.account_id}:role/ghost"), me.restart()),
        "role.exists",
        FAILED,
        "AccessDenied",
        NOT_AUTHORIZED,
    ),
    "annotation is a bare name": (
        lambda me: (me.annotate(role_arn="s3-reader"), me.restart()),
        "service_account.role_arn",
        FAILED,
        "ParamValidationError",
        "Parameter validation failed:\nInvalid length for parameter RoleArn, value: 9, valid min length: 20",
    ),
    "annotation is a policy's ARN": (
        lambda me: (me.annotate(role_arn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"), me.restart()),
        "service_account.role_arn",
        FAILED,
        "ValidationError",
        "Request ARN is invalid",
    ),
    "principal of the trust policy": (
        lambda me: me.trust(Principal={"Federated": f"{me.provider}X"}),
        "trust.provider",
        FAILED,
        "AccessDenied",
        NOT_AUTHORIZED,
    ),
    "action of the trust policy": (
        lambda me: me.trust(Action="sts:AssumeRole"),
        "trust.action",
        FAILED,
        "AccessDenied",
        NOT_AUTHORIZED,
    ),
    "namespace in the trust policy": (
        lambda me: me.condition("StringEquals", sub="system:serviceaccount:prod:my-sa"),
        "trust.subject",
        FAILED,
        "AccessDenied",
        NOT_AUTHORIZED,
    ),
    "a star under StringEquals": (
        lambda me: me.condition("StringEquals", sub="system:serviceaccount:default:*"),
        "trust.subject",
        FAILED,
        "AccessDenied",
        NOT_AUTHORIZED,
    ),
    "a star under StringLike": (
        lambda me: me.condition("StringLike", sub="system:serviceaccount:default:*"),
        "trust.scope",
        WARNING,
        "",
        "",
    ),
    "no sub condition": (
        lambda me: me.condition("StringEquals", aud="sts.amazonaws.com"),
        "trust.scope",
        WARNING,
        "",
        "",
    ),
    "ServiceAccount deleted": (
        lambda me: me.core.delete_namespaced_service_account("my-sa", "default"),
        "service_account.exists",
        FAILED,
        "",
        "",
    ),
    "webhook's registration deleted": (
        lambda me: me.admission.delete_mutating_webhook_configuration("pod-identity-webhook"),
        "webhook.registered",
        FAILED,
        "",
        "",
    ),
    "webhook down": (lambda me: setattr(me.world, "webhook_available", False), "webhook.volume", FAILED, "", ""),
    "Pod deleted": (
        lambda me: (me.core.delete_namespaced_pod("pod-after", "default"), me.gone("pod-after")),
        "pod.exists",
        FAILED,
        "",
        "",
    ),
    "Pod made while the webhook was down": (
        lambda me: (
            setattr(me.world, "webhook_available", False),
            me.restart(),
            setattr(me.world, "webhook_available", True),
        ),
        "pod.injected",
        FAILED,
        "",
        "",
    ),
    "key retired": (
        lambda me: (
            me.world.keys.rotate(),
            me.world.keys.retire_old(),
            me.world.account.published_keys.clear(),
        ),
        "token.key",
        FAILED,
        "InvalidIdentityToken",
        "Couldn't retrieve verification key from your identity provider,  "
        "please reference AssumeRoleWithWebIdentity documentation for requirements",
    ),
    "a day goes by without kubelet": (
        lambda me: me.world.clock.move(86400 + 301),
        "token.lifetime",
        FAILED,
        "ExpiredTokenException",
        "Token expired: current date/time",
    ),
    "STS disabled in the region": (
        lambda me: me.world.account.disabled_sts_regions.add(me.world.region),
        "sts.credentials",
        FAILED,
        "RegionDisabledException",
        "STS is not activated in this region for account",
    ),
    "no permissions": (
        lambda me: me.iam.detach_role_policy(
            RoleName="s3-reader", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
        ),
        "access.policy",
        FAILED,
        "AccessDenied",
        "because no identity-based policy allows the s3:ListAllMyBuckets action",
    ),
    "an explicit Deny": (
        lambda me: me.iam.put_role_policy(
            RoleName="s3-reader",
            PolicyName="deny",
            PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:List*", "Resource": "*"}}
            ),
        ),
        "access.policy",
        FAILED,
        "AccessDenied",
        "with an explicit deny in an identity-based policy",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_shows_at_the_right_check(learner: Learner, name: str) -> None:
    change, check_id, status, code, words = CHANGES[name]
    change(learner)
    found = learner.walk()
    trouble = [c for report in found for c in report.checks if c.status is not PASSED]
    assert (trouble[0].id, trouble[0].status) == (check_id, status)
    if status is FAILED:
        assert judge(found).check == trouble[0]
    if code:
        answers = [check(found, "sts.credentials"), check(found, "access.list_buckets")]
        refused = next(answer for answer in answers if answer.status is FAILED)
        assert refused.got == code
        assert words in refused.error
        assert len(trouble) > 1 or check_id == "sts.credentials"  # our own reckoning saw it coming


def test_a_rotated_key_is_no_trouble(learner: Learner) -> None:
    learner.world.keys.rotate()
    assert judge(learner.walk()).status is PASSED


def test_time_that_kubelet_sees_is_no_trouble(learner: Learner) -> None:
    before = learner.walk().report(Step.TOKEN_MOUNT).evidence["token"]["claims"]["iat"]
    learner.simulation.move_clock(learner.world, 20 * 3600)
    found = learner.walk()
    assert judge(found).status is PASSED
    assert found.report(Step.TOKEN_MOUNT).evidence["token"]["claims"]["iat"] > before + 19 * 3600


def test_a_key_that_is_published_no_more_may_still_be_known_to_sts(learner: Learner) -> None:
    learner.walk()  # STS fetches the keys
    learner.world.keys.rotate()
    learner.world.keys.retire_old()
    found = learner.walk()
    assert check(found, "token.key").status is FAILED
    assert check(found, "sts.key").status is WARNING
    assert check(found, "sts.credentials").status is PASSED


def test_the_pod_of_another_service_account(learner: Learner) -> None:
    found = learner.walk(dataclasses.replace(SUBJECT, pod="pod-before"))
    assert judge(found).check is not None
    assert (judge(found).check.id, judge(found).check.got) == ("pod.injected", "[]")
    assert check(found, "pod.exists").status is PASSED


def test_the_default_service_account_has_no_role(learner: Learner) -> None:
    found = learner.walk(Subject(namespace="default", service_account="default", pod="pod-before"))
    assert judge(found).check is not None
    assert judge(found).check.id == "service_account.annotation"


def test_nobody_else_may_look(learner: Learner) -> None:
    """As a ServiceAccount without any rights: all that the API server will not show is unknown, never a pass."""
    own = simulated(learner.simulation, learner.world)
    token = own.cluster.request_token("default", "default", learner.world.api_audience, 600)
    transport = KubernetesTransport(context=loopback_context(learner.simulation.ca_pem))
    stranger = KubernetesCluster(host=learner.world.api_url, token=token, transport=transport)
    found = walk(dataclasses.replace(own, cluster=stranger), SUBJECT)
    unknown = {c.id: c for report in found for c in report.checks if c.status is Status.UNKNOWN}
    assert {"service_account.exists", "webhook.registered", "webhook.dry_run", "pod.exists"} <= unknown.keys()
    assert {c.reason for c in unknown.values()} == {"no_permission", NO_ACTION}
    assert "cannot get resource" in unknown["service_account.exists"].error
