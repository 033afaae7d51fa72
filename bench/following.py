"""From the end of a command in a terminal to the changed map in an open browser, and what a page costs that is idle.

Twenty pages of one browser are open on one world: one in Chromium, the others as raw clients, which do what the script
of the feed does: they listen at `/events`, and run their page again a moment after something has changed.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect, sync_playwright
from websockets.asyncio.client import connect
from websockets.typing import Origin

from bench.report import figure, median_ms, p95, spread, title
from bench.served import Served, served
from tests.attack.client import Page
from tests.browser.server import ARGUMENTS, CHROMIUM, PATIENCE, Profiles, Reader

PAGES = 20
WARM_UP, ROUNDS = 2, 20
SETTLE_SECONDS, IDLE_SECONDS = 5.0, 20.0
OTHERS_SECONDS = 0.3
"""After which a tab follows that the reader did not touch last: `others` in `assets/scripts/feed.js`."""
ROLE = "eks.amazonaws.com/role-arn"

CHANGED = """() => {
  const find = (root) => {
    for (const part of root.querySelectorAll("*")) {
      if (part.matches(".root.film")) return part
      const within = part.shadowRoot && find(part.shadowRoot)
      if (within) return within
    }
  }
  const film = find(document), before = film.dataset.film
  window.changed = new Promise((done) => {
    const look = () => (film.dataset.film !== before ? done(Date.now()) : requestAnimationFrame(look))
    look()
  })
}"""
"""Waits for the frame in which the map has another film."""


def main() -> None:
    """Prints both figures."""
    kubectl = shutil.which("kubectl")
    if not Path(CHROMIUM).exists() or kubectl is None:
        title("Following a terminal: not measured, Chromium or kubectl is not installed")
        return
    with tempfile.TemporaryDirectory() as directory, served(Path(directory)) as server:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            reader = Reader(Profiles(browser), server.address)
            terminal = {**os.environ, "HOME": directory, "KUBECONFIG": kubeconfig(reader)}
            reader.open("/service_account?lang=ja").predict()
            cookies = "; ".join(f"{each['name']}={each['value']}" for each in reader.context.cookies())
            with followers(server, cookies, PAGES - 1):
                for number in range(WARM_UP):
                    changed(reader, kubectl, terminal, number)
                before = server.cpu_seconds()
                times = [changed(reader, kubectl, terminal, number) for number in range(ROUNDS)]
                busy = (server.cpu_seconds() - before) / ROUNDS
                time.sleep(SETTLE_SECONDS)
                before = server.cpu_seconds()
                time.sleep(IDLE_SECONDS)
                idle = (server.cpu_seconds() - before) / IDLE_SECONDS / PAGES
            reader.close()
            browser.close()
    title(f"Following a terminal ({PAGES} pages open on one world, {ROUNDS} commands)")
    figure(
        "end of `kubectl annotate`, until the map changes, p95", p95(times) * 1e3, "ms", target=1000, note=spread(times)
    )
    figure("... median", median_ms(times), "ms")
    figure("CPU time of the server for a change, all pages together", busy * 1e3, "ms")
    figure("CPU time of the server for an idle page, a second", idle * 1e3, "ms", target=1)


def kubeconfig(reader: Reader) -> str:
    """The path of the file that a page hands out for the reader's world."""
    reader.open("/service_account?lang=ja&depth=3").predict().click("write_files")
    said = reader.page.locator(".st-key-recompute_written pre").inner_text()
    found = re.search(r"KUBECONFIG=(\S+)", said)
    if found is None:
        raise SystemExit(f"the page names no kubeconfig: {said}")
    return found[1]


def changed(reader: Reader, kubectl: str, terminal: dict[str, str], number: int) -> float:
    """Takes the annotation away, or writes it again; seconds from there until the map in Chromium shows it."""
    role = f"{ROLE}=arn:aws:iam::{reader.account.inner_text()}:role/s3-reader" if number % 2 else f"{ROLE}-"
    reader.wait().page.evaluate(CHANGED)
    command = [kubectl, "annotate", "--overwrite", "serviceaccount", "my-sa", role]
    subprocess.run(command, env=terminal, check=True, capture_output=True, timeout=PATIENCE)  # noqa: S603
    ended = time.time()
    seen = reader.page.evaluate("() => window.changed") / 1e3
    expect(reader.page.locator('[data-testid="stApp"]')).to_have_attribute("data-test-script-state", "notRunning")
    time.sleep(1.0)  # all pages have followed
    return max(seen - ended, 0.0)


@contextmanager
def followers(server: Served, cookies: str, count: int) -> Iterator[None]:
    """So many more pages of the browser, open and followed in a thread of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    ready = [asyncio.Event() for _ in range(count)]
    tasks = [asyncio.run_coroutine_threadsafe(follow(server, cookies, each), loop) for each in ready]
    for each in ready:
        asyncio.run_coroutine_threadsafe(each.wait(), loop).result(PATIENCE)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(2), loop).result()  # they close their connections
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)


async def follow(server: Served, cookies: str, ready: asyncio.Event) -> None:
    """One page that follows, until it is cancelled."""
    page = await Page(server, "service_account", "lang=ja", cookies=cookies).open()
    socket = connect(
        f"ws://127.0.0.1:{server.port}/events",
        origin=Origin(server.address),
        additional_headers={"Cookie": cookies},
        proxy=None,
    )
    try:
        async with socket as events:
            ready.set()
            while True:
                said = json.loads(await events.recv())
                if any(event["changes"] for event in said.get("events", ())):
                    await asyncio.sleep(OTHERS_SECONDS)
                    await page.run()
    finally:
        await page.close()


if __name__ == "__main__":
    main()
