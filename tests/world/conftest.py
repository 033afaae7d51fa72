"""One running simulation for all tests; a fresh world, and clients for it, for each."""

import itertools

import kubernetes
import pytest

from tests.world.helpers import aws_client, kubernetes_client, pod_of
from tests.world.kubernetes_world import Api

_numbers = itertools.count()


@pytest.fixture(scope="session")
def simulation():
    from app.world.lifecycle.simulation import Simulation

    with Simulation() as running:
        yield running


@pytest.fixture
def world(simulation):
    """A world of its own, its Pods finished; gone after the test."""
    key = f"test-{next(_numbers)}"
    yield simulation.world(key)
    simulation.store.discard(key)


@pytest.fixture
def other_world(simulation):
    key = f"other-{next(_numbers)}"
    yield simulation.world(key)
    simulation.store.discard(key)


@pytest.fixture
def api(simulation, world):
    """The world's API server over plain HTTP, as its learner."""
    api = Api(simulation, world)
    yield api
    api.close()


@pytest.fixture
def aws(simulation, world):
    """Makes a boto3 client: the learner's own, or one with given keys."""
    return lambda service, **keys: aws_client(simulation, world, service, **keys)


@pytest.fixture
def core(simulation, world, tmp_path):
    """CoreV1Api of the learner."""
    with kubernetes_client(simulation, world, tmp_path / "ca.pem") as client:
        yield kubernetes.client.CoreV1Api(client)


@pytest.fixture
def run_pod(simulation, world):
    """Creates a Pod as the learner does, waits until it is settled, returns it as stored."""
    from app.world.apiserver.auth.authentication import ADMIN
    from app.world.apiserver.registry import operations

    def run(name="probe", *, spec=None, metadata=None, container=None):
        probe = {"name": "app", "image": "busybox:latest", "command": ["sleep", "3600"], **(container or {})}
        body = {
            "metadata": {"name": name, **(metadata or {})},
            "spec": {"containers": [probe], "restartPolicy": "Never", "serviceAccountName": "my-sa", **(spec or {})},
        }

        async def create():
            await operations.create(world, ADMIN, "pods", "default", body)
            await world.kubelet.settle(20)

        simulation.run(create())
        return pod_of(world, name)

    return run


@pytest.fixture
def execute(simulation, world):
    """Runs a command in a Pod's container."""

    def run(pod, *command):
        name = pod["spec"]["containers"][0]["name"]
        return simulation.run(world.kubelet.execute(pod, name, list(command)))

    return run
