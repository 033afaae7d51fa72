"""What a world's use costs and shows: who pays for which step, what is refused in whose words, who acted."""

import asyncio
import math
import time
import types

import botocore.exceptions
import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.flow.model import Status
from app.flow.steps.walk import walk
from app.flow.verdict.judge import judge
from app.serving.budget import Quota, TokenBucket
from app.wiring import simulated
from app.world import metering, usage
from app.world.aws import iam
from app.world.servers.metered_connections import MeteredWebSocket
from app.world.setup.scenario import ARTICLE
from app.world.usage import CAPACITY, was_acted_in


@pytest.fixture
def exhausted(world, monkeypatch):
    """A world whose budget is used up, whose answers are not held back for the test's sake."""
    monkeypatch.setattr(usage, "HOLD_SECONDS", 0.0)
    world.usage.quota.take(2 * CAPACITY)
    return world


def bucket():
    return TokenBucket(capacity=1000, rate=1e-9, now=lambda: 0.0)


# Who pays


def test_interleaved_tasks_pay_for_their_own_steps_only(monkeypatch):
    """The CPU clock is a counter that each step moves by what it says."""
    cpu = [0.0]
    monkeypatch.setattr(metering, "time", types.SimpleNamespace(thread_time=lambda: cpu[0]))
    buckets = {"cheap": bucket(), "dear": bucket()}

    async def work(name, cost):
        cpu[0] += cost
        await asyncio.sleep(0)  # a whole step before it is known who pays
        metering.payer.set(Quota(buckets[name]))
        for _ in range(3):
            await asyncio.sleep(0)
            cpu[0] += cost
        await asyncio.create_task(child(cost))

    async def child(cost):
        cpu[0] += cost

    async def both():
        asyncio.get_running_loop().set_task_factory(metering.task_factory)
        await asyncio.gather(*(asyncio.create_task(work(name, cost)) for name, cost in (("cheap", 1), ("dear", 100))))

    asyncio.run(both())
    assert [1000 - buckets[name].level() for name in ("cheap", "dear")] == [5, 500]


def test_short_steps_are_charged_together_and_none_is_left_when_the_task_ends(monkeypatch):
    cpu, taken, short = [0.0], [], metering.LEAST / 4
    monkeypatch.setattr(metering, "time", types.SimpleNamespace(thread_time=lambda: cpu[0]))

    async def work():
        metering.payer.set(types.SimpleNamespace(take=taken.append))
        for _ in range(6):
            cpu[0] += short
            await asyncio.sleep(0)
        cpu[0] += short
        raise LookupError

    async def main():
        asyncio.get_running_loop().set_task_factory(metering.task_factory)
        with pytest.raises(LookupError):
            await asyncio.create_task(work())

    asyncio.run(main())
    assert taken == pytest.approx([4 * short, 3 * short])


def test_a_task_that_is_cancelled_before_it_begins_leaves_nothing_behind():
    async def never():
        raise AssertionError

    async def main():
        asyncio.get_running_loop().set_task_factory(metering.task_factory)
        task = asyncio.create_task(never())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def charged(world, monkeypatch, work):
    taken = []
    monkeypatch.setattr(world.usage.quota, "take", taken.append)
    work()
    monkeypatch.undo()
    return sum(taken)


def test_requests_walks_and_pods_are_charged_to_their_world(simulation, world, other_world, api, monkeypatch, run_pod):
    assert charged(world, monkeypatch, lambda: api.get("/api/v1/pods")) > 0
    assert charged(world, monkeypatch, lambda: walk(simulated(simulation, world), ARTICLE.subject)) > 0
    aws_pod = {"image": "amazon/aws-cli:latest", "command": ["aws", "s3", "ls"]}
    assert charged(world, monkeypatch, lambda: run_pod("charged", container=aws_pod)) > 0
    assert charged(other_world, monkeypatch, lambda: api.get("/api/v1/pods")) == 0


def test_others_have_their_turn_before_each_message_of_a_websocket_that_came_at_once():
    async def received():
        socket, order = object.__new__(MeteredWebSocket), []
        socket.queue, socket.read_paused = asyncio.Queue(), False
        for number in range(3):
            socket.queue.put_nowait(number)
        for _ in range(3):
            order.append(await socket.receive())
            asyncio.get_running_loop().call_soon(order.append, "another")
        return order

    assert asyncio.run(received())[:5] == [0, "another", 1, "another", 2]


@pytest.mark.parametrize("server", ["kubernetes", "aws"])
def test_reading_a_request_is_charged_to_the_world_that_it_names(world, other_world, api, aws, monkeypatch, server):
    """The CPU clock is a counter that each reading moves by one, and nothing else does."""
    cpu, taken = [0.0], {world.path: [], other_world.path: []}
    read = HttpToolsProtocol.data_received

    def reading(self, data):
        cpu[0] += 1
        read(self, data)

    monkeypatch.setattr(metering, "time", types.SimpleNamespace(thread_time=lambda: cpu[0]))
    monkeypatch.setattr(HttpToolsProtocol, "data_received", reading)
    for one in (world, other_world):
        monkeypatch.setattr(one.usage.quota, "take", taken[one.path].append)
    ask = {"kubernetes": lambda: api.get("/api/v1/pods"), "aws": aws("sts").get_caller_identity}[server]
    ask()
    ask()
    assert sum(taken[world.path]) >= 2
    assert sum(taken[other_world.path]) == 0


