"""A browser that keeps nothing for us: cookies are blocked, or another site shows the page in a frame."""

import pytest
from playwright.sync_api import expect

from app.locations import ASSETS

pytestmark = pytest.mark.browser

BLOCKED = """() => {
  const refuse = () => { throw new DOMException("Access is denied for this document.", "SecurityError") }
  for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { get: refuse })
  window.BroadcastChannel = refuse
}"""


def test_pages_and_the_talk_go_on_where_the_browser_keeps_nothing(reader):
    one = reader(locale="en-US")
    page = one.page
    with page.add_init_script(f"({BLOCKED})()"):
        one.open("/sts_assume?lang=en").predict().drawn()
        one.turn_to("misconceptions").drawn()
        page.locator("[data-judge]").first.click()
        expect(page.locator("[data-statement] .truth").first).to_be_visible()
        one.turn_to("workshop").drawn()
        page.locator("[data-clock=start]").click()
        expect(page.locator(".plan [aria-current]")).to_have_count(1)
        one.open("/?lang=en&present=1").wait(".talk")
        page.keyboard.press("ArrowRight")
        expect(page.locator(".talk .at")).to_contain_text("2 /")


def test_scripts_keep_things_by_the_shared_way_alone():
    scripts = [*ASSETS.glob("*.js"), *(ASSETS / "scripts").rglob("*.js")]
    direct = {
        path.name
        for path in scripts
        if any(name in path.read_text("utf-8") for name in ("localStorage", "sessionStorage"))
    }
    assert direct == {"shared.js"}
