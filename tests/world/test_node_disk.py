"""A node's disk and the volumes on it, without a world around them."""

import asyncio
import math
from types import SimpleNamespace

import pytest

from app.world.apiserver.storage.state import ClusterState
from app.world.clock import WorldClock
from app.world.node.volumes.disk import BLOCK, VOLUMES_LIMIT, NodeDisk, free_files
from app.world.node.volumes.volumes import PodVolumes


@pytest.fixture
def node(tmp_path):
    return NodeDisk(tmp_path)


def volumes(node, uid, entries):
    """Of a Pod with one ConfigMap of so many entries."""
    clock = WorldClock()
    cluster = ClusterState(clock)
    data = {f"k{number}": "x" for number in range(entries)}
    cluster.put("configmaps", {"metadata": {"name": "some", "namespace": "default"}, "data": data})
    spec = {"volumes": [{"name": "v", "configMap": {"name": "some"}}], "containers": [{"name": "c"}]}
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


@pytest.mark.parametrize(("of_all", "free", "found"), [(1000, 7, 7), (1000, 0, 0), (0, 0, math.inf)])
def test_a_disk_without_a_number_of_inodes_takes_any_number_of_files(tmp_path, monkeypatch, of_all, free, found):
    disk = SimpleNamespace(f_files=of_all, f_favail=free)
    monkeypatch.setattr("os.statvfs", lambda _: disk, raising=False)
    assert free_files(tmp_path) == found
