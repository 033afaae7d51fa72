"""Live mode in a browser: the switch keeps the reader's place, a button grants, a link leads back to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from app.commands.launch_addresses import ask
from app.content import load
from app.world.lifecycle.simulation import Simulation
from app.world.setup.tool_files import KUBECONFIG, aws_environment, files
from tests.browser.axe import violations
from tests.browser.contrast import faint
from tests.browser.server import DESK, PHONE, Reader, serving

EN = load("en")
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose kubeconfig and AWS variables lead to a cluster and an account, a simulation of another process."""
    folder = tmp_path_factory.mktemp("real")
    with Simulation() as simulation, pytest.MonkeyPatch.context() as monkeypatch:
        world = simulation.world("real")
        (folder / KUBECONFIG).write_bytes(files(simulation, world)[KUBECONFIG])
        monkeypatch.setenv("HOME", str(folder))
        monkeypatch.setenv("KUBECONFIG", str(folder / KUBECONFIG))
        for name, text in aws_environment(simulation, world).items():
            monkeypatch.setenv(name, text)
        with serving(folder, by_command=True) as found:
            yield found


@pytest.fixture
def reader(reader: Callable[..., Reader], address: str) -> Callable[..., Reader]:
    """Opens a browser that was let in: each by a launch address of its own."""

    def made(**wishes: object) -> Reader:
        opened = reader(**wishes)
        answer = opened.context.request.get(ask(urlsplit(address).port or 0))  # the cookies alone: no page is drawn
        assert "launch" not in answer.url
        return opened

    return made


def query(reader: Reader) -> dict[str, list[str]]:
    return parse_qs(urlsplit(reader.page.url).query)


def switch(reader: Reader, mode: str) -> None:
    reader.page.locator(".st-key-mode").get_by_role("radio", name=EN.message(f"ui.mode_{mode}")).click()


def test_the_switch_keeps_the_place(reader: Callable[..., Reader]) -> None:
    shown = reader().open("/webhook?lang=en&depth=3")
    title = shown.page.get_by_role("heading", level=1).inner_text()

    # The mode is seen where the sidebar is folded.
    mode = shown.page.locator("p.mode")
    expect(mode).to_be_hidden()
    shown.page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    expect(mode).to_be_visible()
    shown.resize(PHONE)
    expect(mode).to_contain_text(EN.message("ui.mode_simulated"))
    shown.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTo(0, 600)")
    expect(mode).to_be_in_viewport()
    shown.resize(DESK).settle()
    if shown.page.get_by_test_id("stSidebar").get_attribute("data-collapsed") == "true":
        shown.page.get_by_test_id("stExpandSidebarButton").first.click()

    switch(shown, "live")
    expect(shown.page.locator(".st-key-pick_context")).to_be_visible()
    shown.wait()
    shown.expect_title(title)
    assert {"lang": ["en"], "depth": ["3"], "mode": ["live"]}.items() <= query(shown).items()

    # Nobody is kept out of it, with everything unfolded and the mouse on nothing.
    shown.page.mouse.move(-1, -1)
    assert wrong_with(shown, "light") == []

    # A button grants, and its check is decided.
    shown.click("do_webhook_dry_run")
    expect(shown.page.locator(".st-key-do_webhook_dry_run")).to_have_count(0)
    expect(shown.page.locator(".st-key-only_read")).to_be_visible()

    # The navigation keeps mode and choice, and is one step of the way back.
    chosen, before = query(shown), shown.entries
    shown.turn_to("service_account")
    shown.expect_title(EN.lesson("service_account").title)
    shown.wait(".st-key-pick_context")
    assert (query(shown), shown.entries) == (chosen, before + 1)
    assert shown.overflow == 0

    switch(shown, "simulated")
    expect(shown.page.locator(".st-key-reset")).to_be_visible()
    shown.wait()
    shown.expect_title(EN.lesson("service_account").title)
    assert set(query(shown)) == {"lang", "depth"}


