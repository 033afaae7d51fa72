// Clicks, and waits until `mark` of the new page is painted, its heading with it, and all of it. By the page's own clock, in milliseconds:
// Playwright's way to the browser and back is in no figure.
([button, title, mark, words]) => new Promise((resolve) => {
  const COMPONENTS = '[data-testid="stBidiComponentIsolated"]'
  const watched = new Set()
  const app = document.querySelector('[data-testid="stApp"]')

  // A component draws into a shadow root, into which no observer of the document sees.
  const watch = (root) => {
    if (watched.has(root)) return
    watched.add(root)
    observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true })
  }
  const isThere = () => {
    for (const host of document.querySelectorAll(COMPONENTS)) if (host.shadowRoot) watch(host.shadowRoot)
    for (const root of watched)
      for (const found of root.querySelectorAll(mark)) if (found.textContent.includes(words)) return true
    return false
  }
  const hasHeading = () => document.querySelector('[data-testid="stMain"] h1')?.textContent.includes(title)
  // The next frame shows what is in the document now. Once the one after it begins, that is painted, and whatever kept the
  // page busy in between counts in.
  const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))

  let picture
  const look = async () => {
    if (!isThere()) return
    picture ??= painted()
    if (!hasHeading()) return
    observer.disconnect()
    const drawn = await painted()
    const settled = () => app.dataset.testScriptState === "notRunning"
    if (!settled())
      await new Promise((done) => {
        new MutationObserver((_, itself) => settled() && (itself.disconnect(), done())).observe(app, { attributes: true })
      })
    resolve({ picture: (await picture) - begin, drawn: drawn - begin, complete: (await painted()) - begin })
  }
  const observer = new MutationObserver(look)
  watch(document)
  isThere()
  const begin = performance.now()
  document.querySelector(button).click()
})
