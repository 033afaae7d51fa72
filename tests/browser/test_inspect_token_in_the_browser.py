"""A pasted token in a real browser: its signature crosses the websocket only when asked to, and is masked in time."""

from __future__ import annotations

import base64

import pytest
from playwright.sync_api import expect

from app.content import load
from app.flow.tokens.pasted import DOT, masked, unwrapped
from app.ui.draw.browser_files import browser_files
from tests.browser.server import PATIENCE
from tests.unit.test_pasted_token import TOKEN, jwk, jwks, signed

pytestmark = pytest.mark.browser
EN = load("en")
FAST = "() => { const wait = setTimeout; window.setTimeout = (call, ms, ...more) => wait(call, ms / 60, ...more) }"


def test_the_signature_crosses_the_websocket_only_where_it_is_to_be_verified(reader):
    one = reader()
    frames: list[str] = []

    def listen(opened) -> None:
        opened.on("framesent", lambda data: frames.append(data if isinstance(data, str) else data.decode("latin-1")))

    one.hear("websocket", listen)
    page = one.open("/inspect_token?lang=en").page
    token = signed()
    body, _, signature = token.rpartition(".")
    field, explained = page.locator("#token"), page.locator(".st-key-inspect_explained")

    # (1) Not by pasting it, in whatever form, and not by anything that is done beside it.
    for text in (base64.b64encode(token.encode()).decode(), f'Bearer "{body}.\n{signature}"'):
        field.fill("")
        field.fill(text)
        expect(explained).to_contain_text("issuer.example")
        expect(page.locator("#hint")).to_contain_text("Only the header and payload are sent")
    page.get_by_role("textbox", name=EN.message("inspect_token.sts.provider")).fill("https://issuer.example")
    said = page.get_by_test_id("InputInstructions").evaluate("said => getComputedStyle(said, '::before').content")
    assert said == f'"{EN.message("ui.says.line")}"', "Streamlit's words are not in the page's language"
    page.keyboard.press("Tab")
    expect(page.locator('[data-point="claims"]')).to_have_class("failed")
    page.locator("#verify").check()
    page.locator("#jwks").fill(jwks(jwk(kid="key-1")))
    sent = "\n".join(frames)
    assert body.partition(".")[2] in sent
    assert not any(
        part in sent for part in (signature[:16], signature[-16:], base64.b64encode(token.encode()).decode()[-24:])
    )

    # (2) By the button, once.
    frames.clear()
    page.locator(".inspect .run").click()
    expect(explained.locator('[data-signature="verified"]')).to_be_visible()
    assert signature in "\n".join(frames)
    assert signature not in page.locator("html").inner_html()
    for _ in range(int(PATIENCE * 10)):  # another message follows, since the server's memory keeps the last one
        if signature not in frames[-1]:
            break
        page.wait_for_timeout(100)
    assert sum(signature in frame for frame in frames) == 1
    expect(explained.locator('[data-signature="verified"]')).to_be_visible()

    # (3) After a minute the field has none.
    frames.clear()
    page.evaluate(FAST)
    page.locator("#verify").uncheck()
    field.fill(token)
    expect(page.locator("#hint")).to_contain_text("was masked")
    expect(field).to_have_value(f"{body}.{DOT * len(signature)}")
    expect(page.locator(".inspect .run")).to_be_hidden()
    assert signature[:16] not in "\n".join(frames)
    assert signature[:16] not in page.url


def test_the_browser_masks_as_the_server_does(reader):
    script = browser_files.script("inspect_token")
    parts = script[script.index("const mask = ") : script.index("const bytes = ")]
    texts = [
        TOKEN,
        "",
        "no dot",
        "a.b",
        "a.eyJb",
        'x "Bearer" a.b.c+/=é\n',
        "a.b.c.d.e",
        "k8s-aws-v1.aHR0",
        f"{TOKEN}…",
        ' {"keys": [{"x5u": "https://a.b.c", "d": "x"}]}',
    ]
    texts.append(base64.b64encode(TOKEN.encode()).decode())
    asked = f"(texts) => {{ {parts}; return texts.map(unwrapped).map(([text, was]) => [masked(text), was]) }}"
    assert reader().page.evaluate(asked, texts) == [[masked(unwrapped(it)[0]), unwrapped(it)[1]] for it in texts]


FIELDS = """() => {
  const found = []
  const look = (root) => {
    for (const part of root.querySelectorAll("*")) {
      if (part.shadowRoot) look(part.shadowRoot)
      if (!part.matches("textarea, input:not([type=checkbox], [type=radio], [type=file])")) continue
      const asks = ["autocorrect", "autocapitalize", "spellcheck"].map((name) => part.getAttribute(name))
      found.push([...asks, parseFloat(getComputedStyle(part).fontSize)])
    }
  }
  look(document)
  return found
}"""
"""What a phone's keyboard is asked to leave alone in each field, and the pixels of its type."""


def test_no_phone_changes_what_is_typed_or_enlarges_the_page(visitor):
    """Safari does the latter at a field of less than 16 pixels. Streamlit's fields are on this page as well."""
    one = visitor.turn_to("inspect_token")
    protocol = one.context.new_cdp_session(one.page)
    protocol.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    fields = one.settle().page.evaluate(FIELDS)
    protocol.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    protocol.detach()
    assert len(fields) >= 5
    assert {tuple(words) for *words, _ in fields} == {("off", "off", "false")}
    assert min(size for *_, size in fields) >= 16
