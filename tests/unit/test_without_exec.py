"""What is known of a Pod without a command in it: whether it runs, and whether STS gave its ServiceAccount the role."""

from __future__ import annotations

import copy
import dataclasses
import json
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clients.errors import from_status
from app.content import LANGUAGES, load
from app.flow.diagnosis_file import diagnosis_file
from app.flow.doctor import Diagnosis, examine
from app.flow.doctor.without_exec.grants import LONGEST_SESSION
from app.flow.doctor.without_exec.running import PATIENCE
from app.flow.errors import NotPermitted, Refused, Unreachable
from app.flow.model import Check, Status, Step
from app.flow.port_wrappers.consent import ALL, NOTHING, Action, consented
from app.flow.port_wrappers.permissions_needed import foresee, need
from app.flow.ports import Access, Assumptions
from app.flow.steps.kubelet_status import lacks_program
from app.flow.steps.standstill import KINDS, PROGRAM_ENDED
from app.flow.verdict.judge import Outcome
from app.report import permission_words, verdict_words
from app.ui.draw.consent_buttons import is_refused
from tests.unit.fake_ports import DIRECTORY, NOW, PROVIDER, ROLE, SUB, SUBJECT, Fakes, trust_policy
from tests.unit.test_application import NOT_AUTHORIZED
from tests.unit.test_doctor import check, healthy

PASSED, WARNING, FAILED, UNKNOWN = Status.PASSED, Status.WARNING, Status.FAILED, Status.UNKNOWN
FORBIDDEN = NotPermitted(code="Forbidden", server_message='events is forbidden: User "me" cannot list', status=403)
NO_PROGRAM = (
    "Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "
    '"23ce": OCI runtime exec failed: exec failed: unable to start container process: exec: "ls": '
    "executable file not found in $PATH: unknown"
)


def time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def waiting(reason: str, message: str = "", name: str = "aws-cli", **also: Any) -> dict[str, Any]:
    """A container that does not run."""
    state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
    return {"name": name, "state": state, "lastState": {}, "restartCount": 0, **also}


def ended(code: int, reason: str = "Error", message: str = "") -> dict[str, Any]:
    """The state of a container whose process has ended."""
    said = {"message": message} if message else {}
    at = {"startedAt": time(NOW - 60), "finishedAt": time(NOW - 59)}
    return {"terminated": {"exitCode": code, "reason": reason, "containerID": "containerd://1", **at, **said}}


def running(name: str = "aws-cli", since: float = NOW - 300) -> dict[str, Any]:
    return {"name": name, "state": {"running": {"startedAt": time(since)}}, "containerID": "containerd://2"}


def looping(code: int = 254, **last: str) -> dict[str, Any]:
    """A container that the kubelet starts again and again."""
    back_off = "back-off 40s restarting failed container=aws-cli pod=pod-after_default(5e0bd49b)"
    return waiting("CrashLoopBackOff", back_off, containerID="containerd://1") | {"lastState": ended(code, **last)}


def event(
    reason: str, message: str, type_: str = "Warning", at: int = NOW - 5, uid: str = "5e0bd49b"
) -> dict[str, Any]:
    return {
        "type": type_,
        "reason": reason,
        "message": message,
        "lastTimestamp": time(at),
        "involvedObject": {"uid": uid},
    }


def pod(phase: str, *statuses: Any, init: Any = (), scheduled: bool = True, age: float = 75, **status: Any) -> Fakes:
    """A healthy chain whose Pod has this status."""
    fakes = healthy()
    fakes.talk = []
    fakes.pod["metadata"]["creationTimestamp"] = time(NOW - age)
    fakes.service_account["metadata"].pop("managedFields")
    if scheduled:
        fakes.pod["spec"]["nodeName"] = "node-1"
    if init:
        fakes.pod["spec"]["initContainers"] = [{"name": it["name"]} for it in init]
        fakes.pod["metadata"]["annotations"] = {
            "eks.amazonaws.com/skip-containers": ",".join(it["name"] for it in init)
        }
    parts = {"initContainerStatuses": list(init), "containerStatuses": list(statuses)}
    fakes.pod["status"] = {
        "phase": phase,
        "startTime": time(NOW - age),
        **status,
        **{k: v for k, v in parts.items() if v},
    }
    return fakes


def refusing(fakes: Fakes, said: str = 'container not found ("aws-cli")') -> Fakes:
    """Nothing can be executed in its container."""
    fakes.errors["execute"] = Refused(code="InternalError", server_message=said, status=500)
    return fakes


def of(found: Diagnosis, check_id: str = "pod.running") -> Check:
    return check(found, check_id)


def examined(fakes: Fakes, *granted: Action) -> Diagnosis:
    return examine(consented(fakes.ports(), frozenset(granted)), SUBJECT)


# --- A Pod that does not run -----------------------------------------------------------------------------------------

