let shown, path, sidebar, menu, sections
// In Streamlit's navigation sections stand between the list and its items. To who listens, each is a group of links. A section
// comes with its id (app/ui/frame/navigation.py).
const group = () => {
  const list = sidebar.querySelector('[data-testid="stSidebarNavItems"]')
  if (!list) return
  list.role = "none"
  for (const item of list.querySelectorAll("li")) item.role = "none"
  for (const section of list.children) {
    section.role = "group"
    const heading = section.querySelector("header p")
    if (!heading) continue
    heading.dataset.section ??= heading.textContent
    const name = sections[heading.dataset.section]
    if (heading.textContent !== name) heading.firstChild.nodeValue = name
    section.ariaLabel = name
  }
}
// What stands around the page is named in the page's language; Streamlit names it in English.
const BUTTONS = { open: '[data-testid="stExpandSidebarButton"]', close: '[data-testid="stSidebarCollapseButton"] button' }
const name = () => {
  for (const [act, selector] of Object.entries(BUTTONS))
    for (const button of document.querySelectorAll(selector)) {
      button.ariaLabel = menu[act]
      button.dataset.name = menu.name
    }
  if (sidebar) sidebar.ariaLabel = menu.name
  const skip = document.querySelector('[data-testid="stSkipToContent"]')?.firstChild
  if (skip) skip.nodeValue = menu.skip
  for (const logo of document.querySelectorAll('[data-testid="stLogoLink"]')) logo.ariaLabel = menu.home
  for (const picture of document.querySelectorAll("img.stLogo")) picture.alt = "" // the link has the name
  for (const pages of document.querySelectorAll('[data-testid="stSidebarNav"]')) pages.ariaLabel = menu.pages
}
// What Streamlit says in English: names of buttons, and what its lists and its uploader show. `frame.css` has what could
// be seen before it is replaced here.
const ENGLISH = {
  help: /^Help$/, help_for: /^Help for (.+)$/s, shortcut: /^Shortcut (.+)$/,
  list: /^Open$/, clear: /^Clear value$/, nothing: /^No results$/, own: /^Add: (.+)$/s,
  file: /^file upload$/, limit: /^(\S+) per file/, drop: /^Drag and drop a file here$/, add: /^Add files$/, remove: /^Remove (.+)$/s,
  error: /^Error: $/, kind: /^(.+) files are not allowed\.$/, size: /^File must be (.+) or smaller\.$/, one: /^Only one file is allowed\.$/,
  lost: /^Connection error$/, gone: /^Streamlit server is not responding\. .+$/, stopped: /^Is Streamlit still running\? .+$/, close: /^Close$/,
  status: /^Connection failed with status (\d+)\b.*$/s, slow: /^Connection timed out\.$/,
  refused: /^Cannot connect to Streamlit .+$/s, refused_end: /^ settings\.$/, // between them a link, which frame.css hides
  notices: /^Notifications$/,
  left: /^Scroll tabs left$/, right: /^Scroll tabs right$/, large: /^Fullscreen$/, small: /^Close fullscreen$/,
}
const NAMED = 'button[aria-label], input[type=file][aria-label], kbd[aria-label], [data-testid="stToastContainer"]'
const SHOWN = ["SelectboxVirtualDropdown", "FileUploaderDropzone", "TooltipErrorContent", "Dialog"].map((name) => `[data-testid="st${name}"]`).join()
const english = new WeakMap() // by what was looked at: what it says, what it said before, and the words by which it was looked at
const ours = (of, said) => {
  const known = english.get(of)
  if (known?.said === said && known.by === says) return said
  const was = known?.said === said ? known.was : said
  const [part] = Object.entries(ENGLISH).find(([part, pattern]) => says[part] && pattern.test(was)) ?? []
  const now = part ? was.replace(ENGLISH[part], (all, value) => says[part].replace("{value}", () => value)) : was
  english.set(of, { was, said: now, by: says })
  return now
}
const speakOurs = () => {
  asked = 0
  for (const part of document.querySelectorAll(NAMED)) {
    const of = part.closest('[data-testid="stCaptionContainer"]')?.textContent // the help of a caption says only "Help"
    const now = of && says.help_for ? says.help_for.replace("{value}", () => of.split(/[:：]/)[0].trim()) : ours(part, part.ariaLabel)
    if (now !== part.ariaLabel) part.ariaLabel = now
  }
  for (const part of document.querySelectorAll(SHOWN)) {
    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT)
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const now = text.parentElement.title ? text.nodeValue : ours(text, text.nodeValue) // the name of a file is what it is
      if (now !== text.nodeValue) text.nodeValue = now
    }
  }
  document.querySelectorAll(TYPED).forEach(typedField)
  for (const one of document.querySelectorAll(".st-key-lang button")) speak(one, languages[one.textContent])
}
// Streamlit's fields are for names and documents.
const TYPED = '[data-testid="stTextInput"] input:not([autocorrect]), [data-testid="stTextArea"] textarea:not([autocorrect])'
let says = {}, languages = {}, asked = 0
const speaking = new MutationObserver(() => (asked ||= requestAnimationFrame(speakOurs)))
// How often the reader pressed something, and how often a part began to take the focus for its answer (`block.js`). What hands
// the focus on for an earlier turn stands back.
let presses = 0, answers = 0
const turn = () => presses + answers
// Of two buttons each goes when it is pressed, and the other one comes: it takes over the focus, unless the reader
// puts that elsewhere meanwhile.
const PAIRS = [
  [BUTTONS.open, BUTTONS.close],
  [".st-key-moment_run button", ".st-key-moment_hold button"],
  [".st-key-reveal button", ".st-key-conceal button"],
  [".st-key-build_block button", ".st-key-build_conceal button"],
]
const handOn = (selector, press, tries = 600) => {
  if (press !== presses) return
  const button = document.querySelector(selector)
  if (button && document.activeElement === document.body) button.focus({ preventScroll: true })
  else if (tries) setTimeout(handOn, 50, selector, press, tries - 1)
}
// A button or a link that goes when it is pressed hands the focus on: to the same button, where it was only drawn again,
// else to what comes, which is the first heading, message or question that says something new, that was drawn again, or that of
// the page. Who pressed it with the mouse stays where they are, unless what is new is above what they see.
const SAYING = "h1, h2, h3, h4, [role=status]:not(.score), [role=alert], [data-testid=stAlert], [data-testid=stRadioGroup]"
const sayings = () =>
  [...document.querySelectorAll(`.stMain :is(${SAYING}, [data-testid=stBidiComponentIsolated])`)]
    .flatMap((part) => (part.shadowRoot ? [...part.shadowRoot.querySelectorAll(SAYING)] : part.matches(SAYING) ? part : []))
    .filter((part) => part.textContent.trim() && part.checkVisibility({ visibilityProperty: true }))
