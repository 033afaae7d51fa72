// The controls of a map: what is said, where in the film we are, and every way to move in it.
const MAP_STEPS = ["oidc_provider", "service_account", "webhook", "token_mount", "sts_assume", "access"]
const MAP_CONTROL_ICONS = {
  play: "M6 3v18l15-9z",
  pause: "M5 3h5v18H5zM14 3h5v18h-5z",
  previous: "M3 3h4v18H3zM21 3v18L8 12z",
  next: "M17 3h4v18h-4zM3 3v18l13-9z",
}
const mapControlIcon = (name) =>
  `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${MAP_CONTROL_ICONS[name]}"/></svg>`
const mapEscape = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)

// `before`: the `left` of the player whose place this one takes, in another language.
const filmPlayer = (host, map, { words, keys = "own", address = null, before = null } = {}) => {
  const root = document.createElement("section")
  root.className = "film-player"
  root.setAttribute("aria-label", words["player.name"])
  root.innerHTML = `
    <p class="film-note" role="status" hidden></p>
    <div class="film-caption"><svg class="film-mini" aria-hidden="true"></svg><div class="film-says"></div><p class="film-moves">${mapEscape(words["player.moves"])}</p></div>
    <div class="film-controls">
      <div class="film-buttons">
        <button type="button" data-act="previous" aria-label="${mapEscape(words["player.previous"])}">${mapControlIcon("previous")}</button>
        <button type="button" data-act="play" class="film-play"></button>
        <button type="button" data-act="next" aria-label="${mapEscape(words["player.next"])}">${mapControlIcon("next")}</button>
      </div>
      <div class="film-bar">
        <div class="film-steps"></div>
        <div class="film-rail"><i></i></div>
        <input type="range" min="0" max="1000" value="0" aria-label="${mapEscape(words["player.position"])}">
      </div>
      <select aria-label="${mapEscape(words["player.speed"])}">${[0.5, 1, 1.5, 2].map((x) => `<option value="${x}"${x === 1 ? " selected" : ""}>${x}×</option>`).join("")}</select>
    </div>
    <details class="film-list"><summary>${mapEscape(words["player.list"])}</summary><ol></ol></details>
    <div class="film-live" aria-live="polite"></div>`
  host.appendChild(root)
  const find = (selector) => root.querySelector(selector)
  const says = find(".film-says"), scrubber = find("input"), rail = find(".film-rail i"), live = find(".film-live")
  const mini = mapMini(find(".film-mini"), map.geometry)
  const stop = new AbortController(), { signal } = stop
  let moved = false, dragging = false, shownPart = map.part

  // (1) Once a film.
  const fraction = (seconds) => `${((100 * seconds) / (map.total || 1)).toFixed(2)}%`
  const shown = () => {
    if (map.part !== shownPart) moved = false // the reader has not moved in the film of the page to which they turn
    shownPart = map.part
    const idle = map.neutral || !map.entries.length
    root.classList.toggle("neutral", idle)
    map.stage.tabIndex = idle ? -1 : 0 // it has no keys, and stands below the question where the page is narrow
    says.innerHTML = map.entries.map((entry) => mapSays(entry, map.entries.length, words)).join("")
    const parts = [] // beats of one step in a row: a thief, or a clock, comes to a step more than once
    for (const entry of map.entries)
      if (parts.at(-1)?.[0].beat.step === entry.beat.step) parts.at(-1).push(entry)
      else parts.push([entry])
    const button = (own) => {
      const { step } = own[0].beat, number = MAP_STEPS.indexOf(step) + 1
      const width = fraction(own.at(-1).start + own.at(-1).duration - own[0].start)
      const title = mapEscape(`${number} ${words[`steps.${step}`]}`)
      return `<button type="button" data-step="${number}" data-beat="${own[0].index}" title="${title}" style="left:${fraction(own[0].start)};width:${width}"><b>${number}</b> <span>${mapEscape(words[`short.${step}`])}</span></button>`
    }
    find(".film-steps").innerHTML = parts.map(button).join("")
    for (const mark of root.querySelectorAll(".film-rail b")) mark.remove()
    for (const [first] of parts.slice(1)) {
      const mark = document.createElement("b")
      mark.style.left = fraction(first.start)
      find(".film-rail").append(mark)
    }
    find("ol").innerHTML = map.entries
      .map(({ beat }, i) => `<li><button type="button" data-beat="${i}"><b>${beat.number}</b> <span>${mapEscape(beat.plain)}</span></button></li>`)
      .join("")
    playing()
    if (map.entry) beat(map.entry.beat)
  }
  // (2) Once a beat.
  const beat = (now) => {
    const { index } = map.entry
    for (const [i, one] of [...says.children].entries()) one.classList.toggle("now", i === index && !map.neutral)
    const steps = find(".film-steps"), within = [...steps.children].findLast((one) => one.dataset.beat <= index)
    for (const one of steps.children) one.classList.toggle("now", one === within)
    if (within) steps.scrollLeft = within.offsetLeft - (steps.clientWidth - within.offsetWidth) / 2 // a phone has no room for many
    for (const [i, one] of [...find("ol").children].entries())
      if (i === index && !map.neutral) one.firstChild.setAttribute("aria-current", "true") // an empty one is "false"
      else one.firstChild.removeAttribute("aria-current")
    const text = map.neutral ? "" : now.plain
    const scene = words["player.scene"].replace("{number}", index + 1).replace("{count}", map.entries.length)
    scrubber.setAttribute("aria-valuetext", `${scene} ${text}`)
    map.stage.setAttribute("aria-label", [words["map.alternative"], text, map.film.ghosts_said].filter(Boolean).join(" "))
    if (moved) live.textContent = text
    if (moved) address?.(now.id)
  }
  // (3) Once a frame.
  const drawn = () => {
    const part = map.time / (map.total || 1)
    rail.style.transform = `scaleX(${part.toFixed(4)})`
    const value = Math.round(part * 1000)
    if (!dragging && Number(scrubber.value) !== value) scrubber.value = value
    mini(map)
    root.classList.toggle("moves", map.moves)
  }
  const playing = () => {
    const button = find(".film-play"), now = map.playing ? "pause" : "play"
    if (button.dataset.shows === now) return
    button.dataset.shows = now
    button.innerHTML = mapControlIcon(now)
    button.setAttribute("aria-label", words[`player.${now}`])
  }
  const watcher = { shown, beat, drawn, playing }
  map.watchers.push(watcher)

  // (4) What the reader does.
  const acts = {
    play: () => (map.playing ? map.pause() : map.play()),
    next: () => map.next(),
    previous: () => map.previous(),
    first: () => map.go(0),
    last: () => map.go(map.entries.length - 1),
  }
  const act = (what) => {
    if (map.neutral) return
    if (map.moves) return mapMoves(map, what)
    moved = true
    find(".film-note").hidden = true
    acts[what]()
  }
  const goTo = (index) => {
    if (index < 0 || map.neutral) return
    moved = true
    find(".film-note").hidden = true
    map.go(index)
  }
  const step = (number) => goTo(map.entries.findIndex(({ beat }) => beat.step === MAP_STEPS[number - 1]))
  root.addEventListener("click", ({ target }) => {
    const button = target.closest("button")
    if (button?.dataset.act) act(button.dataset.act)
    else if (button?.dataset.beat) goTo(Number(button.dataset.beat))
    else if (button?.dataset.opens) map.onchip?.(map.entry.beat)
  })
  scrubber.addEventListener("pointerdown", () => (dragging = true), { signal })
  window.addEventListener("pointerup", () => (dragging = false), { signal })
  scrubber.addEventListener("input", () => {
    if (map.neutral) return
    moved = true
    map.at(scrubber.value / 1000)
  })
  const speed = find("select"), list = find("details")
  if (before) {
    map.speed(Number((speed.value = before.speed)))
    list.open = before.listed
  }
  speed.addEventListener("change", () => map.speed(Number(speed.value)))
  if (keys) mapKeys({ root, map, act, step, signal, all: keys === "all" })
  mapSwipes(map.stage, (what) => map.moves || act(what))
  mapDragged(map, find(".film-mini"), signal)
  if (map.film) (shown(), map.entry && beat(map.entry.beat), drawn())

  return {
    root,
    // Opens a beat by its id; an unknown one is said, and the film stands at its first beat.
    open(id) {
      const index = map.entries.findIndex((entry) => entry.beat.id === id)
      if (index >= 0) return (map.go(index), true)
      const note = find(".film-note")
      note.textContent = words["player.unknown_beat"]
      note.hidden = false
      return false
    },
    // What the reader leaves as it is: a beat takes another time in another language.
    get left() {
      const { entry, time, goesOn } = map
      return { speed: speed.value, listed: list.open, goesOn, beat: map.beat, way: entry && (time - entry.start) / entry.duration }
    },
    // Where the player before it stood; whether there is that beat.
    goOn({ beat, way, goesOn }) {
      const entry = map.entries.find((one) => one.beat.id === beat)
      if (entry && !goesOn) map.go(entry.index)
      else if (entry) (map.render(entry.start + way * entry.duration), map.play())
      return Boolean(entry)
    },
    remove() {
      stop.abort()
      map.watchers.splice(map.watchers.indexOf(watcher), 1)
      root.remove()
    },
  }
}

