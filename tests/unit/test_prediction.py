"""What a fix leads to, worked out on a copy of what was read."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from html import unescape
from typing import Any

import jwt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.commands import doctor_text, verdict_text
from app.content import LANGUAGES, load
from app.flow.annotations import ROLE_ARN
from app.flow.diagnosis_file import diagnosis_file
from app.flow.diagnosis_file.diagnosis_file import load as load_snapshot
from app.flow.diagnosis_file.diagnosis_file import save
from app.flow.doctor import Change, Diagnosis, Fix, diagnose, examine
from app.flow.doctor.prediction.copied import Copy, NotKnown, copy_of, refusal
from app.flow.doctor.prediction.copied_ports import ports_of
from app.flow.doctor.prediction.dry_run import patch_of
from app.flow.doctor.prediction.effects import apply
from app.flow.doctor.prediction.prediction import Open, predict
from app.flow.errors import (
    FlowError,
    NotFound,
    NotPermitted,
    NotUnderstood,
    Refused,
    ServerFailed,
    TooLarge,
    Unreachable,
)
from app.flow.json_access import get
from app.flow.model import Check, Status, Step, Walk
from app.flow.permissions.asked import AskedAction
from app.flow.port_wrappers.consent import NOTHING, Action, consented
from app.flow.port_wrappers.deadline import OUT_OF_TIME, TIMED_OUT
from app.flow.ports import Execution
from app.flow.steps.findings import Findings
from app.flow.steps.walk import walk_through
from app.flow.verdict.judge import Outcome, judge
from app.flow.webhook_patch import REGION_VARIABLES
from app.report import document, page, prediction_words
from app.ui.doctor import diagnosis as drawn
from app.ui.text import value
from tests.examples import examples
from tests.private_keys import KEY, OTHER_KEY
from tests.unit.fake_ports import (
    ACCOUNT,
    DIRECTORY,
    HOST,
    ROLE,
    SUB,
    SUBJECT,
    FakeCluster,
    Fakes,
    bare_pod,
    claims,
    jwk,
    token,
    trust_policy,
)
from tests.unit.test_doctor import (
    ANNOTATION,
    CASES,
    FIXES,
    add_variable,
    annotated,
    bare,
    container,
    ended,
    examined,
    healthy,
)
from tests.unit.test_webhook_causes import at_service, missing

WORKS, SHOULD_WORK, NEXT = Outcome.WORKS, Outcome.SHOULD_WORK, Outcome.BROKEN
NOT_AUTHORIZED = Refused(
    code="AccessDenied", server_message="Not authorized to perform sts:AssumeRoleWithWebIdentity", status=403
)
NO_PROVIDER = Refused(
    code="InvalidIdentityToken", server_message="No OpenIDConnect provider found in your account", status=400
)
DENIED = Refused(code="AccessDenied", server_message="no identity-based policy allows", status=403)


NODE = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


def role(name: str, policy: Any) -> dict[str, Any]:
    return {"Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "RoleName": name, "AssumeRolePolicyDocument": policy}


def spoilt(*spoils: Callable[[Fakes], Any], **errors: Any) -> Diagnosis:
    fakes = healthy()
    for spoil in spoils:
        spoil(fakes)
    fakes.errors.update(errors)
    return examined(fakes)


def copied(found: Diagnosis) -> Copy:
    return copy_of(found.walk, found.checks, found.evidence, found.read_at)


def no_provider(fakes: Fakes) -> None:
    fakes.providers.clear()


def other_subject(fakes: Fakes) -> None:
    policy = trust_policy(StringEquals={f"{HOST}:sub": "system:serviceaccount:prod:my-sa"})
    fakes.role["AssumeRolePolicyDocument"] = policy


def token_read(fakes: Fakes, value: str) -> None:
    """The file of the Pod contains this token."""
    fakes.files[f"cat {DIRECTORY}/token"] = Execution(stdout=value, stderr="", exit_code=0)


def other_region(fakes: Fakes) -> None:
    for item in container(fakes)["env"]:
        if item["name"] in REGION_VARIABLES:
            item["value"] = "us-east-1"


FORBIDDEN = NotPermitted(code="Forbidden", server_message="no", status=403)
OF_THE_COPY: dict[str, Callable[[Fakes], Any]] = {
    "a token by a secret": lambda f: token_read(f, jwt.encode(claims(), "x" * 32, headers={"kid": jwk(KEY)["kid"]})),
    "a token of another key": lambda f: token_read(f, token(OTHER_KEY)),
    "a token that was changed": lambda f: token_read(f, f"{f.token[:-8]}AAAAAAAA"),
    "another region": other_region,
    "a role of another account": lambda f: (
        annotated(f, ROLE.replace(ACCOUNT, "444455556666")),
        f.errors.update(NO_ROLE),
    ),
    "no endpoints": lambda f: (bare(f), at_service(f, endpoints={"subsets": []})),
    "no endpoints and no Service": lambda f: (bare(f), missing(f, "endpoints")),
    "what we may not read": lambda f: f.errors.update(dict.fromkeys(("pod_log", "assumptions"), FORBIDDEN)),
}
SPOILS = OF_THE_COPY | {name: case[0] for name, case in (FIXES | CASES).items()}
OTHERWISE = {
    "bare name": ["access.identity"],
    "pod identity": ["webhook.volume", "webhook.mount", "webhook.environment"],
}
"""What the fakes do as no server does: let in a role that the annotation does not point to, and add IRSA's part to a
Pod whose label asks for that of EKS Pod Identity."""


def decided(check: Check) -> tuple[Status, str, str]:
    """What a check says, whatever key has signed the token."""
    return check.status, check.where, check.expected.replace("ES256", "RS256")


@pytest.mark.parametrize("name", sorted(SPOILS))
def test_the_copy_has_the_verdict_of_the_diagnosis(name: str) -> None:
    """And decides no check in another way. What only the program or a list of Pods shows it does not know."""
    found = spoilt(SPOILS[name])
    again = examine(ports_of(copied(found)), SUBJECT)
    seen = {check.id: check for check in (*found.walk.checks, *found.checks)}
    made = [check for check in (*again.walk.checks, *again.checks) if check.status is not Status.UNKNOWN]
    assert [it.id for it in made if decided(it) != decided(seen[it.id])] == OTHERWISE.get(name, [])
    verdict = judge(again.walk, [seen[it.id] if it.status is Status.UNKNOWN else it for it in again.checks])
    ours = found.verdict
    assert (verdict.outcome, verdict.step) == (ours.outcome, ours.step)
    assert (verdict.check and verdict.check.id) == (ours.check and ours.check.id)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FORBIDDEN, "no_permission"),
        (NotPermitted(code="aws_no_such_profile", server_message="no"), "no_configuration"),
        (NotPermitted(code="Unauthorized", server_message="no", status=401), "login"),
        (
            Refused(code="SignatureDoesNotMatch", server_message="Signature expired: 10:00 is now earlier than 11:00"),
            "own_clock",
        ),
        (Unreachable(code=TIMED_OUT, server_message=""), "unreachable"),
        (Unreachable(code=OUT_OF_TIME, server_message=""), "out_of_time"),
        (Unreachable(code="aws_no_region", server_message="no"), "no_region"),
        (ServerFailed(code="Throttling", server_message="no"), "server_failed"),
        (NotUnderstood(code="unexpected_answer", server_message="<html>"), "unreadable_answer"),
        (TooLarge(code="answer_too_large", server_message="no"), "answer_too_large"),
        (NotFound(code="NoSuchEntity", server_message="no", status=404), ""),
    ],
)
def test_the_copy_says_again_why_something_was_not_read(error: FlowError, reason: str) -> None:
    def recorded(error: FlowError) -> Check:
        findings = Findings(Step.STS_ASSUME, Fakes().ports(), ("role.exists",))
        findings.refused("role.exists", error, where="GetRole")
        return findings.report().check("role.exists")

    check = recorded(error)
    assert check.reason == reason
    assert recorded(refusal(check)) == check
    assert isinstance(refusal(dataclasses.replace(check, status=Status.NOT_REACHED)), NotKnown)


def test_of_what_was_not_read_the_copy_knows_nothing() -> None:
    """Neither that there is no provider, nor what another role is."""
    errors: dict[str, FlowError] = dict.fromkeys(("oidc_providers", "role"), FORBIDDEN)
    copy = copied(spoilt(**errors))
    aws = ports_of(copy).aws
    for read in (aws.oidc_providers, lambda: aws.role("s3-reader")):
        with pytest.raises(NotPermitted):
            read()
    with pytest.raises(NotKnown):
        aws.role("other")


def mistyped_role(fakes: Fakes, of_the_near_one: Any) -> None:
    """The annotation points to no role, and one has a near name."""
    annotated(fakes, ROLE.replace("reader", "raeder"))
    fakes.pod = fakes.mutated(bare_pod())
    fakes.roles = [role("s3-reader", of_the_near_one)]


def keeps_ending(fakes: Fakes) -> None:
    """The program ends badly, and the kubelet starts it again and again."""
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    status = {**ended(254), "state": waiting, "lastState": ended(254)["state"]}
    fakes.pod["status"] = {"phase": "Running", "containerStatuses": [status]}


def has_failed(fakes: Fakes) -> None:
    """The Pod has ended, so that its program does not try again."""
    fakes.pod["status"] = {"phase": "Failed", "containerStatuses": [ended(254)]}
    fakes.logs["aws-cli"] = (
        "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: "
        "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    )


def not_renewed(fakes: Fakes) -> None:
    """The kubelet gets no new token, so that of the file has expired."""
    token_read(fakes, token(exp=int(fakes.now) - 1))


def by_pod_identity(fakes: Fakes) -> None:
    """The ServiceAccount has an association beside its annotation."""
    fakes.associated = True
    fakes.pod = fakes.mutated(bare_pod())


def by_organization(fakes: Fakes) -> None:
    """IAM's simulator says that the organization denies it, although the role's policies allow it."""
    detail = {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}}
    fakes.simulations = [{"EvalActionName": "s3:ListAllMyBuckets", "EvalDecision": "implicitDeny", **detail}]


def within_an_organization(fakes: Fakes) -> None:
    """The organization allows it, and the role has no policy that does."""
    by_organization(fakes)
    fakes.simulations[0]["OrganizationsDecisionDetail"]["AllowedByOrganizations"] = True
    fakes.policies.clear()


def for_root_alone(fakes: Fakes) -> None:
    """The manifest of a Pod without an owner has the token's volume, for root alone, and another user."""
    pod = fakes.pod
    pod["metadata"].pop("ownerReferences", None)
    source = {"serviceAccountToken": {"audience": "sts.amazonaws.com", "path": "token"}}
    projected = {"defaultMode": 0o400, "sources": [source]}
    pod["spec"].setdefault("volumes", []).append({"name": "aws-iam-token", "projected": projected})
    container(fakes)["securityContext"] = {"runAsUser": 1000}
    pod["spec"]["containers"].append({"name": "logs", "image": "busybox"})