const isDrawn = () =>
  document.querySelector('[data-testid="stApp"]').dataset.testScriptState === "notRunning" &&
  !document.querySelector(".stMain :not(.st-key-styles, .st-key-page) > .stBidiComponent:not([data-drawn])")
// One that cannot be pressed again, as at the end of a row of steps, hands on to its neighbour.
const beside = (pressed) => {
  const row = [...(pressed.closest('[data-testid="stHorizontalBlock"]')?.querySelectorAll("button:enabled") ?? [])].filter((one) => one.checkVisibility())
  return row.findLast((one) => pressed.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_PRECEDING) ?? row[0]
}
const asItIs = () => ({ said: sayings().map((part) => [part, part.textContent]), calm: 0, down: down(), turn: turn() })
const down = () => document.querySelector('[data-testid="stMain"]').scrollTop
const land = (pressed, at, tries = 600, patience = 10) => {
  if (at.turn !== turn() || !tries) return
  const drawn = isDrawn(), has = document.activeElement, lies = has !== document.body
  // It may go yet, also where it was drawn again: over a slow line the answer comes late.
  const waits = has === pressed || has === at.had || Boolean(at.key && has.closest(`.${at.key}`))
  at.calm = drawn && lies && !waits ? at.calm + 1 : 0
  if (at.calm > 20) return // all is drawn, and something else has the focus
  if (lies || !drawn) return setTimeout(land, 50, pressed, at, tries - 1)
  const drawnAgain = at.key ? [...document.querySelectorAll(`.${at.key} button`)].find((button) => button.checkVisibility()) : null
  const same = pressed.isConnected ? pressed : drawnAgain
  const again = same?.disabled ? beside(same) : same
  if (again) {
    again.focus({ preventScroll: at.preventScroll })
    return setTimeout(land, 50, pressed, at, tries - 1) // a further run may draw it again
  }
  const now = sayings(), isOld = (text) => at.said.some(([, said]) => said === text)
  const found = now.find((part) => !isOld(part.textContent))
  // What a component shows may come a moment after the run.
  if (!found && patience) return setTimeout(land, 50, pressed, at, tries - 1, patience - 1)
  const says = found ?? now.find((part) => !at.said.some(([said]) => said === part)) ?? now[0]
  // A page that went to its top is read from there, and so is one that has become another while it was there.
  const isOther = at.down > down() || (!down() && !pressed.isConnected)
  const first = isOther && says?.getBoundingClientRect().top > innerHeight ? now[0] : says
  if (!first) return
  landed = true
  const choice = first.querySelector("input[type=radio]") // with it the question is read out
  if (choice) choice.focus({ preventScroll: at.preventScroll })
  else focusOn(first, { preventScroll: at.preventScroll })
  if (found === first && isAbove(first)) first.scrollIntoView({ block: "nearest" })
}
// Whether it begins above what is seen of the page, where the header and the mode are.
const isAbove = (part) =>
  part.getBoundingClientRect().top < (parseFloat(getComputedStyle(document.querySelector('[data-testid="stMain"]')).scrollPaddingTop) || 0)
