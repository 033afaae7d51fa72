"""Every way in which a link breaks, one case each: the first check that does not pass is the right one."""

from __future__ import annotations

from collections.abc import Callable
from json import dumps
from typing import Any

import pytest

from app.flow.errors import FlowError, NotFound, NotPermitted, Refused, ServerFailed, Unreachable
from app.flow.model import Check, Status, Step, Walk
from app.flow.permissions.asked import AskedAction
from app.flow.ports import Execution
from app.flow.steps.walk import walk, walk_through
from app.flow.verdict.judge import judge
from app.flow.webhook import RULE
from tests.private_keys import KEY, OTHER_KEY
from tests.unit.fake_ports import (
    ACCOUNT,
    DIRECTORY,
    HOST,
    ISSUER,
    NOW,
    PROVIDER,
    ROLE,
    SUB,
    SUBJECT,
    Fakes,
    bare_pod,
    jwk,
    token,
    trust_policy,
)

FAILED, WARNING, UNKNOWN, NOT_REACHED = Status.FAILED, Status.WARNING, Status.UNKNOWN, Status.NOT_REACHED
OTHER_PROVIDER = PROVIDER.replace("EXAMPLED", "ANOTHER1")


def check(found: Walk, check_id: str) -> Check:
    return next(check for check in found.checks if check.id == check_id)


def first_trouble(found: Walk) -> str:
    return next((check.id for check in found.checks if check.status is not Status.PASSED), "")


def error(kind: type[FlowError], said: str = "no", code: str = "Code") -> FlowError:
    return kind(code=code, server_message=said, status=400)


def container(fakes: Fakes) -> dict[str, Any]:
    return fakes.pod["spec"]["containers"][0]


def annotate(fakes: Fakes, **annotations: str) -> None:
    """Annotates the ServiceAccount and recreates the Pod, as a rollout would."""
    known = fakes.service_account["metadata"]["annotations"]
    known.update({f"eks.amazonaws.com/{name.replace('_', '-')}": value for name, value in annotations.items()})
    fakes.pod = fakes.mutated(bare_pod())


def mount(fakes: Fakes, content: str, exit_code: int = 0, stderr: str = "") -> None:
    fakes.files[f"cat {DIRECTORY}/token"] = Execution(stdout=content, stderr=stderr, exit_code=exit_code)


def trust(fakes: Fakes, **changes: Any) -> None:
    fakes.role["AssumeRolePolicyDocument"]["Statement"][0].update(changes)


def condition(fakes: Fakes, operator: str, **values: str) -> None:
    fakes.role["AssumeRolePolicyDocument"] = trust_policy(
        **{operator: {f"{HOST}:{name}": value for name, value in values.items()}}
    )


@pytest.mark.parametrize(
    "rules", [[{}], [{"resources": ["pods/*"], "scope": "Namespaced"}], [{"apiGroups": ["apps"]}, {"apiGroups": ["*"]}]]
)
def test_nothing_is_wrong_with_a_healthy_chain(rules: list[dict[str, Any]]) -> None:
    fakes = Fakes()
    fakes.webhooks[0]["webhooks"][0]["rules"] = [{**RULE, **rule} for rule in rules]
    found = walk(fakes.ports(), SUBJECT)
    assert {check.status for check in found.checks} == {Status.PASSED}
    assert judge(found).status is Status.PASSED


@pytest.mark.parametrize(
    ("kind", "started"), [("containers", True), ("initContainers", True), ("initContainers", False)]
)
def test_the_token_is_read_in_a_container_that_runs(kind: str, started: bool) -> None:
    fakes = Fakes()
    fakes.pod["spec"].setdefault(kind, []).append({**container(fakes), "name": "sidecar"})
    waits = {
        "name": "aws-cli",
        "containerID": "containerd://1" if started else "",
        "state": {"waiting": {"reason": "x"}},
    }
    status = fakes.pod.setdefault("status", {})
    status["containerStatuses"] = [waits]
    field = kind.replace("ontainers", "ontainerStatuses")
    status.setdefault(field, []).append({"name": "sidecar", "state": {"running": {}}})
    assert " sidecar " in check(walk(fakes.ports(), SUBJECT), "token.file").where