PULL = 'Failed to pull image "registry.invalid/x": dial tcp: lookup registry.invalid: no such host'
NOT_RUNNING: dict[str, tuple[Fakes, str, str, list[str], str]] = {
    # what it is: (the Pod, the reason, what was got, what the cluster says, the words of the fix's first command)
    "pending": (
        pod("Pending", scheduled=False, conditions=[
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}
        ]),
        "pod_unscheduled", "Pending: Unschedulable", ["0/3 nodes are available"], "describe pod pod-after",
    ),
    "no image": (
        pod("Pending", waiting("ImagePullBackOff", 'Back-off pulling image "registry.invalid/x"')),
        "image_pull", "aws-cli: ImagePullBackOff", ['Back-off pulling image "registry.invalid/x"', PULL],
        "set image deployment/web aws-cli=IMAGE",
    ),
    "no Secret": (
        pod("Pending", waiting("CreateContainerConfigError", 'secret "not-there" not found')),
        "container_start", "aws-cli: CreateContainerConfigError", ['secret "not-there" not found'],
        "describe pod pod-after",
    ),
    "no program": (
        pod("Running", looping(128, reason="StartError", message='exec: "/not/there": no such file or directory')),
        "container_start", "aws-cli: CrashLoopBackOff (StartError, exit 128)", ['exec: "/not/there"'],
        "describe pod pod-after",
    ),
    "crash loop": (
        pod("Running", looping(137, reason="OOMKilled")),
        "crash_loop", "aws-cli: CrashLoopBackOff (OOMKilled, exit 137)", ["back-off 40s restarting failed"],
        "logs pod-after -c aws-cli --previous",
    ),
    "an init container fails": (
        pod("Pending", waiting("PodInitializing"), init=[looping(3) | {"name": "init"}]),
        "init_failed", "init: CrashLoopBackOff (Error, exit 3)", ["back-off 40s"], "logs pod-after -c init --previous",
    ),
    "an init container has failed for good": (
        pod("Failed", waiting("PodInitializing"), init=[{"name": "init", "state": ended(3)}]),
        "init_failed", "init: Error, exit 3", [], "logs pod-after -c init",
    ),
    "an init container hangs": (
        pod("Pending", waiting("PodInitializing"), init=[running("init")], age=PATIENCE + 1),
        "init_runs", f"init: running, {time(NOW - 300)}", [], "logs pod-after -c init",
    ),
    "a volume": (
        pod("Pending", waiting("ContainerCreating")),
        "volume_mount", "aws-cli: ContainerCreating", ['volume "c" : configmap "not-there" not found'],
        "describe pod pod-after",
    ),
    "a volume of a driver": (
        pod("Pending", waiting("ContainerCreating")),
        "volume_mount", "aws-cli: ContainerCreating", ["Forbidden: User: arn:aws"],
        "describe pod pod-after",
    ),
    "a volume, after the node was started again": (
        pod("Running", waiting("ContainerCreating") | {"lastState": ended(137, reason="ContainerStatusUnknown")}),
        "volume_mount", "aws-cli: ContainerCreating", ['volume "c" : configmap "not-there" not found'],
        "describe pod pod-after",
    ),
    "no sandbox": (
        pod("Pending", waiting("ContainerCreating")),
        "pod_sandbox", "aws-cli: ContainerCreating", ["failed to assign an IP address"], "describe pod pod-after",
    ),
    "starts for too long": (
        pod("Pending", waiting("ContainerCreating"), age=PATIENCE + 1),
        "pod_starting", "aws-cli: ContainerCreating", [], "describe pod pod-after",
    ),
    "ended with an error": (
        pod("Failed", {"name": "aws-cli", "state": ended(1), "containerID": "containerd://1"}),
        "pod_failed", "aws-cli: Error, exit 1", [], "logs pod-after -c aws-cli",
    ),
    "ended with its node": (
        pod("Failed", waiting("ContainerCreating") | {"lastState": ended(137, reason="ContainerStatusUnknown")}),
        "pod_failed", "aws-cli: ContainerCreating (ContainerStatusUnknown, exit 137)", [],
        "logs pod-after -c aws-cli",
    ),
    "evicted": (
        pod("Failed", reason="Evicted", message="The node was low on resource: memory."),
        "pod_stopped", "Failed: Evicted", ["low on resource"], "describe pod pod-after",
    ),
}  # fmt: skip
for ended_for_good in ("ended with an error", "ended with its node"):
    NOT_RUNNING[ended_for_good][0].pod["spec"]["restartPolicy"] = "Never"
NOT_RUNNING["a volume of a driver"][0].pod["spec"]["nodeName"] = "node-1"
NO_CONFIGMAP = event("FailedMount", 'MountVolume.SetUp failed for volume "c" : configmap "not-there" not found')
EVENTS = {
    "no image": [
        event("Failed", PULL, at=NOW - 40),
        event("BackOff", "Back-off pulling image", "Normal", at=NOW - 10),
        event("Failed", "Error: ImagePullBackOff", at=NOW - 1),
        event("Failed", "of a Pod of the same name that is gone", at=NOW, uid="other"),
    ],
    "a volume": [NO_CONFIGMAP],
    "a volume, after the node was started again": [NO_CONFIGMAP],
    "a volume of a driver": [
        event(
            "FailedMount",
            'MountVolume.SetUp failed for volume "s3" : rpc error: code = Internal desc = Failed to create S3 client: '
            "Forbidden: User: arn:aws:sts::111122223333:assumed-role/node/i-0471c9c18272a3ec2 is not authorized to "
            "perform: s3:ListBucket",
        )
    ],
    "no sandbox": [event("FailedCreatePodSandBox", "failed to assign an IP address to container")],
}


