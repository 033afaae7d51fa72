// The line that is typed: history, completion, and the keys of a terminal.
const consoleLine = (session, words) => {
  const history = consoleHistory()
  const field = typedField(element("textarea", { rows: 1, ariaLabel: words.line }))
  const candidates = element("ul", { className: "console-candidates", ariaLabel: words.candidates, hidden: true })
  const run = consoleButton(words.run, () => submit(), { className: "console-run" })
  const prompt = element("span", { textContent: words.prompt, ariaHidden: "true" })
  const row = element("div", { className: "console-line" }, prompt, field, run)
  const said = element("p", { className: "unseen", ariaLive: "polite" }) // what the Tab key did, to who listens
  const box = element("div", {}, row, candidates, said)
  let mayLeave = false // after Esc, Tab is the browser's
  let saying = 0
  let completion = null, completes // under way, and what: Enter waits for it, as a terminal's does

  // All of a long line shows, which on a phone takes several rows.
  const fit = () => {
    field.style.height = ""
    if (field.scrollHeight) field.style.height = `${field.scrollHeight}px` // none in a tab that is not open
  }
  const set = (text, at = text.length) => {
    field.value = text
    field.setSelectionRange(at, at)
    fit()
  }
  // Some time after what has changed with it: of many changes at once a screen reader drops some.
  const say = (text) => {
    clearTimeout(saying)
    said.textContent = ""
    saying = text && setTimeout(() => (said.textContent = text), 200)
  }
  const offer = (found = [], length = 0) => {
    say(found.map(([text]) => text).join(", "))
    candidates.hidden = !found.length
    candidates.replaceChildren(
      ...found.map(([text, detail]) => {
        const button = consoleButton("", () => (insert(text, length, true), offer(), field.focus()))
        button.append(text)
        if (detail) button.append(" ", element("span", { className: "quiet", textContent: detail }))
        return element("li", {}, button)
      }),
    )
  }
  const insert = (text, length, isWhole) => {
    const at = field.selectionStart
    const space = isWhole && !/[=/:]$/.test(text) && field.value[at] !== " " ? " " : ""
    const before = field.value.slice(0, at - length) + text + space
    set(before + field.value.slice(at), before.length)
  }
  const common = (texts) =>
    texts.reduce((shared, text) => {
      let at = 0
      while (at < shared.length && shared[at] === text[at]) at += 1
      return shared.slice(0, at)
    })
  const typed = () => field.value.slice(0, field.selectionStart)
  const complete = async () => {
    const before = (completes = typed())
    const { length, words: found } = await session.complete(before)
    if (typed() !== before) return // typed on meanwhile
    offer()
    if (!found.length) return
    const shared = common(found.map(([text]) => text))
    if (found.length === 1) {
      insert(found[0][0], length, true)
      say(found[0][0])
    } else {
      if (shared.length > length) insert(shared, length, false)
      offer(found, Math.max(shared.length, length))
    }
  }

  // A program that reads gets what is typed, so the field says so.
  const reading = () => session.entries.findLast((entry) => entry.runs && entry.reads)
  const draw = () => {
    const reads = Boolean(reading())
    prompt.textContent = reads ? ">" : words.prompt
    field.placeholder = reads ? words.input : ""
    field.ariaLabel = reads ? words.input : words.line
  }
  const submit = () => {
    const text = field.value
    offer()
    const entry = reading()
    if (entry) session.input(entry, `${text}\n`)
    else if (!text.trim()) return
    else if (!session.run(text)) return
    else history.add(text)
    set("")
  }

  const keys = {
    Enter: (event) => !event.shiftKey && (completion ? completion.then(submit) : submit(), true),
    Tab: (event) => {
      if (event.shiftKey || mayLeave || !typed().trim()) return false
      if (completion && completes === typed()) return true // pressed once more
      const asked = Promise.resolve(completion).then(complete).finally(() => completion === asked && (completion = null))
      completion = asked
      return true
    },
    Escape: () => {
      offer()
      mayLeave = true
      return false
    },
    ArrowUp: () => recall(-1, !typed().includes("\n")),
    ArrowDown: () => recall(1, !field.value.slice(field.selectionStart).includes("\n")),
    c: (event) => {
      if (!event.ctrlKey || field.selectionStart !== field.selectionEnd) return false
      const running = session.entries.findLast((entry) => entry.runs)
      if (running) session.stop(running)
      else set("")
      return true
    },
    d: (event) => {
      if (!event.ctrlKey || field.value || !reading()) return false
      session.input(reading(), "", true)
      return true
    },
    l: (event) => event.ctrlKey && (session.clear(), true),
  }
  const recall = (by, isAtEdge) => {
    const line = isAtEdge ? history.move(by, field.value) : undefined
    if (line !== undefined) set(line)
    return line !== undefined
  }
  field.addEventListener("keydown", (event) => {
    event.stopPropagation() // letters are the app's shortcuts elsewhere
    if (event.isComposing || event.keyCode === 229) return // an input method is at work, and Enter is its own
    const leaves = mayLeave && event.key === "Tab"
    if (event.key !== "Escape" && !leaves) mayLeave = false
    if (keys[event.key]?.(event)) event.preventDefault()
  })
  field.addEventListener("input", () => (fit(), offer()))
  draw()
  return { box, draw, giveBack: (text) => field.value || set(text) }
}