Spoil = Callable[[Fakes], Any]
CASES: list[tuple[str, Spoil, str, Status, str, str]] = [
    # (what is wrong, how to spoil it, the first check in trouble, its status, its got, its expected)
    (
        "another issuer in the document",
        lambda f: f.discovery.update(issuer="https://evil.example"),
        "issuer.discovery",
        FAILED,
        "https://evil.example",
        ISSUER,
    ),
    ("no jwks_uri", lambda f: f.discovery.pop("jwks_uri"), "issuer.discovery", FAILED, ISSUER, ISSUER),
    ("the document is a list", lambda f: setattr(f, "discovery", []), "issuer.discovery", FAILED, "[]", ISSUER),
    ("no issuer in the cluster", lambda f: setattr(f, "cluster_discovery", 7), "issuer.discovery", FAILED, "7", ""),
    ("no keys published", lambda f: f.jwks.update(keys=[]), "issuer.jwks", FAILED, '{"keys": []}', "keys"),
    (
        "another cluster's keys",
        lambda f: f.cluster_jwks.update(keys=[jwk(OTHER_KEY)]),
        "issuer.cluster_keys",
        WARNING,
        f.jwks["keys"][0]["kid"] if (f := Fakes()) else "",
        jwk(OTHER_KEY)["kid"],
    ),
    (
        "a key of the cluster's that is not published",
        lambda f: f.cluster_jwks.update(keys=[*f.jwks["keys"], jwk(OTHER_KEY)]),
        "issuer.cluster_keys",
        WARNING,
        "",
        jwk(OTHER_KEY)["kid"],
    ),
    ("no key in the cluster", lambda f: f.cluster_jwks.update(keys=[]), "issuer.cluster_keys", WARNING, "", "[]"),
    (
        "the right kid on another key",
        lambda f: f.jwks["keys"][0].update(n=jwk(OTHER_KEY)["n"]),
        "issuer.cluster_keys",
        WARNING,
        "",
        "",
    ),
    (
        "no provider",
        lambda f: f.providers.clear(),
        "provider.exists",
        FAILED,
        "",
        f"arn:aws:iam::ACCOUNT_ID:oidc-provider/{HOST}",
    ),
    (
        "a provider with a trailing slash",
        lambda f: setattr(f, "providers", [f"{PROVIDER}/"]),
        "provider.exists",
        FAILED,
        f"{PROVIDER}/",
        "",
    ),
    (
        "a mistyped client id",
        lambda f: f.provider.update(ClientIDList=["sts.amazon.com"]),
        "provider.audience",
        FAILED,
        "sts.amazon.com",
        "sts.amazonaws.com",
    ),
    (
        "an old thumbprint",
        lambda f: f.provider.update(ThumbprintList=["0" * 40]),
        "provider.thumbprint",
        WARNING,
        "0" * 40,
        "9e99a48a9960b14926bb7f3b02e22da2b0ab7280",
    ),
    (
        "no annotation",
        lambda f: f.service_account["metadata"].pop("annotations"),
        "service_account.annotation",
        FAILED,
        "",
        "eks.amazonaws.com/role-arn",
    ),
    (
        "a mistyped annotation",
        lambda f: f.service_account["metadata"].update(annotations={"eks.amazonaws.com/rolearn": ROLE}),
        "service_account.annotation",
        FAILED,
        "eks.amazonaws.com/rolearn",
        "eks.amazonaws.com/role-arn",
    ),
    (
        "a bare role name",
        lambda f: annotate(f, role_arn="s3-reader"),
        "service_account.role_arn",
        FAILED,
        "s3-reader",
        "",
    ),
    (
        "a line feed after the ARN",
        lambda f: annotate(f, role_arn=f"{ROLE}\n"),
        "service_account.role_arn",
        FAILED,
        f"{ROLE}\n",
        "",
    ),
    (
        "the role's path is left out",
        lambda f: f.role.update(Arn=ROLE.replace("role/", "role/team/")),
        "role.exists",
        FAILED,
        ROLE.replace("role/", "role/team/"),
        ROLE,
    ),
    (
        "a role in another account",
        lambda f: annotate(f, role_arn=ROLE.replace(ACCOUNT, "444455556666")),
        "role.exists",
        UNKNOWN,
        "",
        ROLE.replace(ACCOUNT, "444455556666"),
    ),
    (
        "the trust policy names another cluster",
        lambda f: trust(f, Principal={"Federated": OTHER_PROVIDER}),
        "trust.provider",
        FAILED,
        OTHER_PROVIDER,
        PROVIDER,
    ),
    (
        "the trust policy names EC2",
        lambda f: trust(f, Principal={"Service": "ec2.amazonaws.com"}),
        "trust.provider",
        FAILED,
        "ec2.amazonaws.com",
        PROVIDER,
    ),
    ("no statement", lambda f: f.role.update(AssumeRolePolicyDocument={}), "trust.provider", FAILED, "{}", PROVIDER),
    ("a junk policy", lambda f: f.role.update(AssumeRolePolicyDocument="{"), "trust.provider", FAILED, "{", PROVIDER),
    (
        "sts:AssumeRole",
        lambda f: trust(f, Action="sts:AssumeRole"),
        "trust.action",
        FAILED,
        "sts:AssumeRole",
        "sts:AssumeRoleWithWebIdentity",
    ),
    (
        "the subject under :aud",
        lambda f: condition(f, "StringEquals", aud=SUB),
        "trust.audience",
        FAILED,
        SUB,
        "sts.amazonaws.com",
    ),
    (
        "another namespace",
        lambda f: condition(f, "StringEquals", sub="system:serviceaccount:prod:my-sa"),
        "trust.subject",
        FAILED,
        "system:serviceaccount:prod:my-sa",
        SUB,
    ),
    (
        "another case",
        lambda f: condition(f, "StringEquals", sub=SUB.upper()),
        "trust.subject",
        FAILED,
        SUB.upper(),
        SUB,
    ),
    (
        "a star under StringEquals",
        lambda f: condition(f, "StringEquals", sub="system:serviceaccount:default:*"),
        "trust.subject",
        FAILED,
        "system:serviceaccount:default:*",
        SUB,
    ),
    (
        "https:// in the condition key",
        lambda f: trust(f, Condition={"StringEquals": {f"{ISSUER}:sub": SUB}}),
        "trust.subject",
        FAILED,
        f"{ISSUER}:sub",
        f"{HOST}:sub",
    ),
    (
        "the provider's ARN in the condition key",
        lambda f: trust(f, Condition={"StringEquals": {f"{PROVIDER}:aud": "sts.amazonaws.com"}}),
        "trust.audience",
        FAILED,
        f"{PROVIDER}:aud",
        f"{HOST}:aud",
    ),
    (
        "a Deny",
        lambda f: f.role["AssumeRolePolicyDocument"]["Statement"].append(
            {"Effect": "Deny", "Principal": {"Federated": PROVIDER}, "Action": "sts:*"}
        ),
        "trust.decision",
        FAILED,
        "explicit-deny",
        "allow",
    ),
    (
        "a condition on something else",
        lambda f: condition(f, "StringEquals", amr="authenticated"),
        "trust.decision",
        FAILED,
        "implicit-deny",
        "allow",
    ),
    (
        "no sub condition",
        lambda f: condition(f, "StringEquals", aud="sts.amazonaws.com"),
        "trust.scope",
        WARNING,
        "*",
        SUB,
    ),
    (
        "any ServiceAccount of the namespace",
        lambda f: condition(f, "StringLike", sub="system:serviceaccount:default:*"),
        "trust.scope",
        WARNING,
        "system:serviceaccount:default:*",
        SUB,
    ),
    (
        "any namespace that begins so",
        lambda f: condition(f, "StringLike", sub="system:serviceaccount:default*:my-sa"),
        "trust.scope",
        WARNING,
        "system:serviceaccount:default*:my-sa",
        SUB,
    ),
    (
        "any ServiceAccount whose name ends so",
        lambda f: condition(f, "StringLike", sub="system:serviceaccount:default:*-sa"),
        "trust.scope",
        WARNING,
        "system:serviceaccount:default:*-sa",
        SUB,
    ),
    (
        "any namespace between two parts",
        lambda f: condition(f, "StringLike", sub="system:serviceaccount:d*t:my-sa"),
        "trust.scope",
        WARNING,
        "system:serviceaccount:d*t:my-sa",
        SUB,
    ),
    ("no webhook", lambda f: f.webhooks.clear(), "webhook.registered", FAILED, "", "pod-identity-webhook"),
    (
        "a webhook that sees no new Pods",
        lambda f: f.webhooks[0]["webhooks"][0].update(rules=[{"operations": ["UPDATE"], "resources": ["pods"]}]),
        "webhook.registered",
        FAILED,
        '[{"operations": ["UPDATE"], "resources": ["pods"]}]',
        '{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "scope": "*"}',
    ),
    *(
        (
            f"a webhook whose rule has {part}",
            lambda f, part=part: f.webhooks[0]["webhooks"][0].update(rules=[{**RULE, **part}]),
            "webhook.registered",
            FAILED,
            dumps(part)[1:-1],
            '{"operations": ["CREATE"]',
        )
        for part in (
            {"apiGroups": ["apps"]},
            {"apiVersions": ["v1beta1"]},
            {"resources": ["pods/status"]},
            {"scope": "Cluster"},
        )
    ),
    (
        "the label that keeps it away",
        lambda f: f.pod["metadata"]["labels"].update({"eks.amazonaws.com/skip-pod-identity-webhook": ""}),
        "webhook.selector",
        FAILED,
        "skip-pod-identity-webhook",
        "DoesNotExist",
    ),
    (
        "a namespace that is not selected",
        lambda f: f.webhooks[0]["webhooks"][0].update(
            namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": "prod"}}
        ),
        "webhook.selector",
        FAILED,
        "default",
        "prod",
    ),
    (
        "a namespace without the label that is asked for",
        lambda f: f.webhooks[0]["webhooks"][0].update(namespaceSelector={"matchLabels": {"team": "a"}}),
        "webhook.selector",
        FAILED,
        "kubernetes.io/metadata.name",
        "team",
    ),
    (
        "a namespace whose labels we cannot see",
        lambda f: (
            f.webhooks[0]["webhooks"][0].update(namespaceSelector={"matchLabels": {"team": "a"}}),
            f.errors.update(namespace=error(NotPermitted, "no")),
        ),
        "webhook.selector",
        UNKNOWN,
        "",
        "team",
    ),
    (
        "a condition that only the API server evaluates",
        lambda f: f.webhooks[0]["webhooks"][0].update(matchConditions=[{"name": "a", "expression": "false"}]),
        "webhook.selector",
        UNKNOWN,
        "",
        "expression",
    ),
    (
        "a webhook that is down",
        lambda f: setattr(f, "webhook_up", False),
        "webhook.volume",
        FAILED,
        "",
        "aws-iam-token",
    ),
    (
        "AWS_ROLE_ARN by hand",
        lambda f: setattr(f, "pod", f.mutated(with_variables({"AWS_ROLE_ARN": ROLE}))),
        "webhook.environment",
        FAILED,
        f"AWS_ROLE_ARN={ROLE}",
        f"AWS_WEB_IDENTITY_TOKEN_FILE={DIRECTORY}/token",
    ),
    (
        "all variables by hand",
        lambda f: setattr(f, "pod", f.mutated(with_variables(ALL_VARIABLES))),
        "webhook.mount",
        FAILED,
        "aws-cli: ",
        DIRECTORY,
    ),
    (
        "every container is skipped",
        lambda f: setattr(f, "pod", f.mutated(skipping("aws-cli"))),
        "webhook.mount",
        FAILED,
        "",
        DIRECTORY,
    ),
    (
        "the Pod is older than the annotation",
        lambda f: setattr(f, "pod", bare_pod()),
        "pod.injected",
        FAILED,
        "",
        "volume",
    ),
    (
        "the Pod has the role of an annotation before",
        lambda f: next(it for it in container(f)["env"] if it["name"] == "AWS_ROLE_ARN").update(value=f"{ROLE}-old"),
        "pod.injected",
        FAILED,
        "volumeMounts, AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
    ),
    (
        "no token file",
        lambda f: mount(f, "", 1, "No such file or directory"),
        "token.file",
        FAILED,
        "exit 1",
        DIRECTORY,
    ),
    ("an empty token file", lambda f: mount(f, ""), "token.file", FAILED, "0", DIRECTORY),
    ("a huge token file", lambda f: mount(f, "a" * 20_001), "token.file", FAILED, "20001", DIRECTORY),
    ("no cat", lambda f: mount(f, "", 127, "cat: not found"), "token.file", UNKNOWN, "", DIRECTORY),
    ("no JWT", lambda f: mount(f, f"{DIRECTORY}/token"), "token.format", FAILED, "header", "base64url"),
    ("a truncated token", lambda f: mount(f, token().rpartition(".")[0]), "token.format", FAILED, "2", "3"),
    (
        "alg none",
        lambda f: mount(f, "eyJhbGciOiJub25lIn0." + token().split(".")[1] + "."),
        "token.algorithm",
        FAILED,
        "none",
        "",
    ),
    ("a recreated cluster", lambda f: mount(f, token(iss=f"{ISSUER}2")), "token.issuer", FAILED, f"{ISSUER}2", ISSUER),
    (
        "the API server's token",
        lambda f: mount(f, token(aud=["https://kubernetes.default.svc"])),
        "token.audience",
        FAILED,
        "https://kubernetes.default.svc",
        "sts.amazonaws.com",
    ),
    (
        "another ServiceAccount's token",
        lambda f: mount(f, token(sub="system:serviceaccount:default:default")),
        "token.subject",
        FAILED,
        "system:serviceaccount:default:default",
        SUB,
    ),
    (
        "a token of no Pod",
        lambda f: mount(f, token(**{"kubernetes.io": None})),
        "token.bound_pod",
        WARNING,
        "",
        "pod-after",
    ),
    ("an expired token", lambda f: mount(f, token(exp=NOW - 1)), "token.lifetime", FAILED, f"exp {NOW - 1}", ""),
    (
        "a token that is not rotated",
        lambda f: mount(f, token(iat=NOW - 9000, exp=NOW + 500)),
        "token.lifetime",
        WARNING,
        "",
        "",
    ),
    ("a token without end", lambda f: mount(f, token(exp=None)), "token.lifetime", FAILED, "null", ""),
    ("another cluster's token", lambda f: mount(f, token(OTHER_KEY)), "token.key", FAILED, jwk(OTHER_KEY)["kid"], ""),
    (
        "a token that was altered",
        lambda f: mount(f, altered(token())),
        "token.signature",
        FAILED,
        f"RS256 {jwk(KEY)['kid']}: false",
        f"RS256 {jwk(KEY)['kid']}: true",
    ),
    (
        "STS refuses for reasons of its own",
        lambda f: f.errors.update(
            assume_role=error(
                NotPermitted, "Not authorized to perform sts:AssumeRoleWithWebIdentity", code="AccessDenied"
            )
        ),
        "sts.trust",
        WARNING,
        "allow",
        "allow",
    ),
    (
        "another identity answers",
        lambda f: f.identity.update(Arn="arn:aws:iam::1:user/x"),
        "access.identity",
        FAILED,
        "user/x",
        "",
    ),
    ("no permissions", lambda f: (f.policies.clear(), deny_s3(f)), "access.policy", FAILED, "implicit-deny", "allow"),
    ("S3 refuses for reasons of its own", lambda f: deny_s3(f), "access.list_buckets", FAILED, "AccessDenied", ""),
]

