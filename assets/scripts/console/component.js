// The command line of this browser's world. One connection serves the tab, so what runs goes on while the reader turns
// to another page of the app, and what was printed is there when they come back.
export default function ({ data, parentElement }) {
  adopt(parentElement)
  const words = JSON.parse(data.words)
  const session = (window.irsaConsole ??= consoleSession(data.path))
  session.use(data.language, data.world)
  let root = parentElement.querySelector(".root")
  if (root && root.drawn !== data.words) root.remove() // another language
  if (!root || root.drawn !== data.words) {
    root = consoleView(session, words)
    root.drawn = data.words
    root.lang = data.language
    parentElement.appendChild(root)
  }
  return session.leave
}
