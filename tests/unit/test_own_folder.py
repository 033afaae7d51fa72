"""The folders of a process: private, locked while it lives, swept up when it was killed."""

import os
import subprocess
import sys
import time

from app import own_folder
from app.console.world_access import Folders
from app.own_folder import PREFIX, YOUNG_SECONDS, OwnFolder, remove_abandoned, remove_all


def age(path):
    old = time.time() - YOUNG_SECONDS - 1
    os.utime(path, (old, old))


def test_a_private_directory_that_goes(tmp_path):
    files = OwnFolder(tmp_path)
    assert files.path.stat().st_mode & 0o777 == 0o700
    (files.path / "x").write_text("x")
    files.remove()
    files.remove()
    assert list(tmp_path.iterdir()) == []


def test_the_directory_of_a_living_process_stays(tmp_path):
    files = OwnFolder(tmp_path)
    age(files.path)
    remove_abandoned(tmp_path)
    assert files.path.exists()
    files.remove()


def test_what_a_killed_process_left_goes(tmp_path):
    program = (
        "import os, pathlib, signal, sys; from app.own_folder import OwnFolder;"
        "files = OwnFolder(pathlib.Path(sys.argv[1])); print(files.path, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    [left] = tmp_path.iterdir()
    assert killed.stdout.strip() == str(left)
    remove_abandoned(tmp_path)
    assert left.exists(), "it could be that of a process which is just starting"
    age(left)
    remove_abandoned(tmp_path)
    assert not left.exists()


def test_what_is_not_ours_stays(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / f"{PREFIX}file").write_text("x")
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "other")
    for name in ("other", f"{PREFIX}file"):
        age(tmp_path / name)
    remove_abandoned(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_process_that_ends_at_once_empties_its_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(own_folder, "_MADE", [])  # other tests of this process have folders, too
    first, second = OwnFolder(tmp_path), OwnFolder(tmp_path)
    remove_all()
    assert list(tmp_path.iterdir()) == []
    first.remove()
    second.remove()


def test_what_the_consoles_of_a_killed_process_left_goes_at_the_next_start(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    program = (
        "import os, signal; from app.console.world_access import Folders;"
        "kept = type('World', (), {})(); (Folders().of(kept) / 'file').touch(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program], env={**os.environ, "TMPDIR": str(tmp_path)}, check=False)
    [left] = tmp_path.iterdir()
    assert list(left.glob("*/file"))
    (tmp_path / f"irsa-explorer-{os.geteuid()}").mkdir()
    for path in tmp_path.iterdir():
        age(path)
    Folders()
    assert [path.name for path in tmp_path.iterdir()] == [f"irsa-explorer-{os.geteuid()}"]