const MAP_LONG = 7 // seconds of reading: more than four lines on a phone
// One beat in words. All beats lie in one cell of a grid, so the tallest makes the room and nothing below moves.
const mapSays = ({ beat, index }, count, words) => {
  const seen = beat.note ? `<em class="${beat.seen === "unseen" ? "dashed" : ""}">${mapEscape(beat.note)}</em>` : ""
  const took = typeof beat.milliseconds === "number" ? `<span>${beat.milliseconds} ms</span>` : ""
  const claim = beat.chip?.kind === "claim" ? (beat.chip.rows[0] ?? []) : []
  const sign = { match: "=", mismatch: "≠", unknown: "?" }[beat.verdict] ?? ""
  const against = sign && beat.against ? mapAgainst(claim, sign, beat) : ""
  const said = beat.words ? `<p class="film-words"><code>${mapEscape(beat.words)}</code></p>` : ""
  const opens = beat.opens ? `<button type="button" data-opens="1">${mapEscape(words["player.opens"])}</button>` : ""
  const kind = beat.id === "whole" ? "whole" : mapReading(beat.plain) > MAP_LONG ? "long" : ""
  return `<div class="film-say ${beat.end} ${kind}">
    <p class="film-head"><b>${beat.number} ${mapEscape(words[`steps.${beat.step}`])}</b><span>${index + 1} / ${count}</span>${took}${seen}</p>
    <p class="film-sentence">${beat.say}</p>${against}${said}${opens}</div>`
}