// Where the focus stays on what was pressed or chosen, a new status is read out here: a status that is drawn again with
// other words is another element, so that a browser reports no change of it. An alert it reports anyway. What a page shows
// when it comes is not new.
const statuses = () => sayings().filter((part) => part.matches("[role=status]"))
const reading = Object.assign(document.createElement("div"), { id: "reads_out", ariaLive: "polite" })
let before = null, landed = false, telling = 0, settled // the page whose first statuses are there
const tell = (tries = 600, patience = 40) => {
  const lands = document.activeElement === document.body && patience > 0 // the focus may be about to
  if ((lands || !isDrawn()) && tries) return (telling = setTimeout(tell, 50, tries - 1, patience - lands))
  const { page, said } = before, isOther = page !== shown || settled !== shown
  before = null
  settled = shown
  if (isOther || landed) return
  const found = statuses().filter((part) => !said.includes(part.textContent))
  reading.textContent = found.slice(0, 2).map(readOut).join(" ") // who listens can find the rest
}
document.addEventListener("irsa-answers", () => answers++)
document.addEventListener("irsa-answered", () => (landed = true))
document.addEventListener("irsa-draws", () => {
  if (!before) {
    before = { page: shown, said: statuses().map((part) => part.textContent) }
    landed = false
    reading.textContent = ""
    document.body.append(reading)
  }
  clearTimeout(telling)
  telling = setTimeout(tell, 150) // of many changes at once a screen reader drops some
})
// What has the focus is hidden for a moment where something above it is drawn again (`frame.css`): it gets it back.
const regain = (lost, since, tries = 100) => {
  if (since !== turn() || document.activeElement !== document.body || !lost.isConnected || !tries) return
  if (lost.checkVisibility({ visibilityProperty: true })) lost.focus({ preventScroll: true })
  else setTimeout(regain, 50, lost, since, tries - 1)
}
addEventListener("blur", (event) => {
  const [lost] = event.composedPath() // in a part that has a document tree of its own as well
  if (lost.isConnected && lost.checkVisibility?.({ visibilityProperty: true }) === false) setTimeout(regain, 0, lost, turn())
}, true)
// Safari gives what is clicked no focus, but what it lies in, in the end the whole page: the arrow keys would turn the page
// and not the scene.
const take = (clicked) => {
  const root = clicked.getRootNode(), has = root.activeElement ?? document.activeElement
  if (has !== clicked && has.contains(root.host ?? clicked)) clicked.focus({ preventScroll: true })
}
addEventListener("pointerdown", () => presses++, true)
addEventListener("keydown", ({ key }) => key === "Tab" && presses++, true) // the reader says where the focus goes
document.addEventListener("click", (event) => {
  if (!event.isTrusted) return // `begin` closes the menu, and gives the focus to the page's heading
  const pressed = event.composedPath().find((part) => part.matches?.("button, a, input[type=range]"))
  if (!pressed) return
  take(pressed)
  if (pressed.matches("input")) return
  const press = ++presses
  if (sought && pressed.closest(".st-key-predict_show")) sought.press = press
  for (const [one, other] of PAIRS)
    if (pressed.closest(one)) return handOn(other, press)
    else if (pressed.closest(other)) return handOn(one, press)
  const key = pressed.closest(".stButton")?.closest("[class*=st-key-]")?.className.match(/st-key-[\w-]+/)[0]
  land(pressed, { ...asItIs(), key, preventScroll: event.detail > 0 })
}, true)
// A link of the menu that is drawn again while it is pressed, as in another language, is another element when the press
// ends: the browser would see no click.
const menuLink = ({ target }) => target.closest?.('[data-testid="stSidebarNavLink"]')
let held
addEventListener("pointerdown", (event) => (held = menuLink(event)), true)
addEventListener("pointerup", (event) => {
  const link = menuLink(event)
  if (held && !held.isConnected && link?.href === held.href) link.click()
}, true)
// On a phone the menu lies over the page. Escape closes it, and so does the way back, the browser's or the phone's; it is not
// there again when the page is loaded again, as Streamlit would have it.
const isNarrow = () => innerWidth < 768
const closesMenu = () => isNarrow() && document.querySelector('[data-testid="stSidebarCollapseButton"] button[aria-expanded="true"]')
const closeMenu = () => {
  const button = closesMenu()
  if (!button) return
  button.click()
  handOn(BUTTONS.open, ++presses)
}
addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && closeMenu())
addEventListener("pagehide", () => isNarrow() && browserKeeps.remove("stSidebarCollapsed-"))
let closing
const covering = new MutationObserver(() => {
  closing?.destroy()
  if (sidebar.dataset.collapsed === "true" || !isNarrow() || !window.CloseWatcher) return
  closing = new CloseWatcher()
  closing.onclose = closeMenu
})
// The way back within a page takes away what had the focus, as a press does. To another page `begin` hands it on.
addEventListener("popstate", () => {
  closeMenu()
  document.querySelector('[data-testid="stPopoverButton"][aria-expanded="true"]')?.click()
  if (location.pathname !== path) return
  presses++
  land(document.createElement("i"), { ...asItIs(), had: document.activeElement })
})
// The section that the address asks for, whichever component draws it: what it lies in opens, and the reader goes on there,
// unless they have gone elsewhere meanwhile. On a page that asks a question first it comes after the answer, and is open then:
// a reader who skips the question goes on there.
let sought = null, leading = 0, ledTo // by page and section
const sectionOf = (anchor) =>
  [...document.querySelectorAll(".stMain [data-testid=stBidiComponentIsolated]")]
    .map(({ shadowRoot }) => shadowRoot?.querySelector(`[data-section="${CSS.escape(anchor)}"]`))
    .find(Boolean)
