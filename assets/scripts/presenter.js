// A talk in two windows: the projector's, which shows one piece of a page at a time, and the speaker's notes.
const CHANNEL = "irsa_presenting"
// The projector's window keeps them for a reload; the notes that it opens inherit a copy.
const TALK = "irsa_presenting_talk" // which talk this is: a browser may hold several
const PLACE = "irsa_presenting_at"
const CLOCK = "irsa_presenting_clock" // since when it runs, and milliseconds spent before that
const TURN_MS = 10000 // how long the next page may take
const WIDGETS = "input, textarea, select, [contenteditable], [role=radio], [role=slider], [role=tab]"
// Outlives a turn of the page. `waiting`: what was asked for while the next page was on its way.
const talk = { page: "", at: 0, enter: 0, turning: 0, waiting: [] }

// The keyboard or clicker. What the focus is on keeps its own keys, Streamlit's shortcuts (C, R) have none.
const listen = (keys, act, signal) =>
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return
      const on = event.composedPath()[0]
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
      if (on.matches?.(WIDGETS) && !key.startsWith("Page")) return key === "Escape" && leaveWidget(on, event)
      if (key === " " && on.matches?.("button, a, summary")) return
      if (keys[key] || key.length === 1) event.stopImmediatePropagation()
      if (!keys[key]) return
      event.preventDefault()
      act(keys[key], event.repeat)
    },
    { capture: true, signal },
  )
const leaveWidget = (widget, event) => {
  event.stopImmediatePropagation()
  widget.blur()
}
const stored = (key) => JSON.parse(sessionStorage.getItem(key) ?? "null")
const store = (key, value) => sessionStorage.setItem(key, JSON.stringify(value))

