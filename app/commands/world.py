"""`world`: the simulated world alone, for the learner's own kubectl and aws."""

from __future__ import annotations

import math
import shlex
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.failure import CannotRun
from app.commands.help import command_of
from app.commands.listening import listen
from app.commands.rendering import heading, labelled
from app.content import Content
from app.settings import Settings
from app.world.setup.tool_files import AWS, CA, KUBECONFIG, files, issuer_command, write

if TYPE_CHECKING:
    from app.world.lifecycle.simulation import Simulation
    from app.world.world import Start


_WORLD = "hands-on"
"""The key of the one world."""


def command(settings: Settings, words: Content) -> click.Command:
    """The command."""

    @command_of("world", words)
    @click.option(
        "--dir",
        "directory",
        required=True,
        type=click.Path(path_type=Path),
        help=words.message("cli.help.dir"),
    )
    @click.option("--aws-port", type=click.IntRange(0, 65535), default=0, help=words.message("cli.help.aws_port"))
    @click.option(
        "--kubernetes-port", type=click.IntRange(0, 65535), default=0, help=words.message("cli.help.kubernetes_port")
    )
    @click.option(
        "--start",
        type=click.Choice(["empty", "finished"]),
        default="finished",
        show_default=True,
        help=words.message("cli.help.start"),
    )
    def world(directory: Path, aws_port: int, kubernetes_port: int, start: Start) -> None:
        # (1) Report what cannot work before anything is started. No file of an earlier world remains: a program that
        #     waits for one gets this world's.
        directory = prepare(directory, words)
        with ExitStack() as listeners:
            for option, port in (("--aws-port", aws_port), ("--kubernetes-port", kubernetes_port)):
                listeners.enter_context(listen("127.0.0.1", port, words, option=option))

        # (2) From here on a signal ends the command in good order, even while the servers start.
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())

        # (3) Start, write, say so, wait. The one world stays however long it is unused.
        from app.world.lifecycle.simulation import Simulation

        with Simulation(
            aws_port=aws_port, kubernetes_port=kubernetes_port, capacity=1, idle_seconds=math.inf
        ) as simulation:
            for name, content in files(simulation, simulation.world(_WORLD, start=start)).items():
                write(directory / name, content)
            for line in instructions(simulation, directory, words, start):
                click.echo(line)
            stop.wait()

    return world


def prepare(directory: Path, words: Content) -> Path:
    """The folder, made and cleared of an earlier world's files; its absolute path. Raises `CannotRun`."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in (KUBECONFIG, CA, AWS):
            (directory / name).unlink(missing_ok=True)
        write(directory / CA, b"")  # to fail now rather than after the servers are up
        (directory / CA).unlink()
    except (OSError, ValueError) as error:
        raise CannotRun(words, "folder_unusable", path=directory, said=error) from error
    return directory.resolve()


def instructions(simulation: Simulation, directory: Path, words: Content, start: Start) -> list[str]:
    """How to use the world, for the terminal beside this one."""
    tries = {
        "empty": ("kubectl get pods -A", "kubectl get serviceaccounts", "aws iam list-roles"),
        "finished": ("kubectl get pods", "kubectl logs pod-before", "kubectl logs pod-after"),
    }
    return [
        heading(words.message("cli.world.ready")),
        *labelled(
            {
                words.message("cli.world.kubernetes"): simulation.kubernetes_url,
                words.message("cli.world.aws"): simulation.aws_url,
            },
            indent=2,
        ),
        "",
        words.message("cli.world.use"),
        f"  export KUBECONFIG={shlex.quote(str(directory / KUBECONFIG))}",
        f"  set -a; . {shlex.quote(str(directory / AWS))}; set +a",
        "",
        *(f"  {line}" for line in tries[start]),
        "  aws sts get-caller-identity",
        "  aws s3 ls",
        "",
        words.message("cli.world.issuer"),
        f"  {issuer_command(simulation, simulation.world(_WORLD), directory / CA)}",
        "",
        words.message("cli.world.stop"),
    ]
