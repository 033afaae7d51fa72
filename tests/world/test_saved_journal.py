"""The files of a kept world: what survives a crash, and what is refused without touching it."""

import errno
import json
import os
import shutil
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.world.saved import journal, state_directory
from app.world.saved.codec import StateError
from app.world.saved.journal import SCHEMA, SNAPSHOT, Journal, NewerSchema, read
from app.world.saved.state_directory import InUse, ServersRecord, StateDirectory


@pytest.fixture
def written(tmp_path):
    """A world's files after three changes."""
    journal = Journal(tmp_path)
    journal.begin({"a": 1, "b": {"c": 2}})
    journal.append({"a": 5}, [])
    journal.append({"d": "x"}, ["b"])
    journal.append({"b": 7}, ["a"])
    journal.close()
    return tmp_path


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_changes_are_applied_in_order(written):
    found = read(written)
    assert (found.sections, found.torn) == ({"d": "x", "b": 7}, None)
    assert list(found.sections) == ["d", "b"]


def test_a_new_snapshot_takes_the_place_of_the_journal(written):
    found = read(written)
    Journal(written, found.generation).begin(found.sections)
    assert set(files(written)) == {SNAPSHOT, "journal-2.jsonl"}
    assert read(written).sections == found.sections


def test_a_snapshot_that_finds_no_room_leaves_what_was_there_and_no_more_files_the_more_often_it_is_tried(
    written, monkeypatch
):
    found = read(written)
    kept = Journal(written, found.generation)

    def refuse(path, document):
        raise OSError("full")

    with monkeypatch.context() as full:
        full.setattr(journal, "write_json", refuse)
        for _ in range(3):
            with pytest.raises(OSError, match="full"):
                kept.begin(found.sections)
    assert set(files(written)) <= {SNAPSHOT, "journal-1.jsonl", "journal-2.jsonl"}
    assert read(written).sections == found.sections
    kept.begin(found.sections)
    assert set(files(written)) == {SNAPSHOT, "journal-2.jsonl"}
    assert read(written).sections == found.sections


@pytest.mark.parametrize("left", [1, 5, 12])
def test_a_torn_last_line_is_dropped_and_kept_aside(written, left):
    path = written / "journal-1.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b"\n", 0, -1) + 1 + left])
    before = files(written)
    found = read(written)
    assert found.sections == {"a": 5, "d": "x"}
    assert found.torn == path
    assert files(written) == before
    Journal(written, found.generation, found.torn).begin(found.sections)
    assert path.read_bytes() == before[path.name]
    again = read(written)
    assert again.sections == found.sections
    # It has been looked at by then, or never will be.
    Journal(written, again.generation, again.torn).begin(again.sections)
    assert set(files(written)) == {SNAPSHOT, "journal-3.jsonl"}


@pytest.mark.parametrize("size", [0, 1, 30, -1])
def test_a_truncated_snapshot_is_refused_and_untouched(written, size):
    path = written / SNAPSHOT
    path.write_bytes(path.read_bytes()[:size])
    before = files(written)
    with pytest.raises(StateError, match=SNAPSHOT):
        read(written)
    assert files(written) == before


@pytest.mark.parametrize("damage", [b'[{"a"', b"[" * 200_000])
def test_damage_within_the_journal_is_refused_by_its_line(written, damage):
    path = written / "journal-1.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], damage + b"\n", lines[2]]))
    with pytest.raises(StateError, match=r"journal-1\.jsonl:2"):
        read(written)


@pytest.mark.parametrize("name", [SNAPSHOT, "journal-1.jsonl"])
def test_what_might_never_end_is_not_read(written, name):
    (written / name).unlink()
    (written / name).symlink_to("/dev/zero")
    with pytest.raises(StateError, match=name):
        read(written)


@pytest.mark.parametrize("name", [SNAPSHOT, "journal-1.jsonl"])
def test_what_is_larger_than_any_world_is_not_read(written, name, monkeypatch):
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read") if path.name == name else b"")
    os.truncate(written / name, journal.LARGEST + 1)
    if name != SNAPSHOT:
        monkeypatch.setattr(journal, "read_json", lambda _: {"generation": 1, "sections": {}})
    with pytest.raises(StateError, match=rf"{name}.*at most {journal.LARGEST} bytes"):
        read(written)


