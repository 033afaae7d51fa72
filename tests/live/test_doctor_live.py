"""The doctor against a real API server: what its own objects say, with rights, with some of them, without any."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from app import wiring
from app.commands.main import command_line
from app.content import load
from app.flow.doctor import examine
from app.flow.doctor.prediction.dry_run import patch_of
from app.flow.doctor.survey import Stand, survey
from app.flow.model import Check, Status, Subject
from app.flow.port_wrappers.consent import NOTHING, Action, consented
from app.flow.ports import Ports
from app.flow.targets.kinds import WORKLOADS, Kind, target_of
from app.flow.targets.resolving import subject_of
from app.flow.verdict.judge import Outcome
from app.settings import Settings
from tests.live.eks import SUBJECT, Eks
from tests.live.test_walk_live import WithKubelet
from tests.waiting import eventually

RULES = (
    {"apiGroups": [""], "resources": ["serviceaccounts", "pods"], "verbs": ["get"]},
    {"nonResourceURLs": ["/.well-known/openid-configuration", "/openid/v1/jwks"], "verbs": ["get"]},
)


def statuses(checks: tuple[Check, ...]) -> dict[str, Status]:
    return {check.id: check.status for check in checks if check.status is not Status.PASSED}


def with_a_kubelet(here: Eks) -> Ports:
    ports = here.ports()
    return dataclasses.replace(ports, cluster=WithKubelet(ports.cluster, here.projected_token()))


def test_a_healthy_pod_works_and_its_age_is_read_from_the_servers_own_records(here: Eks) -> None:
    here.world.account.management_events.clear()  # of what other tests were refused
    found = examine(with_a_kubelet(here), SUBJECT)
    assert found.verdict.outcome is Outcome.WORKS
    unseen = ("pod.hop_limit", "pod.application", "pod.request", "pod.token_used")  # no Pod ever runs here
    unseen += ("pod.running", "sts.recent_successes")
    assert statuses(found.checks) == dict.fromkeys(unseen, Status.UNKNOWN)
    age = next(check for check in found.checks if check.id == "pod.age")
    assert (age.status, age.expected[:3]) == (Status.PASSED, ">= ")


def test_without_being_asked_it_reads_and_says_what_it_did_not_do(here: Eks) -> None:
    found = examine(consented(here.ports(), NOTHING), SUBJECT)
    assert found.verdict.outcome is Outcome.SHOULD_WORK
    assert {check.id for check in found.checks if check.reason == "not_asked"} == {
        *("webhook.reachable", "token.contents", "pod.token_readable"),
    }


def test_a_pod_that_was_not_edited_is_named_with_the_command_for_this_very_pod(here: Eks) -> None:
    subject = dataclasses.replace(SUBJECT, pod="not-edited")
    container = {"name": "aws-cli", "image": "amazon/aws-cli:latest", "args": ["s3", "ls"]}
    metadata = {"name": subject.pod, "labels": {"eks.amazonaws.com/skip-pod-identity-webhook": "true"}}
    spec = {"serviceAccountName": SUBJECT.service_account, "containers": [container]}
    here.post("api/v1/namespaces/default/pods", metadata=metadata, spec=spec)
    try:
        here.patch(
            f"api/v1/namespaces/default/pods/{subject.pod}", {"op": "replace", "path": "/metadata/labels", "value": {}}
        )
        found = examine(consented(here.ports(), NOTHING), subject)
    finally:
        here.request("DELETE", f"api/v1/namespaces/default/pods/{subject.pod}?gracePeriodSeconds=0")
    assert (found.verdict.outcome, found.verdict.check and found.verdict.check.id) == (Outcome.BROKEN, "pod.injected")
    assert found.fix is not None
    assert found.fix.id == "ask_webhook", (
        "it is as new as the annotation, so nobody knows whether another one is edited"
    )
    assert found.fix.commands[1:] == (
        "kubectl -n default get pod/not-edited -o yaml | kubectl -n default replace --force -f -",
    )


def test_for_a_namespace_that_is_not_there_the_near_one_is_proposed(here: Eks) -> None:
    subject = Subject(namespace="defalut", service_account="my-sa")
    found = examine(consented(here.ports(), NOTHING), subject)
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.verdict.check.status) == ("service_account.exists", Status.FAILED)
    assert found.fix is not None
    assert (found.fix.id, found.fix.commands) == ("mean_namespace", ("python -m app doctor -n default -s my-sa",))


def test_with_a_part_of_the_rights_the_doctor_says_that_part(here: Eks) -> None:
    with here.granted(*RULES):
        eventually(lambda: here.ports("reader").cluster.discovery() is not None)
        found = examine(here.ports("reader"), SUBJECT)
    assert {check.id for check in found.checks if check.status is Status.PASSED} >= {"pod.environment", "pod.volume"}
    assert found.verdict.outcome is Outcome.UNKNOWN


def test_without_any_rights_it_cannot_tell_and_says_why(here: Eks) -> None:
    found = examine(here.ports("stranger"), SUBJECT)
    assert found.verdict.outcome is Outcome.UNKNOWN
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.verdict.check.reason) == ("issuer.discovery", "no_permission")
    assert {check.reason for check in found.checks if check.id.startswith("pod.")} == {"no_permission"}


def test_a_survey_of_a_real_cluster(here: Eks) -> None:
    found = survey(consented(here.ports(), NOTHING))
    (tie,) = [tie for tie in found.ties if tie.namespace == "default"]
    assert (tie.service_account, tie.stand) == ("my-sa", Stand.OWN)
    assert found.outcome is Outcome.WORKS


def test_a_survey_finds_what_is_wrong_in_a_real_cluster_and_its_commands_fix_it(here: Eks, tmp_path: Path) -> None:
    """A key that nothing reads, a role that is not there, a Pod from before: until their commands were run."""
    path = "api/v1/namespaces/default"
    role = f"arn:aws:iam::{here.world.account_id}:role"
    accounts = {
        "mistyped": {"eks.amazonaws.com/role_arn": f"{role}/s3-reader"},
        "roleless": {"eks.amazonaws.com/role-arn": f"{role}/no-such-role"},
    }
    for name, annotation in accounts.items():
        here.post(f"{path}/serviceaccounts", metadata={"name": name, "annotations": annotation})
    container = {"name": "aws-cli", "image": "amazon/aws-cli:latest"}
    label = {"eks.amazonaws.com/skip-pod-identity-webhook": "true"}
    spec = {"serviceAccountName": SUBJECT.service_account, "containers": [container]}
    here.post(f"{path}/pods", metadata={"name": "before", "labels": label}, spec=spec)
    here.patch(f"{path}/pods/before", {"op": "replace", "path": "/metadata/labels", "value": {}})
    try:
        found = {tie.service_account: tie for tie in survey(consented(here.ports(), NOTHING)).ties}
        stands = {name: found[name].stand for name in (*accounts, SUBJECT.service_account)}
        assert stands == {"mistyped": Stand.MISTYPED, "roleless": Stand.MISSING, SUBJECT.service_account: Stand.OWN}
        assert found[SUBJECT.service_account].stale == ("before",)
        for name in ("mistyped", SUBJECT.service_account):
            fix = found[name].problems[0].fix
            assert fix is not None
            shell = {**here.environment(), "PATH": f"{os.environ['KUBEBUILDER_ASSETS']}:{os.environ['PATH']}"}
            for command in fix.commands:
                subprocess.run(  # noqa: S602 - as a person pastes it
                    command, shell=True, check=True, env={**shell, "HOME": str(tmp_path)}, capture_output=True
                )
        again = {tie.service_account: tie for tie in survey(consented(here.ports(), NOTHING)).ties}
        assert again[SUBJECT.service_account].stale == ()
        assert again["mistyped"].stand is Stand.REFUSED  # read by now, and another's role
    finally:
        for name in accounts:
            here.request("DELETE", f"{path}/serviceaccounts/{name}")
        here.request("DELETE", f"{path}/pods/before?gracePeriodSeconds=0")


@pytest.mark.parametrize(
    "words",
    [
        ["--context", "stranger", "--all-namespaces"],
        ["--context", "stranger"],
        ["--context", "expired", "--all-namespaces"],
    ],
)
def test_the_command_survives_having_no_rights(here: Eks, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    live = wiring.live
    monkeypatch.setattr(
        wiring, "live", lambda choice, **more: dataclasses.replace(live(choice, **more), issuer=here.issuer())
    )
    named = [] if "--all-namespaces" in words else ["-s", "my-sa"]
    result = CliRunner().invoke(command_line(Settings(), load("en")), ["doctor", "-n", "default", *named, *words])
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output


def test_the_rules_that_a_survey_asks_for_are_enough(here: Eks) -> None:
    survey_as_reader = ["doctor", "--all-namespaces", "--context", "reader", "--lang", "en"]
    refused = CliRunner().invoke(command_line(Settings(), load("en")), survey_as_reader).output
    pasted = refused.partition(load("en").message("actions.allow_rbac_all"))[2]
    with here.granted(*yaml.safe_load(pasted)):
        eventually(lambda: here.ports("reader").cluster.service_accounts() is not None)
        allowed = CliRunner().invoke(command_line(Settings(), load("en")), survey_as_reader)
    assert allowed.exit_code == 0, allowed.output


def test_kubectls_own_pipeline_recreates_the_pod(here: Eks, tmp_path: Path) -> None:
    """The last resort for a Pod that nobody owns: its stored self, without the old variables, through the webhook."""
    ports = here.ports()
    before: Any = ports.cluster.pod("default", SUBJECT.pod)
    path = f"{os.environ['KUBEBUILDER_ASSETS']}:{os.environ['PATH']}"
    environment = {**here.environment(), "PATH": path, "HOME": str(tmp_path)}
    command = (
        f"kubectl -n default get pod/{SUBJECT.pod} -o yaml"
        " | kubectl set env --local -f - AWS_ROLE_ARN- AWS_WEB_IDENTITY_TOKEN_FILE- -o yaml"
        " | kubectl -n default replace --force -f -"
    )
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    after: Any = ports.cluster.pod("default", SUBJECT.pod)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    names = [item["name"] for item in after["spec"]["containers"][0]["env"]]
    assert sorted(names) == sorted(item["name"] for item in before["spec"]["containers"][0]["env"])
    assert json.dumps(after["spec"]["volumes"]).count("aws-iam-token") == 1


@pytest.mark.parametrize("kind", [kind for kind in WORKLOADS if kind.name != "CronJob"], ids=lambda kind: kind.singular)
def test_a_workload_leads_to_its_service_account(here: Eks, kind: Kind) -> None:
    """CronJobs are left out: this API server has them as `batch/v1beta1` alone, which Kubernetes 1.25 removed."""
    path, labels = f"apis/{kind.group}/v1/namespaces/default/{kind.plural}", {"app": "web"}
    box = {"name": "app", "image": "amazon/aws-cli:latest"}
    spec: dict[str, Any] = {"serviceAccountName": SUBJECT.service_account, "containers": [box]}
    wanted: dict[str, Any] = {"template": {"metadata": {"labels": labels}, "spec": spec}}
    if kind.name == "Job":
        spec["restartPolicy"] = "Never"
    else:
        wanted["selector"] = {"matchLabels": labels}
    if kind.name == "StatefulSet":
        wanted["serviceName"] = "web"
    here.post(path, metadata={"name": "web"}, spec=wanted)
    try:
        ports = here.ports()
        assert list(ports.cluster.workloads("default", kind)) == ["web"]
        found = subject_of(ports, target_of([f"{kind.short}/web"]), "default")
    finally:
        here.request("DELETE", f"{path}/web?propagationPolicy=Background")
    assert dataclasses.replace(found, pod="") == dataclasses.replace(SUBJECT, pod="")


ROLE_ARN = "eks.amazonaws.com/role-arn"


@pytest.mark.parametrize("kind", WORKLOADS[:3], ids=lambda kind: kind.singular)
def test_a_dry_run_of_a_workloads_change_leaves_it_as_it_was(here: Eks, kind: Kind) -> None:
    path, labels = f"apis/{kind.group}/v1/namespaces/default/{kind.plural}", {"app": "tried"}
    box = {"name": "app", "image": "x:1", "env": [{"name": "AWS_ROLE_ARN", "value": "-"}, {"name": "B", "value": "2"}]}
    spec = {"containers": [box, {"name": "other", "image": "y:1"}]}
    wanted: dict[str, Any] = {
        "template": {"metadata": {"labels": labels}, "spec": spec},
        "selector": {"matchLabels": labels},
    }
    if kind.name == "StatefulSet":
        wanted["serviceName"] = "tried"
    here.post(path, metadata={"name": "tried"}, spec=wanted)
    try:
        before: Any = here.request("GET", f"{path}/tried")
        part = {"spec": {"template": {"spec": {"containers": [{"name": "app", "env": [box["env"][0]]}]}}}}
        less = {"spec": {"template": {"spec": {"serviceAccountName": "my-sa", "containers": [{"name": "app"}]}}}}
        less["spec"]["template"]["spec"]["containers"][0]["env"] = []
        made: Any = here.ports().cluster.dry_run_patch("default", kind, "tried", patch_of(part, less))
        assert here.request("GET", f"{path}/tried") == before
    finally:
        here.request("DELETE", f"{path}/tried?propagationPolicy=Background")
    template = made["spec"]["template"]["spec"]
    assert template["serviceAccountName"] == "my-sa"
    assert [it["name"] for it in template["containers"]] == ["app", "other"]
    assert template["containers"][0]["env"] == [{"name": "B", "value": "2"}]


def test_the_fix_of_a_service_account_is_tried_and_nothing_is_written(here: Eks) -> None:
    path = "api/v1/namespaces/default/serviceaccounts"
    role = f"arn:aws:iam::{here.world.account_id}:role/s3-reader"
    here.post(path, metadata={"name": "tried", "annotations": {"eks.amazonaws.com/role_arn": role}})
    subject = Subject(namespace="default", service_account="tried")
    try:
        before: Any = here.request("GET", f"{path}/tried")
        found = examine(consented(here.ports(), frozenset({Action.DRY_RUN})), subject)
        with here.granted({"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get", "list"]}):
            eventually(lambda: here.ports("reader").cluster.service_accounts("default"))
            untried = examine(consented(here.ports("reader"), frozenset({Action.DRY_RUN})), subject)
        asked = examine(consented(here.ports(), NOTHING), subject)
        assert here.request("GET", f"{path}/tried") == before
    finally:
        here.request("DELETE", f"{path}/tried")
    assert found.fix is not None
    assert found.fix.change is not None
    assert found.evidence["object_fixed"]["annotations"][ROLE_ARN] == role
    assert found.prediction is not None
    assert found.prediction.accepted == ("ServiceAccount default/tried",)
    (patched,) = [it for it in found.exchanges if it.method == "PATCH"]
    assert patched.url.endswith("/serviceaccounts/tried?dryRun=All")
    assert dict(patched.request_headers)["Content-Type"] == "application/strategic-merge-patch+json"
    assert not {"object_fixed", "object_refused"} & {*untried.evidence, *asked.evidence}
    assert not [it for it in asked.exchanges if it.method == "PATCH"]


def test_a_service_account_that_is_to_be_made_is_not_made_by_its_dry_run(here: Eks) -> None:
    document = {"kind": "ServiceAccount", "metadata": {"name": "not-yet", "annotations": {ROLE_ARN: "arn"}}}
    made: Any = here.ports().cluster.dry_run_service_account("default", document)
    assert made["metadata"]["annotations"] == {ROLE_ARN: "arn"}
    assert "not-yet" not in [it["metadata"]["name"] for it in here.ports().cluster.service_accounts("default")]
