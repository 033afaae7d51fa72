// Notes when `mark` is painted and how much of the window has moved once nothing has for a while. By the page's own clock, in
// milliseconds since the navigation began: Playwright's way to the browser and back is in no figure. What came over HTTP is counted.
(mark) => {
  const COMPONENTS = '[data-testid="stBidiComponentIsolated"]', STILL = 1000
  const found = window.firstLoad = { painted: 0, shift: 0, bytes: 0, still: false }
  let moved = 0
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) found.shift += entry.value
    moved = performance.now()
  }).observe({ type: "layout-shift", buffered: true })
  const isThere = () =>
    [document, ...[...document.querySelectorAll(COMPONENTS)].map((host) => host.shadowRoot)]
      .some((root) => [...(root?.querySelectorAll(mark) ?? [])].some((one) => one.getBoundingClientRect().width > 40))
  const look = () => {
    if (!isThere()) return requestAnimationFrame(look)
    requestAnimationFrame(() => requestAnimationFrame(() => {
      found.painted = performance.now()
      const app = document.querySelector('[data-testid="stApp"]')
      const wait = () => {
        const now = performance.now()
        found.still = app.dataset.testScriptState === "notRunning" && now - Math.max(moved, found.painted) > STILL
        const came = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
        found.bytes = came.reduce((sum, { transferSize }) => sum + transferSize, 0)
        if (!found.still) setTimeout(wait, 100)
      }
      wait()
    }))
  }
  requestAnimationFrame(look)
}
