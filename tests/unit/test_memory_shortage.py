"""Memory is short where the control group is nearly full of what is really in use."""

from __future__ import annotations

import sys

import pytest

from app.serving.operations import control_groups, memory_shortage
from app.serving.operations.memory_shortage import BASE_BYTES, MemoryShortage
from app.serving.operations.open_pages import OPEN_PAGES
from app.world.lifecycle.world_weight import for_worlds

MB = 1024 * 1024


@pytest.mark.parametrize(("used", "short"), [(359, False), (360, True), (None, False)])
def test_it_is_short_from_nine_tenths_of_a_limit(
    used: int | None, short: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_groups, "memory_used_and_limit", lambda: (used, None if used is None else 400))
    found = MemoryShortage()
    assert found.is_short() is short
    assert found.check().got == {360: "90%", 359: "< 90%", None: "no limit"}[used]
    assert for_worlds().is_short() is short is OPEN_PAGES._is_memory_short()


def test_what_the_process_has_free_for_new_objects_is_not_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    used, resident, blocks = 380 * MB, BASE_BYTES + 200 * MB, 1_000
    monkeypatch.setattr(control_groups, "memory_used_and_limit", lambda: (used, 400 * MB))
    monkeypatch.setattr(memory_shortage, "resident_bytes", lambda: resident)
    monkeypatch.setattr(sys, "getallocatedblocks", lambda: blocks)
    found = MemoryShortage()
    assert found.check().got == "95%"
    for blocks, short in ((910, True), (890, False), (1_000, True), (1_100, True), (1_000, True), (980, False)):
        assert found.is_short() is short, blocks
