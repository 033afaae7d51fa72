"""What is kept of worlds while the disk is slow, and while the process ends."""

import asyncio
import errno
import json
import re
import shutil
import stat
import threading
import time
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from starlette.responses import Response

from app.flow.model import Status
from app.flow.steps.walk import walk
from app.wiring import simulated
from app.world import edits
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.lifecycle.simulation import Simulation
from app.world.metering import payer
from app.world.saved import journal, keeper, sections
from app.world.saved.journal import Journal
from app.world.saved.keeper import Keeper
from app.world.saved.keepers import Keepers
from app.world.saved.state_directory import StateDirectory
from app.world.servers.http import changes_nothing
from tests.world.helpers import aws_client
from tests.world.kubernetes_world import Api


def test_one_writes_to_the_disk_at_a_time(simulation, world, tmp_path, monkeypatch):
    begin, writing, beside = Journal.begin, [], []

    def slow(journal, sections):
        beside.extend(writing)
        writing.append(journal)
        time.sleep(0.1)
        begin(journal, sections)
        writing.remove(journal)

    async def keep():
        keeper = Keeper(world, Journal(tmp_path))
        await asyncio.gather(keeper.begin(), keeper.flush())
        await keeper.close()

    monkeypatch.setattr(Journal, "begin", slow)
    simulation.run(keep())
    assert beside == []


def test_a_world_that_is_forgotten_waits_for_what_is_being_written(simulation, world, tmp_path, monkeypatch):
    append, ended = Journal.append, []

    def slow(journal, written, gone):
        time.sleep(0.1)
        append(journal, written, gone)
        ended.append(journal)

    async def keep():
        keeper = Keeper(world, Journal(tmp_path))
        await keeper.begin()
        keeper._written.clear()  # as if all of it had changed
        flushing = asyncio.create_task(keeper.flush())
        while keeper._next is not None or not keeper._writing.locked():
            await asyncio.sleep(0)
        await keeper.close(flush=False)
        assert ended
        await flushing

    monkeypatch.setattr(Journal, "append", slow)
    simulation.run(keep())


def test_an_error_of_ours_in_one_world_keeps_no_other_from_the_disk(simulation, world, tmp_path, monkeypatch):
    changes, other = Keeper._changes, simulation.world("other", start="empty")

    def wrong(keeper):
        if keeper.world is world:
            raise ValueError("no error of the disk")
        return changes(keeper)

    async def keep(keepers):
        await keepers.keep("one", world)
        await keepers.keep("other", other)
        monkeypatch.setattr(Keeper, "_changes", wrong)
        other.webhook_delay = 2.0
        await keepers.close()

    with StateDirectory(tmp_path) as state:
        simulation.run(keep(Keepers(state)))
    simulation.store.discard("other")
    with StateDirectory(tmp_path) as state:
        assert {it.key: it.world.settings.webhook_delay for it in state.worlds} == {"one": 0.0, "other": 2.0}


def test_what_changed_before_an_error_of_ours_is_on_the_disk_after_it(simulation, world, tmp_path, monkeypatch):
    of_world = sections.of_world

    def wrong(_):
        monkeypatch.setattr(sections, "of_world", of_world)
        raise ValueError("no error of the disk")

    async def keep(keepers):
        await keepers.keep("one", world)
        await operations.create(world, ADMIN, "configmaps", "default", {"metadata": {"name": "changed"}})
        monkeypatch.setattr(sections, "of_world", wrong)
        with pytest.raises(ValueError, match="no error"):
            await keepers.flush(world)
        await keepers.close()

    with StateDirectory(tmp_path) as state:
        simulation.run(keep(Keepers(state)))
    with StateDirectory(tmp_path) as state:
        assert "object/configmaps/default/changed" in state.worlds[0].world.sections


