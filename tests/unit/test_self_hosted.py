"""A webhook of one's own, outside EKS: kOps has it ask for another audience, and give roles by a ConfigMap."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from app.content import LANGUAGES, load
from app.flow.doctor import Diagnosis, examine
from app.flow.errors import NotPermitted
from app.flow.model import Check, Status
from app.flow.names import host_and_path
from app.flow.verdict.judge import Outcome
from app.report import verdict_words
from tests.unit.fake_ports import ACCOUNT, DIRECTORY, ISSUER, ROLE, SUB, SUBJECT, Fakes, token, trust_policy
from tests.unit.test_doctor import answer, healthy

OWN, KOPS = "https://s3.example.com/kops", "amazonaws.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host_and_path(OWN)}"
CONFIG_MAP = "kubectl get configmaps --all-namespaces --field-selector metadata.name=pod-identity-webhook -o yaml"


def trust(audience: str, issuer: str = OWN) -> Mapping[str, Any]:
    prefix = host_and_path(issuer)
    policy = trust_policy(StringEquals={f"{prefix}:sub": SUB, f"{prefix}:aud": audience})
    policy["Statement"][0]["Principal"]["Federated"] = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{prefix}"
    return policy


def kops(issuer: str = OWN) -> Fakes:
    """A cluster in which all is right, for tokens of kOps's audience."""
    fakes, prefix = healthy(), host_and_path(issuer)
    fakes.cluster_discovery, fakes.discovery = ({"issuer": issuer, "jwks_uri": f"{issuer}/keys"} for _ in range(2))
    fakes.providers = [f"arn:aws:iam::{ACCOUNT}:oidc-provider/{prefix}"]
    fakes.provider |= {"Url": prefix, "ClientIDList": [KOPS]}
    fakes.role["AssumeRolePolicyDocument"] = trust(KOPS, issuer)
    fakes.pod["spec"] = json.loads(json.dumps(fakes.pod["spec"]).replace("sts.amazonaws.com", KOPS))
    fakes.token, fakes.talk = token(iss=issuer, aud=[KOPS]), []
    answer(fakes, f"cat {DIRECTORY}/token", fakes.token)
    fakes.mutated = lambda pod: {**pod, "spec": fakes.pod["spec"]}  # type: ignore[method-assign]
    return fakes


def check(found: Diagnosis, check_id: str) -> Check:
    return next(check for report in found.walk for check in report.checks if check.id == check_id)


def by_hand(fakes: Fakes) -> None:
    """As kOps's add-ons have it."""
    fakes.pod["spec"] = json.loads(json.dumps(fakes.pod["spec"]).replace("aws-iam-token", "token-amazonaws-com"))


def unannotated(fakes: Fakes) -> None:
    fakes.service_account["metadata"]["annotations"] = {}


BREAKS: dict[str, tuple[Callable[[Fakes], Any], str, str]] = {
    # what is wrong: (how, the check, what the fix mentions)
    "the provider accepts EKS's alone": (
        lambda f: f.provider.update(ClientIDList=["sts.amazonaws.com"]),
        "provider.audience",
        f"--client-id {KOPS}",
    ),
    "the trust policy expects EKS's": (
        lambda f: f.role.update(AssumeRolePolicyDocument=trust("sts.amazonaws.com")),
        "trust.audience",
        f':aud": "{KOPS}"',
    ),
}
WELL: dict[str, Callable[[Fakes], Any]] = {
    "the webhook's audience": lambda f: None,
    "a provider that accepts both": lambda f: f.provider.update(ClientIDList=["sts.amazonaws.com", KOPS]),
    "the manifest's own token": lambda f: (by_hand(f), unannotated(f)),
    "the manifest's own token, and an annotation": by_hand,
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_webhooks_own_audience_is_the_one_to_accept(name: str) -> None:
    spoil, check_id, fix = BREAKS[name]
    fakes = kops()
    spoil(fakes)
    found = examine(fakes.ports(), SUBJECT)
    assert (found.verdict.outcome, found.verdict.check and found.verdict.check.id) == (Outcome.BROKEN, check_id)
    assert found.fix is not None
    assert fix in found.fix.commands[0]


@pytest.mark.parametrize("name", WELL)
def test_an_audience_of_the_webhooks_own_breaks_nothing(name: str) -> None:
    fakes = kops()
    WELL[name](fakes)
    found = examine(fakes.ports(), SUBJECT)
    assert (found.verdict.outcome, found.verdict.status) == (Outcome.WORKS, Status.PASSED)


def test_on_eks_the_webhook_asks_for_the_audience_of_sts() -> None:
    found = examine(kops(ISSUER).ports(), SUBJECT)
    assert found.verdict.check is not None
    assert (found.verdict.outcome, found.verdict.check.id) == (Outcome.BROKEN, "provider.audience")


@pytest.mark.parametrize("forbidden", [True, False])
def test_without_a_pod_the_webhooks_audience_is_not_known(forbidden: bool) -> None:
    fakes = kops()
    if forbidden:
        fakes.errors["pod"] = NotPermitted(code="Forbidden", server_message="no", status=403)
    found = examine(fakes.ports(), SUBJECT if forbidden else replace(SUBJECT, pod=""))
    assert [check(found, it).status for it in ("provider.audience", "trust.audience")] == [
        Status.UNKNOWN,
        Status.PASSED,
    ]


@pytest.mark.parametrize("runs", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_webhook_of_ones_own_may_know_the_role_without_an_annotation(runs: bool, language: str) -> None:
    fakes, words = kops(), load(language)
    unannotated(fakes)
    if runs:
        fakes.pod["status"]["phase"] = "Running"
    found = examine(fakes.ports(), SUBJECT)
    annotation = check(found, "service_account.annotation")
    assert (found.verdict.outcome, found.verdict.check) == (Outcome.WORKS, annotation)
    assert words.message("reasons.webhooks_own") in verdict_words.cause(found, words)
    assert (found.fix and found.fix.id, found.fix and found.fix.commands) == ("webhooks_own", (CONFIG_MAP,))
    assert check(found, "trust.subject").status is Status.PASSED


def test_a_role_that_only_the_pod_has_is_examined() -> None:
    fakes = kops()
    unannotated(fakes)
    fakes.role["AssumeRolePolicyDocument"] = trust_policy()
    found = examine(fakes.ports(), SUBJECT)
    assert found.verdict.check is not None
    assert (found.verdict.outcome, found.verdict.check.id) == (Outcome.BROKEN, "trust.provider")
    assert ROLE in check(found, "service_account.role_arn").got
