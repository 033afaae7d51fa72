// The keyboard or clicker. What the focus is on keeps its own keys, Streamlit's shortcuts (C, R) have none.
const TALK_WIDGETS = "input, textarea, select, [contenteditable], [role=radio], [role=slider], [role=tab]"
const talkKeys = (keys, act, signal) =>
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return
      const on = event.composedPath()[0]
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
      if (on.matches?.(TALK_WIDGETS) && !key.startsWith("Page")) {
        if (key !== "Escape") return
        event.stopImmediatePropagation()
        return on.blur()
      }
      if ((key === " " || key === "Enter") && on.matches?.("button, a, summary")) return
      const asked = keys[key] ?? (key === "Backspace" ? "erase" : /^(\d|Enter)$/.test(key) ? key : "")
      if (asked || key.length === 1) event.stopImmediatePropagation()
      if (!asked) return
      event.preventDefault()
      act(asked)
    },
    { capture: true, signal },
  )

// A button that was pressed would keep Space and Enter to itself. Without any focus the page gives it back to the button.
const talkRelease = (root) => root.firstElementChild.focus({ preventScroll: true })

// What a talk keeps in this tab: a reload goes on there, and the notes that it opens inherit a copy.
const TALK_OWN = "irsa_presenting_talk" // which talk this is: a browser may show several
const TALK_PLACE = "irsa_presenting_at"
const TALK_CLOCK = "irsa_presenting_clock" // since when it runs, and milliseconds spent before that
const TALK_THEME = "irsa_presenting_theme"
const TALK_CHANNEL = "irsa_presenting"
// Who blocks what a browser keeps may block this with it: then the windows do not know of each other.
const talkChannel = () => {
  try {
    return new BroadcastChannel(TALK_CHANNEL)
  } catch {
    return { postMessage() {}, close() {} }
  }
}
const talkApp = () => document.querySelector('[data-testid="stApp"]')
const talkLost = () => talkApp().dataset.testConnectionState !== "CONNECTED" // nothing reaches the server then
const talkStored = (key) => JSON.parse(tabKeeps.get(key) ?? "null")
const talkStore = (key, value) => tabKeeps.set(key, JSON.stringify(value))