NO_ROLE: dict[str, Any] = {
    "role": NotFound(code="NoSuchEntity", server_message="no", status=404),
    "assume_role": NOT_AUTHORIZED,
}
LEADS_TO: dict[str, tuple[tuple[Callable[[Fakes], Any], ...], dict[str, Any], Outcome, str]] = {
    # what is wrong: (how, what the servers refuse, where the fix leads to, the check that is named then)
    "no provider": ((no_provider,), {"assume_role": NO_PROVIDER}, SHOULD_WORK, ""),
    "no provider and another subject": (
        *((no_provider, other_subject), {"assume_role": NO_PROVIDER}),
        *(NEXT, "trust.subject"),
    ),
    "another subject": ((other_subject,), {"assume_role": NOT_AUTHORIZED}, SHOULD_WORK, ""),
    "another subject and no permission": (
        *((other_subject, lambda f: f.policies.clear()), {"assume_role": NOT_AUTHORIZED}),
        *(NEXT, "access.policy"),
    ),
    "no permission": ((lambda f: f.policies.clear(),), {"list_buckets": DENIED}, WORKS, ""),
    "no permission, which the organization allows": ((within_an_organization,), {"list_buckets": DENIED}, WORKS, ""),
    "static keys": ((FIXES["static keys"][0],), {}, WORKS, ""),
    "static keys and a profile": (
        (FIXES["static keys"][0], lambda f: add_variable(f, "AWS_PROFILE")),
        *({}, WORKS, "pod.static_keys"),
    ),
    "no provider, and what an organization denies": (
        *((no_provider, by_organization), {"assume_role": NO_PROVIDER}),
        *(NEXT, "access.policy"),
    ),
    "no role": ((), NO_ROLE, NEXT, "access.policy"),
    "a near role": ((lambda f: mistyped_role(f, trust_policy()),), NO_ROLE, SHOULD_WORK, ""),
    "a near role that does not admit it": ((lambda f: mistyped_role(f, NODE),), NO_ROLE, NEXT, "trust.provider"),
    "a program that keeps ending": ((other_subject, keeps_ending), {"assume_role": NOT_AUTHORIZED}, SHOULD_WORK, ""),
    "a program that has ended": (
        *((other_subject, has_failed), {"assume_role": NOT_AUTHORIZED}),
        *(NEXT, "pod.running"),
    ),
    "no provider, and Pod Identity": (
        *((no_provider, by_pod_identity), {"assume_role": NO_PROVIDER}),
        *(NEXT, "pod.pod_identity"),
    ),
    "not restarted": ((FIXES["not restarted"][0],), {}, SHOULD_WORK, ""),
    "the label": ((FIXES["skip label"][0],), {}, WORKS, ""),
    "the path omitted": ((FIXES["path omitted"][0],), {"assume_role": NOT_AUTHORIZED}, SHOULD_WORK, ""),
    "a container that is skipped": ((FIXES["skipped container"][0],), {}, SHOULD_WORK, ""),
    "the label and a volume for root alone": (
        *((FIXES["skip label"][0], for_root_alone), {}),
        *(NEXT, "pod.token_readable"),
    ),
}


