// What is wrong with the picture as it is seen now: texts that are cut, too small, or that lie on each other or under a
// card, and boxes without their name. `least`: CSS pixels of the smallest text.
(least, svg = document.querySelector("svg.film-map")) => {
  const stage = svg.getBoundingClientRect(), wrong = []
  const opacity = (element) => {
    let all = 1
    for (let one = element; one !== svg; one = one.parentNode) {
      const { opacity, visibility, display } = getComputedStyle(one)
      if (visibility !== "visible" || display === "none") return 0
      all *= Number(opacity)
    }
    return all
  }
  const above = ".chip, .bubble, .joined"
  const texts = []
  for (const element of svg.querySelectorAll("text")) {
    const text = element.firstChild?.nodeValue
    const seen = { opacityProperty: true, visibilityProperty: true }
    if (!text || !element.checkVisibility(seen) || opacity(element) < 0.1) continue
    const { left, top, right, bottom } = element.getBoundingClientRect()
    if (right <= stage.left || left >= stage.right || bottom <= stage.top || top >= stage.bottom) continue
    const size = Number.parseFloat(getComputedStyle(element).fontSize) * element.getScreenCTM().a
    const ink = (bottom - top - size * 0.8) / 2 // a line's box is higher than what is written in it
    texts.push({ text, left, right, top: top + ink, bottom: bottom - ink, size, of: element.closest(above) ?? element.closest(".badge") })
  }
  if (!texts.length) wrong.push("there is nothing to read")
  for (const { text, left, right, top, bottom, size } of texts) {
    if (left < stage.left - 0.5 || right > stage.right + 0.5 || top < stage.top - 0.5 || bottom > stage.bottom + 0.5) wrong.push(`cut: ${text}`)
    if (size < least - 0.05) wrong.push(`${size.toFixed(1)} px: ${text}`)
  }
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1
  texts.forEach((one, i) => {
    for (const other of texts.slice(i + 1)) if (meet(one, other) && !(one.of && other.of && one.of === other.of)) wrong.push(`on each other: ${one.text} / ${other.text}`)
  })
  for (const card of svg.querySelectorAll(above)) {
    const body = card.querySelector(".body")
    if (!body || opacity(body) < 0.1) continue
    const rect = body.getBoundingClientRect()
    for (const one of texts) if (one.of !== card && meet(one, rect)) wrong.push(`under ${card.getAttribute("class")}: ${one.text}`)
    if (rect.left < stage.left - 1 || rect.right > stage.right + 1 || rect.top < stage.top - 1 || rect.bottom > stage.bottom + 1) wrong.push(`cut: ${card.getAttribute("class")}`)
  }
  for (const box of svg.querySelectorAll(".box")) {
    const { left, top, right, bottom } = box.querySelector(".body").getBoundingClientRect()
    const width = Math.min(right, stage.right) - Math.max(left, stage.left), height = Math.min(bottom, stage.bottom) - Math.max(top, stage.top)
    if (width < 1 || height < 1 || opacity(box) < 0.1) continue
    const passes = [...svg.querySelectorAll(".chip")].some((chip) => opacity(chip) > 0 && meet(chip.getBoundingClientRect(), box.getBoundingClientRect()))
    if (!passes && opacity(box.querySelector(".names")) < 0.9) wrong.push(`without a name: ${box.getAttribute("class")}`)
  }
  return [...new Set(wrong)]
}