def not_running(name: str) -> Fakes:
    fakes = copy.deepcopy(NOT_RUNNING[name][0])
    fakes.events = EVENTS.get(name, [])
    return refusing(fakes)


@pytest.mark.parametrize("name", NOT_RUNNING)
def test_what_keeps_a_pod_from_running_is_said_in_the_clusters_own_words(name: str) -> None:
    _, reason, got, said, command = NOT_RUNNING[name]
    found = examined(not_running(name))
    shown = of(found)
    assert (shown.status, shown.reason, shown.got) == (FAILED, reason, got)
    assert shown.expected == ("exit 0" if reason in ("init_failed", "pod_failed") else "Running")
    for language in LANGUAGES:
        words = load(language)
        ended = "program_ended" if reason in PROGRAM_ENDED else "not_running"  # it ran, maybe with the role
        assert verdict_words.verdict(found, words).startswith(words.message(f"doctor.{ended}", got=got))
    assert [words for words in said if words not in shown.error] == []
    assert "that is gone" not in shown.error
    assert (found.verdict.outcome, found.verdict.check, found.verdict.seen) == (Outcome.BROKEN, shown, None)
    assert found.fix is not None
    assert found.fix.commands[0] == f"kubectl -n default {command}"
    assert (found.fix.id == "volume_driver") is ("driver" in name)
    assert found.to_be_sure == ()
    assert diagnosis_file.load(diagnosis_file.save(found)).verdict == found.verdict


def test_a_kubelet_that_gets_no_token_for_any_volume_is_looked_at_on_its_node() -> None:
    fakes = not_running("a volume")
    said = 'MountVolume.SetUp failed for volume "kube-api-access-x" : failed to fetch token: connection refused'
    fakes.events = [event("FailedMount", said)]
    fix = examined(fakes).fix
    assert fix is not None
    assert (fix.id, "journalctl -u kubelet" in fix.commands[0]) == ("kubelet", True)


def test_a_volume_whose_driver_uses_the_pods_role_shows_which_permission_it_lacks() -> None:
    """As the Secrets Store CSI driver does."""
    fakes = not_running("a volume of a driver")
    said = (
        "rpc error: code = Unknown desc = us-east-1: Failed fetching secret db: AccessDeniedException: User: "
        "arn:aws:sts::111122223333:assumed-role/s3-reader/secrets-store is not authorized to perform: "
        "secretsmanager:GetSecretValue on resource: db because no identity-based policy allows it"
    )
    fakes.events = [event("FailedMount", f'MountVolume.SetUp failed for volume "secrets" : {said}')]
    found = examined(fakes)
    assert found.fix is not None
    assert (found.fix.id, '"Action": "secretsmanager:GetSecretValue"' in found.fix.commands[0]) == ("permit", True)


def test_every_kind_has_a_case_and_its_words() -> None:
    assert {reason for _, reason, *_ in NOT_RUNNING.values()} == set(KINDS)
    for language in LANGUAGES:
        words = load(language)
        assert all(words.message(f"reasons.{kind}") for kind in KINDS)
        sentence = verdict_words.verdict(examined(not_running("no image")), words)
        assert sentence == words.message("doctor.not_running", got="aws-cli: ImagePullBackOff")


@pytest.mark.parametrize("name", ["no Secret", "crash loop", "no image"])
def test_without_the_events_the_status_says_it_alone(name: str) -> None:
    fakes = not_running(name)
    fakes.errors["pod_events"] = FORBIDDEN
    shown = of(examined(fakes))
    assert (shown.status, shown.reason) == (FAILED, NOT_RUNNING[name][1])
    assert FORBIDDEN.server_message in shown.error


def test_a_pod_that_is_being_made_is_no_failure_and_the_missing_permission_is_said() -> None:
    fakes = refusing(pod("Pending", waiting("ContainerCreating")))
    shown = of(examined(fakes))
    assert (shown.status, shown.reason) == (UNKNOWN, "pod_starting")
    assert shown.error == "aws-cli: ContainerCreating"
    fakes.errors["pod_events"] = FORBIDDEN
    shown = of(examined(fakes))
    assert (shown.status, shown.reason) == (UNKNOWN, "no_permission")
    (_, rules), *_ = permission_words.would_allow(shown, load("en"))
    assert 'resources: ["events"]' in rules


@pytest.mark.parametrize(("ago", "status"), [(30, UNKNOWN), (700, FAILED)])
def test_an_old_pod_may_be_starting_again(ago: float, status: Status) -> None:
    """After its node was started again, after a long wait for a node, or behind a long init container."""
    making, at, day = waiting("ContainerCreating"), time(NOW - ago), 86400
    done = {"terminated": {"exitCode": 0, "finishedAt": at}}
    found = [
        pod("Running", making | {"lastState": {"terminated": {"exitCode": 255, "finishedAt": at}}}, age=day),
        pod("Pending", making, init=[{"name": "init", "state": done}], age=day),
        pod("Pending", making, conditions=[{"type": "PodScheduled", "lastTransitionTime": at}], age=day),
        pod("Running", making, conditions=[{"type": "Ready", "lastTransitionTime": at}], age=day),
    ]
    assert [of(examined(fakes)).status for fakes in found] == [status] * len(found)


