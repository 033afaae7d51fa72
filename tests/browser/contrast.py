"""How well the text of the page that is open can be read: how it stands out, where axe does not look too; its size."""

from __future__ import annotations

from playwright.sync_api import Page

LEAST = 4.5
"""WCAG 2.2, 1.4.3 (AA), for text of every size."""
SMALLEST = 11.9
"""Pixels, as the browser rounds 12."""

_FAINT = """
(least) => {
  // (1) A colour as the browser paints it: red, green, blue, and how much of it.
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
  const paint = canvas.getContext("2d", { willReadFrequently: true }), known = new Map()
  const read = (colour) => {
    if (!known.has(colour)) {
      paint.clearRect(0, 0, 1, 1)
      paint.fillStyle = colour
      paint.fillRect(0, 0, 1, 1)
      const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data
      known.set(colour, [r, g, b, a / 255])
    }
    return known.get(colour)
  }
  const over = ([r, g, b, a], below) => [r, g, b].map((part, at) => part * a + below[at] * (1 - a))
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }

  // (2) From the page up to the text: every background, and every opacity, which dims the group that it is set on.
  const above = (part) => part.parentElement ?? part.getRootNode().host
  const grounds = new Map()
  const ground = (part) => {
    if (!part) return { below: [255, 255, 255], group: [255, 255, 255], dimmed: 1, painted: true }
    if (!grounds.has(part)) {
      let { below, group, dimmed, painted } = ground(above(part))
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(part)
      if (opacity < 1) [group, dimmed] = [dimmed < 1 ? group : below, dimmed * opacity]
      below = over(read(backgroundColor), below)
      grounds.set(part, { below, group, dimmed, painted: painted && backgroundImage === "none" })
    }
    return grounds.get(part)
  }
  const contrast = (part) => {
    const { below, group, dimmed, painted } = ground(part)
    if (!painted) return Infinity
    const seen = (colour) => over([...colour, dimmed], group)
    const words = seen(over(read(getComputedStyle(part).color), below)), back = seen(below)
    const [dark, bright] = [light(words), light(back)].sort((one, other) => one - other)
    return (bright + 0.05) / (dark + 0.05)
  }

  // (3) Every text that is seen. Those of the diagrams are dimmed by rules of their own, and the value of a slider is
  // drawn above its thumb, whose child it is.
  const found = new Set()
  const look = (root) => {
    for (const part of root.querySelectorAll("*")) {
      if (part.shadowRoot) look(part.shadowRoot)
      const said = [...part.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())
      const apart = "svg, [data-testid=stSliderThumbValue], [aria-hidden=true], style, script, noscript"
      if (!said || part.closest(apart)) continue
      const shown = part.checkVisibility({ visibilityProperty: true, opacityProperty: true })
      if (!shown || part.getBoundingClientRect().width < 2) continue
      const ratio = contrast(part)
      if (ratio < least) found.add(`${ratio.toFixed(2)} ${part.className} ${part.textContent.trim().slice(0, 60)}`)
    }
  }
  look(document)
  return [...found]
}
"""


def faint(page: Page) -> list[str]:
    """Every text whose contrast is below `LEAST`: the ratio, its classes, how it begins."""
    found: list[str] = page.evaluate(_FAINT, LEAST)
    return found


_SMALL = """
(least) => {
  const small = new Set()
  const look = (root) => {
    for (const part of root.querySelectorAll("*")) {
      if (part.shadowRoot) look(part.shadowRoot)
      const said = [...part.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())
      if (!said || !part.checkVisibility({ opacityProperty: true }) || part.getBoundingClientRect().width < 2) continue
      const scale = part.ownerSVGElement ? part.getScreenCTM().a : 1
      const size = parseFloat(getComputedStyle(part).fontSize) * scale
      if (size < least) small.add(`${size.toFixed(1)} ${part.textContent.trim().slice(0, 30)}`)
    }
  }
  look(document)
  return [...small]
}
"""


def small(page: Page) -> list[str]:
    """Every text of fewer than 12 pixels: how many, and how it begins."""
    found: list[str] = page.evaluate(_SMALL, SMALLEST)
    return found
