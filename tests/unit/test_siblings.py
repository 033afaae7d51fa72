"""All Pods of a ServiceAccount: how each stands to it, what is done about those that do not use its role."""

from __future__ import annotations

import copy
import dataclasses
import json
import shlex
from collections.abc import Callable
from typing import Any

import pytest

from app.commands import doctor_text
from app.commands.verdict_text import briefly
from app.content import LANGUAGES, load
from app.flow.diagnosis_file import diagnosis_file
from app.flow.doctor import Diagnosis, examine
from app.flow.doctor.pods.choosing import successor
from app.flow.doctor.pods.rows import PodStand, row
from app.flow.errors import NotFound, NotPermitted, Unreachable
from app.flow.model import Check, Status, Subject
from app.flow.port_wrappers.consent import NOTHING, consented
from app.flow.verdict.judge import Outcome
from app.report import document, page, pod_words, verdict_words
from tests.unit.fake_ports import ROLE, SUBJECT, Fakes, bare_pod
from tests.unit.test_doctor import healthy

FORBIDDEN = NotPermitted(code="Forbidden", server_message='User "x" cannot list resource "pods"', status=403)
BEFORE, AFTER = "2026-11-24T09:00:00Z", "2026-11-24T11:00:00Z"
"""Before and after the annotation of `healthy`."""
NO_POD = dataclasses.replace(SUBJECT, pod="")
both = pytest.mark.parametrize("language", LANGUAGES)


def sibling(
    name: str,
    *,
    owner: tuple[str, str] = ("ReplicaSet", "worker-7c9d8bf5d4"),
    created: str = BEFORE,
    phase: str = "Running",
    edited: bool = False,
    account: str = "my-sa",
) -> dict[str, Any]:
    """Another Pod, as a list has it."""
    pod = Fakes().pod if edited else bare_pod()
    pod["metadata"] = {"name": name, "namespace": "default", "creationTimestamp": created, "labels": {}}
    kind, owned_by = owner
    if kind:
        pod["metadata"]["ownerReferences"] = [{"kind": kind, "name": owned_by, "controller": True}]
    if kind == "ReplicaSet":
        pod["metadata"]["labels"]["pod-template-hash"] = owned_by.rpartition("-")[2]
    pod["status"] = {"phase": phase}
    pod["spec"]["serviceAccountName"] = account
    return pod


def beside(*siblings: Any) -> Fakes:
    fakes = healthy()
    fakes.pod["status"]["phase"] = "Running"
    fakes.siblings = list(siblings)
    return fakes


def siblings_check(found: Diagnosis) -> Check:
    return next(check for check in found.checks if check.id == "pod.siblings")


def commands(fix: Any) -> list[list[str]]:
    return [shlex.split(command) for command in fix.commands] if fix else []


def variable(pod: Any, name: str, value: str) -> None:
    for item in pod["spec"]["containers"][0]["env"]:
        if item["name"] == name:
            item["value"] = value


def audience(pod: Any, value: str) -> None:
    (volume,) = [it for it in pod["spec"]["volumes"] if it["name"] == "aws-iam-token"]
    volume["projected"]["sources"][0]["serviceAccountToken"]["audience"] = value


def by_hand(pod: Any, role: str) -> None:
    """The manifest has both variables, so the webhook has appended only what comes before them."""
    variable(pod, "AWS_ROLE_ARN", role)
    own = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
    pod["spec"]["containers"][0]["env"].sort(key=lambda item: item["name"] not in own)


# --- how a Pod stands to its ServiceAccount --------------------------------------------------------------------------

