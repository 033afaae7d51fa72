"""Causes that are said in a sentence, and where the annotation or the audience is another one than is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.content import LANGUAGES, load
from app.flow.annotations import ROLE_ARN
from app.flow.doctor import Diagnosis, examine
from app.flow.doctor.evidence import check_of
from app.flow.errors import NotPermitted
from app.flow.model import Status
from app.flow.port_wrappers.consent import NOTHING, consented
from app.flow.verdict.judge import Outcome
from app.report import verdict_words
from tests.unit.fake_ports import HOST, ROLE, SUB, SUBJECT, Fakes, token, trust_policy
from tests.unit.test_doctor import add_variable, bare, examined, healthy, words
from tests.unit.test_siblings import audience
from tests.unit.test_steps import condition


def reading(fakes: Fakes) -> Diagnosis:
    return examine(consented(fakes.ports(), NOTHING), SUBJECT)


# --- The annotation on the Pod ---------------------------------------------------------------------------------------


def test_an_annotation_on_the_pod_is_the_cause_and_goes_to_the_service_account() -> None:
    fakes = healthy()
    bare(fakes)
    fakes.service_account["metadata"]["annotations"] = {}
    fakes.pod["metadata"]["annotations"] = {ROLE_ARN: ROLE}
    for found in (reading(fakes), examined(fakes)):
        judged = found.verdict
        assert judged.check is not None
        assert (judged.outcome, judged.check.id, judged.check.reason) == (
            *(Outcome.BROKEN, "service_account.annotation", "on_pod"),
        )
        assert judged.check.where == "Pod default/pod-after .metadata.annotations"
        for language in LANGUAGES:
            assert load(language).message("reasons.on_pod") in verdict_words.cause(found, load(language))
    fix_id, (annotate, restart) = words(fakes)
    assert (fix_id, annotate[3:]) == ("annotate_account", ["annotate", "serviceaccount", "my-sa", f"{ROLE_ARN}={ROLE}"])
    assert restart[3:5] == ["rollout", "restart"]


def test_an_annotation_on_the_deployment_is_the_cause_too() -> None:
    fakes = healthy()
    bare(fakes)
    fakes.service_account["metadata"]["annotations"] = {}
    fakes.workload["metadata"]["annotations"] = {ROLE_ARN: ROLE}
    found = reading(fakes)
    for language in LANGUAGES:
        content = load(language)
        said = content.message("doctor.causes.annotated_workload", object="Deployment default/web")
        assert verdict_words.cause(found, content).startswith(said)
    fix_id, (annotate, _) = words(fakes)
    assert (fix_id, annotate[-1]) == ("annotate_account", f"{ROLE_ARN}={ROLE}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_annotation_without_a_value_is_not_missing(language: str) -> None:
    """Helm charts write it so: bitnami's `serviceAccount.annotations` with an unset value, say."""
    fakes, content = healthy(), load(language)
    bare(fakes)
    fakes.service_account["metadata"]["annotations"] = {ROLE_ARN: ""}
    found = reading(fakes)
    assert (found.verdict.check and found.verdict.check.got) == f'{ROLE_ARN}=""'
    said = verdict_words.cause(found, content)
    assert content.message("reasons.empty_annotation") in said
    assert content.message("doctor.causes.not_annotated") not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pod_of_kube2iam_may_not_be_meant_for_irsa(language: str) -> None:
    fakes, content = healthy(), load(language)
    bare(fakes)
    fakes.service_account["metadata"]["annotations"] = {}
    fakes.pod["metadata"]["annotations"] = {"iam.amazonaws.com/role": "legacy"}
    found = reading(fakes)
    assert (found.verdict.check and found.verdict.check.id) == "service_account.annotation"
    assert content.message("reasons.kube2iam") in verdict_words.cause(found, content)
    fakes.workload["metadata"]["annotations"] = {ROLE_ARN: ROLE}  # on its way to IRSA
    fix = reading(fakes).fix
    assert (fix and fix.commands[0].endswith(f"{ROLE_ARN}={ROLE}")) is True


# --- Another audience in the Pod's volume ----------------------------------------------------------------------------


def with_audience(fakes: Fakes, value: str) -> None:
    audience(fakes.pod, value)
    fakes.token = token(aud=[value])
    fakes.files = {name: fakes.files[name] for name in ()}
    fakes.__post_init__()


