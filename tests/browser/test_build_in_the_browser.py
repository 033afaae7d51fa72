"""The exercise in a browser: it can be read and used at any width and in either theme, and a task is one click away."""

import re

import pytest
from playwright.sync_api import expect

from app.content import load
from tests.browser.axe import violations
from tests.browser.contrast import faint
from tests.browser.server import PHONE

pytestmark = pytest.mark.browser


def test_a_task_is_done_by_its_button_and_the_page_can_be_read_meanwhile(reader):
    content = load("en")
    one = reader(locale="en-US").open("/build?lang=en")
    one.click("build_begin")
    expect(one.page.locator(".tasks li")).to_have_count(9)
    found = violations(one.wear("light").unfold().page) + faint(one.wear("dark").settle().page)

    # (1) One of the list, without a reload; what is drawn dashed is named.
    before = one.account.inner_text()
    one.page.locator(".tasks a").filter(has_text=content.message("build.task_provider.title")).click()
    expect(one.page.locator(".task h2")).to_have_text(content.message("build.task_provider.title"))
    assert one.account.inner_text() == before
    picture = one.page.locator(".film-map")
    expect(picture).to_have_attribute("aria-label", re.compile("Not there yet, drawn dashed: Pod, IAM OIDC provider"))
    expect(one.page.locator(".film-map .box.ghost")).to_have_count(4)

    # (2) Its button.
    one.click("build_do")
    expect(one.page.locator(".goals .reached")).to_have_count(2)
    expect(one.page.locator(".film-map .box.ghost")).to_have_count(3)
    expect(one.page.locator(".film-controls")).to_be_hidden()
    found += violations(one.wear("light").page)

    # (3) On a phone.
    one.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    one.click("build_next")
    expect(one.page.locator(".task h2")).to_have_text(content.message("build.task_look_around.title"))
    assert one.overflow <= 0
    assert found == []
