export default function ({ data, parentElement, setTriggerValue }) {
  adopt(parentElement)
  const root = rootOf(parentElement, () => {
    const root = element("div", { className: "root" })
    root.addEventListener("input", () => narrow())
    root.addEventListener("click", (event) => judge(event, root))
    root.addEventListener("click", (event) => {
      const button = event.target.closest?.("button[data-pick]")
      if (button) pick(button.dataset.pick)
      else root.follow(event)
    })
    return root
  })
  root.follow = (event) => follow(event, setTriggerValue)

  // Width and case of letters do not count: ＪＷＫＳ finds jwks.
  const plain = (text) => text.normalize("NFKC").toLowerCase()
  // An address or a long number in a pasted message is that of the reader's own account: no entry has it.
  const isOwn = (word) => /:\/\/|\d{6}/.test(word)
  const narrow = () => {
    const words = plain(root.querySelector("[data-filter]")?.value ?? "").split(/\s+/).filter((word) => word && !isOwn(word))
    const page = root.querySelector('[data-pick][aria-pressed="true"]')?.dataset.pick ?? ""
    let shown = 0
    for (const entry of root.querySelectorAll("[data-entry]")) {
      const text = plain(entry.dataset.words ?? "")
      const fits = words.every((word) => text.includes(word)) && (!page || entry.dataset.pages.split(" ").includes(page))
      entry.hidden = !fits
      shown += fits
    }
    for (const group of root.querySelectorAll("[data-group]"))
      group.hidden = !group.querySelector("[data-entry]:not([hidden])")
    const count = root.querySelector("[data-count]")
    const said = count.dataset.count.replace("{shown}", shown)
    if (count.textContent !== said) count.textContent = said
    root.querySelector(".none").hidden = shown > 0
  }
  const pick = (page) => {
    for (const button of root.querySelectorAll("[data-pick]"))
      button.setAttribute("aria-pressed", String(button.dataset.pick === page))
    narrow()
  }

  // (1) A new drawing, after a change of language, keeps what was typed, picked and opened; another depth opens its own.
  if (root.drawn !== data.html) {
    const typed = root.querySelector("[data-filter]")?.value ?? ""
    const picked = root.querySelector('[data-pick][aria-pressed="true"]')?.dataset.pick
    const before = [...root.querySelectorAll("details")]
    root.innerHTML = root.drawn = data.html
    const filter = root.querySelector("[data-filter]")
    if (filter) filter.value = typed
    const parts = [...root.querySelectorAll("details")]
    parts.forEach((part, index) => {
      part.first = part.open
      if (parts.length === before.length && before[index].first === part.first) part.open = before[index].open
    })
    pick(picked ?? data.pick)
  }
  showJudged(root)

  // (2) The entry that the address asks for, once: the page is scrolled to its top first.
  if (data.at && root.at !== data.at) {
    root.at = data.at
    const entry = root.querySelector(`#${CSS.escape(data.at)}`)
    if (entry.hidden) {
      const filter = root.querySelector("[data-filter]")
      if (filter) filter.value = ""
      pick("")
    }
    entry.classList.add("lit")
    const centre = () => entry.scrollIntoView({ block: "center" })
    centre()
    for (const wait of [100, 400]) setTimeout(centre, wait)
  }
}
