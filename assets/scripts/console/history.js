// The lines that were run in this tab, the newest last, and where among them the reader is.
const CONSOLE_HISTORY = "irsa_console_history"
const CONSOLE_LINES = 200

const consoleHistory = () => {
  const lines = JSON.parse(tabKeeps.get(CONSOLE_HISTORY) ?? "[]")
  let at = lines.length
  let draft = ""
  return {
    add: (line) => {
      if (lines.at(-1) !== line) lines.push(line)
      while (lines.length > CONSOLE_LINES) lines.shift()
      at = lines.length
      tabKeeps.set(CONSOLE_HISTORY, JSON.stringify(lines))
    },
    // The line `by` steps further; undefined at either end. What was being typed comes back after the newest.
    move: (by, typed) => {
      if (at + by < 0 || at + by > lines.length) return undefined
      if (at === lines.length) draft = typed
      at += by
      return at === lines.length ? draft : lines[at]
    },
  }
}
