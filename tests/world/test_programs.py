"""Programs that block or ask: what they leave to other worlds and to other visitors, counted by who has begun."""

import asyncio
import threading
import weakref
from contextlib import asynccontextmanager

import pytest

from app.flow.ports import Execution
from app.world.node.programs import aws_clients
from app.world.node.programs.aws_clients import AwsClients
from app.world.node.programs.program_limits import (
    OF_A_VISITOR,
    REQUESTS,
    REQUESTS_OF_A_VISITOR,
    REQUESTS_OF_A_WORLD,
    THREADS,
    Programs,
    Room,
)
from app.world.node.programs.runner import AwsCli
from app.world.node.programs.surroundings import Surroundings
from app.world.servers.http_client import CONNECTIONS_LIMIT
from app.world.setup.scenario import ARTICLE
from tests.world.helpers import pod_of


@pytest.fixture
def worlds(simulation):
    """Makes worlds for visitors; they are gone after the test."""
    made = []

    def make(visitor=None):
        made.append(f"programs-{len(made)}")
        return simulation.world(made[-1], visitor)

    yield make
    for key in made:
        simulation.store.discard(key)


@pytest.fixture
def programs(simulation, monkeypatch):
    """Every `aws` only says that it has begun; those of some worlds block until the test lets them end."""

    class Started:
        def __init__(self):
            self.blocked = set()
            self.begun = []
            self.began = threading.Condition()
            self.may_end = threading.Event()

        def block(self, *worlds):
            """From now on those of these worlds do."""
            self.blocked = {world.path for world in worlds}
            self.begun.clear()

        def wait_for(self, *worlds):
            """Until one program of each has begun, and no other."""
            expected = sorted(world.path for world in worlds)
            with self.began:
                assert self.began.wait_for(lambda: sorted(self.begun) == expected, 60)

        def start(self, world, count=1):
            """So many are started in a world's Pod; returns what comes of them."""

            async def all_of_them():
                pod = pod_of(world, ARTICLE.pod)
                name = pod["spec"]["containers"][0]["name"]
                command = ["aws", "s3", "ls"]
                return [asyncio.ensure_future(world.kubelet.execute(pod, name, command)) for _ in range(count)]

            return simulation.run(all_of_them())

        def end(self, started):
            async def ended():
                return await asyncio.gather(*started)

            return simulation.run(ended())

    found = Started()

    def run(self, arguments, container, surroundings, stdin):
        with found.began:
            found.begun.append(surroundings.world_path)
            found.began.notify_all()
        if surroundings.world_path in found.blocked:
            assert found.may_end.wait(60)
        return Execution(stdout="done", stderr="", exit_code=0)

    monkeypatch.setattr(AwsCli, "run", run)
    yield found
    found.may_end.set()


def test_two_worlds_that_block_leave_a_third_its_program(worlds, programs):
    first, second, third = worlds(), worlds(), worlds()
    programs.block(first, second)
    started = [future for world in (first, second) for future in programs.start(world, 4)]
    assert [done.stdout for done in programs.end(programs.start(third))] == ["done"]
    programs.wait_for(first, second, third)
    programs.may_end.set()
    assert len(programs.end(started)) == 8
    assert programs.begun.count(first.path) == 4


def test_all_worlds_of_a_visitor_leave_another_visitor_a_program(worlds, programs):
    crowd = [worlds("192.0.2.1") for _ in range(OF_A_VISITOR + 6)]
    reader = worlds("192.0.2.2")
    programs.block(*crowd)
    started = [future for world in crowd for future in programs.start(world)]
    assert [done.stdout for done in programs.end(programs.start(reader))] == ["done"]
    programs.wait_for(*crowd[:OF_A_VISITOR], reader)
    programs.may_end.set()
    programs.end(started)
    assert sorted(programs.begun[-6:]) == sorted(world.path for world in crowd[-6:])


def test_programs_that_are_given_up_keep_the_threads_of_their_visitor_alone():
    may_end = threading.Event()

    async def run_all():
        programs = Programs()
        crowd = [programs.room("192.0.2.1") for _ in range(THREADS)]
        given_up = [asyncio.ensure_future(room.run(may_end.wait, 0.05)) for room in crowd[:OF_A_VISITOR]]
        for one in given_up:
            with pytest.raises(TimeoutError):
                await one
        waiting = [asyncio.ensure_future(room.run(may_end.wait, 0.05)) for room in crowd[OF_A_VISITOR:]]
        assert await programs.room("192.0.2.2").run(lambda: "done", 60) == "done"
        assert not any(one.done() for one in waiting), "their visitor has no thread"
        may_end.set()
        assert await asyncio.gather(*waiting) == [True] * len(waiting)
        programs.stop()

    asyncio.run(run_all())


