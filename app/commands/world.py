"""`world`: the simulated world alone, for the learner's own kubectl and aws."""

from __future__ import annotations

import errno
import math
import os
import shlex
import signal
import tempfile
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.failure import CannotRun
from app.commands.help import command_of
from app.commands.listening import check_machine, listen, simulating
from app.commands.rendering import colour, heading, labelled
from app.commands.streams import why
from app.commands.usage_errors import PathType
from app.content import Content
from app.own_file import write
from app.settings import Settings
from app.starting import on_hang_up, wait_for_signal
from app.world.setup.tool_files import AWS, CA, HANDS_ON, KUBECONFIG, STATE, issuer_command, write_all

if TYPE_CHECKING:
    from app.world.lifecycle.simulation import Simulation
    from app.world.saved.state_directory import StateDirectory
    from app.world.world import Start


ROOM = 256 * 1024
"""Bytes that have to be free in a folder: a world takes about 110 kB."""


def command(settings: Settings, words: Content) -> click.Command:
    """The command."""

    @command_of("world", words)
    @click.option(
        "--dir",
        "directory",
        required=True,
        type=PathType(path_type=Path),
        help=words.message("cli.help.dir"),
    )
    @click.option("--aws-port", type=click.IntRange(0, 65535), help=words.message("cli.help.aws_port"))
    @click.option("--kubernetes-port", type=click.IntRange(0, 65535), help=words.message("cli.help.kubernetes_port"))
    @click.option("--start", type=click.Choice(["empty", "finished"]), help=words.message("cli.help.start"))
    @click.option("--fresh", is_flag=True, help=words.message("cli.help.fresh"))
    def world(
        directory: Path, aws_port: int | None, kubernetes_port: int | None, start: Start | None, fresh: bool
    ) -> None:
        # (1) Report what cannot work before anything is started, and before a file is touched.
        check_machine(words)
        directory = made(directory, words)
        if fresh or not (directory / STATE).exists():
            with ExitStack() as listeners:
                for option, port in (("--aws-port", aws_port), ("--kubernetes-port", kubernetes_port)):
                    listeners.enter_context(listen("127.0.0.1", port or 0, words, option=option))
        with open_state(directory / STATE, words, fresh=fresh, alone=True) as state:
            _check_options(state, words, {"--aws-port": aws_port, "--kubernetes-port": kubernetes_port}, start)
            check_ports(state, words)
            # No file of an earlier world is left, so a program that waits for a file gets this world's.
            prepare(directory, words)

            # (2) From here on a signal ends the command in good order, even while the servers start.
            stop = threading.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: stop.set())
            on_hang_up(lambda *_: stop.set())

            # (3) Start, write, print, wait. The only world stays however long it is unused.
            from app.world.lifecycle.simulation import Simulation

            came_back = bool(state.worlds)
            with (
                simulating(words),
                Simulation(
                    aws_port=aws_port or 0,
                    kubernetes_port=kubernetes_port or 0,
                    capacity=1,
                    idle_seconds=math.inf,
                    own=HANDS_ON,
                    state=state,
                ) as simulation,
            ):
                here = simulation.world(HANDS_ON, start=start or "finished")
                write_all(directory, simulation, here)
                for line in instructions(simulation, directory, words, here.start, came_back=came_back):
                    click.echo(line, color=colour())
                wait_for_signal(stop)

    return world