STANDS: dict[str, tuple[bool, Callable[[Any], Any], PodStand, bool]] = {
    # a Pod: (edited at first?, what is done to it, how it stands, whether a restart helps)
    "as the webhook makes it": (True, lambda p: None, PodStand.CURRENT, False),
    "older than the annotation": (False, lambda p: None, PodStand.NOT_EDITED, True),
    "of a time when the webhook did not answer": (
        False,
        lambda p: p["metadata"].update(creationTimestamp=AFTER),
        PodStand.NOT_EDITED,
        True,
    ),
    "kept away by its label": (
        False,
        lambda p: p["metadata"]["labels"].update({"eks.amazonaws.com/skip-pod-identity-webhook": "true"}),
        PodStand.NOT_EDITED,
        False,
    ),
    "written by hand": (
        False,
        lambda p: p["spec"]["containers"][0].update(env=[{"name": "AWS_ROLE_ARN", "value": ROLE}]),
        PodStand.NOT_EDITED,
        False,
    ),
    "of the role before": (True, lambda p: variable(p, "AWS_ROLE_ARN", f"{ROLE}-old"), PodStand.OTHER_ROLE, True),
    "of a role that is written by hand": (
        True,
        lambda p: by_hand(p, f"{ROLE}-of-another"),
        PodStand.OTHER_ROLE,
        False,
    ),
    "of the audience before": (True, lambda p: audience(p, "other"), PodStand.OTHER_AUDIENCE, True),
    "with a sidecar that came later": (
        True,
        lambda p: p["spec"]["containers"].append({"name": "istio-proxy", "image": "istio"}),
        PodStand.CURRENT,
        False,
    ),
}


@pytest.mark.parametrize("name", STANDS)
def test_how_a_pod_stands_shows_in_the_list(name: str) -> None:
    edited, change, stand, restart = STANDS[name]
    pod = sibling("worker", edited=edited)
    change(pod)
    found = row(pod, healthy().service_account)
    assert (found.stand, found.restart) == (stand, restart)


def test_where_no_pod_was_examined_because_we_may_not_list_them_that_is_said_with_the_rule() -> None:
    fakes = healthy()
    fakes.errors["pods"] = FORBIDDEN
    found = examine(consented(fakes.ports(), NOTHING), NO_POD)
    assert found.verdict.check == siblings_check(found)
    shown = "\n".join(briefly(found, load("en")))
    assert FORBIDDEN.server_message in shown
    assert '- apiGroups: [""]\n      resources: ["pods"]\n      verbs: ["list"]' in shown


def test_a_selector_of_the_clusters_own_keeps_the_webhook_away() -> None:
    fakes = beside(sibling("worker-7c9d8bf5d4-bbbbb"))
    fakes.pod["metadata"]["labels"]["irsa"] = "yes"
    fakes.webhooks[0]["webhooks"][0]["objectSelector"] = {"matchLabels": {"irsa": "yes"}}
    found = examine(fakes.ports(), SUBJECT)
    assert found.fix is not None
    assert found.fix.id == "examine_pods"


# --- what is done about it -------------------------------------------------------------------------------------------


def test_a_stale_sibling_is_a_warning_with_the_restart_of_its_own_owner() -> None:
    replicas = [sibling(f"worker-7c9d8bf5d4-{suffix}") for suffix in ("bbbbb", "ccccc")]
    found = examine(beside(*replicas, sibling("db-0", owner=("StatefulSet", "db"))).ports(), SUBJECT)
    assert (found.verdict.outcome, found.verdict.status) == (Outcome.WORKS, Status.WARNING)
    assert siblings_check(found).status is Status.WARNING
    assert "worker-7c9d8bf5d4-bbbbb: not_edited" in siblings_check(found).got
    assert found.fix is not None
    assert (found.fix.id, commands(found.fix)) == (
        "restart_pods",
        [
            ["kubectl", "-n", "default", "rollout", "restart", workload]
            for workload in ("deployment/worker", "statefulset/db")
        ],
    )
    assert found.siblings_fix is None  # the fix says it already


def test_the_rollout_of_a_stale_sibling_may_be_paused_too() -> None:
    fakes = beside(sibling("worker-7c9d8bf5d4-bbbbb"))
    fakes.workload["spec"]["paused"] = True
    fix = examine(fakes.ports(), SUBJECT).fix
    assert fix is not None
    assert fix.commands == tuple(f"kubectl -n default rollout {it} deployment/worker" for it in ("resume", "restart"))
    assert fix.then == "paused"


def test_a_bare_pod_of_the_role_before_is_made_again_without_its_variables() -> None:
    stale = sibling("by-hand", owner=("", ""), edited=True)
    variable(stale, "AWS_ROLE_ARN", f"{ROLE}-old")
    audience(stale, "other")
    fix = examine(beside(stale).ports(), SUBJECT).fix
    assert fix is not None
    (command,) = fix.commands
    assert command.startswith("kubectl -n default get pod/by-hand -o yaml | kubectl set env --local -f - AWS_ROLE_ARN-")
    assert '"$patch": "delete"' in command