const projector = (root, data, setTriggerValue, channel, stop) => {
  const { signal } = stop
  const find = (selector) => root.querySelector(selector)
  const pieces = [...root.querySelectorAll(".piece")]
  const sheet = find("dialog"), black = find(".blank"), bar = find("progress"), stage = find(".stage")
  if (!stored(TALK)) store(TALK, Math.random().toString(36).slice(2))
  const own = stored(TALK)

  // (1) A new page starts at its first piece, or at its last where one came backwards. Who reloads, or left the talk on
  // this page, goes on at the same piece.
  if (talk.page !== data.page) {
    const kept = stored(PLACE)
    const goesOn = !talk.page && kept?.page === data.page
    if (!talk.page && !goesOn) sessionStorage.removeItem(CLOCK) // it begins again
    talk.at = goesOn ? kept.at : talk.enter < 0 ? pieces.length - 1 : 0
    talk.page = data.page
    talk.enter = talk.turning = 0
  }

  // (2) One piece, its part of the diagram, and where we are.
  const show = (at) => {
    talk.at = Math.max(0, Math.min(at, pieces.length - 1))
    pieces.forEach((piece, index) => (piece.hidden = index !== talk.at))
    const { lit, answered, figure, name } = pieces[talk.at].dataset
    find(".slides").dataset.piece = name
    for (const drawn of root.querySelectorAll("figure")) {
      drawn.hidden = drawn.dataset.figure !== figure
      if (drawn.dataset.figure !== "flow") continue
      drawn.className = `diagram ${lit ? "one" : "all"} ${answered}`
      for (const part of drawn.querySelectorAll(".on")) part.classList.remove("on")
      for (const part of lit ? drawn.querySelectorAll(`.${lit}`) : []) part.classList.add("on")
    }
    find(".at").textContent = find(".at").dataset.words.replace("{at}", talk.at + 1).replace("{count}", pieces.length)
    bar.value = Number(bar.dataset.before) + (talk.at + 1) / pieces.length
    store(PLACE, { page: talk.page, at: talk.at })
    settle()
    tell()
  }
  const say = (words) => channel.postMessage({ talk: own, ...words })
  const tell = () => say({ page: talk.page, name: pieces[talk.at].dataset.name, clock: stored(CLOCK) })

  // (3) The upright drawing is looked at where it is lit, to be read from the last row; words that do not fit shrink.
  const settle = () => {
    for (const drawn of root.querySelectorAll("figure:not([hidden]) svg.tb")) {
      drawn.whole ??= drawn.getAttribute("viewBox")
      const lit = [...drawn.querySelectorAll(".on")].map((part) => part.getBBox()).filter((box) => box.width)
      if (!lit.length) {
        drawn.setAttribute("viewBox", drawn.whole)
        continue
      }
      const { e, f } = drawn.querySelector("g.graph").transform.baseVal.consolidate().matrix
      const left = Math.min(...lit.map((box) => box.x)) - 12, top = Math.min(...lit.map((box) => box.y)) - 12
      const right = Math.max(...lit.map((box) => box.x + box.width)) + 12
      const low = Math.max(...lit.map((box) => box.y + box.height)) + 12
      drawn.setAttribute("viewBox", `${left + e} ${top + f} ${right - left} ${low - top}`)
    }
    for (let size = 1; size > 0.6; size -= 0.03) {
      stage.style.setProperty("--fit", size)
      if (stage.scrollHeight <= stage.clientHeight && stage.scrollWidth <= stage.clientWidth) return
    }
  }

  // (4) What can be asked for.
  const turn = (by) => {
    Object.assign(talk, { enter: by, turning: Date.now() + TURN_MS })
    setTriggerValue("go", { page: by > 0 ? data.after : data.before })
  }
  const move = (by) => {
    const to = talk.at + by
    if (by > 0 && !stored(CLOCK)) store(CLOCK, { from: Date.now(), spent: 0 })
    if (to >= 0 && to < pieces.length) return show(to)
    if (by > 0 ? data.after : data.before) turn(by)
  }
  const acts = {
    forward: () => move(1),
    back: () => move(-1),
    first: () => show(0),
    last: () => show(pieces.length - 1),
    blank: () => (black.hidden = false),
    notes: () => window.open(find("[data-notes]").href, "irsa_notes", "popup,width=1000,height=760"),
    keys: () => sheet.showModal(),
    leave: () => {
      Object.assign(talk, { page: "", turning: 0, waiting: [] })
      // Neither a reload nor the browser's way back leads into the talk again.
      const left = new URL(location)
      left.searchParams.delete("present")
      history.replaceState(history.state, "", left)
      say({ gone: true })
      setTriggerValue("leave", true)
    },
  }
  const act = (name, held = false) => {
    if (talk.turning && name !== "notes") {
      // What is pressed while the next page is on its way is done there; a key that is held down is not pressed.
      const late = Date.now() > talk.turning
      if (late && !root.isConnected) return stop.abort()
      if (late && name === "leave") return acts.leave()
      if (!held) talk.waiting.push(name)
      if (late) turn(talk.enter)
    } else if (name === "notes") acts.notes()
    else if (!black.hidden) black.hidden = true
    else if (!sheet.open) acts[name]?.()
    else if (name === "keys" || name === "leave") sheet.close()
  }

  // (5) Who asks: the keyboard or clicker, the buttons, the notes window.
  listen(data.keys, act, signal)
  root.onclick = (event) => {
    const button = event.target.closest("[data-act]")
    if (button?.dataset.act === "leave" && sheet.open) sheet.close()
    if (button) act(button.dataset.act)
    else black.hidden = true
  }
  const clock = {
    pause: () => {
      const { from, spent } = stored(CLOCK)
      store(CLOCK, from ? { spent: spent + Date.now() - from } : { spent, from: Date.now() })
    },
    reset: () => sessionStorage.removeItem(CLOCK),
  }
  channel.onmessage = ({ data: asked }) => {
    if (asked.talk && asked.talk !== own) return
    if (asked.act) act(asked.act)
    clock[asked.press]?.()
    if (asked.press || asked.hello) tell()
  }
  window.addEventListener("pagehide", () => say({ gone: true }), { signal })
  window.addEventListener("resize", settle, { signal })
  document.fonts.ready.then(() => signal.aborted || settle())
  show(talk.at)
  while (talk.waiting.length && !talk.turning) act(talk.waiting.shift())
}

