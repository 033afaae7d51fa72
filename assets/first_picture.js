// What a reader sees until Streamlit's page is there: its title, what it asks, and the map at rest (app/ui/frame/first_picture.py).
// Where a step's question comes before its map (frame.css), it is the title and what it asks.
// The elements have the names that they have in the page, so that its measures are theirs (frame.css). They are in a shadow
// root that nobody opens: no script takes them for the page's. What is not known yet, such as the mode, has its room and is
// not seen. `FIRST_WORDS`, `FIRST_PAGE`, `filmMap` and `browserKeeps` stand above.
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
const firstPage = ({ title, goal, begins, step }, logo) => {
  const folded = innerWidth <= 768 || browserKeeps.get("stSidebarCollapsed-") === "true" // as Streamlit keeps it
  const picture = `<img src="${logo}" alt="">`
  const column = firstPart(step ? "column st-key-body" : "column", "", "stVerticalBlock")
  column.append(
    firstPart("st-key-look", ""),
    ...(folded ? [firstPart("modes unknown", '<p class="mode"><strong>&nbsp;</strong></p>')] : []),
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
  const differs = asked.has("present") || asked.has("embed") || asked.get("mode") === "live"
  if (!page || firstOver(true) || differs) return host.remove()
  const root = host.attachShadow({ mode: "closed" })
  host.lang = language
  root.adoptedStyleSheets.push(window.irsaStyles)
  root.append(document.querySelector("style[data-frame]").cloneNode(true), firstPage(page, words.logo))
  const film = root.querySelector(".st-key-film")
  if (getComputedStyle(root.querySelector(".column")).getPropertyValue("--map-after")) film.remove()
  const map = film.isConnected && filmMap(film.querySelector(".film-half"), { words: words.map })
  if (map) map.show({ id: "first picture", names: {}, beats: [], about: words.about }, { part: page.step ? name : "", neutral: page.step })
  host.dataset.drawn = ""
  firstFont(() => {
    if (!host.isConnected) return // the page was quicker than its font
    root.querySelector(".plain").classList.remove("plain")
    if (map) map.redraw()
  })
  firstUntil(() => firstOver(map), () => {
    if (map) map.remove()
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
// The page's own map, or its question where there is none here, is drawn and seen; or the page has come and has no map, or has
// not drawn it in four seconds (frame.css waits no longer either); or the reader's Tab key has come to what it covers; or
// Streamlit says why the page does not come.
let firstCame = 0
const firstOver = (map) => {
  const film = document.querySelector(".st-key-film"), app = document.querySelector('[data-testid="stApp"]')
  if (document.querySelector('[role="dialog"], :focus:not(body, .stSidebar *)')) return true
  const own = map ? film?.querySelector("[data-drawn]") : document.querySelector(".stMain .goal")
  if (own && (own.checkVisibility?.({ visibilityProperty: true }) ?? true)) return true // Safari has it from 17.4
  if (app?.querySelector(".stMainBlockContainer h1")) firstCame ||= performance.now()
  if (firstCame && performance.now() - firstCame > 4000) return true
  if (app?.dataset.testScriptState !== "notRunning" || !app.querySelector(".stMainBlockContainer .stElementContainer")) return false
  return !film && !app.querySelector('[data-testid="stSkeleton"]')
}
// Streamlit's scripts are there and wait for their connection. They say nothing of it, however long it takes.
const firstWaits = (seconds) => {
  const said = document.getElementById("unconnected"), app = document.querySelector('[data-testid="stApp"]')
  const waits = !app || (app.dataset.testScriptState === "initial" && !document.querySelector('[role="dialog"]'))
  if (!waits) {
    said.remove()
    return document.querySelector('[role="dialog"]') && firstSays()
  }
  if (seconds === 8) said.append(Object.assign(document.createElement("p"), { lang: firstLanguage(), textContent: FIRST_WORDS[firstLanguage()].unconnected }))
  setTimeout(firstWaits, 1000, app ? seconds + 1 : 0)
}
// What Streamlit says of it is English: the script that the page will have for that is used before the page is there.
const firstSays = async () => {
  const { sayOurs } = await import(FIRST_PAGE), language = firstLanguage()
  sayOurs(language, FIRST_WORDS[language].says)
}
// A browser may have the scripts before the end of the page.
const firstHost = () => document.getElementById("first_picture")
firstUntil(firstHost, () => {
  firstWaits(0)
  try {
    firstDraw(firstHost())
  } catch (error) {
    firstHost().remove() // the page comes without it
    throw error
  }
})