ALL_VARIABLES = {
    "AWS_ROLE_ARN": ROLE,
    "AWS_WEB_IDENTITY_TOKEN_FILE": f"{DIRECTORY}/token",
    "AWS_REGION": "ap-northeast-1",
    "AWS_STS_REGIONAL_ENDPOINTS": "regional",
}


def with_variables(variables: dict[str, str]) -> dict[str, Any]:
    pod = bare_pod()
    pod["spec"]["containers"][0]["env"] = [{"name": name, "value": value} for name, value in variables.items()]
    return pod


def skipping(names: str) -> dict[str, Any]:
    pod = bare_pod()
    pod["metadata"]["annotations"] = {"eks.amazonaws.com/skip-containers": names}
    return pod


def altered(token: str) -> str:
    head, payload, signature = token.split(".")
    return f"{head}.{payload}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def deny_s3(fakes: Fakes) -> None:
    fakes.errors["list_buckets"] = error(NotPermitted, "User: ... is not authorized", code="AccessDenied")


@pytest.mark.parametrize(
    ("spoil", "check_id", "status", "got", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_the_first_check_in_trouble_is_the_broken_link(
    spoil: Spoil, check_id: str, status: Status, got: str, expected: str
) -> None:
    fakes = Fakes()
    spoil(fakes)
    found = walk(fakes.ports(), SUBJECT)
    assert first_trouble(found) == check_id
    broken = check(found, check_id)
    assert broken.status is status
    assert got in broken.got
    assert expected in broken.expected
    assert broken.where


METHODS = {
    # the port's method: (the check that a NotFound fails, one that depends on it and is not reached)
    "cluster_discovery": ("issuer.discovery", "issuer.jwks"),
    "cluster_jwks": ("issuer.cluster_keys", None),
    "oidc_providers": ("provider.exists", "provider.audience"),
    "oidc_provider": ("provider.exists", "provider.audience"),
    "service_account": ("service_account.exists", "trust.decision"),
    "role": ("role.exists", "trust.decision"),
    "mutating_webhooks": ("webhook.registered", "webhook.selector"),
    "dry_run_pod": ("webhook.dry_run", "webhook.volume"),
    "pod": ("pod.exists", "pod.injected"),
    "execute": ("token.file", None),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        (NotPermitted, UNKNOWN, "no_permission"),
        (Unreachable, UNKNOWN, "unreachable"),
        (NotFound, FAILED, ""),
    ],
)
def test_what_may_not_be_read_is_unknown_and_what_is_missing_has_failed(
    method: str, kind: type[FlowError], status: Status, reason: str
) -> None:
    check_id, dependent = METHODS[method]
    fakes = Fakes(errors={method: error(kind, "the server's own words")})
    found = walk(fakes.ports(), SUBJECT)
    refused = check(found, check_id)
    assert (refused.status, refused.reason, refused.error) == (status, reason, "the server's own words")
    if dependent:
        assert (check(found, dependent).status, check(found, dependent).reason) == (NOT_REACHED, "earlier_check")


@pytest.mark.parametrize("method", ["discovery", "jwks"])
def test_a_document_that_is_not_for_everybody_is_not_published(method: str) -> None:
    found = walk(Fakes(errors={method: error(NotPermitted, "AccessDenied")}).ports(), SUBJECT)
    assert first_trouble(found) == f"issuer.{method}"
    assert check(found, f"issuer.{method}").status is FAILED
    found = walk(Fakes(errors={method: error(Unreachable, "timed out")}).ports(), SUBJECT)
    assert check(found, f"issuer.{method}").reason == "unreachable"
    assert (check(found, "provider.thumbprint").status is NOT_REACHED) is (method == "discovery")  # whose server?


@pytest.mark.parametrize(
    ("method", "check_id"),
    [
        ("thumbprint", "provider.thumbprint"),
        ("assume_role", "sts.credentials"),
        ("caller_identity", "access.identity"),
        ("list_buckets", "access.list_buckets"),
    ],
)
def test_silence_leaves_it_open(method: str, check_id: str) -> None:
    silent = check(walk(Fakes(errors={method: error(Unreachable, "timed out")}).ports(), SUBJECT), check_id)
    assert (silent.status, silent.reason, silent.error) == (UNKNOWN, "unreachable", "timed out")


@pytest.mark.parametrize("code", ["aws_no_region", "aws_bad_region"])
def test_where_no_region_is_set_no_server_was_silent(code: str) -> None:
    unset = Unreachable(code=code, server_message="You must specify a region.")
    found = check(walk(Fakes(errors={"oidc_providers": unset}).ports(), SUBJECT), "provider.exists")
    assert (found.status, found.reason, found.error) == (UNKNOWN, "no_region", "You must specify a region.")


@pytest.mark.parametrize("there", [True, False], ids=["a Pod runs", "no Pod can be made"])
def test_a_webhook_that_does_not_answer_and_may_not_be_passed_over_breaks_the_chain(there: bool) -> None:
    said = 'failed calling webhook "iam-for-pods.amazonaws.com": connect: connection refused'
    errors = {"dry_run_pod": error(Refused, said)} | ({} if there else {"pod": error(NotFound, "not found")})
    found = check(walk(Fakes(errors=errors).ports(), SUBJECT), "webhook.dry_run")
    assert (found.status, found.error) == (FAILED, said)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({}, "not_observable"),
        ({"phase": "Pending"}, "not_running"),
        (
            {"phase": "Succeeded", "containerStatuses": [{"name": "aws-cli", "state": {"terminated": {}}}]},
            "not_running",
        ),
        ({"phase": "Running", "containerStatuses": [{"name": "aws-cli", "state": {"running": {}}}]}, "not_observable"),
    ],
)
def test_a_container_that_has_ended_hides_its_file(status: dict[str, Any], reason: str) -> None:
    said = "cannot exec into a container in a completed pod; current phase is Succeeded"
    fakes = Fakes(errors={"execute": error(Refused, said)})
    fakes.pod["status"] = status
    found = walk(fakes.ports(), SUBJECT)
    hidden = check(found, "token.file")
    assert (hidden.status, hidden.reason, hidden.error) == (UNKNOWN, reason, said)
    assert check(found, "token.lifetime").reason == "stand_in"


