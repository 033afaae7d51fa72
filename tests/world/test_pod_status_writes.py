"""How often a Pod's status is written: once for each change of phase, however many containers the Pod has."""

import pytest

from tests.world.helpers import pod_of

pytestmark = pytest.mark.one_world

KINDS = {
    "servers": {"command": ["sleep", "3600"]},
    "programs": {"command": ["cat", "/nope"]},
    "cannot be created": {"env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "no", "key": "k"}}}]},
}


@pytest.fixture
def written(world):
    """The Pod's statuses in the order of their writes."""
    statuses = []

    def note(change):
        if (change.resource, change.stored.object["metadata"]["name"]) == ("pods", "probe"):
            statuses.append(change.stored.object.get("status", {}))

    cancel = world.cluster.changes.watch(note)
    yield statuses
    cancel()


def containers(count, kind, prefix="c"):
    return [{"name": f"{prefix}{n}", "image": "busybox", **KINDS[kind]} for n in range(count)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("policy", ["Never", "Always"])
def test_more_containers_take_no_more_writes(world, core, run_pod, written, kind, policy):
    counts = []
    for count in (2, 9):
        del written[:]
        body = {"containers": containers(count, kind), "initContainers": containers(count, "programs", "i")}
        body["initContainers"] = [{**c, "command": ["sh", "-c", "true"]} for c in body["initContainers"]]
        run_pod(spec={**body, "restartPolicy": policy})
        counts.append(len(written))
        core.delete_namespaced_pod("probe", "default")
    assert counts[0] == counts[1] <= 6


def test_restarts_take_one_write(simulation, world, run_pod, written):
    counts = []
    for count in (2, 9):
        name = f"restarting-{count}"
        run_pod(name, spec={"containers": containers(count, "programs"), "restartPolicy": "Always"})
        received = []
        cancel = world.cluster.changes.watch(received.append)
        simulation.move_clock(world, 11)
        assert all(s["restartCount"] == 1 for s in pod_of(world, name)["status"]["containerStatuses"])
        cancel()
        counts.append(sum(change.stored.object["metadata"]["name"] == name for change in received))
    assert counts == [1, 1]


def test_each_phase_can_be_watched(run_pod, written):
    run_pod(spec={"containers": containers(3, "programs"), "restartPolicy": "Never"})

    def seen(status):
        waiting = [s["state"].get("waiting", {}).get("reason") for s in status.get("containerStatuses", [])]
        return (status["phase"], *sorted(set(filter(None, waiting))))

    assert list(dict.fromkeys(map(seen, written))) == [
        ("Pending",),
        ("Pending", "ContainerCreating"),
        ("Running",),
        ("Failed",),
    ]


def test_a_status_that_says_the_same_is_not_written_again(simulation, world, run_pod):
    run_pod()
    version = world.cluster.changes.version
    simulation.run(world.kubelet.sync())
    assert world.cluster.changes.version == version