def test_a_snapshot_without_its_journal_is_refused(written):
    (written / "journal-1.jsonl").unlink()
    with pytest.raises(StateError, match=r"journal-1\.jsonl"):
        read(written)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_cannot_be_is_refused(tmp_path, port):
    record = ServersRecord(aws_port=1, kubernetes_port=port, root_ca_pem=b"", server_pem=b"")
    with StateDirectory(tmp_path) as state:
        state.take_over(tmp_path / "files", record)
    with pytest.raises(StateError, match=f"servers.kubernetes_port: got {port}, expected a port"):
        StateDirectory(tmp_path)


@pytest.mark.parametrize(("schema", "error"), [(SCHEMA + 1, NewerSchema), ("1", StateError), (None, StateError)])
def test_another_schema_is_refused(written, schema, error):
    path = written / SNAPSHOT
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": schema}))
    with pytest.raises(error):
        read(written)


def test_what_a_killed_process_left_half_done_goes_when_the_next_one_runs(tmp_path):
    servers = ServersRecord(aws_port=1, kubernetes_port=2, root_ca_pem=b"", server_pem=b"")
    whole, being_made = (tmp_path / "worlds" / f"{key}--{'0' * 32}" for key in ("hands-on", "other"))
    Journal(whole).begin({})
    being_made.mkdir()
    (being_made / "journal-1.jsonl").touch()
    (tmp_path / "worlds" / "mine").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.world.saved.state_directory.read_sections", lambda _: world_at("0" * 32))
        with StateDirectory(tmp_path) as state:
            assert ([it.key for it in state.worlds], being_made.exists()) == (["hands-on"], True)
            state.take_over(tmp_path / "files", servers)
    assert {it.name for it in (tmp_path / "worlds").iterdir()} == {whole.name, "mine"}


def world_at(path):
    return SimpleNamespace(origin=SimpleNamespace(identity=SimpleNamespace(path=path)))


@pytest.mark.parametrize(
    ("path", "keys"), [("../" * 9 + "etc", ["one"]), ("1" * 32, ["one"]), ("0" * 32, ["one", "copied"])]
)
def test_a_world_that_is_not_where_its_folder_says_is_refused(tmp_path, monkeypatch, path, keys):
    monkeypatch.setattr("app.world.saved.state_directory.read_sections", lambda _: world_at(path))
    for key in keys:
        Journal(tmp_path / "worlds" / f"{key}--{'0' * 32}").begin({})
    with pytest.raises(StateError, match=r"identity\.path"):
        StateDirectory(tmp_path, alone=True)


def truncate(folder):
    os.truncate(folder / SNAPSHOT, 30)


def forbid(folder):
    (folder / SNAPSHOT).unlink()
    (folder / SNAPSHOT).symlink_to(SNAPSHOT)  # ELOOP, for root as well


def renew(folder):
    (folder / SNAPSHOT).write_text(json.dumps({"schema": SCHEMA + 1}))


def lose_journal(folder):
    (folder / "journal-1.jsonl").unlink()


def replace(folder):
    shutil.rmtree(folder)
    folder.touch()


@pytest.mark.parametrize("damage", [truncate, forbid, renew, lose_journal, replace])
def test_a_world_that_cannot_be_read_is_set_aside_and_the_others_are_there(tmp_path, monkeypatch, caplog, damage):
    servers = ServersRecord(aws_port=1, kubernetes_port=2, root_ca_pem=b"", server_pem=b"")
    monkeypatch.setattr("app.world.saved.state_directory.read_sections", lambda sections: world_at(sections["path"]))
    whole, damaged = (tmp_path / "worlds" / f"{key}--{path * 32}" for key, path in (("a", "1"), ("b", "2")))
    aside = damaged.with_name(f"{damaged.name}.unreadable")
    for folder in (whole, damaged):
        Journal(folder).begin({"path": folder.name[-32:]})
    damage(damaged)
    before = damaged.stat()
    with StateDirectory(tmp_path) as state:
        assert damaged.exists(), "reading changes nothing"
        state.take_over(tmp_path / "files", servers)
        assert ([it.key for it in state.worlds], state.aside, state.lost) == (["a"], [aside], {"b"})
    assert str(aside) in caplog.text
    assert os.path.samestat(aside.stat(), before)
    Journal(damaged.with_name("b--" + "3" * 32)).begin({"path": "3" * 32})  # the reader's new world
    with StateDirectory(tmp_path) as state:
        state.take_over(tmp_path / "files", servers)
        assert ({it.key for it in state.worlds}, state.aside, state.lost) == ({"a", "b"}, [aside], set())
    assert os.path.samestat(aside.stat(), before)


