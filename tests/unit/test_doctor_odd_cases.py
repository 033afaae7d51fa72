"""What is legal, rarely written, and easily taken for right: odd audiences, volumes, sessions, endpoints, patterns."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from app.content import LANGUAGES, load
from app.flow.annotations import AUDIENCE
from app.flow.doctor import Diagnosis, examine
from app.flow.errors import NotFound
from app.flow.model import Status
from app.flow.names import SIMULATED_AWS
from app.flow.port_wrappers.consent import ALL, NOTHING, Action, consented
from app.flow.verdict.judge import Outcome
from app.flow.webhook import POD_IDENTITY_LABEL
from app.report import verdict_words
from tests.unit.fake_ports import DIRECTORY, HOST, NOW, ROLE, SUB, SUBJECT, Fakes, bare_pod, token, trust_policy
from tests.unit.test_doctor import add_variable, container, examined, healthy

Spoil = Callable[[Fakes], Any]


def reading(fakes: Fakes) -> Diagnosis:
    """The diagnosis of a Pod that runs, without a log of the servers, by reading alone."""
    fakes.talk = []
    fakes.pod["status"]["containerStatuses"][0]["state"] = {"running": {}}
    return examine(consented(fakes.ports(), NOTHING), SUBJECT)


def manifest(change: Callable[[dict[str, Any]], Any]) -> Spoil:
    """The Pod as the webhook leaves it whose manifest has this change in its spec."""

    def spoil(fakes: Fakes) -> None:
        pod = bare_pod()
        change(pod["spec"])
        fakes.pod["spec"] = fakes.mutated(pod)["spec"]

    return spoil


def annotated(audience: str, *, condition: bool = False) -> Spoil:
    """A ServiceAccount with an audience of its own; `condition`: the trust policy asks for that of STS."""

    def spoil(fakes: Fakes) -> None:
        fakes.service_account["metadata"]["annotations"][AUDIENCE] = audience
        manifest(lambda spec: None)(fakes)
        if not condition:
            fakes.role["AssumeRolePolicyDocument"] = trust_policy(StringEquals={f"{HOST}:sub": SUB})

    return spoil


def volume(**parts: Any) -> Spoil:
    return manifest(lambda spec: spec["volumes"].append({"name": "aws-iam-token", **parts}))


def projected(**token: Any) -> dict[str, Any]:
    return {"sources": [{"serviceAccountToken": token}]}


def mount(path: str) -> Spoil:
    return manifest(
        lambda spec: spec["containers"][0]["volumeMounts"].append({"name": "aws-iam-token", "mountPath": path})
    )


BROKEN: dict[str, tuple[Spoil, str, str, str]] = {
    # what is wrong: (how, the check, what it got, the fix)
    "an empty audience": (annotated(""), "token.audience", '""', "default_audience"),
    "an empty audience, and a condition": (
        *(annotated("", condition=True), "trust.audience", "sts.amazonaws.com", "default_audience"),
    ),
    "an audience that the provider does not accept": (
        *(annotated("vault.example.com"), "token.audience", "vault.example.com", "default_audience"),
    ),
    "a token of its own for the API server": (
        *(volume(projected=projected(path="token")), "token.audience", '""', "recreate"),
    ),
    "a token of its own under another name": (
        volume(projected=projected(path="jwt", audience="sts.amazonaws.com")),
        *("pod.volume", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token", "own_volume"),
    ),
    "an empty directory of the volume's name": (
        *(volume(emptyDir={}), "pod.injected", "volumeMounts, AWS_ROLE_ARN", "own_volume"),
    ),
    "a mount of the volume's name elsewhere": (
        *(mount("/tokens"), "pod.volume", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token", "own_volume"),
    ),
    "a session's name with a space": (
        lambda fakes: add_variable(fakes, "AWS_ROLE_SESSION_NAME", value="my app/1"),
        *("pod.request", "aws-cli: AWS_ROLE_SESSION_NAME=my app/1", "session_name"),
    ),
    "a session's name of one letter": (
        lambda fakes: add_variable(fakes, "AWS_ROLE_SESSION_NAME", value="a"),
        *("pod.request", "aws-cli: AWS_ROLE_SESSION_NAME=a", "session_name"),
    ),
    "a session's name of too many letters": (
        lambda fakes: add_variable(fakes, "AWS_ROLE_SESSION_NAME", value="a" * 65),
        *("pod.request", "aws-cli: AWS_ROLE_SESSION_NAME=aaaa", "session_name"),
    ),
    "a session's name from a ConfigMap": (
        lambda fakes: (
            fakes.config_maps.update(names={"AWS_ROLE_SESSION_NAME": "billing (prod)"}),
            container(fakes).update(envFrom=[{"configMapRef": {"name": "names"}}]),
        ),
        *("pod.request", "aws-cli: AWS_ROLE_SESSION_NAME=billing (prod)", "session_name"),
    ),
    "another operator than for texts": (
        lambda fakes: fakes.role.update(AssumeRolePolicyDocument=trust_policy(ArnLike={f"{HOST}:sub": SUB})),
        *("trust.subject", f"ArnLike {SUB}", "trust"),
    ),
    "a condition without a value": (
        lambda fakes: fakes.role.update(AssumeRolePolicyDocument=trust_policy(StringEquals={f"{HOST}:sub": []})),
        *("trust.subject", "[]", "trust"),
    ),
}
KEY = {"valueFrom": {"secretKeyRef": {"name": "aws-secret", "key": "key_id", "optional": True}}}
"""As in the manifest of the EBS CSI driver."""
WORKS_ANYWAY: dict[str, tuple[Spoil, str]] = {
    # what it is: (how, the check that warns; empty where none does)
    "a session's name that fits": (lambda fakes: add_variable(fakes, "AWS_ROLE_SESSION_NAME", value="web-1@x"), ""),
    "an empty session's name": (lambda fakes: add_variable(fakes, "AWS_ROLE_SESSION_NAME", value=""), ""),
    "another endpoint": (lambda f: add_variable(f, "AWS_ENDPOINT_URL", value="http://u:p@minio:9000"), "pod.request"),
    "the endpoint of S3": (
        lambda f: add_variable(f, "AWS_ENDPOINT_URL", value="https://s3.ap-northeast-1.amazonaws.com"),
        "pod.request",
    ),
    "STS's VPC endpoint": (
        lambda f: add_variable(f, "AWS_ENDPOINT_URL", value="https://vpce-1-x.sts.us-east-1.vpce.amazonaws.com"),
        "",
    ),
    "keys of a Secret that may not be there": (
        lambda f: add_variable(f, "AWS_ACCESS_KEY_ID", **KEY),
        "pod.static_keys",
    ),
    "another endpoint that is ignored": (
        lambda fakes: (
            add_variable(fakes, "AWS_ENDPOINT_URL", value="http://minio:9000"),
            add_variable(fakes, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", value="true"),
        ),
        "",
    ),
    "another endpoint, and STS's own": (
        lambda fakes: (
            add_variable(fakes, "AWS_ENDPOINT_URL", value="http://minio:9000"),
            add_variable(fakes, "AWS_ENDPOINT_URL_STS", value="https://sts.cn-north-1.amazonaws.com.cn"),
        ),
        "",
    ),
    "the AWS that we simulate beside the cluster": (
        lambda fakes: (
            add_variable(fakes, "AWS_ENDPOINT_URL_STS", value="https://172.18.0.1:9443"),
            fakes.pod["metadata"].update(annotations={SIMULATED_AWS: "-----BEGIN CERTIFICATE-----"}),
        ),
        "",
    ),
    "the old variable for a profile": (lambda f: add_variable(f, "AWS_DEFAULT_PROFILE", value="x"), "pod.static_keys"),
    "a letter that may be any": (
        lambda fakes: fakes.role.update(
            AssumeRolePolicyDocument=trust_policy(StringLike={f"{HOST}:sub": SUB[:-1] + "?"})
        ),
        "trust.scope",
    ),
    "a Pod on Windows": (manifest(lambda spec: spec.update(nodeSelector={"kubernetes.io/os": "windows"})), ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_found_by_reading_alone_and_the_fix_is_predicted_to_help(name: str) -> None:
    spoil, check_id, got, fix = BROKEN[name]
    fakes = healthy()
    spoil(fakes)
    found = reading(fakes)
    assert found.verdict.check is not None
    assert (found.verdict.outcome, found.verdict.check.id) == (Outcome.BROKEN, check_id)
    assert got in found.verdict.check.got
    assert found.fix is not None
    assert found.fix.id == fix
    if name != "a token of its own for the API server":  # the workload's template is not read
        assert found.prediction is None or found.prediction.outcome is not Outcome.BROKEN


@pytest.mark.parametrize("name", WORKS_ANYWAY)
def test_what_breaks_nothing_is_not_called_broken(name: str) -> None:
    spoil, warns = WORKS_ANYWAY[name]
    fakes = healthy()
    spoil(fakes)
    found = reading(fakes)
    assert found.verdict.outcome is Outcome.SHOULD_WORK
    assert (found.verdict.warning[1].id if found.verdict.warning else "") == warns
    assert "u:p" not in str(found.checks)


@pytest.mark.parametrize("field", ["metadata.name", "spec.nodeName"])
def test_a_session_named_after_the_pod_may_be_too_long_for_sts(field: str) -> None:
    fakes, name = healthy(), "a-deployment-with-a-name-of-quite-some-length-6f4dfff6cb-76cv9-on-a-node"
    manifest(lambda spec: spec["containers"][0].setdefault("env", []).append(of_field(field)))(fakes)
    fakes.pod["spec"]["nodeName"] = name
    if field == "metadata.name":
        fakes.pod["metadata"]["name"] = name
    reading(fakes)  # its Pod runs from here on
    found = examine(consented(fakes.ports(), NOTHING), dataclasses.replace(SUBJECT, pod=fakes.pod["metadata"]["name"]))
    shown = next(check for check in found.checks if check.id == "pod.request")
    assert (shown.status, name in shown.got) == (Status.FAILED, True)
    fakes.pod["spec"]["nodeName"] = fakes.pod["metadata"]["name"] = "pod-after"
    assert reading(fakes).verdict.outcome is Outcome.SHOULD_WORK


def of_field(path: str) -> dict[str, Any]:
    return {"name": "AWS_ROLE_SESSION_NAME", "valueFrom": {"fieldRef": {"fieldPath": path}}}


def test_a_profile_may_be_meant_so_its_removal_is_no_order() -> None:
    """With `role_arn` and `web_identity_token_file` it may be how a second role is assumed."""
    fakes = healthy()
    add_variable(fakes, "AWS_PROFILE", value="target")
    found = examined(fakes)
    assert found.fix is not None
    assert (found.verdict.status, found.fix.id) == (Status.WARNING, "profile")
    add_variable(fakes, "AWS_ACCESS_KEY_ID")
    fix = examined(fakes).fix
    assert fix is not None
    assert fix.id == "static_keys"


def beside(role: str) -> Callable[[dict[str, Any]], Any]:
    """A second container that uses the token for this role."""
    variables = {"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": f"{DIRECTORY}/token"}
    env = [{"name": name, "value": value} for name, value in variables.items()]
    return lambda spec: spec["containers"].append({"name": "backup", "image": "backup", "env": env})


def test_a_second_container_may_have_a_role_of_its_own() -> None:
    fakes = healthy()
    manifest(beside(f"{ROLE}-of-the-backup"))(fakes)
    found = examined(fakes)
    assert (found.verdict.outcome, found.verdict.check and found.verdict.check.id) == (Outcome.WORKS, "pod.handwritten")
    assert {check.id for check in found.checks if check.status is Status.WARNING} == {"pod.handwritten"}
    assert (found.fix and found.fix.id) == "role_apart"
    fakes.pod["spec"]["containers"][0]["env"][3]["value"] = f"{ROLE}-of-old"  # then the annotation may be newer
    assert examined(fakes).verdict.outcome is Outcome.BROKEN


def test_the_fix_leaves_the_role_of_another_container_alone() -> None:
    """Half of the variables by hand are a mistake, a role of a container's own is none."""
    fakes = healthy()
    half = {"name": "half", "image": "half", "env": [{"name": "AWS_ROLE_ARN", "value": ROLE}]}
    manifest(lambda spec: (beside(f"{ROLE}-of-the-backup")(spec), spec["containers"].append(half)))(fakes)
    fix, remove = reading(fakes).fix, "AWS_ROLE_ARN- AWS_WEB_IDENTITY_TOKEN_FILE-"
    assert fix is not None
    assert (fix.id, *fix.commands) == ("handwritten", f"kubectl -n default set env deployment/web -c half {remove}")
    assert fix.change is not None
    assert "backup" not in str(fix.change.after)
    fakes.pod["spec"]["containers"].pop()  # then only the role that may be meant is left
    fix = examined(fakes).fix
    assert fix is not None
    assert (fix.id, *fix.commands) == ("role_apart", f"kubectl -n default set env deployment/web -c backup {remove}")


