// What stands on the page to be read, line by line: no picture, no controls, nothing that is folded or hidden.
() => {
  const lines = []
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.textContent.trim()
      if (text) lines.push(text)
      return
    }
    if (!(node instanceof Element) && !(node instanceof ShadowRoot)) return
    if (node instanceof Element) {
      if (node.matches("style, script, svg, input, textarea, button, .film-player, .st-key-onward, .unseen")) return
      if (!node.checkVisibility({ visibilityProperty: true })) return
    }
    for (const child of (node.shadowRoot ?? node).childNodes) walk(child)
  }
  walk(document.querySelector('[data-testid="stMainBlockContainer"]'))
  return lines
}
