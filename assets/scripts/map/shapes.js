// The parts of the drawing that come again and again: elements, texts that fit, icons, cards.
const MAP_SVG = "http://www.w3.org/2000/svg"
const MAP_CLAIMS = ["iss", "sub", "aud"]

const mapElement = (name, attributes, parent) => {
  const element = document.createElementNS(MAP_SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  parent?.appendChild(element)
  return element
}
const mapGroup = (classes, parent) => mapElement("g", { class: classes }, parent)
const mapRectangle = ([x, y, width, height], parent, classes = "", rx = 8) =>
  mapElement("rect", { x, y, width, height, rx, class: classes }, parent)
const mapText = (text, x, y, parent, classes = "", anchor = "start") => {
  const element = mapElement("text", { x, y, class: classes, "text-anchor": anchor }, parent)
  element.textContent = text
  return element
}

// How wide a text is drawn, in the map's units. A canvas measures what is not shown yet, too.
const mapMeasure = (svg) => {
  const pen = document.createElement("canvas").getContext("2d")
  const probe = mapElement("text", {}, svg)
  const family = (classes) => (probe.setAttribute("class", classes), getComputedStyle(probe).fontFamily)
  const plain = family("row"), code = family("row code")
  probe.remove()
  return (text, size, { bold = false, mono = false } = {}) => {
    pen.font = `${bold ? 700 : 500} ${size}px ${mono ? code : plain}`
    return pen.measureText(text).width
  }
}
// What does not fit loses first what all subjects and all issuers of EKS begin with, and then as much of its middle as it
// must. To measure a text takes a tenth of a millisecond: halving finds how much in six, and not in sixty.
const mapShort = (text, room, wide) => {
  if (wide(text) <= room) return text
  const whole = text
    .replace(/^system:serviceaccount:/, "…:")
    .replace(/^https:\/\/oidc[.-]eks\.[^/]*(\/id\/\w{4})\w+(\w{4})$/, "…$1…$2")
  if (wide(whole) <= room) return whole
  const cut = (keep) => {
    const head = Math.ceil(keep * 0.45)
    return `${whole.slice(0, head)}…${whole.slice(head - keep)}`
  }
  let keeps = 5, loses = whole.length // so much is kept in any case; so much does not fit
  while (loses - keeps > 1) {
    const keep = (keeps + loses) >> 1
    if (wide(cut(keep)) <= room) keeps = keep
    else loses = keep
  }
  return whole.length > 5 ? cut(keeps) : whole
}

// Icons on a grid of 24, as strokes.
const MAP_ICONS = {
  key: "M8.500 15.500a4.500 4.500 0 1 1 3.200-7.700 4.500 4.500 0 0 1 1 5L21 20.500M16.500 16.500l-2.500 2.500M19.500 19l-2 2",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  tag: "M3 12V4h8l10 10-8 8zM7.500 8.500h.01",
  cube: "M12 2l9 5v10l-9 5-9-5V7zM3 7l9 5 9-5M12 12v10",
  letter: "M3 5h18v14H3zM3 6l9 7 9-7",
  braces: "M8 4c-3 0-1 7-4 8 3 1 1 8 4 8M16 4c3 0 1 7 4 8-3 1-1 8-4 8M9 12h6M12 9v6",
  volume: "M4 6c0-4 16-4 16 0v12c0 4-16 4-16 0zM4 6c0 4 16 4 16 0",
  passport: "M5 2h14v20H5zM9 17h6M12 6a3.500 3.500 0 1 0 .01 0",
  prompt: "M4 5l6 7-6 7M12 19h8",
  lock: "M4 10h16v11H4zM8 10V7a4 4 0 0 1 8 0v3M12 14v3",
  list: "M8 6h13M8 12h13M8 18h13M3 6h.01M3 12h.01M3 18h.01",
  seal: "M12 2a7 7 0 1 0 .01 0M8 15l-2 7 6-3 6 3-2-7M9 9l2 2 4-4",
  shield: "M12 2l8 3v7c0 5-4 8-8 10-4-2-8-5-8-10V5z",
  cross: "M5 5l14 14M19 5L5 19",
}
const MAP_ICON_OF = {
  public_keys: "key", keys: "key", provider: "link", url: "link", reference: "link", role: "shield", trust: "shield",
  service_account: "tag", annotation: "tag", pod_manifest: "cube", pod: "cube", admission_review: "letter",
  json_patch: "braces", token_request: "letter", token: "passport", token_file: "passport", variable: "prompt",
  environment: "prompt", role_arn: "prompt", volume: "volume", credentials: "lock", signed_request: "seal",
  bucket_list: "list", error: "cross",
}
const mapIcon = (kind, x, y, parent, size = 24) =>
  mapElement(
    "path",
    { class: "icon", d: MAP_ICONS[MAP_ICON_OF[kind] ?? "tag"], transform: `translate(${x} ${y}) scale(${size / 24})` },
    parent,
  )
const mapMark = (x, y, parent) => {
  const mark = mapGroup("mark", parent)
  mark.setAttribute("transform", `translate(${x} ${y})`)
  mapElement("circle", { r: 14 }, mark)
  mapElement("path", { class: "match", d: "M-6 0l4 5 8-9" }, mark)
  mapElement("path", { class: "mismatch", d: "M-5-5L5 5M5-5L-5 5" }, mark)
  mapElement("path", { class: "unknown", d: "M-4-4a4.200 4.200 0 1 1 6 4c-2 1-2 2-2 3M0 8v.01" }, mark)
  return mark
}

// A token: its three claims, each in its colour, and how far from the left top its rows stand.
const MAP_CARD = { w: 286, h: 98 }
const mapCard = (rows, [x, y, width, height], parent, measure) => {
  const card = mapGroup("card", parent)
  mapRectangle([x, y, width, height], card, "body", 9)
  const claims = rows.filter(([key]) => MAP_CLAIMS.includes(key))
  const pitch = (height - 8) / Math.max(3, claims.length)
  const places = {}
  claims.forEach(([key, value], i) => {
    const top = y + 4 + i * pitch, base = top + pitch / 2 + 6
    const row = mapGroup(`claim ${key}`, card)
    mapRectangle([x + 4, top + 1, width - 8, pitch - 2], row, "tint", 5)
    mapText(key, x + 12, base, row, "row code key near")
    const shown = mapShort(value, width - 66, (text) => measure(text, MAP_ROW, { mono: true }))
    mapElement("title", {}, mapText(shown, x + 56, base, row, "row code near")).textContent = value
    mapText(key, x + width / 2, base + 3, row, "far code key", "middle")
    places[key] = [x + width, top + pitch / 2]
  })
  return { card, places }
}

// What travels: a pill with an icon and a word, a claim in its colour, or a whole token.
const mapChip = (beat, card, words, measure, parent) => {
  const { kind, label, rows = [] } = beat.chip
  const classes = ["chip", kind, beat.end, beat.seen === "unseen" ? "dashed" : "", beat.end === "not_reached" ? "grey" : ""]
  const group = mapGroup(classes.join(" "), parent)
  if (beat.opens) group.classList.add("opens")
  if (kind === "token" && card.length && beat.seen !== "unseen") {
    const { w, h } = MAP_CARD
    mapCard(card, [-w / 2, -h / 2, w, h], group, measure)
    return { group, w, h }
  }
  if (kind === "claim") {
    const [key, value] = rows[0] ?? ["", label]
    const shown = mapShort(value, 262, (text) => measure(text, MAP_ROW, { mono: true }))
    const w = 62 + measure(shown, MAP_ROW, { mono: true }) + 26, h = 40
    if (key) group.classList.add(key)
    mapRectangle([-w / 2, -h / 2, w, h], group, "body", 9)
    mapText(key, -w / 2 + 12, 7, group, "row code key")
    mapElement("title", {}, mapText(shown, -w / 2 + 56, 7, group, "row code")).textContent = value
    const mark = mapMark(w / 2, 0, group)
    return { group, w: w + 28, h, mark }
  }
  const note = beat.seen === "unseen" ? beat.note : ""
  const noted = note ? measure(note, MAP_ROW) + 34 : 0
  const w = Math.max(measure(label, 24, { bold: true }) + 60, noted), h = note ? 68 : 46
  mapRectangle([-w / 2, -h / 2, w, h], group, "body", note ? 14 : 23)
  mapIcon(kind, -w / 2 + 14, note ? -28 : -13, group, 25)
  mapText(label, -w / 2 + 46, note ? -8 : 8.5, group, "label")
  if (note) mapText(note, 0, 20, group, "row note", "middle")
  return { group, w, h }
}
