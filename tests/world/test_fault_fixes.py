"""What the doctor proposes under a fault is done, and IRSA works: by the diffs. `test_predictions` has the commands."""

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import replace

import pytest

from app.flow.doctor import examine
from app.flow.errors import NotPermitted
from app.flow.model import Status, Subject
from app.flow.port_wrappers.port_proxy import intercepted
from app.flow.verdict.judge import Outcome
from app.wiring import simulated
from app.world import edits
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.aws import iam
from app.world.lifecycle.world_operations import delete, settle
from app.world.setup import tool_files
from app.world.setup.scenario import ARTICLE
from tests.aws_cli import AWS

pytestmark = pytest.mark.one_world

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
ANOTHER_POD = ["F03", "F04", "F06", "F07", "F08", "F09", "F10", "F11", "F13", "F28", "F29", "F31", "F34", "F39"]
"""The faults that another Pod fixes."""
ANOTHER_ANNOTATION = ["F02", "F17", "F18b", "F20", "F27", "F27b", "F35b"]
BY_COMMANDS = {*ANOTHER_POD[1:3], ANOTHER_ANNOTATION[1], "F15b", "F16", "F26", "F43", "F53"}
"""Faults whose commands are run in `make test`, and whose diff is like that of another one here."""
FIXED = (Status.PASSED, Status.WARNING)


def few(fault, *more):
    """That case, marked `large` where `test_predictions` makes the same fix by its commands in `make test`."""
    return pytest.param(fault, *more, marks=pytest.mark.large if fault in BY_COMMANDS else ())


@pytest.mark.parametrize("fault", [few(fault) for fault in ANOTHER_POD])
def test_the_pod_of_the_diff_does_its_work(simulation, world, fault):
    simulation.inject(world, fault)
    found = examine(simulated(simulation, world), SUBJECT)
    assert found.fix.change.object == "Pod default/pod-after"
    simulation.run(put_in_place(world, found.fix.change.after))
    assert_fixed(simulation, world, found)


async def put_in_place(world, manifest):
    await delete(world, "pods", SUBJECT.namespace, SUBJECT.pod)
    pod = {key: manifest[key] for key in ("metadata", "spec")}
    await operations.create(world, ADMIN, "pods", SUBJECT.namespace, pod)
    await settle(world)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        *(few(fault, "oidc_provider") for fault in ("F14", "F16", "F26", "F43")),
        *(few(fault, "trust_policy") for fault in ("F15b", "F21", "F22", "F23", "F24", "F25", "F52", "F53")),
        *(few(fault, "service_account") for fault in ANOTHER_ANNOTATION),
    ],
)
def test_the_object_of_the_diff_may_be_typed_in(simulation, world, fault, kind):
    simulation.inject(world, fault)
    found = examine(simulated(simulation, world), SUBJECT)
    simulation.run(edits.apply(world, kind, json.dumps(found.fix.change.after)))
    simulation.run(edits.recreate_pod(world))
    assert_fixed(simulation, world, found)


@pytest.mark.parametrize(("fault", "next_check"), [("F02", "pod.age"), ("F28", "token.audience")])
def test_what_comes_after_a_missing_service_account_is_predicted(simulation, world, fault, next_check):
    """The Pod is older than the ServiceAccount, and the kubelet starts it, with the token that it mounts."""
    simulation.inject(world, fault, "F35b")
    simulation.move_clock(world, 60)
    found = examine(simulated(simulation, world), SUBJECT)
    simulation.run(edits.apply(world, "service_account", json.dumps(found.fix.change.after)))
    simulation.move_clock(world, 400)
    after = examine(simulated(simulation, world), SUBJECT).verdict
    assert (found.prediction.check.id, after.check.id) == (next_check, next_check)


