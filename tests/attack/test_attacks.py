"""Each attack of the table: it is answered rightly, at a bounded cost, and others are served meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.attack.attacks import ATTACKS
from tests.attack.hostile import SENT_AT_MOST, doctor, endless
from tests.attack.rounds import attack
from tests.attack.row import Attack
from tests.attack.server import MEGABYTE, Target, serving

COMMAND_MEMORY = 300 * MEGABYTE
"""Bytes of RSS: the clients of Kubernetes and AWS alone take half of it."""


@pytest.fixture(scope="module")
def target_for(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Attack], Target]]:
    """A server as the row wants it; it is kept for the next one, unless that wants another or an attack broke it."""
    running: list[tuple[Target, ExitStack, object]] = []

    def start(row: Attack) -> Target:
        wanted = (row.settings, row.descriptors)
        if not running or running[-1][2] != wanted or broken:
            stop(running)
            stack = ExitStack()
            folder = tmp_path_factory.mktemp("attacked")
            target = stack.enter_context(serving(folder, extra=row.settings, descriptors=row.descriptors))
            running.append((target, stack, wanted))
        broken[:] = [row.name]  # until the attack has ended well
        return running[-1][0]

    broken: list[str] = []
    start.survived = broken.clear  # type: ignore[attr-defined]
    yield start
    stop(running)


def stop(running: list[tuple[Target, ExitStack, object]]) -> None:
    while running:
        running.pop()[1].close()


LARGE = {
    "pod_of_600_containers": "the same as a text that is typed, and two thousand by HTTP",
    "crowd_at_one_address": "tests.unit.test_turns, fifty tabs of one visitor; test_room, twenty visitors at once",
    "visitors_and_few_descriptors": "tests.unit.test_connections, who finds no room; test_room, few descriptors",
    "half_sent_requests": "tests.unit.test_connections, a request that is not finished",
    "left_sessions": "tests.unit.test_left_sessions, two hundred of one visitor",
    "strangers_evict": "tests.world.test_world_store, whose worlds go; test_nginx, through a server",
    "config_map_patches": "tests.world.test_kubernetes_streams and test_exchange_log, what is kept of a world",
    "presses_at_once": "tests.screens.test_clicks, what was pressed before is not kept",
    "values_in_a_frame": "tests.screens.test_sessions and tests.unit.test_page_frames, what is kept of a frame",
    "unread_lists": "tests.world.test_kubernetes_streams, large answers of a world; unread_watches, through a server",
    "programs_that_compute": "tests.world.test_shell, one program of a visitor in each pass of the loop",
    "rules_of_one_role": "tests.world.test_kubernetes_access, the rules of a role count once",
}
"""Left out of `make test`, and what has the same bound there."""
BY_SERVER = sorted(ATTACKS, key=lambda row: (row.descriptors, sorted(row.settings)))
"""Those that want the same server after each other, so that it is started once."""


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row.name, marks=pytest.mark.large if row.name in LARGE else ()) for row in BY_SERVER],
)
def test_an_attack_is_answered_and_costs_little(target_for: Callable[[Attack], Target], row: Attack) -> None:
    target = target_for(row)
    found = asyncio.run(attack(target, row))
    assert target.lives, target.log[-2000:]
    assert set(found.answers) <= row.right, found.answers
    assert found.served == found.inputs == row.inputs, "the honest visitor was not answered between two inputs"
    assert found.secrets == []
    assert found.wrong == ""
    assert found.grown <= row.memory, f"{found.grown / MEGABYTE:.0f} MB more memory"
    assert found.after.log - found.before.log <= row.log, "bytes of log"
    assert found.after.files - found.before.files <= row.files, "bytes of files"
    assert "Traceback (most recent call last)" not in target.log
    target_for.survived()  # type: ignore[attr-defined]


def test_a_kubeconfig_without_end_ends_the_command(tmp_path) -> None:
    ended = doctor(tmp_path, "/dev/zero")
    assert (ended.status, "Traceback" in ended.output) == (2, False), ended.output
    assert ended.peak <= COMMAND_MEMORY


@pytest.mark.parametrize(
    "bomb", [pytest.param(False, id="endless", marks=pytest.mark.large), pytest.param(True, id="gzip bomb")]
)
def test_a_hostile_cluster_is_not_read_to_its_end(tmp_path, bomb) -> None:
    with endless(tmp_path, bomb=bomb) as (kubeconfig, sent):
        ended = doctor(tmp_path, kubeconfig)
    assert "Traceback" not in ended.output, ended.output
    assert ended.status == 2, ended.output
    assert ended.peak <= COMMAND_MEMORY
    assert sent
    assert max(sent) <= SENT_AT_MOST // 8, "bytes that were taken of one answer"
