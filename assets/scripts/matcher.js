const WAIT = 150 // milliseconds after the last key before the server is asked

const drawn = (name, attributes, text = "") => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.textContent = text
  return made
}
const put = (part, html) => {
  if (part.html !== html) part.innerHTML = part.html = html
}

// Where an offset of `before` stands in `after`, which is the same text with one stretch of it typed over.
const shifted = (before, after) => {
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && before[head] === after[head]) head += 1
  let tail = 0
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1
  return (offset) => {
    if (offset <= head) return offset
    if (offset >= before.length - tail) return offset + after.length - before.length
    return Math.min(offset, after.length - tail)
  }
}

const build = () => {
  // (1) The parts. Each is made once, so the caret and the focus stay where they are.
  const part = Object.fromEntries(
    ["intro", "token", "provider", "hint", "problem", "refusals", "edits", "harmless", "verdict", "who"].map((name) => [
      name,
      element("div", { className: name }),
    ]),
  )
  const lines = drawn("svg", { class: "lines", "aria-hidden": "true" })
  const mirror = element("pre", { className: "mirror" })
  const editor = typedField(element("textarea", { id: "policy" }))
  const label = element("label", { htmlFor: "policy" })
  const title = element("h3", {}, label)
  const stack = element("div", { className: "editor" }, mirror, editor)
  const policy = element("div", { className: "policy" }, title, stack)
  policy.append(element("div", { className: "said-of-it" }, part.problem, part.refusals, part.harmless), part.edits)
  const sides = element("div", { className: "sides" }, part.token, part.provider, policy, part.verdict, lines)
  const root = element("div", { className: "root matcher" }, part.intro, sides, part.who)
  part.problem.id = "problem"
  mirror.setAttribute("aria-hidden", "true")
  editor.setAttribute("aria-describedby", "problem")
  part.problem.setAttribute("role", "status")
  part.verdict.setAttribute("role", "status")
  part.edits.setAttribute("role", "group")

  // (2) What the reader does.
  let version, timer
  let latest = 0
  let evaluated // the last policy that could be read, with its anchors and links
  const send = (edit) => {
    clearTimeout(timer)
    latest += 1
    root.send({ version, sequence: latest, text: editor.value.slice(0, root.limit + 1), edit })
  }
  editor.addEventListener("input", () => {
    latest += 1 // no answer to what stood there before is drawn over it
    draw()
    clearTimeout(timer)
    timer = setTimeout(send, WAIT, "")
  })
  editor.addEventListener("scroll", () => draw())
  // Arrow keys move the caret here; the page's own shortcuts would take the field in this shadow root for no field.
  editor.addEventListener("keydown", (event) => event.stopPropagation())
  part.edits.addEventListener("click", (event) => {
    const button = event.target.closest("button")
    if (button && button.getAttribute("aria-disabled") !== "true") send(button.dataset.edit)
  })

  // (3) The policy's text once more below the one that is edited, what is compared in it lit.
  const highlight = () => {
    const text = editor.value
    const pieces = []
    let end = 0
    if (evaluated && text.length <= root.limit) {
      const place = shifted(evaluated.text, text)
      const anchors = evaluated.anchors.map((anchor) => ({ ...anchor, start: place(anchor.start), end: place(anchor.end) }))
      for (const anchor of anchors.sort((one, other) => one.start - other.start)) {
        if (anchor.start < end || anchor.end <= anchor.start) continue
        const mark = element("mark", { className: anchor.status }, text.slice(anchor.start, anchor.end))
        mark.dataset.anchor = `policy-${anchor.claim}`
        mark.dataset.number = anchor.number
        pieces.push(text.slice(end, anchor.start), mark)
        end = anchor.end
      }
      pieces.push(text.slice(end), "\n")
    }
    mirror.replaceChildren(...pieces)
    mirror.style.width = `${editor.clientWidth}px`
    mirror.scrollTop = editor.scrollTop
  }

  // (4) The lines between the three sides, measured. Nothing can be measured in a tab that is not shown.
  const draw = () => {
    highlight()
    const frame = sides.getBoundingClientRect()
    if (!frame.width) return
    const field = editor.getBoundingClientRect()
    const within = (y) => Math.min(Math.max(y, field.top + 12), field.bottom - 12)
    const beside = Math.abs(part.token.getBoundingClientRect().top - policy.getBoundingClientRect().top) < 2
    const pieces = []
    for (const mark of mirror.querySelectorAll("mark")) {
      const box = mark.getClientRects()[0]
      const y = box ? (box.top + box.bottom) / 2 : 0
      if (y < field.top || y > field.bottom) continue
      const at = { transform: `translate(${field.left + 12 - frame.left} ${y - frame.top})`, class: mark.className }
      const badge = drawn("g", at)
      badge.append(drawn("circle", { r: 8 }), drawn("text", { y: 0.5 }, mark.dataset.number))
      pieces.push(badge)
    }
    const point = (name, from) => {
      const found = sides.querySelector(`[data-anchor="${name}"]`)
      const box = (found?.getClientRects() ?? [])[0]
      if (!name.startsWith("policy-")) return box && { left: box.left, right: box.right, y: (box.top + box.bottom) / 2 }
      return { left: field.left, right: field.left, y: within(box ? (box.top + box.bottom) / 2 : from.y) }
    }
    for (const link of beside && evaluated ? evaluated.links : []) {
      let from = point(link.way[0])
      for (const [index, name] of link.way.slice(1).entries()) {
        const to = point(name, from)
        if (!from || !to) break
        const [x1, x2] = [from.right - frame.left, to.left - frame.left]
        const [y1, y2, middle] = [from.y - frame.top, to.y - frame.top, (x1 + x2) / 2]
        pieces.push(drawn("path", { class: link.status, d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}` }))
        if (index === link.way.length - 2) {
          const sign = drawn("g", { class: `sign ${link.status}`, transform: `translate(${middle} ${(y1 + y2) / 2})` })
          sign.append(drawn("circle", { r: 9 }), drawn("text", { y: 0.5 }, link.sign))
          pieces.push(sign)
        }
        from = to
      }
    }
    lines.replaceChildren(...pieces)
  }
  let fitted = true
  const fit = () => {
    fitted = sides.clientWidth > 0
    if (!fitted) return
    editor.style.height = "auto"
    editor.style.height = `${Math.min(editor.scrollHeight + 4, 760)}px` // all of a lesson's policy, also with a second ServiceAccount
  }
  new ResizeObserver(() => {
    if (!fitted) fit()
    draw()
  }).observe(sides)
  const moved = new ResizeObserver(() => draw())
  for (const one of [editor, part.token, part.provider]) moved.observe(one) // a shortened id there can be unfolded

  // (5) What the server found. An answer to an older text than the one that stands there is not drawn.
  root.show = (data) => {
    root.limit = data.limit
    put(part.intro, data.intro)
    put(part.token, data.token)
    put(part.provider, data.provider)
    label.textContent = `${data.words.policy} · ${data.words.policy_hint}`
    part.harmless.textContent = data.words.harmless
    part.edits.setAttribute("aria-label", data.words.edits)
    const buttons = Object.entries(data.buttons).map(
      ([name, words]) => `<button type="button" data-edit="${name}">${words}</button>`,
    )
    put(part.edits, buttons.join(""))
    const came = version !== data.version
    if (came) {
      version = data.version
      latest = data.sequence
      evaluated = undefined
    }
    if (data.sequence === latest) {
      if (came || data.applied) {
        editor.value = data.text
        fit()
      }
      for (const button of part.edits.querySelectorAll("button"))
        button.setAttribute("aria-disabled", String(!data.useful.includes(button.dataset.edit)))
      put(part.problem, data.problem)
      editor.setAttribute("aria-invalid", String(Boolean(data.problem)))
      root.classList.toggle("stale", Boolean(data.problem))
      if (data.problem) put(part.refusals, "")
      else {
        evaluated = { text: data.text, anchors: data.anchors, links: data.links }
        put(part.refusals, data.refusals)
        put(part.verdict, data.verdict)
        const unfolded = part.who.querySelector("details")?.open // by the reader, or by an earlier policy
        put(part.who, data.who)
        if (unfolded) part.who.querySelector("details").open = true
      }
    }
    draw()
  }
  return root
}

export default function ({ data, parentElement, setStateValue }) {
  adopt(parentElement)
  const root = rootOf(parentElement, build)
  root.send = (edited) => setStateValue("edited", edited)
  root.show(JSON.parse(data.drawing))
}
