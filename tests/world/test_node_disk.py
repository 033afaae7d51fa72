"""A node's disk and the volumes on it, without a world around them."""

import asyncio
import math
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.own_folder import PREFIX
from app.world.apiserver.storage.state import ClusterState
from app.world.clock import WorldClock
from app.world.node.volumes import disk
from app.world.node.volumes.disk import BLOCK, VOLUMES_LIMIT, NodeDisk, bytes_on_disk, free_files
from app.world.node.volumes.volumes import PodVolumes


@pytest.fixture
def node(tmp_path):
    return NodeDisk(tmp_path)


def volumes(node, uid, entries, *, paths=()):
    """Of a Pod with one ConfigMap of so many entries; with `paths`, its first one at each of these."""
    clock = WorldClock()
    cluster = ClusterState(clock)
    data = {f"k{number}": "x" for number in range(entries)}
    cluster.put("configmaps", {"metadata": {"name": "some", "namespace": "default"}, "data": data})
    source = {"name": "some", "items": [{"key": "k0", "path": path} for path in paths]}
    spec = {"volumes": [{"name": "v", "configMap": source}], "containers": [{"name": "c"}]}
    record = SimpleNamespace(pod={"metadata": {"name": uid, "namespace": "default", "uid": uid}, "spec": spec})
    return PodVolumes(record, None, node.of_pod(uid), cluster, clock.now)


def test_volumes_ask_their_disk_and_no_kubelet(node, tmp_path):
    made = volumes(node, "one", 2)
    assert asyncio.run(made.refresh()) == ()
    assert made.tree("v").root == tmp_path / "pods" / "one" / "volumes" / "0"
    assert (made.tree("v").root / "k1").read_text() == "x"
    node.check(VOLUMES_LIMIT - 2 * BLOCK)
    with pytest.raises(OSError, match="no space left on device"):
        node.check(VOLUMES_LIMIT - 2 * BLOCK + 1)


def test_what_a_pod_took_is_free_once_it_is_gone(node, tmp_path):
    most = VOLUMES_LIMIT // BLOCK
    first, second = volumes(node, "one", most), volumes(node, "two", 1)
    assert asyncio.run(first.refresh()) == ()
    full = 'MountVolume.SetUp failed for volume "v" : no space left on device'
    assert asyncio.run(second.refresh()) == (full,)
    node.remove("one")
    assert not (tmp_path / "pods" / "one").exists()
    assert asyncio.run(second.refresh()) == ()


def test_a_directory_takes_a_block_once(node):
    made = volumes(node, "one", 1, paths=["a/b/c", "a/b/d", "a/e", "f"])
    assert asyncio.run(made.refresh()) == ()
    assert node._sizes["one"] == {"v": (4 + 2) * BLOCK}


@pytest.mark.parametrize(
    ("paths", "why"),
    [
        ([f"{number}/{'a/' * 30}f" for number in range(3)], "no space left on device"),
        (["f", f"{'a/' * 1000}f"], "no space left on device"),
        (["f", f"{'a/' * 2048}f"], "invalid path: must be less than or equal to 4096 characters"),
        (["f", f"{'a/' * 100_000}f"], "invalid path: must be less than or equal to 4096 characters"),
        (["f", "a" * 256], "invalid path: filenames must be less than or equal to 255 characters"),
    ],
)
def test_deep_directories_are_refused_and_leave_nothing(node, tmp_path, monkeypatch, paths, why):
    made = volumes(node, "one", 1, paths=paths)
    count = 0

    def mkdir(path, *arguments, **options):
        nonlocal count
        count += 1
        return before(path, *arguments, **options)

    before = os.mkdir
    monkeypatch.setattr("os.mkdir", mkdir)
    for _ in range(2):  # a change of the ConfigMap begins again
        assert asyncio.run(made.refresh()) == (f'MountVolume.SetUp failed for volume "v" : {why}',)
    assert count < 10
    assert list((tmp_path / "pods" / "one" / "volumes" / "0").iterdir()) == []


def test_directories_are_counted_to_the_limit_alone():
    assert bytes_on_disk({"a/" * 2000 + "f": 1}) == (VOLUMES_LIMIT // BLOCK + 2) * BLOCK


@pytest.mark.parametrize(("free", "few"), [("free_bytes", disk.RESERVE_BYTES - 1), ("free_files", 0)])
def test_the_nodes_have_no_disk_in_memory_that_is_nearly_full(tmp_path, monkeypatch, free, few):
    monkeypatch.setattr(disk, "MEMORY", tmp_path)
    left = tmp_path / f"{PREFIX}left"
    left.mkdir()
    os.utime(left, (0, 0))
    assert disk.parent_of_node_files() == tmp_path
    assert not left.exists()
    monkeypatch.setattr(disk, free, lambda path: few)
    assert disk.parent_of_node_files() == Path(tempfile.gettempdir())


def test_a_disk_with_few_files_left_is_nearly_full(node, monkeypatch):
    monkeypatch.setattr(disk, "free_files", lambda path: disk.RESERVE_BYTES // BLOCK + 20)
    node.check(disk.OWN_BYTES)
    node.of_pod("one").sizes["v"] = disk.OWN_BYTES
    node.check(20 * BLOCK)
    with pytest.raises(OSError, match="no space left on device"):
        node.check(21 * BLOCK)


@pytest.mark.parametrize(("of_all", "free", "found"), [(1000, 7, 7), (1000, 0, 0), (0, 0, math.inf)])
def test_a_disk_without_a_number_of_inodes_takes_any_number_of_files(tmp_path, monkeypatch, of_all, free, found):
    found_disk = SimpleNamespace(f_files=of_all, f_favail=free)
    monkeypatch.setattr("os.statvfs", lambda _: found_disk, raising=False)
    assert free_files(tmp_path) == found