@pytest.mark.parametrize(
    "sound",
    [
        sibling("worker-7c9d8bf5d4-bbbbb", edited=True),
        sibling("nightly-bbbbb", owner=("Job", "nightly"), phase="Succeeded"),
        sibling("nightly-ccccc", owner=("Job", "nightly"), phase="Failed"),
        sibling("other", account="other-sa"),
    ],
    ids=["current", "succeeded", "failed", "of another ServiceAccount"],
)
def test_what_has_ended_or_is_current_gives_no_warning(sound: Any) -> None:
    found = examine(beside(sound).ports(), SUBJECT)
    assert (found.verdict.status, found.fix, found.siblings_fix) == (Status.PASSED, None, None)
    assert siblings_check(found).status is Status.PASSED


def test_what_is_being_deleted_gives_no_warning_and_is_named() -> None:
    going = sibling("web-6f4dfff6cb-bbbbb")
    going["metadata"]["deletionTimestamp"] = AFTER
    found = examine(beside(going).ports(), SUBJECT)
    words = load("en")
    assert found.verdict.status is Status.PASSED
    assert [line.state for line in pod_words.lines(found, words)] == ["Running", words.message("doctor.pods.deleting")]


def test_where_a_restart_may_not_help_the_pods_own_diagnosis_is_proposed() -> None:
    stale = [sibling(f"worker-7c9d8bf5d4-{suffix}") for suffix in ("bbbbb", "ccccc")]
    for pod in stale:
        pod["metadata"]["labels"]["eks.amazonaws.com/skip-pod-identity-webhook"] = "true"
    found = examine(beside(*stale).ports(), SUBJECT)
    assert found.fix is not None
    assert found.fix.id == "examine_pods"
    ((*command, pod),) = commands(found.fix)
    assert command == ["python", "-m", "app", "doctor", "-n", "default", "-s", "my-sa", "--pod"]
    assert pod in {it["metadata"]["name"] for it in stale}


def test_a_broken_chain_keeps_the_siblings_with_a_fix_of_their_own() -> None:
    fakes = beside(
        sibling("worker-7c9d8bf5d4-bbbbb"), sibling("web-6f4dfff6cb-bbbbb", owner=("ReplicaSet", "web-6f4dfff6cb"))
    )
    fakes.pod["spec"] = bare_pod()["spec"]
    fakes.pod["metadata"]["creationTimestamp"] = BEFORE
    found = examine(fakes.ports(), SUBJECT)
    restart = ["kubectl", "-n", "default", "rollout", "restart"]
    assert found.verdict.outcome is Outcome.BROKEN
    assert commands(found.fix) == [[*restart, "deployment/web"]]
    assert commands(found.siblings_fix) == [[*restart, "deployment/worker"]]


def test_while_the_annotated_role_refuses_no_pod_of_the_role_before_is_restarted() -> None:
    stale = sibling("worker-7c9d8bf5d4-bbbbb", edited=True)
    variable(stale, "AWS_ROLE_ARN", f"{ROLE}-that-works")
    fakes = beside(stale)
    fakes.role["AssumeRolePolicyDocument"]["Statement"][0].update(Action="sts:AssumeRole")
    found = examine(fakes.ports(), SUBJECT)
    assert (found.verdict.outcome, siblings_check(found).status) == (Outcome.BROKEN, Status.WARNING)
    assert found.siblings_fix is None


def test_without_a_role_no_pod_is_called_stale() -> None:
    fakes = beside(sibling("worker-7c9d8bf5d4-bbbbb"))
    fakes.service_account["metadata"].pop("annotations")
    found = examine(fakes.ports(), SUBJECT)
    assert (siblings_check(found).status, found.siblings_fix) == (Status.NOT_REACHED, None)
    fakes.errors["service_account"] = FORBIDDEN
    found = examine(fakes.ports(), SUBJECT)
    assert (siblings_check(found).status, siblings_check(found).reason) == (Status.UNKNOWN, "no_permission")


def test_the_list_is_all_that_is_asked_for() -> None:
    fakes = beside(*(sibling(f"worker-7c9d8bf5d4-{suffix}") for suffix in ("bbbbb", "ccccc", "ddddd")))
    alone, many = healthy().ports(), fakes.ports()
    for ports in (alone, many):
        examine(ports, SUBJECT)
    asked = [it.url for it in many.cluster.exchanges()]
    assert asked == [*(it.url for it in alone.cluster.exchanges()), "workload"], "one for each that is to be restarted"
    assert [it.url for it in many.cluster.exchanges()].count("pods") == 1


