"""What holds for every test: how hypothesis searches, that CI skips nothing it can run, and that signals are heard."""

import gc
import os
import signal
import tempfile
from pathlib import Path

import pytest
from botocore import hooks
from xdist.scheduler import LoadFileScheduling
from xdist.scheduler.protocol import Scheduling

from app.world import keys
from app.world.metering import payer
from tests.aws_cli import imported_aws
from tests.aws_cli.known_events import remember
from tests.examples import load_profiles
from tests.private_keys import stock_private_keys

load_profiles()

# A shell that runs us in the background has SIGINT ignored, and `nohup` SIGHUP; the servers that tests start and end
# would inherit that. They do not inherit a handler, so under `nohup` this process still outlives its terminal.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:  # it is not on Windows
    signal.signal(signal.SIGHUP, lambda *_: None)

remember(hooks)

# A command of kubectl lasts 65 ms, 13 of which it collects garbage.
os.environ.setdefault("GOGC", "400")

# Half a million objects come into being until all tests are collected, and stay: each full collection looks at all of
# them, two seconds in all.
gc.disable()

_MUST_RUN = ("browser", "cli", *(["live"] if os.environ.get("KUBEBUILDER_ASSETS") else []))
"""Markers of tests that need programs which apt and pip bring; of `live`, for which somebody must bring them."""

_OF_A_CLUSTER = "tests/live"
"""The folder whose tests share a real cluster."""


def pytest_collection_finish() -> None:
    """What has been collected is never garbage: no collection looks at it any more, and few are needed."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


class _ByFile(LoadFileScheduling):
    """A file at a time to each worker, and to one all that share the real cluster: else each would start one."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return _OF_A_CLUSTER if file.startswith(f"{_OF_A_CLUSTER}/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling | None:
    """Under `--dist loadfile`; anything else is as it is."""
    return _ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session", autouse=True)
def stock_of_private_keys():
    """Worlds share their RSA keys."""
    make = stock_private_keys()
    yield
    keys._new_private_key = make


@pytest.fixture(autouse=True)
def no_payer_left_behind():
    """A test that asks for a reader's walk itself, on no thread of a page, has that reader pay for all that follows in
    this process: worlds of later tests would share a budget that is used up sooner or later.
    """
    yield
    payer.set(None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """In CI as root, where `make test` installs the programs, a skipped `browser` or `cli` test is a failure."""
    report = yield
    must_run = any(item.get_closest_marker(marker) for marker in _MUST_RUN)
    if report.skipped and not hasattr(report, "wasxfail") and must_run and _programs_are_installed_here():
        report.outcome = "failed"
        report.longrepr = f"Skipped where `make test` installs what it needs: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def aws_on_path():
    """A directory for the `PATH` with the real `aws`, which starts in a quarter of the time that the program takes."""
    with tempfile.TemporaryDirectory(prefix="aws-") as folder, imported_aws(Path(folder)) as found:
        yield found


def _programs_are_installed_here() -> bool:
    return os.environ.get("CI") == "true" and os.geteuid() == 0
