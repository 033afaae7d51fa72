// What the tab knows of its console: the connection, what was run and printed, the files. Views hear of each change.
const CONSOLE_KEPT = 1_000_000 // characters of output that stay on the page

const consoleSession = (path) => {
  const session = { entries: [], files: [], programs: [], missing: [], state: "", cut: false, file: null }
  const listeners = new Map()
  const asked = new Map()
  let socket, world, next = 1, kept = 0, early = [] // what was run before the connection was there
  const changed = (what, detail) => listeners.forEach((hear) => hear(what, detail))
  const send = (frame) => {
    if (socket?.readyState !== WebSocket.OPEN) return false
    socket.send(JSON.stringify(frame))
    return true
  }
  const tell = (frame) => (session.state === "connecting" ? early.push(frame) : send(frame))
  const entryOf = (number) => session.entries.find((entry) => entry.number === number)
  const turn = (state) => {
    session.state = state
    changed("state")
  }

  const trim = () => {
    while (kept > CONSOLE_KEPT && session.entries.length > 1 && !session.entries[0].runs) {
      kept -= session.entries.shift().size
      session.cut = true
      changed("trimmed")
    }
  }
  const end = (entry, note) => {
    entry.runs = entry.reads = false
    entry.note = note
    changed("ended", entry)
  }

  const print = (entry, text) => {
    entry.size += text.length
    kept += text.length
    entry.output.push(text)
    changed("output", { entry, text })
    trim()
  }

  const heard = {
    hello: ({ programs, missing }) => {
      Object.assign(session, { programs, missing })
      turn("open")
      early.splice(0).forEach(send)
    },
    started: ({ number, reads }) => {
      const entry = entryOf(number)
      if (!entry?.runs) return
      entry.reads = reads
      changed("started", entry)
    },
    output: ({ number, text }) => entryOf(number) && print(entryOf(number), text),
    ended: ({ number, text }) => entryOf(number) && end(entryOf(number), text),
    refused: ({ number, text }) => {
      const entry = entryOf(number)
      if (!entry) return
      entry.refused = true
      end(entry, text)
    },
    candidates: ({ number, length, words }) => {
      asked.get(number)?.({ length, words })
      asked.delete(number)
    },
    files: ({ files }) => {
      session.files = files
      changed("files")
    },
    file: (file) => changed("file", file),
    file_refused: (file) => changed("file_refused", file),
  }

  // What the connection that is gone would have said.
  const lose = () => {
    early = []
    session.entries.filter((entry) => entry.runs).forEach((entry) => end(entry, ""))
    asked.forEach((answer) => answer({ length: 0, words: [] }))
    asked.clear()
  }
  const connect = () => {
    lose()
    turn("connecting")
    const address = new URL(path, location.href)
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:"
    address.search = new URLSearchParams({ lang: session.language })
    const mine = (socket = new WebSocket(address))
    mine.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(data)
      if (mine === socket) heard[frame.type]?.(frame)
    })
    mine.addEventListener("close", () => {
      if (mine !== socket) return
      lose()
      turn("lost")
    })
  }

  return Object.assign(session, {
    // The language of what the server says: what runs goes on in another one. And which world it is about: in another one
    // there are other files, and what was printed in the one before is not true of it.
    use: (language, which) => {
      const isSame = session.language === language
      session.language = language
      if (world === which) return isSame || tell({ type: "language", text: language })
      const isAnother = world !== undefined
      world = which
      socket?.close()
      connect()
      if (isAnother) session.clear()
    },
    connect,
    hear: (view, hear) => listeners.set(view, hear),
    // A view has parts that listen, too, and goes with them.
    leave: () => setTimeout(() => [...listeners.keys()].forEach((view) => view.isConnected || listeners.delete(view))),
    run: (text) => {
      const entry = { number: next++, line: text, output: [], size: text.length, note: "", runs: true, reads: false }
      const frame = { type: "run", number: entry.number, text }
      if (!tell(frame)) return false
      kept += entry.size
      session.entries.push(entry)
      changed("entry", entry)
      return true
    },
    stop: ({ number }) => tell({ type: "stop", number }),
    // A terminal shows what is typed into a program.
    input: (entry, text, end = false) => send({ type: "input", number: entry.number, text, end }) && print(entry, text),
    complete: (text) =>
      new Promise((answer) => {
        const number = next++
        if (send({ type: "complete", number, text })) asked.set(number, answer)
        else answer({ length: 0, words: [] })
      }),
    save: (name, text) => send({ type: "save", name, text }),
    open: (name) => send({ type: "open", name }),
    remove: (name) => send({ type: "remove", name }),
    clear: () => {
      session.entries = session.entries.filter((entry) => entry.runs)
      kept = session.entries.reduce((sum, entry) => sum + entry.size, 0)
      session.cut = false
      changed("cleared")
    },
  })
}