@pytest.mark.parametrize(
    ("fakes", "got"),
    [
        (pod("Succeeded", {"name": "aws-cli", "state": ended(0, "Completed")}), "aws-cli: exit 0"),
        (pod("Running", running()), "aws-cli: running"),
        (pod("Running", looping(0, reason="Completed")), "aws-cli: exit 0"),
        (pod("Running", running(), init=[{"name": "init", "state": ended(0, "Completed")}]), "aws-cli: running"),
    ],
    ids=["a completed Job", "a server", "a program that ends well again and again", "behind an init container"],
)
def test_what_runs_or_has_ended_well_is_no_failure(fakes: Fakes, got: str) -> None:
    assert (of(examined(fakes)).status, of(examined(fakes)).got) == (PASSED, got)
    assert "pod_events" not in [it.url for it in examined(fakes).exchanges]


def test_a_sidecar_that_runs_keeps_no_pod_from_running() -> None:
    fakes = pod("Running", running(), init=[running("proxy")])
    fakes.pod["spec"]["initContainers"][0]["restartPolicy"] = "Always"
    assert of(examined(fakes)).status is PASSED


def test_where_one_container_runs_and_another_does_not_it_is_a_warning_and_the_running_one_is_looked_into() -> None:
    fakes = pod("Running", looping() | {"name": "broken"}, running())
    box = fakes.pod["spec"]["containers"][0]
    fakes.pod["spec"]["containers"] = [{**box, "name": "broken"}, box]
    found = examined(fakes, *ALL)
    assert (of(found).status, of(found).got) == (WARNING, "broken: CrashLoopBackOff (Error, exit 254)")
    assert " aws-cli " in found.walk.report(Step.TOKEN_MOUNT).check("token.file").where
    assert (found.verdict.outcome, found.verdict.check) == (Outcome.WORKS, of(found))


def test_in_a_container_that_never_started_nothing_is_executed_and_a_token_is_requested_for_it() -> None:
    fakes = not_running("no Secret")
    found = examined(fakes, *ALL)
    file = found.walk.report(Step.TOKEN_MOUNT).check("token.file")
    assert (file.status, file.reason) == (UNKNOWN, "not_running")
    assert "execute" not in [it.url for it in found.walk.report(Step.TOKEN_MOUNT).exchanges]
    assert fakes.requested == [("sts.amazonaws.com", "pod-after")]
    assert found.walk.report(Step.STS_ASSUME).check("sts.credentials").status is PASSED


def test_a_broken_chain_is_still_named_before_a_pod_that_does_not_run() -> None:
    fakes = not_running("no image")
    fakes.role["AssumeRolePolicyDocument"] = trust_policy(StringEquals={"x:sub": "other"})
    found = examined(fakes)
    assert found.verdict.check is not None
    assert found.verdict.check.id.startswith("trust.")
    assert [it.id for _, it in found.verdict.later] == ["pod.running"]


def test_a_crash_loop_with_an_error_of_aws_is_the_programs_own_error() -> None:
    fakes = refusing(pod("Running", looping()))
    fakes.logs[""] = f"starting\n{NOT_AUTHORIZED}\n"
    found = examined(fakes, Action.READ_TOKEN)
    assert found.verdict.check is not None
    assert (found.verdict.check.id, of(found).reason) == ("pod.application", "crash_loop")
    assert found.verdict.later == ()


@pytest.mark.parametrize(("since", "status"), [(NOW - 3, FAILED), (NOW - 600, UNKNOWN)], ids=["just now", "for long"])
def test_of_a_program_that_was_started_again_its_last_log_counts_until_it_has_outlived_it(
    since: float, status: Status
) -> None:
    fakes = pod("Running", running(since=since) | {"lastState": ended(254)})
    fakes.logs[""] = "starting\n"
    fakes.previous_logs[""] = f"starting\n{NOT_AUTHORIZED}\n"
    assert of(examined(fakes, Action.READ_TOKEN), "pod.application").status is status


def test_the_log_of_an_init_container_that_failed_is_read() -> None:
    fakes = not_running("an init container fails")
    fakes.logs["init"] = f"{NOT_AUTHORIZED}\n"
    shown = of(examined(fakes, Action.READ_TOKEN), "pod.application")
    assert (shown.status, shown.got) == (FAILED, "exit 3")
    assert " init " in shown.where


# --- Nothing can be executed -----------------------------------------------------------------------------------------


def granted(at: float, **changes: Any) -> dict[str, Any]:
    return {
        "eventTime": time(at),
        "userIdentity": {"userName": SUB, "identityProvider": PROVIDER},
        "requestParameters": {"roleArn": ROLE, "roleSessionName": "botocore-session-1"},
        "sourceIPAddress": "10.0.0.7",
    } | changes