def test_a_whole_world_is_copied_in_no_thread_that_others_wait_for(simulation, world, tmp_path, monkeypatch):
    threads = []

    def loads(text):
        threads.append(threading.get_ident())
        return json.loads(text)

    async def keep(keepers):
        monkeypatch.setattr(keeper, "json", SimpleNamespace(dumps=json.dumps, loads=loads))
        await keepers.keep("one", world)
        await keepers.close()
        return threading.get_ident()

    with StateDirectory(tmp_path) as state:
        of_loop = simulation.run(keep(Keepers(state)))
    assert threads
    assert of_loop not in threads


def test_a_world_whose_folder_was_removed_is_on_the_disk_again_with_its_next_change(simulation, world, tmp_path):
    folder = tmp_path / "state"

    async def keep(keepers):
        await keepers.keep("one", world)
        shutil.rmtree(folder)
        await operations.create(world, ADMIN, "configmaps", "default", {"metadata": {"name": "later"}})
        await keepers.flush(world)
        await keepers.close()

    with StateDirectory(folder) as state:
        simulation.run(keep(Keepers(state)))
    folders = [folder, *(it for it in folder.rglob("*") if it.is_dir())]
    assert {stat.S_IMODE(it.stat().st_mode) for it in folders} == {0o700}
    with StateDirectory(folder) as state:
        assert "object/configmaps/default/later" in state.worlds[0].world.sections


def refusal(scope, why):
    """As the servers give it, with the reason alone."""
    return Response(re.search("to its disk: (.*)[.] The change is made", why)[1], 507)


def test_a_change_is_not_acknowledged_while_the_process_ends(tmp_path):
    async def changes(scope, receive, send):
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b"created"})

    async def asked():
        sent = []

        async def send(message):
            sent.append(message)

        keepers = Keepers(state)
        await keepers.close()
        await keepers.durable(changes, refusal)({"type": "http", "method": "POST", "headers": []}, None, send)
        return sent

    with StateDirectory(tmp_path) as state:
        start, body = asyncio.run(asked())
    assert (start["status"], body["body"]) == (503, b"")


def test_of_a_world_that_could_not_be_kept_nothing_is_left(simulation, world, tmp_path, monkeypatch):
    def full(path, document):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(journal, "write_json", full)

    async def keep(keepers):
        with pytest.raises(OSError, match="full"):
            await keepers.keep("a", world)
        return keepers.of(world)

    with StateDirectory(tmp_path) as state:
        assert simulation.run(keep(Keepers(state))) is None
        assert list((tmp_path / "worlds").iterdir()) == []


def test_of_a_world_that_goes_while_the_disk_is_slow_nothing_is_left(tmp_path, monkeypatch):
    begin, gone = Journal.begin, threading.Event()

    def slow(journal, sections):
        begin(journal, sections)
        kept.store.discard("a")
        kept._thread.call_soon(gone.set)  # after what makes it go
        assert gone.wait(10)

    monkeypatch.setattr(Journal, "begin", slow)
    with Simulation(state=StateDirectory(tmp_path)) as kept:
        assert not kept.keeps(kept.world("a", start="empty"))
        assert list((tmp_path / "worlds").iterdir()) == []


def test_while_a_world_is_removed_from_a_slow_disk_the_others_go_on(tmp_path, monkeypatch):
    removing, may_go, remove = threading.Event(), threading.Event(), shutil.rmtree

    def slow(folder, **options):
        if folder.parent == tmp_path / "worlds":
            removing.set()
            assert may_go.wait(5)
        remove(folder, **options)

    with Simulation(state=StateDirectory(tmp_path)) as kept:
        kept.world("a", start="empty")
        monkeypatch.setattr(shutil, "rmtree", slow)
        kept.store.discard("a")
        assert removing.wait(5)
        kept.run(asyncio.sleep(0))
        may_go.set()
    assert list((tmp_path / "worlds").iterdir()) == []


def test_a_world_that_goes_is_gone_before_the_process_ends(tmp_path, monkeypatch):
    close = Keeper.close

    async def slow(keeper, **options):
        await asyncio.sleep(0.5)  # longer than the servers take to stop
        await close(keeper, **options)

    monkeypatch.setattr(Keeper, "close", slow)
    with Simulation(state=StateDirectory(tmp_path)) as kept:
        kept.world("a", start="empty")
        kept.store.discard("a")
    assert list((tmp_path / "worlds").iterdir()) == []


