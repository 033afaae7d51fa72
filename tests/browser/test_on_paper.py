"""Any page on paper: whole, in light colours whatever the theme, and without what only a screen needs."""

import pytest

pytestmark = pytest.mark.browser

A4 = (718, 1000)
"""Pixels of a sheet without its margins, in width, and of a window."""
LEFT = """() => {
  const found = [], say = (what, part) => found.push(`${what} ${part.outerHTML.slice(0, 90)}`)
  const controls = "button:not([data-selected=true]), input:not([type=radio]), select, textarea"
  const within = (root) => {
    for (const part of root.querySelectorAll("*")) {
      const { width, height } = part.getBoundingClientRect(), style = getComputedStyle(part)
      const seen = width > 1 && height > 1 && style.visibility === "visible"
      if (seen && part.matches(controls)) say("control", part)
      const says = [...part.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
      const pale = style.color.startsWith("rgb") ? 190 : 0.75
      const light = style.color.match(/[\\d.]+/g).slice(0, 3).every((share) => share > pale)
      if (seen && says && light && !part.closest("svg")) say("pale", part)
      const more = part.scrollHeight > part.clientHeight + 1 || part.scrollWidth > part.clientWidth + 1
      if (seen && more && /auto|scroll/.test(style.overflow)) say("cut", part)
      if (part.shadowRoot) within(part.shadowRoot)
    }
  }
  within(document.body)
  const main = document.querySelector("[data-testid=stMain]")
  if (main.scrollWidth > main.clientWidth) found.push(`${main.scrollWidth} pixels wide`)
  return found
}"""
"""Controls that are left, texts too pale for white paper, parts that scroll."""


def test_a_page_on_paper_is_whole_light_and_without_controls(reader):
    shown = reader(theme="dark", locale="en-US").open("/token_mount?lang=en").predict()
    page = shown.resize(A4).page
    views = "svg => svg.getAttribute('viewBox').split(' ').map(Number)[2]"
    for at in ("token_mount", "time_machine", "glossary"):
        if at != "token_mount":
            shown.resize((1360, 1000)).turn_to(at).drawn().resize(A4)
        shown.drawn().settle()
        page.emulate_media(media="print")
        assert page.evaluate(LEFT) == [], at
        if at == "token_mount":
            film = page.locator("svg.film-map").first
            seen = film.evaluate(views)
            page.evaluate("dispatchEvent(new Event('beforeprint'))")
            assert film.evaluate(views) == 1760 > seen, "what the camera leaves out cannot be looked at on paper"
            page.evaluate("dispatchEvent(new Event('afterprint'))")
            assert film.evaluate(views) == seen
        page.emulate_media(media="null")
