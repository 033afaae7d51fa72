"""The exercise in a browser: it can be read and used at any width and in either theme, and a task is one click away."""

import os
import re
import shutil
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from app.commands.launch_addresses import ask
from app.content import load
from app.flow.build.tasks import TaskId
from tests.aws_cli import AWS
from tests.browser.axe import violations
from tests.browser.contrast import faint
from tests.browser.server import DESK, PHONE, Reader, serving

pytestmark = pytest.mark.browser


def test_a_task_is_done_by_its_button_and_the_page_can_be_read_meanwhile(reader):
    content = load("en")
    one = reader().open("/build?lang=en")
    one.click("build_begin")
    expect(one.page.locator(".tasks li")).to_have_count(9)
    one.wait()
    found = violations(one.wear("light").unfold().page, contrast=False) + faint(one.settle().page)
    found += faint(one.wear("dark").settle().page)

    # (1) One of the list, without a reload; what is drawn dashed is named.
    before = one.account.inner_text()
    one.page.locator(".tasks a").filter(has_text=content.message("build.task_provider.title")).click()
    expect(one.page.locator(".st-key-build_task_provider h2")).to_be_visible()
    assert one.account.inner_text() == before
    picture = one.page.locator(".film-stage")
    expect(picture).to_have_attribute("aria-label", re.compile("Not there, drawn dashed: Pod, IAM OIDC provider"))
    expect(one.page.locator(".film-map .box.ghost")).to_have_count(4)
    unseen = one.page.locator(".film-map .edge.dashed:not(.ghost, .reference) .line")
    assert set(unseen.evaluate_all("lines => lines.map((line) => getComputedStyle(line).strokeDasharray)")) == {"none"}

    # (2) Its button, pressed twice: what was sent is not sent again.
    one.wait().click_twice("build_do")
    expect(one.page.locator(".goals .reached")).to_have_count(2)
    one.wait()
    expect(one.page.locator(".film-map .box.ghost")).to_have_count(3)
    expect(one.page.locator(".film-controls")).to_be_hidden()
    expect(one.page.locator(".st-key-build_came_back .failed")).to_have_count(0)
    found += violations(one.wear("light").page, contrast=False)

    # (3) On a phone.
    one.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    one.page.locator(".st-key-build_next button").evaluate("it => it.scrollIntoView({ block: 'start' })")
    one.click("build_next")
    heading = one.page.locator(".st-key-build_task_look_around h2")
    expect(heading).to_be_focused()
    assert one.box(heading)["y"] > 60, "it is above what is seen, where the header is"
    assert one.overflow <= 0
    assert found == []


def seen(one):
    """The left end and the width of what the map shows, in its own units."""
    left, _, width, _ = map(float, one.page.locator(".film-map").get_attribute("viewBox").split())
    return left, width


@pytest.mark.large
def test_on_a_phone_the_map_shows_what_the_task_is_about_and_can_be_moved(reader):
    """In `make test`, `test_map` swipes on a phone, and `tests/screens/test_build.py` does the task."""
    one = reader(size=PHONE).open("/build?lang=en")
    one.click("build_begin")
    expect(one.page.locator("h1:focus")).to_be_in_viewport()  # the task lies below the window
    expect(one.page.locator(".film-player.moves .film-mini")).to_be_visible()
    expect(one.page.locator(".film-map .edge.absent").first).to_be_hidden()
    for task, box in (("service_account", "service_account"), ("role", "role")):
        title = load("en").message(f"build.task_{task}.title")
        one.page.locator(".tasks a").filter(has_text=title).click()
        expect(one.page.locator(f".st-key-build_task_{task} h2")).to_be_visible()
        stage = one.box(".film-stage")
        # The whole of the box is on the map.
        place = one.box(f".film-map .box.{box} > .body")
        assert stage["x"] <= place["x"]
        assert place["x"] + place["width"] <= stage["x"] + stage["width"]

    # (1) By the keyboard, from end to end; (2) by dragging; (3) by a touch of the small map.
    one.page.locator(".film-stage").focus()
    one.press("Home")
    first, width = seen(one)
    one.press("ArrowRight")
    second, _ = seen(one)
    one.press("End")
    last, _ = seen(one)
    assert first < second <= last
    assert width < 1000
    stage = one.box(".film-stage")  # the focus may have scrolled it
    one.page.mouse.move(stage["x"] + 60, stage["y"] + 60)
    one.page.mouse.down()
    one.page.mouse.move(stage["x"] + 160, stage["y"] + 60, steps=2)
    one.page.mouse.up()
    dragged, _ = seen(one)
    assert abs(last - dragged - 100 * width / stage["width"]) < 2
    mini = one.box(".film-mini")
    one.page.mouse.click(mini["x"] + 4, mini["y"] + mini["height"] / 2)
    assert seen(one)[0] == first

    # Where all of it fits there is nothing to move.
    for size in ((1280, 650), DESK):
        one.resize(size)
        expect(one.page.locator(".film-mini")).to_be_hidden()


@pytest.mark.skipif(shutil.which("kubectl") is None or not AWS.exists(), reason="no kubectl, or no .venv-aws/bin/aws")
@pytest.mark.large
def test_the_exercise_is_done_in_the_console_and_again_in_a_new_world(profiles, tmp_path, monkeypatch):
    """In `make test`, `tests/world/test_build_by_hand.py` does all by these commands, `tests/screens/test_build.py` has
    the console below them, `test_console_in_the_browser` types into it, and `test_following` has a page notice it.
    """
    monkeypatch.setenv("PATH", f"{AWS.parent}{os.pathsep}{os.environ['PATH']}")
    tasks = list(TaskId)
    content = load("en")
    with serving(tmp_path, by_command=True) as address:
        one = Reader(profiles, address)
        one.context.request.get(ask(urlsplit(address).port))  # the cookies that the console wants
        one.open("/build?lang=en").click("build_begin")
        # In the new world its first task: the others are none but commands again.
        for done in tasks, tasks[:1]:
            account = one.account.inner_text()
            one.wait().page.get_by_role("tab", name=content.message("build.way_console")).click()
            for task in done:
                expect(one.page.locator(f".st-key-build_task_{task} h2")).to_be_visible()
                expect(one.page.locator(".entry-buttons button:visible")).to_have_count(0)  # two at once, and no third
                commands = one.page.locator(f".st-key-build_in_console_{task} pre")
                expect(one.page.locator(".console-state")).to_contain_text("kubectl 1.")
                line = one.page.get_by_label(content.message("console.page.line"), exact=True)
                commands.evaluate("(commands) => getSelection().selectAllChildren(commands)")
                one.press("Control+c")  # with what is folded in it
                line.focus()
                one.press("Control+v")
                line.press("Enter")
                # The page notices by itself, and what was printed stays until the reader goes on.
                expect(one.page.locator(".st-key-build_done")).to_be_visible()
                expect(one.page.get_by_role("log").locator(".typed").last).to_be_visible()
                if task is not done[-1]:
                    one.click("build_next")
            expect(one.page.locator(".tasks .done")).to_have_count(len(done))
            one.click("reset")
            expect(one.account).not_to_have_text(account)
        assert one.complaints == []
        one.close()
