"""A program that runs in a container: its arguments, streams and limits, and what it may ask of the node."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from app.world.node.container import Container
from app.world.node.shell.limits import Limits, Memory
from app.world.node.shell.streams import Stream
from app.world.node.streams import Streams
from app.world.node.volumes.filesystem import FileSystem


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """A request that a program sends."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    insecure: bool = False
    """Whether every certificate is accepted."""
    ca: bytes | None = None
    """The certificates that are trusted instead of the image's."""
    seconds: float = 0.0
    """How long the whole transfer may take; 0 where nothing is said."""
    connect_seconds: float = 0.0
    """The same of the connection."""


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """The response to a request of a program."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class NoAnswer(Exception):
    """No response: `code` is curl's exit status, the text its error message."""

    def __init__(self, code: int, text: str, *, sent: bool = False, seconds: float = 0.0) -> None:
        """`sent`: whether the request was; `seconds`: for how long a response was waited for in vain."""
        super().__init__(text)
        self.code = code
        self.sent = sent
        self.seconds = seconds


class System(Protocol):
    """The services of the node for programs."""

    async def launch(self, process: Process) -> int:
        """Runs a program to its end, and returns its exit status."""

    async def sleep(self, seconds: float) -> None:
        """Waits by the node's clock."""

    async def fetch(self, request: HttpRequest, container: Container) -> HttpResponse:
        """Sends a request to where the world has a server. Raises `NoAnswer`."""


@dataclass(frozen=True, kw_only=True)
class Process:
    """A program that runs: its arguments, streams and limits."""

    arguments: list[str]
    """The program's name, then its arguments."""
    environment: dict[str, str]
    directory: str
    container: Container
    stdin: Stream
    stdout: Stream
    stderr: Stream
    limits: Limits
    system: System
    memory: Memory
    """What this program holds, until it ends."""
    depth: int = 0
    """How many commands it is inside of, counted through all shells that started it."""
    terminal: bool = False
    """Whether a person's terminal is at its standard input."""
    session: Streams | None = None
    """The streams of the first program of its session, if a client is connected to that or its output is a log."""

    @property
    def files(self) -> FileSystem:
        """The files of its container."""
        return self.container.files

    @property
    def name(self) -> str:
        """Its name in its error messages."""
        return self.arguments[0].rpartition("/")[2]

    def path(self, path: str) -> str:
        """The absolute path, as the file system takes it, along which it then walks."""
        absolute = path if path.startswith("/") or not path else f"{self.directory.rstrip('/')}/{path}"
        self.limits.walk(absolute)
        return absolute

    @property
    def own_container(self) -> Container:
        """The container as this program sees it: its own variables and directory."""
        return replace(self.container, environment=self.environment, working_directory=self.directory)

    async def complain(self, text: str, status: int = 1) -> int:
        """Prints an error message; returns the status to end with."""
        await self.stderr.write(f"{self.name}: {text}\n")
        return status


Program = Callable[[Process], Awaitable[int]]