@pytest.mark.parametrize("name", LEADS_TO)
def test_a_fix_leads_to(name: str) -> None:
    spoils, errors, prospect, check_id = LEADS_TO[name]
    foretold = spoilt(*spoils, **errors).prediction
    assert foretold is not None
    assert (foretold.outcome, foretold.check.id if foretold.check else "") == (prospect, check_id)


def test_what_reading_decides_and_was_not_read_leaves_open_whether_it_works() -> None:
    """A role of another account, to which we gave a provider, may not accept the ServiceAccount."""
    fakes = healthy()
    annotated(fakes, ROLE.replace(ACCOUNT, "444455556666"))
    fakes.pod = fakes.mutated(bare_pod())
    fakes.errors.update(NO_ROLE | {"assume_role": NO_PROVIDER})
    found = examined(fakes)
    foretold = found.prediction
    assert found.fix is not None
    assert foretold is not None
    assert (found.fix.id, foretold.outcome) == ("create_provider_there", Outcome.UNKNOWN)
    assert "role.exists" in {check.id for check in foretold.unknown}
    for language in LANGUAGES:
        words = load(language)
        text = "\n".join(doctor_text.of_diagnosis(found, words))
        assert words.message("doctor.prediction.unknown") in text
        assert words.message("doctor.prediction.should_work") not in text


