"""How a component's script comes to the browser: once, from our own server; with each element, from any other."""

import pytest

from app.content import PAGES
from app.serving import request_facts
from app.ui.draw.browser_files import browser_files
from tests.screens.live import LAUNCHED


def scripts(shown):
    """What the page sends of each component, by key."""
    return {
        each.proto.id.split("-", 2)[-1]: each.proto.js_content for each in shown.test.get("bidi_component")
    }  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_our_own_server_sends_addresses_instead(reader, monkeypatch, page):
    monkeypatch.setattr(request_facts, "read", lambda _: LAUNCHED)
    sent = scripts(reader("ja").open(page))
    assert browser_files.address("block") in sent["world"]
    assert max(map(len, sent.values())) < 250
    assert "styles" not in sent  # each script imports the sheet


def test_any_other_server_sends_scripts_and_style_sheet_themselves(reader):
    shown = reader("ja").open("webhook")
    sent = scripts(shown)
    assert sent["world"] == browser_files.script("block")
    assert shown.data("styles") == {"css": browser_files.style_sheet}
    assert any(browser_files.frame_style_sheet in element.proto.body for element in shown.test.get("html"))
