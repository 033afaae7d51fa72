"""From the command to the first page: a fresh `serve` process, and a session that asks for the page like a browser."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from urllib.parse import urlsplit

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

from bench.report import figure, title

RUNS = 5
_AS_USUAL = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""What Python has compiled once it finds again, whatever this shell says: else each start compiles our modules first,
which takes half a second and more."""


def main() -> None:
    """Prints the medians of `RUNS` starts, each beside an import of Streamlit alone; one before them compiles."""
    start_once()
    ready, first, worked, imports = [], [], [], []
    for _ in range(RUNS):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import streamlit"], check=True, env=_AS_USUAL)
        imports.append(time.perf_counter() - begin)
        until_ready, until_page, busy = start_once()
        ready.append(until_ready)
        first.append(until_page)
        worked.append(busy)
    title(f"Start (median of {RUNS} fresh processes)")
    figure("python -m app serve answers", statistics.median(ready), "s")
    figure("... and the first page is complete", statistics.median(first), "s", target=1.5)
    figure("... CPU time of the process until then", statistics.median(worked), "s")
    ratio = statistics.median(whole / alone for whole, alone in zip(first, imports, strict=True))
    figure("... as a multiple of `import streamlit` in a process", ratio, "x")


def start_once() -> tuple[float, float, float]:
    """Seconds from the start of a process: until it is ready, until its first page is there, and worked till then."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "app", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_AS_USUAL) as server:  # noqa: S603
        try:
            assert server.stdout is not None  # noqa: S101 - for the type checker
            address = urlsplit(server.stdout.readline().rpartition(" ")[2].strip()).netloc  # it has a launch address
            ready = time.perf_counter() - begin
            asyncio.run(asyncio.wait_for(first_page(address), timeout=60))
            until_page = time.perf_counter() - begin
            times = psutil.Process(server.pid).cpu_times()
            return ready, until_page, times.user + times.system
        finally:
            server.terminate()


async def first_page(address: str) -> None:
    """Opens a session and waits until its script has finished. Raises where the page shows an exception."""
    socket = connect(
        f"ws://{address}/_stcore/stream", subprotocols=["streamlit"], max_size=None, origin=f"http://{address}"
    )
    async with socket as session:
        request = BackMsg()
        request.rerun_script.query_string = "lang=ja"
        request.rerun_script.context_info.locale = "ja-JP"
        request.rerun_script.context_info.url = f"http://{address}/"
        await session.send(request.SerializeToString())
        while True:
            message = ForwardMsg()
            message.ParseFromString(await session.recv())
            kind = message.WhichOneof("type")
            if kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
                raise RuntimeError(message.delta.new_element.exception.message)
            if kind == "script_finished":
                if message.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
                    raise RuntimeError("the page's script did not finish")
                return


if __name__ == "__main__":
    main()
