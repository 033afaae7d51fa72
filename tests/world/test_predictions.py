"""What is predicted of a fix comes true: its commands are run by kubectl and aws, and the world is examined again."""

import os
import shutil
import subprocess

import pytest

from app.flow.doctor import examine
from app.flow.doctor.prediction.copied import copy_of
from app.flow.doctor.prediction.copied_ports import ports_of
from app.flow.model import Status, Subject
from app.flow.port_wrappers.consent import NOTHING, consented
from app.flow.verdict.judge import Outcome, judge
from app.wiring import simulated
from app.world.faults import FAULTS
from app.world.lifecycle.world_operations import settle
from app.world.setup import tool_files
from tests.aws_cli import AWS
from tests.world.test_fault_fixes import ANOTHER_ANNOTATION, ANOTHER_POD
from tests.world.test_faults import WORKS_ANYWAY

pytestmark = pytest.mark.one_world

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
UNPREDICTED = {
    "F05": "webhook_silent_on_eks",
    "F05b": "register_webhook",
    **dict.fromkeys(("F32", "F35"), "kubelet"),
    "F44": "organization",
    "F45": "control_policy",
    "F33": "clock",
    "F37": "activate_region",
    "F41": "egress",
    "F42": "publish",
    "F51": "pod_identity",
    "F54": "remove_deny",
}
"""The faults whose fix only shows where to look, or is nothing that a command does: its id."""
ALIKE = {
    *(*ANOTHER_POD[3:], "F30"),
    *("F02", "F19", *ANOTHER_ANNOTATION[2:]),
    *("F22", "F23", "F24", "F25", "F48"),
    *("F47", "F49"),
}
"""The faults whose fix is one that another fault has: another Pod, another annotation, another trust policy or
provider, another permission.

`test_fault_fixes` makes the fix by its diff where that is of the fault's own; its commands are run in `make test-all`.
"""
OTHER_ACCOUNT = " --profile PROFILE"
TWO_FAULTS = [
    ("F14", "F21"),
    ("F21", "F46"),
    ("F26", "F21"),
    ("F27", "F46"),
    ("F10", "F46"),
    ("F43", "F21"),
]


def but_alike(faults):
    """Those faults, marked `large` where the fix of another one is the same."""
    return [pytest.param(fault, marks=pytest.mark.large if fault in ALIKE else ()) for fault in faults]


