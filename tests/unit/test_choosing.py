"""The Pod that is looked at where nobody has named one."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from app.flow.doctor.pods.choosing import pod_of
from app.flow.errors import NotPermitted, Unreachable
from tests.unit.fake_ports import Fakes


def pod(name: str, phase: str = "Running", created: str = "2026-11-24T10:00:00Z", **metadata: Any) -> Any:
    return {"metadata": {"name": name, "creationTimestamp": created, **metadata}, "status": {"phase": phase}}


class Cluster:
    def __init__(self, found: Any) -> None:
        self._found = found

    def pods(self, namespace: str, service_account: str) -> Any:
        if isinstance(self._found, Exception):
            raise self._found
        return self._found


def chosen(found: Any) -> str:
    cluster: Any = Cluster(found)
    return pod_of(dataclasses.replace(Fakes().ports(), cluster=cluster), "default", "my-sa")


@pytest.mark.parametrize(
    ("pods", "name"),
    [
        ([], ""),
        ([pod("one")], "one"),
        ([pod("done", "Succeeded", "2026-11-25T00:00:00Z"), pod("running")], "running"),
        ([pod("old"), pod("young", created="2026-11-24T11:00:00Z")], "young"),
        ([pod("going", created="2026-11-25T00:00:00Z", deletionTimestamp="2026-11-25T01:00:00Z"), pod("x")], "x"),
        ([pod("done", "Succeeded")], "done"),
        ([None], ""),
    ],
)
def test_the_youngest_that_runs_is_chosen(pods: Any, name: str) -> None:
    assert chosen(pods) == name


def of_revision(name: str, kind: str, owner: str, label: str, **more: Any) -> Any:
    owned = {"kind": kind, "name": owner, "controller": True}
    return pod(name, ownerReferences=[owned], labels=dict([label.split("=")]), **more)


def web(name: str, revision: str, **more: Any) -> Any:
    return of_revision(name, "ReplicaSet", f"web-{revision}", f"pod-template-hash={revision}", **more)


YOUNG = "2026-11-24T11:00:00Z"
ROLLOUTS: dict[str, tuple[list[Any], str]] = {
    # what there is: (the Pods, the one that is meant)
    "a rollout begins": ([web("old", "aaa"), web("new", "bbb", phase="Pending", created=YOUNG)], "new"),
    "a replica more": ([web("old", "aaa"), web("new", "aaa", phase="Pending", created=YOUNG)], "old"),
    "another workload begins": (
        [
            web("old", "aaa"),
            of_revision("x", "ReplicaSet", "api-b", "pod-template-hash=b", phase="Pending", created=YOUNG),
        ],
        "old",
    ),
    "a StatefulSet rolls out": (
        [
            of_revision("db-1", "StatefulSet", "db", "controller-revision-hash=db-1"),
            of_revision("db-2", "StatefulSet", "db", "controller-revision-hash=db-2", phase="Pending", created=YOUNG),
        ],
        "db-2",
    ),
    "a rollout has ended": (
        [web("old", "aaa", deletionTimestamp=YOUNG), web("new", "bbb", created=YOUNG)],
        "new",
    ),
    "a run of a Job ends": ([pod("done", "Succeeded", YOUNG), pod("coming", "Pending")], "coming"),
}


@pytest.mark.parametrize("name", ROLLOUTS)
def test_while_a_workload_rolls_out_its_new_pod_is_meant(name: str) -> None:
    pods, meant = ROLLOUTS[name]
    assert chosen(pods) == meant
    assert chosen(pods[::-1]) == meant


def test_who_may_not_list_pods_gets_none() -> None:
    assert chosen(NotPermitted(code="Forbidden", server_message="no", status=403)) == ""


def test_a_login_that_is_not_accepted_is_reported() -> None:
    with pytest.raises(NotPermitted):
        chosen(NotPermitted(code="Unauthorized", server_message="Unauthorized", status=401))


def test_no_answer_is_reported() -> None:
    with pytest.raises(Unreachable):
        chosen(Unreachable(code="timed_out", server_message=""))