def test_without_the_issuer_the_token_is_still_taken_to_sts() -> None:
    """Whether it is from the issuer that the role trusts shows in the token, and not in the cluster."""
    fakes = Fakes(errors={"cluster_discovery": error(NotPermitted)})
    deny = {"Effect": "Deny", "Principal": {"Federated": OTHER_PROVIDER}, "Action": "sts:*"}  # trusts no one
    fakes.role["AssumeRolePolicyDocument"]["Statement"].append(deny)
    found = walk(fakes.ports(), SUBJECT)
    assert check(found, "trust.decision").reason == "issuer_assumed"
    assert check(found, "token.issuer").status is Status.PASSED
    assert check(found, "token.signature").reason == "earlier_step"
    assert check(found, "sts.provider").status is Status.PASSED
    assert check(found, "sts.credentials").status is Status.PASSED
    assert check(found, "access.list_buckets").status is Status.PASSED
    assert [found.report(step).status for step in (Step.TOKEN_MOUNT, Step.STS_ASSUME)] == [UNKNOWN, UNKNOWN]


def test_of_a_policy_that_trusts_another_cluster_only_what_it_allows_is_shown_and_nothing_after_it_judged() -> None:
    fakes = Fakes()
    statements = fakes.role["AssumeRolePolicyDocument"]["Statement"]
    statements[:] = [{**statements[0], "Effect": "Deny"}, {**statements[0], "Principal": {"Federated": OTHER_PROVIDER}}]
    found = walk(fakes.ports(), SUBJECT)
    assert check(found, "trust.provider").got == OTHER_PROVIDER
    later = [check(found, f"trust.{name}") for name in ("action", "audience", "subject")]
    assert {(it.status, it.reason) for it in later} == {(NOT_REACHED, "earlier_check")}
    assert check(found, "trust.decision").got == "explicit-deny"