def distroless(*records: Any, refused: Any = (), age: float = 1000) -> Fakes:
    fakes = refusing(pod("Running", running(), age=age), NO_PROGRAM)
    fakes.assumptions = Assumptions(granted=records, refused=tuple(refused))
    return fakes


STEPS_TO_KNOW = (
    # what was granted so far, and what is offered then
    ((), (Action.READ_TOKEN, Action.EXCHANGE)),
    ((Action.READ_TOKEN, Action.EXCHANGE), (Action.TOKEN_REQUEST,)),
    ((Action.READ_TOKEN, Action.EXCHANGE, Action.TOKEN_REQUEST), ()),
    ((Action.READ_TOKEN, Action.TOKEN_REQUEST), (Action.EXCHANGE,)),
    ((Action.EXCHANGE, Action.TOKEN_REQUEST), (Action.READ_TOKEN,)),
    (tuple(Action), ()),
)


@pytest.mark.parametrize(("before", "offered"), STEPS_TO_KNOW)
def test_what_is_offered_was_not_granted_before_and_it_comes_to_an_end(
    before: tuple[Action, ...], offered: tuple[Action, ...]
) -> None:
    assert examined(distroless(), *before).to_be_sure == offered


def test_where_no_region_is_set_that_is_what_is_missing() -> None:
    fakes = distroless()
    fakes.errors["oidc_providers"] = Unreachable(code="aws_no_region", server_message="You must specify a region.")
    found = examined(fakes)
    assert (found.to_be_sure, found.fix and found.fix.id) == ((), "name_region")
    assert found.fix is not None
    assert found.fix.commands == ("python -m app doctor -n default -s my-sa --pod pod-after --region ap-northeast-1",)


SILENT = Unreachable(code="timed_out", server_message="Read timed out.")


@pytest.mark.parametrize("silent", [("oidc_providers", "caller_identity"), ("mutating_webhooks",), ("pod",)])
def test_a_server_that_does_not_respond_is_not_asked_for_more(silent: tuple[str, ...]) -> None:
    fakes = distroless()
    fakes.errors.update(dict.fromkeys(silent, SILENT))
    found = examined(fakes)
    assert (found.verdict.outcome, found.to_be_sure, found.fix and found.fix.id) == (Outcome.UNKNOWN, (), "connect")


def test_sts_is_asked_for_more_where_iam_alone_does_not_respond() -> None:
    fakes = distroless()
    fakes.errors["oidc_providers"] = SILENT
    assert (examined(fakes).to_be_sure, examined(fakes).fix) == ((Action.READ_TOKEN, Action.EXCHANGE), None)


@pytest.mark.parametrize("code", ["aws_no_such_profile", "aws_config_broken"])
def test_a_profile_of_ours_that_cannot_be_used_is_no_answer_of_sts(code: str) -> None:
    fakes = distroless()
    unusable = NotPermitted(code=code, server_message="The config profile (nope) could not be found")
    fakes.errors.update(dict.fromkeys(("oidc_providers", "role", "assume_role"), unusable))
    asked = examined(fakes, *Action).walk.report(Step.STS_ASSUME).check("sts.credentials")
    assert (asked.status, asked.reason, asked.error) == (UNKNOWN, "no_configuration", unusable.server_message)
    found = examined(fakes)
    assert (found.verdict.outcome, found.to_be_sure, found.fix) == (Outcome.UNKNOWN, (), None)


@given(before=st.sets(st.sampled_from(list(Action))), denied=st.sets(st.sampled_from(["execute", "request_token"])))
def test_no_option_is_offered_twice_nor_one_that_the_cluster_refuses(before: set[Action], denied: set[str]) -> None:
    fakes = distroless()
    resources = {"execute": ("pods", "exec"), "request_token": ("serviceaccounts", "token")}
    refused = {resources[method] for method in denied}
    ports = consented(fakes.ports(), frozenset(before))

    class Denying:
        def __getattr__(self, name: str) -> Any:
            return getattr(ports.cluster, name)

        def allowed(self, access: Access) -> bool:
            return (access.resource, access.subresource) not in refused

    offered = set(examine(dataclasses.replace(ports, cluster=Denying()), SUBJECT).to_be_sure)
    assert offered & before == set()
    assert not ("execute" in denied and Action.READ_TOKEN in offered)
    assert not ("request_token" in denied and Action.TOKEN_REQUEST in offered)


def test_all_that_can_be_read_holds_and_says_what_is_not_proven() -> None:
    found = examined(distroless(), *Action)
    file = found.walk.report(Step.TOKEN_MOUNT).check("token.file")
    assert (file.status, file.reason, file.error) == (UNKNOWN, "no_program", NO_PROGRAM)
    assert found.verdict.outcome not in (Outcome.WORKS, Outcome.BROKEN)
    assert found.verdict.check == file
    for language in LANGUAGES:
        assert verdict_words.verdict(found, load(language)) == load(language).message("doctor.accepted_instead")
    assert found.fix is not None
    (command,) = found.fix.commands
    assert shlex.split(command) == [
        *("kubectl", "-n", "default", "debug", "pod-after", "-it", "--profile=general", "--image=amazon/aws-cli"),
        *("--target=aws-cli", f"--env=AWS_ROLE_ARN={ROLE}"),
        f"--env=AWS_WEB_IDENTITY_TOKEN_FILE=/proc/1/root{DIRECTORY}/token",
        *("--env=AWS_REGION=ap-northeast-1", "--env=HOME=/tmp", "--", "aws", "sts", "get-caller-identity"),
    ]
    assert verdict_words.fix_heading(found) == "see_more"


