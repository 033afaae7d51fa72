// The page before had the same figure. This page reuses it, so that the browser does not read it again.
let last

export default function ({ data, parentElement, setTriggerValue }) {
  adopt(parentElement)
  let figure = parentElement.querySelector("figure")
  if (!figure && last?.dataset.drawing === data.drawing && !last.isConnected) {
    figure = last
    parentElement.appendChild(figure)
  }
  if (!figure) {
    figure = document.createElement("figure")
    figure.addEventListener("click", (event) => figure.follow(event))
    parentElement.appendChild(figure)
  }
  last = figure
  figure.follow = (event) => follow(event, setTriggerValue)
  if (figure.dataset.drawing !== data.drawing) {
    figure.innerHTML = data.svg
    figure.dataset.drawing = data.drawing
    // The Tab key stops once a step, not at each of its boxes.
    for (const drawn of figure.querySelectorAll("svg")) {
      const stops = new Set()
      for (const link of drawn.querySelectorAll("a[data-page]")) {
        if (stops.has(link.dataset.page)) link.setAttribute("tabindex", "-1")
        stops.add(link.dataset.page)
      }
    }
  }
  figure.setAttribute("aria-label", data.alt)
  figure.className = `diagram ${data.step ? "one" : "all"} ${data.answered ? "answered" : ""}`
  for (const part of figure.querySelectorAll(".on")) part.classList.remove("on")
  for (const part of data.step ? figure.querySelectorAll("." + data.step) : []) part.classList.add("on")
}