def test_a_pod_of_another_role_shows_which_one_it_has() -> None:
    fakes = Fakes()
    (variable,) = (it for it in fakes.pod["spec"]["containers"][0]["env"] if it["name"] == "AWS_ROLE_ARN")
    variable["value"] = f"{ROLE}-before"
    injected = check(walk(fakes.ports(), SUBJECT), "pod.injected")
    assert (injected.status, f"AWS_ROLE_ARN={ROLE}-before" in injected.got) == (FAILED, True)
    assert f"AWS_ROLE_ARN={ROLE}," in injected.expected


def test_an_audience_of_ones_own_is_no_fault_when_all_agree_on_it() -> None:
    fakes = Fakes()
    annotate(fakes, audience="my-audience")
    fakes.provider["ClientIDList"] = ["my-audience"]
    condition(fakes, "StringEquals", sub=SUB, aud="my-audience")
    mount(fakes, token(aud=["my-audience"]))
    assert judge(walk(fakes.ports(), SUBJECT)).status is Status.PASSED


@pytest.mark.parametrize("error", [NotPermitted, ServerFailed, Unreachable])
def test_an_audience_of_ones_own_is_no_fault_where_the_service_account_is_not_seen(error: type[FlowError]) -> None:
    fakes = Fakes()
    annotate(fakes, audience="my-audience")
    fakes.provider["ClientIDList"] = ["my-audience"]
    condition(fakes, "StringEquals", sub=SUB, aud="my-audience")
    mount(fakes, token(aud=["my-audience"]))
    fakes.errors["service_account"] = error(code="Code", server_message="words")
    found = walk(fakes.ports(), SUBJECT)
    for check_id in ("provider.audience", "webhook.volume", "token.audience"):
        seen = check(found, check_id)
        assert (seen.status, seen.reason) == (UNKNOWN, check(found, "service_account.exists").reason), check_id
    assert [one.id for report in found for one in report.checks if one.status is Status.FAILED] == []