def test_where_no_world_can_be_read_nothing_starts_and_nothing_is_set_aside(tmp_path):
    folders = [tmp_path / "worlds" / f"{key}--{key * 32}" for key in ("1", "2")]
    for folder in folders:
        Journal(folder).begin({})
    with pytest.raises(StateError, match="origin: got nothing"):
        StateDirectory(tmp_path)
    assert sorted((tmp_path / "worlds").iterdir()) == folders
    # One alone is damage, unless a newer version has written it, or its owner waits for it.
    shutil.rmtree(folders[0])
    StateDirectory(tmp_path).close()
    with pytest.raises(StateError, match="origin: got nothing"):
        StateDirectory(tmp_path, alone=True)
    renew(folders[1])
    with pytest.raises(NewerSchema):
        StateDirectory(tmp_path)


def test_a_list_of_worlds_that_cannot_be_read_is_not_an_empty_one(tmp_path):
    (tmp_path / "worlds").symlink_to("worlds")
    with pytest.raises(OSError, match="worlds"):
        state_directory.read_directory(tmp_path)


def test_one_at_a_time_holds_a_directory(tmp_path):
    with StateDirectory(tmp_path):
        with pytest.raises(InUse) as refused:
            StateDirectory(tmp_path, fresh=True)
        assert refused.value.holder.isdecimal()
    StateDirectory(tmp_path).close()


@pytest.mark.parametrize("held", ["", "worlds"])
def test_a_directory_within_another_one_or_around_it_is_refused(tmp_path, held):
    """Whose lock guards the same files: `--fresh` would remove those of a process that runs."""
    other = {"": "worlds", "worlds": ""}[held]
    with StateDirectory(tmp_path / held) as directory:
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(OSError, match=os.strerror(errno.ENOTEMPTY)):
            StateDirectory(tmp_path / other, fresh=True)
        assert (sorted(tmp_path.rglob("*")), directory.path) == (before, tmp_path / held)


def test_on_a_full_disk_the_lock_is_taken_as_it_is(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    StateDirectory(tmp_path).close()
    before = (tmp_path / "lock").read_text()
    monkeypatch.setattr(os, "pwrite", full)
    for kept in (before, ""):
        (tmp_path / "lock").write_text(kept)
        with StateDirectory(tmp_path), pytest.raises(InUse):
            StateDirectory(tmp_path)
        assert (tmp_path / "lock").read_text() == kept, "it keeps its room for the next start"


def test_a_folder_of_other_files_is_left_as_it_was(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "hosts").touch()
    with pytest.raises(OSError, match=os.strerror(errno.ENOTEMPTY)):
        StateDirectory(tmp_path, fresh=True)
    assert (stat.S_IMODE(tmp_path.stat().st_mode), [it.name for it in tmp_path.iterdir()]) == (0o755, ["hosts"])


def test_no_link_that_another_user_has_left_there_is_followed(tmp_path, monkeypatch):
    victim, state = tmp_path / "precious", tmp_path / "state"
    victim.write_text("precious")
    state.mkdir()
    (state / "lock").symlink_to(victim)
    with pytest.raises(OSError, match="lock"):
        StateDirectory(state)
    (state / "lock").unlink()
    monkeypatch.setattr(os, "geteuid", lambda: state.stat().st_uid + 1)
    with pytest.raises(PermissionError):
        StateDirectory(state)
    assert (victim.read_text(), list(state.iterdir())) == ("precious", [])
