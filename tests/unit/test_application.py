"""What the Pod's own program got, what it asked for, and its user: each rule by itself, and what it convicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.content import LANGUAGES, load
from app.flow.doctor import Diagnosis, examine
from app.flow.errors import NotFound, NotPermitted, Refused
from app.flow.model import Exchange, Status, Step
from app.flow.names import API_TOKEN
from app.flow.port_wrappers.consent import ALL, Action, consented
from app.flow.redaction import MASK
from app.flow.verdict.judge import Outcome
from app.report import verdict_words
from tests.unit.fake_ports import ACCOUNT, DIRECTORY, HOST, NOW, ROLE, SUBJECT, Fakes, token, trust_policy
from tests.unit.test_doctor import annotated, bare, check, container, ended, healthy, posted
from tests.unit.test_steps import condition

PASSED, WARNING, FAILED, UNKNOWN, NOT_REACHED = (
    *(Status.PASSED, Status.WARNING, Status.FAILED),
    *(Status.UNKNOWN, Status.NOT_REACHED),
)
OTHER = "444455556666"
USER = f"arn:aws:iam::{ACCOUNT}:user/ci"
NODE = f"arn:aws:sts::{ACCOUNT}:assumed-role/NodeInstanceRole/i-0d65729d6d09d2540"
LISTED = "is not authorized to perform: s3:ListAllMyBuckets because no identity-based policy allows it"
NOT_AUTHORIZED = (
    "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: "
    "Not authorized to perform sts:AssumeRoleWithWebIdentity"
)
EXPIRED = (
    "An error occurred (ExpiredTokenException) when calling the AssumeRoleWithWebIdentity operation: "
    "Token expired: current date/time 2 must be before the expiration date/time 1"
)
TOO_LONG = (
    "An error occurred (ValidationError) when calling the AssumeRoleWithWebIdentity operation: "
    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
)
GENERIC = "The web identity token provided could not be validated."
TIMEOUT = 'Connect timeout on endpoint URL: "https://sts.ap-northeast-1.amazonaws.com/"'


def denied(principal: str) -> str:
    return f"An error occurred (AccessDenied) when calling the ListBuckets operation: User: {principal} {LISTED}"


def printed(fakes: Fakes, said: str, code: int = 254) -> None:
    """The program failed with these words, and nobody heard what it sent."""
    fakes.logs[""] = f"starting\n\naws: [ERROR]: {said}\n"
    fakes.pod["status"]["containerStatuses"] = [ended(code)]
    fakes.talk = []


def arguments(fakes: Fakes, *words: str) -> None:
    """The program's command line; nobody heard what it sent."""
    container(fakes)["args"] = ["sts", "assume-role-with-web-identity", *words]
    fakes.talk = []


def refuse(fakes: Fakes, code: str, said: str) -> None:
    fakes.errors["assume_role"] = Refused(code=code, server_message=said, status=400)


def got_from(callee: str, path: str) -> Exchange:
    return Exchange(caller="pod", callee=callee, method="GET", url=f"http://127.0.0.1{path}", source="10.0.0.7")


def examined(fakes: Fakes) -> Diagnosis:
    return examine(fakes.ports(), SUBJECT)


def running(fakes: Fakes, log: str) -> None:
    """The program still runs, and has printed this."""
    fakes.logs[""] = log
    fakes.pod["status"]["containerStatuses"] = [{"name": "aws-cli", "state": {"running": {}}, "containerID": "c"}]


def waiting(fakes: Fakes, *events: str) -> None:
    """The container was never started; the kubelet says why."""
    status = {"name": "aws-cli", "state": {"waiting": {"reason": "ContainerCreating"}}}
    fakes.pod["status"]["containerStatuses"] = [status]
    fakes.talk = []
    fakes.events = [
        {"type": "Warning", "reason": "FailedMount", "message": said, "lastTimestamp": f"2026-11-24T10:00:0{place}Z"}
        for place, said in enumerate(events)
    ]