const notes = (root, data, channel, signal) => {
  const find = (selector) => root.querySelector(selector)
  const all = (selector) => [...root.querySelectorAll(selector)]

  // (1) The notes of the piece that the projector shows.
  const show = ({ page, name }) => {
    for (const note of all("article")) note.hidden = note.dataset.page !== page || note.dataset.name !== name
    for (const row of all(".plan tr[data-page]")) row.toggleAttribute("aria-current", row.dataset.page === page)
    find(".now").scrollTop = 0
  }
  let followed = stored(TALK), connected = false, clock = null
  channel.onmessage = ({ data: message }) => {
    if (!(message.page || message.gone) || (connected && message.talk !== followed)) return
    if (message.page) {
      followed = message.talk
      clock = message.clock
      show(message)
      tick()
    }
    connected = !message.gone
    find(".alone").hidden = connected
    find(".connected").hidden = !connected
  }
  const ask = (what) => connected && channel.postMessage({ talk: followed, ...what })
  show(all("article")[0].dataset)
  channel.postMessage({ talk: followed, hello: true })

  // (2) The clock, and how it stands against the plan.
  const time = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`
  const tick = () => {
    const seconds = clock ? (clock.spent + (clock.from ? Date.now() - clock.from : 0)) / 1000 : 0
    const pause = find("[data-clock=pause]"), lag = find(".lag")
    find(".clock").textContent = time(seconds)
    find(".waits").hidden = Boolean(clock)
    pause.disabled = !clock
    pause.textContent = clock && !clock.from ? pause.dataset.resume : pause.dataset.pause
    const until = Number(find(".plan:not([hidden]) [aria-current]")?.dataset.until ?? Infinity)
    const late = seconds - until
    lag.classList.toggle("late", late > 0)
    lag.textContent = late > 0 ? lag.dataset.late.replace("{time}", time(late)) : lag.dataset.onTime
  }
  const plan = (length) => {
    for (const table of all(".plan")) table.hidden = table.dataset.length !== length
    for (const button of all("button[data-length]")) button.setAttribute("aria-pressed", button.dataset.length === length)
    root.planned = length
  }
  plan(root.planned ?? find(".plan").dataset.length)
  root.onclick = ({ target }) => {
    if (target.dataset.clock) ask({ press: target.dataset.clock })
    if (target.dataset.length) plan(target.dataset.length)
    tick()
  }
  tick()
  const ticking = setInterval(tick, 250)
  signal.addEventListener("abort", () => clearInterval(ticking))

  // (3) The keys turn the projector's pieces from here too; what concerns that window alone is left to it.
  const here = ["forward", "back", "first", "last", "blank"]
  listen(data.keys, (act) => here.includes(act) && ask({ act }), signal)
}

export default function ({ data, parentElement, setTriggerValue }) {
  adopt(parentElement)
  let root = parentElement.querySelector(".root")
  if (!root) {
    root = document.createElement("div")
    root.className = "root"
    parentElement.appendChild(root)
  }
  if (root.drawn !== data.html) root.innerHTML = root.drawn = data.html
  talk.stop?.abort()
  const stop = (talk.stop = new AbortController())
  const channel = new BroadcastChannel(CHANNEL)
  stop.signal.addEventListener("abort", () => channel.close())
  if (data.page) projector(root, data, setTriggerValue, channel, stop)
  else notes(root, data, channel, stop.signal)
  // Between two pages the keys still need somebody who listens.
  return () => talk.turning || stop.abort()
}
