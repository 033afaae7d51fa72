"""What the kubelet does by itself as time passes: with the clock set ahead, and no one who asks it to look."""

import asyncio
import contextlib
import time

import pytest

from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.apiserver.request.options import Options
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.types.resources import RESOURCES
from app.world.lifecycle import world_operations
from app.world.lifecycle.history import History
from app.world.metering import payer
from app.world.node.kubelet import AT_MOST_EVERY_SECONDS, Kubelet
from app.world.node.pod_schedule import SYNC_SECONDS
from app.world.node.pod_status import BACK_OFF_SECONDS
from app.world.usage import CAPACITY
from tests.waiting import eventually
from tests.world.helpers import events_of, pod_of

pytestmark = pytest.mark.one_world
FAILING = {"command": ["cat", "/nope"]}


@pytest.fixture
def later(simulation, world):
    """Lets time pass: the clock is ahead, and the timer knows, as it would had the seconds gone by."""

    def pass_by(seconds):
        async def run():
            world.clock.move(seconds)
            world.kubelet.plan()

        simulation.run(run())

    return pass_by


def restarts(world):
    return pod_of(world, "probe")["status"]["containerStatuses"][0]["restartCount"]


def planned(simulation, world):
    """Seconds until the timer goes off, once what it has set off is done; None where it is not set."""

    async def run():
        await world.kubelet.settle(20)
        handle = world.kubelet._wake_up._handle
        return handle and handle.when() - asyncio.get_running_loop().time()

    return simulation.run(run())


def test_a_machine_that_stands_still_takes_no_time_from_its_pods(simulation, world):
    async def stands_still():
        time.sleep(0.5)
        await asyncio.sleep(0.05)

    async def settled():
        work = world.kubelet.spawn(stands_still())
        await world.kubelet.settle(0.3)
        return work.done()

    assert simulation.run(settled())


def test_a_container_starts_again_when_its_back_off_is_over(simulation, world, run_pod, later, monkeypatch):
    charged = []
    run_pod(spec={"restartPolicy": "Always"}, container=FAILING)
    monkeypatch.setattr(world.usage, "charge", lambda: charged.append("the kubelet's own work"))
    assert planned(simulation, world) == pytest.approx(BACK_OFF_SECONDS, abs=5)
    world.usage.touched = False
    later(BACK_OFF_SECONDS + 1)
    eventually(lambda: restarts(world) == 1)
    simulation.run(world.kubelet.settle(20))
    assert planned(simulation, world) == pytest.approx(2 * BACK_OFF_SECONDS, abs=5), "it backs off for longer"
    assert not world.usage.touched, "what the kubelet does by itself keeps no world alive"
    assert charged, "but it takes of the world's CPU time"
    world.kubelet.woke = world.node_now() + 100  # as if it had just worked when the next restart is due
    later(50)
    assert planned(simulation, world) == pytest.approx(50 + AT_MOST_EVERY_SECONDS, abs=5)


def test_a_pod_is_ended_after_its_deadline(simulation, world, run_pod, later):
    pod = run_pod(spec={"activeDeadlineSeconds": 1000, "restartPolicy": "Always"})
    scope = RequestScope(world, ADMIN, RESOURCES["pods"], "default")
    shorter = {**pod["spec"], "activeDeadlineSeconds": 100}
    simulation.run(operations.update_object(scope, "probe", lambda it: {**it, "spec": shorter}, Options()))
    assert planned(simulation, world) == pytest.approx(100, abs=5)
    later(101)
    eventually(lambda: pod_of(world, "probe")["status"]["phase"] == "Failed")
    status = pod_of(world, "probe")["status"]
    text = "Pod was active on the node longer than the specified deadline"
    assert (status["reason"], status["message"]) == ("DeadlineExceeded", text)
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137
    assert events_of(world, pod)[-2:] == [("DeadlineExceeded", text), ("Killing", "Stopping container app")]
    assert planned(simulation, world) > 600, "nothing is left to do for it but to renew its tokens"


@pytest.mark.parametrize(
    ("spec", "container", "shown"),
    [
        (
            {"initContainers": [{"name": "first", "image": "busybox", "command": ["sleep", "3600"]}]},
            {},
            ("waiting", "PodInitializing"),
        ),
        ({"volumes": [{"name": "v", "configMap": {"name": "ghost"}}]}, {}, ("terminated", "ContainerStatusUnknown")),
        ({}, {"image": "busyboxx"}, ("terminated", "ContainerStatusUnknown")),
        ({"restartPolicy": "Always"}, FAILING, ("terminated", "Error")),
    ],
    ids=["an init container runs", "its volume is missing", "its image is missing", "it backs off"],
)
def test_a_deadline_counts_also_while(simulation, world, run_pod, later, spec, container, shown):
    run_pod(spec={"activeDeadlineSeconds": 100, **spec}, container=container)
    later(101)
    eventually(lambda: pod_of(world, "probe")["status"]["phase"] == "Failed")
    [(state, details)] = pod_of(world, "probe")["status"]["containerStatuses"][0]["state"].items()
    assert (state, details["reason"]) == shown
    assert planned(simulation, world) > 600, "nothing is left to do for it but to renew its tokens"