@pytest.mark.parametrize("own", ["", "hands-on"])
def test_the_folder_is_known_in_which_every_world_is_kept(tmp_path, own):
    with Simulation(state=StateDirectory(tmp_path), own=own) as kept:
        assert kept.kept_in == (None if own else tmp_path)


@pytest.mark.parametrize(
    ("method", "status", "disk", "expected"),
    [
        ("POST", 201, None, ["flushed", 201, "body"]),
        ("DELETE", 200, None, ["flushed", 200, "body"]),
        ("GET", 200, None, [200, "body"]),
        ("POST", 409, None, [409, "body"]),
        ("POST", 201, OSError("full"), ["flushed", 507, "full"]),
        ("PUT", 409, OSError("full"), [409, "body"]),
        ("READ", 200, OSError("full"), ["flushed", 200, "body"]),
    ],
)
def test_a_change_is_on_the_disk_before_it_is_acknowledged(tmp_path, method, status, disk, expected):
    happened = []

    async def application(scope, receive, send):
        if method == "READ":
            changes_nothing(scope)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"body"})

    async def send(message):
        happened.append(message.get("status") or message["body"].decode())

    async def flush():
        happened.append("flushed")
        if disk:
            raise disk

    async def asked():
        quota = object()
        keepers = Keepers(state)
        keepers._by_quota[id(quota)] = SimpleNamespace(flush=flush)
        payer.set(quota)
        sent = "POST" if method == "READ" else method
        await keepers.durable(application, refusal)({"type": "http", "method": sent, "headers": []}, None, send)

    with StateDirectory(tmp_path) as state:
        asyncio.run(asked())
    assert happened == expected


def test_on_a_full_disk_changes_are_refused_and_all_else_goes_on(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    pods, maps = "/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/configmaps"
    with Simulation(state=StateDirectory(tmp_path)) as kept:
        here, untouched = kept.world("a"), kept.world("b", start="empty")
        api, iam = Api(kept, here), aws_client(kept, here, "iam")
        pod = {"metadata": {"name": "tried"}, "spec": {"serviceAccountName": here.chain.service_account}}
        pod["spec"]["containers"] = [{"name": "main", "image": "amazon/aws-cli"}]
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(Journal, "begin", full)
            meanwhile.setattr(Journal, "append", full)
            # (1) What changes something.
            refused = api.post(maps, {"metadata": {"name": "made"}})
            assert refused.status == 500
            assert "could not write this world to its disk: No space left on device." in refused.body["message"]
            with pytest.raises(ClientError, match=r"InsufficientStorage.*No space left on device"):
                iam.create_user(UserName="made")
            kept.move_clock(here, 3600.0)  # it is done, and pages say that it is not kept
            assert (here.clock.offset, kept.not_kept(here).errno) == (3600.0, errno.ENOSPC)
            assert kept.not_kept(untouched) is None
            # (2) What changes nothing.
            assert iam.get_user(UserName="made")["User"]["UserName"] == "made"
            assert api.get(f"{maps}/made").status == 200
            mutated = api.post(pods, pod, dryRun="All").body["spec"]["containers"][0]["env"]
            assert "AWS_ROLE_ARN" in [variable["name"] for variable in mutated]
            kept.edit(here, edits.recreate_pod(here))
            walked = walk(simulated(kept, here), here.chain.subject)
            assert {check.status for step in walked.reports for check in step.checks} == {Status.PASSED}
            assert kept.keeps(untouched)
        # (3) Once there is room.
        assert api.post(maps, {"metadata": {"name": "later"}}).status == 201
        assert kept.not_kept(here) is None
        api.close()
    with Simulation(state=StateDirectory(tmp_path)) as again:
        back = again.kept("a")
        assert back.clock.offset == 3600.0
        assert back.account.users.keys() >= {"made"}
