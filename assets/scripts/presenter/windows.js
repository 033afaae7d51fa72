// A talk in two windows, and the page that is shown to a room as it is. A rerun finds everything as it was.
export default function ({ data, parentElement, setTriggerValue }) {
  if (data.shows === "answer") {
    window.dispatchEvent(new CustomEvent(TALK_ANSWER, { detail: data.answer }))
    return
  }
  adopt(parentElement)
  const root = rootOf(parentElement)
  const drawn = `${data.shows} ${data.deck} ${data.talk}`
  const begin = () => {
    root.talkStop?.abort()
    root.talkStop = new AbortController()
    const { signal } = root.talkStop
    root.talk = { talk: talkProjector, notes: talkNotes, page: talkPage }[data.shows](root, data, signal) ?? {}
    root.talk.send = setTriggerValue
  }
  if (root.drawn !== drawn) {
    root.drawn = drawn
    if (root.talk?.covered?.()) root.talk.next = begin // a what-if ends before the slides of another world come
    else begin()
  }
  root.talk.send = setTriggerValue
  // Streamlit says goodbye before each rerun as well: only what is gone from the page has ended.
  return () => setTimeout(() => root.isConnected || ((root.drawn = ""), root.talkStop.abort()))
}

// A page of its own in large type: one key leads out of it, and one button.
const talkPage = (root, data, signal) => {
  const self = { send: null }
  const leave = () => {
    history.replaceState(history.state, "", talkAddress())
    self.send("leave", {})
  }
  talkKeys({ Escape: "leave" }, leave, signal)
  root.innerHTML = `<button type="button" class="leave_talk">${mapEscape(data.words)}</button>`
  root.onclick = leave
  return self
}
