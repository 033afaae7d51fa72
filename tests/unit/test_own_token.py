"""A Pod whose manifest mounts the token itself, without annotation and webhook: its chain is followed, too."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.flow.doctor import Diagnosis, examine
from app.flow.doctor.evidence import check_of
from app.flow.errors import NotFound
from app.flow.model import Status
from app.flow.port_wrappers.consent import NOTHING, Action, consented
from app.flow.verdict.judge import Outcome
from tests.unit.fake_ports import ACCOUNT, DIRECTORY, ROLE, SUBJECT, Fakes, bare_pod, token
from tests.unit.test_doctor import check, condition, examined, healthy, words


def by_hand(*, directory: str = DIRECTORY, audience: str = "sts.amazonaws.com", role: str = ROLE) -> Fakes:
    """A Pod of a Deployment that runs, of a ServiceAccount without annotations."""
    fakes = Fakes(token=token(aud=[audience]))
    metadata = {**healthy().pod["metadata"]}
    pod = bare_pod()
    pod["metadata"] = metadata
    source = {"serviceAccountToken": {"audience": audience, "expirationSeconds": 86400, "path": "token"}}
    pod["spec"]["volumes"].append({"name": "own", "projected": {"sources": [source]}})
    (box,) = pod["spec"]["containers"]
    variables = {
        **{"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": f"{directory}/token"},
        **{"AWS_REGION": "ap-northeast-1", "AWS_DEFAULT_REGION": "ap-northeast-1"},
    }
    box["env"] = [{"name": name, "value": value} for name, value in variables.items()]
    box["volumeMounts"].append({"name": "own", "mountPath": directory})
    pod["spec"]["containers"].append({"name": "proxy", "image": "proxy:1", "volumeMounts": []})
    started = {"startedAt": "2026-11-24T10:00:00Z"}
    pod["status"] = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": name, "state": {"running": started}} for name in ("aws-cli", "proxy")],
    }
    fakes.pod = pod
    fakes.service_account["metadata"]["annotations"] = {}
    fakes.files[f"cat {directory}/token"] = fakes.files[f"cat {DIRECTORY}/token"]
    return fakes


def reading(fakes: Fakes, *actions: Action) -> Diagnosis:
    return examine(consented(fakes.ports(), frozenset(actions) or NOTHING), SUBJECT)


@pytest.mark.parametrize("directory", [DIRECTORY, "/var/run/mine"])
def test_a_token_by_hand_is_followed_to_the_end(directory: str) -> None:
    found = reading(by_hand(directory=directory))
    assert found.verdict.outcome is Outcome.SHOULD_WORK
    assert (found.fix, found.siblings_fix) == (None, None)
    found = examined(by_hand(directory=directory))
    assert (found.verdict.outcome, found.verdict.check) == (Outcome.WORKS, None)
    assert check(found, "pod.volume").got == f"{directory}/token"
    for check_id in ("service_account.annotation", "webhook.registered", "pod.injected"):
        not_needed = check_of(found.walk, check_id)
        assert not_needed is not None
        assert (not_needed.status, not_needed.reason) == (Status.UNKNOWN, "by_hand")


@pytest.mark.parametrize("is_own", [True, False])
def test_a_role_of_another_account_that_only_the_pod_names_is_not_missing_here(is_own: bool) -> None:
    """The provider and the role were looked for in our account, found missing, and made there."""
    elsewhere = ROLE.replace(ACCOUNT, "444455556666")
    fakes = by_hand(role=elsewhere) if is_own else healthy()
    if not is_own:  # one that the webhook has edited before the annotation went
        fakes.service_account["metadata"]["annotations"] = {}
        fakes.pod["status"] = by_hand().pod["status"]
        for container in fakes.pod["spec"]["containers"]:
            for variable in container.get("env", []):
                if variable["name"] == "AWS_ROLE_ARN":
                    variable["value"] = elsewhere
    fakes.providers = [f"arn:aws:iam::{ACCOUNT}:oidc-provider/example.com"]
    fakes.errors["role"] = NotFound(code="NoSuchEntity", server_message="no", status=404)
    found = reading(fakes).walk
    for check_id in ("provider.exists", "role.exists"):
        other = check_of(found, check_id)
        assert other is not None
        assert (other.status, other.reason) == (Status.UNKNOWN, "other_account")


def test_a_provider_for_the_audience_of_the_manifest_is_enough() -> None:
    fakes = by_hand(audience="vault.example.com")
    fakes.provider["ClientIDList"] = ["vault.example.com"]
    asked = check_of(reading(fakes).walk, "provider.audience")
    assert asked is not None
    assert (asked.status, asked.expected) == (Status.PASSED, "vault.example.com")


@pytest.mark.parametrize(
    ("mount", "path"),
    [
        ({"mountPath": "/var/run/secrets/mine/token", "subPath": "token"}, "token"),
        ({"mountPath": "/var/run/secrets/mine", "subPath": "aws"}, "aws/token"),
        ({"mountPath": "/var/run/secrets/mine/token", "subPathExpr": "token"}, "token"),
    ],
)
def test_a_token_by_a_sub_path_is_followed_but_never_renewed(mount: dict[str, str], path: str) -> None:
    part = mount.get("subPath") or mount["subPathExpr"]
    fakes = by_hand(directory="/var/run/secrets/mine")
    fakes.pod["spec"]["containers"][0]["volumeMounts"][-1].update(mount)
    (source,) = fakes.pod["spec"]["volumes"][-1]["projected"]["sources"]
    source["serviceAccountToken"]["path"] = path
    unread = examine(consented(fakes.ports(), NOTHING), SUBJECT)
    assert unread.verdict.warning is not None
    assert (unread.verdict.warning[1].reason, unread.verdict.warning[1].got) == ("sub_path", f"subPath {part}")
    for later, outcome, status in ((0, Outcome.WORKS, Status.WARNING), (100_000, Outcome.BROKEN, Status.FAILED)):
        fakes.now += later
        found = examined(fakes)
        shown = check_of(found.walk, "token.lifetime")
        assert shown is not None
        assert (found.verdict.outcome, shown.status, shown.reason) == (outcome, status, "sub_path")
        assert found.fix is not None
        assert (found.fix.id, found.fix.change) == ("whole_volume", None)


SPOILS: dict[str, tuple[Callable[[], Fakes], Callable[[Fakes], Any], str, str]] = {
    "the trust policy lets in another one": (
        by_hand,
        lambda f: condition(f, "StringEquals", sub="system:serviceaccount:default:other"),
        *("trust.subject", "trust"),
    ),
    "the provider does not accept the volume's audience": (
        lambda: by_hand(audience="vault"),
        lambda f: f.role["AssumeRolePolicyDocument"]["Statement"][0].pop("Condition"),
        *("token.audience", "own_audience"),
    ),
    "the trust policy does not accept the volume's audience": (
        lambda: by_hand(audience="vault"),
        lambda f: f.provider["ClientIDList"].append("vault"),
        *("trust.audience", "own_audience"),
    ),
    "the variable has no ARN": (
        lambda: by_hand(role="s3-reader"),
        lambda f: None,
        *("service_account.role_arn", "own_role"),
    ),
    "the variable points elsewhere": (
        by_hand,
        lambda f: f.pod["spec"]["containers"][0]["env"][1].update(value=f"{DIRECTORY}/jwt"),
        *("pod.volume", "own_file"),
    ),
}


@pytest.mark.parametrize("name", SPOILS)
def test_what_breaks_it_shows_in_what_can_be_read(name: str) -> None:
    make, spoil, check_id, fix_id = SPOILS[name]
    fakes = make()
    spoil(fakes)
    found = reading(fakes)
    judged = found.verdict
    assert (judged.outcome, judged.check and judged.check.id) == (Outcome.BROKEN, check_id)
    assert found.fix is not None
    assert found.fix.id == fix_id
    assert "annotate" not in " ".join(found.fix.commands)


def test_the_audience_is_set_in_the_volume_and_nothing_else_of_it_changes() -> None:
    fakes = by_hand(audience="vault")
    fakes.pod["spec"]["volumes"][-1]["projected"]["sources"].append({"configMap": {"name": "ca"}})
    fakes.provider["ClientIDList"].append("vault")
    fix = reading(fakes).fix
    assert fix is not None
    patch = json.loads(fix.commands[0].partition(" -p ")[2].strip("'"))
    (volume,) = patch["spec"]["template"]["spec"]["volumes"]
    first, second = volume["projected"]["sources"]
    assert (volume["name"], first["serviceAccountToken"]["audience"]) == ("own", "sts.amazonaws.com")
    assert (first["serviceAccountToken"]["path"], second) == ("token", {"configMap": {"name": "ca"}})


def test_its_role_is_written_where_it_stands() -> None:
    fix_id, ((*command, arn),) = words(by_hand(role="s3-reader"))
    assert (fix_id, command[3:6], arn) == ("own_role", ["set", "env", "deployment/web"], "AWS_ROLE_ARN=ROLE_ARN")


@pytest.mark.parametrize("gone", ["registration", "answer"])
def test_annotated_as_well_no_pod_needs_the_webhook(gone: str) -> None:
    """The next one mounts the token itself, too."""
    fakes = by_hand(directory="/var/run/mine")
    fakes.service_account["metadata"]["annotations"] = {"eks.amazonaws.com/role-arn": ROLE}
    fakes.webhook_up = False
    if gone == "registration":
        fakes.webhooks = []
    else:
        fakes.webhooks[0]["webhooks"][0]["clientConfig"] = {"service": {"namespace": "default", "name": "webhook"}}
        fakes.endpoints = {"subsets": []}
    found = examined(fakes)
    assert (found.verdict.outcome, found.verdict.status) == (Outcome.WORKS, Status.PASSED)
    assert reading(fakes).verdict.outcome is Outcome.SHOULD_WORK


@pytest.mark.parametrize(
    ("directory", "twice", "kind"),
    [(DIRECTORY, True, "containers"), (DIRECTORY, True, "initContainers"), ("/var/run/mine", False, "containers")],
)
def test_annotated_as_well_the_next_pod_may_have_two_mounts_at_one_path(directory: str, twice: bool, kind: str) -> None:
    fakes = by_hand(directory=directory)
    spec = fakes.pod["spec"]
    spec[kind], spec["containers"] = spec["containers"][:1], spec["containers"][kind != "containers" :]
    fakes.service_account["metadata"]["annotations"] = {"eks.amazonaws.com/role-arn": ROLE}
    found = examined(fakes)
    assert found.verdict.outcome is Outcome.WORKS
    shown = check(found, "pod.handwritten")
    assert (shown.status, shown.reason) == ((Status.WARNING, "mounted_twice") if twice else (Status.PASSED, ""))
    assert (DIRECTORY in shown.got) is twice
    if twice:
        assert found.fix is not None
        assert (found.fix.id, found.prediction) == ("mounted_twice", None)
        assert found.fix.change is not None
        assert ["AWS_ROLE_ARN" in repr(it) for it in (found.fix.change.before, found.fix.change.after)] == [True, False]
        patch = json.loads(found.fix.commands[0].partition(" -p ")[2].strip("'"))["spec"]["template"]["spec"]
        assert sorted(patch) == [kind, "volumes"]
        (box,) = patch[kind]
        assert box["volumeMounts"] == [{"mountPath": DIRECTORY, "$patch": "delete"}]
