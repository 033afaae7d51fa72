"""A webhook of one's own, outside EKS: kOps has it ask for another audience, and give roles by a ConfigMap."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.content import LANGUAGES, load
from app.flow.doctor import Diagnosis, examine
from app.flow.doctor.evidence import audience_of
from app.flow.doctor.prediction import container_files
from app.flow.doctor.prediction.copied import copy_of
from app.flow.doctor.webhook import predicted
from app.flow.errors import FlowError, NotFound, NotPermitted
from app.flow.lessons import predictions
from app.flow.model import Check, Status, Step
from app.flow.names import host_and_path
from app.flow.steps.injection import token_source
from app.flow.verdict.judge import Outcome
from app.report import verdict_words
from app.ui.review import one_page
from app.ui.state.walk_view import WalkView
from app.ui.step.instruments import matcher
from tests.private_keys import OTHER_KEY
from tests.unit.fake_ports import (
    ACCOUNT,
    DIRECTORY,
    ISSUER,
    ROLE,
    SUB,
    SUBJECT,
    Fakes,
    bare_pod,
    jwk,
    token,
    trust_policy,
)
from tests.unit.test_doctor import answer, healthy
from tests.unit.test_steps import annotate

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


@pytest.mark.parametrize("signs", [True, False])
def test_keys_that_were_rotated_have_to_be_published(*, signs: bool) -> None:
    """The API server signs with the new key, or only lists it so far. A new Pod's token has the same key."""
    fakes = kops()
    fakes.cluster_jwks["keys"].insert(0, jwk(OTHER_KEY))
    if signs:
        answer(fakes, f"cat {DIRECTORY}/token", token(OTHER_KEY, iss=OWN, aud=[KOPS]))
    found = examine(fakes.ports(), SUBJECT)
    assert found.verdict.check is not None
    assert found.verdict.check.id == ("token.key" if signs else "issuer.cluster_keys")
    assert found.fix is not None
    commands = ("kubectl get --raw /openid/v1/jwks", f"curl -fsS {OWN}/keys")
    assert (found.fix.id, found.fix.commands) == ("publish_kid", commands)