const lead = (tries = 600) => {
  const found = sought && sectionOf(sought.section)
  if (sought && !isDrawn() && tries) return (leading = setTimeout(lead, 50, tries - 1))
  if (!found) return
  for (let around = found; around; around = around.parentElement) if (around.matches("details")) around.open = true
  if (sought.press === presses) [0, 100, 400].forEach((wait) => setTimeout(goOn, wait, sought)) // it may be drawn again, and what is above it grow
  sought = null
}
const goOn = ({ section, press }) => {
  const found = sectionOf(section), heading = found?.querySelector("summary, h2, h3") ?? found
  if (!found || press !== presses) return
  found.classList.add("lit")
  if (heading.matches("summary")) heading.focus({ preventScroll: true })
  else if (heading.getRootNode().activeElement !== heading) focusOn(heading, { preventScroll: true })
  found.scrollIntoView()
}
document.addEventListener("irsa-draws", () => {
  clearTimeout(leading)
  leading = setTimeout(lead, 50)
})
// frame.css shows Streamlit's symbols once their font is there, or has failed.
const withSymbols = () => (document.documentElement.dataset.symbols = "")
document.fonts.load('1em "Material Symbols Rounded"').then(withSymbols, withSymbols)
const everything = { childList: true, subtree: true }
const find = () => {
  const found = document.querySelector('[data-testid="stSidebar"]')
  if (found) finding.disconnect()
  if (!found || found === sidebar) return
  sidebar = found
  grouping.disconnect()
  grouping.observe(sidebar, everything)
  group()
  covering.disconnect()
  covering.observe(sidebar, { attributeFilter: ["data-collapsed"] })
  naming.disconnect()
  const header = document.querySelector('[data-testid="stHeader"]') // an embedded page may have none
  for (const part of [sidebar, header].filter(Boolean)) naming.observe(part, everything)
}
const finding = new MutationObserver(find) // it may come after the page
const grouping = new MutationObserver(group), naming = new MutationObserver(name) // of the sidebar that is there now

