"""The words for what the webhook adds: whatever Pod it is shown, each of its lines has some, in both languages."""

from dataclasses import replace

import pytest

from app.content import LANGUAGES, load
from app.flow.lessons.webhook_limits import limits
from app.flow.model import Step, Subject
from app.flow.steps.walk import walk
from app.ui.draw.documents import yaml_lines
from app.ui.step.evidence import difference
from app.ui.step.evidence.added_lines import OTHER, explained_by, explanation, group
from app.ui.step.evidence.difference import _keys, changes, relevant
from app.wiring import simulated

pytestmark = pytest.mark.one_world

INIT = {"name": "init", "image": "busybox:latest", "command": ["true"]}
REGION = {"env": [{"name": "AWS_REGION", "value": "eu-west-1"}]}
LIMITS = ["token", "role", "running", "service_account", "kubelet"]
PODS = {
    "plain": {},
    "init containers": {"spec": {"initContainers": [INIT, INIT | {"name": "sidecar", "restartPolicy": "Always"}]}},
    "a region of its own": {"container": REGION},
    "fsGroup": {"spec": {"securityContext": {"fsGroup": 2000}}},
    "token-expiration": {"metadata": {"annotations": {"eks.amazonaws.com/token-expiration": "600"}}},
    "no token for the API server": {"spec": {"automountServiceAccountToken": False}},
}


@pytest.fixture
def walk_of(simulation, world, run_pod):
    """The walk of a Pod of its own."""

    def walk_of(**pod):
        run_pod("probe", **pod)
        subject = Subject(namespace="default", service_account="my-sa", pod="probe")
        return walk(simulated(simulation, world), subject)

    return walk_of


def added(report):
    """The added lines, and the Pod in which they stand."""
    before, after = relevant(report.evidence["pod_before"]), relevant(report.evidence["pod_after"])
    found = list(changes(yaml_lines(before), yaml_lines(after), before, after))
    assert not [line for operation, removed, _ in found if operation != "equal" for line in removed]
    return [line for operation, _, lines in found if operation != "equal" for line in lines], after


@pytest.mark.parametrize("name", PODS)
def test_each_added_line_has_its_words(walk_of, name):
    lines, pod = added(walk_of(**PODS[name]).report(Step.WEBHOOK))
    assert len(lines) >= 15
    for language in LANGUAGES:
        content = load(language)
        assert [line.text for line in lines if explained_by(line.path, pod, content) == OTHER] == []
        assert all(explanation(line.path, pod, content) for line in lines)
    assert {group(line.path, pod) for line in lines} == {"env", "mounts", "volumes"}


def test_init_containers_are_explained_like_the_others(walk_of):
    lines, _ = added(walk_of(**PODS["init containers"]).report(Step.WEBHOOK))
    assert sum(line.path[1] == "initContainers" for line in lines) == 2 * sum(
        line.path[1] == "containers" for line in lines
    )


def test_the_words_name_the_values_of_this_pod(walk_of):
    lines, pod = added(walk_of(**PODS["token-expiration"]).report(Step.WEBHOOK))
    explained = {line.path[-1]: explanation(line.path, pod, load("en")) for line in lines}
    assert "10\u00a0min" in explained["expirationSeconds"]
    assert "0644" in explained["defaultMode"]


def test_what_another_webhook_added_is_not_called_ours():
    pod = {"spec": {"volumes": [{"name": "mesh"}], "containers": [{"env": [{"name": "MESH", "value": "on"}]}]}}
    for path in (("spec", "volumes", "0", "name"), ("spec", "containers", "0", "env", "0", "value"), ("metadata",)):
        assert explained_by(path, pod, load("en")) == OTHER


def test_the_webhook_leaves_alone_what_we_say_it_does(walk_of):
    found = limits(walk_of())
    assert [limit.id for limit in found] == LIMITS
    assert [limit.id for limit in found if limit.holds is not True] == []


def changed(walked, step, **evidence):
    """The walk, with other evidence in one step."""
    reports = [
        replace(report, evidence={**report.evidence, **evidence}) if report.step is step else report
        for report in walked.reports
    ]
    return replace(walked, reports=tuple(reports))


def test_evidence_against_a_claim_is_shown(walk_of):
    walked = walk_of()
    found = walked.report(Step.WEBHOOK).evidence
    pod = found["pod_after"]
    token = f"eyJ{'a' * 20}.{'b' * 20}.…masked…"
    against = {
        "token": {"admission_review": found["admission_review"] | {"patch": [{"value": token}]}},
        "role": {"environment": [{"name": "AWS_ROLE_ARN", "value": "arn:aws:iam::1:role/other"}]},
        "running": {"configuration": {"webhooks": [{"rules": [{"operations": ["*"], "resources": ["pods"]}]}]}},
        "service_account": {
            "admission_review": {
                "request": {"request": {"object": {"kind": "ServiceAccount"}}},
                "patch": [{"path": "/metadata"}],
            }
        },
        "kubelet": {"pod_after": pod | {"spec": pod["spec"] | {"nodeName": "a-node"}}},
    }
    assert list(against) == LIMITS
    for name, evidence in against.items():
        judged = {limit.id: limit.holds for limit in limits(changed(walked, Step.WEBHOOK, **evidence))}
        assert judged[name] is False


def test_without_evidence_nothing_is_claimed(walk_of):
    walked = walk_of()
    reports = tuple(replace(report, evidence={}) for report in walked.reports)
    assert {limit.holds for limit in limits(replace(walked, reports=reports))} == {None}


def test_lines_that_are_alike_have_keys_of_their_own():
    """Of 4,000 variables of one name each was compared with each, which took a second with each drawing."""
    before = {"spec": {"containers": [{"name": "web", "env": [{"name": "A"}] * 4000}]}}
    after = {"spec": {"containers": [{"name": "web", "env": [*[{"name": "A"}] * 4000, {"name": "B"}]}]}}
    old, new = yaml_lines(before), yaml_lines(after)
    for keys in (_keys(old, before), _keys(new, after)):
        assert len(set(keys)) == len(keys)
    assert [operation for operation, *_ in changes(old, new, before, after)] == ["equal", "insert", "equal"]


def test_of_thousands_of_changed_lines_none_is_aligned(monkeypatch):
    """A file with 24,000 mounts, each of which a fix changes, took more than eight seconds."""
    monkeypatch.setattr(difference, "SequenceMatcher", None)
    before, after = ({"a": 1, "env": {f"{n:04d}": n % each for n in range(2500)}, "z": 1} for each in (7, 11))
    found = [
        (operation, len(lines)) for operation, _, lines in changes(yaml_lines(before), yaml_lines(after), before, after)
    ]
    assert [operation for operation, _ in found] == ["equal", "replace", "equal"]
    assert sum(count for _, count in found) == 2503