// A claim and what it is compared with, as short as both still say what they are.
const mapAgainst = ([key = "", value = ""], sign, { against, verdict }) => {
  const texts = [value, against], short = texts.map((text) => mapShort(text, 44, (one) => one.length))
  const shown = value !== against && short[0] === short[1] ? texts : short
  const [left, right] = shown.map((text, i) => `title="${mapEscape(texts[i])}">${mapEscape(text)}</code>`)
  return `<p class="film-against ${verdict}"><code class="${key}" ${left} <b>${sign}</b> <code ${right}</p>`
}

// The keyboard is the player's where it or its map has the focus: elsewhere on a page of the app the arrows turn pages.
// `all`: where there is nothing else on the page, also while the focus is on nothing.
const mapKeys = ({ root, map, act, step, signal, all }) => {
  const KEYS = { " ": "play", ArrowRight: "next", ArrowLeft: "previous", Home: "first", End: "last" }
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return
      const on = event.composedPath()[0]
      const own = root.contains(on) || map.stage.contains(on)
      const nothing = !(on instanceof Element) || on === document.body || on === document.documentElement || on.tabIndex < 0
      if (!own && !(nothing && all)) return
      if (on.matches?.("select, textarea, [contenteditable]")) return
      if (event.key === " " && on.matches?.("button, summary, a")) return
      const number = /^[1-6]$/.test(event.key) ? Number(event.key) : 0
      if (!number && !KEYS[event.key]) return
      event.preventDefault()
      event.stopPropagation()
      if (number) step(number)
      else act(KEYS[event.key])
    },
    { capture: true, signal },
  )
}
const mapSwipes = (stage, act) => {
  let from = null
  stage.addEventListener("touchstart", ({ touches }) => (from = touches.length === 1 ? touches[0] : null), { passive: true })
  stage.addEventListener("touchend", ({ changedTouches: [to] }) => {
    if (!from) return
    const across = to.clientX - from.clientX, down = to.clientY - from.clientY
    if (Math.abs(across) > 40 && Math.abs(across) > 1.5 * Math.abs(down)) act(across < 0 ? "next" : "previous")
    from = null
  })
}

// The whole map in small, and what part of it is looked at.
const mapMini = (svg, { size: [width, height], zones, boxes }) => {
  svg.setAttribute("viewBox", `-8 -8 ${width + 16} ${height + 16}`)
  for (const { id, box } of zones) mapRectangle(box, svg, `zone ${id}`, 24)
  const parts = new Map(boxes.map(({ id, box }) => [id, mapRectangle(box, svg, "part", 12)]))
  const view = mapElement("rect", { class: "sight", rx: 14 }, svg), dot = mapElement("circle", { class: "dot", r: 30 }, svg)
  let known = ""
  return (map) => {
    if (!map.view) return
    const [left, top, w, h] = map.view
    const x = Math.max(-4, left), y = Math.max(-4, top)
    const place = { x, y, width: Math.min(width + 4, left + w) - x, height: Math.min(height + 4, top + h) - y }
    for (const [name, value] of Object.entries(place)) view.setAttribute(name, value.toFixed(0))
    dot.style.opacity = map.chipAt ? 1 : 0
    if (map.chipAt) dot.setAttribute("transform", `translate(${map.chipAt[0].toFixed(0)} ${map.chipAt[1].toFixed(0)})`)
    const { beat } = map.entry ?? {}
    const lit = map.neutral ? "" : `${map.film?.id} ${beat?.from} ${beat?.to}`
    if (known === lit) return
    known = lit
    for (const [id, part] of parts) part.classList.toggle("on", !map.neutral && (id === beat?.from || id === beat?.to))
    for (const [id, part] of parts) part.classList.toggle("ghost", Boolean(map.film?.ghosts?.includes(id)))
    for (const id of ["instance_metadata", "thief"])
      parts.get(id).classList.toggle("absent", !map.film?.changes?.[id] && !map.entries.some(({ beat: { from, to } }) => from === id || to === id))
  }
}