# --- no Pod ----------------------------------------------------------------------------------------------------------


def unused(*of_default: Any) -> Diagnosis:
    fakes = healthy()
    fakes.pod["spec"]["serviceAccountName"] = "other-sa"
    fakes.siblings = list(of_default)
    return examine(fakes.ports(), NO_POD)


OF_DEFAULT: dict[str, tuple[tuple[str, str], str, list[str]]] = {
    # the owner: (it, the Pod, how its command begins)
    "Deployment": (
        ("ReplicaSet", "web-7c9d8bf5d4"),
        "web-7c9d8bf5d4-bbbbb",
        ["kubectl", "-n", "default", "set", "serviceaccount", "deployment/web", "my-sa"],
    ),
    "StatefulSet": (
        ("StatefulSet", "db"),
        "db-0",
        ["kubectl", "-n", "default", "set", "serviceaccount", "statefulset/db", "my-sa"],
    ),
    "DaemonSet": (
        ("DaemonSet", "agent"),
        "agent-bbbbb",
        ["kubectl", "-n", "default", "set", "serviceaccount", "daemonset/agent", "my-sa"],
    ),
    "CronJob": (  # 2026-11-24T09:00 as minutes since 1970
        ("Job", "backup-29925180"),
        "backup-29925180-bbbbb",
        ["kubectl", "-n", "default", "set", "serviceaccount", "cronjob/backup", "my-sa"],
    ),
    "Job of a date": (
        ("Job", "import-20261124"),
        "import-20261124-bbbbb",
        ["kubectl", "-n", "default", "get", "job/import-20261124", "-o", "yaml", "|", "kubectl", "patch", "--local"],
    ),
    "no owner": (
        ("", ""),
        "by-hand",
        ["kubectl", "-n", "default", "get", "pod/by-hand", "-o", "yaml", "|", "kubectl", "set", "serviceaccount"],
    ),
}


@pytest.mark.parametrize("name", OF_DEFAULT)
def test_without_a_pod_the_workload_that_runs_as_default_is_set_to_the_service_account(name: str) -> None:
    owner, pod, wanted = OF_DEFAULT[name]
    found = unused(sibling(pod, owner=owner, account="default"))
    assert (found.verdict.outcome, found.verdict.status) == (Outcome.WORKS, Status.WARNING)
    assert found.fix is not None
    assert found.fix.id == "use_service_account"
    (command,) = commands(found.fix)
    assert command[: len(wanted)] == wanted
    assert found.fix.change is not None
    assert '"serviceAccountName": "my-sa"' in json.dumps(found.fix.change.after)


def test_each_workload_has_its_own_command_once() -> None:
    replicas = [
        sibling(f"web-7c9d8bf5d4-{suffix}", owner=("ReplicaSet", "web-7c9d8bf5d4")) for suffix in ("bbbbb", "ccccc")
    ]
    others = [sibling("agent-bbbbb", owner=("DaemonSet", "agent"))]
    found = unused(*({**pod, "spec": {**pod["spec"], "serviceAccountName": "default"}} for pod in (*replicas, *others)))
    assert sorted(command[-2] for command in commands(found.fix)) == ["daemonset/agent", "deployment/web"]
    assert found.fix is not None
    assert found.fix.change is None  # nobody knows which one is meant


@both
def test_without_a_pod_nothing_is_said_to_work_but_the_role(language: str) -> None:
    words = load(language)
    found = unused(sibling("web-7c9d8bf5d4-bbbbb", owner=("ReplicaSet", "web-7c9d8bf5d4"), account="default"))
    assert verdict_words.verdict(found, words) == words.message("doctor.works_without_pod")
    text = "\n".join(doctor_text.of_diagnosis(found, words))
    html = page.of_diagnosis(found, words)
    for shown in (text, html):
        assert "web-7c9d8bf5d4-bbbbb" in shown
        assert "deployment/web" in shown
        assert words.message("doctor.pods.none") in shown
        assert words.message("doctor.works") not in shown


