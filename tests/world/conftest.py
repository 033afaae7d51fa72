"""One running simulation for all tests; a fresh world, and clients for it, for each.

Of a file marked `one_world` the tests share a world, which is set back after each.
"""

import itertools

import httpx
import kubernetes
import pytest

from app.world.servers.pki import client_context
from app.world.usage import CAPACITY
from tests.world.helpers import aws_client, kubernetes_client, pod_of
from tests.world.kubernetes_world import Api
from tests.world.state import state_of

_numbers = itertools.count()


@pytest.fixture(scope="session")
def simulation():
    from app.world.lifecycle.simulation import Simulation

    with Simulation() as running:
        yield running


@pytest.fixture(scope="module")
def https(simulation):
    """What asks the servers behind TLS, with no proxy of the environment."""
    with httpx.Client(verify=client_context(simulation.ca_pem), trust_env=False) as client:
        yield client


@pytest.fixture
def world(request, simulation):
    """A world of its own, its Pods finished; gone after the test. Under `one_world`, the file's, as it was made."""
    if request.node.get_closest_marker("one_world"):
        world, saved, before = request.getfixturevalue("files_world")
        heard = world.log.exchanges()
        yield world
        simulation.restore(world, saved)
        world.log._exchanges.clear()
        world.log._bytes = 0
        for exchange in heard:
            world.log.record(exchange)
        world.usage.quota.take(-CAPACITY)  # no snapshot takes back what was used
        assert state_of(world) == before
        return
    key = f"test-{next(_numbers)}"
    yield simulation.world(key)
    simulation.store.discard(key)


@pytest.fixture(scope="module")
def files_world(simulation):
    """The world of a file, its snapshot and all that can be seen of it."""
    key = f"file-{next(_numbers)}"
    world = simulation.world(key)
    yield world, simulation.save(world), state_of(world)
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