def test_a_stored_pod_is_recreated_with_the_role_of_its_second_container() -> None:
    """The webhook writes the annotated role into a container that has none."""
    fakes = healthy()
    manifest(beside(f"{ROLE}-of-the-backup"))(fakes)
    fakes.pod["metadata"].pop("ownerReferences")
    add_variable(fakes, "AWS_ACCESS_KEY_ID")
    found = examined(fakes)
    assert found.fix is not None
    of_webhook, keys, _ = found.fix.commands[0].split(" | ")[1:]
    assert "-c aws-cli AWS_ROLE_ARN- AWS_WEB_IDENTITY_TOKEN_FILE- -o" in of_webhook
    assert "-c aws-cli AWS_ACCESS_KEY_ID- -o" in keys
    assert found.prediction is not None
    assert (found.prediction.check and found.prediction.check.id) == "pod.handwritten"
    assert found.fix.change is not None
    assert f"{ROLE}-of-the-backup" in str(found.fix.change.after)


def test_the_label_of_pod_identity_alone_takes_the_token_from_no_pod() -> None:
    fakes = healthy()
    fakes.pod["metadata"]["labels"][POD_IDENTITY_LABEL] = "enabled"
    assert examined(fakes).verdict.status is Status.PASSED
    fakes.pod["spec"] = bare_pod()["spec"]
    found = examined(fakes)
    assert next(check for check in found.checks if check.id == "pod.pod_identity").status is Status.FAILED


