"""What counts as a deed of the exercise, and what eksctl is said to do."""

import json
from types import SimpleNamespace

import pytest

from app.flow.build.deeds import Deed, has_failed, of_command, of_log
from app.flow.build.documents import run_pod
from app.flow.build.eksctl import eksctl
from app.flow.build.tasks import TASKS, TaskId
from app.flow.model import Chain
from app.world.apiserver.storage.stored import Stored
from app.world.setup.building import has_failed_pod

CHAIN = Chain(namespace="team", service_account="reader", pod="lister", role="bucket-lister")
TOKEN = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"


def pod(*, injected=False, code=None, before=None):
    made = run_pod("x")
    if injected:
        made["spec"]["containers"][0]["env"] = [{"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": TOKEN}]
    ended = [{"terminated": {"exitCode": it}} if it is not None else {"running": {}} for it in (code, before)]
    made["status"] = {"containerStatuses": [{"name": "x", "state": ended[0], "lastState": ended[1]}]}
    return made


@pytest.mark.parametrize(
    ("of", "deed"),
    [
        (pod(code=1), Deed.LOG_BEFORE),
        (pod(before=255), Deed.LOG_BEFORE),
        (pod(code=0), None),
        (pod(), None),
        (pod(injected=True), Deed.LOG_AFTER),
        (pod(injected=True, code=1), Deed.LOG_AFTER),
    ],
)
def test_reading_a_log_teaches_what_its_pod_is(of, deed):
    assert of_log(of) is deed


@pytest.mark.parametrize(
    ("of", "namespace", "counts"),
    [
        (pod(code=1), "team", True),
        (pod(code=1), "kube-system", False),
        (pod(code=0), "team", False),
        (pod(injected=True, code=1), "team", False),
    ],
)
def test_a_pod_of_the_learners_that_failed_without_irsa_counts_and_no_other(of, namespace, counts):
    of = {**of, "metadata": {"namespace": namespace}}
    stored = {"pods": [Stored(json.dumps(of).encode())]}
    world = SimpleNamespace(cluster=SimpleNamespace(scan=lambda kind: stored[kind]))
    assert has_failed_pod(world) is counts


def test_a_pod_that_crashes_again_and_again_has_failed():
    assert has_failed(pod(before=1))
    assert not has_failed(pod(code=0))
    assert not has_failed({"status": {"containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]}})


@pytest.mark.parametrize(
    ("command", "deeds"),
    [
        (["env"], {Deed.VARIABLES}),
        (["/usr/bin/printenv"], {Deed.VARIABLES}),
        (["printenv", "AWS_ROLE_ARN"], {Deed.VARIABLES}),
        (["sh", "-c", "env | grep AWS"], {Deed.VARIABLES}),
        (["sh", "-c", "echo $AWS_ROLE_ARN"], {Deed.VARIABLES}),
        (["cat", TOKEN], {Deed.TOKEN}),
        (["sh", "-c", "cat $AWS_WEB_IDENTITY_TOKEN_FILE"], {Deed.TOKEN}),
        (["sh", "-c", 'cat "${AWS_WEB_IDENTITY_TOKEN_FILE}"; env'], {Deed.TOKEN, Deed.VARIABLES}),
        (["ls", "/"], set()),
        (["cat", "/var/run/secrets/kubernetes.io/serviceaccount/token"], set()),
        ([], set()),
    ],
)
def test_what_is_typed_in_a_pod_counts_by_what_it_shows(command, deeds):
    assert of_command(pod(injected=True), command) == deeds
    assert of_command(pod(), command) == set(), "a Pod without IRSA shows nothing of it"


def test_eksctl_does_what_it_does_with_the_readers_own_names_and_no_pods():
    of = {task.id: eksctl(task.id, CHAIN, "irsa") for task in TASKS}
    assert {task for task, found in of.items() if found} == {
        *(TaskId.ISSUER, TaskId.PROVIDER),
        *(TaskId.ROLE, TaskId.SERVICE_ACCOUNT),
    }
    assert "--name reader --namespace team --cluster irsa" in of[TaskId.ROLE].command
    assert of[TaskId.ISSUER].command == of[TaskId.PROVIDER].command
    assert {task: found.numbers for task, found in of.items() if found} == {
        **dict.fromkeys((TaskId.ISSUER, TaskId.PROVIDER), (2, 3)),
        **dict.fromkeys((TaskId.ROLE, TaskId.SERVICE_ACCOUNT), (4, 5)),
    }
    assert all(found.terraform for found in of.values() if found)