def test_where_the_kubelet_does_not_respond_the_sentence_agrees_with_the_exit_status() -> None:
    """It said “IRSA should work” beside exit status 2."""
    fakes = healthy()
    fakes.errors["execute"] = Unreachable(code="timed_out", server_message="Read timed out.")
    found = examined(fakes, *Action)
    assert (found.verdict.outcome, found.verdict.check and found.verdict.check.id) == (Outcome.UNKNOWN, "token.file")
    for language in LANGUAGES:
        words = load(language)
        assert verdict_words.verdict(found, words).endswith(words.message("doctor.accepted_so_far"))


@pytest.mark.parametrize(
    ("spec", "fails"),
    [
        ({"shareProcessNamespace": True}, True),
        ({"securityContext": {"runAsNonRoot": True}}, True),  # as kubebuilder writes it: kubernetes/kubernetes#113006
        ({"securityContext": {"runAsNonRoot": True, "runAsUser": 65532}}, False),
    ],
)
def test_no_command_is_shown_that_would_fail(spec: dict[str, Any], *, fails: bool) -> None:
    fakes = distroless()
    fakes.pod["spec"] |= spec
    assert (examined(fakes, *Action).fix is None) is fails


def test_a_role_that_may_not_be_read_does_not_matter_once_sts_has_accepted() -> None:
    fakes = distroless()
    fakes.errors["role"] = NotPermitted(code="AccessDenied", server_message="iam:GetRole", status=403)
    found = examined(fakes, *Action)
    assert found.verdict.check is not None
    assert found.verdict.check.id == "token.file"


@pytest.mark.parametrize("actions", [NOTHING, ALL], ids=["only reading", "everything"])
def test_what_sts_granted_to_the_service_account_since_the_pod_started_is_proof(actions: frozenset[Action]) -> None:
    found = examined(distroless(granted(NOW - 500)), *actions)
    shown = of(found, "sts.recent_successes")
    assert (shown.status, shown.got) == (PASSED, f"{time(NOW - 500)}, botocore-session-1, 10.0.0.7")
    assert found.verdict.outcome is Outcome.WORKS
    assert found.to_be_sure == ()
    for language in LANGUAGES:
        assert verdict_words.verdict(found, load(language)) == load(language).message("doctor.works_by_record")


@pytest.mark.parametrize("actions", [NOTHING, ALL], ids=["only reading", "everything"])
def test_a_warning_does_not_hide_that_only_cloudtrail_shows_it(actions: frozenset[Action]) -> None:
    fakes = distroless(granted(NOW - 500))
    fakes.pod["spec"]["hostNetwork"] = True
    found = examined(fakes, *actions)
    assert (found.verdict.outcome, found.verdict.status) == (Outcome.WORKS, WARNING)
    for language in LANGUAGES:
        assert load(language).message("doctor.by_record") in verdict_words.verdict(found, load(language))


def test_the_pod_s_own_token_proves_nothing_until_it_was_sent() -> None:
    fakes = pod("Running", running(), age=1000)
    fakes.assumptions = Assumptions(granted=(granted(NOW - 500),))
    for actions, key in (((Action.READ_TOKEN,), "works_by_record"), (tuple(Action), "works")):
        found = examined(fakes, *actions)
        assert found.walk.report(Step.TOKEN_MOUNT).check("token.file").status is PASSED
        assert verdict_words.verdict(found, load("en")) == load("en").message(f"doctor.{key}")


@pytest.mark.parametrize("actions", [NOTHING, ALL], ids=["only reading", "everything"])
def test_a_program_that_ends_again_and_again_because_aws_refused_it_is_no_other_problem(
    actions: frozenset[Action],
) -> None:
    """The kubelet writes the end of its log into the status, where the container asks for that."""
    said = f"An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: {NOT_AUTHORIZED}"
    fakes = pod("Running", looping(message=f"retrying\n{said}\n"), age=1000)
    found = examined(fakes, *actions)
    assert found.verdict.outcome is Outcome.BROKEN
    shown = of(found, "pod.application")
    assert (shown.status, shown.got, shown.error) == (FAILED, "exit 254", said)
    assert shown.where == "Pod default/pod-after aws-cli status"
    assert found.verdict.check is not None
    assert found.verdict.check.id != "pod.running"
    other = examined(pod("Running", looping(message="panic: no database"), age=1000), *actions)
    assert other.verdict.check is not None
    assert other.verdict.check.id == "pod.running"


OTHER_MATTERS = (
    "An error occurred (NoSuchBucket) when calling the ListObjectsV2 operation: The specified bucket does not exist",
    "operation error S3: PutObject, https response error StatusCode: 404, RequestID: x, api error NoSuchBucket: none",
    "The specified key does not exist. (Service: S3, Status Code: 404, Request ID: abc)",
)