def test_what_was_not_read_may_fail_before_the_next_broken_link() -> None:
    """No Pod shows which role is meant, so the annotation's other key does, whose role was not read."""
    fakes = healthy()
    fakes.pod["spec"] = bare_pod()["spec"]
    container(fakes)["env"] = [{"name": "AWS_ACCESS_KEY_ID", "value": "AKIA"}]
    fakes.service_account["metadata"]["annotations"] = {"eks.amazonaws.com/rolearn": OTHER}
    foretold = examined(fakes).prediction
    assert foretold is not None
    assert foretold.check is not None
    unknown = [check.id for check in foretold.unknown]
    assert (foretold.outcome, foretold.check.id, "role.exists" in unknown) == (NEXT, "pod.static_keys", True)


def test_without_the_clusters_issuer_the_prediction_has_the_one_that_the_role_trusts() -> None:
    """With none STS would have no provider for it."""
    fakes = healthy()
    FIXES["static keys"][0](fakes)
    fakes.errors["cluster_discovery"] = FORBIDDEN
    foretold = examine(consented(fakes.ports(), NOTHING), SUBJECT).prediction
    assert foretold is not None
    assert (foretold.outcome, "issuer.discovery" in {check.id for check in foretold.unknown}) == (Outcome.UNKNOWN, True)


def test_a_kubelet_that_renews_no_token_may_get_none_for_a_new_pod() -> None:
    foretold = spoilt(FIXES["static keys"][0], not_renewed).prediction
    assert foretold is not None
    assert (foretold.outcome, "token.file" in {check.id for check in foretold.unknown}) == (SHOULD_WORK, True)


def test_an_action_that_was_asked_for_is_judged_on_the_copy_too() -> None:
    """Before the fix there was no role by which it could be judged."""
    fakes = healthy()
    fakes.errors.update(role=NotFound(code="NoSuchEntity", server_message="no", status=404), assume_role=NOT_AUTHORIZED)
    ports, needed = fakes.ports(), AskedAction(action="dynamodb:GetItem", resource=f"arn:aws:dynamodb:::{ACCOUNT}")
    walk = Walk(subject=SUBJECT, reports=tuple(walk_through(ports, SUBJECT, (needed,))))
    foretold = diagnose(ports, walk).prediction
    assert foretold is not None
    assert foretold.check is not None
    assert (foretold.check.id, "dynamodb:GetItem" in foretold.check.got) == ("access.policy", True)


def test_what_an_organization_denies_is_denied_after_the_fix_too() -> None:
    fakes = healthy()
    other_subject(fakes)
    fakes.errors["assume_role"] = NOT_AUTHORIZED
    found = examined(fakes)
    copy = copied(found)
    copy.documents["permission_decision"] = {
        "action": "s3:ListAllMyBuckets",
        "resource": "*",
        "reason": "implicit-deny",
        "allowed": False,
        "organization_allows": False,
        "denied": [{"action": "s3:ListAllMyBuckets", "resource": "*"}],
    }
    denied = dataclasses.replace(
        copy.check("access.policy"), status=Status.FAILED, expected="allow: s3:ListAllMyBuckets"
    )
    copy.checks = {**copy.checks, "access.policy": denied}
    assert copy.asked == (AskedAction(action="s3:ListAllMyBuckets", resource="*"),)
    aws = ports_of(copy).aws
    assert aws.simulate(ROLE, ["s3:GetObject"], "*", {}) == []
    (answer,) = aws.simulate(ROLE, ["s3:ListAllMyBuckets", "s3:GetObject"], "*", {})
    assert (answer["EvalDecision"], answer["OrganizationsDecisionDetail"]["AllowedByOrganizations"]) == (
        *("implicitDeny", False),
    )


def test_what_only_a_run_shows_is_said_to_be_unknown() -> None:
    """A program that has ended does not run again."""
    running = {"name": "aws-cli", "state": {"running": {}}}
    for phase, status, opened in (
        ("Running", running, (Open.STS, Open.PROGRAM)),
        ("Succeeded", ended(0), (Open.STS,)),
    ):
        state = {"phase": phase, "containerStatuses": [status]}
        foretold = spoilt(no_provider, lambda f, it=state: f.pod.update(status=it), assume_role=NO_PROVIDER).prediction
        assert foretold is not None
        assert foretold.open == opened
    foretold = spoilt(FIXES["static keys"][0]).prediction
    assert foretold is not None
    assert foretold.open == (Open.PROGRAM,)


def test_a_fix_that_only_shows_where_to_look_has_no_prediction() -> None:
    found = spoilt(FIXES["the API server lists another key"][0])
    assert (found.fix is None, found.prediction) == (False, None)


