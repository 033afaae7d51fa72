"""`serve`: the pages, by uvicorn."""

from __future__ import annotations

import contextlib
import gc
import ipaddress
import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import click

from app import __version__
from app.addresses import in_url, is_loopback
from app.commands import launch_addresses
from app.commands.failure import COULD_NOT_RUN, CannotRun, unusable_settings, wrong_folders
from app.commands.help import address_options, command_of
from app.commands.listening import listen, simulating
from app.commands.usage_errors import PathType
from app.commands.world import check_ports, made, open_state, prepare, tool_lines
from app.content import Content
from app.own_commands import AS_MODULE
from app.own_folder import remove_all
from app.serving import logs
from app.serving.launch import LAUNCH
from app.serving.operations import log_events, log_lines
from app.serving.operations.stopping import STOPPING
from app.settings import Network, Settings, offer_missions, serve_on, show_world_of
from app.starting import on_hang_up
from app.world.setup.tool_files import STATE


def command(settings: Settings, words: Content) -> click.Command:
    """The command, with the defaults that the environment gives."""

    @command_of("serve", words)
    @address_options(settings, words)
    @click.option(
        "--missions",
        "missions_folder",
        type=PathType(exists=True, file_okay=False),
        help=words.message("cli.help.missions"),
    )
    @click.option("--print-address", is_flag=True, help=words.message("cli.launch.print_address"))
    @click.option("--dir", "directory", type=PathType(path_type=Path), help=words.message("cli.help.serve_dir"))
    @click.option("--fresh", is_flag=True, help=words.message("cli.help.fresh"))
    def serve(
        host: str,
        port: int,
        missions_folder: str | None,
        print_address: bool,
        directory: Path | None,
        fresh: bool,
    ) -> None:
        if print_address:
            address = launch_addresses.ask(port)
            if not address:
                raise CannotRun(words, "no_server_to_ask", got=port)
            click.echo(address)
            return
        # (1) Report wrong settings, all together, and what the machine lacks, before anything slow is loaded.
        overridden = {"IRSA_MISSIONS_DIR": missions_folder, "IRSA_STATE_DIR": directory, "IRSA_WORLD_DIR": directory}
        if wrong := [it for it in wrong_folders(settings, words) if not overridden[it.variable]]:
            raise unusable_settings(wrong, words)
        with simulating(words):
            tempfile.gettempdir()  # raises where no folder can be written
        if missions := missions_folder or settings.missions:
            _offer(missions, words)
        # (2) Take the port before anything slow is loaded: a taken port is reported at once.
        with (
            uncollected(),
            listen(host, port, words, option=f"{AS_MODULE} serve --port") as listener,
            keeping(settings, words, directory, fresh=fresh),
        ):
            # (3) Load the application and serve until a signal comes.
            run(listener, words, settings.trusted_proxies)

    return serve


def _offer(folder: str, words: Content) -> None:
    """Loads a teacher's missions, and reports what is wrong with them before anything is served."""
    from app.content import missions

    try:
        missions.offered(folder)
    except missions.UNREADABLE as error:
        raise CannotRun(words, "malformed_missions", got=error) from None
    offer_missions(folder)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Inside, Python looks for no garbage until `warm_up` has ended, because hardly anything that a start loads is
    dropped again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextlib.contextmanager
def keeping(settings: Settings, words: Content, directory: Path | None, *, fresh: bool) -> Iterator[None]:
    """Inside, the pages keep the worlds that the options or the environment name. Raises `CannotRun`."""
    if directory is None and settings.world_dir:
        directory = Path(settings.world_dir)
    if directory is not None:
        directory = made(directory, words)
    elif not settings.state_dir:
        if fresh:
            raise CannotRun(words, "nothing_to_throw_away")
        yield
        return
    from app.world.saved.keeping import Keeping, hand_on

    kept_in = directory / STATE if directory else Path(settings.state_dir)
    with open_state(kept_in, words, fresh=fresh, alone=directory is not None) as state:
        check_ports(state, words)
        if directory is not None:
            prepare(directory, words)
            show_world_of(str(directory))
        hand_on(Keeping(state=state, tools=directory))
        yield


