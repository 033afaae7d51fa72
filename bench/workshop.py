"""The participants' part of the workshop by a script at a person's speed: the minutes of each part, in each language.

It really waits: for as long as what is new on a page takes to read, for each key that is typed, for each film. It takes
the better half of an hour, so `python -m bench` leaves it out: `python -m bench.workshop en ja`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
from playwright.sync_api import Page, expect, sync_playwright

from app.commands.launch_addresses import ask
from app.content import LANGUAGES, Content, load
from app.flow.build.tasks import TaskId
from app.flow.lessons.workshop import PARTS, Part
from app.flow.model import Step
from bench.report import figure, title
from bench.served import served
from tests.browser.server import ARGUMENTS, CHROMIUM, DESK, PATIENCE

WORDS_A_MINUTE, CHARACTERS_A_MINUTE = 200, 500
"""How fast a person reads English, and Japanese."""
KEY_SECONDS = 0.2
CLICK_SECONDS = 1.5
"""From the decision to the click."""
GLANCE_SECONDS = 60.0
"""The longest look at a page that is not read from end to end: evidence, a verdict, a sheet."""
TYPED = (TaskId.LOOK_AROUND, TaskId.ISSUER, TaskId.SERVICE_ACCOUNT, TaskId.BUCKETS)
"""The tasks that are typed in the console; the others are sent by their button."""
_NEW = (Path(__file__).with_name("workshop.js")).read_text(encoding="utf-8")


class Participant:
    """One person at one browser, who reads everything new and makes no mistake."""

    def __init__(self, page: Page, address: str, content: Content) -> None:
        self.page, self.address, self.content = page, address, content
        self._read: set[str] = set()

    def open(self, page: str, **params: str) -> None:
        """By the link in the plan."""
        query = "&".join(f"{name}={text}" for name, text in {"lang": self.content.language, **params}.items())
        self.page.goto(f"{self.address}/{'' if page == 'home' else page}?{query}")
        self.wait()

    def wait(self) -> None:
        """Until the page is there."""
        expect(self.page.locator("h1").first).to_be_visible()
        expect(self.page.locator('[data-testid="stApp"]')).to_have_attribute("data-test-script-state", "notRunning")
        self.page.wait_for_timeout(400)

    def read(self, *, longest: float = 600.0) -> None:
        """Reads what was not on a page before."""
        new = [line for line in self.page.evaluate(_NEW) if line not in self._read]
        self._read.update(new)
        text = " ".join(new)
        wide = sum(sign > "\u2e80" for sign in text)
        words = len([word for word in text.split() if word.isascii()])
        self.page.wait_for_timeout(1000 * min(longest, 60 * (wide / CHARACTERS_A_MINUTE + words / WORDS_A_MINUTE)))

    def press(self, selector: str) -> None:
        """Clicks on the first of these that is seen."""
        self.page.wait_for_timeout(1000 * CLICK_SECONDS)
        self.page.locator(f"{selector}:visible").first.click()
        self.page.wait_for_timeout(300)
        self.wait()

    def watch(self) -> None:
        """Plays the film on the page, where it does not play by itself, until it has ended."""
        player = self.page.locator(".film-play:visible").first
        if player.get_attribute("data-shows") != "pause":
            player.click()
        self.page.wait_for_function(
            "button => button.dataset.shows === 'play'", arg=player.element_handle(), timeout=180_000
        )

    def type(self, commands: str) -> None:
        """Types the lines in the console, each when the one before has ended."""
        self.page.get_by_role("tab", name=self.content.message("build.way_console")).click()
        line = self.page.get_by_label(self.content.message("console.page.line"), exact=True)
        expect(self.page.locator(".console-state")).to_contain_text("kubectl 1.")
        for command in commands.splitlines():
            line.click()
            self.page.keyboard.type(command, delay=1000 * KEY_SECONDS)
            self.page.keyboard.press("Enter")
            expect(line).to_have_value("")
            expect(self.page.locator(".entry-buttons button:visible")).to_have_count(0)

    # The parts.

    def opening(self, part: Part) -> None:
        self.open(part.page)
        self.read(longest=GLANCE_SECONDS)
        self.watch()

    def steps(self, part: Part) -> None:
        self.open(part.page, **part.params)
        for number, _ in enumerate(Step, 1):
            self.read()
            self.press(".st-key-predict label:has(input)")
            self.press('.st-key-predict [data-testid="stBaseButton-primary"]')
            self.watch()
            self.read()
            if number < len(Step):
                self.press(".st-key-next button")

    def trust(self, part: Part) -> None:
        self.open(part.page)
        self.press(".st-key-build_begin button")
        self._tasks(TaskId.LOOK_AROUND, TaskId.ISSUER, TaskId.PROVIDER, TaskId.ROLE)

    def pod(self, part: Part) -> None:
        self.open(part.page)
        self._tasks(TaskId.SERVICE_ACCOUNT, TaskId.POD_AFTER, TaskId.BUCKETS)

    def _tasks(self, *tasks: TaskId) -> None:
        for task in tasks:
            expect(self.page.locator(f".st-key-build_task_{task} h2:visible")).to_be_visible()
            self.read()
            if task in TYPED:
                self.type(self.page.locator(f".st-key-build_commands_{task} pre").first.inner_text())
            else:
                self.page.get_by_role("tab", name=self.content.message("build.way_do")).click()
                self.press(".st-key-build_do button")
                self.read(longest=GLANCE_SECONDS / 2)
            done = self.page.locator(".tasks .done")
            expect(done).to_have_count(list(TaskId).index(task) + 1)
            next_task = self.page.locator(".st-key-build_next button:visible")
            if next_task.count() and task is not tasks[-1]:
                self.press(".st-key-build_next button")

    def break_(self, part: Part) -> None:
        self.open(part.page, **part.params)
        self.read()
        self.press(".st-key-lab_step_F21 label:has(input)")
        self.press(".st-key-lab_text_F21 label:has(input)")
        self.press(".st-key-lab_run button")
        self.watch()
        self.read(longest=2 * GLANCE_SECONDS)
        self.press(".st-key-lab_revert button")
        self.read(longest=GLANCE_SECONDS)
        self.press(".st-key-lab_leave button")

    def doctor(self, part: Part) -> None:
        self.open(part.page)
        self.press(".st-key-lab_surprise button")
        self.read(longest=GLANCE_SECONDS)
        self.open("doctor")
        self.read(longest=GLANCE_SECONDS)
        self.open(part.page)
        self.press(".st-key-lab_give_up button")
        self.read(longest=GLANCE_SECONDS / 2)
        self.press(".st-key-lab_revert button")

    def close(self, part: Part) -> None:
        self.open(part.page)
        self.read(longest=GLANCE_SECONDS)


def rehearse(language: str) -> tuple[dict[str, float], float]:
    """The minutes of each part, and the CPU seconds of the server with the commands that it ran."""
    with (
        tempfile.TemporaryDirectory() as directory,
        served(Path(directory), by_command=True) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": DESK[0], "height": DESK[1]})
        context.set_default_timeout(PATIENCE * 1000)
        context.request.get(ask(server.port))
        one = Participant(context.new_page(), server.address, load(language))
        acts: dict[str, Callable[[Part], None]] = {
            "opening": one.opening, "steps": one.steps, "trust": one.trust, "pod": one.pod,
            "break": one.break_, "doctor": one.doctor, "close": one.close,
        }  # fmt: skip
        spent = {}
        for part in PARTS:
            began = time.monotonic()
            acts[part.id](part)
            spent[part.id] = (time.monotonic() - began) / 60
            click.echo(f"{language} {part.id}: {spent[part.id]:.1f} min", err=True)
        used = server.process.cpu_times()
        browser.close()
        return spent, used.user + used.system + used.children_user + used.children_system


def main() -> None:
    """Prints the minutes of each part for the languages that are named, or for all."""
    if not Path(CHROMIUM).exists() or not shutil.which("kubectl") or not shutil.which("aws"):
        title("Workshop: not rehearsed, it takes Chromium, kubectl and aws")
        return
    for language in sys.argv[1:] or LANGUAGES:
        spent, cpu_seconds = rehearse(language)
        title(f"Workshop by a script at a person's speed ({language})")
        for part in PARTS:
            figure(part.id, spent[part.id], "min", target=part.minutes)
        figure("CPU time of the server for one participant", cpu_seconds, "s")


if __name__ == "__main__":
    main()