@pytest.mark.parametrize(
    "fix",
    [
        Fix(id="x", change=Change(kind="Namespace", name="default", before={}, after={"metadata": {}}), recreates=True),
        Fix(id="x", commands=("kubectl get pods",)),
        Fix(id="x", commands=("kubectl apply -f -", "kubectl rollout restart deployment/web"), recreates=True),
    ],
    ids=["another kind of object", "a look", "something, and a new Pod"],
)
def test_a_fix_of_which_the_copy_does_not_know_what_it_does_is_not_tried(fix: Fix) -> None:
    assert not apply(copied(spoilt(other_subject, assume_role=NOT_AUTHORIZED)), fix)


def test_a_fix_that_changes_nothing_on_the_copy_has_no_prediction() -> None:
    found = spoilt(other_subject, assume_role=NOT_AUTHORIZED)
    copy, cause = copied(found), found.verdict.check
    assert cause is not None
    assert apply(copy, Fix(id="x", commands=("kubectl rollout restart deployment/web",), recreates=True))
    again = examine(ports_of(copy), SUBJECT)
    assert predict(copy, again.walk, again.checks, cause=cause, later=()) is None


def test_nothing_to_fix_has_no_prediction() -> None:
    assert examined(healthy()).prediction is None


def test_a_saved_diagnosis_has_the_same_prediction() -> None:
    found = spoilt(no_provider, other_subject, assume_role=NO_PROVIDER)
    opened = diagnosis_file.load(diagnosis_file.save(found))
    assert opened.prediction == found.prediction is not None


def test_keys_that_a_secret_sets_are_empty_in_the_pod_that_the_fix_makes() -> None:
    fakes = healthy()
    container(fakes).update(envFrom=[{"secretRef": {"name": "s"}}])
    fakes.files["env"] = Execution(stdout="AWS_ACCESS_KEY_ID=AKIA\nAWS_SECRET_ACCESS_KEY=x\n", stderr="", exit_code=0)
    found = examined(fakes)
    assert found.fix is not None
    assert found.prediction is not None
    assert (found.fix.id, found.prediction.outcome) == ("empty_keys", WORKS)


@pytest.mark.parametrize("beside", [(), ({"name": "logs", "state": {"running": {}}},)])
def test_a_pod_that_has_failed_and_stays_failed_is_run_again(beside: Any) -> None:
    """Also where another container still runs, so that the Pod does."""
    fakes = healthy()
    other_subject(fakes)
    fakes.errors["assume_role"] = NOT_AUTHORIZED
    fakes.pod["metadata"].pop("ownerReferences")
    fakes.pod["spec"]["restartPolicy"] = "Never"
    fakes.pod["status"] = {"phase": "Running" if beside else "Failed", "containerStatuses": [ended(1), *beside]}
    denied = "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: no"
    fakes.logs.update({"": denied, "aws-cli": denied, "logs": ""})
    found = examined(fakes)
    assert found.fix is not None
    assert found.prediction is not None
    assert (found.fix.id, found.fix.then, found.fix.recreates) == ("trust", "run_again", True)
    assert found.fix.commands[-1].endswith("kubectl -n default replace --force -f -")
    assert found.prediction.outcome is SHOULD_WORK


def test_a_role_that_is_made_under_a_path_has_the_annotated_arn() -> None:
    fakes = healthy()
    annotated(fakes, f"arn:aws:iam::{ACCOUNT}:role/team/blue/s3-reader")
    fakes.errors.update(role=NotFound(code="NoSuchEntity", server_message="no", status=404), assume_role=NOT_AUTHORIZED)
    fix = examined(fakes).fix
    assert fix is not None
    assert " --role-name s3-reader --path /team/blue/ " in fix.commands[0]


# --- the role that is meant ------------------------------------------------------------------------------------------


LIKE = trust_policy(StringLike={f"{HOST}:sub": "system:serviceaccount:default:*"})
OTHER = ROLE.replace("s3-reader", "other")
ROLES: dict[str, tuple[list[Any], str, tuple[str, ...], str]] = {
    # the roles of the account: (the fix, what it lists, the ARN in its commands)
    "one": ([role("s3-reader", trust_policy()), role("node", NODE)], "found_role", (), ROLE),
    "one, and one for all": ([role("s3-reader", trust_policy()), role("other", LIKE)], "found_role", (), ROLE),
    "one for all": ([role("other", LIKE)], "choose_role", (OTHER,), "ROLE_ARN"),
    "two": (
        [role("s3-reader", trust_policy()), role("other", trust_policy())],
        *("choose_role", (ROLE, OTHER), "ROLE_ARN"),
    ),
    "none": ([role("node", NODE)], "no_role", (), "ROLE_ARN"),
}


