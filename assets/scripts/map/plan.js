// For a stage of this size: the way of each chip, the shots of each beat, and where words find room. Each beat is planned
// when it is first needed, or when the browser has nothing else to do.
const mapPlan = (scene) => {
  const { drawing, entries, film, geometry } = scene
  const world = [6, 6, geometry.size[0] - 12, geometry.size[1] - 12]
  const joins = mapJoin({ film, drawing, world, entries })
  for (const entry of entries)
    entry.plan = () => {
      entry.plan = null
      mapPlanBeat(entry, { ...scene, world, joins })
    }
  const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 50))
  const next = () => {
    const open = scene.entries === entries && entries.find(({ plan }) => plan)
    open?.plan()
    if (open) idle(next)
  }
  idle(next)
}
const mapPlanBeat = (entry, scene, below = false) => {
  const { drawing, film, size, geometry, svg, neutral, still, world, joins } = scene
  const { beat } = entry, chip = drawing.chipOf.get(beat), edge = drawing.edges.get(beat.edge)
  const box = (id) => drawing.boxes.get(id)?.box
  const ends = [beat.from, beat.to].map((id) => (box(id) ? [box(id)] : []))
  if (chip && edge) {
    const points = beat.back ? [...edge.points].reverse() : edge.points
    const boxes = beat.back ? [box(edge.to), box(edge.from)] : [box(edge.from), box(edge.to)]
    const flight = (rest) => mapFlight(points, boxes, chip.w, chip.h, drawing.blocked, world, rest)
    chip.flight = flight()
    const alone = mapShot([boxes[1]], size, geometry.size)
    const both = mapShot([boxes[1], mapAround(chip.flight.end, chip.w + 8, chip.h + 8)], size, geometry.size)
    entry.lands = both.w > alone.w * 1.01
    let held = false
    if (entry.lands) {
      // The box fills the picture: what came rests where there is room in it, or goes into the box.
      const view = mapAround([alone.x, alone.y], alone.w - 12, (alone.w * size.h) / size.w - 12)
      const [x, y, , height] = boxes[1], near = below ? [x + chip.w / 2, y + height + MAP_GAP + chip.h / 2] : chip.flight.end
      const rest = mapPlace(near, chip.w, chip.h, drawing.blocked, view)
      entry.lands = !rest && !still
      if (rest) chip.flight = flight(rest)
      // Where nothing moves it lies before the box: of that all is seen if the picture's edge holds the chip beside it.
      else if (still) held = alone.w <= (size.w / mapLeast(size)) * MAP_ROW * 1.01 && !mapOverlap(mapHeld(chip, view), boxes[1])
    }
    ends[0].push(mapAround(chip.flight.start, chip.w + 8, chip.h + 8))
    if (!entry.lands && !held) ends[1].push(mapAround(chip.flight.end, chip.w + 8, chip.h + 8))
  }
  const readable = (these) => mapShot(these, size, geometry.size, { nearest: 0 }).w <= (size.w / mapLeast(size)) * MAP_ROW
  // Where it is written into another box than it goes to, that one is in the picture too, or at least its rows that are
  // written, if both can be read.
  const written = (beat.adds ?? []).filter(({ at }) => chip && box(at) && !ends.flat().includes(box(at)))
  const both = [({ at }) => box(at), ({ id, at }) => drawing.adds.get(id)?.slot ?? box(at)]
    .map((part) => [...ends[1].slice(0, 1), ...written.map(part)]) // the chip is never outside of the picture anyway
    .find(readable)
  if (written.length && both) ends[1] = both
  if (beat.end === "not_reached") {
    // What does not leave stays in sight, and the box that it would go to, where both can be read.
    const all = [...ends[0], ...ends[1].slice(0, 1)]
    ends[1] = readable(all) ? all : ends[0]
  }
  if (below) ends[1].reverse() // the last one stays whole
  const rects = ends.flat(), all = [0, 0, ...geometry.size]
  for (const end of ends) if (!end.length) end.push(...(rects.length ? rects : [all]))
  entry.joins = entry.before.broken && !rects.length ? joins : null
  // Before an answer the map stands still: names alone, and as much of it as they can be read in, from where it begins.
  const seen = { ends, rects: neutral ? [] : rects, all, stage: size, size: geometry.size }
  const about = (neutral ? [beat.from, beat.to] : (film.about ?? [])).map(box).filter(Boolean)
  entry.shots = mapShots({ ...seen, joins: entry.joins, about })
  const [, { x, y, w }] = entry.shots, view = mapAround([x, y], w, (w * size.h) / size.w), to = drawing.boxes.get(beat.to)
  // Of a box whose name does not fit into the part that would be seen, nothing would be: then what came lies below it.
  if (still && !below && chip && edge && to && !mapRoom(mapNameAt(to, view), view)) return mapPlanBeat(entry, scene, true)
  if (chip && edge && mapThrown(beat) && beat.words) mapBubble({ chip, beat, entry, drawing, size, svg })
}
// Where a chip lies that would rest outside of the picture.
const mapHeld = ({ flight, w, h }, [left, top, width, height]) => {
  const [x, y] = flight.end
  return mapAround([mapClamp(x, left + w / 2, left + width - w / 2), mapClamp(y, top + h / 2, top + height - h / 2)], w, h)
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
  chip.bubble.style.opacity = 0 // until its beat says otherwise
  mapRectangle(mapAround(place, w, h), chip.bubble, "body", 10)
  kept.forEach((text, i) => mapText(text, place[0] - w / 2 + 14, place[1] - h / 2 + 28 + i * 27, chip.bubble, "row code"))
}

// Cause and symptom are one story: a line from the one to the other, with what it says. From where to where a phone
// looks at it; null where there is none.
const mapJoin = ({ film, drawing, world, entries }) => {
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
  const numbers = [...(entries.at(-1)?.before.edges.keys() ?? [])].map((id) => mapAround(drawing.edges.get(id).numbered, 44, 44))
  const place = mapPlace(points[30], w, h, [...drawing.blocked, ...drawing.tags, ...numbers], world, 900) ?? points[30]
  const label = mapGroup("label", drawing.joined)
  mapRectangle(mapAround(place, w, h), label, "body", 16)
  lines.forEach((text, i) => mapText(text, place[0], place[1] - h / 2 + 38 + i * 40, label, "name", "middle"))
  // What has to be seen of it from top to bottom: both ends, and the box in which it shows.
  const where = drawing.boxes.get(drawing.edges.get(film.shows)?.to ?? film.shows).box
  return { from: [cause[0], place[0]], rects: [mapAround(cause, 22, 22), mapAround(shows, 22, 22), where], label: mapAround(place, w, h) }
}