CASES: dict[str, tuple[Callable[[Fakes], Any], str, Status, str]] = {
    # what is so: (how, the check, its status, a part of what it got)
    "ended well": (lambda f: None, "pod.application", PASSED, "exit 0"),
    "failed": (lambda f: printed(f, NOT_AUTHORIZED), "pod.application", FAILED, "exit 254"),
    "failed without a word of AWS": (
        lambda f: (printed(f, ""), f.logs.update({"": "Segmentation fault"})),
        "pod.application",
        UNKNOWN,
        "",
    ),
    "runs, and has said nothing": (lambda f: running(f, "listening on 80\n"), "pod.application", UNKNOWN, ""),
    "runs, and an error was its last word": (
        lambda f: running(f, f"up\n{NOT_AUTHORIZED}\n"),
        "pod.application",
        FAILED,
        "running",
    ),
    "runs on after an error": (
        lambda f: running(f, f"{NOT_AUTHORIZED}\nretried\nok\n"),
        "pod.application",
        UNKNOWN,
        "",
    ),
    "was never started": (lambda f: waiting(f), "pod.application", UNKNOWN, ""),
    "its log may not be read": (
        lambda f: (
            printed(f, "x"),
            f.errors.update(pod_log=NotPermitted(code="Forbidden", server_message="pods/log is forbidden", status=403)),
        ),
        "pod.application",
        UNKNOWN,
        "",
    ),
    "the newest image": (lambda f: None, "pod.sdk", PASSED, "amazon/aws-cli:latest"),
    "an image from before web identity": (
        lambda f: container(f).update(image="docker.io/amazon/aws-cli:1.16.231"),
        "pod.sdk",
        FAILED,
        "aws-cli:1.16.231",
    ),
    "the first image with web identity": (
        lambda f: container(f).update(image="amazon/aws-cli:1.16.232"),
        "pod.sdk",
        PASSED,
        "1.16.232",
    ),
    "an image by its digest": (
        lambda f: container(f).update(image="amazon/aws-cli:2.0.6@sha256:1"),
        "pod.sdk",
        PASSED,
        "2.0.6",
    ),
    "an image that says nothing": (lambda f: container(f).update(image="web:1.0.0"), "pod.sdk", UNKNOWN, ""),
    "the mounted token": (lambda f: None, "pod.token_used", PASSED, "aud sts.amazonaws.com"),
    "the token for the API server": (
        lambda f: setattr(f, "talk", [posted(token(aud=["https://kubernetes.default.svc"]))]),
        "pod.token_used",
        FAILED,
        "aud https://kubernetes.default.svc",
    ),
    "the audience that the API server chose for an empty annotation": (
        lambda f: (
            f.service_account["metadata"]["annotations"].update({"eks.amazonaws.com/audience": ""}),
            setattr(f, "talk", [posted(token(aud=["https://kubernetes.default.svc"]))]),
        ),
        "pod.token_used",
        PASSED,
        "aud https://kubernetes.default.svc",
    ),
    "the file of the API server's token": (
        lambda f: arguments(f, "--web-identity-token", f"file://{API_TOKEN}"),
        "pod.token_used",
        FAILED,
        API_TOKEN,
    ),
    "an older token that was taken": (
        lambda f: setattr(f, "talk", [posted(token(iat=NOW - 80_000))]),
        "pod.token_used",
        PASSED,
        f"iat {NOW - 80_000}",
    ),
    "an older token that has expired": (
        lambda f: setattr(
            f, "talk", [posted(token(iat=NOW - 90_000, exp=NOW - 4_000), "<Code>ExpiredTokenException</Code>")]
        ),
        "pod.token_used",
        FAILED,
        f"exp {NOW - 4_000}",
    ),
    "an expired token, by the program's own words": (
        lambda f: printed(f, EXPIRED),
        "pod.token_used",
        FAILED,
        "ExpiredTokenException",
    ),
    "a session's name that STS refuses, also where the request was seen": (
        lambda f: container(f)["env"].append({"name": "AWS_ROLE_SESSION_NAME", "value": "a b"}),
        "pod.request",
        WARNING,
        "aws-cli: AWS_ROLE_SESSION_NAME=a b",
    ),
    "a damaged token": (lambda f: setattr(f, "talk", [posted("eyJhbGciOi")]), "pod.token_used", FAILED, "10"),
    "another Pod's request": (
        lambda f: setattr(f, "pod", {**f.pod, "status": {**f.pod["status"], "podIP": "10.0.0.8"}}),
        "pod.token_used",
        UNKNOWN,
        "",
    ),
    "a Pod without an address of its own": (
        lambda f: f.pod["spec"].update(hostNetwork=True),
        "pod.request",
        UNKNOWN,
        "",
    ),
    "asked as it should": (lambda f: None, "pod.request", PASSED, "AssumeRoleWithWebIdentity"),
    "the path, by the command line": (
        lambda f: arguments(f, "--web-identity-token", f"{DIRECTORY}/token"),
        "pod.request",
        FAILED,
        f"{DIRECTORY}/token",
    ),
    "the path, by what was sent": (
        lambda f: setattr(f, "talk", [posted(f"{DIRECTORY}/token")]),
        "pod.request",
        FAILED,
        "/var/run/secrets/eks",
    ),
    "a session that is too long": (
        lambda f: setattr(f, "talk", [posted(f.token, DurationSeconds="7200")]),
        "pod.request",
        FAILED,
        "7200",
    ),
    "a session as long as the role allows": (
        lambda f: (
            f.role.update(MaxSessionDuration=7200),
            arguments(f, "--web-identity-token", f"file://{DIRECTORY}/token", "--duration-seconds", "7200"),
        ),
        "pod.request",
        PASSED,
        "7200",
    ),
    "a session for which the role may be set, which cannot be read": (
        lambda f: (
            f.errors.update(role=NotPermitted(code="AccessDenied", server_message="no", status=403)),
            arguments(f, "--web-identity-token", f"file://{DIRECTORY}/token", "--duration-seconds", "7200"),
        ),
        "pod.request",
        UNKNOWN,
        "",
    ),
    "a session that is too long by the program's own error, for a role that cannot be read": (
        lambda f: (
            f.errors.update(role=NotPermitted(code="AccessDenied", server_message="no", status=403)),
            arguments(f, "--web-identity-token", f"file://{DIRECTORY}/token", "--duration-seconds", "7200"),
            printed(f, TOO_LONG),
        ),
        "pod.request",
        FAILED,
        "7200",
    ),
    "the node's role": (lambda f: printed(f, denied(NODE)), "pod.request", FAILED, NODE),
    "a user": (lambda f: printed(f, denied(USER)), "pod.request", FAILED, USER),
    "no credentials at all": (
        lambda f: printed(f, "Unable to locate credentials. You can configure"),
        "pod.request",
        FAILED,
        "Unable to locate credentials",
    ),
    "a chained role": (
        lambda f: printed(f, denied(f"arn:aws:sts::{OTHER}:assumed-role/next/session")),
        "pod.request",
        UNKNOWN,
        "",
    ),
    "asked the metadata service, and never STS": (
        lambda f: setattr(f, "talk", [got_from("instance-metadata", "/latest/meta-data/iam/security-credentials/r")]),
        "pod.request",
        FAILED,
        "instance-metadata",
    ),
    "nobody knows where its credentials were from": (
        lambda f: setattr(f, "talk", [got_from("s3", "/")]),
        "pod.request",
        UNKNOWN,
        "",
    ),
    "both tokens": (lambda f: None, "token.api_server", PASSED, "kubernetes.io"),
    "no token for the API server": (
        lambda f: container(f).update(
            volumeMounts=[it for it in container(f)["volumeMounts"] if "kube-api" not in it["name"]]
        ),
        "token.api_server",
        UNKNOWN,
        "",
    ),
    "runs as my-sa": (lambda f: None, "pod.service_account", PASSED, "my-sa"),
    "runs as default": (
        lambda f: (bare(f), f.pod["spec"].update(serviceAccountName="default")),
        "pod.service_account",
        FAILED,
        "default",
    ),
    "a role of this account": (lambda f: None, "service_account.account", PASSED, ACCOUNT),
    "a role of another account, that STS takes": (
        lambda f: (annotated(f, ROLE.replace(ACCOUNT, OTHER)), f.role.update(Arn=ROLE)),
        "service_account.account",
        WARNING,
        OTHER,
    ),
    "no region, and the program minds": (
        lambda f: (
            printed(f, "You must specify a region."),
            container(f).update(env=[it for it in container(f)["env"] if "REGION" not in it["name"]]),
        ),
        "pod.region",
        FAILED,
        "[]",
    ),
    "an empty region": (
        lambda f: container(f)["env"][1].update(value=""),
        "pod.region",
        WARNING,
        "AWS_REGION",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_program_does_shows_at_its_check(name: str) -> None:
    spoil, check_id, status, got = CASES[name]
    fakes = healthy()
    spoil(fakes)
    found = check(examined(fakes), check_id)
    assert (found.id, found.status) == (check_id, status)
    assert got in found.got


CONVICTED: dict[str, tuple[Callable[[Fakes], Any], str, Step, Step | None]] = {
    # what is wrong: (how, the check, where the cause lies, where it shows)
    "the node's clock": (
        lambda f: printed(f, "An error occurred (RequestTimeTooSkewed) when calling the ListBuckets operation: x"),
        "pod.application",
        Step.TOKEN_MOUNT,
        Step.ACCESS,
    ),
    "no way to STS": (lambda f: printed(f, TIMEOUT), "pod.application", Step.STS_ASSUME, Step.STS_ASSUME),
    "a chained role": (
        lambda f: printed(f, "An error occurred (AccessDenied) when calling the AssumeRole operation: User: x"),
        "pod.application",
        Step.ACCESS,
        Step.ACCESS,
    ),
    "a provider of one's own choice": (
        lambda f: printed(f, denied(NODE)),
        "pod.request",
        Step.STS_ASSUME,
        Step.ACCESS,
    ),
    "an old SDK": (
        lambda f: (printed(f, denied(NODE)), container(f).update(image="aws-cli:1.16.1")),
        "pod.sdk",
        Step.STS_ASSUME,
        Step.ACCESS,
    ),
    "static keys": (
        lambda f: (printed(f, denied(USER)), container(f)["env"].append({"name": "AWS_ACCESS_KEY_ID", "value": "A"})),
        "pod.static_keys",
        Step.WEBHOOK,
        Step.ACCESS,
    ),
    "not annotated": (
        lambda f: (printed(f, denied(NODE)), f.service_account["metadata"].update(annotations={}), bare(f)),
        "service_account.annotation",
        Step.SERVICE_ACCOUNT,
        Step.ACCESS,
    ),
    "another ServiceAccount": (
        lambda f: (
            printed(f, denied(NODE)),
            bare(f),
            f.pod["spec"].update(serviceAccountName="default"),
        ),
        "pod.service_account",
        Step.SERVICE_ACCOUNT,
        Step.ACCESS,
    ),
    "no region": (
        lambda f: (
            printed(f, "You must specify a region."),
            container(f).update(env=[it for it in container(f)["env"] if "REGION" not in it["name"]]),
        ),
        "pod.region",
        Step.WEBHOOK,
        Step.STS_ASSUME,
    ),
    "a wrong account": (
        lambda f: (
            annotated(f, ROLE.replace(ACCOUNT, OTHER)),
            setattr(f, "pod", {**f.mutated(f.pod), "status": f.pod["status"]}),
            refuse(f, "InvalidIdentityToken", GENERIC),
        ),
        "service_account.account",
        Step.SERVICE_ACCOUNT,
        Step.STS_ASSUME,
    ),
    "a wrong account, in classic words": (
        lambda f: (
            annotated(f, ROLE.replace(ACCOUNT, OTHER)),
            container(f)["env"][-2].update(value=ROLE.replace(ACCOUNT, OTHER)),
            refuse(f, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://x"),
        ),
        "service_account.account",
        Step.SERVICE_ACCOUNT,
        Step.STS_ASSUME,
    ),
    "a role that really is in another account": (
        lambda f: (
            annotated(f, ROLE.replace(ACCOUNT, OTHER)),
            f.errors.update(role=NotFound(code="NoSuchEntity", server_message="cannot be found", status=404)),
            container(f)["env"][-2].update(value=ROLE.replace(ACCOUNT, OTHER)),
            refuse(f, "InvalidIdentityToken", GENERIC),
        ),
        "sts.credentials",
        Step.OIDC_PROVIDER,
        Step.STS_ASSUME,
    ),
    "the organization": (
        lambda f: refuse(f, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
        "sts.credentials",
        Step.SERVICE_ACCOUNT,
        Step.STS_ASSUME,
    ),
    "a thumbprint, where STS asks for it": (
        lambda f: (
            f.provider.update(ThumbprintList=["0" * 40]),
            refuse(f, "InvalidIdentityToken", "certificate doesn't match configured thumbprint"),
        ),
        "provider.thumbprint",
        Step.OIDC_PROVIDER,
        Step.STS_ASSUME,
    ),
    "a token that kubelet cannot fetch": (
        lambda f: waiting(f, 'MountVolume.SetUp failed for volume "aws-iam-token" : failed to fetch token: x'),
        "token.file",
        Step.TOKEN_MOUNT,
        Step.TOKEN_MOUNT,
    ),
}


@pytest.mark.parametrize(("said", "fix_id"), [("failed to fetch token: x", "kubelet"), ("no such device", "describe")])
def test_why_the_token_is_not_mounted_says_where_to_look(said: str, fix_id: str) -> None:
    fakes = healthy()
    waiting(fakes, f'MountVolume.SetUp failed for volume "aws-iam-token" : {said}')
    fix = examined(fakes).fix
    assert (fix and fix.id) == fix_id


@pytest.mark.parametrize("name", CONVICTED)
def test_the_cause_is_named_where_it_lies_and_nothing_else_beside_it(name: str) -> None:
    spoil, check_id, lies, shows = CONVICTED[name]
    fakes = healthy()
    spoil(fakes)
    found = examined(fakes)
    verdict = found.verdict
    assert (verdict.outcome, verdict.step) == (Outcome.BROKEN, lies), verdict
    assert verdict.check is not None
    assert verdict.check.id == check_id
    assert verdict.seen is not None
    assert verdict.seen.step is shows
    assert verdict.later == ()
    assert found.fix is not None


def test_a_newer_sdk_takes_the_place_of_the_old_one_and_of_no_other_image() -> None:
    fakes = healthy()
    printed(fakes, denied(NODE))
    container(fakes).update(image="aws-cli:1.16.1")
    fakes.pod["spec"]["containers"].append({"name": "proxy", "image": "envoy:1.0"})
    fix = examined(fakes).fix
    assert fix is not None
    assert [command.partition("deployment/web ")[2] for command in fix.commands] == ["aws-cli=aws-cli:latest"]
    assert fix.change is not None
    images = [box["image"] for box in fix.change.pod["spec"]["containers"]]
    assert images == ["aws-cli:latest", "envoy:1.0"]


def test_a_program_that_keeps_an_expired_token_gets_a_new_pod_where_its_command_line_names_no_token() -> None:
    fakes = healthy()
    expired = posted(token(iat=NOW - 90_000, exp=NOW - 4_000), "<Code>ExpiredTokenException</Code>")
    fakes.talk = [expired]
    printed(fakes, EXPIRED)
    fix = examined(fakes).fix
    assert fix is not None
    assert (fix.id, fix.commands) == ("read_each_time", ("kubectl -n default rollout restart deployment/web",))


def test_an_expired_token_of_a_pod_in_which_nothing_runs_leaves_two_causes() -> None:
    fakes = healthy()
    fakes.errors["execute"] = Refused(code="InternalError", server_message="container not found", status=500)
    printed(fakes, EXPIRED)
    fix = examined(fakes).fix
    assert fix is not None
    assert (fix.id, "get deployment/web" in fix.commands[0], "journalctl" in fix.commands[-1]) == (
        *("expired_token", True, True),
    )


def test_a_token_from_the_file_that_sts_calls_expired_is_no_other_token() -> None:
    """By our clock it is valid. So it is not said that the program sends another one."""
    fakes = healthy()
    fakes.errors["assume_role"] = Refused(
        code="ExpiredTokenException", server_message="Token expired: current date/time 2 must be before 1", status=400
    )
    printed(fakes, EXPIRED)
    assert check(examined(fakes), "pod.token_used").status is UNKNOWN


def no_permissions(fakes: Fakes) -> None:
    fakes.policies.clear()
    fakes.errors["list_buckets"] = Refused(code="AccessDenied", server_message="no identity-based policy", status=403)


TWO: dict[str, tuple[Callable[[Fakes], Any], str, Step, str]] = {
    # two causes: (how, the check that is named, where it lies, the check that is listed)
    "no way to STS, no permissions": (
        lambda f: (printed(f, TIMEOUT), no_permissions(f)),
        "pod.application",
        Step.STS_ASSUME,
        "access.policy",
    ),
    "the node's clock, no permissions": (
        lambda f: (
            printed(f, "An error occurred (RequestTimeTooSkewed) when calling the X operation"),
            no_permissions(f),
        ),
        "pod.application",
        Step.TOKEN_MOUNT,
        "access.policy",
    ),
    "a thumbprint that STS minds, the trust policy": (
        lambda f: (
            f.provider.update(ThumbprintList=["0" * 40]),
            f.role["AssumeRolePolicyDocument"]["Statement"][0].update(Action="sts:AssumeRole"),
            refuse(f, "InvalidIdentityToken", "certificate doesn't match configured thumbprint"),
        ),
        "provider.thumbprint",
        Step.OIDC_PROVIDER,
        "trust.action",
    ),
    "a provider of one's own choice, no permissions": (
        lambda f: (printed(f, denied(NODE)), no_permissions(f)),
        "pod.request",
        Step.STS_ASSUME,
        "access.policy",
    ),
    "a role of the node, the trust policy": (
        lambda f: (
            printed(f, denied(NODE)),
            f.role["AssumeRolePolicyDocument"]["Statement"][0].update(Action="sts:AssumeRole"),
            refuse(f, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
        ),
        "trust.action",
        Step.SERVICE_ACCOUNT,
        "pod.request",
    ),
}


@pytest.mark.parametrize("name", TWO)
def test_of_two_causes_the_earlier_is_the_verdict_and_the_other_is_listed(name: str) -> None:
    spoil, check_id, lies, other = TWO[name]
    fakes = healthy()
    spoil(fakes)
    verdict = examined(fakes).verdict
    assert verdict.check is not None
    assert (verdict.check.id, verdict.step) == (check_id, lies)
    assert [check.id for _, check in verdict.later] == [other]


def test_an_agent_that_is_not_reached_is_no_way_to_aws() -> None:
    """EKS Pod Identity's address is on the node: without its agent nobody answers, which says nothing of STS."""
    fakes = healthy()
    container(fakes)["env"].append({"name": "AWS_CONTAINER_CREDENTIALS_FULL_URI", "value": "http://169.254.170.23/v1"})
    container(fakes)["env"] = [it for it in container(fakes)["env"] if "TOKEN_FILE" not in it["name"]]
    printed(fakes, 'Connect timeout on endpoint URL: "http://169.254.170.23/v1/credentials"')
    verdict = examined(fakes).verdict
    assert verdict.check is not None
    assert (verdict.check.id, verdict.later) == ("pod.pod_identity", ())


@pytest.mark.parametrize(("here", "remaining"), [(True, {"wrong_account"}), (False, {"provider_missing"})])
def test_a_role_of_that_name_here_tells_a_slip_from_another_account(here: bool, remaining: set[str]) -> None:
    fakes = healthy()
    annotated(fakes, ROLE.replace(ACCOUNT, OTHER))
    container(fakes)["env"][-2].update(value=ROLE.replace(ACCOUNT, OTHER))
    refuse(fakes, "InvalidIdentityToken", GENERIC)
    if not here:
        fakes.errors["role"] = NotFound(code="NoSuchEntity", server_message="cannot be found", status=404)
    verdict = examined(fakes).verdict
    assert remaining <= set(verdict.remaining)
    assert ("wrong_account" in verdict.ruled_out) is not here


def test_a_namesake_here_that_is_for_others_leaves_both_open() -> None:
    """Accounts often have roles of the same names, such as one for ExternalDNS in each."""
    fakes = healthy()
    annotated(fakes, ROLE.replace(ACCOUNT, OTHER))
    fakes.role["AssumeRolePolicyDocument"] = trust_policy(StringEquals={f"{HOST}:sub": "other"})
    container(fakes)["env"][-2].update(value=ROLE.replace(ACCOUNT, OTHER))
    refuse(fakes, "InvalidIdentityToken", GENERIC)
    verdict = examined(fakes).verdict
    assert set(verdict.remaining) >= {"provider_missing", "wrong_account"}


def test_a_role_of_another_account_that_sts_accepts_needs_no_fix() -> None:
    fakes = healthy()
    annotated(fakes, ROLE.replace(ACCOUNT, OTHER))
    container(fakes)["env"][-2].update(value=ROLE.replace(ACCOUNT, OTHER))
    found = examined(fakes)
    assert (found.verdict.outcome, found.verdict.status) == (Outcome.WORKS, WARNING)
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.fix) == ("service_account.account", None)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("said", "key"),
    [("An error occurred (RequestTimeTooSkewed) when calling the X operation", "listed_clock"), (TIMEOUT, "listed")],
)
def test_a_cause_in_another_step_than_its_check_is_explained(said: str, key: str, language: str) -> None:
    fakes, words = healthy(), load(language)
    printed(fakes, said)
    found = examined(fakes)
    step = words.message(f"steps.{found.verdict.step}.short")
    explained = words.message(f"doctor.{key}", listed=words.message("steps.access.short"), step=step)
    assert verdict_words.verdict(found, words).endswith(explained)


def test_the_words_are_those_of_the_program_letter_by_letter() -> None:
    fakes = healthy()
    printed(fakes, denied(NODE))
    seen = examined(fakes).verdict.seen
    assert seen is not None
    assert seen.text == f"aws: [ERROR]: {denied(NODE)}"
    assert seen.where == "Pod default/pod-after aws-cli log"


def test_only_the_sentence_of_a_log_is_kept_and_it_is_masked() -> None:
    fakes = healthy()
    printed(fakes, f"{denied(NODE)} {fakes.token}")
    fakes.logs[""] = f"password: hunter2\n{fakes.logs['']}\n"
    found = repr(examined(fakes))
    assert "hunter2" not in found
    assert fakes.token.rpartition(".")[2] not in found
    assert MASK in found


def test_of_several_containers_the_one_that_failed_speaks() -> None:
    fakes = healthy()
    container(fakes).update(name="web")
    fakes.pod["spec"]["containers"].append({**container(fakes), "name": "sidecar"})
    statuses = [{**ended(0), "name": "web"}, {**ended(1), "name": "sidecar"}]
    fakes.pod["status"]["containerStatuses"] = statuses
    fakes.logs["sidecar"] = NOT_AUTHORIZED
    found = check(examined(fakes), "pod.application")
    assert (found.status, found.error) == (FAILED, NOT_AUTHORIZED)
    assert found.where == "Pod default/pod-after sidecar log"


@pytest.mark.parametrize(
    ("said", "policy", "phase", "status"),
    [
        (NOT_AUTHORIZED, "Always", "Running", FAILED),
        ("listening", "Always", "Running", PASSED),
        (NOT_AUTHORIZED, "", "Running", PASSED),
        (NOT_AUTHORIZED, "Always", "Succeeded", PASSED),
    ],
)
def test_a_sidecar_speaks_while_its_program_fails(said: str, policy: str, phase: str, status: Status) -> None:
    """One among the init containers, and only there. It is ended with the Pod, whatever it said."""
    fakes = healthy()
    container(fakes).update(name="web")
    fakes.pod["spec"]["initContainers"] = [{**container(fakes), "name": "sidecar", "restartPolicy": policy}]
    fakes.pod["status"] |= {
        "phase": phase,
        "containerStatuses": [{**ended(0), "name": "web"}],
        "initContainerStatuses": [{"name": "sidecar", "state": {"running": {}}}],
    }
    fakes.logs["sidecar"] = said
    found = check(examined(fakes), "pod.application")
    assert (found.status, "sidecar" in found.where) == (status, status is FAILED)


def test_kubelets_newest_words_are_reported() -> None:
    fakes = healthy()
    volume = 'MountVolume.SetUp failed for volume "aws-iam-token" : '
    waiting(fakes, f"{volume}first", f"{volume}second", 'MountVolume.SetUp failed for volume "data" : other')
    file = examined(fakes).walk.report(Step.TOKEN_MOUNT).check("token.file")
    assert (file.status, file.got, file.error) == (FAILED, "FailedMount", f"{volume}second")


@pytest.mark.parametrize(
    "events", [[], [{"reason": "FailedMount", "message": 'volume "data" : no'}], [None], ["x"], [{"reason": 1}]]
)
def test_without_kubelets_words_the_file_of_a_container_that_never_started_is_unknown(events: list[Any]) -> None:
    fakes = healthy()
    waiting(fakes)
    fakes.events = events
    file = examined(fakes).walk.report(Step.TOKEN_MOUNT).check("token.file")
    assert (file.status, file.reason) == (UNKNOWN, "not_running")


def test_what_a_live_cluster_does_not_show_leaves_a_healthy_one_well() -> None:
    fakes = healthy()
    fakes.talk = []
    running(fakes, "listening\n")
    found = examined(fakes)
    unseen = {"pod.application", "pod.token_used", "pod.request", "pod.hop_limit"}
    reasons = dict.fromkeys(unseen, "not_observable") | {"sts.recent_successes": "no_record"}
    assert {it.id: it.reason for it in found.checks if it.status is not PASSED} == reasons
    assert (found.verdict.outcome, found.verdict.status) == (Outcome.WORKS, PASSED)


@pytest.mark.parametrize("readable", [True, False])
def test_the_programs_refusal_is_read_where_we_did_not_ask(readable: bool) -> None:
    fakes = healthy()
    printed(fakes, NOT_AUTHORIZED)
    if not readable:
        fakes.errors["role"] = NotPermitted(code="AccessDenied", server_message="no", status=403)
    verdict = examine(consented(fakes.ports(), ALL - {Action.EXCHANGE}), SUBJECT).verdict
    assert (verdict.refusal, verdict.step) == ("not_authorized", Step.SERVICE_ACCOUNT)
    assert verdict.check is not None
    assert verdict.check.id == "pod.application"
    assert ("subject_condition" in verdict.remaining) is not readable
    assert "organization" in verdict.remaining


@pytest.mark.parametrize("status", [None, [], "x", [{}], [{"state": 1}], [{"name": 3, "state": {"terminated": 5}}]])
def test_a_status_of_any_shape_is_no_exception(status: Any) -> None:
    fakes = healthy()
    fakes.pod["status"] = {"containerStatuses": status, "podIP": 7}
    assert examined(fakes).verdict.outcome in Outcome


def test_a_volume_that_aws_refuses_follows_from_why_it_does() -> None:
    """So the Secrets Store CSI driver mounts secrets, by the Pod's own role."""
    fakes, refused = healthy(), "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    said = f"WebIdentityErr: failed to retrieve credentials\ncaused by: AccessDenied: {refused}\n\tstatus code: 403"
    waiting(fakes, f'MountVolume.SetUp failed for volume "secrets" : rpc error: {"x" * 200} {said}')
    cause = verdict_words.cause(examined(fakes), load("en"))
    assert f"AccessDenied: {refused}" in cause
    condition(fakes, "StringEquals", sub="system:serviceaccount:default:other")
    found = examined(fakes).verdict
    assert (found.check and found.check.id, found.later) == ("trust.subject", ())