@pytest.mark.parametrize("annotations", [{}, {ANNOTATION: "arn:aws:iam::policy/s3-reader"}, {ANNOTATION: "ROLE_ARN"}])
@pytest.mark.parametrize("name", ROLES)
def test_the_role_that_lets_the_service_account_in_is_filled_in(name: str, annotations: dict[str, str]) -> None:
    fakes = healthy()
    fakes.service_account["metadata"]["annotations"] = annotations
    fakes.pod = bare_pod()
    fakes.roles, fix_id, choices, arn = ROLES[name]
    found = examined(fakes)
    assert found.fix is not None
    assert (found.fix.id, found.fix.choices) == (fix_id, choices)
    assert any(command.endswith(f"{ANNOTATION}={arn}") for command in found.fix.commands)
    if fix_id == "found_role":
        assert found.prediction is not None
        assert found.prediction.outcome is SHOULD_WORK
    else:
        assert found.prediction is None


def test_where_roles_may_not_be_listed_the_command_looks_for_them() -> None:
    fakes = healthy()
    fakes.service_account["metadata"]["annotations"] = {}
    fakes.pod = bare_pod()
    fakes.errors["roles"] = NotPermitted(code="AccessDenied", server_message="no", status=403)
    fix = examined(fakes).fix
    assert fix is not None
    assert fix.id == "find_role"


def test_roles_are_listed_only_where_the_annotation_names_none() -> None:
    ports = healthy().ports()
    examine(ports, SUBJECT)
    assert "roles" not in {exchange.url for exchange in ports.aws.exchanges()}


# --- how it is shown -------------------------------------------------------------------------------------------------


