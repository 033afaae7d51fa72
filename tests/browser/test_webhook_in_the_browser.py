"""The webhook's page in a real browser: lines that explain themselves by keyboard, and what is copied."""

import pytest
from playwright.sync_api import expect

from app.content import load
from tests.browser.server import DESK, PHONE

pytestmark = pytest.mark.browser


def test_an_added_line_opens_its_explanation_by_keyboard(visitor):
    one = visitor.turn_to("webhook").predict()
    line = one.page.locator(".explained").filter(has_text="name: AWS_ROLE_ARN")
    words = load("en").message("webhook.variables.AWS_ROLE_ARN.name")
    expect(line.get_by_text(words)).to_be_hidden()
    expect(one.page.locator(".goal code")).to_have_css("font-family", '"Source Code Pro", monospace')
    line.locator("summary").focus()
    one.page.keyboard.press("Enter")
    expect(line.get_by_text(words)).to_be_visible()
    one.page.keyboard.press("Tab")
    following = one.page.locator(".explained > summary:focus")
    expect(following).to_contain_text("value: arn:aws:iam::")


def example(one):
    """The button that copies an example, which is drawn once its fold is open."""
    fold = one.page.get_by_test_id("stExpander").filter(has_text=load("en").message("recompute.heading"))
    if not fold.locator("details[open]").count():
        fold.locator("summary").first.click()
    return fold.locator('.copy[data-copy*="diff <(spec"]')


def test_an_example_is_copied_as_its_file_has_it(visitor):
    one = visitor.turn_to("webhook").predict()
    one.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = example(one)
    button.click()
    expect(button).to_contain_text(load("en").message("screens.copied"))
    copied = one.page.evaluate("navigator.clipboard.readText()")
    assert copied == button.get_attribute("data-copy")
    assert copied.splitlines()[-1].startswith("diff <(spec eks.amazonaws.com/")


def test_without_the_browsers_clipboard_a_button_copies_too(visitor):
    """As over http from another machine, where a page has none."""
    one = visitor.turn_to("webhook").predict()
    one.context.grant_permissions(["clipboard-read", "clipboard-write"])
    one.page.evaluate(
        "window.real = navigator.clipboard;"
        " Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })"
    )
    button = example(one)
    button.focus()
    one.press("Enter")
    expect(button).to_contain_text(load("en").message("screens.copied"))
    expect(button).to_be_focused()
    assert one.page.evaluate("real.readText()") == button.get_attribute("data-copy")

    # The browser denies it, as in a frame.
    one.page.evaluate(
        "real.writeText('').then(() => Object.defineProperty(navigator, 'clipboard',"
        " { value: { writeText: () => Promise.reject(new Error('denied')) }, configurable: true }))"
    )
    button.click()
    one.page.wait_for_function(
        "text => real.readText().then((now) => now === text)", arg=button.get_attribute("data-copy")
    )
    one.page.evaluate("document.execCommand = () => false")
    button.click()
    expect(button.locator(".refused")).to_have_text(load("en").message("screens.not_copied"))
    expect(button.locator(".refused")).to_be_visible()
    assert one.complaints == []
    assert one.page.evaluate("delete document.execCommand && delete navigator.clipboard")


COPIED = """(root, webkit) => {
  const { getSelection: own } = ShadowRoot.prototype
  const { getComposedRanges: composed, getRangeAt: range } = Selection.prototype
  if (webkit) {
    delete ShadowRoot.prototype.getSelection
    Selection.prototype.getRangeAt = () => document.createRange()
    Selection.prototype.getComposedRanges = (shadow) => [range.call(own.call(shadow), 0)]
  }
  const lines = document.createElement("p"), clipboardData = new DataTransfer()
  const command = 'run <details class="long"><summary>{"a"<span>: 200 more</span></summary>{"a": "b"}</details>'
  const both = '<span class="short">a…z</span><span class="full">abcz</span>'
  const value = `<details class="long"><summary>${both}</summary></details>`
  const texts = [`${command} --dry`, command, `id ${value}`, `${value} ${command}`]
  const found = texts.map((html) => {
    lines.innerHTML = html
    root.append(lines)
    window.getSelection().selectAllChildren(lines)
    const event = new ClipboardEvent("copy", { clipboardData, bubbles: true, cancelable: true })
    lines.dispatchEvent(event)
    return event.defaultPrevented ? clipboardData.getData("text/plain") : null // the browser's own: what is seen
  })
  lines.remove()
  Object.assign(ShadowRoot.prototype, { getSelection: own })
  Object.assign(Selection.prototype, { getComposedRanges: composed, getRangeAt: range })
  return found
}"""


@pytest.mark.parametrize("webkit", [False, True])
def test_what_is_folded_in_a_command_is_copied_and_what_is_shortened_is_copied_as_it_is_seen(visitor, webkit):
    """In WebKit a shadow root cannot be asked what is selected in it: the selection is given the root."""
    block = visitor.turn_to("webhook").predict().page.locator(".root:has(.explained)").first
    command = 'run {"a": "b"}'
    assert block.evaluate(COPIED, webkit) == [f"{command} --dry", command, None, f"abcz {command}"]


def test_the_wire_comes_when_it_is_unfolded_and_is_there_again_on_the_way_back(visitor):
    one = visitor.turn_to("webhook").predict()
    fold = one.page.get_by_test_id("stExpander").filter(has_text=load("en").message("ui.wire"))
    exchanges = one.page.locator(".st-key-exchanges_webhook .exchange")
    expect(exchanges).to_have_count(0)
    fold.locator("summary").first.focus()
    one.press("Enter")
    expect(exchanges.first).to_be_visible()
    expect(fold.locator("summary").first).to_be_focused()
    one.turn_to("token_mount").turn_to("webhook")
    expect(exchanges.first).to_be_visible()
    one.resize((820, 1180))
    assert one.box(".exchange .call")["width"] >= 200, "beside a tablet's sidebar an address has room as well"
    one.resize(DESK)


@pytest.mark.parametrize("visitor", [pytest.param("ja", marks=pytest.mark.large), "en"], indirect=True)
def test_question_and_answer_stand_side_by_side_and_below_each_other_on_a_phone(visitor):
    one = visitor.turn_to("webhook").predict().unfold()  # the last of its tests: all is unfolded
    for size, beside in (PHONE, False), (DESK, True):
        one.resize(size)
        asked, answered = (one.box(one.page.locator(".review > section").nth(index)) for index in (0, 1))
        assert (asked["y"] == answered["y"]) is beside
        assert one.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
