"""Imports what a command of the AWS CLI imports, and forks for each command. Runs in the environment of the AWS CLI."""

import contextlib
import gc
import importlib
import marshal
import os
import signal
import socket
import sys
import traceback
from functools import cache

import awscli
import awscli.clidriver
import awscli.handlers
from botocore import hooks, session  # the one inside the AWS CLI
from botocore.exceptions import UnknownServiceError
from known_events import remember

SERVICES = ("cloudtrail", "eks", "iam", "organizations", "s3", "sts")
"""Those that tests ask most."""


def know() -> None:
    """Finds out what each command would again: what the services are like, and which handlers there are."""
    remember(hooks)
    session.create_loader = cache(session.create_loader)
    loader = awscli.clidriver.create_clidriver().session.get_component("data_loader")
    for service in SERVICES:
        for kind in ("service-2", "paginators-1", "waiters-2", "endpoint-rule-set-1"):
            with contextlib.suppress(UnknownServiceError):  # not each has all
                loader.load_service_model(service, kind)
    for name in ("endpoints", "partitions"):
        loader.load_data(name)
    gc.disable()  # a collection writes to all that a command shares with this process


def serve(address: str) -> None:
    """Says that it is ready, then answers until it is ended."""
    know()
    signal.signal(signal.SIGCHLD, reap)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(16)
        print("ready", flush=True)  # noqa: T201
        while True:
            caller, _ = listening.accept()
            with caller:
                if os.fork() == 0:
                    answer(caller)


def reap(*_: object) -> None:
    """Takes note of the children that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def answer(caller: socket.socket) -> None:
    """Becomes the caller's `aws`."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    status = 1
    try:
        _, streams, _, _ = socket.recv_fds(caller, 1, 3)
        with caller.makefile("rb") as sent:
            sys.argv, environment, directory = marshal.loads(sent.read())  # noqa: S302
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(directory)
        os.environ.clear()
        os.environ.update(environment)
        importlib.reload(awscli)  # it sets a variable
        status = awscli.clidriver.main()
    except SystemExit as ended:
        status = ended.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        caller.sendall(bytes([status or 0]))
        os._exit(0)


serve(sys.argv[1])
