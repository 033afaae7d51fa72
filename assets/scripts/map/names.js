// Names of the parties in the picture: none is cut, none lies under the chip, and no box is seen without its own.
const MAP_EDGE = 6 // kept free at the picture's edge

// 1 if there is room for a text between the picture's edges, else 0: nothing stands there half faded. Small text is drawn
// up to a twelfth wider than it is measured, where letters stand on whole pixels.
const mapRoom = ([x, y, width, height], [left, top, w, h]) =>
  Number(Math.min(x - left, y - top, left + w - x - width * 1.08, top + h - y - height) > MAP_EDGE - 0.1)

// By how much a name leaves its place to be whole while its box reaches over the edge. It stays inside of the box.
const mapStep = (at, span, [from, width], [low, seen]) => {
  const first = low + MAP_EDGE, wanted = mapClamp(at, first, Math.max(first, low + seen - MAP_EDGE - span))
  return mapClamp(wanted, Math.min(at, from + 8), Math.max(at, from + width - 8 - span)) - at
}

// Where the name of a box stands in that picture.
const mapNameAt = ({ box, name: [x, y, width, height] }, [left, top, w, h]) => {
  const across = mapStep(x, width * 1.08, [box[0], box[2]], [left, w]), down = mapStep(y, height, [box[1], box[3]], [top, h])
  return [x + across, y + down, width, height]
}

const mapNamed = ({ drawing, view, room, names, chip, write, fade, move }) => {
  const covers = []
  for (const { box, group, name, words } of drawing.boxes.values()) {
    const here = mapNameAt({ box, name }, view), by = [here[0] - name[0], here[1] - name[1]]
    move(words, by)
    fade(group, room(here))
    fade(words, chip && mapOverlap(chip, here) ? 0 : names)
    if (by[0] || by[1]) covers.push(here)
  }
  const covered = (rect) => covers.some((one) => mapOverlap(one, rect))
  for (const { element, rect, near } of drawing.labels)
    fade(element, (chip && mapOverlap(chip, rect)) || covered(rect) ? 0 : room(rect, near))
  for (const { group, slot } of drawing.adds.values()) write(group, "display", covered(slot) ? "none" : "inline")
}