@both
def test_another_warning_does_not_make_irsa_work_without_a_pod(language: str) -> None:
    words, fakes = load(language), healthy()
    fakes.siblings, fakes.pod["spec"]["serviceAccountName"] = [], "other-sa"
    statement = fakes.role["AssumeRolePolicyDocument"]["Statement"][0]
    statement["Condition"] = {
        "StringLike": {
            key: "system:serviceaccount:*"
            for key in list(statement["Condition"]["StringEquals"])
            if key.endswith(":sub")
        }
    }
    found = examine(fakes.ports(), NO_POD)
    assert found.verdict.check is not None
    assert found.verdict.check.id == "trust.scope"
    sentence = verdict_words.verdict(found, words)
    assert sentence.startswith(words.message("doctor.works_without_pod"))
    assert words.check("trust.scope").title in sentence
    assert found.siblings_fix is not None
    assert found.siblings_fix.id == "write_service_account"


def test_where_pods_may_not_be_listed_nothing_is_said_of_their_number() -> None:
    fakes, words = healthy(), load("en")
    fakes.errors["pods"] = FORBIDDEN
    found = examine(fakes.ports(), NO_POD)
    assert (found.verdict.outcome, found.verdict.check) == (Outcome.UNKNOWN, siblings_check(found))
    assert verdict_words.verdict(found, words).endswith(words.message("doctor.accepted_so_far"))
    assert (siblings_check(found).status, siblings_check(found).reason) == (Status.UNKNOWN, "no_permission")
    assert words.message("doctor.pods.title") not in "\n".join(doctor_text.of_diagnosis(found, words))
    fakes.errors["pods"] = Unreachable(code="timed_out", server_message="")
    assert siblings_check(examine(fakes.ports(), SUBJECT)).reason == "unreachable"


# --- a Pod that is gone ----------------------------------------------------------------------------------------------

GONE: dict[str, tuple[str, tuple[str, str], str, bool]] = {
    # the workload: (the Pod that is gone, the owner of one that is there, that one, whether it is its successor)
    "Deployment": ("web-6f4dfff6cb-bbbbb", ("ReplicaSet", "web-7c9d8bf5d4"), "web-7c9d8bf5d4-ccccc", True),
    "DaemonSet": ("agent-bbbbb", ("DaemonSet", "agent"), "agent-ccccc", True),
    "StatefulSet": ("db-2", ("StatefulSet", "db"), "db-1", True),
    "CronJob": ("backup-29925120-bbbbb", ("Job", "backup-29925180"), "backup-29925180-ccccc", True),
    "another Deployment": ("web-6f4dfff6cb-bbbbb", ("ReplicaSet", "api-7c9d8bf5d4"), "api-7c9d8bf5d4-ccccc", False),
    "one of a longer name": (
        "web-api-6f4dfff6cb-bbbbb",
        ("ReplicaSet", "web-7c9d8bf5d4"),
        "web-7c9d8bf5d4-ccccc",
        False,
    ),
    "no owner": ("by-hand", ("", ""), "by-hand-2", False),
}


@pytest.mark.parametrize("name", GONE)
def test_a_pod_that_is_gone_has_a_successor_of_the_same_workload(name: str) -> None:
    gone, owner, there, follows = GONE[name]
    assert successor(gone, [row(sibling(there, owner=owner))]) == (there if follows else "")


def test_of_two_workloads_the_one_of_the_longer_name_is_meant() -> None:
    daemon_set = sibling("web-dbdbdb-ccccc", owner=("DaemonSet", "web-dbdbdb"))
    deployment = sibling("web-7c9d8bf5d4-bbbbb", owner=("ReplicaSet", "web-7c9d8bf5d4"), created=AFTER)
    assert successor("web-dbdbdb-bbbbb", [row(deployment), row(daemon_set)]) == "web-dbdbdb-ccccc"


@both
def test_a_chosen_pod_that_is_being_deleted_is_not_examined_as_if_it_stayed(language: str) -> None:
    words, fakes = load(language), healthy()
    fakes.pod["metadata"]["deletionTimestamp"] = "2026-11-24T12:00:00Z"
    fakes.pod["metadata"]["name"] = "web-6f4dfff6cb-bbbbb"
    fakes.siblings = [
        sibling("web-7c9d8bf5d4-ccccc", owner=("ReplicaSet", "web-7c9d8bf5d4"), created=AFTER, edited=True)
    ]
    found = examine(fakes.ports(), dataclasses.replace(SUBJECT, pod="web-6f4dfff6cb-bbbbb"))
    said = verdict_words.verdict(found, words)
    assert words.message("doctor.being_deleted", pod="web-6f4dfff6cb-bbbbb") in said
    assert said.endswith(words.message("doctor.successor", pod="web-7c9d8bf5d4-ccccc"))


