"""The verdict: the first broken link, and which causes a refusal of STS leaves when more or less could be read."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from app.flow.errors import NotFound, NotPermitted, Refused, Unreachable
from app.flow.model import Check, Status, Step, StepReport, Subject, Walk
from app.flow.refusals import REFUSALS
from app.flow.verdict import Judgement, Outcome, judge
from app.flow.walk import walk
from tests.unit.fake_ports import HOST, PROVIDER, SUBJECT, Fakes, trust_policy

NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
GENERIC = (
    "The web identity token provided could not be validated. "
    "See the AssumeRoleWithWebIdentity documentation for requirements."
)
NOT_PERMITTED = NotPermitted(code="AccessDenied", said="is not authorized to perform: iam:GetRole", status=403)


def refuse(fakes: Fakes, code: str, said: str) -> None:
    fakes.errors["assume_role"] = Refused(code=code, said=said, status=400)


def verdict(fakes: Fakes) -> Judgement:
    return judge(walk(fakes.ports(), SUBJECT))


def condition(**values: str) -> Any:
    return trust_policy(StringEquals={f"{HOST}:{name}": value for name, value in values.items()})


def test_a_healthy_chain_works() -> None:
    assert verdict(Fakes()) == Judgement(outcome=Outcome.WORKS, status=Status.PASSED)


def change_policy(fakes: Fakes, **changes: Any) -> None:
    fakes.role["AssumeRolePolicyDocument"]["Statement"][0].update(changes)


NAMED = {
    # what is wrong: (how, the check that says so, the cause)
    "role missing": (
        lambda f: f.errors.update(role=NotFound(code="NoSuchEntity", said="cannot be found", status=404)),
        "role.exists",
        "role_missing",
    ),
    "path omitted": (
        lambda f: f.role.update(Arn=f.role["Arn"].replace("role/", "role/team/")),
        "role.exists",
        "role_missing",
    ),
    "principal": (
        lambda f: change_policy(f, Principal={"Service": "ec2.amazonaws.com"}),
        "trust.provider",
        "principal",
    ),
    "action": (lambda f: change_policy(f, Action="sts:AssumeRole"), "trust.action", "action"),
    "namespace": (
        lambda f: f.role.update(AssumeRolePolicyDocument=condition(sub="system:serviceaccount:prod:my-sa")),
        "trust.subject",
        "subject_condition",
    ),
    "star": (
        lambda f: f.role.update(AssumeRolePolicyDocument=condition(sub="system:serviceaccount:default:*")),
        "trust.subject",
        "subject_condition",
    ),
    "audience": (
        lambda f: f.role.update(AssumeRolePolicyDocument=condition(aud="sts.amazon.com")),
        "trust.audience",
        "audience_condition",
    ),
    "deny": (
        lambda f: f.role["AssumeRolePolicyDocument"]["Statement"].append(
            {"Effect": "Deny", "Action": "*", "Principal": {"Federated": PROVIDER}}
        ),
        "trust.decision",
        "other_statement",
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_with_the_role_readable_the_right_cause_is_named(name: str) -> None:
    spoil, check_id, cause = NAMED[name]
    fakes = Fakes()
    spoil(fakes)
    refuse(fakes, "AccessDenied", NOT_AUTHORIZED)
    found = verdict(fakes)
    assert (found.outcome, found.check and found.check.id) == (Outcome.BROKEN, check_id)
    assert (found.refusal, found.remaining) == ("not_authorized", (cause,))
    assert found.step is Step.SERVICE_ACCOUNT


def test_with_the_role_readable_and_right_only_what_nobody_sees_is_left() -> None:
    fakes = Fakes()
    refuse(fakes, "AccessDenied", NOT_AUTHORIZED)
    found = verdict(fakes)
    assert (found.check and found.check.id, found.remaining) == ("sts.credentials", ("organization",))
    assert set(found.ruled_out) == {
        *("role_missing", "principal", "action", "audience_condition", "subject_condition", "other_statement")
    }


def test_without_the_role_every_cause_that_is_still_possible_is_listed_and_no_other() -> None:
    fakes = Fakes(errors={"role": NOT_PERMITTED})
    refuse(fakes, "AccessDenied", NOT_AUTHORIZED)
    found = verdict(fakes)
    assert found.remaining == (
        *("role_missing", "principal", "action", "audience_condition", "subject_condition", "other_statement"),
        "organization",
    )
    assert found.ruled_out == ()
    assert "role.exists" in {check.id for check in found.open}


@pytest.mark.parametrize(
    ("spoil", "remaining", "ruled_out"),
    [
        (
            lambda f: f.providers.clear(),
            {"provider_missing"},
            {"audience_not_accepted", "signature", "other_partition"},
        ),
        (
            lambda f: f.provider.update(ClientIDList=["sts.amazon.com"]),
            {"audience_not_accepted"},
            {"provider_missing", "signature", "other_partition"},
        ),
        (
            lambda f: f.errors.update(oidc_providers=NOT_PERMITTED),
            {"provider_missing", "audience_not_accepted", "other_partition"},
            {"signature"},
        ),
        (lambda f: None, {"other_partition"}, {"provider_missing", "audience_not_accepted", "signature"}),
    ],
)
def test_the_generic_answer_is_told_apart_by_what_can_be_read(
    spoil: Any, remaining: set[str], ruled_out: set[str]
) -> None:
    fakes = Fakes()
    spoil(fakes)
    refuse(fakes, "InvalidIdentityToken", GENERIC)
    found = verdict(fakes)
    assert (set(found.remaining), set(found.ruled_out)) == (remaining, ruled_out)


@pytest.mark.parametrize(
    ("code", "said", "refusal"),
    [
        ("InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://oidc", "no_provider"),
        ("InvalidIdentityToken", "Incorrect token audience", "wrong_audience"),
        ("InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider,  please", "no_key"),
        (
            "InvalidIdentityToken",
            "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
            "thumbprint",
        ),
        ("InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see", "not_a_token"),
        ("ExpiredTokenException", "Token expired: current date/time 2 must be before", "expired"),
        ("RegionDisabledException", "STS is not activated in this region for account:1", "region_disabled"),
        ("ValidationError", "Request ARN is invalid", "invalid_arn"),
        ("AccessDenied", "not authorized with an explicit deny in a resource control policy", "control_policy"),
        ("Teapot", "short and stout", ""),
    ],
)
def test_each_answer_of_sts_is_known_by_its_words(code: str, said: str, refusal: str) -> None:
    fakes = Fakes()
    refuse(fakes, code, said)
    assert verdict(fakes).refusal == refusal


def test_what_could_not_be_read_does_not_matter_once_sts_said_yes() -> None:
    fakes = Fakes(errors={"role": NOT_PERMITTED, "discovery": Unreachable(code="timed_out", said="")})
    found = verdict(fakes)
    assert found.outcome is Outcome.WORKS
    assert {"role.exists", "issuer.discovery"} <= {check.id for check in found.open}


def test_a_broken_link_counts_even_where_sts_still_says_yes() -> None:
    fakes = Fakes(webhooks=[])
    assert verdict(fakes).outcome is Outcome.BROKEN


def not_asked(check_id: str) -> Check:
    return Check(id=check_id, status=Status.UNKNOWN, reason="not_asked")


def with_checks(*checks: Check) -> Walk:
    """A walk in which STS says nothing."""
    found = walk(Fakes().ports(), SUBJECT)
    changed = {check.id: check for check in checks}
    reports = [
        dataclasses.replace(report, checks=tuple(changed.get(check.id, check) for check in report.checks))
        for report in found
    ]
    return Walk(subject=found.subject, reports=tuple(reports))


def test_what_nobody_asked_for_leaves_it_open() -> None:
    found = judge(with_checks(not_asked("token.file"), not_asked("sts.credentials")))
    assert (found.outcome, found.check and found.check.id) == (Outcome.UNKNOWN, "token.file")


def test_what_could_not_be_read_is_named_before_what_nobody_asked_for() -> None:
    hidden = Check(id="sts.provider", status=Status.UNKNOWN, reason="no_permission")
    found = judge(with_checks(not_asked("token.file"), hidden, not_asked("sts.credentials")))
    assert (found.outcome, found.check) == (Outcome.UNKNOWN, hidden)


def test_credentials_for_another_token_prove_nothing_of_the_pods_own() -> None:
    assert judge(with_checks(not_asked("token.file"))).outcome is Outcome.UNKNOWN
    found = with_checks(not_asked("token.file"))
    without = Walk(subject=Subject(namespace="default", service_account="my-sa", pod=""), reports=found.reports)
    assert judge(without).outcome is Outcome.WORKS


def test_a_role_that_may_not_list_buckets_is_broken_only_for_who_asked() -> None:
    denied = Check(id="access.policy", status=Status.FAILED)
    asked = Check(id="access.list_buckets", status=Status.FAILED)
    assert judge(with_checks(denied, not_asked("access.list_buckets"))).outcome is Outcome.WORKS
    assert judge(with_checks(denied, asked)).check == denied


def test_an_unknown_check_of_the_pod_decides_nothing() -> None:
    unknown = Check(id="pod.hop_limit", status=Status.UNKNOWN, reason="not_observable")
    assert judge(with_checks(), (unknown,)).outcome is Outcome.WORKS


def test_static_keys_break_it_although_everything_else_works() -> None:
    keys = Check(id="pod.static_keys", status=Status.FAILED)
    found = judge(with_checks(), (keys,))
    assert (found.outcome, found.check, found.step) == (Outcome.BROKEN, keys, Step.WEBHOOK)


def test_a_warning_is_named_and_works() -> None:
    region = Check(id="pod.region", status=Status.WARNING)
    found = judge(with_checks(), (region,))
    assert (found.outcome, found.status, found.check) == (Outcome.WORKS, Status.WARNING, region)


def test_an_empty_walk_says_nothing() -> None:
    empty = Walk(subject=SUBJECT, reports=(StepReport(step=Step.ACCESS, checks=()),))
    assert judge(empty) == Judgement(outcome=Outcome.UNKNOWN, status=Status.UNKNOWN)


def test_every_check_that_decides_a_cause_is_one_that_is_made() -> None:
    made = {check.id for report in walk(Fakes().ports(), SUBJECT) for check in report.checks}
    deciding = {check_id for refusal in REFUSALS for cause in refusal.causes for check_id in cause.checks}
    assert deciding <= made
