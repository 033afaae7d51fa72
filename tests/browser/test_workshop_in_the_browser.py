"""The sheet of the workshop: its clock goes on over a reload, and its tables fit on paper."""

import re

import pytest
from playwright.sync_api import expect

from app.content import load
from app.flow.lessons.workshop import PARTS

pytestmark = pytest.mark.browser

TOO_WIDE = """() => {
  const find = (from) => [...from.querySelectorAll("*")].flatMap((part) =>
    [...(part.matches(".workshop table") ? [part] : []), ...(part.shadowRoot ? find(part.shadowRoot) : [])])
  return find(document).filter((table) => table.scrollWidth > table.parentElement.clientWidth + 1
    || getComputedStyle(table).breakInside !== "avoid").length
}"""
"""Tables that paper would cut, across or between two sheets."""
COVERED = """() => {
  const find = (root) => root.querySelector(".clock button") ?? [...root.querySelectorAll("*")].reduce(
    (found, { shadowRoot }) => found ?? (shadowRoot && find(shadowRoot)), null)
  const button = find(document), { left, top, width, height } = button.getBoundingClientRect()
  return button.getRootNode().elementFromPoint(left + width / 2, top + height / 2) !== button
}"""
"""Whether anything lies over the clock's button, as Streamlit's header may."""
A4 = (718, 1047)
"""Pixels of a sheet between margins of 10 mm."""
NARROW = (700, 700)
"""A window in which the sidebar is closed."""


def test_the_clock_goes_on_over_a_reload_and_the_sheet_can_be_printed(reader):
    content = load("en")
    shown = reader(size=(1280, 720)).open("/workshop?lang=en").wait(".workshop .clock").drawn()
    page = shown.page
    expect(page.locator(".plan tbody tr").last).to_be_in_viewport(ratio=1)  # whichever part is taught
    start = page.get_by_role("button", name=content.message("workshop.clock.start"))
    start.click()
    expect(page.locator(".plan [aria-current]")).to_contain_text("0–4")
    spoken = page.locator(".clock [aria-live]")
    expect(spoken).to_have_text(content.lesson("workshop").section(f"part-{PARTS[0].id}").heading)
    # As if nine minutes had passed.
    page.evaluate("() => localStorage.setItem('irsa_workshop_began', Date.now() - 9 * 60_000)")
    page.reload()
    shown.wait(".workshop")
    expect(page.locator(".time")).to_contain_text("9:")
    expect(page.locator(".plan [aria-current]")).to_contain_text(
        content.lesson("workshop").section("part-steps").heading
    )
    expect(page.locator(".pace")).to_contain_text(re.compile("part 2, [67]:"))
    expect(spoken).to_be_empty()  # it had begun before
    page.evaluate("() => localStorage.setItem('irsa_workshop_began', Date.now() - 45 * 60_000)")
    expect(spoken).to_have_text(content.message("workshop.clock.over"))
    page.get_by_role("button", name=content.message("workshop.clock.reset")).click()
    expect(start).to_be_focused()
    last = content.lesson("workshop").section("part-close").heading
    page.get_by_role("heading", name=last).scroll_into_view_if_needed()
    expect(start).to_be_in_viewport(ratio=1)  # whichever part is read
    shown.resize(NARROW)
    page.get_by_test_id("stMain").evaluate("(main) => main.scrollTo(0, main.scrollHeight)")
    assert shown.settle().page.evaluate(COVERED) is False

    shown.resize(A4)
    page.emulate_media(media="print")
    for part in ('[data-testid="stSidebar"]', ".st-key-workshop_late", ".clock"):
        expect(page.locator(part).first).to_be_hidden()
    assert page.evaluate(TOO_WIDE) == 0
    assert shown.complaints == []
