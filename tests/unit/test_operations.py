"""A server as its operator sees it: probes, metrics, log, and how it stops. A real process, a page, a command."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime

import httpx
import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.content import load
from app.own_folder import PREFIX
from app.serving.operations.stopping import ONE_STOP_SECONDS
from tests.attack.client import Page, raw
from tests.attack.server import ROOT, Target
from tests.waiting import SECONDS, eventually

TOKEN = "a-token-of-the-monitoring"
WATCH = "kubectl get pods -A -w"
KUBECTL = shutil.which("kubectl")
needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="no kubectl on the PATH")


class Reader:
    """A reader with a launch cookie, an open page and a console."""

    def __init__(self, server):
        self.server = server
        self.client = httpx.Client(base_url=server.address, timeout=SECONDS, trust_env=False)
        launched = self.client.get(server.url.removeprefix(server.address))
        assert launched.status_code == 303
        self.client.get("/", headers={"accept": "text/html"}).raise_for_status()
        self.cookies = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    @asynccontextmanager
    async def present(self):
        """Has both open; the server does not always close the console before the test's event loop ends."""
        self.page = await Page(self.server, query="lang=ja", cookies=self.cookies).open()
        try:
            async with connect(
                f"ws://127.0.0.1:{self.server.port}/console?lang=en",
                origin=self.server.address,
                additional_headers={"Cookie": self.cookies},
                proxy=None,
                open_timeout=SECONDS,  # the programs are looked for
            ) as self.console:
                yield
        finally:
            await self.page.close()

    async def type(self, text, until):
        await self.console.send(json.dumps({"type": "run", "number": 1, "text": text}))
        return await self.hear(until)

    async def hear(self, kind):
        while True:
            frame = json.loads(await asyncio.wait_for(self.console.recv(), SECONDS))
            if frame["type"] == kind:
                return frame

    async def hears(self, sentence):
        """Whether Streamlit's messages to the open page have the sentence in them before the connection ends."""
        found = b""
        with contextlib.suppress(ConnectionClosed):
            while sentence.encode() not in found:
                found += await asyncio.wait_for(self.page._socket.recv(), SECONDS)
        return sentence.encode() in found

    def get(self, path, **headers):
        return self.client.get(path, headers=headers)


@contextmanager
def serving(folder, **variables):
    (folder / "bin").mkdir()
    (folder / "bin" / "kubectl").symlink_to(KUBECTL)  # without aws, which takes a second to say its version
    # The folder has a short name: a socket's address is in it.
    with (
        tempfile.TemporaryDirectory(prefix="served-", ignore_cleanup_errors=True) as temporary,
        (folder / "log").open("wb") as log,
    ):
        (folder / "temporary").symlink_to(temporary)
        environment = {**os.environ, "PATH": str(folder / "bin"), "TMPDIR": temporary, "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--port", "0"],
            cwd=ROOT, env={**environment, "IRSA_LOG": "json", **variables},
            stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        with process:
            try:
                line = process.stdout.readline()
                yield Target(process, folder, re.search(r"http://\S+", line)[0])
            finally:
                process.kill()


def lines(server):
    """The log: each line of it is JSON."""
    return [json.loads(line) for line in server.log.splitlines()]


def commands(server):
    """The processes of consoles."""
    return [child for child in psutil.Process(server.process.pid).children(recursive=True) if "-w" in child.cmdline()]


@needs_kubectl
@pytest.mark.cli
def test_a_server_with_a_page_and_a_command_and_two_signals(tmp_path):
    with serving(tmp_path, IRSA_METRICS_TOKEN=TOKEN) as server:
        with Reader(server) as reader:
            asyncio.run(used_and_stopped(server, reader))
        said = lines(server)
        assert server.process.wait(SECONDS) == 128 + signal.SIGTERM
        assert list((tmp_path / "temporary").glob(f"{PREFIX}*/*")) == []
    events = [line["event"] for line in said]
    assert events[0] == "started"
    assert {"session_opened", "socket_opened", "stopping", "refused"} <= set(events)
    for line in said:
        assert datetime.fromisoformat(line["time"]).utcoffset().total_seconds() == 0
        assert line["level"] == ("info" if line["event"] != "log" else "warning")
    assert [line["message"] for line in said if line["event"] == "log"] == ["Invalid HTTP request received."]
    (launched,) = (line for line in said if line.get("status") == 303)
    assert launched["path"] == "/launch/***"
    (asked,) = (line for line in said if "token" in line.get("query", ""))
    assert asked["query"] == "lang=***&token=***"
    probed = [line["status"] for line in said if line.get("path") in ("/healthz", "/readyz", "/metrics")]
    assert set(probed) == {404, 503}, "a probe or a scrape that went well has no line"
    secrets = [server.url.rpartition("/")[2], *reader.client.cookies.values(), "eyJhbGciOi", TOKEN]
    assert not [secret for secret in secrets if secret in server.log]