def test_two_visitors_who_block_leave_a_third_its_program_and_its_request():
    may_end = threading.Event()

    async def run_all():
        programs = Programs()
        crowd = [programs.room(f"192.0.2.{number % 2}") for number in range(REQUESTS)]
        begun = []
        asked = [asyncio.ensure_future(request_without_end(room, begun)) for room in crowd]
        blocked = [asyncio.ensure_future(room.run(may_end.wait, 60)) for room in crowd[: THREADS * 2]]
        await asyncio.sleep(0)
        assert await programs.room("192.0.2.9").run(lambda: "done", 60) == "done"
        asked.append(asyncio.ensure_future(request_without_end(last := programs.room("192.0.2.9"), begun)))
        await asyncio.sleep(0)
        assert begun[-1] is last
        blocked[-1].cancel()  # one that waits: it takes no thread with it
        may_end.set()
        assert await asyncio.gather(*blocked[:-1]) == [True] * (len(blocked) - 1)
        for one in asked:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        assert programs._turns._taken.total == programs._requests._taken.total == 0
        programs.stop()

    try:
        asyncio.run(asyncio.wait_for(run_all(), 60))
    finally:
        may_end.set()


def test_a_program_that_was_given_up_asks_no_more(monkeypatch):
    monkeypatch.setattr(aws_clients, "PROGRAM_SECONDS", -1.0)
    clients = AwsClients("http://127.0.0.1:9")
    with clients.calling(Surroundings(), lambda exchange: None), pytest.raises(aws_clients.GivenUp):
        clients.client("sts", "us-east-1").get_caller_identity()


async def request_without_end(room, begun):
    async with room.request():
        begun.append(room)
        await asyncio.Event().wait()


def test_the_requests_of_a_visitors_pods_leave_others_their_connections():
    begun = []

    async def ask_all():
        programs = Programs()
        crowd = [programs.room("192.0.2.1") for _ in range(REQUESTS_OF_A_VISITOR)]
        asked = [
            asyncio.ensure_future(request_without_end(room, begun))
            for room in (crowd[0], *crowd)
            for _ in range(REQUESTS_OF_A_WORLD)
        ]
        asked.append(asyncio.ensure_future(request_without_end(programs.room("192.0.2.2"), begun)))
        while len(begun) <= REQUESTS_OF_A_VISITOR:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        for one in asked:
            one.cancel()
        return crowd

    crowd = asyncio.run(asyncio.wait_for(ask_all(), 10))
    assert len(begun) == REQUESTS_OF_A_VISITOR + 1 <= CONNECTIONS_LIMIT // 2
    assert begun.count(crowd[0]) == REQUESTS_OF_A_WORLD
    assert begun[-1] not in crowd


def test_the_requests_of_all_pods_leave_the_webhooks_their_connections_and_those_that_end_make_room():
    begun = []

    async def ask_all():
        programs = Programs()
        # Of many addresses, and of none: nobody knows who made a world that was kept.
        visitors = [f"192.0.2.{number}" for number in range(REQUESTS)] + [None] * REQUESTS
        for _ in range(2):
            begun.clear()
            asked = [asyncio.ensure_future(request_without_end(programs.room(visitor), begun)) for visitor in visitors]
            while len(begun) < REQUESTS:
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(begun) == REQUESTS <= CONNECTIONS_LIMIT // 2
            for one in asked:
                one.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    asyncio.run(asyncio.wait_for(ask_all(), 10))


@pytest.mark.parametrize("url", ["$AWS_ISSUER", "https://kubernetes.default.svc/version"])
def test_curl_waits_for_its_turn(worlds, monkeypatch, simulation, url):
    world, taken = worlds(), []

    @asynccontextmanager
    async def request(room):
        taken.append(room)
        yield

    monkeypatch.setattr(Room, "request", request)
    pod = pod_of(world, ARTICLE.pod)
    command = ["curl", "-sk", url.replace("$AWS_ISSUER", f"{world.issuer}/keys")]
    simulation.run(world.kubelet.execute(pod, pod["spec"]["containers"][0]["name"], command))
    assert len(taken) == 1


def test_a_thread_keeps_nothing_of_a_program_that_has_ended():
    clients, around, record = AwsClients("http://127.0.0.1:1"), Surroundings(), lambda exchange: None
    with clients.calling(around, record):
        clients.client("sts", "us-east-1")
    gone = [weakref.ref(around), weakref.ref(record)]
    del around, record
    assert [it() for it in gone] == [None, None]
