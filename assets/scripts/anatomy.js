// The token: a part that is pointed at, touched or reached by the arrow keys is lit in every view. In a `.pick` the
// arrow keys go from character to character, and a click, Enter or Space asks for the character to be changed.
const own = (element) => element?.closest?.("[data-of]")?.dataset.of.split(" ").pop()

const partViews = (root) => {
  const views = root.querySelector(".views")
  if (!views) return
  const options = [...views.querySelectorAll('[role="option"]')]
  const list = views.querySelector('[role="listbox"]')
  let chosen = ""

  const show = (number, from) => {
    for (const lit of views.querySelectorAll(".lit")) lit.classList.remove("lit")
    if (!number) return
    for (const view of views.querySelectorAll(".view")) {
      const found = view.querySelectorAll(`[data-of~="${number}"]`)
      for (const piece of found) piece.classList.add("lit")
      if (found.length && view !== from) reveal(view, found[0], found[found.length - 1])
    }
  }
  // Only the view scrolls, never the page.
  const reveal = (view, first, last) => {
    const box = view.getBoundingClientRect()
    const top = first.getBoundingClientRect().top - box.top
    const bottom = last.getBoundingClientRect().bottom - box.top
    if (top < 0 || bottom > box.height) view.scrollTop += top - Math.max((box.height - (bottom - top)) / 2, 8)
  }
  const choose = (number) => {
    chosen = number
    for (const option of options) option.setAttribute("aria-selected", String(option.dataset.of === number))
    if (number) list.setAttribute("aria-activedescendant", `part-${number}`)
    else list.removeAttribute("aria-activedescendant")
    show(number)
  }

  views.addEventListener("pointerover", (event) => {
    const number = own(event.target)
    if (event.pointerType === "mouse" && number) show(number, event.target.closest(".view"))
  })
  views.addEventListener("pointerleave", () => show(chosen))
  views.addEventListener("click", (event) => {
    const number = own(event.target)
    if (number) choose(number === chosen ? "" : number)
  })
  views.addEventListener("focusin", () => chosen || choose(options[0].dataset.of))
  views.addEventListener("keydown", (event) => {
    const at = options.findIndex((option) => option.dataset.of === chosen)
    const last = options.length - 1
    const next = {
      ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: last,
    }[event.key]
    if (event.key === "Escape") choose("")
    else if (next === undefined) return
    else choose(options[Math.min(Math.max(next, 0), last)].dataset.of)
    event.preventDefault()
    event.stopPropagation() // the arrow keys turn pages elsewhere
  })
}

const picker = (root) => {
  const pick = root.querySelector(".pick")
  if (!pick) return
  const press = root.querySelector("button.press")
  const names = new Map([...root.querySelectorAll("data")].map((name) => [name.value, name.dataset.name]))

  // One element a character, so that one can be pointed at.
  const texts = []
  const walker = document.createTreeWalker(pick, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) texts.push(walker.currentNode)
  for (const text of texts)
    text.replaceWith(
      ...[...text.data].map((character) => Object.assign(document.createElement("i"), { textContent: character })),
    )
  const characters = [...pick.querySelectorAll("i")]
  const isDot = (index) => characters[index].parentElement.classList.contains("dot")
  const flipped = characters[pick.dataset.flipped]
  if (flipped) {
    flipped.textContent = pick.dataset.to || flipped.textContent
    flipped.classList.add("flipped")
  }

  let caret = Math.min(Number(pick.dataset.flipped ?? root.caret ?? 0), characters.length - 1) // of a longer token before
  const move = (index) => {
    characters[caret].classList.remove("caret")
    root.caret = caret = index
    characters[caret].classList.add("caret")
    const box = pick.getBoundingClientRect()
    const line = characters[caret].getBoundingClientRect()
    if (line.top < box.top || line.bottom > box.bottom) pick.scrollTop += line.top - box.top - box.height / 2
    const of = characters[caret].closest("[data-of]")?.dataset.of.split(" ").pop()
    const blanks = { place: caret + 1, character: characters[caret].textContent, name: names.get(of) ?? "–" }
    const fill = (words) => words.replace(/\{(place|character|name)\}/g, (_, blank) => blanks[blank])
    pick.setAttribute("aria-valuenow", caret + 1)
    pick.setAttribute("aria-valuetext", fill(pick.dataset.say))
    press.textContent = fill(pick.dataset.press)
    press.disabled = isDot(caret)
  }
  const send = (index) => {
    if (isDot(index)) return
    root.classList.add("sending")
    root.flip(index)
  }
  move(caret)

  pick.addEventListener("click", (event) => {
    const index = characters.indexOf(event.target)
    if (index < 0) return
    move(index)
    send(index)
  })
  pick.addEventListener("keydown", (event) => {
    const last = characters.length - 1
    const next = {
      ArrowRight: caret + 1, ArrowDown: caret + 1, ArrowLeft: caret - 1, ArrowUp: caret - 1,
      PageDown: caret + 20, PageUp: caret - 20, Home: 0, End: last,
    }[event.key]
    if (event.key === "Enter" || event.key === " ") send(caret)
    else if (next === undefined) return
    else move(Math.min(Math.max(next, 0), last))
    event.preventDefault()
    event.stopPropagation()
  })
  press.addEventListener("click", () => send(caret))
  for (const offer of root.querySelectorAll("button[data-flip]"))
    offer.addEventListener("click", () => {
      move(Number(offer.dataset.flip))
      send(caret)
    })
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = rootOf(parentElement)
  root.flip = (index) => setTriggerValue("flip", index)
  root.classList.remove("sending")
  whenThere(root, () => [givenHtml(data.html)], ([html]) => (adopt(parentElement), drawParts(root, html)))
}
const drawParts = (root, html) => {
  if (root.drawn === html) return
  const held = root.contains(root.getRootNode().activeElement) && root.querySelector(".pick:focus")
  const scrolled = root.querySelector(".pick")?.scrollTop ?? 0
  root.innerHTML = root.drawn = html
  partViews(root)
  picker(root)
  const pick = root.querySelector(".pick")
  if (pick) pick.scrollTop = scrolled
  if (held) pick?.focus({ preventScroll: true })
}
