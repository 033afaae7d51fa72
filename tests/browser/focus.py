"""The Tab key in the page that is open: where it leads, and whether it can be seen there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

_NOTE = """
(within) => {
  // (1) What could have the focus, once: of a group of radio buttons the Tab key takes one.
  const parts = (root) =>
    [...root.querySelectorAll("*")].flatMap((part) => [part, ...(part.shadowRoot ? parts(part.shadowRoot) : [])])
  const seen = { visibilityProperty: true }
  const stops = "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]"
  const known = new Map(
    parts(document.querySelector(within))
      .filter((part) => part.matches(stops) && !part.disabled && part.tabIndex >= 0 && part.checkVisibility(seen))
      .filter((part) => part.type !== "radio" && part.role !== "radio" && !part.closest("[inert]"))
      .map((part, index) => [part, `${index} ${part.outerHTML.slice(0, 120)}`]),
  )

  // (2) How a part looks, with all around it that may carry the ring.
  const looks = (part) => {
    const seen = []
    for (let one = part; one && seen.length < 5; one = one.parentElement ?? one.getRootNode().host) {
      for (const each of [one, one.nextElementSibling, one.querySelector("path")]) {
        if (!each) continue
        const { outline, boxShadow, borderColor, backgroundColor, textDecoration, stroke } = getComputedStyle(each)
        seen.push([outline, boxShadow, borderColor, backgroundColor, textDecoration, stroke].join())
      }
    }
    return seen.join("|")
  }

  // (3) Where the focus is when a key comes, down through the shadow roots, and who looks the same without it.
  const reached = [], unseen = []
  let before = null
  const note = () => {
    let at = document.activeElement
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
    // What a script puts the focus on, such as a heading that a press brought, bears no ring; nor where it began.
    const was = reached.length > 1 && before?.part.tabIndex >= 0 ? before : null
    if (was && was.looked === looks(was.part)) unseen.push(was.name)
    const nowhere = !at || at === document.body
    const name = nowhere ? "" : (known.get(at) ?? at.outerHTML.slice(0, 120))
    reached.push(name)
    before = nowhere ? null : { part: at, looked: looks(at), name }
  }
  addEventListener("keydown", note, true)
  const end = () => removeEventListener("keydown", note, true)
  window.focusNoted = { known: [...known.values()], reached, unseen, end }
  return known.size
}
"""
"""Has the page note each stop itself, when the next key comes: to ask after each press takes as long as the press."""
_END = "() => { window.focusNoted.end(); delete window.focusNoted }"
_TO_THE_CONTENT = """() => {
  const main = document.querySelector("[data-testid=stMain]")
  const stops = [...document.querySelectorAll("a[href], button, input, summary")].filter((one) =>
    one.compareDocumentPosition(main) & Node.DOCUMENT_POSITION_FOLLOWING && one.tabIndex >= 0 && one.checkVisibility())
  stops.at(-1).focus()
}"""
"""Puts the focus on the last control before the page's own part."""


def tab_through(page: Page, *, whole: bool) -> dict[str, list[str]]:
    """Presses Tab until the focus is out again: the controls that it did not reach, and those without a ring.

    Begins at the page's first control where the `whole` of it is meant, else before its own part, beside the sidebar.
    """
    if whole:
        page.get_by_test_id("stSkipToContent").focus()
    else:
        page.evaluate(_TO_THE_CONTENT)
    known: int = page.evaluate(_NOTE, "body" if whole else "[data-testid=stMain]")
    for presses in (known + 3, *[10] * (known // 5 + 2)):
        for _ in range(presses):
            page.keyboard.press("Tab")
        found = page.evaluate("window.focusNoted")
        if "" in found["reached"]:
            break
    else:
        pytest.fail(f"the focus does not get out: {found['reached'][-3:]}")
    page.evaluate(_END)
    reached = found["reached"][: found["reached"].index("")]
    missed = [name for name in found["known"] if name not in reached]
    return {"missed": missed, "without a ring": found["unseen"]}
