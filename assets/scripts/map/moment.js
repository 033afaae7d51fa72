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
    edge.number.textContent = known?.number ?? ""
    set(edge.badge, { off: !known || current || ["grey", "refused", "let_in"].includes(known.state), bad: guilty.has(id) || status === "stop" })
  }
  // How claims compared so far, at the row of the box and in the token that STS holds.
  const compared = neutral ? [] : found.compared.filter((one) => one.beat !== beat || at.landed)
  for (const { add, marks } of drawing.adds.values())
    for (const [key, mark] of Object.entries(marks)) {
      const one = compared.findLast((each) => each.key === key && each.places.includes(add.at))
      set(mark, { shown: one, match: one?.verdict === "match", mismatch: one?.verdict === "mismatch", unknown: one?.verdict === "unknown" })
    }
  const mark = drawing.chips[found.index]?.mark
  if (mark)
    set(mark, { shown: beat.verdict && at.landed, match: beat.verdict === "match", mismatch: beat.verdict === "mismatch", unknown: beat.verdict === "unknown" })
}

// For a stage of this size: the way of each chip, the shots of each beat, and where words find room.
const mapPlan = ({ drawing, entries, film, size, geometry, words, svg, neutral }) => {
  const world = [6, 6, geometry.size[0] - 12, geometry.size[1] - 12], all = [0, 0, ...geometry.size]
  const compared = [], joins = mapJoin({ film, drawing, world })
  entries.forEach((entry, i) => {
    const { beat } = entry, chip = drawing.chips[i], edge = drawing.edges.get(beat.edge)
    if (beat.verdict && beat.chip?.kind === "claim")
      compared.push({ beat, key: beat.chip.rows[0]?.[0], verdict: beat.verdict, places: [beat.from, beat.to] })
    entry.compared = [...compared]
    const ends = [beat.from, beat.to].map((id) => (drawing.boxes.has(id) ? [drawing.boxes.get(id).box] : []))
    if (chip && edge) {
      const points = beat.back ? [...edge.points].reverse() : edge.points
      const boxes = [beat.from, beat.to].map((id) => drawing.boxes.get(id).box)
      const flight = (rest) => mapFlight(points, boxes, chip.w, chip.h, drawing.blocked, world, rest)
      chip.flight = flight()
      const box = mapShot(ends[1], size, geometry.size)
      const both = mapShot([...ends[1], mapAround(chip.flight.end, chip.w + 8, chip.h + 8)], size, geometry.size)
      entry.lands = both.w > box.w * 1.01
      if (entry.lands) {
        // The box fills the picture: what came rests where there is room in it, or goes into the box.
        const view = mapAround([box.x, box.y], box.w - 12, (box.w * size.h) / size.w - 12)
        const rest = mapPlace(chip.flight.end, chip.w, chip.h, drawing.blocked, view)
        entry.lands = !rest
        if (rest) chip.flight = flight(rest)
      }
      ends[0].push(mapAround(chip.flight.start, chip.w + 8, chip.h + 8))
      if (!entry.lands) ends[1].push(mapAround(chip.flight.end, chip.w + 8, chip.h + 8))
    }
    const rects = ends.flat()
    for (const end of ends) if (!end.length) end.push(...(rects.length ? rects : [all]))
    entry.shots = mapShots({ ends, rects: neutral && !beat.from ? [] : rects, all, stage: size, size: geometry.size, joins: entry.before.broken && joins?.from })
    entry.joins = entry.before.broken && !rects.length ? joins : null
    if (chip && edge && mapThrown(beat) && beat.words) mapBubble({ chip, beat, entry, drawing, size, svg })
  })
}

// The product's own words where it stops, in a place that is free in the picture that shows it.
const mapBubble = ({ chip, beat, entry, drawing, size, svg }) => {
  chip.bubble?.remove()
  const width = (text) => drawing.measure(text, MAP_ROW, { mono: true })
  const lines = [""]
  for (const piece of beat.words.split(/(?<= )|(?<=[:/])(?=\w)|(?<=[a-z])(?=[A-Z])/)) {
    const longer = lines.at(-1) + piece
    if (width(longer.trimEnd()) <= 330) lines[lines.length - 1] = longer
    else lines.push(mapShort(piece, 330, width))
  }
  const kept = lines.map((text) => text.trim()).filter(Boolean)
  const w = Math.max(...kept.map(width)) + 28, h = kept.length * 27 + 18
  const shot = entry.shots[1], view = mapAround([shot.x, shot.y], shot.w - 12, (shot.w * size.h) / size.w - 12)
  const rest = mapAround(chip.flight.end, chip.w + 8, chip.h + 8)
  const place = mapPlace(chip.flight.end, w, h, [...drawing.blocked, rest], view, 620)
  if (!place) return (chip.bubble = null) // the sentence below has them, too
  chip.bubble = mapGroup(`bubble ${beat.end}`, svg)
  mapRectangle(mapAround(place, w, h), chip.bubble, "body", 10)
  kept.forEach((text, i) => mapText(text, place[0] - w / 2 + 14, place[1] - h / 2 + 28 + i * 27, chip.bubble, "row code"))
}

// Cause and symptom are one story: a line from the one to the other, with what it says. From where to where a phone
// looks at it; null where there is none.
const mapJoin = ({ film, drawing, world }) => {
  drawing.joined.replaceChildren()
  const middle = (id) => drawing.edges.get(id)?.points[30] ?? drawing.boxes.get(id)?.box.slice(0, 2).map((at, i) => at + drawing.boxes.get(id).box[2 + i] / 2)
  const cause = middle(film.guilty?.[0]), shows = middle(film.shows)
  if (!film.path_label || !cause || !shows) return null
  const way = mapWay(cause, shows, 10, 10, drawing.blocked, world) ?? [cause, shows]
  const points = mapSampled(way)
  const path = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")
  for (const name of ["casing", "way"]) mapElement("path", { class: name, d: `M${path}` }, drawing.joined)
  for (const [x, y] of [cause, shows]) mapElement("circle", { class: "end", cx: x, cy: y, r: 11 }, drawing.joined)
  const lines = film.path_label.split(/(?<=[、,])\s*/)
  const w = Math.max(...lines.map((text) => drawing.measure(text, MAP_NAME, { bold: true }))) + 40, h = lines.length * 40 + 14
  const place = mapPlace(points[30], w, h, [...drawing.blocked, ...drawing.taken], world, 900) ?? points[30]
  const label = mapGroup("label", drawing.joined)
  mapRectangle(mapAround(place, w, h), label, "body", 16)
  lines.forEach((text, i) => mapText(text, place[0], place[1] - h / 2 + 38 + i * 40, label, "name", "middle"))
  return { from: [cause[0], place[0]], label: mapAround(place, w, h) }
}
