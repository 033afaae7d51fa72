"""The Pod that is looked at where nobody has named one."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from app.flow.doctor.choosing import pod_of
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


def test_who_may_not_list_pods_gets_none() -> None:
    assert chosen(NotPermitted(code="Forbidden", server_message="no", status=403)) == ""


def test_a_login_that_is_not_accepted_is_reported() -> None:
    with pytest.raises(NotPermitted):
        chosen(NotPermitted(code="Unauthorized", server_message="Unauthorized", status=401))


def test_no_answer_is_reported() -> None:
    with pytest.raises(Unreachable):
        chosen(Unreachable(code="timed_out", server_message=""))
