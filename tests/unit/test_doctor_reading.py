"""What the doctor reads beside the walk: where a variable comes from, near names, issuers, and what a user lacks."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flow.doctor import Diagnosis, examine
from app.flow.doctor.reading.lacking import lacking
from app.flow.doctor.reading.near_names import near
from app.flow.errors import NotFound, NotPermitted, Refused, Unreachable
from app.flow.matching.differences import edits
from app.flow.model import Check, Status, Subject
from app.flow.names import is_public
from app.flow.port_wrappers.consent import NOTHING, Action, consented
from app.flow.port_wrappers.known_issuer import EksCluster, knowing_issuer
from app.flow.ports import Access
from app.flow.verdict.judge import Outcome
from app.flow.webhook_patch import REGION_VARIABLES
from tests.unit.fake_ports import (
    ACCOUNT,
    ISSUER,
    PROVIDER,
    ROLE,
    SECRETS,
    SUBJECT,
    Fakes,
    bare_pod,
    token,
    trust_policy,
)
from tests.unit.test_doctor import add_variable, annotated, answer, container, ended, examined, healthy, words
from tests.unit.test_doctor_odd_cases import manifest

MISSING = NotFound(code="NotFound", server_message='serviceaccounts "my-sa" not found', status=404)
FORBIDDEN = NotPermitted(code="Forbidden", server_message='User "jane" cannot get path "/.well-known"', status=403)
DENIED = NotPermitted(code="AccessDenied", server_message="not authorized to perform: iam:GetRole", status=403)
SET_ENV = ["kubectl", "-n", "default", "set", "env", "deployment/web", "-c"]


def check(found: Diagnosis, check_id: str) -> Check:
    return next(check for _, checks in found.steps() for check in checks if check.id == check_id)


# --- where keys come from --------------------------------------------------------------------------------------------


def from_secret(fakes: Fakes) -> None:
    container(fakes).update(envFrom=[{"secretRef": {"name": "aws"}}])
    answer(fakes, "env", stdout=f"AWS_ACCESS_KEY_ID=AKIA\nDB_PASSWORD={SECRETS[0]}\n")


def from_map(fakes: Fakes) -> None:
    fakes.config_maps["settings"] = {"ACCESS_KEY_ID": "AKIA", "LEVEL": "debug"}
    container(fakes).update(envFrom=[{"configMapRef": {"name": "settings"}, "prefix": "AWS_"}])


KEY = {"name": "aws", "key": "id"}
SOURCES: dict[str, tuple[Callable[[Fakes], Any], str, str, list[str]]] = {
    # where the key comes from: (how, what the check says, the fix, its first command's last words)
    "a literal": (
        lambda f: add_variable(f, "AWS_ACCESS_KEY_ID", value="AKIA"),
        "aws-cli: AWS_ACCESS_KEY_ID (env)",
        "static_keys",
        ["AWS_ACCESS_KEY_ID-"],
    ),
    "a key of a Secret": (
        lambda f: add_variable(f, "AWS_ACCESS_KEY_ID", valueFrom={"secretKeyRef": KEY}),
        "aws-cli: AWS_ACCESS_KEY_ID (env secretKeyRef aws/id)",
        "static_keys",
        ["AWS_ACCESS_KEY_ID-"],
    ),
    "a key of a Secret that did not have to be there": (
        lambda f: (
            add_variable(f, "AWS_ACCESS_KEY_ID", valueFrom={"secretKeyRef": {**KEY, "optional": True}}),
            answer(f, "env", stdout="AWS_ACCESS_KEY_ID=AKIA\n"),
        ),
        "aws-cli: AWS_ACCESS_KEY_ID (env secretKeyRef aws/id)",
        "static_keys",
        ["AWS_ACCESS_KEY_ID-"],
    ),
    "a whole Secret": (
        from_secret,
        "aws-cli: AWS_ACCESS_KEY_ID (envFrom secretRef aws)",
        "empty_keys",
        ["AWS_ACCESS_KEY_ID="],
    ),
    "a ConfigMap with a prefix": (
        from_map,
        "aws-cli: AWS_ACCESS_KEY_ID (envFrom configMapRef settings)",
        "empty_keys",
        ["AWS_ACCESS_KEY_ID="],
    ),
    "a literal before a ConfigMap": (
        lambda f: (from_map(f), add_variable(f, "AWS_ACCESS_KEY_ID", value="AKIA")),
        "aws-cli: AWS_ACCESS_KEY_ID (env)",
        "empty_keys",
        ["AWS_ACCESS_KEY_ID="],
    ),
    "the image": (
        lambda f: (from_secret(f), container(f).update(envFrom=[{"secretRef": {"name": "db"}, "prefix": "DB_"}])),
        "aws-cli: AWS_ACCESS_KEY_ID",
        "empty_keys",
        ["AWS_ACCESS_KEY_ID="],
    ),
}


def after_set_env(env: list[Any], words: list[str]) -> list[Any]:
    """What `kubectl set env` makes of a list of variables."""
    names = {word.rstrip("-").partition("=")[0] for word in words}
    given = [dict(zip(("name", "value"), word.split("=", 1), strict=True)) for word in words if "=" in word]
    return [*(item for item in env if item["name"] not in names), *given]


@pytest.mark.parametrize("name", SOURCES)
def test_keys_are_named_with_their_source_and_the_fix_takes_effect_there(name: str) -> None:
    spoil, got, fix_id, last = SOURCES[name]
    fakes = healthy()
    spoil(fakes)
    found = examined(fakes)
    assert (check(found, "pod.static_keys").status, check(found, "pod.static_keys").got) == (Status.FAILED, got)
    assert found.fix is not None
    assert found.fix.id == fix_id
    assert shlex.split(found.fix.commands[0]) == [*SET_ENV, "aws-cli", *last]
    assert found.fix.change is not None
    container(fakes)["env"] = after_set_env(container(fakes).get("env", []), last)
    assert check(examined(fakes), "pod.static_keys").status is Status.PASSED
    assert not [secret for secret in SECRETS if secret in repr(found)]


def test_a_secret_that_may_hold_keys_is_named_and_not_read() -> None:
    fakes = healthy()
    from_secret(fakes)
    found = check(examine(consented(fakes.ports(), NOTHING), SUBJECT), "pod.static_keys")
    assert (found.status, found.reason) == (Status.UNKNOWN, "not_asked")
    assert found.where.endswith("envFrom secretRef aws")


def test_an_image_without_env_hides_what_a_secret_sets() -> None:
    fakes = healthy()
    from_secret(fakes)
    answer(fakes, "env", stderr="env: not found", exit_code=127)
    found = check(examined(fakes), "pod.static_keys")
    assert (found.status, found.reason, found.error) == (Status.UNKNOWN, "not_observable", "env: not found")


def test_a_config_map_that_is_known_is_enough_without_a_look_into_the_pod() -> None:
    fakes = healthy()
    from_map(fakes)
    found = check(examine(consented(fakes.ports(), NOTHING), SUBJECT), "pod.static_keys")
    assert found.status is Status.FAILED


# --- regions that there are not --------------------------------------------------------------------------------------


def set_region(fakes: Fakes, **values: str) -> None:
    for item in container(fakes)["env"]:
        if item["name"] in values:
            item["value"] = values[item["name"]]


@pytest.mark.parametrize("value", ["ap-northeast-9", "", "ap-northeast-1 ", "Tokyo"])
@pytest.mark.parametrize("names", [["AWS_REGION"], ["AWS_DEFAULT_REGION"], ["AWS_REGION", "AWS_DEFAULT_REGION"]])
def test_a_region_that_there_is_not_is_shown_and_the_issuers_is_proposed(value: str, names: list[str]) -> None:
    fakes = healthy()
    fakes.pod["status"].pop("containerStatuses")
    set_region(fakes, **dict.fromkeys(names, value))
    found = examined(fakes)
    judged = check(found, "pod.region")
    assert judged.status is Status.FAILED
    assert all(f"aws-cli: {name}={value}" in judged.got for name in names)
    assert found.verdict.check == judged
    assert found.fix is not None
    wanted = [f"{name}=ap-northeast-1" for name in ("AWS_DEFAULT_REGION", "AWS_REGION") if name in names]
    assert shlex.split(found.fix.commands[0]) == [*SET_ENV, "aws-cli", *wanted]


def with_regions(**regions: dict[str, str]) -> Fakes:
    """A Pod whose containers have these region variables by their manifest."""
    fakes, image = healthy(), "registry.example/shop"
    boxes = [
        {"name": name, "image": image, "env": [{"name": key, "value": value} for key, value in given.items()]}
        for name, given in regions.items()
    ]
    manifest(lambda spec: spec.update(containers=boxes))(fakes)
    fakes.pod["status"].pop("containerStatuses")
    return fakes


@pytest.mark.parametrize(
    ("app", "status", "wanted"),
    [
        ({"AWS_REGION": "us-east-1"}, Status.WARNING, ["AWS_DEFAULT_REGION=us-east-1"]),
        ({"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "moon"}, Status.FAILED, ["AWS_DEFAULT_REGION=us-east-1"]),
        ({"AWS_REGION": "moon", "AWS_DEFAULT_REGION": "us-east-1"}, Status.FAILED, ["AWS_REGION=us-east-1"]),
        ({"AWS_REGION": "cn-north-1"}, Status.FAILED, [f"{name}=ap-northeast-1" for name in REGION_VARIABLES]),
    ],
)
def test_a_region_that_is_meant_stays_and_the_other_variable_gets_it(
    app: dict[str, str], status: Status, wanted: list[str]
) -> None:
    """The webhook adds neither variable to a container that has one. The second container has what it needs."""
    fakes = with_regions(app=app, logs={})
    found = examined(fakes)
    assert check(found, "pod.region").status is status
    assert found.fix is not None
    assert found.fix.commands == (shlex.join([*SET_ENV, "app", *wanted]),)
    assert found.prediction is not None
    assert found.prediction.outcome in (Outcome.WORKS, Outcome.SHOULD_WORK)
    assert found.prediction.check is None
    fakes.pod["spec"]["containers"][0]["env"] = after_set_env(fakes.pod["spec"]["containers"][0]["env"], wanted)
    assert check(examined(fakes), "pod.region").status is Status.PASSED


def test_a_program_that_ended_well_had_another_region() -> None:
    fakes = healthy()
    set_region(fakes, AWS_REGION="ap-northeast-9")
    assert check(examined(fakes), "pod.region").status is Status.WARNING


def test_the_region_of_the_issuer_exists_whatever_the_sdk_knows() -> None:
    fakes = healthy()
    text = json.dumps([fakes.cluster_discovery, fakes.discovery]).replace("ap-northeast-1", "xx-new-1")
    fakes.cluster_discovery, fakes.discovery = json.loads(text)
    set_region(fakes, AWS_REGION="xx-new-1", AWS_DEFAULT_REGION="xx-new-1")
    assert check(examined(fakes), "pod.region").status is Status.PASSED


def test_what_the_program_got_from_such_a_region_is_no_cause_of_its_own() -> None:
    fakes = healthy()
    set_region(fakes, AWS_REGION="ap-northeast-9", AWS_DEFAULT_REGION="ap-northeast-9")
    said = 'Could not connect to the endpoint URL: "https://sts.ap-northeast-9.amazonaws.com/"'
    fakes.pod["status"]["containerStatuses"] = [ended(255)]
    fakes.logs[""] = said
    verdict = examined(fakes).verdict
    assert verdict.check is not None
    assert (verdict.check.id, verdict.later) == ("pod.region", ())
    assert verdict.seen is not None
    assert verdict.seen.text == said


def test_a_region_from_a_config_map_is_seen() -> None:
    fakes = healthy()
    fakes.config_maps["region"] = {"where": "eu-nowhere-1"}
    reference = {"configMapKeyRef": {"name": "region", "key": "where"}}
    for item in container(fakes)["env"]:
        if item["name"] == "AWS_REGION":
            item.pop("value")
            item["valueFrom"] = reference
    assert "AWS_REGION=eu-nowhere-1" in check(examined(fakes), "pod.region").got


# --- near names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "other", "is_near"),
    [
        ("defualt", "default", True),
        ("my-sa", "my-sa2", True),
        ("s3-raeder", "s3-reader", True),
        ("S3-Reader", "s3-reader", True),
        ("prod", "production", True),
        ("app", "api", True),
        ("app", "web", False),
        ("web-1", "web-2", False),
        ("orders", "payments", False),
        ("s3-reader", "s3-writer", False),
        ("a", "", False),
    ],
)
def test_which_names_are_near(name: str, other: str, is_near: bool) -> None:
    assert near(name, [other, name]) == ([other] if is_near else [])
    assert near(other, [name]) == ([name] if is_near else [])


@given(st.text(max_size=8), st.text(max_size=8))
def test_edits_are_a_distance(one: str, other: str) -> None:
    apart = edits(one, other, within=8)
    assert apart == edits(other, one, within=8)
    assert (apart == 0) == (one == other)
    assert min(apart, 3) == min(edits(one, other, within=2), 3), "what is beyond the bound is beyond it"
    assert abs(len(one) - len(other)) <= apart <= max(len(one), len(other))


def test_neighbours_that_changed_places_are_one_edit() -> None:
    assert [edits(one, "prod", within=2) for one in ("pord", "prdo", "rpdo")] == [1, 1, 2]


def test_the_nearest_is_first() -> None:
    assert near("default", ["defaults-of-ci", "defalut", "defaulted"]) == ["defalut", "defaulted", "defaults-of-ci"]


def missing(fakes: Fakes, *names: str) -> None:
    fakes.errors["service_account"] = MISSING
    fakes.errors["pod"] = NotFound(code="NotFound", server_message="pods not found", status=404)
    fakes.others = list(names)


NEAR: dict[str, tuple[Callable[[Fakes], Any], str, list[str]]] = {
    # what is wrong: (how, the fix, its first command)
    "the namespace": (
        lambda f: (missing(f), f.namespaces.__setitem__(0, "defaults")),
        "mean_namespace",
        ["python", "-m", "app", "doctor", "-n", "defaults", "-s", "my-sa"],
    ),
    "a namespace that none is near": (
        lambda f: (missing(f), f.namespaces.__setitem__(0, "kube-system")),
        "no_role",
        ["kubectl", "create", "namespace", "default"],
    ),
    "the ServiceAccount": (
        lambda f: missing(f, "my-sa2", "other"),
        "mean_service_account",
        ["python", "-m", "app", "doctor", "-n", "default", "-s", "my-sa2"],
    ),
    "the ServiceAccount of the Pod": (
        lambda f: (missing(f, "my-sa2"), f.errors.pop("pod")),
        "mean_service_account_of_pod",
        ["kubectl", "-n", "default", "set", "serviceaccount", "deployment/web", "my-sa2"],
    ),
    "the role": (
        lambda f: (
            annotated(f, f"arn:aws:iam::{ACCOUNT}:role/s3-raeder"),
            f.roles.append({"Arn": ROLE, "RoleName": "s3-reader", "AssumeRolePolicyDocument": trust_policy()}),
            f.errors.update(role=NotFound(code="NoSuchEntity", server_message="no", status=404)),
            f.errors.update(assume_role=NotFound(code="AccessDenied", server_message="no", status=403)),
        ),
        "mean_role",
        [
            "kubectl",
            "-n",
            "default",
            "annotate",
            "serviceaccount",
            "my-sa",
            "--overwrite",
            f"eks.amazonaws.com/role-arn={ROLE}",
        ],
    ),
    "the Pod": (
        lambda f: (
            f.errors.update(pod=NotFound(code="NotFound", server_message="no", status=404)),
            f.others.append("pod-aftre"),
        ),
        "mean_pod",
        ["python", "-m", "app", "doctor", "-n", "default", "-s", "my-sa", "--pod", "pod-aftre"],
    ),
    "the provider": (
        lambda f: f.providers.__setitem__(0, f"{PROVIDER}/"),
        "mean_provider",
        ["aws", "iam", "get-open-id-connect-provider", "--open-id-connect-provider-arn", f"{PROVIDER}/"],
    ),
}


@pytest.mark.parametrize("name", NEAR)
def test_a_near_name_is_proposed_before_anything_is_created(name: str) -> None:
    spoil, fix_id, command = NEAR[name]
    fakes = healthy()
    if name.startswith(("the ServiceAccount", "the namespace", "a namespace")):
        fakes.service_account["metadata"]["name"] = "elsewhere"
    spoil(fakes)
    found_id, commands = words(fakes)
    assert found_id == fix_id
    assert commands[0][: len(command)] == command
    assert (["kubectl", "create", "namespace", "default"] in commands) == (fix_id == "no_role")


@pytest.mark.parametrize(("annotated_ones", "named"), [(["my-sa"], "my-sa"), (["my-sa", "orders"], "SERVICE_ACCOUNT")])
def test_a_pod_without_a_service_account_of_its_own_is_given_one(annotated_ones: list[str], named: str) -> None:
    """Not `default` a role, which every other Pod without one would get as well."""
    fakes = healthy()
    known = [{"metadata": {**fakes.service_account["metadata"], "name": name}} for name in annotated_ones]
    fakes.service_account["metadata"] = {"name": "default", "namespace": "default"}
    fakes.pod["spec"] = {**bare_pod()["spec"], "serviceAccountName": "default"}
    ports = fakes.ports()

    class Listing:
        def service_accounts(self, _: str = "") -> Any:
            return [fakes.service_account, *known]

        def __getattr__(self, name: str) -> Any:
            return getattr(ports.cluster, name)

    subject = dataclasses.replace(SUBJECT, service_account="default")
    fix = examine(dataclasses.replace(ports, cluster=Listing()), subject).fix
    assert fix is not None
    assert (fix.id, list(fix.choices)) == ("not_default", annotated_ones)
    assert fix.commands == (f"kubectl -n default set serviceaccount deployment/web {named}",)


@pytest.mark.parametrize("kind", ["namespaces", "service_accounts", "roles", "pods"])
def test_what_may_not_be_listed_is_not_proposed(kind: str) -> None:
    for name in NEAR:
        fakes = healthy()
        NEAR[name][0](fakes)
        fakes.errors[kind] = FORBIDDEN
        assert examined(fakes).fix is not None


def test_a_healthy_chain_asks_for_no_list() -> None:
    ports = healthy().ports()
    examine(ports, SUBJECT)
    asked = {exchange.url for port in (ports.cluster, ports.aws) for exchange in port.exchanges()}
    assert not asked & {"namespaces", "service_accounts", "roles", "config_map", "cluster"}


@pytest.mark.parametrize("value", [f"{ROLE} ", f" {ROLE}", f"{ROLE}\t", f"{ROLE}\u200b"])
def test_blanks_around_the_arn_are_taken_away(value: str) -> None:
    fakes = healthy()
    annotated(fakes, value)
    fix_id, (command, _) = words(fakes)
    assert (fix_id, command[-1]) == ("without_blanks", f"eks.amazonaws.com/role-arn={ROLE}")


@pytest.mark.parametrize("value", [f'"{ROLE}"', f"'{ROLE}'", f'" {ROLE}"', f"“{ROLE}”"])
def test_quotes_around_the_arn_are_taken_away(value: str) -> None:
    fakes = healthy()
    annotated(fakes, value)
    fix_id, (command, _) = words(fakes)
    assert (fix_id, command[-1]) == ("without_quotes", f"eks.amazonaws.com/role-arn={ROLE}")


@pytest.mark.parametrize(
    ("value", "arn"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/{ROLE}", ROLE),
        (f"{ROLE}{ROLE}", ROLE),
        (ROLE.replace(ACCOUNT, ""), ROLE),
        (ROLE.replace(ACCOUNT, "ACCOUNT_ID"), ROLE),
        (f"arn:aws:iam:us-east-1:{ACCOUNT}:role/team/role/web", f"arn:aws:iam::{ACCOUNT}:role/team/role/web"),
        (ROLE.replace(":role/", ":role:"), ROLE),
        ("role/team/s3-reader", f"arn:aws:iam::{ACCOUNT}:role/team/s3-reader"),
        (f"arn:aws:iam::444455556666:role/{ROLE}", "ROLE_ARN"),
        (f"arn:aws:iam::{ACCOUNT}:policy/s3-reader", "ROLE_ARN"),
    ],
)
def test_an_arn_is_completed_where_account_and_role_are_certain(value: str, arn: str) -> None:
    fakes = healthy()
    annotated(fakes, value)
    command = next(command for command in words(fakes)[1] if "annotate" in command)
    assert command[-1] == f"eks.amazonaws.com/role-arn={arn}"


def test_a_blank_in_the_audience_is_not_taught_to_the_provider() -> None:
    fakes = healthy()
    fakes.service_account["metadata"]["annotations"]["eks.amazonaws.com/audience"] = "sts.amazonaws.com "
    fakes.provider["ClientIDList"] = ["other"]
    assert words(fakes)[0] == "default_audience"


# --- issuers that AWS cannot reach -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issuer", "public"),
    [
        (ISSUER, True),
        ("https://s3.ap-northeast-1.amazonaws.com/bucket", True),
        ("https://oidc.example.com:8443/id", True),
        ("https://203.0.113.9.example.com", True),
        ("https://8.8.8.8/id", True),
        ("https://kubernetes.default.svc.cluster.local", False),
        ("https://kubernetes.default.svc", False),
        ("https://localhost:6443", False),
        ("https://127.0.0.1:6443", False),
        ("https://[::1]:6443", False),
        ("https://10.96.0.1", False),
        ("https://192.168.49.2:8443", False),
        ("https://master", False),
        ("https://api.corp.internal.", False),
        ("http://oidc.example.com", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_which_issuers_aws_may_reach(issuer: str, public: bool) -> None:
    assert is_public(issuer) is public


def test_a_cluster_that_aws_cannot_reach_is_a_verdict_before_provider_and_trust_policy() -> None:
    fakes = healthy()
    local = "https://kubernetes.default.svc.cluster.local"
    fakes.cluster_discovery["issuer"] = local
    fakes.token = token(iss=local)
    fakes.errors["discovery"] = Unreachable(code="unknown_host", server_message="no such host")
    fakes.webhooks.clear()
    fakes.pod["spec"]["containers"][0]["env"] = []
    found = examine(consented(fakes.ports(), NOTHING), SUBJECT)
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.verdict.check.got) == ("issuer.discovery", local)
    assert {check(found, name).status for name in ("provider.exists", "trust.provider")} == {Status.NOT_REACHED}
    assert "webhook.registered" in {check.id for _, check in found.verdict.later}
    assert found.fix is not None
    assert found.fix.id == "private_issuer"
    assert "create-open-id-connect-provider" not in "".join(found.fix.commands)


# --- an issuer that we may not read ----------------------------------------------------------------------------------


def known(fakes: Fakes, *, given: str = "", eks: EksCluster | None = None) -> Diagnosis:
    fakes.errors["cluster_discovery"] = FORBIDDEN
    endpoint = "https://a.gr7.eks.amazonaws.com/"
    return examine(knowing_issuer(fakes.ports(), given=given, eks=eks, endpoint=endpoint), SUBJECT)


EKS = EksCluster(name="prod", region="ap-northeast-1")


@pytest.mark.parametrize(("given", "eks", "where"), [(ISSUER, None, "--issuer"), ("", EKS, "eks:DescribeCluster")])
def test_the_issuer_may_be_given_or_come_from_eks(given: str, eks: EksCluster | None, where: str) -> None:
    found = known(healthy(), given=given, eks=eks)
    assert check(found, "issuer.discovery").status is Status.PASSED
    assert check(found, "trust.provider").status is Status.PASSED
    assert found.verdict.outcome is Outcome.WORKS
    assert found.walk.reports[0].evidence["cluster_discovery"]["source"] == where


def other_endpoint(fakes: Fakes) -> None:
    fakes.eks["endpoint"] = "https://another.gr7.eks.amazonaws.com"


@pytest.mark.parametrize(
    "spoil",
    [
        other_endpoint,
        lambda f: f.errors.update(cluster=DENIED),
        lambda f: f.errors.update(cluster=Unreachable(code="timed_out", server_message="")),
        lambda f: f.eks.clear(),
    ],
    ids=["another", "denied", "silent", "empty"],
)
def test_of_another_cluster_or_a_silent_eks_the_role_tells_what_it_trusts(spoil: Callable[[Fakes], Any]) -> None:
    fakes = healthy()
    spoil(fakes)
    found = known(fakes, eks=EKS)
    assert (check(found, "issuer.discovery").status, check(found, "issuer.discovery").reason) == (
        *(Status.UNKNOWN, "no_permission"),
    )
    assert check(found, "provider.exists").status is Status.PASSED
    assert (check(found, "trust.provider").status, check(found, "trust.provider").reason) == (
        *(Status.UNKNOWN, "issuer_assumed"),
    )
    assert check(found, "trust.subject").status is Status.PASSED


def test_a_role_that_trusts_another_cluster_is_not_believed_about_this_one() -> None:
    """The token knows the issuer, the trust policy does not."""
    fakes = healthy()
    old = PROVIDER.replace("EXAMPLED539D", "0AD0AD0AD0AD")
    policy = json.loads(json.dumps(trust_policy()).replace("EXAMPLED539D", "0AD0AD0AD0AD"))
    fakes.role["AssumeRolePolicyDocument"] = policy
    fakes.providers.append(old)
    fakes.provider["Url"] = old.partition("/")[2]
    fakes.errors["assume_role"] = NotPermitted(code="AccessDenied", server_message="no", status=403)
    found = known(fakes)
    assert check(found, "token.issuer").reason == "issuer_assumed"
    assert found.verdict.outcome is not Outcome.WORKS
    if found.fix:
        assert not [line for line in found.fix.commands if "0AD0AD" in line]


def test_a_role_of_several_clusters_tells_no_issuer() -> None:
    fakes = healthy()
    policy = fakes.role["AssumeRolePolicyDocument"]
    policy["Statement"].append({**policy["Statement"][0], "Principal": {"Federated": f"{PROVIDER}2"}})
    found = known(fakes)
    assert check(found, "provider.exists").status is Status.NOT_REACHED


NOT_AUTHORIZED = Refused(
    code="AccessDenied", server_message="Not authorized to perform sts:AssumeRoleWithWebIdentity", status=403
)
GUESSES: dict[str, tuple[Callable[[Fakes], Any], dict[str, Any], str, str]] = {
    # what could not be read: (what is broken, what is refused, the fix, the words of its last command)
    "the annotation": (
        lambda f: setattr(f, "pod", bare_pod()) or setattr(f, "webhook_up", False),
        *({"service_account": FORBIDDEN}, "read_annotation", "get serviceaccount my-sa -o yaml"),
    ),
    "the issuer, where the provider that the role trusts is gone": (
        lambda f: f.providers.clear(),
        {"cluster_discovery": FORBIDDEN, "execute": FORBIDDEN, "request_token": FORBIDDEN},
        *("name_issuer", "--issuer ISSUER_URL"),
    ),
    "the issuer, which the cluster's document lacks": (
        lambda f: f.cluster_discovery.pop("issuer"),
        *({"execute": FORBIDDEN, "request_token": FORBIDDEN}, "read_issuer", "/.well-known/openid-configuration"),
    ),
    "the issuer, where the role trusts none": (
        lambda f: f.role.update(AssumeRolePolicyDocument={"Statement": []}),
        *({"cluster_discovery": FORBIDDEN, "assume_role": NOT_AUTHORIZED}, "issuer_of_token", f"--issuer {ISSUER}"),
    ),
}


@pytest.mark.parametrize("name", GUESSES)
def test_what_could_not_be_read_is_read_before_anything_is_guessed(name: str) -> None:
    """A silent webhook, a provider for the other cluster, and the organization were blamed."""
    spoil, errors, fix_id, command = GUESSES[name]
    fakes = healthy()
    spoil(fakes)
    fakes.errors.update(errors)
    fix = examined(fakes).fix
    assert fix is not None
    assert (fix.id, fix.commands[-1].endswith(command)) == (fix_id, True)
    assert ("--region ap-northeast-1" in fix.commands[0]) is (fix_id == "name_issuer")


def test_a_role_elsewhere_is_not_missing_where_the_providers_may_not_be_listed() -> None:
    fakes = healthy()
    annotated(fakes, ROLE.replace(ACCOUNT, "444455556666"))
    fakes.errors.update(oidc_providers=DENIED, role=NotFound(code="NoSuchEntity", server_message="no", status=404))
    role = check(examined(fakes), "role.exists")
    assert (role.status, role.reason) == (Status.UNKNOWN, "other_account")


def test_a_pod_that_could_not_be_read_is_not_called_whole() -> None:
    """Its token may be in order, and its program use another one, or none."""
    fakes = healthy()
    fakes.errors["pod"] = FORBIDDEN
    found = examined(fakes)
    assert check(found, "token.file").status is Status.PASSED
    assert check(found, "sts.credentials").status is Status.PASSED
    assert found.verdict.outcome is Outcome.UNKNOWN


def test_who_is_not_known_is_not_helped_by_an_issuer() -> None:
    fakes = healthy()
    fakes.errors["cluster_discovery"] = NotPermitted(code="Unauthorized", server_message="Unauthorized", status=401)
    ports = knowing_issuer(fakes.ports(), given=ISSUER, eks=EKS, endpoint="")
    assert check(examine(ports, SUBJECT), "issuer.discovery").reason == "login"


# --- what a user lacks -----------------------------------------------------------------------------------------------


def test_with_every_right_nothing_is_lacking() -> None:
    ports = healthy().ports()
    found = lacking(ports.cluster, examine(ports, SUBJECT), NOTHING)
    assert (found.is_nothing, found.manifests, found.policy) == (True, [], None)


def test_what_is_lacking_is_granted_where_it_is_needed_and_to_that_user() -> None:
    fakes = healthy()
    fakes.errors |= {"cluster_discovery": FORBIDDEN, "role": DENIED}
    path = Access(verb="get", path="/.well-known/openid-configuration")
    maps = Access(verb="get", resource="configmaps", namespace="default")
    fakes.denied = {path, maps}
    ports = fakes.ports()
    found = lacking(ports.cluster, examine(ports, SUBJECT), NOTHING)
    wide, wide_binding, narrow, narrow_binding = found.manifests
    assert wide["rules"] == [{"nonResourceURLs": [path.path], "verbs": ["get"]}]
    assert narrow["rules"] == [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    assert (wide_binding["kind"], narrow_binding["kind"], narrow_binding["metadata"]["namespace"]) == (
        *("ClusterRoleBinding", "RoleBinding", "default"),
    )
    assert {binding["subjects"][0]["name"] for binding in (wide_binding, narrow_binding)} == {"jane"}
    assert wide["metadata"]["name"] != narrow["metadata"]["name"]
    assert found.policy["Statement"][0]["Action"][0] == "iam:GetRole"
    assert not found.is_known  # what comes after the role was not asked


def test_only_what_is_asked_for_counts() -> None:
    fakes = healthy()
    dry_run = Access(verb="create", resource="pods", namespace="default")
    fakes.denied = {dry_run}
    ports = fakes.ports()
    found = examine(ports, SUBJECT)
    assert lacking(ports.cluster, found, NOTHING).accesses == ()
    assert lacking(ports.cluster, found, frozenset({Action.DRY_RUN})).accesses == (dry_run,)


def test_a_cluster_that_does_not_say_leaves_it_open() -> None:
    fakes = healthy()
    fakes.errors["allowed"] = Unreachable(code="timed_out", server_message="")
    ports = fakes.ports()
    found = lacking(ports.cluster, examine(ports, SUBJECT), NOTHING)
    assert (found.is_known, bool(found.unanswered), bool(found.manifests)) == (False, True, True)


def test_a_subject_without_a_pod_is_enough() -> None:
    fakes = healthy()
    subject = Subject(namespace="default", service_account="my-sa")
    assert dataclasses.replace(examine(fakes.ports(), subject)).verdict is not None
