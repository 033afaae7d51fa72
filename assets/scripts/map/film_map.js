const PRINTS = ["beforeprint", "afterprint"]
// The map: `render(t)` alone decides what is seen, so playing, dragging, jumping and two maps in step are one thing.
// `projected`: the last row of a room has to read it.
const filmMap = (host, { words, geometry = MAP_GEOMETRY, projected = false }) => {
  const stage = document.createElement("div")
  stage.className = "film-stage"
  stage.setAttribute("role", "img") // for Firefox the texts in it would be more to read out, those that are not seen as well
  const svg = mapElement("svg", { class: "film-map", "aria-hidden": "true", preserveAspectRatio: "xMidYMid meet" }, stage)
  host.appendChild(stage)
  const still = matchMedia("(prefers-reduced-motion: reduce)")
  const size = { w: 0, h: 0 }
  const written = new WeakMap() // what an element was last given: a frame writes only what changes
  const kept = new Map() // drawings of other films by their ids, the newest last: a reader goes on, and comes back
  let film = null, drawing = null, line = null, shown = {}, now = 0, pace = 1, playing = false, stopAt = null
  let last = 0, frame = 0, wait = 0, current = null, discrete = ""
  let sight = null // the centre of what the reader has moved to, on a map that stands still
  let onPaper = false // where it is whole: what a camera leaves out cannot be looked at there

  const write = (element, name, value) => {
    let known = written.get(element)
    if (!known) written.set(element, (known = {}))
    if (known[name] === value) return
    known[name] = value
    if (name === "opacity") element.style.opacity = value
    else element.setAttribute(name, value)
  }
  const fade = (element, value) => write(element, "opacity", Math.round(value * 50) / 50)
  const move = (element, [x, y], scale = 1) =>
    write(element, "transform", `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${scale.toFixed(3)})`)

  // (1) What is shown, and what depends on the stage's size: flights, shots, places of words.
  const map = {
    words, geometry, stage, svg, onbeat: null, onchip: null, onend: null,
    watchers: [], // players and other maps: {shown(), beat(beat), drawn(), playing()}
    show(newFilm, { part = "", neutral = false } = {}) {
      const same = film?.id === newFilm.id && shown.part === part && shown.neutral === neutral
      if (same) return
      map.pause()
      const redraw = film?.id !== newFilm.id
      if (redraw) change(newFilm)
      shown = { part, neutral }
      size.stands = (neutral || !newFilm.beats.length) && !projected
      sight = null
      line = mapTimeline(film, part)
      turn()
      now = neutral || !line.beats.length ? 0 : mapPose(line.beats[0])
      current = null
      tell("shown")
      render(now)
    },
    get film() { return film },
    get entries() { return line?.beats ?? [] },
    get total() { return line?.beats.length ? mapEnd(line.beats.at(-1)) : 0 },
    get neutral() { return Boolean(shown.neutral) },
    get part() { return shown.part ?? "" },
    get time() { return now },
    get entry() { return current },
    get beat() { return current?.beat.id ?? "" },
    get playing() { return playing },
    get goesOn() { return playing && stopAt === null }, // beyond this beat
    // Whether it stands still, and shows only a part of itself: then it can be moved.
    get moves() { return Boolean((film?.ghosts?.length || film?.changes) && line.beats.length === 1 && map.view?.[2] < geometry.size[0]) },
    look(x, y) {
      if (!map.moves) return
      sight = [x, y]
      render(now)
    },
    size: () => (size.w < 700 ? "phone" : size.w < 1500 ? "page" : "projector"),
    render: (t) => ((now = t), render(t)),
    at: (fraction) => (map.pause(), map.render(mapClamp(fraction) * Math.max(0, map.total - 0.01))),
    speed: (factor) => (pace = factor),
    play(until = null) {
      if (!map.entries.length || shown.neutral) return
      if (until === null && now >= mapPose(map.entries.at(-1)) - 0.05) now = 0
      else if (until === null && current && now >= mapPose(current) - 0.05) now = mapEnd(current)
      stopAt = until
      if (!playing) last = performance.now()
      playing = true
      tell("playing")
      if (!frame) ahead()
    },
    pause() {
      cancelAnimationFrame(frame)
      clearTimeout(wait)
      frame = wait = 0
      if (!playing) return
      playing = false
      stopAt = null
      tell("playing")
    },
    go(which, { play = false } = {}) {
      const index = typeof which === "number" ? which : map.entries.findIndex(({ beat }) => beat.id === which)
      const entry = map.entries[mapClamp(index, 0, map.entries.length - 1)]
      if (!entry) return false
      if (index < 0 && typeof which !== "number") return false
      const on = map.goesOn // from there
      if (still.matches || (!play && !on)) {
        if (!on) map.pause()
        now = on ? entry.start : mapPose(entry)
      } else {
        now = entry.start
        if (!on) map.play(mapPose(entry))
      }
      render(now)
      return true
    },
    next: () => current && current.index + 1 < map.entries.length && map.go(current.index + 1, { play: true }),
    previous: () => current && map.go(Math.max(0, current.index - 1)),
    redraw: () => film && (kept.clear(), draw(), turn(), render(now)),
    remove() {
      map.pause()
      watching.disconnect()
      document.fonts.removeEventListener("loadingdone", refit)
      still.removeEventListener("change", again)
      for (const event of PRINTS) removeEventListener(event, print)
      stage.remove()
    },
  }

  const tell = (what, ...of) => map.watchers.forEach((one) => one[what]?.(...of))
  // All of a film is drawn once, whichever part of it is shown.
  const change = (newFilm) => {
    if (film) kept.set(film.id, { film, drawing, nodes: [...svg.childNodes] })
    const known = kept.get(newFilm.id)
    kept.delete(newFilm.id)
    if (kept.size > MAP_KEPT) kept.delete(kept.keys().next().value)
    film = known?.film ?? newFilm
    if (!known) return draw()
    drawing = known.drawing
    svg.replaceChildren(...known.nodes)
  }
  const draw = () => {
    drawing = mapDrawing(svg, geometry, words, film, mapTimeline(film, "").beats)
    for (const [beat, chip] of drawing.chipOf)
      if (chip?.group.classList.contains("opens")) chip.group.addEventListener("click", () => map.onchip?.(beat))
    stage.setAttribute("aria-label", words["map.alternative"] ?? "")
  }
  const turn = () => {
    discrete = ""
    svg.classList.toggle("neutral", Boolean(shown.neutral))
    svg.classList.toggle("alone", !line.beats.length)
    svg.dataset.part = shown.part
    if (size.w) plan() // where another part has another size, that is seen before it is painted
    else measure()
  }
  const measure = () => {
    const { clientWidth: width, clientHeight: height } = stage // as laid out: a picture of a slide is scaled down
    Object.assign(size, { w: width || 960, h: height || 405, unit: projected && parseFloat(getComputedStyle(stage).fontSize) })
    stage.dataset.size = map.size()
    plan()
  }
  const plan = () => {
    if (drawing) mapPlan({ drawing, entries: line.beats, film, size: { ...size }, geometry, svg, neutral: shown.neutral, still: still.matches })
  }
  const watching = new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = stage
    if (!width || (Math.abs(width - size.w) < 0.5 && Math.abs(height - size.h) < 0.5)) return
    measure()
    if (line) render(now)
  })
  watching.observe(stage)
  const again = () => line && (plan(), render(now))
  still.addEventListener("change", again)
  // Texts were measured in another font: not when one came that the map does not use, such as that of the icons.
  const refit = () => drawing && drawing.sampled !== mapSample(drawing.measure, words) && map.redraw()
  document.fonts.addEventListener("loadingdone", refit)
  const print = ({ type }) => {
    onPaper = type === "beforeprint"
    if (line) render(now)
  }
  for (const event of PRINTS) addEventListener(event, print)

  // (2) Time. Where nothing is to move, only the beat changes and how far it is: a few pictures a second are enough.
  const ahead = () => {
    if (!still.matches) return (frame = requestAnimationFrame(tick))
    frame = -1
    wait = setTimeout(() => (frame = requestAnimationFrame(tick)), 1000 * MAP_STILL)
  }
  const tick = (moment) => {
    frame = 0
    if (!playing) return
    const passed = Math.min(still.matches ? 2 * MAP_STILL : 0.1, Math.max(0, (moment - last) / 1000)) * pace
    last = moment
    now = Math.min(now + passed, stopAt ?? map.total)
    const over = stopAt !== null ? now >= stopAt : now >= map.total - 0.01
    if (over && stopAt === null) now = mapPose(map.entries.at(-1))
    render(now)
    if (!over) return ahead()
    const whole = stopAt === null
    map.pause()
    if (whole) map.onend?.()
  }

  // (3) The picture, and how much of it can be read from here.
  const look = ({ x, y, w }) => {
    const h = (w * size.h) / size.w, left = x - w / 2, top = y - h / 2, scale = size.w / w, least = mapLeast(size)
    write(svg, "viewBox", `${left.toFixed(1)} ${top.toFixed(1)} ${w.toFixed(1)} ${h.toFixed(1)}`)
    const near = onPaper ? 1 : mapClamp(((MAP_ROW * scale) / least - 0.985) / 0.015)
    if (svg.dataset.near !== (svg.dataset.near = near.toFixed(2))) svg.style.setProperty("--near", near.toFixed(2))
    map.view = [left, top, w, h]
    const names = mapClamp(((MAP_NAME * scale) / least - 0.97) / 0.02)
    const room = (rect, small = true) => Math.min(mapRoom(rect, map.view), small ? 1 : names)
    return { left, top, h, room, names }
  }
  const named = ({ room, names }, chip) => mapNamed({ drawing, view: map.view, room, names, chip, write, fade, move })
  // A film without beats: the boxes, those that it is about or from the left, as many as can be read.
  const alone = () => {
    const all = [0, 0, ...geometry.size], about = (film.about ?? []).map((id) => drawing.boxes.get(id).box)
    named(look(mapShots({ ends: [], rects: [], all, stage: size, size: geometry.size, about })[0]))
    tell("drawn")
  }

  // (4) One frame.
  const render = (t) => {
    const entries = line?.beats
    if (!entries) return
    if (!entries.length) return alone()
    const found = entries.findLast(({ start }) => start <= t + 1e-6) ?? entries[0]
    for (const entry of [found, entries[found.index - 1]]) entry?.plan?.()
    const at = mapMoment(found, still.matches ? mapPose(found) : t)
    const { beat, index } = found
    const chip = drawing.chipOf.get(beat), stops = mapThrown(beat)

    // Where the camera is.
    const before = entries[index - 1]?.shots[1] ?? found.shots[0]
    const camera = at.moving
      ? mapBetween(found.shots[0], found.shots[1], found.moves ? at.way : mapEase(at.rest))
      : mapBetween(before, found.shots[0], mapEase(at.lead))
    const stands = still.matches || shown.neutral ? found.shots[1] : camera
    const [width, height] = geometry.size
    const seen = onPaper ? { x: width / 2, y: height / 2, w: width } : sight ? mapInside({ x: sight[0], y: sight[1], w: stands.w }, size, geometry.size) : stands
    const sees = look(seen), { left, top, h, room } = sees

    // What changes at once.
    const key = `${index} ${at.landed} ${at.started} ${shown.neutral}`
    if (discrete !== key) mapClasses({ drawing, film, found, at, neutral: shown.neutral })
    discrete = key

    // What lies where it arrived.
    for (const [id, { group }] of drawing.adds) {
      const old = found.before.adds.has(id), gone = beat.removes?.includes(id)
      const order = (beat.adds ?? []).findIndex((add) => add.id === id)
      const come = order < 0 || shown.neutral ? 0 : mapClamp((at.settled - order * MAP_TIMES.settle) / MAP_TIMES.settle)
      fade(group, old ? (gone ? 1 - mapClamp(at.lead * 3) : 1) : mapEase(come))
    }

    // The chip, never outside of the picture.
    drawing.chipOf.forEach((other) => other && (shown.neutral || other !== chip) && fade(other.group, 0))
    let rect = null
    if (chip && !shown.neutral) {
      const flight = chip.flight, [x, y] = mapPointAt(flight.points, at.way)
      const inside = (value, half, low, span) => (2 * half > span ? value : mapClamp(value, low + half, low + span - half))
      const place = [inside(x, chip.w / 2 + 4, left, seen.w), inside(y, chip.h / 2 + 4, top, h)]
      const here = Math.min(at.into, at.out, found.lands ? 1 - mapClamp(at.settled * 3) : 1)
      fade(chip.group, here)
      move(chip.group, place)
      rect = here > 0 ? mapAround(place, chip.w + 8, chip.h + 8) : null
    }
    drawing.trail.forEach((dot, i) => {
      const on = chip && !shown.neutral && at.travels && !stops && !still.matches && beat.seen !== "unseen"
      fade(dot, on ? 0.5 - 0.11 * i : 0)
      if (on) move(dot, mapPointAt(chip.flight.points, Math.max(0, at.way - 0.07 * (i + 1))))
    })
    if (chip?.bubble) fade(chip.bubble, shown.neutral ? 0 : Math.min(at.landed ? mapClamp(at.rest * 4) : 0, at.out))
    for (const other of drawing.chipOf.values()) if (other?.bubble && other !== chip) fade(other.bubble, 0)
    const tells = found.joins && !shown.neutral ? mapClamp(at.rest * 3) : 0
    fade(drawing.joined, tells)
    if (tells) fade(drawing.joined.lastChild, room(found.joins.label))

    named(sees, rect)
    map.chipAt = rect && [rect[0] + rect[2] / 2, rect[1] + rect[3] / 2]
    if (current !== found) {
      current = found
      tell("beat", beat)
      map.onbeat?.(beat)
    }
    tell("drawn")
  }
  return map
}
const mapSample = (measure, words) => {
  const text = Object.keys(words).filter((key) => key.startsWith("boxes.")).map((key) => words[key]).join("")
  return measure(text, MAP_NAME, { bold: true }) + measure(text, MAP_ROW) + measure(text, MAP_ROW, { mono: true })
}
const MAP_STILL = 0.25 // seconds
const MAP_KEPT = 2 // as each has a thousand elements
const mapOverlap = (a, b) => a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3]
