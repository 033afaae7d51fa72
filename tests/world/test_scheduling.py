"""Which Pods the node takes, and what the scheduler says of the others."""

import pytest

from tests.waiting import eventually
from tests.world.helpers import events_of, pod_of
from tests.world.kubernetes_world import MERGE, PODS, pod

pytestmark = pytest.mark.one_world

REST = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."


@pytest.mark.parametrize(
    ("node", "spec", "why"),
    [
        ({"unschedulable": True}, {}, "1 node(s) were unschedulable"),
        (
            {"taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]},
            {},
            "1 node(s) had untolerated taint {a: b}",
        ),
        ({}, {"nodeSelector": {"disk": "ssd"}}, "1 node(s) didn't match Pod's node affinity/selector"),
    ],
)
def test_a_pod_waits_for_a_node(api, world, node, spec, why):
    path = f"/api/v1/nodes/{world.node_name}"
    assert api.patch(path, {"spec": node}, MERGE).status == 200
    api.post(PODS, pod(**spec))
    said = f"0/1 nodes are available: {why}. {REST}"
    eventually(lambda: ("FailedScheduling", said) in events_of(world, pod_of(world, "x")))
    status = api.get(f"{PODS}/x").body["status"]
    assert (status["phase"], status["conditions"][0]["reason"]) == ("Pending", "Unschedulable")
    api.patch(path, {"spec": {"unschedulable": None, "taints": None}, "metadata": {"labels": {"disk": "ssd"}}}, MERGE)
    eventually(lambda: api.get(f"{PODS}/x").body["status"]["phase"] == "Running")


def test_a_pod_with_gates_waits_until_the_last_one_is_removed(api, world):
    path = f"{PODS}/x"
    api.post(PODS, pod(schedulingGates=[{"name": "a"}, {"name": "b"}]))
    status = api.get(path).body["status"]
    assert (status["phase"], status["conditions"][0]["reason"]) == ("Pending", "SchedulingGated")
    shown = api.get(path, headers={"Accept": "application/json;as=Table;g=meta.k8s.io;v=v1"}).body
    assert shown["rows"][0]["cells"][2] == "SchedulingGated"
    assert api.patch(path, {"spec": {"schedulingGates": [{"name": "b"}]}}, MERGE).status == 200
    assert "nodeName" not in api.get(path).body["spec"]
    assert api.patch(path, {"spec": {"schedulingGates": None}}, MERGE).status == 200
    eventually(lambda: api.get(path).body["status"]["phase"] == "Running")


def test_a_toleration_lets_it_run(api, world):
    taint = {"key": "a", "value": "b", "effect": "NoSchedule"}
    api.patch(f"/api/v1/nodes/{world.node_name}", {"spec": {"taints": [taint]}}, MERGE)
    api.post(PODS, pod(tolerations=[{"key": "a", "operator": "Exists"}]))
    eventually(lambda: api.get(f"{PODS}/x").body["status"]["phase"] == "Running")


def test_without_a_node_it_waits(api, world):
    api.delete(f"/api/v1/nodes/{world.node_name}")
    api.post(PODS, pod())
    eventually(
        lambda: ("FailedScheduling", "no nodes available to schedule pods") in events_of(world, pod_of(world, "x"))
    )
