"""The two ways in which the pages draw HTML of their own: in a component, with the theme's variables, no iframe."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

ASSETS = Path(__file__).resolve().parents[2] / "assets"

_BLOCK_JS = """
export default function ({ data, parentElement }) {
  let root = parentElement.querySelector(".root")
  if (!root) {
    root = document.createElement("div")
    root.className = "root"
    parentElement.appendChild(root)
    const light = (event, on) => {
      const from = event.target.closest?.("[data-lights]")
      if (!from) return
      for (const part of root.querySelectorAll(`[data-lit-by="${CSS.escape(from.dataset.lights)}"]`))
        part.classList.toggle("lit", on)
    }
    root.addEventListener("pointerover", (event) => light(event, true))
    root.addEventListener("pointerout", (event) => light(event, false))
    root.addEventListener("focusin", (event) => light(event, true))
    root.addEventListener("focusout", (event) => light(event, false))
  }
  if (root.drawn === data.html) return
  const open = [...root.querySelectorAll("details")].map((part) => part.open)
  root.innerHTML = root.drawn = data.html
  const parts = [...root.querySelectorAll("details")]
  if (parts.length === open.length) parts.forEach((part, index) => (part.open ||= open[index]))
}
"""
_PAGE_JS = """
let shown
export default function ({ data }) {
  document.documentElement.lang = data.language
  const came = shown !== undefined && shown !== data.page
  shown = data.page
  if (!came) return
  // On a phone the sidebar lies over the page that was chosen in it.
  if (window.innerWidth < 768)
    document.querySelector('[data-testid="stSidebarCollapseButton"] button[aria-expanded="true"]')?.click()
  // The next thing to read is the new page's heading, which is drawn a moment later.
  let tries = 100
  const settle = () => {
    if (shown !== data.page) return
    const heading = document.querySelector(".stMainBlockContainer h1")
    if (heading?.textContent.includes(data.title)) {
      heading.tabIndex = -1
      heading.focus({ preventScroll: true })
    } else if (tries--) setTimeout(settle, 50)
  }
  settle()
}
"""

_block = st.components.v2.component("irsa_block", css=(ASSETS / "style.css").read_text(encoding="utf-8"), js=_BLOCK_JS)
_page = st.components.v2.component("irsa_page", js=_PAGE_JS)
_FRAME_CSS = (ASSETS / "frame.css").read_text(encoding="utf-8")


def block(html: str, key: str) -> None:
    """Draws `html`, whose values from outside are escaped already. What the reader unfolded stays so over reruns."""
    _block(data={"html": html}, key=key)


def measures() -> None:
    """Sets the measures of Streamlit's own parts."""
    st.html(f"<style>{_FRAME_CSS}</style>")


def page(language: str, name: str, title: str) -> None:
    """Tells the browser which page this is and in which language; on a new page its heading, `title`, has the focus."""
    _page(data={"language": language, "page": name, "title": title}, key="page")
