// Where a beat is at a moment, from 0 to 1: the camera's lead, the way of what travels, what comes to rest.
const mapMoment = (entry, t) => {
  const { lead, travel, duration, moves, beat } = entry
  const u = t - entry.start, stops = mapThrown(beat)
  const passed = moves ? mapClamp((u - lead) / travel) : u >= lead ? 1 : 0
  const way = !moves ? (beat.end === "not_reached" ? 0 : 1) : stops ? mapBounce(passed) : mapEase(passed)
  const landed = stops && moves ? passed >= 0.6 : passed >= 1
  const since = u - lead - (stops && moves ? travel * 0.6 : travel)
  return {
    lead: mapClamp(u / lead),
    started: u >= lead * 0.6,
    moving: u >= lead,
    travels: moves && passed > 0 && passed < 1,
    way,
    landed,
    settled: Math.max(0, since),
    rest: mapClamp(since / Math.max(0.4, duration - lead - travel - 0.9)),
    into: mapClamp((u - lead * 0.5) / 0.3),
    out: mapClamp((duration - u) / MAP_TIMES.out),
  }
}
// It arrives, and is thrown back a little.
const mapBounce = (passed) => {
  if (passed < 0.6) return mapEase(passed / 0.6)
  const k = (passed - 0.6) / 0.4
  return 1 - 0.22 * Math.abs(Math.sin(Math.PI * 2 * k)) * (1 - k)
}

const MAP_SIGNS = { wrong: "!", goes: "×" }

// The classes of everything, which do not change from frame to frame.
const mapClasses = ({ drawing, film, found, at, neutral }) => {
  const { beat, before, after } = found
  const state = at.landed ? after : before
  const guilty = new Set(state.broken && !neutral ? film.guilty : [])
  const beyond = new Set(state.broken && !neutral ? film.not_reached : [])
  const focus = beat.from || beat.to ? new Set([beat.from, beat.to]) : null
  const set = (element, classes) => {
    for (const [name, on] of Object.entries(classes)) element.classList.toggle(name, Boolean(on))
  }
  for (const [id, box] of drawing.boxes) {
    const active = !neutral && (id === beat.from || (id === beat.to && at.landed))
    set(box.group, {
      on: active && beat.end !== "stop" && beat.end !== "not_reached",
      away: !neutral && focus && !focus.has(id),
      lit: !neutral && state.parties.has(id),
      guilty: guilty.has(id),
      stop: !neutral && beat.end === "stop" && id === beat.to && at.landed,
      let_in: !neutral && beat.end === "let_in" && id === beat.to && at.landed,
      grey: beyond.has(id) || (!neutral && beat.end === "not_reached" && id === beat.to),
    })
  }
  for (const [id, edge] of drawing.edges) {
    const current = !neutral && beat.edge === id && at.started
    const known = neutral ? undefined : state.edges.get(id)
    const ready = edge.reference && !neutral && state.parties.has(edge.from) && state.parties.has(edge.to)
    const status = known?.state ?? (ready ? "done" : "")
    set(edge.group, {
      on: current && beat.end !== "not_reached",
      done: status === "done" || status === "unseen",
      let_in: status === "let_in" && (!current || at.landed),
      dashed: status === "unseen" || film.unseen?.includes(id) || (current && beat.seen === "unseen"),
      stop: (status === "stop" && (!current || at.landed)) || (current && beat.supposed && at.landed),
      grey: status === "grey" || beyond.has(id),
      guilty: guilty.has(id),
      back: current && beat.back,
    })
    const sign = MAP_SIGNS[film.changes?.[id]]
    edge.number.textContent = sign ?? known?.number ?? ""
    set(edge.badge, { off: !sign && (!known || current || ["grey", "refused", "let_in"].includes(known.state)), bad: sign || guilty.has(id) || status === "stop" })
  }
  // How claims compared so far, at the row of the box and in the token that STS holds.
  const compared = neutral ? [] : found.compared.filter((one) => one.beat !== beat || at.landed)
  for (const { add, marks } of drawing.adds.values())
    for (const [key, mark] of Object.entries(marks)) {
      const one = compared.findLast((each) => each.key === key && each.places.includes(add.at))
      set(mark, { shown: one, match: one?.verdict === "match", mismatch: one?.verdict === "mismatch", unknown: one?.verdict === "unknown" })
    }
  const mark = drawing.chipOf.get(beat)?.mark
  if (mark)
    set(mark, { shown: beat.verdict && at.landed, match: beat.verdict === "match", mismatch: beat.verdict === "mismatch", unknown: beat.verdict === "unknown" })
}
