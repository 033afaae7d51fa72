// Everything that one film needs is drawn once; a frame then only moves, fades and classes what is here.
const mapDrawing = (svg, geometry, words, film, entries) => {
  svg.replaceChildren()
  const measure = mapMeasure(svg)
  const used = new Set(entries.flatMap(({ beat }) => [beat.from, beat.to, beat.edge]))
  for (const beat of film.beats.filter(({ past }) => !past)) for (const part of [beat.from, beat.to, beat.edge]) used.add(part)
  for (const part of Object.keys(film.changes ?? {})) used.add(part)
  const labels = [] // what fades before the picture's edge reaches it
  const label = (element, rect, near = false) => labels.push({ element, rect, near })

  const zones = geometry.zones.map(({ id, box, name: [x, y] }) => {
    const group = mapGroup(`zone ${id}`, svg)
    mapRectangle(box, group, "frame", 18)
    const text = words[`zones.${id}`], w = measure(text, MAP_NAME, { bold: true })
    const rect = [x, y - 28, w, 36]
    label(mapText(text, x, y, group, "name"), rect)
    return { id, rect }
  })

  const edges = new Map()
  const lines = mapGroup("edges", svg)
  for (const edge of geometry.edges) {
    const party = MAP_EXTRA.has(edge.id) && !used.has(edge.id)
    const group = mapGroup(`edge${edge.reference ? " reference" : ""}`, lines)
    if (party) group.classList.add("absent")
    if (film.unseen?.includes(edge.id)) group.classList.add("dashed")
    if (film.ghosts?.includes(edge.id)) group.classList.add("ghost")
    if (film.changes?.[edge.id]) group.dataset.change = film.changes[edge.id]
    mapElement("path", { class: "line", d: edge.path }, group)
    const points = mapAlong(edge.path)
    edges.set(edge.id, { ...edge, group, points, tips: edge.reference ? [] : mapTips(points, group) })
  }

  const boxes = new Map()
  const tags = [], taken = [] // by tags and by numbers, so that no number comes to lie there
  for (const { id, zone, box, rows } of geometry.boxes) {
    const group = mapGroup(`box ${id} ${zone || "outside"}`, svg)
    if (MAP_EXTRA.has(id) && !used.has(id)) group.classList.add("absent")
    if (film.ghosts?.includes(id)) group.classList.add("ghost")
    mapRectangle(box, group, "body", 12)
    mapRectangle([box[0] - 5, box[1] - 5, box[2] + 10, box[3] + 10], group, "ring", 16)
    const name = mapName(id, box, rows, words, film, measure, group)
    if (name.second) label(name.second, name.secondRect, true)
    if (id === "pod") {
      const [x, y, w, h] = geometry.sdk
      mapRectangle([x, y, w, h], group, "inner", 10)
      const sdk = mapText(words["boxes.sdk"], x + 14, y + 36, group, "name")
      label(sdk, [x + 14, y + 8, measure(words["boxes.sdk"], MAP_NAME, { bold: true }), 36])
    }
    const change = film.changes?.[id], tag = words[`tags.${change}`]
    if (change) group.dataset.change = change
    if (tag) tags.push(mapTag(tag, box, measure, group, label))
    boxes.set(id, { id, box, group, rows, name: name.rect, words: name.element, second: name.secondRect })
  }

  taken.push(...tags)

  const adds = new Map()
  const cards = new Map(entries.flatMap(({ after }) => [...after.adds.values()]).map((add) => [add.id, add]))
  for (const [id, add] of entries[0]?.before.adds ?? []) cards.set(id, add)
  for (const add of cards.values()) {
    const host = boxes.get(add.at), slot = host?.rows[add.row]
    if (!slot) continue
    adds.set(add.id, { ...mapAdd(add, slot, host.group, measure), add, slot })
    label(adds.get(add.id).words, slot)
  }

  const badges = mapGroup("badges", svg)
  for (const edge of edges.values()) {
    const [x, y] = (edge.numbered = mapBadgePlace(edge, boxes, zones, taken))
    edge.badge = mapGroup("badge", badges)
    edge.badge.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`)
    mapElement("circle", { r: 21 }, edge.badge)
    edge.number = mapText("", 0, 11, edge.badge, "number", "middle")
    label(edge.badge, [x - 21, y - 21, 42, 42])
  }

  const joined = mapGroup("joined", svg)
  const trail = [0, 1, 2, 3].map(() => mapElement("circle", { r: 6, class: "trail" }, svg))
  const chipOf = new Map(
    entries.map(({ beat, card, moves }) => [beat, beat.chip && (moves || beat.edge) ? mapChip(beat, card, words, measure, svg) : null]),
  )
  const blocked = [
    ...[...boxes.values()].filter(({ group }) => !group.classList.contains("absent")).map(({ box }) => box),
    ...zones.map(({ rect }) => rect),
  ]
  return { zones, edges, boxes, adds, chipOf, labels, label, joined, trail, blocked, tags, measure, sampled: mapSample(measure, words) }
}
// Points along an edge. It is measured once, outside the document: within it a browser would lay out the drawing again for
// each edge.
const mapMeasured = new Map()
const mapAlong = (d) => {
  if (!mapMeasured.has(d)) {
    const path = mapElement("path", { d }), whole = path.getTotalLength(), points = []
    for (let i = 0; i <= 60; i++) {
      const { x, y } = path.getPointAtLength((whole * i) / 60)
      points.push([x, y])
    }
    mapMeasured.set(d, points)
  }
  return mapMeasured.get(d)
}
// Drawn only in a film that shows them.
const MAP_EXTRA = new Set(["register", "grant", "hold_provider", "hold_role", "fallback", "knock", "instance_metadata", "thief", "copy", "thief_sts", "thief_s3", "thief_api_server"])

// What has to become of a box, on the right of its upper side, which no edge crosses there.
const mapTag = (text, [x, y, w], measure, parent, label) => {
  const group = mapGroup("tag", parent), wide = measure(text, MAP_NAME, { bold: true }) + 28
  const rect = [x + w - wide + 6, y - 34, wide, 42]
  mapRectangle(rect, group, "", 21)
  mapText(text, rect[0] + wide / 2, y - 2, group, "name", "middle")
  label(group, rect)
  return rect
}

// Where on its edge a step's number stands, clear of names and of other numbers, with a gap between two where there is room.
const mapBadgePlace = ({ points }, boxes, zones, taken) => {
  const blocked = [...[...boxes.values()].map(({ box }) => box), ...zones.map(({ rect }) => rect)]
  const order = [30, 26, 34, 22, 38, 18, 42, 14, 46, 10, 50]
  const isClear = (i, width, of) => of.every((rect) => !mapOverlap(mapAround(points[i], width, width), rect))
  const clear = (width) => order.find((i) => isClear(i, 44, blocked) && isClear(i, width, taken))
  const found = points[clear(68) ?? clear(44) ?? 30]
  taken.push(mapAround(found, 44, 44))
  return found
}

// The two tips of an arrow, of which one shows: the answer comes back on the way of the request.
const mapTips = (points, group) =>
  [[points.at(-1), points.at(-6)], [points[0], points[5]]].map(([[x, y], [fromX, fromY]], i) => {
    const turned = (Math.atan2(y - fromY, x - fromX) * 180) / Math.PI
    const transform = `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${turned.toFixed(1)})`
    return mapElement("path", { class: `tip ${i ? "back" : "forth"}`, d: "M7 0L-9-8V8Z", transform }, group)
  })

// A party's name, and below it what it is called in this film. In a box without rows both stand in the middle.
const mapName = (id, [x, y, w, h], rows, words, film, measure, group) => {
  const lines = words[`boxes.${id}`].split("|"), second = film.names?.[id] ?? ""
  const room = w - 28
  const widest = Math.max(...lines.map((line) => measure(line, MAP_NAME, { bold: true })))
  const element = mapGroup("names", group)
  const beside = rows.length > 0 && rows[0][1] - y < 70 // no line of its own: it stands at the right of the name
  const height = lines.length * 36 + (second && !beside ? 26 : 0)
  const top = rows.length ? y + 8 : y + (h - height) / 2
  lines.forEach((line, i) => {
    const text = mapText(line, x + 14, top + 29 + i * 36, element, "name")
    if (widest > room) text.setAttribute("textLength", room)
    if (widest > room) text.setAttribute("lengthAdjust", "spacingAndGlyphs")
  })
  const rect = [x + 14, top, Math.min(widest, room), lines.length * 36]
  if (!second) return { element, rect }
  const space = beside ? room - widest - 14 : room
  const shown = mapShort(second, space, (text) => measure(text, MAP_ROW, { mono: true }))
  const wide = measure(shown, MAP_ROW, { mono: true })
  if (wide > space) return { element, rect }
  const at = beside ? [x + w - 14, top + 28, "end"] : [x + 14, top + lines.length * 36 + 20, "start"]
  const wrapped = mapGroup("", group)
  const drawn = mapText(shown, at[0], at[1], wrapped, "row code second near", at[2])
  mapElement("title", {}, drawn).textContent = second
  return { element, rect, second: wrapped, secondRect: [beside ? at[0] - wide : at[0], at[1] - 18, wide, 24] }
}

// What stays where it arrived, as a row of its box.
const mapAdd = (add, slot, parent, measure) => {
  const [x, y, w, h] = slot
  const group = mapGroup(`add ${add.kind} ${add.key ? `claim ${add.key}` : ""}`, parent)
  const marks = {}
  if (add.rows.length) {
    const { card, places } = mapCard(add.rows, slot, group, measure)
    for (const [key, [right, middle]] of Object.entries(places)) marks[key] = mapMark(right - 4, middle, group)
    return { group, words: card, marks }
  }
  mapRectangle(slot, group, "tint", 7)
  const words = mapGroup("words", group)
  const mono = add.kind !== "plain", base = y + h / 2 + 7
  const left = add.key ? 50 : 40
  if (add.key) mapText(add.key, x + 9, base, words, "row code key near")
  else mapIcon(add.kind, x + 8, y + h / 2 - 12, group)
  const shown = mapShort(add.label, w - left - 8, (text) => measure(text, MAP_ROW, { mono }))
  mapElement("title", {}, mapText(shown, x + left, base, words, `row near ${mono ? "code" : ""}`)).textContent = add.label
  if (add.key) {
    mapText(add.key, x + w / 2, y + h / 2 + 10, words, "far code key", "middle")
    marks[add.key] = mapMark(x + w, y + h / 2, group)
  }
  return { group, words, marks }
}
