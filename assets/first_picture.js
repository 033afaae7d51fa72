// What a reader sees until Streamlit's page is there: its title, what it asks, and the map at rest (app/ui/frame/first_picture.py).
// The elements have the names that they have in the page, so that its measures are theirs (frame.css). They are in a shadow
// root that nobody opens: no script takes them for the page's. What is not known yet, such as the mode, has its room and is
// not seen. `FIRST_WORDS` and `filmMap` stand above.
const firstLanguage = () => {
  const all = Object.keys(FIRST_WORDS), own = navigator.language.toLowerCase()
  const asked = new URLSearchParams(location.search).get("lang")
  return all.find((one) => one === asked) ?? all.find((one) => own.startsWith(one)) ?? FIRST_FALLBACK
}
const firstPart = (name, html, testid) => {
  const made = Object.assign(document.createElement("div"), { className: name, innerHTML: html })
  if (testid) made.dataset.testid = testid
  return made
}
const firstPage = ({ title, goal, begins, step }, { logo, mode }) => {
  const folded = innerWidth <= 768, picture = `<img src="${logo}" alt="">`
  const column = firstPart(step ? "column st-key-body" : "column", "", "stVerticalBlock")
  column.append(
    firstPart("st-key-look", ""),
    ...(folded ? [firstPart("modes unknown", `<p class="mode"><strong>${mode}</strong></p>`)] : []),
    ...(step ? [firstPart("st-key-journey", "")] : []),
    firstPart("title", `<h1>${title}</h1>`),
    firstPart("goals", `<p class="goal${step ? " asks" : ""}">${goal}</p>`),
    ...(begins.length ? [firstPart("begins unknown", begins.map((words) => `<span>${words}</span>`).join(""))] : []),
    firstPart("st-key-film", '<div class="root film"><figure class="film-half"></figure></div>'),
  )
  const sidebar = firstPart("stSidebar", folded ? "" : `<div data-testid="stSidebarHeader">${picture}</div>`)
  sidebar.dataset.collapsed = String(folded)
  const beside = firstPart("", folded ? `<div class="header">${picture}</div>` : "")
  const main = firstPart("stMain", ""), block = firstPart("stMainBlockContainer", "")
  block.append(column)
  main.append(block)
  beside.append(main)
  const app = firstPart("stApp first-picture plain", "")
  app.append(sidebar, beside)
  return app
}
const firstDraw = (host) => {
  const language = firstLanguage(), words = FIRST_WORDS[language], name = location.pathname.slice(1) || words.at_once
  const page = words.pages[name]
  const asked = new URLSearchParams(location.search)
  if (!page || firstOver() || asked.has("present") || asked.has("embed")) return host.remove() // these look different
  const root = host.attachShadow({ mode: "closed" })
  host.lang = language
  root.adoptedStyleSheets.push(window.irsaStyles)
  root.append(document.querySelector("style[data-frame]").cloneNode(true), firstPage(page, words))
  if (page.step && root.querySelector(".stMain").clientWidth <= 717) return host.remove() // the question comes before the map
  const map = filmMap(root.querySelector(".film-half"), { words: words.map })
  map.show({ id: "first picture", names: {}, beats: [], about: words.about }, { part: page.step ? name : "", neutral: page.step })
  host.dataset.drawn = ""
  firstFont(() => {
    root.querySelector(".plain").classList.remove("plain")
    map.redraw()
  })
  firstUntil(firstOver, () => {
    map.remove()
    host.remove()
  })
}
// A text in a font that still comes would not be seen. With the first frame the browser knows which fonts there are.
const firstFont = (then) =>
  requestAnimationFrame(() => {
    const faces = [...document.fonts].filter(({ family, style }) => family.includes("Source Sans") && style === "normal")
    Promise.all(faces.map((face) => face.load())).then(then)
  })
const firstUntil = (is, then) => (is() ? then() : requestAnimationFrame(() => firstUntil(is, then)))
// The page's own map is drawn and seen; or the page has come and has none, or has not drawn it in four seconds (frame.css
// waits no longer either); or Streamlit says why it does not come.
let firstCame = 0
const firstOver = () => {
  const film = document.querySelector(".st-key-film"), app = document.querySelector('[data-testid="stApp"]')
  if (document.querySelector('[role="dialog"]')) return true
  if (film?.querySelector("[data-drawn]")?.checkVisibility({ visibilityProperty: true })) return true
  if (app?.dataset.testScriptState !== "notRunning" || !app.querySelector(".stMainBlockContainer .stElementContainer")) return false
  firstCame ||= performance.now()
  return (!film && !app.querySelector('[data-testid="stSkeleton"]')) || performance.now() - firstCame > 4000
}
// A browser may have the scripts before the end of the page.
const firstHost = () => document.getElementById("first_picture")
firstUntil(firstHost, () => {
  try {
    firstDraw(firstHost())
  } catch (error) {
    firstHost().remove() // the page comes without it
    throw error
  }
})
