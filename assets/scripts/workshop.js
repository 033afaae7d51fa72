// The sheet of a workshop and its clock, which runs in this browser over reloads and from page to page.
const WORKSHOP = "irsa_workshop_began"
const workshopTick = (root) => {
  const began = Number(browserKeeps.get(WORKSHOP)), find = (selector) => root.querySelector(selector)
  const seconds = began ? Math.max(0, Math.floor((Date.now() - began) / 1000)) : 0
  const time = (span) => `${Math.floor(span / 60)}:${String(span % 60).padStart(2, "0")}`
  const rows = [...root.querySelectorAll(".plan tr[data-from]")]
  const now = began ? rows.findIndex(({ dataset }) => seconds < 60 * dataset.until) : -1
  rows.forEach((row, i) => (i === now ? row.setAttribute("aria-current", "step") : row.removeAttribute("aria-current")))
  find(".time").textContent = time(seconds)
  const pace = find(".pace"), { dataset } = pace
  const left = now < 0 ? "" : time(60 * rows[now].dataset.until - seconds)
  pace.textContent =
    !began ? dataset.waits
    : now < 0 ? dataset.over
    : dataset.pace.replace("{number}", now + 1).replace("{time}", left)
  // To who listens the clock says what begins, once, and nothing of what had begun before.
  const begins = !began ? "" : now < 0 ? dataset.over : rows[now].querySelector("th").textContent
  if (![undefined, begins].includes(root.begun)) find("[aria-live]").textContent = begins
  root.begun = begins
  find("[data-clock=start]").hidden = Boolean(began)
  find("[data-clock=reset]").hidden = !began
}
export default function ({ data, parentElement, setTriggerValue }) {
  adopt(parentElement)
  const root = rootOf(parentElement, () => {
    const root = element("div", { className: "root" })
    root.addEventListener("click", (event) => {
      const button = event.target.closest?.("button")
      if (button?.dataset.clock === "start") browserKeeps.set(WORKSHOP, Date.now())
      else if (button?.dataset.clock === "reset") browserKeeps.remove(WORKSHOP)
      else if (button) window.print()
      else root.follow(event)
      if (button?.dataset.clock) {
        workshopTick(root)
        root.querySelector(".clock button:not([hidden])").focus()
      }
    })
    return root
  })
  root.follow = (event) => follow(event, setTriggerValue)
  if (root.drawn !== data.html) root.innerHTML = root.drawn = data.html
  workshopTick(root)
  const ticking = setInterval(() => workshopTick(root), 1000)
  return () => clearInterval(ticking)
}