@pytest.mark.parametrize(
    ("fault", "action", "before", "after"),
    [
        ("F46", "s3:ListAllMyBuckets", "permit", "read_log"),
        ("F49", "sts:AssumeRole", "second_role_trusts", "read_log"),
    ],
)
def test_what_the_role_may_by_now_is_not_granted_twice(simulation, world, fault, action, before, after):
    simulation.inject(world, fault)
    assert examine(simulated(simulation, world), SUBJECT).fix.id == before
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.call(world.account, "PutRolePolicy", {"RoleName": ARTICLE.role, "PolicyName": "more", "PolicyDocument": policy})
    fix = examine(simulated(simulation, world), SUBJECT).fix
    assert (fix.id, "put-role-policy" in " ".join(fix.commands)) == (after, False)
    simulation.run(edits.recreate_pod(world))
    assert examine(simulated(simulation, world), SUBJECT).verdict.status in FIXED


def test_two_roles_of_two_accounts_end_in_one_that_works(simulation, world):
    """The provider there, then the trust of the second role and the permission of the first: no fix comes twice."""
    simulation.inject(world, "F48", "F49")
    there, done = world.other_account, []
    for _ in range(2):
        fix = examine(simulated(simulation, world), SUBJECT).fix
        done.append(fix.id)
        for command in fix.commands:
            words = shlex.split(command)
            if words[0] == "aws":
                run_in(there if "--profile" in words else world.account, words)
        simulation.run(edits.recreate_pod(world))
    assert done == ["create_provider_there", "trust_first_role"]
    assert examine(simulated(simulation, world), SUBJECT).verdict.outcome is Outcome.WORKS


def run_in(account, words):
    """Calls IAM as the AWS CLI does, with the options as parameters."""
    options = dict(zip(words[3::2], words[4::2], strict=True))
    options.pop("--profile", None)
    names = {"--client-id-list": "ClientIDList.member.1", "--url": "Url"}
    parameters = {names.get(it, it[2:].title().replace("-", "")): value for it, value in options.items()}
    action = words[2].title().replace("-", "").replace("OpenIdConnect", "OpenIDConnect")
    iam.call(account, action, parameters)


@pytest.fixture
def run(simulation, world, tmp_path, aws_on_path):
    """Runs a line in a shell, with kubectl and aws for the world, and returns what it prints."""
    kubeconfig = tmp_path / tool_files.KUBECONFIG
    kubeconfig.write_bytes(tool_files.files(simulation, world)[tool_files.KUBECONFIG])
    environment = {
        **{"PATH": f"{aws_on_path}:{os.environ['PATH']}", "KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path)},
        **tool_files.aws_environment(simulation, world),
    }

    def run(line):
        done = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    return run


needs_both = pytest.mark.skipif(not AWS.exists() or shutil.which("kubectl") is None, reason="no aws or no kubectl")


@pytest.mark.cli
@needs_both
def test_the_registration_of_eks_leads_to_the_worlds_webhook(simulation, world, run):
    simulation.inject(world, "F05b")
    found = examine(simulated(simulation, world), SUBJECT)
    assert found.fix.id == "register_webhook"
    for command in found.fix.commands:
        run(command.replace("CLUSTER", world.cluster_name))
    simulation.run(settle(world))
    assert_fixed(simulation, world, found)


@pytest.mark.cli
@needs_both
@pytest.mark.parametrize("fault", ["F01", pytest.param("F19", marks=pytest.mark.large)])
def test_the_role_that_the_first_command_finds_is_the_one_that_was_meant(simulation, world, run, fault):
    simulation.inject(world, fault)
    ports = simulated(simulation, world)
    found = examine(replace(ports, aws=intercepted(ports.aws, may_not_list_roles)), SUBJECT)
    assert found.fix.id == "find_role"
    role = ""
    for command in found.fix.commands:
        printed = run(command.replace("=ROLE_ARN", f"={role}"))
        role = role or printed
    simulation.run(settle(world))
    assert role.endswith(f":role/{ARTICLE.role}")
    assert_fixed(simulation, world, found)


def may_not_list_roles(method, put, *arguments, **options):
    if method == "roles":
        raise NotPermitted(code="AccessDenied", server_message="", status=403)
    return put(*arguments, **options)


def assert_fixed(simulation, world, before):
    after = examine(simulated(simulation, world), SUBJECT).verdict
    assert after.status in FIXED, after.check
    assert after.check is None or after.check.id != before.verdict.check.id
