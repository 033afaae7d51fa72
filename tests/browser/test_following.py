"""Open pages follow what a terminal does to their world, without a click. `bench/following.py` says how soon."""

import os
import re
import shutil
import subprocess

import pytest
from playwright.sync_api import expect

from app.content import load
from tests.browser.server import PATIENCE, Reader

KUBECTL = shutil.which("kubectl")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.cli,
    pytest.mark.skipif(KUBECTL is None, reason="no kubectl on the PATH"),
]
LOOK_AT_THE_END = """() => {
  const later = window.setTimeout
  window.setTimeout = (act, ...more) => {
    if (act.name !== "feedRun") return later(act, ...more)
    window.setTimeout = later
    const ended = new MutationObserver(() => app.dataset.testScriptState === "running" || (ended.disconnect(), act()))
    const app = document.querySelector("[data-testid=stApp]")
    ended.observe(app, { attributeFilter: ["data-test-script-state"] })
    return 1
  }
}"""
"""Has the feed look once whether the page has to run, at the moment at which the next run ends."""


@pytest.fixture
def kubectl(tmp_path):
    """Runs kubectl with the files that a page has handed out."""

    def run(shown: Reader, *words: str) -> None:
        said = shown.page.locator(".st-key-recompute_written pre").inner_text()
        config = re.search(r"KUBECONFIG=(\S+)", said)[1]
        environment = {**os.environ, "KUBECONFIG": config, "HOME": str(tmp_path)}
        subprocess.run([KUBECTL, *words], env=environment, check=True, capture_output=True, timeout=PATIENCE)

    return run


def test_a_command_in_a_terminal_changes_what_two_tabs_show(reader, kubectl):
    shown = reader().open("/service_account?lang=ja&depth=3").predict()
    shown.click("write_files")
    expect(shown.page.locator(".st-key-recompute_written")).to_be_visible()
    other = shown.context.new_page()
    other.goto(f"{shown.address}/sts_assume?lang=en")
    answer = other.locator(".st-key-predict label").filter(has=other.get_by_role("radio")).nth(1)
    answer.click()
    expect(answer.get_by_role("radio")).to_be_checked()
    expect(other.locator('[data-testid="stApp"]')).to_have_attribute("data-test-script-state", "notRunning")
    shown.wait()
    shown.page.evaluate("() => { document.querySelector('[data-testid=stMain]').scrollTop = 200 }")
    read = shown.box(".st-key-film")["y"]

    other.evaluate("() => document.body.appendChild(document.createElement('input')).focus()")
    kubectl(shown, "annotate", "serviceaccount", "my-sa", "eks.amazonaws.com/role-arn-")
    line = "kubectl annotate · ServiceAccount default/my-sa"
    expect(shown.page.locator(".feed li")).to_have_text(f"{line} · ステップ ②")
    expect(shown.page.locator(".st-key-found_service_account .failed").first).to_be_visible()
    # Why it broke stands above the map now, and what the reader looks at has not moved.
    assert shown.box(".outcome")["y"] < shown.box(".st-key-film")["y"] == pytest.approx(read, abs=1)

    expect(other.locator(".feed li")).to_have_text(f"{line} · step ②")
    step = other.locator('[data-testid="stSidebarNav"] a[href*="service_account"]')
    other.wait_for_timeout(900)  # three times as long as a tab that is not the first waits
    expect(step.get_by_text("cancel")).to_have_count(0)  # somebody types there
    connection = "to => { document.querySelector('[data-testid=stApp]').dataset.testConnectionState = to }"
    other.evaluate(connection, "CONNECTING")  # as after a restart of the server, where the events may come first
    other.evaluate("() => document.activeElement.blur()")
    other.wait_for_timeout(600)
    expect(step.get_by_text("cancel")).to_have_count(0)
    other.evaluate(connection, "CONNECTED")
    expect(step.get_by_text("cancel")).to_be_attached()
    before = shown.page.locator(".feed li").element_handle()
    kubectl(shown, "get", "pods")
    expect(shown.page.locator(".feed li").first).to_have_text("kubectl get · Pod default · ステップ ③")
    expect(shown.page.locator(".feed li")).to_have_count(2)
    assert before.evaluate("line => line.isConnected"), "a line that comes again would be read out again"

    # kubectl asks for what it has deleted until it is gone: no refusal. The line after it shows that it has asked.
    kubectl(shown, "delete", "pod", "pod-before")
    kubectl(shown, "get", "services")
    expect(shown.page.locator(".feed li").first).to_have_text("kubectl get · Service default")
    expect(shown.page.locator(".feed li").nth(1)).to_have_text("kubectl delete · Pod default/pod-before · ステップ ③")


def test_what_the_page_says_to_a_press_stays_although_the_world_has_changed(reader):
    one = reader().open("/why?lang=en")
    account = one.account.inner_text()
    one.page.evaluate(LOOK_AT_THE_END)
    one.click("reset")
    expect(one.account).not_to_have_text(account)
    said = one.page.get_by_text(load("en").message("ui.reset_done.finished"))
    one.page.wait_for_timeout(600)  # three times as long as the page waits before it runs by itself
    expect(said).to_have_count(1, timeout=1)
