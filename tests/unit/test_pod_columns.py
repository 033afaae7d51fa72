"""What `kubectl get pods` shows of a Pod, as `printPod` of Kubernetes 1.33 (pkg/printers/internalversion) does."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.world.apiserver.endpoints.printers.table import make_table
from app.world.apiserver.types.resources import RESOURCES

RUNS = {"running": {}}
WAITS, CRASHES = ({"waiting": {"reason": reason}} for reason in ("PodInitializing", "CrashLoopBackOff"))
DONE, FAILED = ({"terminated": {"exitCode": code, "reason": why}} for code, why in ((0, "Completed"), (1, "Error")))
ENDED, DELETED = "2026-01-01T00:00:00Z", {"deletionTimestamp": "2026-01-01T00:00:00Z"}


def status(name: str, state: dict[str, Any], *, restarts: int = 0, ended: str = "") -> dict[str, Any]:
    """The status of a container, as the kubelet writes it."""
    return {
        "name": name,
        "state": state,
        "ready": state is RUNS or (name == "init" and state is DONE),
        "started": state is RUNS,
        "restartCount": restarts,
        "lastState": {"terminated": {"finishedAt": ended}} if ended else {},
    }


SIDE, APP = status("side", RUNS), status("app", RUNS)


@pytest.mark.parametrize(
    ("initial", "containers", "condition", "cells"),
    [
        ([], [APP], "Ready", ["1/1", "Running", "0"]),
        ([], [status("app", CRASHES, restarts=3, ended=ENDED)], "", ["0/1", "CrashLoopBackOff", "3 (5m ago)"]),
        ([], [status("job", DONE), APP], "", ["1/2", "NotReady", "0"]),
        ([], [status("job", DONE), APP], "Ready", ["1/2", "Running", "0"]),
        ([status("init", RUNS)], [status("app", WAITS)], "", ["0/1", "Init:0/1", "0"]),
        (
            [status("init", FAILED, restarts=1, ended=ENDED)],
            [status("app", WAITS)],
            "",
            ["0/1", "Init:Error", "1 (5m ago)"],
        ),
        ([status("init", DONE, restarts=1)], [APP], "Ready", ["1/1", "Running", "0"]),
        ([SIDE], [APP], "Ready", ["2/2", "Running", "0"]),
        ([SIDE, status("init", WAITS)], [status("app", WAITS)], "", ["1/2", "Init:1/2", "0"]),
        ([status("side", CRASHES, restarts=2)], [APP], "Initialized", ["1/2", "Init:CrashLoopBackOff", "2"]),
    ],
)
def test_the_row_of_a_pod(initial, containers, condition, cells):
    """`side` is a sidecar, `init` an init container that ends."""
    pod: dict[str, Any] = {
        "metadata": {"name": "x"},
        "spec": {
            "initContainers": [
                {"name": it["name"], "restartPolicy": {"side": "Always"}.get(it["name"])} for it in initial
            ],
            "containers": [{"name": it["name"]} for it in containers],
        },
        "status": {
            "phase": "Running",
            "initContainerStatuses": initial,
            "containerStatuses": containers,
            "conditions": [{"type": condition, "status": "True"}],
        },
    }
    found = [
        row(pod),
        row(pod | {"metadata": DELETED}),
        row({**pod, "metadata": DELETED, "status": {"phase": "Failed"}}),
    ]
    assert found[0] == cells
    assert [it[1] for it in found[1:]] == ["Terminating", "Failed"]


def row(pod: dict[str, Any]) -> list[str]:
    at = datetime(2026, 1, 1, 0, 5, tzinfo=UTC).timestamp()
    (found,) = make_table(RESOURCES["pods"], [{**pod, "metadata": {"name": "x", **pod["metadata"]}}], {}, at, "None")[
        "rows"
    ]
    cells: list[str] = found["cells"][1:4]
    return cells
