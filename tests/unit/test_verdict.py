"""The verdict: the first broken link, what else is broken, and which causes a refusal of STS leaves open."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.errors import NotFound, NotPermitted, Refused, Unreachable
from app.flow.model import NO_ACTION, Check, Status, Step, StepReport, Subject, Walk
from app.flow.port_wrappers.consent import ALL, Action, consented
from app.flow.ports import Execution
from app.flow.steps.findings import BY_HAND
from app.flow.steps.walk import walk
from app.flow.verdict import check_dependencies
from app.flow.verdict.check_dependencies import PLACES, SENT, roots
from app.flow.verdict.judge import Outcome, Seen, Verdict, judge
from app.flow.verdict.refusals import REFUSALS
from tests.private_keys import OTHER_KEY
from tests.unit.fake_ports import DIRECTORY, HOST, PROVIDER, SUBJECT, Fakes, bare_pod, jwk, token, trust_policy

NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
GENERIC = (
    "The web identity token provided could not be validated. "
    "See the AssumeRoleWithWebIdentity documentation for requirements."
)
NOT_PERMITTED = NotPermitted(
    code="AccessDenied", server_message="is not authorized to perform: iam:GetRole", status=403
)


NO_WAY = 'Could not connect to the endpoint URL: "https://sts.ap-northeast-9.amazonaws.com/"'
EVERY_CHECK = [
    *((report.step, check) for report in walk(Fakes().ports(), SUBJECT) for check in report.checks),
    *((step, Check(id=check_id, status=Status.FAILED)) for check_id, step in PLACES.items()),
]


def refuse(fakes: Fakes, code: str, said: str) -> None:
    fakes.errors["assume_role"] = Refused(code=code, server_message=said, status=400)


def verdict(fakes: Fakes) -> Verdict:
    return judge(walk(fakes.ports(), SUBJECT))


def condition(**values: str) -> Any:
    return trust_policy(StringEquals={f"{HOST}:{name}": value for name, value in values.items()})


def test_a_healthy_chain_works() -> None:
    assert verdict(Fakes()) == Verdict(outcome=Outcome.WORKS, status=Status.PASSED)


def test_steps_that_succeed_are_not_called_broken_where_only_the_pod_is() -> None:
    region = Check(id="pod.region", status=Status.FAILED)
    reachable = Check(id="webhook.reachable", status=Status.FAILED)
    broken, next_pod = Fakes(), Fakes()
    refuse(broken, "AccessDenied", NOT_AUTHORIZED)
    next_pod.pod["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    next_pod.webhook_up = False
    found = [judge(walk(fakes.ports(), SUBJECT), [region]).key for fakes in (Fakes(), broken, next_pod)]
    assert found == ["failed_in_pod_alone", "failed", "failed"]
    assert judge(walk(Fakes().ports(), SUBJECT), [region, reachable]).key == "failed"
    # Nor is it said of steps that were not walked, or of which nothing is known.
    whole = walk(Fakes().ports(), SUBJECT)
    assert judge(dataclasses.replace(whole, reports=whole.reports[:-1]), [region]).key == "failed"
    unknown = StepReport(step=Step.ACCESS, checks=(Check(id="access.policy", status=Status.UNKNOWN),))
    assert judge(dataclasses.replace(whole, reports=(*whole.reports[:-1], unknown)), [region]).key == "failed"


@pytest.mark.parametrize("keys", [[jwk(OTHER_KEY)], []], ids=["others", "none"])
def test_an_api_server_that_lists_other_keys_than_the_issuer_breaks_nothing(keys: list[Any]) -> None:
    """Whether the two lists of EKS are the same is not documented, and STS reads the public one alone."""
    found = verdict(Fakes(cluster_jwks={"keys": keys}))
    assert (found.outcome, found.check and found.check.id) == (Outcome.WORKS, "issuer.cluster_keys")


def change_policy(fakes: Fakes, **changes: Any) -> None:
    fakes.role["AssumeRolePolicyDocument"]["Statement"][0].update(changes)


NAMED = {
    # what is wrong: (how, the check that says so, the cause)
    "role missing": (
        lambda f: f.errors.update(role=NotFound(code="NoSuchEntity", server_message="cannot be found", status=404)),
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
    assert found.later == ()
    assert found.seen == Seen(step=Step.STS_ASSUME, text=NOT_AUTHORIZED, where="sts:AssumeRoleWithWebIdentity")


@pytest.mark.parametrize("name", NAMED)
def test_with_the_role_unreadable_each_of_them_is_still_possible(name: str) -> None:
    spoil, _, cause = NAMED[name]
    fakes = Fakes()
    spoil(fakes)
    fakes.errors["role"] = NOT_PERMITTED
    refuse(fakes, "AccessDenied", NOT_AUTHORIZED)
    found = verdict(fakes)
    assert (found.outcome, found.step) == (Outcome.BROKEN, Step.SERVICE_ACCOUNT)
    assert found.check is not None
    assert found.check.id == "sts.credentials"
    assert cause in found.remaining
    assert found.ruled_out == ()


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
            {"signature"},
        ),
        (
            lambda f: f.provider.update(ClientIDList=["sts.amazon.com"]),
            {"audience_not_accepted"},
            {"provider_missing", "signature"},
        ),
        (
            lambda f: f.errors.update(oidc_providers=NOT_PERMITTED),
            {"provider_missing", "wrong_account", "audience_not_accepted", "other_partition"},
            {"signature"},
        ),
        (
            lambda f: None,
            {"wrong_account", "other_partition"},
            {"provider_missing", "audience_not_accepted", "signature"},
        ),
    ],
)
def test_the_generic_answer_is_explained_by_what_can_be_read(
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


def spoilt(*ways: Any) -> Verdict:
    fakes = Fakes()
    for way in ways:
        way(fakes)
    return verdict(fakes)


def provider_gone(fakes: Fakes) -> None:
    fakes.providers.clear()
    refuse(fakes, "InvalidIdentityToken", GENERIC)


def trust_wrong(fakes: Fakes) -> None:
    change_policy(fakes, Action="sts:AssumeRole")
    fakes.errors.setdefault("assume_role", Refused(code="AccessDenied", server_message=NOT_AUTHORIZED, status=400))


def may_not_list(fakes: Fakes) -> None:
    fakes.policies.clear()
    fakes.errors["list_buckets"] = Refused(code="AccessDenied", server_message="no identity-based policy", status=403)


def not_injected(fakes: Fakes) -> None:
    fakes.webhook_up = False
    fakes.pod = bare_pod()


def not_annotated(fakes: Fakes) -> None:
    fakes.service_account["metadata"]["annotations"] = {}


def kubelet_stuck(fakes: Fakes) -> None:
    expired = token(exp=int(fakes.now) - 1)
    fakes.files[f"cat {DIRECTORY}/token"] = Execution(stdout=expired, stderr="", exit_code=0)


def malformed(fakes: Fakes) -> None:
    fakes.service_account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] = "s3-reader"
    fakes.pod["spec"] = fakes.mutated(bare_pod())["spec"]


def region_off(fakes: Fakes) -> None:
    refuse(fakes, "RegionDisabledException", "STS is not activated in this region for account:111122223333.")


TWO: dict[str, tuple[tuple[Any, Any], str, tuple[str, ...]]] = {
    # two things that are broken: (how, the first, what is listed of the other)
    "provider, permissions": ((provider_gone, may_not_list), "provider.exists", ("access.policy",)),
    "provider, trust": ((trust_wrong, provider_gone), "provider.exists", ("trust.action",)),
    "trust, webhook": ((trust_wrong, not_injected), "trust.action", ("webhook.volume",)),
    "annotation's value, kubelet": ((malformed, kubelet_stuck), "service_account.role_arn", ("token.lifetime",)),
    "trust, region": ((trust_wrong, region_off), "trust.action", ("sts.credentials",)),
    "trust, permissions": ((trust_wrong, may_not_list), "trust.action", ("access.policy",)),
    "webhook, permissions": ((not_injected, may_not_list), "webhook.volume", ("access.policy",)),
    "annotation, provider": ((provider_gone, not_annotated), "provider.exists", ("service_account.annotation",)),
    "provider, kubelet": ((provider_gone, kubelet_stuck), "provider.exists", ("token.lifetime",)),
}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("name", TWO)
def test_of_two_causes_the_first_is_named_and_the_other_not_forgotten(name: str, turned: bool) -> None:
    ways, first, later = TWO[name]
    found = spoilt(*(reversed(ways) if turned else ways))
    assert found.check is not None
    assert (found.check.id, tuple(check.id for _, check in found.later)) == (first, later)
    order = list(Step)
    assert all(order.index(step) >= order.index(found.step or Step.ACCESS) for step, _ in found.later)


@pytest.mark.parametrize(
    "way", [provider_gone, trust_wrong, may_not_list, not_injected, not_annotated, kubelet_stuck, region_off, malformed]
)
def test_what_follows_from_the_one_cause_is_no_other(way: Any) -> None:
    assert spoilt(way).later == ()


def test_the_organization_comes_before_a_webhook() -> None:
    """Its refusal shows at STS, yet the cause lies in the subjects that the role admits."""
    found = spoilt(lambda f: refuse(f, "AccessDenied", NOT_AUTHORIZED), lambda f: f.webhooks.clear())
    assert (found.step, found.remaining) == (Step.SERVICE_ACCOUNT, ("organization",))
    assert [(step, check.id) for step, check in found.later] == [(Step.WEBHOOK, "webhook.registered")]


def test_an_audience_that_sts_refuses_lies_before_sts() -> None:
    """The trust policy would show it as well; we may not read it."""

    def own_audience(fakes: Fakes) -> None:
        fakes.service_account["metadata"]["annotations"]["eks.amazonaws.com/audience"] = "other"
        fakes.files[f"cat {DIRECTORY}/token"] = Execution(stdout=token(aud=["other"]), stderr="", exit_code=0)
        fakes.errors["role"] = NOT_PERMITTED
        refuse(fakes, "InvalidIdentityToken", GENERIC)

    found = spoilt(own_audience)
    assert found.check is not None
    assert (found.step, found.check.id) == (Step.OIDC_PROVIDER, "sts.audience")


def test_permissions_that_the_pod_needs_are_reported_though_nobody_asked_to_use_them() -> None:
    fakes = Fakes()
    provider_gone(fakes)
    may_not_list(fakes)
    found = judge(walk(consented(fakes.ports(), ALL - {Action.DRY_RUN}), SUBJECT))
    assert [check.id for _, check in found.later] == ["access.policy"]


@given(st.lists(st.sampled_from(EVERY_CHECK), unique_by=lambda it: it[1].id))
def test_something_that_failed_always_has_a_cause(failed: list[Any]) -> None:
    found = roots(failed)
    assert bool(found) is bool(failed)
    assert [it for it in found if it not in failed] == []


@pytest.mark.parametrize(
    ("broken", "said", "expected"),
    [
        ("trust.subject", NOT_AUTHORIZED, ["trust.subject"]),
        ("pod.region", NO_WAY, ["pod.region"]),
        ("trust.subject", NO_WAY, ["trust.subject", "pod.application"]),
        (None, NOT_AUTHORIZED, ["pod.application"]),
    ],
)
def test_what_a_program_got_is_a_cause_of_its_own_where_it_did_not_get_to_what_is_broken(
    broken: str | None, said: str, expected: list[str]
) -> None:
    names = {broken, "pod.application"}
    failed = [
        (step, dataclasses.replace(check, status=Status.FAILED, error=said if check.id == "pod.application" else ""))
        for step, check in EVERY_CHECK
        if check.id in names
    ]
    assert [check.id for _, check in roots(failed)] == expected


def test_the_rules_are_about_checks_that_are_made() -> None:
    made = {check.id for _, check in EVERY_CHECK}
    named = {check_id for check_id, after in check_dependencies._FOLLOWS.items() for check_id in (check_id, *after)}
    assert named | {check_id for group in check_dependencies._OBJECTS for check_id in group} <= made


def test_what_could_not_be_read_does_not_matter_once_sts_said_yes() -> None:
    fakes = Fakes(errors={"role": NOT_PERMITTED, "discovery": Unreachable(code="timed_out", server_message="")})
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
    assert (found.outcome, found.check and found.check.id) == (Outcome.SHOULD_WORK, "token.file")
    assert (found.status, found.key, found.warning) == (Status.UNKNOWN, "should_work", None)


SENT_NOTHING = tuple(
    Check(id=check_id, status=Status.UNKNOWN, reason="not_asked")
    if check_id in ("webhook.dry_run", "token.file", "token.format")
    else Check(id=check_id, status=Status.NOT_REACHED, reason="earlier_check")
    for check_id in sorted(SENT)
)
READ_ALONE = sorted({check.id for check in walk(Fakes().ports(), SUBJECT).checks} - SENT - {"access.policy"})


@pytest.mark.parametrize("check_id", READ_ALONE)
def test_it_should_work_only_where_all_that_reading_shows_was_seen(check_id: str) -> None:
    assert judge(with_checks(*SENT_NOTHING)).outcome is Outcome.SHOULD_WORK
    for reason in ("no_permission", "no_pod", "not_asked", "unreachable", "not_observable"):
        hidden = Check(id=check_id, status=Status.UNKNOWN, reason=reason)
        assert judge(with_checks(*SENT_NOTHING, hidden)).outcome is Outcome.UNKNOWN
    unreached = Check(id=check_id, status=Status.NOT_REACHED, reason="earlier_check")
    assert judge(with_checks(*SENT_NOTHING, unreached)).outcome is Outcome.UNKNOWN
    failed = Check(id=check_id, status=Status.FAILED)
    assert judge(with_checks(*SENT_NOTHING, failed)).outcome is Outcome.BROKEN


@pytest.mark.parametrize("reason", ["unreachable", "out_of_time", "server_failed", "not_observable", "no_pod", "login"])
def test_a_server_that_was_asked_and_said_nothing_leaves_it_unknown(reason: str) -> None:
    silent = Check(id="sts.credentials", status=Status.UNKNOWN, reason=reason)
    assert judge(with_checks(*SENT_NOTHING, silent)).outcome is Outcome.UNKNOWN
    forbidden = Check(id="token.file", status=Status.UNKNOWN, reason="no_permission")
    assert judge(with_checks(*SENT_NOTHING, forbidden)).outcome is Outcome.SHOULD_WORK


@pytest.mark.parametrize(
    ("file", "running", "injected", "outcome"),
    [
        *((reason, Status.PASSED, Status.PASSED, Outcome.SHOULD_WORK) for reason in ("no_program", "not_observable")),
        ("unreachable", Status.PASSED, Status.PASSED, Outcome.UNKNOWN),
        ("no_program", Status.UNKNOWN, Status.PASSED, Outcome.UNKNOWN),
        ("no_program", Status.PASSED, Status.UNKNOWN, Outcome.UNKNOWN),
    ],
)
def test_a_token_that_no_one_can_read_in_a_pod_that_runs_with_it_should_work(
    file: str, running: Status, injected: Status, outcome: Outcome
) -> None:
    hidden = Check(id="token.file", status=Status.UNKNOWN, reason=file)
    found = judge(
        with_checks(hidden, Check(id="pod.injected", status=injected)), (Check(id="pod.running", status=running),)
    )
    assert found.outcome is outcome


def test_where_nothing_was_asked_and_nothing_can_be_sent_it_is_unknown() -> None:
    unreached = (Check(id=check_id, status=Status.NOT_REACHED, reason="earlier_step") for check_id in SENT)
    assert judge(with_checks(*unreached)).outcome is Outcome.UNKNOWN


def test_a_broken_pod_or_half_a_walk_should_not_work() -> None:
    keys = Check(id="pod.static_keys", status=Status.FAILED)
    assert judge(with_checks(*SENT_NOTHING), (keys,)).outcome is Outcome.BROKEN
    found = with_checks(*SENT_NOTHING)
    half = Walk(subject=found.subject, reports=found.reports[:-1])
    assert judge(half).outcome is Outcome.UNKNOWN


def test_what_the_role_may_do_is_no_link_where_nothing_shows_what_the_pod_needs() -> None:
    for reason in (NO_ACTION, "not_asked"):
        policy = Check(id="access.policy", status=Status.UNKNOWN, reason=reason)
        assert judge(with_checks(*SENT_NOTHING, policy)).outcome is Outcome.SHOULD_WORK


def test_a_recent_refusal_is_named_before_other_warnings() -> None:
    refused = Check(id="sts.recent_failures", status=Status.WARNING)
    thumbprint = Check(id="provider.thumbprint", status=Status.WARNING)
    found = judge(with_checks(*SENT_NOTHING, thumbprint), (refused,))
    assert (found.outcome, found.status, found.warning) == (
        Outcome.SHOULD_WORK,
        Status.UNKNOWN,
        (Step.STS_ASSUME, refused),
    )


def test_what_could_not_be_read_is_named_before_what_nobody_asked_for() -> None:
    hidden = Check(id="sts.provider", status=Status.UNKNOWN, reason="no_permission")
    found = judge(with_checks(not_asked("token.file"), hidden, not_asked("sts.credentials")))
    assert (found.outcome, found.check) == (Outcome.UNKNOWN, hidden)


def test_credentials_for_another_token_prove_nothing_of_the_pods_own() -> None:
    assert judge(with_checks(not_asked("token.file"))).outcome is Outcome.SHOULD_WORK
    found = with_checks(not_asked("token.file"))
    without = Walk(subject=Subject(namespace="default", service_account="my-sa", pod=""), reports=found.reports)
    assert judge(without).outcome is Outcome.WORKS


@pytest.mark.parametrize(("volume", "outcome"), [(Status.PASSED, Outcome.WORKS), (Status.UNKNOWN, Outcome.UNKNOWN)])
def test_credentials_that_the_trail_shows_prove_a_pod_by_hand_whose_volume_is_as_it_should_be(
    volume: Status, outcome: Outcome
) -> None:
    by_hand = Check(id="pod.injected", status=Status.UNKNOWN, reason=BY_HAND)
    silent = Check(id="token.file", status=Status.UNKNOWN, reason="unreachable")
    granted = (Check(id=it, status=Status.PASSED) for it in ("sts.recent_successes", "pod.running"))
    found = with_checks(by_hand, silent, not_asked("sts.credentials"))
    assert judge(found, (*granted, Check(id="pod.volume", status=volume))).outcome is outcome


def test_a_role_that_may_not_do_what_its_pod_asks_for_is_broken_whether_s3_was_asked_or_not() -> None:
    denied = Check(id="access.policy", status=Status.FAILED)
    asked = Check(id="access.list_buckets", status=Status.FAILED)
    assert judge(with_checks(denied, not_asked("access.list_buckets"))).check == denied
    assert judge(with_checks(denied, asked)).check == denied


def test_what_no_pod_is_known_to_need_keeps_nothing_open() -> None:
    unneeded = [Check(id=f"access.{it}", status=Status.UNKNOWN, reason=NO_ACTION) for it in ("policy", "list_buckets")]
    found = judge(with_checks(*unneeded))
    assert (found.outcome, found.open) == (Outcome.WORKS, ())
    assert judge(with_checks(not_asked("sts.credentials"), *unneeded)).check == not_asked("sts.credentials")


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
    assert judge(empty) == Verdict(outcome=Outcome.UNKNOWN, status=Status.UNKNOWN)


def test_every_check_that_decides_a_cause_is_one_that_is_made() -> None:
    made = {check.id for _, check in EVERY_CHECK}
    deciding = {check_id for refusal in REFUSALS for cause in refusal.causes for check_id in cause.checks}
    assert deciding <= made