// Before the page is there, `first_picture.js` has what Streamlit says of the connection said in the page's language.
export const sayOurs = (language, words) => {
  speak(document.documentElement, language)
  says = words
  speaking.observe(document.body, { ...everything, attributeFilter: ["aria-label"] })
  speakOurs()
}

// The answer to what was asked may go with the connection: once that is back, `feed.js` has the page run, also where it comes
// only then. Where the answer had begun, Streamlit itself asks for it. Where nothing was asked nothing runs: the run could
// end one that the reader asks for in that moment.
const PRESSED = ".stButton, .stFormSubmitButton, .stSlider, [data-testid=stButtonGroup], [data-testid=stRadio], [data-testid=stCheckbox], [role=option]"
let unanswered = false, away = false
for (const act of ["click", "keydown"])
  addEventListener(act, ({ target }) => (unanswered ||= Boolean(target.closest?.(PRESSED))), { capture: true })
document.addEventListener("irsa-asked", () => (unanswered = true)) // by `feed.js` itself
const returning = new MutationObserver(([{ target }]) => {
  const { testScriptState, testConnectionState } = target.dataset
  if (testScriptState === "running") window.irsaIsBack = unanswered = false
  const isBack = away && testConnectionState === "CONNECTED"
  away = testConnectionState !== "CONNECTED"
  if (!isBack || !unanswered) return
  window.irsaIsBack = true
  document.dispatchEvent(new Event("irsa-back"))
})

let newest
export default function ({ data }) {
  if (!newest) returning.observe(document.querySelector('[data-testid="stApp"]'), { attributeFilter: ["data-test-script-state", "data-test-connection-state"] })
  newest = data
  nameIn(data)
  const came = shown !== undefined && shown !== data.page
  shown = data.page
  path = location.pathname
  const to = `${data.page} ${data.section}`
  if (to !== ledTo) sought = data.section ? { section: data.section, press: presses } : null
  ledTo = to
  document.dispatchEvent(new Event("irsa-draws"))
  if (!came) return
  // With the frame that shows it: before that a browser would have to lay out the page one more time.
  const press = presses
  requestAnimationFrame(() => begin(data, press))
}
const nameIn = (data) => {
  speak(document.documentElement, data.language)
  const words = givenJson(data.words), isNewest = () => newest === data
  const again = () => document.addEventListener("irsa-again", () => isNewest() && nameIn(data), { once: true })
  if (words instanceof Promise) words.then((read) => isNewest() && nameAll(data, read), again)
  else nameAll(data, words)
}
addEventListener("online", askAgain)
const nameAll = ({ language }, words) => {
  ;({ menu, sections, languages } = words)
  sayOurs(language, words.says)
  for (const part of ["line", "text", "upload"]) // frame.css puts them over Streamlit's own
    document.documentElement.style.setProperty(`--says-${part}`, JSON.stringify(says[part]))
  finding.observe(document.body, everything)
  find()
  if (sidebar) group()
  name()
}
// A part of the page has a document tree of its own.
const focused = (on = document.activeElement) => (on.shadowRoot?.activeElement ? focused(on.shadowRoot.activeElement) : on)
const begin = ({ page, title }, press) => {
  // What was scrolled on the page before is not where this one begins.
  document.querySelector('[data-testid="stMain"]').scrollTop = 0
  // On a phone the sidebar lies over the page that was chosen in it.
  const button = closesMenu()
  if (button) button.click()
  // The next thing to read is the new page's heading, which is drawn a moment later, unless the reader begins elsewhere.
  let tries = 600
  const settle = () => {
    if (shown !== page || press !== presses || focused().matches(FIELDS)) return
    const heading = document.querySelector(".stMainBlockContainer h1")
    // What is not seen yet, because something above it is not drawn, takes no focus.
    if (heading?.textContent.includes(title) && heading.checkVisibility({ visibilityProperty: true })) {
      heading.tabIndex = -1
      heading.blur() // it may be the element of the page before, and have the focus: then this one would not be read out
      heading.focus({ preventScroll: true })
    } else if (tries--) setTimeout(settle, 50)
  }
  settle()
}