@pytest.mark.parametrize("said", OTHER_MATTERS)
@pytest.mark.parametrize("stands", [True, False], ids=["ends again and again", "runs"])
def test_what_a_service_refuses_for_another_reason_is_no_fault_of_irsa(said: str, stands: bool) -> None:
    fakes = pod("Running", looping(message=said) if stands else running(), age=1000)
    fakes.logs[""] = f"{said}\n"
    found = examined(fakes, *Action)
    assert (of(found, "pod.application").status, of(found, "pod.application").reason) == (UNKNOWN, "other_matter")
    if stands:
        assert found.verdict.check is not None
        assert found.verdict.check.id == "pod.running"
    else:
        assert found.verdict.outcome is Outcome.WORKS


NO_CREDENTIALS = (
    "Caused by: software.amazon.awssdk.core.exception.SdkClientException: Unable to load credentials from any of the "
    "providers in the chain AwsCredentialsProviderChain(credentialsProviders=[SystemPropertyCredentialsProvider()])",
    "com.amazonaws.SdkClientException: Unable to load AWS credentials from any provider in the chain: [Env]",
    "CredentialsProviderError: Could not load credentials from any providers",
)


@pytest.mark.parametrize("said", NO_CREDENTIALS)
def test_every_sdk_is_understood_that_finds_no_credentials(said: str) -> None:
    found = examined(pod("Running", looping(message=said), age=1000))
    assert found.verdict.check is not None
    assert (found.verdict.check.id, found.fix and found.fix.id) == ("pod.request", "default_chain")


def test_a_file_that_the_program_may_not_read_is_fixed_by_its_group() -> None:
    for said in (f"[Errno 13] Permission denied: '{DIRECTORY}/token'", f"open {DIRECTORY}/token: permission denied"):
        found = examined(pod("Running", looping(message=said), age=1000))
        assert (found.verdict.outcome, found.fix and found.fix.id) == (Outcome.BROKEN, "fs_group")


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ('Failed to connect to proxy URL: "http://proxy.corp:3128"', "proxy"),
        (
            "SSL validation failed for https://sts.ap-northeast-1.amazonaws.com/ [SSL: CERTIFICATE_VERIFY_FAILED]",
            "certificate",
        ),
        (
            "SSL validation failed for https://sts.ap-northeast-1.api.aws/ [SSL: CERTIFICATE_VERIFY_FAILED]",
            "certificate",
        ),
        (
            "operation error STS: AssumeRoleWithWebIdentity, https response error, request send failed, Post "
            '"https://sts.ap-northeast-1.amazonaws.com/": proxyconnect tcp: dial tcp 10.1.1.1:3128: i/o timeout',
            "proxy",
        ),
        (
            "operation error STS: AssumeRoleWithWebIdentity, https response error, request send failed, Post "
            '"https://sts.ap-northeast-1.amazonaws.com/": tls: failed to verify certificate: x509: certificate signed '
            "by unknown authority",
            "certificate",
        ),
        ('Connect timeout on endpoint URL: "https://sts.ap-northeast-1.amazonaws.com/"', "egress .sts"),
        ('Could not connect to the endpoint URL: "https://b.s3.eu-west-1.amazonaws.com/"', "no_connection .s3"),
        ('Could not connect to the endpoint URL: "https://sqs.us-gov-west-1.amazonaws.com/"', "no_connection .sqs"),
        (
            "operation error STS: AssumeRoleWithWebIdentity, request send failed, Post "
            '"https://sts.cn-north-1.amazonaws.com.cn/": dial tcp 10.0.1.2:443: i/o timeout',
            "look_for_region .sts",
        ),
    ],
)
def test_what_lies_between_the_program_and_aws_is_named(said: str, fix: str) -> None:
    fakes = pod("Running", running(), age=1000)
    fakes.logs[""] = f"starting\n{said}\n"
    found = examined(fakes, *Action)
    fix_id, _, service = fix.partition(" ")
    assert (found.verdict.outcome, found.fix and found.fix.id) == (Outcome.BROKEN, fix_id)
    assert found.fix is not None
    assert any(service in command for command in found.fix.commands)


def test_what_java_says_of_a_refusal_by_sts_has_its_causes() -> None:
    said = "Not authorized to perform sts:AssumeRoleWithWebIdentity (Service: Sts, Status Code: 403, Request ID: a)"
    found = examined(pod("Running", looping(message=said), age=1000))
    assert found.verdict.refusal == "not_authorized"


def test_where_our_own_clock_is_behind_no_token_is_called_broken() -> None:
    fakes = pod("Running", running(), age=1000)
    fakes.now = NOW - 4000
    found = examined(fakes, *Action)
    lifetime = found.walk.report(Step.TOKEN_MOUNT).check("token.lifetime")
    assert (lifetime.status, lifetime.reason) == (UNKNOWN, "clocks_apart")
    assert found.verdict.outcome is Outcome.WORKS, "STS has accepted it"
    assert examined(fakes, Action.READ_TOKEN).verdict.outcome is not Outcome.BROKEN


