// What a page shows of the console. Output is text and nothing else: no part of it is ever read as HTML.
const consoleButton = (text, click, properties = {}) =>
  element("button", { type: "button", textContent: text, onclick: click, ...properties })

// A sentence of the app. A long address in it is broken after a slash and not within a word.
const breakable = (text) => text.split(/(?<=[^/:]\/)/).flatMap((part) => [part, element("wbr")])

const consoleView = (session, words) => {
  // (1) The parts
  const log = element("div", { className: "console-log", tabIndex: 0, role: "log", ariaLabel: words.log })
  const line = consoleLine(session, words)
  const state = element("p", { className: "console-state", role: "status" })
  const missing = element("div", { className: "console-missing" })
  const help = element("div", { className: "console-help" })
  for (const part of ["keys", "filters"]) help.append(element("p", { className: "caption", innerHTML: words[part] }))
  const about = element("p", { innerHTML: words.about })
  const clear = consoleButton(words.clear, () => session.clear())
  const head = element("div", { className: "console-head" }, about, clear)
  const frame = element("div", { className: "console-frame" }, log, line.box)
  const root = element("section", { className: "root console", ariaLabel: words.name })
  root.append(head, missing, frame, state, help, consoleFiles(session, words))

  // (2) One entry for each line that was run
  const shown = new Map()
  const follow = (change) => {
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40
    change()
    if (isAtEnd) log.scrollTop = log.scrollHeight
  }
  // Of a table the first line has columns: on a phone it scrolls, and all else is broken into lines (`console.css`).
  const print = (output, text) => {
    if (!output.textContent) output.classList.toggle("table", /\S {2,}\S/.test(text.split("\n", 1)[0]))
    output.append(text)
  }
  const add = (entry) => {
    const typed = element("pre", { className: "typed" }, element("span", { textContent: `${words.prompt} `, ariaHidden: "true" }), entry.line)
    const output = element("pre", { className: "output" })
    if (entry.output.length) print(output, entry.output.join(""))
    const note = element("p", { className: "note" })
    const stop = consoleButton(words.stop, () => session.stop(entry))
    const end = consoleButton(words.end_input, () => session.input(entry, "", true))
    const buttons = element("div", { className: "entry-buttons" }, stop, end)
    const box = element("div", { className: "entry" }, typed, output, buttons)
    shown.set(entry, { box, output, note, buttons, end })
    log.append(box)
    draw(entry)
  }
  const draw = (entry) => {
    const parts = shown.get(entry)
    if (!parts) return
    // It comes with its words: those of a part that is there already a screen reader may read out once more as that is shown.
    if (entry.note && !parts.note.isConnected) {
      parts.note.append(...breakable(entry.note))
      parts.buttons.before(parts.note)
    }
    parts.output.hidden = !parts.output.textContent
    parts.buttons.hidden = !entry.runs
    parts.end.hidden = !entry.reads
    parts.box.classList.toggle("refused", Boolean(entry.refused))
  }
  const redraw = () => {
    const kept = new Set(session.entries)
    for (const [entry, { box }] of shown) if (!kept.has(entry)) (box.remove(), shown.delete(entry))
    log.querySelector(".console-cut")?.remove()
    if (session.cut) log.prepend(element("p", { className: "console-cut caption", textContent: words.cut_here }))
  }
  const drawState = () => {
    const found = session.programs.map(([name, version]) => `${name} ${version}`).join(", ")
    const said = { connecting: words.connecting, lost: words.lost, open: words.programs.replace("{programs}", found) }
    state.textContent = found || session.state !== "open" ? said[session.state] : ""
    if (session.state === "lost") state.append(" ", consoleButton(words.again, session.connect))
    missing.replaceChildren(...session.missing.map((text) => element("p", {}, ...breakable(text))))
  }

  session.hear(root, (what, detail) => {
    if (what === "entry") follow(() => add(detail))
    else if (what === "output")
      follow(() => {
        const output = shown.get(detail.entry)?.output
        if (output) print(output, detail.text)
        draw(detail.entry)
      })
    else if (what === "started" || what === "ended") follow(() => (draw(detail), line.draw()))
    else if (what === "trimmed" || what === "cleared") redraw()
    else if (what === "state") drawState()
    if (what === "ended" && detail.refused) line.giveBack(detail.line)
  })
  session.entries.forEach(add)
  // Its newest lines, as soon as the log has a height: a tab that is not open has none.
  new ResizeObserver((_, seen) => {
    if (!log.clientHeight) return
    log.scrollTop = log.scrollHeight
    seen.disconnect()
  }).observe(log)
  redraw()
  drawState()
  return root
}