@pytest.mark.large
def test_a_link_opened_in_another_tab_shows_the_same_and_so_does_a_reload(reader: Callable[..., Reader]) -> None:
    """In `make test`, `tests/screens/test_live.py` opens a choice's address again and reads it in every link."""
    shown = reader().open("/service_account?lang=en&mode=live&service_account=default&pod=")
    shown.wait(".st-key-pick_context")
    chosen = query(shown)
    assert (chosen["service_account"], chosen["mode"]) == (["default"], ["live"])
    shown.page.reload()
    shown.wait(".st-key-pick_context")
    assert query(shown) == chosen
    with shown.context.expect_page() as opened:
        shown.page.locator("a[data-page=glossary]").locator("visible=true").first.click(modifiers=["Control"])
    opened.value.wait_for_url("**/glossary**")
    expect(opened.value.locator("p.mode")).to_contain_text("default/default")
    opened.value.close()


@pytest.mark.large
def test_one_step_back_leads_to_the_choice_before(reader: Callable[..., Reader]) -> None:
    """In `make test`, `test_way_back` goes back, and `tests/screens/test_live.py` finds the choice in the address."""
    shown = reader().open("/service_account?lang=en&mode=live&service_account=my-sa")
    shown.wait(".st-key-pick_service_account")
    field = shown.page.locator(".st-key-pick_service_account input")
    field.click()
    field.fill("default")
    shown.page.get_by_role("option", name="default", exact=True).click()
    expect(shown.page.locator("p.mode")).to_contain_text("default/default")
    shown.wait()
    shown.page.go_back()
    expect(shown.page.locator("p.mode")).to_contain_text("default/my-sa")
    shown.wait()
    assert query(shown)["service_account"] == ["my-sa"]


@pytest.mark.large
def test_a_survey_is_no_wider_than_a_phone_and_axe_finds_nothing(reader: Callable[..., Reader]) -> None:
    """In `make test`, axe looks at a step of live mode, and `tests/screens/test_live.py` reads a survey."""
    shown = reader(size=PHONE).open("/doctor?lang=en&mode=live&depth=3")
    expect(shown.page.locator("p.mode")).to_contain_text(EN.message("ui.mode_live"))
    expect(shown.page.locator("p.mode")).to_contain_text("default/my-sa")
    assert shown.overflow == 0
    shown.click("do_survey")
    shown.wait(".st-key-survey table")
    expect(shown.page.get_by_test_id("stGraphVizChart").get_by_role("img")).to_be_visible()
    assert shown.overflow == 0
    for box in shown.boxes(shown.page.locator(".survey td")):
        assert box["x"] + box["width"] <= PHONE[0]
    expect(shown.page.locator(".survey td").last).to_have_css("display", "block")
    picture = shown.page.get_by_test_id("stGraphVizChart").locator("svg").first
    points = float(picture.get_attribute("width").removesuffix("pt"))
    assert shown.box(picture)["width"] == pytest.approx(points * 4 / 3, abs=1), "drawn smaller than it was made"
    shown.resize(DESK)
    assert wrong_with(shown, "dark") == []


def wrong_with(shown: Reader, theme: str) -> list[str]:
    """What axe finds with everything unfolded, and every faint text; the page is no wider than the window."""
    assert shown.unfold().wear(theme).overflow == 0
    return violations(shown.page, contrast=False) + faint(shown.page)


@pytest.mark.large
@pytest.mark.parametrize("page", ["token_mount", "sts_assume"])
def test_axe_finds_nothing_in_live_mode(reader: Callable[..., Reader], page: str) -> None:
    """In `make test`, `test_the_switch_keeps_the_place` looks at `webhook`."""
    shown = reader().open(f"/{page}?lang=en&mode=live&depth=3").wait(".st-key-pick_context")
    assert wrong_with(shown, "light") == []


def test_the_verdict_leads_to_its_check_in_another_part_of_the_page(reader: Callable[..., Reader]) -> None:
    shown = reader().open("/doctor?lang=en&mode=live&service_account=default")
    button = shown.page.locator("button[data-lead]")
    check = button.get_attribute("data-lead")
    button.click()
    summary = shown.page.locator(f'[data-check="{check}"] summary')
    expect(summary).to_be_focused()
    expect(summary).to_be_in_viewport()
    # What is made when someone asks for it comes, and so does what the page has already.
    for key, begins in (("save", "{"), ("report", "<!doctype html>")):
        with shown.page.expect_download() as download:
            shown.page.locator(f".st-key-{key} button:visible").click()
        assert Path(download.value.path()).read_text(encoding="utf-8").lower().startswith(begins), key