def test_an_audience_of_ones_own_must_be_known_to_the_provider() -> None:
    fakes = Fakes()
    annotate(fakes, audience="my-audience")
    condition(fakes, "StringEquals", sub=SUB, aud="my-audience")
    mount(fakes, token(aud=["my-audience"]))
    found = walk(fakes.ports(), SUBJECT)
    assert check(found, "provider.audience").status is Status.PASSED  # it does accept the usual one
    assert first_trouble(found) == "sts.audience"
    assert check(found, "sts.audience").status is WARNING  # only because this STS did not mind


REFUSED_BY_STS = [
    ("a bare role name", lambda f: annotate(f, role_arn="s3-reader"), "sts.format", "s3-reader"),
    ("no JWT", lambda f: mount(f, "junk"), "sts.format", "1"),
    ("no aud", lambda f: mount(f, token(aud=None)), "sts.format", "iss, sub, iat, exp"),
    ("expired", lambda f: mount(f, token(exp=NOW - 300)), "sts.expiration", str(NOW - 300)),
    ("no provider", lambda f: f.providers.clear(), "sts.provider", ""),
    ("another issuer", lambda f: mount(f, token(iss="https://other.example")), "sts.provider", PROVIDER),
    ("another audience", lambda f: mount(f, token(aud=["a"])), "sts.audience", "a"),
    ("two audiences", lambda f: mount(f, token(aud=["sts.amazonaws.com", "b"])), "sts.audience", "b"),
    ("another key", lambda f: mount(f, token(OTHER_KEY)), "sts.key", jwk(OTHER_KEY)["kid"]),
    ("altered", lambda f: mount(f, altered(token())), "sts.signature", f"RS256 {jwk(KEY)['kid']}: false"),
    ("another subject", lambda f: mount(f, token(sub="x")), "sts.trust", "implicit-deny"),
]


