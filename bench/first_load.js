// Notes when `mark` or the first picture is painted, when the page's own is, and how much of the window has moved once nothing
// has for a while. By the page's own clock, in milliseconds since the navigation began: Playwright's way to the browser and
// back is in no figure. What came over HTTP is counted.
(mark) => {
  const COMPONENTS = '[data-testid="stBidiComponentIsolated"]', STILL = 1000
  const found = window.firstLoad = { painted: 0, own: 0, shift: 0, bytes: 0, still: false }
  let moved = 0
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) found.shift += entry.value
    moved = performance.now()
  }).observe({ type: "layout-shift", buffered: true })
  const isThere = () =>
    [document, ...[...document.querySelectorAll(COMPONENTS)].map((host) => host.shadowRoot)]
      .some((root) => [...(root?.querySelectorAll(mark) ?? [])].some((one) => one.getBoundingClientRect().width > 40))
  const painted = (name, isThere, then = () => {}) => {
    if (!isThere()) return requestAnimationFrame(() => painted(name, isThere, then))
    requestAnimationFrame(() => requestAnimationFrame(() => ((found[name] = performance.now()), then())))
  }
  const isFirst = () => document.querySelector("#first_picture[data-drawn]")
  painted("painted", () => isFirst() || isThere())
  painted("own", isThere, () => {
    const app = document.querySelector('[data-testid="stApp"]')
    const wait = () => {
      const now = performance.now()
      found.still = app.dataset.testScriptState === "notRunning" && now - Math.max(moved, found.own) > STILL
      const came = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
      found.bytes = came.reduce((sum, { transferSize }) => sum + transferSize, 0)
      if (!found.still) setTimeout(wait, 100)
    }
    wait()
  })
}