def check(found: Diagnosis, check_id: str) -> Check:
    return next(check for check in found.walk.checks if check.id == check_id)


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
    "the annotation has another than the Pod": (
        lambda f: f.service_account["metadata"]["annotations"].update({"eks.amazonaws.com/audience": "my-app"}),
        *("provider.audience", "--client-id my-app"),
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


@pytest.mark.parametrize("unreadable", ["oidc_providers", "oidc_provider"])
def test_the_pod_shows_the_webhooks_audience_also_where_the_provider_is_not_seen(unreadable: str) -> None:
    fakes = kops()
    fakes.errors[unreadable] = NotPermitted(code="AccessDenied", server_message="no", status=403)
    found = examine(fakes.ports(), SUBJECT)
    assert (found.verdict.outcome, found.verdict.check) == (Outcome.WORKS, None)
    assert [check(found, it).got for it in ("trust.audience", "token.audience")] == [KOPS, KOPS]


def eks() -> Fakes:
    """A ServiceAccount whose own audience the trust policy refuses: the fix after the provider's removes it."""
    fakes = healthy()
    annotate(fakes, audience="my-app")
    return fakes


def test_a_statement_is_for_the_audience_that_is_left_once_the_annotated_one_is_given_up() -> None:
    """Neither provider nor trust policy knows it."""
    fakes = eks()
    fakes.role["AssumeRolePolicyDocument"] = trust("sts.amazonaws.com")
    found = examine(fakes.ports(), SUBJECT)
    assert found.verdict.check is not None
    assert found.fix is not None
    assert (found.verdict.check.id, found.fix.id) == ("trust.provider", "trust")
    assert "my-app" not in found.fix.commands[0]


@pytest.mark.parametrize(("make", "audience"), [(kops, KOPS), (eks, "sts.amazonaws.com")])
def test_a_new_provider_accepts_the_webhooks_audience(make: Callable[[], Fakes], audience: str) -> None:
    fakes = make()
    fakes.providers = []
    found = examine(fakes.ports(), SUBJECT)
    assert found.fix is not None
    assert found.fix.id == "create_provider"
    assert f" --client-id-list {audience}" in found.fix.commands[0]


@pytest.mark.parametrize("accepted", [None, [KOPS, "sts.amazonaws.com"]])
@pytest.mark.parametrize("dry_run", [True, False])
def test_what_only_the_webhooks_audience_decides_is_open_where_nothing_shows_it(
    accepted: list[str] | None, dry_run: bool
) -> None:
    fakes = kops()
    fakes.pod["spec"] = bare_pod()["spec"]
    forbidden = NotPermitted(code="AccessDenied", server_message="no", status=403)
    if accepted:
        fakes.provider["ClientIDList"] = accepted
    else:
        fakes.errors["oidc_providers"] = forbidden
    if not dry_run:
        fakes.errors["dry_run_pod"] = forbidden
    fakes.mutated = lambda pod: {**pod, "spec": kops().pod["spec"]}  # type: ignore[method-assign]
    found = examine(fakes.ports(), SUBJECT)
    open_ = [check(found, it) for it in ("trust.audience", "trust.decision", "trust.scope")]
    assert {(it.status, it.reason) for it in open_} == {(Status.UNKNOWN, "no_volume")}
    assert found.verdict.check is not None
    assert found.verdict.check.id == "pod.injected"
    shown = check(found, "webhook.volume")
    assert (shown.status, audience_of(found.walk)) == (
        (Status.PASSED, KOPS) if dry_run else (Status.NOT_REACHED, "sts.amazonaws.com")
    )


@pytest.mark.parametrize(
    ("method", "error", "reason"),
    [
        ("service_account", NotFound(code="NotFound", server_message="no", status=404), "no_volume"),
        ("pod", NotPermitted(code="Forbidden", server_message="no", status=403), "no_permission"),
        ("pod", NotFound(code="NotFound", server_message="no", status=404), "no_pod"),
    ],
)
def test_an_audience_that_nothing_shows_is_not_called_refused(method: str, error: FlowError, reason: str) -> None:
    fakes = kops()
    fakes.errors[method] = error
    fakes.provider["ClientIDList"] = ["sts.other"]
    asked = check(examine(fakes.ports(), SUBJECT), "provider.audience")
    assert (asked.status, asked.reason) == (Status.UNKNOWN, reason)


def test_no_token_is_requested_for_an_audience_that_is_only_usual() -> None:
    fakes = kops()
    fakes.errors["oidc_providers"] = fakes.errors["dry_run_pod"] = NotPermitted(
        code="no", server_message="", status=403
    )
    found = examine(fakes.ports(), replace(SUBJECT, pod=""))
    asked = check(found, "token.format")
    assert (asked.status, asked.reason) == (Status.UNKNOWN, "no_pod")


def test_pages_and_policies_ask_for_the_webhooks_audience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A permission policy, the prediction of step 2, the one page and the matcher, where no token was read."""
    fakes, prefix = kops(), host_and_path(OWN)
    fakes.errors["execute"] = fakes.errors["request_token"] = NotPermitted(code="no", server_message="", status=403)
    fakes.role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] = {
        "StringLike": {f"{prefix}:sub": f"{SUB}*"},
        "StringEquals": {f"{prefix}:aud": KOPS},
    }
    for _, policy in fakes.policies:
        policy["Statement"]["Condition"] = {"StringEquals": {f"{prefix}:aud": KOPS}}
    found = examine(fakes.ports(), SUBJECT)
    assert check(found, "access.policy").status is Status.PASSED
    held = [replace(it, checks=()) for it in found.walk]
    answer = predictions.QUESTIONS[Step.SERVICE_ACCOUNT].outcome(replace(found.walk, reports=tuple(held)))
    assert answer is not None
    assert answer.answer == "granted"
    assert f"--audience {KOPS}" in re.sub("<[^>]+>", "", one_page._order(found.walk, load("en")))
    drawn: list[Any] = []
    monkeypatch.setattr(matcher, "_draw", lambda sides, content: drawn.append(sides))
    matcher.before_the_token(cast(WalkView, SimpleNamespace(walk=found.walk)), load("en"))
    assert drawn[0].claims["aud"] == [KOPS]


def test_a_prediction_has_the_audience_that_was_seen() -> None:
    """In the Pod that a fix makes where no dry run was allowed, and of a token that the manifest mounts itself."""
    fakes = kops()
    fakes.errors["dry_run_pod"] = NotPermitted(code="no", server_message="", status=403)
    found = examine(fakes.ports(), SUBJECT)
    read = {name: document for report in found.walk for name, document in report.evidence.items()}
    made = predicted.injected(bare_pod(), fakes.service_account, read, "")
    assert (token_source(made) or {})["audience"] == KOPS
    by_hand(fakes)
    copy = copy_of(examine(fakes.ports(), SUBJECT).walk, (), {"pod": fakes.pod}, 0.0)
    assert container_files.claims_of(copy)[1]["aud"] == [KOPS]


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


@pytest.mark.parametrize(
    ("key", "reason"),
    [("irsa.example.com/role-arn", "webhooks_own"), ("eks.amazonaw.com/role-arn", "next_pod"), ("x/role", "next_pod")],
)
def test_beside_the_webhook_of_eks_another_one_may_read_another_prefix(key: str, reason: str) -> None:
    fakes = Fakes()
    fakes.pod = {**fakes.mutated(fakes.pod), "status": {"phase": "Running"}}
    fakes.service_account["metadata"]["annotations"] = {key: ROLE}
    assert check(examine(fakes.ports(), SUBJECT), "service_account.annotation").reason == reason


@pytest.mark.parametrize("on_eks", [True, False])
def test_where_a_dry_run_shows_that_no_webhook_knows_the_role_it_is_to_be_annotated(on_eks: bool) -> None:
    fakes = Fakes() if on_eks else kops()
    fakes.pod = {**fakes.mutated(fakes.pod), "status": {"phase": "Running"}}
    fakes.service_account["metadata"]["annotations"] = {"irsa.example.com/role-arn": ROLE}
    fakes.mutated = lambda pod: pod  # type: ignore[method-assign]
    found = examine(fakes.ports(), SUBJECT)
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.fix and found.fix.id) == ("webhook.volume", "annotate_again")
    assert found.fix is not None
    assert found.fix.commands == (
        f"kubectl -n default annotate serviceaccount my-sa eks.amazonaws.com/role-arn={ROLE}",
    )


def test_a_role_that_only_the_pod_has_is_examined() -> None:
    fakes = kops()
    unannotated(fakes)
    fakes.role["AssumeRolePolicyDocument"] = trust_policy()
    found = examine(fakes.ports(), SUBJECT)
    assert found.verdict.check is not None
    assert (found.verdict.outcome, found.verdict.check.id) == (Outcome.BROKEN, "trust.provider")
    assert ROLE in check(found, "service_account.role_arn").got