@pytest.mark.parametrize(
    ("spoil", "check_id", "got"), [case[1:] for case in REFUSED_BY_STS], ids=[case[0] for case in REFUSED_BY_STS]
)
def test_what_sts_verifies_is_verified_here_too(spoil: Spoil, check_id: str, got: str) -> None:
    fakes = Fakes(errors={"assume_role": error(Refused, "STS' words", code="InvalidIdentityToken")})
    spoil(fakes)
    report = walk(fakes.ports(), SUBJECT).report(Step.STS_ASSUME)
    broken = next(check for check in report.checks if check.status is not Status.PASSED)
    assert (broken.id, broken.status) == (check_id, FAILED)
    assert got in broken.got
    answer = report.check("sts.credentials")
    assert (answer.status, answer.got, answer.error) == (FAILED, "InvalidIdentityToken", "STS' words")


def test_five_minutes_of_grace_after_the_end() -> None:
    fakes = Fakes()
    mount(fakes, token(exp=NOW - 299))
    assert check(walk(fakes.ports(), SUBJECT), "sts.expiration").status is Status.PASSED


def test_where_sts_did_not_mind_our_own_finding_is_a_warning() -> None:
    fakes = Fakes()
    mount(fakes, token(OTHER_KEY))  # STS may still hold the key that is published no more
    report = walk(fakes.ports(), SUBJECT).report(Step.STS_ASSUME)
    assert report.check("sts.key").status is WARNING
    assert report.check("sts.credentials").status is Status.PASSED


