// A map that stands still and does not fit is moved: it is dragged, a place on the small map is touched, or an arrow key
// is pressed while it has the focus. Up and down are left to the page.
const mapMoves = (map, what) => {
  const [left, top, w, h] = map.view, [width] = map.geometry.size
  const x = { next: left + w, previous: left, first: 0, last: width }[what]
  if (x !== undefined) map.look(x, top + h / 2)
}
const mapDragged = (map, mini, signal) => {
  const { stage } = map
  let from = null
  stage.addEventListener("pointerdown", (event) => {
    if (!map.moves || event.button) return
    const [left, top, w, h] = map.view
    from = { at: [event.clientX, event.clientY], x: left + w / 2, y: top + h / 2, unit: w / stage.clientWidth }
    stage.setPointerCapture(event.pointerId)
  })
  stage.addEventListener("pointermove", ({ clientX, clientY }) => {
    if (from) map.look(from.x - (clientX - from.at[0]) * from.unit, from.y - (clientY - from.at[1]) * from.unit)
  })
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => (from = null))
  const there = ({ clientX, clientY }) => {
    const place = mini.getBoundingClientRect(), [x, y, w, h] = mini.getAttribute("viewBox").split(" ").map(Number)
    map.look(x + ((clientX - place.left) / place.width) * w, y + ((clientY - place.top) / place.height) * h)
  }
  mini.addEventListener("pointerdown", (event) => (mini.setPointerCapture(event.pointerId), there(event)), { signal })
  mini.addEventListener("pointermove", (event) => event.buttons && there(event), { signal })
}
