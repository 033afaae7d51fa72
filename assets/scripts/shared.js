// One style sheet for all that the pages draw themselves: a component's shadow root adopts it, `styles.js` fills it.
const adopt = (parentElement) => {
  window.irsaStyles ??= new CSSStyleSheet()
  const root = parentElement.getRootNode()
  root.host.closest(".stBidiComponent").dataset.drawn = "" // what stands below waits for it: frame.css
  if (!root.adoptedStyleSheets.includes(window.irsaStyles)) root.adoptedStyleSheets.push(window.irsaStyles)
}
const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}
// What is read out of a part: not its signs, its buttons, and what is folded.
const SILENT = "[aria-hidden=true], [hidden], button, svg, details:not([open]) > :not(summary)"
const readOut = (part) => {
  const copy = part.cloneNode(true)
  for (const silent of copy.querySelectorAll(SILENT)) silent.remove()
  for (const ends of copy.querySelectorAll("div, p, li, dt, dd, pre, summary, .unseen, .mark")) ends.append(" ")
  return copy.textContent.replace(/\s+/g, " ").trim()
}
// The focus on what is no control. A heading is read out then; of anything else a screen reader says its name and its role
// alone, so its words are its name for as long.
const focusOn = (part, options) => {
  part.tabIndex = -1
  if (!part.matches("h1, h2, h3, h4")) {
    part.ariaLabel = readOut(part)
    part.addEventListener("blur", () => (part.ariaLabel = null), { once: true })
  }
  part.focus(options)
}
// A field for code and names: what is typed stays as it is. A phone's keyboard would correct and capitalize it, and turn quotes
// and hyphens into others; `autocorrect` is what Safari asks for.
const AS_TYPED = { autocorrect: "off", autocapitalize: "off", autocomplete: "off", spellcheck: "false" }
const typedField = (field) => {
  for (const [name, value] of Object.entries(AS_TYPED)) field.setAttribute(name, value)
  return field
}
// What a component draws in. It is made when the component comes, and each later run of the page finds it again.
const rootOf = (parentElement, make = () => element("div", { className: "root" })) => {
  let root = parentElement.querySelector(".root")
  if (!root) parentElement.append((root = make()))
  return root
}
// A language that is set again, even the same, has the browser work out the styles of all that is inside.
const speak = (element, language) => element.lang === language || (element.lang = language)
// Streamlit writes the query of the next page into the history before it turns to that page: an entry of its own, which
// shows the page before. Of the two the page's takes the place of the query's, so one step back is enough.
const turnInOneEntry = () => {
  const push = (window.irsaPushState ??= history.pushState)
  const done = () => (history.pushState = push)
  const from = location.pathname
  let written = false
  history.pushState = (...entry) => {
    const turned = new URL(entry[2], location.href).pathname !== from
    if (turned) done()
    if (turned && written) return history.replaceState(...entry)
    written = true
    push.apply(history, entry)
  }
  setTimeout(done, 10_000) // the page may never come
}
// A plain click on a link to a page of ours goes there without a reload; any other click is the browser's.
const follow = (event, setTriggerValue) => {
  const link = event.target.closest?.("a[data-page]")
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  event.preventDefault()
  if (new URL(link.href).pathname !== location.pathname) turnInOneEntry()
  setTriggerValue("go", { page: link.dataset.page, params: JSON.parse(link.dataset.params ?? "{}") })
}
// What the browser keeps, which it may refuse: cookies are blocked, another site shows the page in a frame, or there is no
// room. Then it lasts until the page is loaded again.
const storage = (name) => {
  const unkept = ((window.irsaUnkept ??= {})[name] ??= new Map())
  const reach = (act) => {
    try {
      return act(window[name])
    } catch {
      return null
    }
  }
  return {
    get: (key) => unkept.get(key) ?? reach((kept) => kept.getItem(key)),
    set(key, value) {
      unkept.set(key, String(value))
      reach((kept) => (kept.setItem(key, value), unkept.delete(key)))
    },
    remove(key) {
      unkept.delete(key)
      reach((kept) => kept.removeItem(key))
    },
  }
}
const browserKeeps = storage("localStorage"), tabKeeps = storage("sessionStorage")
// Statements that a reader judges, true or false. What was judged is kept for this tab's session; the first answer counts.
const JUDGED = "irsa_judged"
const judgements = () => JSON.parse(tabKeeps.get(JUDGED) ?? "{}")
const showJudged = (root) => {
  const kept = judgements()
  for (const statement of root.querySelectorAll("[data-statement]")) {
    const answer = kept[statement.dataset.statement]
    for (const button of statement.querySelectorAll("[data-judge]")) {
      button.setAttribute("aria-pressed", String(button.dataset.judge === answer))
      button.ariaDisabled = answer ? "true" : null
    }
    const right = answer === statement.dataset.holds
    statement.querySelector(".truth").hidden = !answer
    statement.querySelector(".judged.right").hidden = !right
    statement.querySelector(".judged.wrong").hidden = right
  }
  const score = root.querySelector("[data-judged]")
  if (!score) return
  const judged = [...root.querySelectorAll("[data-statement]")].filter(({ dataset }) => kept[dataset.statement])
  const right = judged.filter(({ dataset }) => kept[dataset.statement] === dataset.holds)
  const said = score.dataset.judged.replace("{answered}", judged.length).replace("{right}", right.length)
  score.querySelector("[role=status]").textContent = judged.length ? said : ""
  score.querySelector("[data-again]").hidden = !judged.length
}
const judge = (event, root) => {
  const button = event.target.closest?.("[data-judge], [data-again]")
  if (!button) return
  const statement = button.closest("[data-statement]")?.dataset.statement
  const kept = judgements()
  if (!statement) tabKeeps.remove(JUDGED)
  else if (!kept[statement]) tabKeeps.set(JUDGED, JSON.stringify({ ...kept, [statement]: button.dataset.judge }))
  showJudged(root)
  if (!statement) root.querySelector("[data-judge]").focus()
}
// What a reader types in.
const FIELDS = "textarea, input:not([type=radio], [type=checkbox], [type=range])"
// What the page names by its address never changes there: it is fetched once for all that draw with it, and those that
// were drawn last are kept.
const KEPT_TEXTS = 24
const keptTexts = () => (window.irsaTexts ??= new Map())
const keptText = (address) => {
  const texts = keptTexts()
  const read = texts.get(address) ?? fetched(address).then((found) => (texts.set(address, found), found))
  texts.delete(address)
  texts.set(address, read)
  if (texts.size > KEPT_TEXTS) texts.delete(texts.keys().next().value)
  if (read instanceof Promise) read.catch(() => texts.get(address) === read && texts.delete(address)) // the next page asks again
  return read
}
// A connection that has gone with its network says nothing for minutes.
const SILENT_FOR = 20_000
const fetched = async (address, waits = [500, 1000, 2000, 4000]) => {
  let status = "no answer"
  try {
    const answer = await fetch(new URL(address, location.origin), { signal: AbortSignal.timeout(SILENT_FOR) })
    if (answer.ok) return await answer.json()
    status = answer.status
  } catch {} // nor came all of it
  if (status === 404 || !waits.length) throw new Error(`${status} for a part of the page`)
  await new Promise((done) => setTimeout(done, waits[0]))
  return fetched(address, waits.slice(1))
}
// JSON comes with the page, or the page names its address.
const isAddress = (text) => text.startsWith("/")
const givenJson = (text) => (isAddress(text) ? keptText(text) : text && JSON.parse(text))
const givenHtml = (html) => (isAddress(html) ? keptText(html) : html)
// A status that comes with its words is read out, or has the focus, by `page.js`. By itself a browser would read it out once
// more, or, as Firefox does, not at all.
const notAlone = (root) => {
  for (const part of root.querySelectorAll("[role=status]:not(.score, button *)")) if (part.textContent.trim()) part.ariaLive = "off"
}
// A part whose text does not come says so in its place, before `frame.css` shows what stands below, which it would move.
// Whatever is missing is asked for again together: the network is the same.
const LATE = 3000
const askAgain = () => {
  const texts = keptTexts()
  for (const [address, read] of texts) if (read instanceof Promise) texts.delete(address)
  document.dispatchEvent(new Event("irsa-again"))
}
const missing = () => {
  const [language] = document.documentElement.lang.split("-"), words = document.getElementById("missing").content
  const box = (words.querySelector(`:lang(${language})`) ?? words.firstChild).cloneNode(true)
  box.querySelector("button").addEventListener("click", ({ target }) => {
    if (target.ariaDisabled) return // it is being fetched
    target.ariaDisabled = "true"
    askAgain()
  })
  return box
}
// What a part of the page has, or fetches: the last that it asked for is drawn. What to do when the part goes.
const whenThere = (root, read, draw) => {
  const mine = (root.asked = {}), texts = read(), isAsked = () => root.asked === mine && root.isConnected
  const forget = () => root.asked === mine && (root.asked = null)
  const show = (found) => {
    const box = root.querySelector(":scope > .missing"), had = box?.contains(root.getRootNode().activeElement)
    box?.remove()
    delete root.dataset.missing
    document.dispatchEvent(new Event("irsa-draws"))
    draw(found)
    notAlone(root)
    if (!had) return
    const first = root.querySelector("summary, h2, h3, .film-stage") ?? root
    if (first.matches("summary, .film-stage")) first.focus()
    else focusOn(first)
  }
  if (!texts.some((text) => text instanceof Promise)) return (show(texts), forget)
  const late = setTimeout(() => {
    if (!isAsked() || "missing" in root.dataset) return
    root.dataset.missing = ""
    adopt(root)
    root.prepend(missing())
  }, LATE)
  const again = () => isAsked() && whenThere(root, read, draw)
  document.addEventListener("irsa-again", again, { once: true })
  Promise.all(texts).then(
    (found) => {
      clearTimeout(late)
      document.removeEventListener("irsa-again", again)
      if (isAsked()) show(found)
    },
    () => isAsked() && root.querySelector(":scope > .missing button")?.removeAttribute("aria-disabled"),
  )
  return forget
}
