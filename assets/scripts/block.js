// Who selects a command with the mouse gets what is folded in it, too.
const copyWhole = (event, root) => {
  const selected = (root.getRootNode().getSelection?.() ?? document.getSelection()), range = selected.rangeCount && selected.getRangeAt(0)
  const part = range && range.cloneContents(), folded = part ? [...part.querySelectorAll("details.long")] : []
  if (!folded.length) return
  for (const one of folded) {
    one.querySelector("summary")?.remove()
    one.replaceWith(one.textContent)
  }
  event.clipboardData.setData("text/plain", part.textContent)
  event.preventDefault()
}
// Over http from another machine a page has no `navigator.clipboard`: there a selection is copied, as by hand.
const copyByHand = (text) => {
  const field = element("textarea", { value: text, readOnly: true })
  document.body.append(field)
  field.select()
  document.execCommand("copy")
  field.remove()
}
const copy = async (button) => {
  if (navigator.clipboard) await navigator.clipboard.writeText(button.dataset.copy)
  else copyByHand(button.dataset.copy)
  button.focus({ preventScroll: true })
  button.classList.add("copied")
  setTimeout(() => button.classList.remove("copied"), 2000)
}

// What answers a click opens, and has the focus, as soon as what it lies in has opened as well: unless the reader has
// put the focus elsewhere since then.
const answer = (root, since = document.activeElement, tries = 100) => {
  const first = root.querySelector("summary") ?? root
  if (first === root) root.tabIndex = -1
  else first.parentElement.open = true
  if (![since, document.body].includes(document.activeElement)) return
  first.focus()
  if (root.getRootNode().activeElement === first) document.dispatchEvent(new Event("irsa-answered"))
  else if (tries) setTimeout(answer, 20, root, since, tries - 1)
}

// The folds of a page, and the folds inside them. Their number may change when the page is drawn again.
const folds = (root) =>
  [".folded", "details:not(.folded)"].map((kind) => [...root.querySelectorAll(kind)])

// What was unfolded on each page stays so for as long as the app is open in this tab: a reader who follows a link and
// comes back finds it again.
const unfolded = (window.irsaUnfolded ??= new Map())
const states = (root) => folds(root).map((parts) => parts.map((part) => part.open))
const unfold = (root, open) =>
  folds(root).forEach((parts, kind) => {
    if (parts.length === open[kind].length) parts.forEach((part, index) => (part.open ||= open[kind][index]))
  })

// A button that leads to a check, which another component of the page may have drawn.
const drawn = (window.irsaBlocks ??= new Set())
const lead = (check) => {
  for (const root of drawn) {
    if (!root.isConnected) drawn.delete(root)
    const found = root.isConnected && root.querySelector(`[data-check="${CSS.escape(check)}"]`)
    if (!found) continue
    found.querySelector("details").open = true
    for (let around = found; around !== root; around = around.parentElement)
      if (around.tagName === "DETAILS") around.open = true
    found.querySelector("summary").focus({ preventScroll: true })
    found.scrollIntoView({ block: "center" })
    return
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = rootOf(parentElement, () => {
    const root = element("div", { className: "root" })
    drawn.add(root)
    const light = (event, on) => {
      const from = event.target.closest?.("[data-lights]")
      if (!from) return
      for (const part of root.querySelectorAll(`[data-lit-by="${CSS.escape(from.dataset.lights)}"]`))
        part.classList.toggle("lit", on)
    }
    root.addEventListener("toggle", () => root.isConnected && unfolded.set(root.key, states(root)), true)
    root.addEventListener("pointerover", (event) => light(event, true))
    root.addEventListener("pointerout", (event) => light(event, false))
    root.addEventListener("focusin", (event) => light(event, true))
    root.addEventListener("focusout", (event) => light(event, false))
    root.addEventListener("copy", (event) => copyWhole(event, root))
    root.addEventListener("click", (event) => judge(event, root))
    root.addEventListener("click", (event) => {
      const button = event.target.closest?.("button[data-copy]")
      const check = event.target.closest?.("button[data-lead]")?.dataset.lead
      if (button) copy(button)
      else if (check) lead(check)
      else if (event.target.closest?.("button[data-print]")) window.print()
      else root.follow(event)
    })
    return root
  })
  root.key = data.key
  root.follow = (event) => follow(event, setTriggerValue)
  whenThere(root, data.html, (html) => {
    adopt(parentElement)
    if (root.drawn !== html) {
      const open = root.drawn === undefined ? unfolded.get(root.key) : states(root)
      root.innerHTML = root.drawn = html
      if (open) unfold(root, open)
    }
    showJudged(root)
    if (data.answers && !root.answers) answer(root)
    root.answers = data.answers
  })
}