def test_a_token_is_renewed_at_80_percent_of_its_life(world, run_pod, execute, later):
    short = {"serviceAccountToken": {"path": "token", "expirationSeconds": 600}}
    volume = {"name": "short", "projected": {"sources": [short]}}
    pod = run_pod(spec={"volumes": [volume]}, container={"volumeMounts": [{"name": "short", "mountPath": "/short"}]})
    first = execute(pod, "cat", "/short/token").stdout
    later(600 * 0.8 - 15)
    assert execute(pod, "cat", "/short/token").stdout == first
    later(20)
    eventually(lambda: execute(pod, "cat", "/short/token").stdout != first)


def test_what_cannot_be_renewed_is_tried_again_a_minute_later(simulation, world, run_pod, later):
    run_pod()
    world.network.closed.add(f"/k8s/{world.path}/api/v1/namespaces/default/serviceaccounts/my-sa/token")
    later(86_400 * 0.8 + 5)
    eventually(lambda: world.kubelet._renewed)
    simulation.run(world.kubelet.settle(20))
    assert SYNC_SECONDS - 10 < planned(simulation, world) <= SYNC_SECONDS


def test_a_pod_that_got_no_token_is_tried_again_a_minute_later(world, run_pod, later):
    closed = f"/k8s/{world.path}/api/v1/namespaces/default/serviceaccounts/my-sa/token"
    world.network.closed.add(closed)
    pod = run_pod()
    assert any("failed to fetch token: Post " in message for _, message in events_of(world, pod))
    world.network.closed.discard(closed)
    later(SYNC_SECONDS - 10)
    assert pod_of(world, "probe")["status"]["phase"] == "Pending"
    later(11)
    eventually(lambda: pod_of(world, "probe")["status"]["phase"] == "Running")


def test_a_volume_follows_its_configmap_within_a_minute(simulation, world, run_pod, execute, later):
    settings = {"metadata": {"name": "settings"}, "data": {"mode": "old"}}
    simulation.run(operations.create(world, ADMIN, "configmaps", "default", settings))
    volume = {"name": "settings", "configMap": {"name": "settings"}}
    mount = {"name": "settings", "mountPath": "/settings"}
    pod = run_pod(spec={"volumes": [volume]}, container={"volumeMounts": [mount]})
    scope = RequestScope(world, ADMIN, RESOURCES["configmaps"], "default")
    changed = operations.update_object(scope, "settings", lambda it: {**it, "data": {"mode": "new"}}, Options())
    simulation.run(changed)
    later(SYNC_SECONDS - 10)
    assert execute(pod, "cat", "/settings/mode").stdout == "old"
    later(11)
    eventually(lambda: execute(pod, "cat", "/settings/mode").stdout == "new")


def test_a_container_that_waited_for_its_configmap_starts(simulation, world, run_pod, later):
    wanted = {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}}
    run_pod(container={"env": [wanted]})
    settings = {"metadata": {"name": "settings"}, "data": {"mode": "x"}}
    simulation.run(operations.create(world, ADMIN, "configmaps", "default", settings))
    later(SYNC_SECONDS + 1)
    eventually(lambda: pod_of(world, "probe")["status"]["phase"] == "Running")


@pytest.mark.parametrize("why", ["the world is being changed", "it has used up its CPU time"])
def test_the_kubelet_waits_while(simulation, world, run_pod, later, why):
    run_pod(spec={"restartPolicy": "Always"}, container=FAILING)

    @contextlib.contextmanager
    def busy():
        if why == "it has used up its CPU time":
            world.usage.quota.take(2 * CAPACITY)
            yield
            world.usage.quota.take(-2 * CAPACITY)
            return
        simulation.run(world.changing.acquire())
        try:
            yield
        finally:
            world.changing.release()

    woke = world.kubelet.woke
    with busy():
        later(BACK_OFF_SECONDS + 1)
        eventually(lambda: planned(simulation, world) > 0)  # the timer went off, and was set again
        assert world.kubelet.woke == woke
        assert restarts(world) == 0
    later(0)
    eventually(lambda: restarts(world) == 1)


