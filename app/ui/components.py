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
_PAGE_JS = "export default function ({ data }) { document.documentElement.lang = data.language }"

_block = st.components.v2.component("irsa_block", css=(ASSETS / "style.css").read_text(encoding="utf-8"), js=_BLOCK_JS)
_page = st.components.v2.component("irsa_page", js=_PAGE_JS)
_FRAME_CSS = (ASSETS / "frame.css").read_text(encoding="utf-8")


def block(html: str, key: str) -> None:
    """Draws `html`, whose values from outside are escaped already. What the reader unfolded stays so over reruns."""
    _block(data={"html": html}, key=key)


def page(language: str) -> None:
    """Tells the browser which language the page is in, and sets the page's measures."""
    st.html(f"<style>{_FRAME_CSS}</style>")
    _page(data={"language": language}, key="page")