async def used_and_stopped(server, reader):
    async with reader.present():
        await _used_and_stopped(server, reader)


async def _used_and_stopped(server, reader):
    assert reader.get("/?lang=en&token=eyJhbGciOi").status_code == 200
    assert (await raw(server.port, [b"no HTTP\r\n\r\n"])).status == 400
    # (1) The probes and the metrics of a server that is used.
    assert (reader.get("/healthz").text, reader.get("/readyz").json()["ready"]) == ("ok\n", True)
    now = metrics(reader.get("/metrics").text)
    assert now['irsa_sessions{state="open"}'] == now["irsa_worlds"] == 1
    assert now['irsa_walks_total{mode="simulated",outcome="works"}'] == now["irsa_walk_seconds_count"] >= 1
    assert now["irsa_page_seconds_count"] >= 1
    assert now["process_resident_memory_bytes"] > 10**7
    assert reader.get("/metrics", **{"x-forwarded-for": "192.0.2.7"}).status_code == 404
    elsewhere = {"x-forwarded-for": "192.0.2.7", "authorization": f"Bearer {TOKEN}"}
    assert reader.get("/metrics", **elsewhere).status_code == 200
    await reader.type(WATCH, until="output")
    assert metrics(reader.get("/metrics").text)['irsa_under_way{kind="command"}'] == 1
    # (2) The page comes back before the server knows that its connection is gone: that one ends, and nothing is logged.
    before, session = reader.page._socket, reader.page.session
    await reader.page.open()
    assert reader.page.session == session
    await asyncio.wait_for(before.wait_closed(), SECONDS)
    # (3) The first signal: the pages hear of it, nothing new begins, and the command goes on.
    server.process.send_signal(signal.SIGTERM)
    heard = asyncio.create_task(reader.hears(load("ja").message("restart.gone")))
    eventually(lambda: reader.get("/readyz").status_code == 503)
    assert reader.get("/readyz").json()["checks"] == [
        {"check": "stopping", "ok": False, "got": "yes", "expected": "no"}
    ]
    assert reader.get("/healthz").status_code == 200
    refused = reader.get("/token_mount", accept="text/html")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
    assert load("ja").message("serving.stopping.title") in refused.text
    with pytest.raises(InvalidStatus):
        await Page(server, cookies=reader.cookies).open()
    answer = await reader.type(WATCH, until="refused")
    assert answer["text"] == load("en").message("console.refused.stopping")
    assert metrics(reader.get("/metrics").text)['irsa_refusals_total{reason="stopping"}'] == 2
    assert await heard
    running = commands(server)
    assert running
    # (4) The second one ends it, and the command with it.
    await asyncio.sleep(ONE_STOP_SECONDS)
    server.process.send_signal(signal.SIGTERM)
    eventually(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in running))


@needs_kubectl
@pytest.mark.cli
def test_a_stop_that_has_waited_ends_commands_and_keeps_the_worlds(tmp_path):
    async def waited_for(reader):
        async with reader.present():
            await reader.type(WATCH, until="output")
            running.extend(commands(server))
            server.process.send_signal(signal.SIGTERM)
            assert await reader.hears(load("ja").message("restart.kept"))
            await reader.console.wait_closed()  # who leaves ends its command

    running = []
    with serving(tmp_path, IRSA_STATE_DIR=str(tmp_path / "state"), IRSA_STOP_SECONDS="1") as server:
        with Reader(server) as reader:
            asyncio.run(waited_for(reader))
        assert server.process.wait(SECONDS) == 0
        (waited,) = (line for line in lines(server) if line["event"] == "stopped_waiting")
    assert (waited["left"], lines(server)[-1]["event"]) == (1, "stopped")
    assert waited["seconds"] >= 1
    assert running
    assert not any(child.is_running() for child in running)
    assert len(list((tmp_path / "state" / "worlds").iterdir())) == 1


def metrics(text):
    found = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in found}