def test_the_kubelet_rests_while_a_moment_is_looked_at(simulation, world, run_pod, later):
    run_pod(spec={"restartPolicy": "Always"}, container=FAILING)
    history = simulation.run(History.begin(world))
    later(BACK_OFF_SECONDS + 1)
    assert planned(simulation, world) > 60
    assert restarts(world) == 0
    world.kubelet.rest(0)
    later(BACK_OFF_SECONDS + 1)
    eventually(lambda: restarts(world) == 1)
    assert simulation.run(history.resume()), "the world is another one than the history left"


def test_what_many_pods_wait_for_is_planned_once_and_paid_for(simulation, world, monkeypatch):
    gated = {"containers": [{"name": "app", "image": "busybox"}], "schedulingGates": [{"name": "example.com/wait"}]}
    planned, plan = [], Kubelet.plan

    def counted(self):
        planned.append(payer.get())
        plan(self)

    async def change():
        for number in range(5):
            await operations.create(
                world, ADMIN, "pods", "default", {"metadata": {"name": f"p{number}"}, "spec": gated}
            )
        await world.kubelet.settle(20)
        await asyncio.sleep(0.01)
        monkeypatch.setattr(Kubelet, "plan", counted)
        world.usage.charge()
        await operations.create(world, ADMIN, "configmaps", "default", {"metadata": {"name": "settings"}})
        await world.kubelet.settle(20)
        await asyncio.sleep(0.01)

    simulation.run(change())
    assert planned == [world.usage.quota]


def test_nothing_piles_up_behind_a_pod_that_is_busy(simulation, world, run_pod, later):
    pod = run_pod(spec={"restartPolicy": "Always"}, container=FAILING)
    worker = world.kubelet._workers[pod["metadata"]["uid"]]
    simulation.run(worker._busy.acquire())
    later(86_400)  # its container is due, and so are its tokens
    eventually(lambda: world.kubelet.woke > world.node_now() - 60)
    simulation.run(asyncio.sleep(0.1))
    assert world.kubelet._tasks == set()
    worker._busy.release()
    later(0)
    eventually(lambda: restarts(world) == 1)


@pytest.mark.parametrize(("of_kubelet", "of_worker"), [("sync", "sync"), ("restart_containers", "run_containers")])
def test_a_pod_that_is_deleted_while_the_kubelet_is_at_another_one_starts_nothing(
    simulation, world, run_pod, monkeypatch, of_kubelet, of_worker
):
    pods = [run_pod(name, spec={"restartPolicy": "Always"}, container=FAILING) for name in ("probe", "other")]
    workers = [world.kubelet._workers[pod["metadata"]["uid"]] for pod in pods]
    work = getattr(workers[0], of_worker)

    async def work_and_delete():
        await work()
        await world_operations.delete(world, "pods", "default", "other")

    async def pass_by():
        world.clock.move(BACK_OFF_SECONDS + 1)
        await getattr(world.kubelet, of_kubelet)()

    monkeypatch.setattr(workers[0], of_worker, work_and_delete)
    simulation.run(pass_by())
    assert [worker.containers[0].restarts for worker in workers] == [1, 0]


def test_the_requests_of_tokens_are_not_searched_for_each_pod(world, run_pod, monkeypatch):
    class Key(str):
        __slots__ = ()

        def __contains__(self, text):
            raise AssertionError("searched")

    pod = run_pod()
    tokens = world.kubelet.tokens
    monkeypatch.setattr(tokens, "_kept", {Key(key): kept for key, kept in tokens._kept.items()})
    assert tokens.overdue() == set()
    monkeypatch.setattr(tokens, "_now", lambda: world.node_now() + 80 * 3600)
    assert pod["metadata"]["uid"] in tokens.overdue()


def test_a_token_that_comes_after_its_pod_was_deleted_is_not_kept(simulation, world, run_pod, monkeypatch):
    uid = run_pod()["metadata"]["uid"]
    request = world.kubelet.tokens._request

    async def request_and_delete(namespace, service_account, spec):
        answer = await request(namespace, service_account, spec)
        if spec["boundObjectRef"]["uid"] == uid:
            await world_operations.delete(world, "pods", "default", "probe")
        return answer

    async def pass_by():
        world.clock.move(86_400)
        await world.kubelet.sync()

    monkeypatch.setattr(world.kubelet.tokens, "_request", request_and_delete)
    simulation.run(pass_by())
    assert world.cluster.find("pods", "default", "probe") is None
    assert not [asked for asked in world.kubelet.tokens.kept if uid in asked]


def test_a_world_that_is_gone_has_no_timer(simulation):
    world = simulation.world("gone")
    assert planned(simulation, world) > 0
    wake_up = world.kubelet._wake_up
    simulation.store.discard("gone")
    eventually(lambda: wake_up._handle is None)