def made(directory: Path, words: Content) -> Path:
    """The absolute path of a folder, which is created where it is missing. Raises `CannotRun`, also where a file of the
    reader's own has a name that `prepare` removes: without `STATE` no world has written it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path in (directory / name for name in (KUBECONFIG, CA, AWS)):
            if os.path.lexists(path) and not (directory / STATE).exists():
                raise CannotRun(words, "folder_unusable", path=path, said=os.strerror(errno.EEXIST))
        return directory.resolve()
    except (OSError, ValueError) as error:
        raise CannotRun(words, "folder_unusable", path=directory, said=why(error)) from error


def open_state(path: Path, words: Content, *, fresh: bool, alone: bool) -> StateDirectory:
    """The world's directory with what is kept there, held by this process. Reports what was lost of it. Raises
    `CannotRun`."""
    from app.world.saved.codec import StateError
    from app.world.saved.journal import NewerSchema
    from app.world.saved.state_directory import InUse, StateDirectory

    try:
        state = StateDirectory(path, fresh=fresh, alone=alone)
    except InUse as error:
        raise CannotRun(words, "state_in_use", path=path, holder=error.holder) from error
    except StateError as error:
        code = "state_newer" if isinstance(error, NewerSchema) else "state_unreadable"
        raise CannotRun(words, code, where=error.where, got=error.got, expected=error.expected) from error
    except OSError as error:
        raise CannotRun(words, "folder_unusable", path=path, said=why(error)) from error
    for torn in state.torn:
        click.echo(words.message("cli.state.torn", path=torn), err=True)
    return state


def check_ports(state: StateDirectory, words: Content) -> None:
    """Raises `CannotRun` unless the ports of the kept world are free."""
    servers = state.servers
    for port in (servers.aws_port, servers.kubernetes_port) if servers is not None else ():
        try:
            listen("127.0.0.1", port, words, option="").close()
        except CannotRun as error:
            raise CannotRun(words, "state_port_in_use", address=f"127.0.0.1:{port}", path=state.path) from error


def _check_options(state: StateDirectory, words: Content, ports: Mapping[str, int | None], start: Start | None) -> None:
    """Raises `CannotRun` for options that a kept world cannot follow: it has its ports and its beginning already."""
    kept: dict[str, object] = {}
    if state.servers is not None:
        kept = {"--aws-port": state.servers.aws_port, "--kubernetes-port": state.servers.kubernetes_port}
    if state.worlds:
        kept["--start"] = state.worlds[0].world.origin.start
    for option, given in {**ports, "--start": start}.items():
        if given and option in kept and given != kept[option]:
            raise CannotRun(words, "state_differs", option=option, got=given, kept=kept[option], path=state.path)


def prepare(directory: Path, words: Content) -> None:
    """Removes an earlier world's files from the folder. Raises `CannotRun`."""
    try:
        for name in (KUBECONFIG, CA, AWS):
            (directory / name).unlink(missing_ok=True)
        # So that an error is reported now rather than after the servers are up.
        write(directory / CA, b"")
        (directory / CA).unlink()
        with tempfile.TemporaryFile(dir=directory) as room:
            room.write(bytes(ROOM))
    except (OSError, ValueError) as error:
        raise CannotRun(words, "folder_unusable", path=directory, said=why(error)) from error


def tool_lines(directory: Path) -> list[str]:
    """The lines for a shell by which its kubectl and aws reach the world of a folder."""
    return [
        f"  export KUBECONFIG={shlex.quote(str(directory / KUBECONFIG))}",
        f"  set -a; . {shlex.quote(str(directory / AWS))}; set +a",
    ]


def instructions(
    simulation: Simulation, directory: Path, words: Content, start: Start, *, came_back: bool
) -> list[str]:
    """How to use the world, for the terminal beside this one."""
    tries = {
        "empty": ("kubectl get pods -A", "kubectl get serviceaccounts", "aws iam list-roles"),
        "finished": ("kubectl get pods", "kubectl logs pod-before", "kubectl logs pod-after"),
    }
    return [
        heading(words.message("cli.world.back" if came_back else "cli.world.ready")),
        *labelled(
            {
                words.message("cli.world.kubernetes"): simulation.kubernetes_url,
                words.message("cli.world.aws"): simulation.aws_url,
            },
            indent=2,
        ),
        "",
        words.message("cli.world.use"),
        *tool_lines(directory),
        "",
        *(f"  {line}" for line in tries[start]),
        "  aws sts get-caller-identity",
        "  aws s3 ls",
        "",
        words.message("cli.world.issuer"),
        f"  {issuer_command(simulation, simulation.world(HANDS_ON), directory / CA)}",
        "",
        words.message("cli.world.stop"),
    ]