def test_a_connection_is_on_the_tab_of_who_was_named_last_and_from_its_beginning():
    first, second = bucket(), bucket()
    tab = metering.Tab()
    tab.add(1)
    tab.pay(Quota(first))
    tab.add(10)
    tab.pay(Quota(second))
    tab.add(100)
    assert [1000 - one.level() for one in (first, second)] == [11, 100]


# What is refused


def test_the_api_server_asks_to_wait(exhausted, api):
    answer = api.get("/api/v1/pods")
    body = answer.body
    assert (answer.status, body["reason"]) == (429, "TooManyRequests")
    seconds = body["details"]["retryAfterSeconds"]
    assert answer.headers["retry-after"] == str(seconds)
    assert seconds <= math.ceil((CAPACITY + usage.RESERVE) / usage.RATE)


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("sts", "get_caller_identity", "Throttling", 400),
        ("iam", "list_roles", "Throttling", 400),
        ("s3", "list_buckets", "SlowDown", 503),
        ("cloudtrail", "lookup_events", "ThrottlingException", 400),
    ],
)
def test_aws_throttles_in_the_words_of_the_service(exhausted, aws, service, operation, code, status):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        getattr(aws(service), operation)()
    answer = refused.value.response
    assert answer["Error"]["Code"] == code
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status


def test_another_world_is_served_meanwhile(simulation, exhausted, other_world):
    assert judge(walk(simulated(simulation, other_world), ARTICLE.subject)).status is Status.PASSED


def test_the_reserve_is_enough_for_a_walk_where_clients_are_refused(simulation, world, api, monkeypatch):
    monkeypatch.setattr(usage, "HOLD_SECONDS", 0.0)
    world.usage.quota.take(CAPACITY - usage.RESERVE / 2)
    assert api.get("/api/v1/pods").status == 429
    assert judge(walk(simulated(simulation, world), ARTICLE.subject)).status is Status.PASSED


def test_a_program_that_computes_without_end_does_not_lock_out_who_would_delete_its_pod(world, api, monkeypatch):
    monkeypatch.setattr(usage, "HOLD_SECONDS", 0.0)
    spec = {"containers": [{"name": "busy", "image": "busybox", "command": ["sh", "-c", "while :; do :; done"]}]}
    assert api.post("/api/v1/namespaces/default/pods", {"metadata": {"name": "busy"}, "spec": spec}).status == 201
    (budget,) = world.usage._limits.buckets
    budget.take(budget.level() - 1.1 * usage.RESERVE)  # which the program has used in a fifth of a second
    time.sleep(0.5)
    assert api.delete("/api/v1/namespaces/default/pods/busy").status == 200


def test_a_snapshot_does_not_refill_the_budget(simulation, world):
    saved = simulation.save(world)
    world.usage.quota.take(2 * CAPACITY)
    simulation.restore(world, saved)
    assert world.usage.wait() > 0


# Who acted


def test_a_world_that_was_only_walked_through_was_not_acted_in(simulation, world):
    walk(simulated(simulation, world), ARTICLE.subject)
    simulation.save(world)
    assert not was_acted_in(world)


ACTS = {
    "the clock": lambda simulation, world, api, aws: simulation.move_clock(world, 60),
    "a fault": lambda simulation, world, api, aws: simulation.inject(world, "F21"),
    "kept beside": lambda simulation, world, api, aws: simulation.page_state(world).update(score=1),
    "kubectl": lambda simulation, world, api, aws: api.get("/api/v1/pods"),
    "aws": lambda simulation, world, api, aws: aws("sts").get_caller_identity(),
    "an edit": lambda simulation, world, api, aws: world.account.roles.pop("s3-reader"),
    "a control policy": lambda simulation, world, api, aws: world.account.service_control_policies.append("{}"),
    "a bucket": lambda simulation, world, api, aws: world.account.buckets.clear(),
    "a user": lambda simulation, world, api, aws: iam.call(world.account, "CreateUser", {"UserName": "new"}),
}


@pytest.mark.parametrize("act", ACTS)
def test_whatever_a_learner_does_is_an_act(simulation, world, api, aws, act):
    assert not was_acted_in(world)
    ACTS[act](simulation, world, api, aws)
    assert was_acted_in(world)


# A jump of the system's clock


@pytest.mark.parametrize("days", [1, -1])
def test_kubelet_follows_a_jump_of_the_systems_clock(simulation, world, monkeypatch, days):
    import time

    jumped = types.SimpleNamespace(time=lambda: time.time() + days * 86400, monotonic=time.monotonic)
    monkeypatch.setattr("app.world.clock.time", jumped)
    assert simulation.kept(next(key for key, kept in simulation.store._worlds.items() if kept.world is world))
    assert world.clock.offset == pytest.approx(0, abs=1e-3)
    now = world.clock.now()
    tokens = list(world.kubelet.tokens._kept.values())
    assert tokens
    assert all(not token.requires_refresh(now, 0) and token.expires > now for token in tokens)


def test_kubelet_follows_when_the_learners_client_asks(world, api, monkeypatch):
    import time

    jumped = types.SimpleNamespace(time=lambda: time.time() + 86400, monotonic=time.monotonic)
    monkeypatch.setattr("app.world.clock.time", jumped)
    assert api.get("/api/v1/pods").status == 200
    assert world.clock.jump() == 0
