// What part of the map is seen: {x, y, w}, its centre and its width in the map's units.
const MAP_ROW = 20, MAP_NAME = 31 // sizes of the smallest text and of names, in the map's units: map.css
// CSS pixels of the smallest text: 12 on a phone, 32 at 1920. In a low picture it is smaller, as two boxes that are
// compared stand one above the other. A page's map that stands still shows all of itself, in 11.
// On a slide it goes with the screen, however large the map is: a unit of presenter.css is 40 at 1920x1080.
const mapLeast = ({ w, h, stands, unit }) => (unit ? 0.8 * unit : stands ? (w < 500 ? 12 : 11) : Math.max(12, Math.min(w / 60, h / 20)))

const mapUnion = (rects) => {
  const left = Math.min(...rects.map((r) => r[0])), top = Math.min(...rects.map((r) => r[1]))
  const right = Math.max(...rects.map((r) => r[0] + r[2])), low = Math.max(...rects.map((r) => r[1] + r[3]))
  return [left, top, right - left, low - top]
}
const mapAround = ([x, y], w, h) => [x - w / 2, y - h / 2, w, h]

// The smallest picture around what has to be in it, never nearer than it takes to read the smallest text.
const mapShot = (rects, stage, size, { nearest = (stage.w * MAP_ROW) / mapLeast(stage), margin = stage.w < 700 ? 8 : 20 } = {}) => {
  const [left, top, width, height] = mapUnion(rects)
  const aspect = stage.w / stage.h
  const w = Math.max(nearest, width + 2 * margin, (height + 2 * margin) * aspect)
  return mapInside({ x: left + width / 2, y: top + height / 2, w }, stage, size)
}
const mapInside = ({ x, y, w }, stage, [width, height]) => {
  const h = (w * stage.h) / stage.w, edge = 4
  const within = (at, span, whole) =>
    span >= whole + 2 * edge ? whole / 2 : mapClamp(at, span / 2 - edge, whole - span / 2 + edge)
  return { x: within(x, w, width), y: within(y, h, height), w }
}
const mapBetween = (a, b, t) => ({
  x: a.x + (b.x - a.x) * t,
  y: a.y + (b.y - a.y) * t,
  w: Math.exp(Math.log(a.w) * (1 - t) + Math.log(b.w) * t),
})

// Where the camera is when a beat begins to travel, and where when it has arrived. What does not fit in readable size
// is followed: first the one end, then the other.
const mapShots = ({ ends, rects, all, stage, size, joins, about }) => {
  const readable = stage.w / (mapLeast(stage) / MAP_ROW), named = stage.w / (mapLeast(stage) / MAP_NAME)
  if (!rects.length) {
    const whole = mapShot([all], stage, size, { nearest: 0, margin: stage.stands || stage.unit ? -8 : 4 }) // nothing is near its border
    if (whole.w <= named * 1.02) return [whole, whole]
    if (about.length || (stage.unit && !joins)) return mapFirst(about.length ? about : [all], named, stage, size)
    // A phone sees it piece by piece, and at the end of the line that joins cause and error both of its ends, if they fit.
    const { from, rects: joined } = joins ?? { from: [0, size[0]], rects: [all] }
    const y = mapUpright(mapUnion(joined), (named * stage.h) / stage.w, size)
    const [begins, rests] = from, both = [joined, joined.slice(0, 2)].map(mapUnion).find(([, , width]) => width + 16 <= named)
    const last = both ? mapClamp(rests, both[0] + both[2] + 8 - named / 2, both[0] - 8 + named / 2) : rests
    return [begins, last].map((x) => mapInside({ x, y, w: named }, stage, size))
  }
  const wide = mapShot(rects, stage, size)
  if (wide.w <= readable * 1.01) {
    const shot = mapInside({ ...wide, w: Math.min(wide.w, readable) }, stage, size)
    return [shot, shot]
  }
  const shots = ends.map((one) => mapShot(one, stage, size))
  const [left, top, width, height] = mapUnion(rects)
  for (const shot of shots) {
    shot.w = Math.min(shot.w, readable)
    // What is only too high is followed up and down, and only too wide, to the side.
    if (width + 16 <= shot.w) shot.x = left + width / 2
    if (height + 16 <= (shot.w * stage.h) / stage.w) shot.y = top + height / 2
  }
  return shots.map((shot, i) => mapInside(mapHold(shot, ends[i], ends[1 - i][0], stage), stage, size))
}
// As many of these, from the first on, as fit into a picture of that width: for a map that stands still.
const mapFirst = (rects, w, stage, size) => {
  const h = (w * stage.h) / stage.w
  const fits = rects.map((_, i) => mapUnion(rects.slice(0, i + 1))).findLast(([, , width, height], i) => !i || (width <= w && height <= h))
  const shot = mapInside({ x: fits[0] + fits[2] / 2, y: fits[1] + fits[3] / 2, w }, stage, size)
  return [shot, shot]
}
// The centre of a picture of that height: the map's, moved no further than it takes to see all of this from top to bottom.
const mapUpright = ([, top, , height], h, size) =>
  height + 16 > h ? top + height / 2 : mapClamp(size[1] / 2, top + height + 8 - h / 2, top - 8 + h / 2)
// Where even one end is too large, its card stays whole, and with it the box at the other end where both fit.
const mapHold = (shot, rects, other, stage) => {
  const h = (shot.w * stage.h) / stage.w, both = mapUnion([rects.at(-1), other])
  const card = both[2] + 24 <= shot.w && both[3] + 24 <= h ? both : rects.at(-1)
  const axis = (at, span, from, width) =>
    width + 24 <= span ? mapClamp(at, from + width + 12 - span / 2, from - 12 + span / 2) : at
  return { x: axis(shot.x, shot.w, card[0], card[2]), y: axis(shot.y, h, card[1], card[3]), w: shot.w }
}
