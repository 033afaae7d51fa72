// What is selected within a shadow root, as a range of its own. Chromium asks that root for it, Firefox the document. WebKit
// says it of a root that it is given, and otherwise shows no more than the host.
const selectedIn = (shadow) => {
  const selection = shadow.getSelection?.() ?? document.getSelection(), range = document.createRange()
  const own = selection.rangeCount ? selection.getRangeAt(0) : range
  const [{ startContainer, startOffset, endContainer, endOffset }] = own.collapsed ? (selection.getComposedRanges?.(shadow) ?? [own]) : [own]
  range.setStart(startContainer, startOffset)
  range.setEnd(endContainer, endOffset)
  return range
}
// Who selects a command with the mouse gets what is folded in it, too, also where the selection ends with what is seen of it.
// A value that was shortened is copied as it is seen, unless such a command is selected with it.
const shortened = (fold) => fold.querySelector(".full") ?? fold.querySelector(".short")
const copyWhole = (event, root) => {
  const range = selectedIn(root.getRootNode()), last = range.endContainer.parentElement?.closest("details.long")
  if (range.collapsed) return
  if (last && !shortened(last)) range.setEndAfter(last)
  const part = range.cloneContents(), folded = [...part.querySelectorAll("details.long")]
  if (folded.every(shortened)) return
  for (const one of folded) {
    const value = shortened(one)
    if (!value) one.querySelector("summary")?.remove()
    one.replaceWith((value ?? one).textContent)
  }
  event.clipboardData.setData("text/plain", part.textContent)
  event.preventDefault()
}
// Over http from another machine a page has no `navigator.clipboard`, and elsewhere the browser may deny it, as in a frame:
// there a selection is copied, as by hand. Whether that was possible.
const copyByHand = (text) => {
  const field = element("textarea", { value: text, readOnly: true })
  document.body.append(field)
  field.select()
  const done = document.execCommand("copy")
  field.remove()
  return done
}
const isCopied = async (text) => {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyByHand(text)
  }
}
const copy = async (button) => {
  const [state, seconds] = (await isCopied(button.dataset.copy)) ? ["copied", 2] : ["not_copied", 8]
  button.focus({ preventScroll: true })
  button.classList.remove("copied", "not_copied")
  button.classList.add(state)
  clearTimeout(button.says)
  button.says = setTimeout(() => button.classList.remove(state), 1000 * seconds)
}

// What answers a click opens, and has the focus, as soon as what it lies in has opened as well and what is above it is drawn
// (`frame.css` waits for that, four seconds at most): unless the reader has put the focus elsewhere since then.
const answer = (root, since = document.activeElement, tries = 300) => {
  const fold = root.querySelector("summary"), first = fold ?? root.querySelector("[role=status]") ?? root.querySelector("h2, h3") ?? root
  if (fold) fold.parentElement.open = true
  if (![since, document.body].includes(document.activeElement)) return
  if (fold) fold.focus()
  else focusOn(first)
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
  whenThere(root, () => [givenHtml(data.html)], ([html]) => {
    adopt(parentElement)
    if (root.drawn !== html) {
      const open = root.drawn === undefined ? unfolded.get(root.key) : states(root)
      root.innerHTML = root.drawn = html
      if (open) unfold(root, open)
    }
    showJudged(root)
    if (data.answers && !root.answers) {
      document.dispatchEvent(new Event("irsa-answers"))
      answer(root)
    }
    root.answers = data.answers
  })
}
