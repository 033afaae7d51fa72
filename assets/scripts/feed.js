// What was asked of the world of this browser, as it happens. One websocket for a tab, whatever draws it; the page runs
// again only for what has changed the world since it was drawn, and never while the tab is hidden.
// Milliseconds, but for the runs in a row and the lines.
const FEED = { burst: 150, others: 300, pause: 600, pace: 2_000, late: 5_000, retry: [1_000, 60_000], runs: 10, lines: 8 }
const feeds = new Map() // by root: what it was given, and how it has the page run
const seen = { stream: "", number: 0, changed: 0, asked: 0, lines: [], wait: FEED.retry[0], socket: null }
Object.assign(seen, { timer: 0, ran: -FEED.late, runs: 0, late: false, reload: false })

// Of several tabs the one that the reader touched last goes first: it walks, and the others find its walk.
const feedTab = String(Math.random())
const feedTouched = () => browserKeeps.set("irsa_touched_tab", feedTab)
for (const act of ["focus", "pointerdown", "keydown"]) addEventListener(act, feedTouched, { capture: true })
const feedIsFirst = () => browserKeeps.get("irsa_touched_tab") === feedTab

const feedListen = () => {
  if (seen.socket) return
  const { stream, number } = seen
  const { protocol, host } = location
  const address = `${protocol === "https:" ? "wss" : "ws"}://${host}/events?of=${stream}&after=${number}`
  const socket = (seen.socket = new WebSocket(address))
  const current = () => seen.socket === socket
  socket.onopen = () => (seen.wait = FEED.retry[0])
  socket.onmessage = ({ data }) => {
    if (!current()) return
    if (!feedLive()) return socket.close()
    const { events = [], reload } = JSON.parse(data)
    for (const event of events) {
      seen.number = event.number
      if (event.changes) seen.changed = event.number
      if (event.verb) feedKeep(event) // without one another tab did something to the world as a whole
    }
    if (reload !== undefined) {
      seen.number = reload || seen.number
      seen.reload = true
    }
    for (const root of feeds.keys()) feedDraw(root)
    feedFollow()
  }
  // 1001: this world is gone, and nothing comes until a page shows another one.
  socket.onclose = ({ code }) => {
    if (!current()) return
    seen.socket = null
    if (code === 1001) return
    setTimeout(() => feedLive() && feedListen(), seen.wait * (0.5 + Math.random()))
    seen.wait = Math.min(2 * seen.wait, FEED.retry[1])
  }
}

// One line for each object that one run of a command is about: the newest of its requests says how it ended.
const feedKeep = (event) => {
  const what = ({ tool, command, verb, kind, namespace, name, run }) =>
    [tool, command || verb, kind, namespace, name, run].join("\n")
  const last = seen.lines[0], goesOn = last && what(last) === what(event)
  // What `kubectl delete` reads afterwards is whether the object is still there: it ends well with a 404.
  if (goesOn && event.command === "delete" && event.verb !== "delete") return
  if (goesOn) seen.lines.shift()
  seen.lines.unshift(event)
  seen.lines.length = Math.min(seen.lines.length, FEED.lines)
}

const feedLive = () => {
  for (const root of feeds.keys()) if (!root.isConnected) feeds.delete(root)
  return feeds.size > 0
}

