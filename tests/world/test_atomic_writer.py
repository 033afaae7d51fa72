"""The atomic writer: what lies on disk, what a reader may see, who owns it."""

import os
import re
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.world.node.volumes.atomic_writer import AtomicWriter, Attributes, FileProjection, InvalidPath, OwnedTree

NOW = 1795560049.25  # 2026-11-24T22:40:49Z


@pytest.fixture
def writer(tmp_path):
    return AtomicWriter(OwnedTree(tmp_path), lambda: NOW)


def files(**contents):
    return {name: FileProjection(data=text.encode(), mode=0o644) for name, text in contents.items()}


def test_layout_is_kubelets(writer, tmp_path):
    writer.write(files(token="one"))
    data = os.readlink(tmp_path / "..data")
    assert re.fullmatch(r"\.\.2026_11_24_22_40_49\.\d+", data)
    assert sorted(os.listdir(tmp_path)) == sorted([data, "..data", "token"])
    assert os.readlink(tmp_path / "token") == "..data/token"
    assert (tmp_path / "token").read_text() == "one"
    assert stat.S_IMODE((tmp_path / data).stat().st_mode) == 0o755
    assert (tmp_path / "token").stat().st_mtime == NOW


def test_an_update_swaps_the_data_and_leaves_the_link(tmp_path):
    clock = [NOW + 60, NOW]
    writer = AtomicWriter(OwnedTree(tmp_path), clock.pop)
    writer.write(files(token="one"))
    old, link = os.readlink(tmp_path / "..data"), os.lstat(tmp_path / "token").st_ino
    assert writer.write(files(token="two"))
    assert os.readlink(tmp_path / "..data") != old
    assert os.lstat(tmp_path / "token").st_ino == link
    assert (tmp_path / "token").read_text() == "two"
    assert not (tmp_path / old).exists()
    times = {name: os.lstat(tmp_path / name).st_mtime - NOW for name in (".", "..data", "..data/token", "token")}
    assert times == {".": 60, "..data": 60, "..data/token": 60, "token": 0}


def test_where_a_link_to_a_directory_is_not_replaced_the_update_comes_too(writer, tmp_path, monkeypatch):
    """`MoveFileEx` of Windows, by which Python renames there, replaces no directory."""
    replace = os.replace

    def moved(source, target):
        if os.path.isdir(target):
            raise PermissionError(13, "Access is denied", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", moved)
    monkeypatch.delattr(os, "chown")
    writer.write(files(token="one"))
    assert writer.write(files(token="two"))
    assert (tmp_path / "token").read_text() == "two"
    assert writer.tree.attributes(tmp_path / os.readlink(tmp_path / "..data") / "token").mode == 0o644


def test_the_same_payload_changes_nothing(writer, tmp_path):
    writer.write(files(token="one"))
    before = os.readlink(tmp_path / "..data")
    assert not writer.write(files(token="one"))
    assert os.readlink(tmp_path / "..data") == before


def test_files_that_are_gone_from_the_payload_go(writer, tmp_path):
    writer.write(files(a="1", b="2"))
    writer.write(files(b="2"))
    assert not os.path.lexists(tmp_path / "a")
    assert (tmp_path / "b").read_text() == "2"


def test_nested_paths(writer, tmp_path):
    writer.write({"deep/down/file": FileProjection(data=b"x", mode=0o600)})
    assert (tmp_path / "deep" / "down" / "file").read_bytes() == b"x"
    assert os.readlink(tmp_path / "deep") == "..data/deep"
    assert writer.tree.attributes((tmp_path / "deep" / "down").resolve()) == Attributes(mode=0o755)


def test_group_may_read_what_fsgroup_gives_it(writer, tmp_path):
    writer.write({"token": FileProjection(data=b"x", mode=0o600, user=1000)}, group=2000)
    real = (tmp_path / "token").resolve()
    assert writer.tree.attributes(real) == Attributes(mode=0o640, uid=1000, gid=2000)
    assert writer.tree.attributes(tmp_path) == Attributes(mode=0o3777, gid=2000)
    assert writer.tree.attributes(real.parent) == Attributes(mode=0o2755, gid=2000)
    for link in (tmp_path / "..data", tmp_path / "token"):  # made in a directory with the setgid bit
        assert writer.tree.attributes(link) == Attributes(mode=0o777, gid=2000)
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_without_the_right_to_give_files_away_the_record_still_tells(writer, tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "chown", refuse)
    writer.write({"token": FileProjection(data=b"x", mode=0o000, user=1000)})
    real = (tmp_path / "token").resolve()
    assert writer.tree.attributes(real) == Attributes(mode=0o000, uid=1000)
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "path",
    [
        *("", "/a", "../a", "a/../b", "..data", "a//b", "./a", "a\0b", "\ud800"),
        *("a" * 256, "b/" + "a" * 256, "é" * 128, "a/" * 2048 + "b"),
    ],
)
def test_a_path_may_not_leave_the_volume(writer, tmp_path, path):
    with pytest.raises(InvalidPath):
        writer.write({path: FileProjection(data=b"", mode=0o644)})
    assert os.listdir(tmp_path) == []


def test_paths_that_exclude_each_other_leave_the_old_files(writer, tmp_path):
    writer.write(files(a="1"))
    with pytest.raises(OSError, match="a"):
        writer.write(files(a="2") | {"a/b": FileProjection(data=b"", mode=0o644)})
    assert (tmp_path / "a").read_text() == "1"
    assert len(os.listdir(tmp_path)) == 3


def test_what_fails_in_any_way_leaves_no_directory(writer, tmp_path, monkeypatch):
    def fail(*_):
        raise RecursionError

    writer.write(files(a="1"))
    monkeypatch.setattr(writer.tree, "own", fail)
    with pytest.raises(RecursionError):
        writer.write(files(a="2"))
    assert ((tmp_path / "a").read_text(), len(os.listdir(tmp_path))) == ("1", 3)


@given(payload=st.dictionaries(st.text(max_size=20), st.binary(max_size=20), max_size=4))
def test_any_payload_is_written_or_refused(tmp_path_factory, payload):
    root = tmp_path_factory.mktemp("volume")
    writer = AtomicWriter(OwnedTree(root), lambda: NOW)
    try:
        writer.write({path: FileProjection(data=data, mode=0o644) for path, data in payload.items()})
    except (InvalidPath, OSError):
        assert os.listdir(root) == []
    else:
        assert {path: (root / path).read_bytes() for path in payload} == payload
    assert os.listdir(root.parent).count(root.name) == 1
