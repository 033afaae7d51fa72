"""Two tabs of one browser: what one does to their world the other shows, without a click."""

import pytest
from playwright.sync_api import expect

from app.content import load
from tests.browser.server import RAN

pytestmark = [pytest.mark.browser, pytest.mark.large]


def test_a_fault_and_a_reset_in_one_tab_show_in_the_other_unless_somebody_types_there(reader):
    """In `make test`, `test_following` has two tabs follow a terminal, and one of them wait for who types;
    `tests/screens/test_following.py` has a tab follow another one, and `test_world_controls.py` lose its world.
    """
    one = reader().open("/break_it?lang=en&fault=F01")
    other = one.context.new_page()
    other.goto(f"{one.address}/why?lang=en")
    strip, lost = other.locator(".st-key-strip"), other.locator(".st-key-lost")
    expect(other.locator(RAN)).to_have_count(1)

    # Where the script has run, the field may still wait, unseen, for what is drawn above it: then it takes no focus.
    field = other.locator(".st-key-node_kind input")
    expect(field).to_be_visible()
    field.focus()
    expect(field).to_be_focused()
    one.click("lab_run_unguessed")
    expect(one.page.locator(".st-key-lab_seen")).to_be_visible()
    other.wait_for_timeout(1_500)  # five times as long as a tab that is not the first waits
    expect(strip).to_have_count(0)
    field.blur()
    expect(strip).to_contain_text("F01")
    one.wait().click("lab_revert")
    expect(strip).to_have_count(0)

    one.click("reset")
    expect(lost).to_contain_text(load("en").message("limits.lost_elsewhere"))
    one.click("run_again")
    one.wait().click("lab_run_unguessed")
    expect(strip).to_contain_text("F01")
    expect(lost).to_be_visible()