def test_the_fixes_change_no_more_than_they_have_to() -> None:
    fakes = healthy()
    add_variable(fakes, "AWS_ROLE_SESSION_NAME", value="my app/1")
    fix = reading(fakes).fix
    assert fix is not None
    assert fix.commands == ("kubectl -n default set env deployment/web -c aws-cli AWS_ROLE_SESSION_NAME=my-app-1",)
    fakes = healthy()
    mount("/tokens")(fakes)
    fix = reading(fakes).fix
    assert fix is not None
    (patch,) = fix.commands
    assert '{"name": "aws-cli", "volumeMounts": [{"mountPath": "/tokens", "$patch": "delete"}]}' in patch


@pytest.mark.parametrize(("behind", "status"), [(299, Status.PASSED), (301, Status.UNKNOWN)])
def test_a_clock_that_is_a_little_behind_breaks_no_new_token(behind: int, status: Status) -> None:
    fakes = healthy()
    fakes.token = token(iat=NOW, nbf=NOW)
    fakes.files = {}
    fakes.__post_init__()
    fakes.now = NOW - behind
    found = examined(fakes)
    assert next(it for it in found.walk.checks if it.id == "token.lifetime").status is status


def test_a_token_of_the_future_is_open_by_the_claim_that_says_so() -> None:
    fakes = healthy()
    fakes.token = token(iat=NOW, nbf=NOW + 400)
    fakes.files = {}
    fakes.__post_init__()
    fakes.now = NOW
    check = next(it for it in examined(fakes).walk.checks if it.id == "token.lifetime")
    assert (check.status, check.where, check.expected) == (Status.UNKNOWN, "nbf", f"nbf {NOW + 400} <= {NOW}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_namespace_that_is_not_there_is_the_cause(language: str) -> None:
    fakes, content = healthy(), load(language)
    fakes.errors["service_account"] = NotFound(code="NotFound", server_message='serviceaccounts "my-sa" not found')
    fakes.errors["namespace"] = NotFound(code="NotFound", server_message='namespaces "default" not found', status=404)
    fakes.namespaces = ["shop"]
    said = content.message("doctor.causes.no_namespace", namespace="default")
    assert verdict_words.cause(reading(fakes), content).startswith(said)


@pytest.mark.parametrize("granted", [NOTHING, ALL], ids=["only reading", "everything"])
@pytest.mark.parametrize("role", [f"{ROLE}-old", ""])
def test_variables_that_the_manifest_sets_itself_are_not_taken_for_those_of_an_older_annotation(
    role: str, granted: frozenset[Action]
) -> None:
    """A restart changes nothing there: the template has them, and the webhook keeps what is set."""
    fakes, file = healthy(), f"{DIRECTORY}/token" if role else ""
    own = [{"name": "AWS_ROLE_ARN", "value": role}, {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": file}]
    manifest(lambda spec: spec["containers"][0].update(env=own))(fakes)
    found = examine(consented(fakes.ports(), granted), SUBJECT)
    assert found.verdict.outcome is Outcome.BROKEN
    assert found.fix is not None
    assert found.fix.id == "handwritten"
    assert any("set env" in command for command in found.fix.commands)


@pytest.mark.parametrize(
    ("region", "status"),
    [("us-east-1", Status.PASSED), ("cn-north-1", Status.FAILED), ("us-gov-west-1", Status.FAILED)],
)
def test_a_region_of_another_partition_leads_to_an_sts_that_does_not_know_the_issuer(
    region: str, status: Status
) -> None:
    fakes = healthy()
    own = [{"name": name, "value": region} for name in ("AWS_REGION", "AWS_DEFAULT_REGION")]
    manifest(lambda spec: spec["containers"][0].update(env=own))(fakes)
    found = reading(fakes)
    assert next(check for check in found.checks if check.id == "pod.region").status is status
    assert (found.verdict.outcome is Outcome.BROKEN) is (status is Status.FAILED)


KEYS = [{"name": "AWS_ACCESS_KEY_ID", "value": "AKIAIOSFODNN7EXAMPLE"}, {"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}]


def test_only_the_keys_of_the_main_container_are_removed() -> None:
    """Those of a sidecar may be for another account, or for a server that is not of AWS."""
    fakes = healthy()
    beside = {"name": "sync", "image": "registry.example/sync:1", "env": KEYS}
    manifest(lambda spec: (spec["containers"].append(beside), spec["containers"][0].update(env=KEYS[:1])))(fakes)
    box = fakes.pod["spec"]["containers"][0]
    box["envFrom"] = [{"configMapRef": {"name": "settings"}}]
    fakes.config_maps["settings"] = {"AWS_SECRET_ACCESS_KEY": "x"}
    found = reading(fakes)
    assert found.fix is not None
    words = "AWS_ACCESS_KEY_ID- AWS_SECRET_ACCESS_KEY="
    assert (found.fix.id, found.fix.commands[0]) == (
        *("empty_keys", f"kubectl -n default set env deployment/web -c {box['name']} {words}"),
    )
    assert found.fix.change is not None
    assert "sync" not in str(found.fix.change.after)
    assert found.prediction is not None
    assert (found.prediction.check and found.prediction.check.id) == "pod.static_keys"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda spec, other: spec["containers"].append(other), Status.WARNING),
        (lambda spec, other: spec["containers"].insert(0, other), Status.FAILED),
        (lambda spec, other: spec.update(initContainers=[other]), Status.WARNING),
        (lambda spec, other: spec["containers"][0].update(env=KEYS), Status.FAILED),
    ],
    ids=["a sidecar", "the first container", "an init container", "the only container"],
)
def test_access_keys_of_another_container_take_the_role_from_none(change: Any, status: Status) -> None:
    fakes = healthy()
    other = {"name": "other", "image": "registry.example/other:1", "env": KEYS}
    manifest(lambda spec: change(spec, other))(fakes)
    found = reading(fakes)
    shown = next(check for check in found.checks if check.id == "pod.static_keys")
    assert shown.status is status
    assert (found.verdict.outcome is Outcome.BROKEN) is (status is Status.FAILED)
    fix = examined(fakes).fix
    assert fix is not None
    names = "AWS_ACCESS_KEY_ID- AWS_SECRET_ACCESS_KEY-"
    box = fakes.pod["spec"]["containers"][0]["name"]
    remove = f"kubectl -n default set env deployment/web -c {box} {names}"
    look = "kubectl -n default get deployment/web -o yaml"
    wanted = ("static_keys", remove) if status is Status.FAILED else ("keys_apart", look)
    assert (fix.id, *fix.commands) == wanted
    if "other" in shown.got:
        fakes.pod["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "other"}
        shown = next(check for check in reading(fakes).checks if check.id == "pod.static_keys")
        assert shown.status is Status.FAILED