OTHER_CLUSTER = {"userName": SUB, "identityProvider": f"{PROVIDER}X"}


@pytest.mark.parametrize(
    "others",
    [{"requestParameters": {"roleArn": ROLE, "roleSessionName": "irsa-explorer"}}, {"userIdentity": OTHER_CLUSTER}],
    ids=["by ourselves", "by another cluster's ServiceAccount of that name"],
)
def test_what_others_were_refused_takes_nothing_from_what_the_pod_was_granted(others: dict[str, Any]) -> None:
    found = examined(distroless(granted(NOW - 500), refused=[granted(NOW - 400, errorCode="AccessDenied", **others)]))
    assert of(found, "sts.recent_successes").status is PASSED


NO_PROOF: dict[str, Callable[[], Fakes]] = {
    "before the Pod": lambda: distroless(granted(NOW - 1001)),
    "of another cluster's ServiceAccount of that name": lambda: distroless(
        granted(NOW - 500, userIdentity=OTHER_CLUSTER)
    ),
    "refused since": lambda: distroless(granted(NOW - 500), refused=[granted(NOW - 400, errorCode="AccessDenied")]),
    "an example of ours": lambda: distroless(
        granted(NOW - 500, requestParameters={"roleArn": ROLE, "roleSessionName": "irsa-explorer"})
    ),
    "no time": lambda: distroless(granted(NOW - 500, eventTime="yesterday")),
    "nothing": distroless,
    "longer ago than any session lasts": lambda: distroless(
        granted(NOW - LONGEST_SESSION - 1), age=2 * LONGEST_SESSION
    ),
}


@pytest.mark.parametrize("name", NO_PROOF)
def test_what_is_no_proof_leaves_it_open(name: str) -> None:
    fakes = NO_PROOF[name]()
    fakes.role["RoleLastUsed"] = {"LastUsedDate": "2026-11-24T10:00:00Z", "Region": "ap-northeast-1"}
    found = examined(fakes)
    shown = of(found, "sts.recent_successes")
    assert (shown.status, shown.reason) == (UNKNOWN, "no_record")
    assert shown.error == "RoleLastUsed: 2026-11-24T10:00:00Z ap-northeast-1"
    assert found.verdict.outcome is not Outcome.WORKS


def test_a_record_proves_nothing_for_a_pod_that_the_webhook_did_not_edit_or_that_does_not_run() -> None:
    fakes = distroless(granted(NOW - 500))
    fakes.pod["status"]["containerStatuses"] = [looping()]
    assert examined(fakes).verdict.outcome is Outcome.BROKEN
    fakes = distroless(granted(NOW - 500))
    fakes.errors["pod"] = FORBIDDEN
    assert examined(fakes).verdict.outcome is not Outcome.WORKS


def test_a_page_offers_nothing_that_the_cluster_has_refused_beforehand() -> None:
    fakes = Fakes()
    assert not is_refused(Action.READ_TOKEN, None)
    assert not is_refused(Action.READ_TOKEN, foresee(fakes.ports().cluster, SUBJECT))
    fakes.denied = {access for use in ("token.file", "pod.application") for access in need(use).of(SUBJECT)}
    forecast = foresee(fakes.ports().cluster, SUBJECT)
    assert is_refused(Action.READ_TOKEN, forecast)
    assert not is_refused(Action.TOKEN_REQUEST, forecast)
    assert not is_refused(Action.EXCHANGE, forecast)  # in which the cluster has no say


def test_where_another_container_runs_the_token_of_the_one_that_ended_is_looked_at_too() -> None:
    fakes = pod("Running", looping() | {"name": "broken"}, running())
    box = fakes.pod["spec"]["containers"][0]
    fakes.pod["spec"]["containers"] = [{**box, "name": "broken"}, box]
    ports = fakes.ports()
    asked: list[str] = []

    class Listening:
        def __getattr__(self, name: str) -> Any:
            return getattr(ports.cluster, name)

        def execute(self, namespace: str, pod: str, container: str, command: list[str]) -> Any:
            asked.append(container)
            return ports.cluster.execute(namespace, pod, container, command)

    examine(dataclasses.replace(ports, cluster=Listening()), SUBJECT)
    assert asked[0] == "aws-cli"
    assert asked[-1] == "broken"


@pytest.mark.parametrize(
    "said",
    [
        NO_PROGRAM,
        'OCI runtime exec failed: exec failed: unable to start container process: exec: "ls": '
        "executable file not found in $PATH",
        "error executing command in container: executable file `ls` not found in $PATH: No such file or directory",
        'error executing command in container: exec: "/bin/ls": stat /bin/ls: no such file or directory',
    ],
)
def test_whatever_the_runtime_a_missing_program_is_about_the_image_and_not_about_the_server(said: str) -> None:
    assert lacks_program(said)
    body = json.dumps({"kind": "Status", "reason": "InternalError", "code": 500, "message": said}).encode()
    if "error executing command in container" in said:
        assert type(from_status(500, body, operation="get pods/exec")) is Refused
    assert not lacks_program('container not found ("app")')