def plain(html: str) -> str:
    """As the sentences are written: of HTML with spaces that allow no break."""
    return unescape(html).replace("\u00a0", " ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_stands_beside_the_fix_wherever_that_is_shown(language: str) -> None:
    words = load(language)
    found = spoilt(no_provider, other_subject, assume_role=NO_PROVIDER)
    shown = prediction_words.prediction(found, words)
    assert shown is not None
    assert shown.next is not None
    text = "\n".join(doctor_text.of_diagnosis(found, words))
    assert shown.sentence in text
    assert shown.sentence in plain(page.of_diagnosis(found, words))
    assert shown.sentence in plain(drawn.fix(found, words))
    assert text.count(shown.next.expected) > 1
    assert value(shown.next.expected) in drawn.fix(found, words)
    foretold = json.loads(json.dumps(document.of_diagnosis(found, words)))["prediction"]
    assert (foretold["outcome"], foretold["check"], foretold["message"]) == ("broken", "trust.subject", shown.sentence)
    assert SUB in foretold["expected"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_before_it_runs_is_listed(language: str) -> None:
    words = load(language)
    found = spoilt(no_provider, assume_role=NO_PROVIDER)
    sts = words.message("doctor.prediction.sts")
    text = "\n".join(doctor_text.of_diagnosis(found, words))
    for one in (text, page.of_diagnosis(found, words), drawn.fix(found, words)):
        assert sts in plain(one)
    assert sts in document.of_diagnosis(found, words)["prediction"]["unknown"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
EVIDENCE = sorted(
    {name for report in examined(healthy()).walk for name in report.evidence}
    | {"workload", "recent_failures", "admitting_roles", "role_found", "asked_actions", "denied_calls", "pods"}
    | {"permission_decision", "other_credentials", "regions", "pod_events", "namespace_labels", "webhook_service"}
)


@settings(max_examples=examples(100))
@given(name=st.sampled_from(EVIDENCE), junk=_JSON, case=st.sampled_from(sorted(FIXES)), now=st.floats())
@example(name=EVIDENCE[0], junk=None, case="bare name", now=-62_135_596_801.0)  # before the year 1
def test_no_evidence_can_break_it(name: str, junk: Any, case: str, now: float) -> None:
    found = spoilt(FIXES[case][0])
    reports = tuple(
        dataclasses.replace(
            report, evidence={**report.evidence, name: junk} if name in report.evidence else report.evidence
        )
        for report in found.walk
    )
    opened = dataclasses.replace(
        found,
        walk=dataclasses.replace(found.walk, reports=reports),
        evidence={**found.evidence, name: junk},
        read_at=now,
    )
    assert opened.prediction is None or opened.prediction.outcome in Outcome


# --- a dry run of the fix, and fixes that would do nothing -----------------------------------------------------------


def bare_label(fakes: Fakes) -> None:
    fakes.pod["metadata"]["labels"]["eks.amazonaws.com/skip-pod-identity-webhook"] = "true"


def test_the_pod_of_the_fix_is_admitted_in_a_dry_run() -> None:
    fakes = healthy()
    bare_label(fakes)
    found = examined(fakes)
    assert found.fix is not None
    assert found.fix.id == "remove_label"
    assert "eks.amazonaws.com/skip-pod-identity-webhook" not in fakes.dry_runs[-1]["metadata"]["labels"]
    assert "pod_fixed" in found.evidence


def test_a_pod_of_the_fix_that_is_not_admitted_is_what_comes_next() -> None:
    class Picky(FakeCluster):
        def dry_run_pod(self, namespace: str, pod: Any) -> Any:
            if pod["metadata"]["labels"].keys() == {"app", "pod-template-hash"}:
                raise Refused(code="Forbidden", server_message="a policy wants the label", status=403)
            return super().dry_run_pod(namespace, pod)

    fakes = healthy()
    bare_label(fakes)
    found = examine(dataclasses.replace(fakes.ports(), cluster=Picky(fakes)), SUBJECT)
    foretold = found.prediction
    assert foretold is not None
    assert foretold.check is not None
    assert (foretold.outcome, foretold.check.id, foretold.server_message) == (
        NEXT,
        "webhook.dry_run",
        "a policy wants the label",
    )
    assert "a policy wants the label" in "\n".join(doctor_text.of_diagnosis(found, load("en")))


def test_without_consent_no_dry_run_is_made_for_it() -> None:
    fakes = healthy()
    bare_label(fakes)
    found = examine(consented(fakes.ports(), NOTHING), SUBJECT)
    assert fakes.dry_runs == []
    assert found.prediction is not None
    assert found.prediction.outcome is SHOULD_WORK


def test_a_change_of_the_service_account_is_tried_by_the_api_server() -> None:
    fakes = healthy()
    annotated(fakes, "")
    found = examined(fakes)
    assert {"metadata": {"annotations": {ROLE_ARN: ROLE}}} in fakes.dry_runs
    foretold = found.prediction
    assert foretold is not None
    assert (foretold.accepted, foretold.refused) == (("ServiceAccount default/my-sa",), "")
    text = "\n".join(doctor_text.of_diagnosis(found, load("en")))
    assert load("en").message("doctor.prediction.accepted", objects="ServiceAccount default/my-sa") in text
    assert load_snapshot(save(found).encode()).prediction == foretold


def test_a_change_that_the_api_server_refuses_leads_nowhere() -> None:
    fakes = healthy()
    annotated(fakes, "")
    said = 'admission webhook "policy" denied the request: roles are for the platform team'
    fakes.errors["dry_run_patch"] = Refused(code="Forbidden", server_message=said, status=403)
    found = examined(fakes)
    foretold = found.prediction
    assert foretold is not None
    assert foretold.check == found.verdict.check
    assert (foretold.outcome, foretold.step, foretold.server_message) == (NEXT, found.verdict.step, said)
    for report in (doctor_text.of_diagnosis, verdict_text.briefly):
        text = "\n".join(report(found, load("en")))
        assert load("en").message("doctor.prediction.refused", object="ServiceAccount default/my-sa") in text
        assert said in text


def test_what_an_admission_rule_takes_out_again_is_still_what_is_broken() -> None:
    class Stripping(FakeCluster):
        def dry_run_patch(self, namespace: str, kind: Any, name: str, patch: Any) -> Any:
            return {"metadata": {"name": name, "annotations": {ROLE_ARN: ""}}}

    fakes = healthy()
    annotated(fakes, "")
    found = examine(dataclasses.replace(fakes.ports(), cluster=Stripping(fakes)), SUBJECT)
    assert found.prediction is not None
    assert found.verdict.check is not None
    assert (found.prediction.outcome, found.prediction.check and found.prediction.check.id) == (
        NEXT,
        found.verdict.check.id,
    )


@pytest.mark.parametrize(
    "error",
    [
        NotPermitted(code="Forbidden", server_message='cannot patch resource "serviceaccounts"', status=403),
        Unreachable(code="timed_out", server_message=""),
        NotFound(code="NotFound", server_message="", status=404),
    ],
)
def test_where_we_may_not_try_a_change_the_prediction_is_that_of_the_copy(error: Any) -> None:
    fakes = healthy()
    annotated(fakes, "")
    asked = examine(consented(fakes.ports(), NOTHING), SUBJECT).prediction
    fakes.errors["dry_run_patch"] = error
    found = examine(consented(fakes.ports(), frozenset({Action.DRY_RUN})), SUBJECT).prediction
    assert found is not None
    assert asked is not None
    assert (found.outcome, found.accepted, found.refused) == (asked.outcome, (), "")


@pytest.mark.parametrize(("error", "tried"), [(FORBIDDEN, True), (NOT_AUTHORIZED, False)])
def test_the_pod_of_a_fix_is_tried_unless_its_workload_is_refused(error: FlowError, tried: bool) -> None:
    assert ("pod_fixed" in spoilt(bare_label, dry_run_patch=error).evidence) is tried


def test_a_change_of_a_workload_is_a_patch_of_its_template() -> None:
    fakes = healthy()
    bare_label(fakes)
    found = examined(fakes)
    assert found.fix is not None
    assert found.fix.change is not None
    assert found.fix.change.kind == "Deployment"
    label = {"eks.amazonaws.com/skip-pod-identity-webhook": None}
    assert {"spec": {"template": {"metadata": {"labels": label}}}} in fakes.dry_runs
    assert found.prediction is not None
    assert found.prediction.accepted == (found.fix.change.object, "Pod")
    assert get(found.evidence, "object_fixed", "spec") is None


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "c": 3}, {"b": None, "c": 3}),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": []}, {"env": [{"$patch": "delete", "name": "A"}]}),
        (
            {"containers": [{"name": "app", "image": "x", "args": ["a", "b"]}]},
            {"containers": [{"name": "app", "image": "x", "args": ["a"]}]},
            {"containers": [{"name": "app", "args": ["a"]}]},
        ),
        (
            {"volumeMounts": [{"name": "t", "mountPath": "/a"}]},
            {"volumeMounts": [{"name": "t", "mountPath": "/b"}]},
            {
                "volumeMounts": [
                    {"name": "t", "mountPath": "/b"},
                    {"$patch": "delete", "mountPath": "/a"},
                ]
            },
        ),
        ({"env": [{"name": "A", "valueFrom": {"x": 1}}]}, {"env": [{"name": "A", "value": "1"}]},
         {"env": [{"name": "A", "valueFrom": None, "value": "1"}]}),
    ],
)  # fmt: skip
def test_two_documents_make_a_strategic_merge_patch(before: Any, after: Any, patch: Any) -> None:
    assert patch_of(before, after) == patch