@pytest.mark.parametrize("allowed", [False, True])
def test_an_audience_that_the_provider_does_not_accept_shows_in_the_manifest(allowed: bool) -> None:
    fakes = healthy()
    with_audience(fakes, "vault.example.com")
    judged = (examined if allowed else reading)(fakes).verdict
    assert judged.check is not None
    assert (judged.outcome, judged.check.id, judged.check.got, judged.check.expected) == (
        *(Outcome.BROKEN, "token.audience", "vault.example.com", "sts.amazonaws.com"),
    )
    if not allowed:
        assert judged.check.where == "Pod default/pod-after .spec.volumes aws-iam-token"


def test_an_audience_that_the_trust_policy_does_not_accept_shows_in_the_manifest() -> None:
    fakes = healthy()
    with_audience(fakes, "vault.example.com")
    fakes.provider["ClientIDList"].append("vault.example.com")
    judged = reading(fakes).verdict
    assert (judged.outcome, judged.check and judged.check.id) == (Outcome.BROKEN, "token.audience")


def test_an_audience_that_both_accept_is_a_warning() -> None:
    fakes = healthy()
    with_audience(fakes, "vault.example.com")
    fakes.provider["ClientIDList"].append("vault.example.com")
    fakes.role["AssumeRolePolicyDocument"] = trust_policy(StringEquals={f"{HOST}:sub": SUB})
    for found, outcome in ((reading(fakes), Outcome.SHOULD_WORK), (examined(fakes), Outcome.WORKS)):
        check = check_of(found.walk, "token.audience")
        assert check is not None
        assert (found.verdict.outcome, check.status) == (outcome, Status.WARNING)
    only_there = {"StringEquals": {f"{HOST}:sub": SUB}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    fakes.role["AssumeRolePolicyDocument"] = trust_policy(**only_there)  # the request decides, and not the audience
    check = check_of(reading(fakes).walk, "token.audience")
    assert check is not None
    assert check.status is Status.WARNING


def test_what_provider_and_policy_accept_may_stay_unknown() -> None:
    fakes = healthy()
    with_audience(fakes, "vault.example.com")
    for method in ("oidc_providers", "oidc_provider", "role"):
        fakes.errors[method] = NotPermitted(code="AccessDenied", server_message="no", status=403)
    assert reading(fakes).verdict.outcome is Outcome.UNKNOWN


# --- In a sentence ---------------------------------------------------------------------------------------------------

SPOILS: dict[str, tuple[Callable[[Fakes], Any], str]] = {
    "service_account.annotation": (
        lambda f: (bare(f), f.service_account["metadata"]["annotations"].clear()),
        "not_annotated",
    ),
    "provider.exists": (lambda f: f.providers.clear(), "no_provider"),
    "pod.injected": (bare, "not_injected"),
    "pod.static_keys": (lambda f: add_variable(f, "AWS_ACCESS_KEY_ID"), "static_keys"),
    "token.audience": (lambda f: with_audience(f, "vault.example.com"), "other_audience"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("check_id", SPOILS)
def test_a_cause_is_said_in_a_sentence_before_its_evidence(check_id: str, language: str) -> None:
    spoil, cause = SPOILS[check_id]
    fakes, content = healthy(), load(language)
    spoil(fakes)
    found = reading(fakes)
    assert found.verdict.check is not None
    assert found.verdict.check.id == check_id
    assert verdict_words.cause(found, content).startswith(content.message(f"doctor.causes.{cause}"))


@pytest.mark.parametrize(("language", "failed"), [("en", "failed"), ("ja", "失敗して終了")])
def test_the_sentence_about_the_trust_policy_agrees_with_the_command_that_recreates_a_failed_pod(
    language: str, failed: str
) -> None:
    fakes, content = healthy(), load(language)
    condition(fakes, "StringEquals", sub=f"{SUB}-2")
    fakes.pod["metadata"]["ownerReferences"] = []
    fakes.pod["status"]["phase"] = "Failed"
    fix = reading(fakes).fix
    assert fix is not None
    assert (fix.id, fix.then) == ("trust", "run_again")
    assert "replace --force" in fix.commands[-1]
    for key in ("fixes.trust", "fixes.trust_instead", "fixes.trust_together", "then.run_again"):
        assert failed in content.message(f"doctor.{key}")
