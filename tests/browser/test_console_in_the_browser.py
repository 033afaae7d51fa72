"""The console on a page: typing, Tab, history, a watch that is stopped, files, and all of it by keyboard."""

import re
import shutil

import pytest
from playwright.sync_api import expect

from app.content import load
from tests.browser.axe import violations
from tests.browser.server import ROOT, Reader, serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl on the PATH"),
]
WORDS = load("en")
COUNT_NOTES = """log => {
  log.changed = 0
  new MutationObserver((all) => {
    for (const { target, addedNodes } of all)
      log.changed += [target, ...addedNodes].some((part) => part.matches?.(".note"))
  }).observe(log, { childList: true, characterData: true, attributes: true, subtree: true })
}"""
"""From now on counts in `changed` what a screen reader hears of the log's notes."""


@pytest.fixture(scope="module")
def launched(chromium, tmp_path_factory):
    """A server of the test's page, and an address by which one browser is let in."""
    folder = tmp_path_factory.mktemp("console")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAUNCH_FILE", str(folder / "launch"))
        with serving(folder, source=ROOT, app="tests.browser.console_app.server:app") as address:
            yield address, (folder / "launch").read_text()


def test_a_learner_types_completes_recalls_and_stops(profiles, launched):
    address, way_in = launched
    reader = Reader(profiles, address)
    page = reader.page

    # (1) Who did not come by the launch address reads why there is none.
    page.goto(f"{address}/?lang=en")
    expect(page.get_by_text(WORDS.message("errors.console_not_launched.title"))).to_be_visible()
    reader.context.request.get(address + way_in)  # the cookies alone: no page is drawn
    page.goto(f"{address}/?lang=en")
    line = page.get_by_label(WORDS.message("console.page.line"), exact=True)
    log = page.get_by_role("log")
    expect(page.locator(".console-state")).to_contain_text("kubectl 1.")

    # (2) A line runs; what is not one comes back to be corrected.
    line.fill("kubectl get pods | grep -c pod")
    line.press("Enter")
    expect(log.locator(".output").last).to_have_text(re.compile("^2\n?$"))
    line.fill("kubectl get 'pods")
    log.evaluate(COUNT_NOTES)
    line.press("Enter")
    expect(log.locator(".refused .note")).to_contain_text("not closed")
    assert log.evaluate("log => log.changed") == 1, "each change of it is read out"
    expect(line).to_have_value("kubectl get 'pods")

    # (3) Tab completes with what kubectl knows of this world; the arrows recall.
    line.fill("kubectl get pods pod-a")
    line.press("Tab")
    expect(line).to_have_value("kubectl get pods pod-after ")
    expect(page.locator(".console [aria-live=polite]")).to_have_text("pod-after")
    line.fill("kubectl get pods pod-")
    line.press("Tab")
    expect(page.locator(".console-candidates button")).to_have_text(["pod-after", "pod-before"])
    expect(page.locator(".console [aria-live=polite]")).to_have_text("pod-after, pod-before")
    line.fill("draft")
    line.press("ArrowUp")
    line.press("ArrowUp")
    expect(line).to_have_value("kubectl get pods | grep -c pod")
    line.press("ArrowDown")
    line.press("ArrowDown")
    expect(line).to_have_value("draft")
    line.fill("kubectl get pods -o name pod-a")
    for key in ("Tab", "Tab", "Enter"):  # as in a shell, out of habit
        line.press(key)
    expect(log.locator(".output").last).to_have_text("pod/pod-after\n")

    page.set_viewport_size({"width": 375, "height": 740})
    line.fill("kubectl get pods --all-namespaces --selector app=web " * 3)
    assert line.evaluate("it => it.scrollHeight <= it.clientHeight"), "on a phone all of a long line shows"
    line.fill("kubectl")
    assert line.evaluate("it => it.clientHeight < 50")
    page.set_viewport_size({"width": 1280, "height": 720})

    # (4) A watch streams until Ctrl+C; output is text whatever it holds.
    line.fill("kubectl get pods -w")
    line.press("Enter")
    expect(log.locator(".output").last).to_contain_text("pod-before")
    line.fill("draft")
    for language in ("ja", "en"):  # what runs goes on in another one, and what is typed is still there
        page.get_by_text(language, exact=True).click()
        expect(page.get_by_label(load(language).message("console.page.line"), exact=True)).to_have_value("draft")
    expect(log.locator(".note")).to_have_count(1)
    line.press("Control+c")
    expect(log.locator(".note").last).to_have_text(WORDS.message("console.ended.stopped"))
    line.fill("cat <<'E'\n<b>bold</b>\x1b[31m\nE")
    line.press("Enter")
    expect(log.locator(".output").last).to_have_text("<b>bold</b>\n")
    assert log.locator("b").count() == 0
    line.fill("kubectl apply -f https://a.example/b/c.yaml")
    line.press("Enter")
    expect(log.locator(".refused .note").last).to_contain_text("https://a.example/b/c.yaml")
    assert (
        log.locator(".note")
        .last.evaluate("it => [...it.childNodes].map((one) => one.data ?? '|').join('')")
        .startswith("https://a.example/|b/|c.yaml")
    ), "an address is broken after its slashes"

    # A program that reads gets the next lines, which the log shows as a terminal does.
    line.fill("sort")
    line.press("Enter")
    reads = page.get_by_label(WORDS.message("console.page.input"), exact=True)
    for typed in ("b", "a"):
        reads.fill(typed)
        reads.press("Enter")
    reads.press("Control+d")
    expect(log.locator(".output").last).to_have_text("b\na\na\nb\n")
    expect(line).to_have_value("")

    # (5) A file is written in the editor and used by a command.
    page.locator(".console-files summary").click()
    page.get_by_label(WORDS.message("console.page.file_name")).fill("ns.yaml")
    page.get_by_label(WORDS.message("console.page.file_text")).fill(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: from-page}\n"
    )
    page.get_by_role("button", name=WORDS.message("console.page.save"), exact=True).click()
    expect(page.get_by_role("button", name="ns.yaml")).to_be_visible()
    line.fill("kubectl apply -f n")
    line.press("Tab")
    line.press("Enter")
    expect(log.locator(".output").last).to_have_text("namespace/from-page created\n")

    # (6) Tab leaves the field after Esc; a reload finds the files and the history.
    line.fill("kubectl")
    line.press("Escape")
    line.press("Tab")
    expect(page.get_by_role("button", name=WORDS.message("console.page.run"), exact=True)).to_be_focused()
    assert violations(page) == []
    page.reload()
    expect(page.locator(".console-state")).to_contain_text("kubectl 1.")
    line.press("ArrowUp")
    expect(line).to_have_value("kubectl apply -f ns.yaml ")
    page.locator(".console-files summary").click()
    expect(page.get_by_role("button", name="ns.yaml")).to_be_visible()

    # (7) What was printed in one world is gone in the next, and a line runs that came before the connection was there.
    line.fill("kubectl get pods")
    line.press("Enter")
    expect(log.locator(".output")).to_contain_text("pod-before")
    page.evaluate("irsaConsole.use('en', 'the next world')")
    expect(log.locator(".entry")).to_have_count(0)
    line.fill("kubectl get namespaces")
    line.press("Enter")
    expect(log.locator(".output")).to_contain_text("from-page")

    # So does its Ctrl+C, however early it comes.
    page.evaluate(
        "() => { irsaConsole.use('en', 'another world'); irsaConsole.run('sort');"
        " irsaConsole.stop(irsaConsole.entries[0]) }"
    )
    expect(log.locator(".note")).to_have_text(WORDS.message("console.ended.stopped"))

    # (8) What has left the page, with a part of its own that listens, hears of nothing any more.
    # It goes a turn later, before which the command above may still end.
    page.evaluate(
        "async () => { const gone = window.gone = document.createElement('details');"
        " irsaConsole.hear(gone, () => (gone.heard = true)); irsaConsole.leave();"
        " await new Promise((went) => setTimeout(went)); delete gone.heard }"
    )
    line.fill("kubectl get pods")
    line.press("Enter")
    expect(log.locator(".output").last).to_contain_text("pod-before")
    assert page.evaluate("gone.heard") is None
    reader.close()