@both
def test_a_chosen_pod_that_is_gone_is_reported_with_the_one_in_its_place(language: str) -> None:
    words, fakes = load(language), healthy()
    fakes.errors["pod"] = NotFound(code="NotFound", server_message='pods "web-6f4dfff6cb-bbbbb" not found', status=404)
    fakes.siblings = [
        sibling("web-7c9d8bf5d4-ccccc", owner=("ReplicaSet", "web-7c9d8bf5d4"), created=AFTER, edited=True)
    ]
    found = examine(fakes.ports(), Subject(namespace="default", service_account="my-sa", pod="web-6f4dfff6cb-bbbbb"))
    assert found.successor == "web-7c9d8bf5d4-ccccc"
    assert found.fix is not None
    assert (found.fix.id, commands(found.fix)[0][-2:]) == ("successor", ["--pod", "web-7c9d8bf5d4-ccccc"])
    sentence = verdict_words.verdict(found, words)
    assert words.message("doctor.gone", pod="web-6f4dfff6cb-bbbbb") in sentence
    assert words.message("doctor.successor", pod="web-7c9d8bf5d4-ccccc") in sentence


# --- how it is shown -------------------------------------------------------------------------------------------------


@both
def test_every_pod_is_a_line_newest_first_and_the_examined_one_is_marked(language: str) -> None:
    words = load(language)
    ended = sibling("nightly-bbbbb", owner=("Job", "nightly"), phase="Succeeded", created="2026-11-24T08:00:00Z")
    found = examine(beside(ended, sibling("worker-7c9d8bf5d4-bbbbb")).ports(), SUBJECT)
    lines = pod_words.lines(found, words)
    assert [line.name for line in lines] == ["pod-after", "worker-7c9d8bf5d4-bbbbb", "nightly-bbbbb"]
    assert [line.status for line in lines] == [Status.PASSED, Status.WARNING, Status.NOT_REACHED]
    current = words.message("doctor.pods.current")
    assert lines[0].stand == words.message("doctor.pods.examined", stand=current)
    text = "\n".join(doctor_text.of_diagnosis(found, words))
    html = page.of_diagnosis(found, words)
    for shown in (text, html):
        assert [line.name for line in lines if line.name not in shown] == []
        assert words.message("doctor.pods.not_edited") in shown
    saved: Any = document.of_diagnosis(found, words)
    assert [pod["stand"] for pod in saved["pods"]] == ["current", "not_edited", "not_edited"]
    assert (saved["default_pods"], saved["siblings_fix"]) == (None, None)


def test_of_very_many_pods_the_stale_ones_are_shown_and_the_others_counted() -> None:
    many = [sibling(f"worker-7c9d8bf5d4-{number:05}", edited=True, created=AFTER) for number in range(100)]
    found, words = examine(beside(*many, sibling("old-7c9d8bf5d4-bbbbb")).ports(), SUBJECT), load("en")
    assert len(pod_words.lines(found, words)) == pod_words.SHOWN
    assert pod_words.lines(found, words)[-1].name == "old-7c9d8bf5d4-bbbbb"
    assert pod_words.more(found, words) == words.message("doctor.pods.more", count=82)


def test_what_was_saved_has_the_same_pods_and_the_same_fix() -> None:
    found = examine(beside(sibling("worker-7c9d8bf5d4-bbbbb")).ports(), SUBJECT)
    opened = diagnosis_file.load(diagnosis_file.save(found))
    words = load("en")
    assert pod_words.lines(opened, words) == pod_words.lines(found, words)
    assert opened.fix == found.fix


def test_a_file_may_say_anything_of_its_pods() -> None:
    found = examine(beside().ports(), SUBJECT)
    for junk in ("x", [None, 1, {"name": 3, "workload": []}], {"a": 1}, [{"stand": "not_edited", "restart": True}]):
        odd = dataclasses.replace(found, evidence={**found.evidence, "pods": copy.deepcopy(junk)})
        assert list(doctor_text.of_diagnosis(odd, load("en")))
        assert odd.siblings_fix is None
