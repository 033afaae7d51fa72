"""One world as the programs of the console reach it."""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.console.command_line import LineRefused
from app.console.confinement import Reach
from app.console.files import Files
from app.own_folder import OwnFolder, remove_abandoned

_AWS_CONFIG = b"[default]\ncli_follow_urlparam = false\n"
"""Version 1 would fetch a value that is a URL."""
_FILES = "files"
_KUBECONFIG = ".kube/config"
"""Where kubectl and `aws eks update-kubeconfig` look for it in a HOME."""


class Folders:
    """A folder on the disk for each world with a console, gone with the world and with the process. Only `of` makes it:
    a command may outlive its world, and nothing would remove what it made then.

    It is none of the node's files: going back to an earlier moment of a world takes no manifest away, and the small
    disk of all nodes stays theirs. What a killed process has left goes first.
    """

    def __init__(self) -> None:
        self._kept: weakref.WeakKeyDictionary[object, Path] = weakref.WeakKeyDictionary()
        self._making = threading.Lock()
        self._parent = Path(tempfile.gettempdir())
        self._all: OwnFolder | None = None
        remove_abandoned(self._parent)

    def of(self, world: object) -> Path:
        """The folder of a world. Raises `OSError` where none can be made."""
        with self._making:
            if world not in self._kept:
                self._all = self._all or OwnFolder(self._parent)
                made = self._kept[world] = Path(tempfile.mkdtemp(prefix="console-", dir=self._all.path))
                weakref.finalize(world, _remove, made)
            (self._kept[world] / _FILES).mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._kept[world]


def _gone(folder: Path) -> Path:
    return folder.with_name(f"gone-{folder.name}")


def _remove(folder: Path) -> None:
    """Removes a world's folder, under another name: no command begins there while it is being removed."""
    with suppress(FileNotFoundError):
        folder.rename(_gone(folder))
    shutil.rmtree(_gone(folder), ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class WorldAccess:
    """What the programs get of a world, as bytes and numbers: this package knows no world."""

    directory: Path
    """A folder of this world for the files and the homes of its console."""
    kubeconfig: bytes
    context: str
    """The name of its context."""
    aws: Mapping[str, str]
    """The variables with the endpoint, the region and the keys."""
    ports: tuple[int, ...]
    """The world's TCP ports."""

    @property
    def files(self) -> Files:
        """The visitor's files in this world. Raises `LineRefused` where the world is gone."""
        return Files(self.directory / _FILES)

    @contextmanager
    def home(self) -> Iterator[Path]:
        """A new HOME for one command, gone after it: no cache and no setting outlives a command.

        Raises `LineRefused` where the world is gone.
        """
        try:
            home = Path(tempfile.mkdtemp(prefix="home-", dir=self.directory))
        except FileNotFoundError:
            raise LineRefused("no_world") from None
        try:
            (home / ".kube").mkdir()
            for name, content in ((_KUBECONFIG, self.kubeconfig), ("aws-config", _AWS_CONFIG)):
                (home / name).touch(mode=0o600)
                (home / name).write_bytes(content)
            yield home
        finally:
            shutil.rmtree(home, ignore_errors=True)
            shutil.rmtree(_gone(self.directory), ignore_errors=True)  # with what the command wrote during `_remove`

    def reach(self, home: Path) -> Reach:
        """What a command with that home may reach."""
        return Reach(write=(str(home), str(self.files.folder)), ports=self.ports)

    def environment(self, home: Path) -> dict[str, str]:
        """All variables of a command: none is inherited."""
        return {
            "HOME": str(home),
            "TMPDIR": str(home),
            "PATH": str(home / "no-programs"),  # no plugin, editor or pager is found
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "NO_PROXY": "*",
            "KUBECONFIG": str(home / _KUBECONFIG),
            "GOMAXPROCS": "2",
            "AWS_CONFIG_FILE": str(home / "aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / "no-credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "AWS_CLI_AUTO_PROMPT": "off",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONSAFEPATH": "1",
            **self.aws,
        }
