// Where a travelling card rests and which way it takes. It never comes to lie on a box or on the name of a zone.
const MAP_GAP = 7 // kept free around a card

const mapFree = (x, y, w, h, blocked) =>
  blocked.every(
    ([left, top, width, height]) =>
      x + w / 2 + MAP_GAP <= left ||
      x - w / 2 - MAP_GAP >= left + width ||
      y + h / 2 + MAP_GAP <= top ||
      y - h / 2 - MAP_GAP >= top + height,
  )

// The free place for a card that is nearest to a point; null where there is none in reach.
const mapPlace = ([nearX, nearY], w, h, blocked, [left, top, width, height], reach = 420) => {
  for (const [dx, dy, far] of mapOffsets()) {
    if (far > reach) return null
    const x = nearX + dx, y = nearY + dy
    if (x - w / 2 < left || x + w / 2 > left + width || y - h / 2 < top || y + h / 2 > top + height) continue
    if (mapFree(x, y, w, h, blocked)) return [x, y]
  }
  return null
}
// Steps from a point, the nearest first; far away a coarser grid will do.
let mapOffsetsKnown = null
const mapOffsets = () => {
  if (mapOffsetsKnown) return mapOffsetsKnown
  const found = []
  for (const [step, from, to] of [[4, 0, 200], [12, 200, 900]])
    for (let dy = -to; dy <= to; dy += step)
      for (let dx = -to; dx <= to; dx += step) {
        const far = Math.hypot(dx, dy)
        if (far >= from && far < to) found.push([dx, dy, far])
      }
  return (mapOffsetsKnown = found.sort((a, b) => a[2] - b[2]))
}

const mapDistance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1])
const mapClearLine = (a, b, w, h, blocked) => {
  const steps = Math.max(2, Math.ceil(mapDistance(a, b) / 12))
  for (let i = 0; i <= steps; i++) {
    const t = i / steps
    if (!mapFree(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, w, h, blocked)) return false
  }
  return true
}

// A way for a card around everything, on a grid, then pulled straight. Null where there is none.
const mapWay = (from, to, w, h, blocked, [left, top, width, height]) => {
  if (mapClearLine(from, to, w, h, blocked)) return [from, to]
  const cell = 16, columns = Math.ceil(width / cell), rows = Math.ceil(height / cell)
  const place = (n) => [left + (n % columns) * cell, top + Math.floor(n / columns) * cell]
  const at = ([x, y]) => Math.round((y - top) / cell) * columns + Math.round((x - left) / cell)
  const came = new Map([[at(from), -1]]), queue = [at(from)], goal = at(to)
  while (queue.length && !came.has(goal)) {
    const here = queue.shift(), column = here % columns, row = Math.floor(here / columns)
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      if (column + dx < 0 || column + dx >= columns || row + dy < 0 || row + dy >= rows) continue
      const next = here + dy * columns + dx
      if (came.has(next)) continue
      const [x, y] = place(next)
      if (next !== goal && !mapFree(x, y, w, h, blocked)) continue
      came.set(next, here)
      queue.push(next)
    }
  }
  if (!came.has(goal)) return null
  const way = [to]
  for (let n = came.get(goal); n !== -1 && n !== undefined; n = came.get(n)) way.unshift(came.get(n) === -1 ? from : place(n))
  const pulled = [way[0]]
  for (let i = 0; i < way.length - 1; ) {
    let last = way.length - 1
    while (last > i + 1 && !mapClearLine(way[i], way[last], w, h, blocked)) last--
    pulled.push(way[last])
    i = last
  }
  return pulled
}

// Points at equal distances along a way, its corners rounded.
const mapSampled = (way, count = 60) => {
  let points = way
  for (let round = 0; round < 3 && points.length > 2; round++)
    points = points.flatMap((point, i) => {
      if (i === 0 || i === points.length - 1) return [point]
      const cut = (other) => [point[0] + (other[0] - point[0]) * 0.25, point[1] + (other[1] - point[1]) * 0.25]
      return [cut(points[i - 1]), cut(points[i + 1])]
    })
  const lengths = [0]
  for (let i = 1; i < points.length; i++) lengths.push(lengths[i - 1] + mapDistance(points[i - 1], points[i]))
  const whole = lengths.at(-1), sampled = []
  for (let i = 0, n = 0; i <= count; i++) {
    const wanted = (whole * i) / count
    while (n < points.length - 2 && lengths[n + 1] < wanted) n++
    const span = lengths[n + 1] - lengths[n] || 1, t = (wanted - lengths[n]) / span
    const a = points[n], b = points[n + 1] ?? a
    sampled.push([a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t])
  }
  return sampled
}

// The middle of a card that lies before the side of a box at which an edge ends.
const mapBefore = ([x, y], [left, top, width, height], w, h) => {
  const out = MAP_GAP + 3
  if (x < left) return [left - w / 2 - out, y]
  if (x > left + width) return [left + width + w / 2 + out, y]
  return [x, y < top ? top - h / 2 - out : top + height + h / 2 + out]
}

// A flight: where it starts and ends, free of everything, and the points between. `rest`: where it ends for sure.
const mapFlight = (line, boxes, w, h, blocked, world, rest = null) => {
  const [first, last] = [line[0], line.at(-1)]
  const start = mapPlace(mapBefore(first, boxes[0], w, h), w, h, blocked, world) ?? first
  const end = rest ?? mapPlace(mapBefore(last, boxes[1], w, h), w, h, blocked, world) ?? last
  const along = [start, ...line.slice(Math.floor(line.length * 0.3), Math.ceil(line.length * 0.7)), end]
  const clear = along.every((point, i) => i === 0 || mapClearLine(along[i - 1], point, w, h, blocked))
  const way = clear ? along : (mapWay(start, end, w, h, blocked, world) ?? [start, end])
  return { start, end, points: mapSampled(way) }
}
const mapPointAt = (points, t) => {
  const at = mapClamp(t) * (points.length - 1), i = Math.min(points.length - 2, Math.floor(at)), f = at - i
  const a = points[i], b = points[i + 1]
  return [a[0] + (b[0] - a[0]) * f, a[1] + (b[1] - a[1]) * f]
}
