"""Against a real API server: everything here is marked `live`, and sees the environment of a person's shell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.control_plane import controllers_missing
from tests.live.eks import Eks, enter, joined
from tests.waiting import eventually


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is in this folder (the hook gets to see all tests)."""
    for item in items:
        if item.nodeid.startswith("tests/live/"):
            item.add_marker("live")


@pytest.fixture(scope="package")
def eks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eks]:
    """The cluster. Not for the whole session: it takes a fortieth of a processor while it is asked nothing."""
    with joined(tmp_path_factory.mktemp("eks")) as started:
        yield started


@pytest.fixture(scope="module")
def controllers(eks: Eks) -> Iterator[None]:
    """Real controllers, for this file's tests alone: those of the others write what controllers would take back."""
    if reason := controllers_missing():
        pytest.skip(reason)
    with eks.control_plane.controllers(eks.kubeconfig):
        yield
        # Without them what is being deleted is never gone, and the next file of this worker would find it.
        eventually(lambda: "deletionTimestamp" not in eks.http.get("/api/v1/namespaces").text)


@pytest.fixture
def here(eks: Eks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Eks:
    """The cluster, with the environment leading to it."""
    enter(eks, monkeypatch, tmp_path)
    return eks