@pytest.mark.parametrize(("kind", "reason"), [(NotPermitted, "no_permission"), (Unreachable, "unreachable")])
def test_policies_that_may_not_be_read_are_unknown(kind: type[FlowError], reason: str) -> None:
    unread = check(walk(Fakes(errors={"role_policies": error(kind)}).ports(), SUBJECT), "access.policy")
    assert (unread.status, unread.reason) == (UNKNOWN, reason)


def test_where_s3_did_not_mind_our_own_finding_is_a_warning() -> None:
    fakes = Fakes(policies=[])
    assert check(walk(fakes.ports(), SUBJECT), "access.policy").status is WARNING
    listing, another = AskedAction(action="s3:listallmybuckets"), AskedAction(action="sts:GetCallerIdentity")
    for action, status in (("sts:*", WARNING), ("s3:*", FAILED)):  # it says nothing of another action
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
        reports = walk_through(Fakes(policies=[("own", document)]).ports(), SUBJECT, (listing, another))
        assert check(Walk(subject=SUBJECT, reports=tuple(reports)), "access.policy").status is status


def test_providers_of_another_account_are_not_to_be_seen() -> None:
    fakes = Fakes()
    annotate(fakes, role_arn=ROLE.replace(ACCOUNT, "444455556666"))
    assert check(walk(fakes.ports(), SUBJECT), "sts.provider").reason == "not_observable"


@pytest.mark.parametrize("operator", ["StringNotEquals", "ForAnyValue:StringNotLikeIfExists"])
def test_a_condition_that_asks_for_any_other_is_shown_with_its_operator(operator: str) -> None:
    fakes = Fakes()
    condition(fakes, operator, sub=SUB)
    found = check(walk(fakes.ports(), SUBJECT), "trust.subject")
    assert (found.status, found.got, found.expected) == (FAILED, f"{operator} {SUB}", SUB)


@pytest.mark.parametrize(
    ("operator", "sub", "reason"),
    [
        ("StringEquals", "system:serviceaccount:default:*", "literal"),
        ("StringEqualsIgnoreCase", "system:serviceaccount:default:my-s?", "literal"),
        ("StringEquals", "system:serviceaccount:default:other", ""),
        ("StringLike", "system:serviceaccount:prod:*", ""),
    ],
)
def test_a_pattern_under_an_operator_that_knows_none_is_explained(operator: str, sub: str, reason: str) -> None:
    fakes = Fakes()
    condition(fakes, operator, sub=sub)
    found = check(walk(fakes.ports(), SUBJECT), "trust.subject")
    assert (found.status, found.reason) == (FAILED, reason)
