"""No secret of a cluster and an account reaches a browser: not by the websocket, in the HTML, the URL or a download.

In `make test`, `tests/screens/test_canaries.py` looks through all that the pages of live mode send, keep and fetch, and
`tests/contracts/test_canaries.py` through what is made of a diagnosis, which is what is saved.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import WebSocket

from app.commands.launch_addresses import ask
from app.flow.model import Step
from app.wiring import simulated
from app.world.lifecycle.simulation import Simulation
from app.world.setup.tool_files import KUBECONFIG, aws_environment, files
from tests import canaries
from tests.browser.server import Profiles, Reader, serving

pytestmark = [pytest.mark.browser, pytest.mark.large]
_ALL_HTML = """() => {
  const parts = [document.documentElement.outerHTML]
  const look = (root) => { for (const part of root.querySelectorAll("*"))
    if (part.shadowRoot) { parts.push(part.shadowRoot.innerHTML); look(part.shadowRoot) } }
  look(document)
  return parts.join("\\n")
}"""


@pytest.mark.parametrize(
    "steps",
    [(Step.TOKEN_MOUNT, Step.STS_ASSUME), tuple(Step)],
    ids=["tokens", "every"],
)
def test_nothing_that_a_browser_gets_or_sends_holds_a_secret(
    profiles: Profiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: tuple[Step, ...]
) -> None:
    with Simulation() as simulation:
        world = simulation.world("real")
        (tmp_path / KUBECONFIG).write_bytes(files(simulation, world)[KUBECONFIG])
        variables = aws_environment(simulation, world) | {
            "HOME": str(tmp_path),
            "KUBECONFIG": f"{tmp_path / KUBECONFIG}",
        }
        for name, text in variables.items():
            monkeypatch.setenv(name, text)
        frames: list[str] = []
        shown: list[str] = []
        with serving(tmp_path, by_command=True) as address:
            reader = Reader(profiles, address, locale="en-US")
            reader.page.goto(ask(urlsplit(address).port or 0))
            reader.hear("websocket", _listening(frames))
            try:
                _walk(reader, shown, steps)
            finally:
                reader.close()

        # What was a secret in all this: the kubeconfig's token, the keys, every session, every token's signature.
        cluster = simulated(simulation, world).cluster
        read = [
            cluster.execute("default", "pod-after", "aws-cli", ["cat", path]).stdout
            for path in (canaries.STS_TOKEN, canaries.API_TOKEN)
        ]
        secrets = canaries.of_world(world, read)
    assert len(secrets) > 8
    for places in (frames, shown):
        everything = "\n".join(places)
        assert canaries.found(secrets, everything) == []
        assert world.account_id in everything  # what is no secret is there


def _listening(seen: list[str]) -> Callable[[WebSocket], None]:
    def keep(payload: str | bytes) -> None:
        seen.append(payload if isinstance(payload, str) else payload.decode("latin-1"))

    def listen(opened: WebSocket) -> None:
        opened.on("framereceived", keep)
        opened.on("framesent", keep)

    return listen


def _walk(reader: Reader, seen: list[str], steps: tuple[Step, ...]) -> None:
    """Everything is allowed at the doctor's, the cluster surveyed, both files saved; then the steps, unfolded."""
    page = reader.open("/doctor?lang=en&mode=live&depth=3").page
    for action in ("dry_run", "read_token", "exchange", "s3"):
        reader.click(f"do_doctor_{action}")
        page.locator(f".st-key-do_doctor_{action}").wait_for(state="detached")
    reader.click("do_survey")
    reader.wait(".st-key-survey")
    for key in ("save", "report"):
        with page.expect_download() as download:
            reader.click(key)
        seen.append(Path(download.value.path()).read_text(encoding="utf-8"))
    seen.append(page.evaluate(_ALL_HTML))
    for step in steps:
        reader.turn_to(step).predict().unfold()
        seen += [page.evaluate(_ALL_HTML), page.url]