def run(listener: socket.socket, words: Content, trusted_proxies: Sequence[Network] = ()) -> None:
    """Serves the pages on `listener` until a signal comes, then stops in good order (`app.serving.operations`).

    Open pages are closed within two seconds after what was under way has ended.
    """
    import uvicorn

    from app.serving.transport import uvicorn_settings
    from app.serving.transport.connections import take_little_ahead

    host, port = listener.getsockname()[:2]
    serve_on(host)  # live mode and the console depend on `--host`, too
    take_little_ahead(listener)
    settings = Settings.from_environment()
    takes_secret = settings.takes_launch_secret()

    def new_address() -> str:
        """The address to open: where live mode or the console may be used, one that opens them, once."""
        return url_of(host, port) + (LAUNCH.new_path() if takes_secret else "")

    def say(text: str) -> None:
        """Prints for the person at the terminal. If the output is full, the server goes on, and reports that once."""
        try:
            click.echo(text)
        except CannotRun as error:
            with contextlib.suppress(CannotRun):  # standard error may be full as well
                error.show()
                click.echo(words.message("cli.serve.unheard", port=port), err=True)

    class Server(uvicorn.Server):
        """Prints its address once it answers, and gives new addresses until it ends."""

        offers = contextlib.AsyncExitStack()

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if not self.started:
                return
            logs.bound(logs.BoundedRecords())  # from now on the requests of strangers cause the records
            log_events.write("started", host=host, port=port, version=__version__)
            if self.should_exit:  # a signal came meanwhile: uvicorn shuts down next
                return
            await self.offers.enter_async_context(launch_addresses.offered(port, new_address))
            by_key = takes_secret and sys.stdin is not None and sys.stdin.isatty()
            for text in _greeting(new_address(), host, settings.world_dir, words, by_key=by_key):
                say(text)
            if by_key:
                launch_addresses.on_enter(sys.stdin.fileno(), lambda: say(new_address()))

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            """The first signal lets the work in progress end, the second ends it. No signal is raised again
            afterwards."""
            if STOPPING.has_just_begun():
                return
            if self.should_exit:
                STOPPING.end_all()
                remove_all()
                os._exit(128 + sig)  # no thread, whatever it waits for, keeps the process
            self.should_exit = True
            STOPPING.begin()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            if STOPPING.left():
                say(words.message("cli.serve.stopping", seconds=settings.stop_seconds))
            await STOPPING.wait(settings.stop_seconds)
            await self.offers.aclose()
            await super().shutdown(sockets)
            log_events.write("stopped")

    config = uvicorn.Config(
        "app.server:app",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
        **uvicorn_settings.of_pages(trusted_proxies),
    )
    if settings.log:
        log_lines.write_as(settings.log)
    server = Server(config)
    on_hang_up(server.handle_exit)  # uvicorn itself does so with SIGINT and SIGTERM
    server.run(sockets=[listener])
    if not server.started:
        sys.exit(COULD_NOT_RUN)


def _greeting(url: str, host: str, directory: str, words: Content, *, by_key: bool) -> Iterator[str]:
    """What is printed once the pages answer. `by_key`: whether a key brings another address."""
    yield words.message("cli.serve.ready", url=url)
    if directory:
        yield words.message("cli.serve.world")
        yield from tool_lines(Path(directory))
    if not is_loopback(host):
        yield words.message("cli.serve.exposed", host=in_url(host))
    if by_key:
        yield words.message("cli.launch.again")
    yield words.message("cli.serve.stop")


def url_of(host: str, port: int) -> str:
    """The address for a browser on this machine: an unspecified address is reached through loopback."""
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
    return f"http://{in_url(str(address))}:{port}"