@pytest.fixture
def run(simulation, world, tmp_path, aws_on_path):
    """Runs a line in a shell, with kubectl and aws for the world."""
    kubeconfig = tmp_path / tool_files.KUBECONFIG
    kubeconfig.write_bytes(tool_files.files(simulation, world)[tool_files.KUBECONFIG])
    environment = {
        **{"PATH": f"{aws_on_path}:{os.environ['PATH']}", "KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path)},
        **tool_files.aws_environment(simulation, world),
    }

    def run(command):
        there = {}
        if OTHER_ACCOUNT in command:
            key = world.other_account.admin
            there = {"AWS_ACCESS_KEY_ID": key.access_key_id, "AWS_SECRET_ACCESS_KEY": key.secret_access_key}
        line = command.replace(OTHER_ACCOUNT, "")
        done = subprocess.run(
            ["sh", "-c", line], env={**environment, **there}, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"

    return run


def examined(simulation, world):
    return examine(simulated(simulation, world), SUBJECT)


def the_copy_has_its_verdict(found):
    again = examine(ports_of(copy_of(found.walk, found.checks, found.evidence, found.read_at)), SUBJECT)
    seen = {check.id: check for _, checks in found.steps() for check in checks}
    shown = {check.id: check for _, checks in again.steps() for check in checks}
    bad = (Status.FAILED, Status.WARNING)
    assert {name: it.status for name, it in shown.items() if it.status in bad and seen[name].status not in bad} == {}
    assert {
        name: (it.status, shown[name].status)
        for name, it in seen.items()
        if it.status in bad and shown[name].status not in (*bad, Status.UNKNOWN, Status.NOT_REACHED)
    } == {}
    kept = tuple(seen[it.id] if it.status is Status.UNKNOWN else it for it in again.checks)
    verdict = judge(again.walk, kept)
    assert (verdict.outcome, verdict.step, verdict.check and verdict.check.id) == (
        *(found.verdict.outcome, found.verdict.step),
        found.verdict.check and found.verdict.check.id,
    )


def reading_alone_shows_as_much(simulation, world, everything):
    """Without a dry run, a token or STS; what then shows nothing broken has nothing to fix."""
    found = examine(consented(simulated(simulation, world), NOTHING), SUBJECT)
    if found.fix is None or found.fix.id != everything.fix.id:
        return
    assert found.prediction is not None, f"nothing is predicted of {found.fix.id}: it may belong in UNPREDICTED"
    if found.prediction.outcome is Outcome.BROKEN:
        assert found.prediction.check.id == everything.prediction.check.id


needs_both = pytest.mark.skipif(not AWS.exists() or shutil.which("kubectl") is None, reason="no aws or no kubectl")


@pytest.mark.cli
@needs_both
@pytest.mark.parametrize("fault", but_alike(FAULTS))
def test_the_copy_of_a_diagnosis_has_its_verdict_and_what_is_predicted_of_a_fix_comes_true(
    simulation, world, run, fault
):
    """And reading alone shows as much of the fix. All of one examination, which takes longest."""
    simulation.inject(world, fault)
    found = examined(simulation, world)
    the_copy_has_its_verdict(found)
    if fault not in UNPREDICTED:
        reading_alone_shows_as_much(simulation, world, found)
    if fault in WORKS_ANYWAY:
        assert (found.fix, found.prediction) == (None, None)
        return
    if fault in UNPREDICTED:
        assert (found.fix.id, found.prediction) == (UNPREDICTED[fault], None)
        return
    comes_true(simulation, world, run, found)


@pytest.mark.cli
@needs_both
def test_what_a_role_of_another_account_lacks_is_given_to_it_there(simulation, world, run):
    """The provider comes first, also where ours has none. Then S3 refuses the role, whose policies we cannot read."""
    simulation.inject(world, "F16", "F48")
    found = examined(simulation, world)
    assert (found.fix.id, OTHER_ACCOUNT in found.fix.commands[0]) == ("create_provider_there", True)
    for command in found.fix.commands:
        run(command)
    simulation.run(settle(world))
    found = examined(simulation, world)
    assert (found.fix.id, OTHER_ACCOUNT in found.fix.commands[0]) == ("permit", True)
    for command in found.fix.commands:
        run(command)
    simulation.run(settle(world))
    assert examined(simulation, world).verdict.outcome is Outcome.WORKS


@pytest.mark.cli
@needs_both
@pytest.mark.parametrize(
    "faults",
    [*TWO_FAULTS[::2], *(pytest.param(faults, marks=pytest.mark.large) for faults in TWO_FAULTS[1::2])],
    ids=" ".join,
)
def test_of_two_faults_the_other_one_is_predicted(simulation, world, run, faults):
    simulation.inject(world, *faults)
    found = examined(simulation, world)
    assert found.prediction.outcome is Outcome.BROKEN
    comes_true(simulation, world, run, found)


def comes_true(simulation, world, run, found):
    before, foretold = found.verdict.check, found.prediction
    assert foretold is not None, found.fix
    for command in found.fix.commands:
        run(command)
    simulation.run(settle(world))
    simulation.move_clock(world, 400)  # the Pod that waits for its token tries again
    after = examined(simulation, world).verdict
    assert after.check is None or (after.check.id, after.check.got) != (before.id, before.got), "the fix does nothing"
    if foretold.outcome is Outcome.BROKEN:
        assert (after.outcome, after.check.id) == (Outcome.BROKEN, foretold.check.id)
    else:
        if after.check is not None and after.check.id in {check.id for check in foretold.unknown}:
            return
        assert after.outcome is Outcome.WORKS, after.check
        assert (after.check and after.check.id) == (foretold.check and foretold.check.id)