def test_an_annotation_that_is_there_and_empty_is_overwritten() -> None:
    fakes = healthy()
    annotated(fakes, "")
    fix = examined(fakes).fix
    assert fix is not None
    assert " --overwrite " in fix.commands[0]


def for_seconds(fakes: Fakes, duration: str) -> None:
    words = [
        "sts",
        "assume-role-with-web-identity",
        "--web-identity-token",
        "file:///t",
        "--duration-seconds",
        duration,
    ]
    container(fakes)["args"] = words
    fakes.talk = []


def test_a_session_that_no_role_allows_is_shortened() -> None:
    fix = spoilt(lambda fakes: for_seconds(fakes, "43201")).fix
    assert fix is not None
    assert (fix.id, '"--duration-seconds", "3600"' in fix.commands[0]) == ("shorter_session", True)


def test_a_session_that_a_role_may_allow_is_allowed() -> None:
    found = spoilt(lambda fakes: for_seconds(fakes, "43200"))
    assert found.fix is not None
    assert found.fix.change is not None
    (command,) = found.fix.commands
    assert (found.fix.id, command) == (
        *("longer_sessions", "aws iam update-role --role-name s3-reader --max-session-duration 43200"),
    )
    allowed = (found.fix.change.before, found.fix.change.after)
    assert allowed == ({"MaxSessionDuration": 3600}, {"MaxSessionDuration": 43200})


@pytest.mark.parametrize("word", ["²", "9" * 5000])
def test_a_number_that_is_none_breaks_nothing(word: str) -> None:
    """In a manifest, and in the file of a diagnosis that another program has written."""
    found = spoilt(lambda fakes: (for_seconds(fakes, word), container(fakes).update(image=f"aws-cli:1.16.{word}")))
    assert (found.verdict.outcome, found.fix) == (WORKS, None)
    saved = save(spoilt(lambda fakes: for_seconds(fakes, "43200"))).replace('"got": "43200"', f'"got": "{word}"')
    assert load_snapshot(saved.encode()).fix is not None


@pytest.mark.parametrize("providers", [[], [f"arn:aws:iam::{ACCOUNT}:oidc-provider/example.com"]])
def test_a_new_provider_is_there_also_where_no_role_is_annotated(providers: list[str]) -> None:
    fakes = healthy()
    fakes.service_account["metadata"]["annotations"] = {}
    fakes.pod, fakes.providers = bare_pod(), providers
    found = examined(fakes)
    assert found.fix is not None
    assert found.prediction is not None
    assert found.prediction.check is not None
    assert (found.fix.id, found.prediction.check.id) == ("create_provider", "service_account.annotation")


@pytest.mark.parametrize("own", [False, True])
def test_a_command_line_that_names_another_role_than_the_annotation_is_corrected(own: bool) -> None:
    """Only where STS has refused it: a second role may be intended."""
    fakes = healthy()
    words = ["sts", "assume-role-with-web-identity", "--role-arn", ROLE if own else OTHER, "--web-identity-token", "x"]
    container(fakes)["args"] = words
    fakes.talk = []
    fakes.pod["status"] = {"phase": "Failed", "containerStatuses": [ended(254)]}
    fakes.logs[""] = (
        "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: "
        "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    )
    found = examined(fakes)
    assert found.fix is not None
    assert (found.fix.id == "asked_role", f'"--role-arn", "{ROLE}"' in found.fix.commands[0]) == (not own, not own)
    fakes.logs[""] = "done"
    fakes.pod["status"] = {"phase": "Running", "containerStatuses": [ended(0)]}
    assert examined(fakes).fix is None


@pytest.mark.parametrize(
    ("said", "fix_id"),
    [
        ("because no permissions boundary allows the s3:ListAllMyBuckets action", "boundary"),
        ("for a reason of its own", "organization"),
    ],
)
def test_what_the_policies_allow_already_is_not_given_once_more(said: str, fix_id: str) -> None:
    found = spoilt(list_buckets=Refused(code="AccessDenied", server_message=said, status=403))
    assert found.fix is not None
    assert (found.fix.id, found.prediction) == (fix_id, None)