// The page runs again a moment after the first of a burst, once for all of it: not while it runs anyway, which would be
// cut short, nor before it is connected again; and after some times in a row more slowly. Nothing waits here while nothing
// happens.
const feedWants = () => seen.reload || seen.changed > seen.asked
// The field of the page that the reader types in: the page waits until they leave it. The console has one of its own.
const feedField = () => document.hasFocus() && document.activeElement.matches(FIELDS) && document.activeElement
const feedFollow = () => {
  if (seen.timer || !feedWants()) return
  if (document.hidden) return document.addEventListener("visibilitychange", feedFollow, { once: true })
  const field = feedField()
  if (field) return field.addEventListener("focusout", feedFollow, { once: true })
  const now = performance.now()
  const inARow = Math.max(0, seen.runs - (now - seen.ran) / FEED.pace)
  const pause = seen.late ? FEED.late : inARow < FEED.runs ? FEED.pause : FEED.pace
  seen.timer = setTimeout(feedRun, Math.max(feedIsFirst() ? FEED.burst : FEED.others, seen.ran + pause - now))
}
// What a lost connection was to bring is lost with it. `page.js`, which comes before this script, sees that it is back.
const feedBack = () => {
  if (!window.irsaIsBack) return
  window.irsaIsBack = false
  seen.reload = true
  feedFollow()
}
document.addEventListener("irsa-back", feedBack)
const feedApp = document.querySelector('[data-testid="stApp"]')
let feedEnded = -FEED.burst
new MutationObserver(() => {
  if (feedApp.dataset.testScriptState !== "running") feedEnded = performance.now()
}).observe(feedApp, { attributeFilter: ["data-test-script-state", "data-test-connection-state"] })
const feedRun = () => {
  seen.timer = 0
  if (!feedLive() || !feedWants()) return
  const { testScriptState, testConnectionState } = feedApp.dataset
  const hears = testScriptState !== "running" && testConnectionState === "CONNECTED" // else what it is asked would be lost
  const now = performance.now(), isDrawn = now - feedEnded >= FEED.burst // what a run has drawn comes here after its end
  if (!hears || !isDrawn || document.hidden || feedField()) return feedFollow()
  seen.runs = Math.max(0, seen.runs - (now - seen.ran) / FEED.pace) + 1
  Object.assign(seen, { asked: Math.max(seen.asked, seen.changed), reload: false, ran: now })
  document.dispatchEvent(new Event("irsa-asked"))
  feeds.values().next().value.run("changed", `${seen.stream}.${seen.asked}`)
}

const feedLine = (event, data) => {
  const textContent = [event.tool, event.command || event.verb].filter(Boolean).join(" ")
  const name = [event.namespace, event.name].filter(Boolean).join("/")
  const refused = event.status >= 400 ? `HTTP ${event.status}` : ""
  const step = event.step ? data.step.replace("{number}", "①②③④⑤⑥"[event.step - 1]) : ""
  const said = [[event.kind, name].filter(Boolean).join(" "), step, refused].filter(Boolean)
  const parts = said.map((part) => ` · ${part}`)
  return element("li", { className: refused && "refused" }, element("code", { textContent }), ...parts)
}

const feedDraw = (root) => {
  const { data } = feeds.get(root)
  root.hidden = !seen.lines.length && !data.empty
  root.querySelector(".empty").hidden = seen.lines.length > 0
  // A line that is there stays: one that comes again would be read out again. The newest is the first.
  const list = root.querySelector("ol"), before = [...list.children]
  const lines = seen.lines.map((event) => {
    const line = feedLine(event, data), same = before.findIndex((one) => one.isEqualNode(line))
    return same < 0 ? line : before.splice(same, 1)[0]
  })
  for (const one of before) one.remove()
  list.prepend(...lines.filter((line) => !line.isConnected))
}

export default function ({ data, parentElement, setTriggerValue }) {
  adopt(parentElement)
  const innerHTML = `<h3></h3><p class="empty"></p><div role="log"><ol></ol></div>`
  const root = rootOf(parentElement, () => element("section", { className: "root feed", innerHTML }))
  speak(root, data.language)
  root.ariaLabel = root.querySelector("h3").textContent = data.heading
  root.querySelector(".empty").textContent = data.empty
  root.querySelector("[role=log]").ariaLabel = data.heading
  if (!seen.stream && document.hasFocus()) feedTouched()
  feeds.set(root, { data, run: setTriggerValue })
  if (seen.stream !== data.stream) {
    // Another world: what was asked of the one before is not shown here, nor does the page run because that is gone.
    const { socket } = seen
    Object.assign(seen, { stream: data.stream, changed: 0, asked: 0, lines: [], socket: null, wait: FEED.retry[0] })
    seen.reload = false
    seen.number = Math.max(0, data.number - FEED.lines)
    socket?.close()
  }
  seen.late = data.changed < seen.asked // the world had no CPU time left for a walk: once more, later
  seen.asked = data.changed
  feedDraw(root)
  feedListen()
  feedBack()
  feedFollow()
}
