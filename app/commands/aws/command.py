"""`aws`: puts a simulated AWS beside a real cluster while it runs, and removes what it wrote to the cluster."""

from __future__ import annotations

import secrets
import signal
import tempfile
import threading
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.aws import plan
from app.commands.aws.listening_address import gateway, is_address
from app.commands.doctor_sources import cannot
from app.commands.failure import CannotRun
from app.commands.help import command_of, lang_option
from app.commands.listening import check_machine, listen
from app.commands.rendering import print_lines
from app.content import Content, load
from app.flow.beside_cluster.objects import registration
from app.flow.beside_cluster.refusals import Refusal
from app.flow.errors import FlowError
from app.flow.model import Subject
from app.flow.object_names import check_names
from app.own_file import write
from app.settings import Settings
from app.starting import on_hang_up, wait_for_signal

if TYPE_CHECKING:
    from app.beside_cluster import Target, Writer
    from app.world.beside_cluster.servers import BesideCluster


def command(settings: Settings, words: Content) -> click.Command:
    """The command, in the language of the locale where `--lang` is not given."""

    def help_of(option: str) -> str:
        return words.message(f"cli.help.aws_{option}")

    @command_of("aws", words)
    @lang_option(settings, words)
    @click.option("--for", "context", required=True, metavar="CONTEXT", help=help_of("for"))
    @click.option("--namespace", "-n", "namespaces", multiple=True, help=help_of("namespace"))
    @click.option(
        "--service-account", default="my-sa", show_default=True, metavar="NAME", help=help_of("service_account")
    )
    @click.option("--listen", "address", default="", metavar="ADDRESS", help=help_of("listen"))
    @click.option("--reached-at", default="", metavar="ADDRESS", help=help_of("reached_at"))
    @click.option("--port", type=click.IntRange(0, 65535), default=0, help=words.message("cli.help.port"))
    @click.option("--yes", is_flag=True, help=help_of("yes"))
    @click.option("--undo", is_flag=True, help=help_of("undo"))
    def aws(
        context: str,
        namespaces: tuple[str, ...],
        service_account: str,
        address: str,
        reached_at: str,
        port: int,
        yes: bool,
        undo: bool,
        lang: str,
    ) -> None:
        reader = load(lang)
        try:
            if undo:
                _undo(context, reader)
                return
            if not namespaces:
                raise CannotRun(reader, "beside_no_namespace", got="--namespace")
            for namespace in namespaces:
                check_names(Subject(namespace=namespace, service_account=service_account, pod=""))
            for option, given in (("--listen", address), ("--reached-at", reached_at)):
                if given and not is_address(given):
                    raise CannotRun(reader, "beside_not_an_address", option=option, got=given)
            check_machine(reader)
            target = _target(context, namespaces, reader)
            with ExitStack() as stack:
                listens_on = address or gateway(context, reader)
                try:
                    listener = stack.enter_context(listen(listens_on, port, reader, option="--port"))
                except CannotRun as error:  # Docker Desktop's gateway is no address of this machine
                    if address or error.document["id"] != "cannot_listen":
                        raise
                    raise CannotRun(reader, "beside_no_address", got=error.document["got"]) from error
                from app.world.beside_cluster.servers import BesideCluster

                beside = stack.enter_context(
                    BesideCluster(
                        listener,
                        reached_at=reached_at or (gateway(context, reader) if is_wildcard(address) else listens_on),
                        issuer=target.found.issuer,
                        discovery=target.discovery,
                        jwks=target.jwks,
                        find_service_account=target.service_account,
                    )
                )
                unique = list(dict.fromkeys(namespaces))
                _beside(target, beside, context, unique, service_account, listens_on, reader, yes=yes)
        except FlowError as error:
            if error.code == "no_such_context":  # `cannot` would suggest `--context`
                raise CannotRun(reader, error.words, **error.values) from error
            raise cannot(error, reader) from error

    return aws


def is_wildcard(address: str) -> bool:
    """Whether the address stands for all addresses of this machine."""
    return ip_address(address).is_unspecified if address else False


def _target(context: str, namespaces: tuple[str, ...], words: Content) -> Target:
    """The cluster, if an AWS may be put beside it and the namespaces exist."""
    from app.beside_cluster import read_target

    target = read_target(context)
    if isinstance(target, Refusal):
        raise CannotRun(words, target.code, got=target.got)
    for namespace in namespaces:
        target.cluster.namespace(namespace)
    return target


def _beside(
    target: Target,
    beside: BesideCluster,
    context: str,
    namespaces: list[str],
    service_account: str,
    listens_on: str,
    words: Content,
    *,
    yes: bool,
) -> None:
    from app import beside_cluster

    # (1) The plan. It ends here without `--yes`.
    run = secrets.token_hex(8)
    document = registration(run, beside.webhook_url, beside.ca_pem)
    print_lines(plan.plan(document, namespaces, beside_cluster.earlier(target.cluster), target.found.host, words))
    print_lines(plan.exposure(listens_on, words))
    if not yes:
        print_lines(["", words.message("beside.not_applied")])
        return

    # (2) From here on a signal ends the command in good order. First the servers, then what leads to them.
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    on_hang_up(lambda *_: stop.set())
    _remove(target.cluster, "", words)
    beside.start(namespaces, service_account)
    with tempfile.TemporaryDirectory(prefix="irsa-explorer-aws-") as name:
        folder = Path(name)
        write(folder / plan.CA, beside.ca_pem)
        write(folder / plan.AWS_ENV, plan.environment(beside, folder).encode())
        beside_cluster.apply(target.cluster, document, namespaces)
        try:
            print_lines(["", *plan.instructions(beside, folder, context, namespaces, service_account, words)])
            wait_for_signal(stop)
        finally:
            # (3) Without these servers the registration leads nowhere.
            try:
                _remove(target.cluster, run, words)
            except FlowError as error:
                below = [(words.message("beside.try_again"), plan.undo_command(context))]
                raise CannotRun(words, error.words, below, **error.values) from error


def _undo(context: str, words: Content) -> None:
    """Removes what any earlier run has left in the cluster of a context."""
    from app import wiring
    from app.beside_cluster import earlier
    from app.wiring import Choice

    cluster = wiring.writer(Choice(context=context))
    if not _remove(cluster, "", words):
        print_lines([words.message("beside.nothing_left")])
    if left := earlier(cluster):
        raise CannotRun(words, "beside_left", got=", ".join(left))


def _remove(cluster: Writer, run: str, words: Content) -> bool:
    """Prints what it has removed; returns whether there was anything."""
    from app.beside_cluster import undo

    removed = list(undo(cluster, run))  # remove all of it before a word is printed, which may fail
    print_lines(words.message("beside.removed", what=text) for text in removed)
    return bool(removed)
