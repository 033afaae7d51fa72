// The command line of this browser's world. One connection serves the tab, so what runs goes on while the reader turns
// to another page of the app, and what was printed is there when they come back.
export default function ({ data, parentElement }) {
  adopt(parentElement)
  const words = JSON.parse(data.words)
  const session = (window.irsaConsole ??= consoleSession(data.path))
  session.use(data.language, data.world)
  const before = parentElement.querySelector(".root")
  if (before?.drawn !== data.words) {
    const root = consoleView(session, words)
    root.drawn = data.words
    root.lang = data.language
    before?.remove()
    parentElement.appendChild(root)
    if (before) consoleGoesOn(before, root)
  }
  return session.leave
}
// In another language what was typed is still there, and the files stay unfolded.
const consoleGoesOn = (before, root) => {
  const [old, now] = [before, root].map((part) => [...part.querySelectorAll("textarea, input")])
  now.forEach((field, index) => {
    field.value = old[index].value
    field.dispatchEvent(new Event("input"))
  })
  root.querySelector("details").open = before.querySelector("details").open
}
