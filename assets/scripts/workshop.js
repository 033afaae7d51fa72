// The sheet of a workshop and its clock, which runs in this browser over reloads and from page to page. Clock, plan and
// sections are drawn each by itself: what the server draws for those who are late stands between them.
const WORKSHOP = "irsa_workshop_began"
const workshopTick = (root) => {
  const began = Number(browserKeeps.get(WORKSHOP)), find = (selector) => root.querySelector(selector)
  const seconds = began ? Math.max(0, Math.floor((Date.now() - began) / 1000)) : 0
  const time = (span) => `${Math.floor(span / 60)}:${String(span % 60).padStart(2, "0")}`
  const clock = find(".clock"), rows = [...root.querySelectorAll(".plan tr[data-until]")]
  const parts = clock ? JSON.parse(clock.dataset.parts) : rows.map(({ dataset }) => [Number(dataset.until)])
  const now = began ? parts.findIndex(([until]) => seconds < 60 * until) : -1
  rows.forEach((row, i) => (i === now ? row.setAttribute("aria-current", "step") : row.removeAttribute("aria-current")))
  if (!clock) return
  find(".time").textContent = time(seconds)
  const pace = find(".pace"), { dataset } = pace
  const left = now < 0 ? "" : time(60 * parts[now][0] - seconds)
  pace.textContent =
    !began ? dataset.waits
    : now < 0 ? dataset.over
    : dataset.pace.replace("{number}", now + 1).replace("{time}", left)
  // To who listens the clock says what begins, once, and nothing of what had begun before.
  const begins = !began ? "" : now < 0 ? dataset.over : parts[now][1]
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
