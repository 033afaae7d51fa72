// A slide as a picture: its heading, its words, the map, and what the beat says. Measures go with the host's size.
const talkPicture = (host, given, { live = false } = {}) => {
  host.innerHTML = `<div class="slide"><header><span class="number"></span><h1></h1></header>${given.world}
    <div class="words"></div><div class="map film"></div><div class="figure"></div><div class="says"${live ? ' aria-live="polite"' : ""}></div></div>`
  const find = (selector) => host.querySelector(selector)
  const map = filmMap(find(".map"), { words: given.words, projected: true })
  map.onbeat = (beat) => says(beat)
  let shown = null
  const says = (beat) => {
    const tells = shown?.shows === "film"
    find(".says").innerHTML = !tells ? "" : shown.played.length ? talkSays(beat) : `<p>${shown.unplayed}</p>`
    talkFit(find(".says"))
  }
  return {
    map,
    show(slide, at, { play = false } = {}) {
      const turned = shown !== slide
      shown = slide
      if (turned) {
        find(".slide").dataset.shows = slide.shows
        find(".slide").dataset.slide = slide.id
        find(".number").textContent = slide.number
        find("h1").textContent = slide.title
        find(".words").innerHTML = slide.html
        find(".figure").innerHTML = slide.figure
        const link = find(".words .link")
        if (link) link.textContent = talkAddress().href
        find(TALK_LOOPBACK.test(location.hostname) ? ".words .link" : ".words .start")?.remove()
      }
      const beat = slide.played[at] ?? slide.rests
      map.show(beat ? given.film : given.neutral, { neutral: !beat })
      const stands = beat === "whole" && map.beat === beat // over several slides
      if (beat) map.go(beat, { play: play && !stands })
      says(map.entry?.beat)
      find(".slide").dataset.beat = beat ?? ""
      talkFit(find(".words"))
    },
    remove: () => map.remove(),
  }
}
const talkSays = (beat) => {
  const said = beat.words ? `<p class="said"><code>${mapEscape(beat.words)}</code></p>` : ""
  return `<p class="${beat.end}">${beat.say}</p>${said}`
}
// Words that do not fit shrink, to what the last row still reads: hundredths of a unit of presenter.css.
const talkFit = (words) => {
  for (let size = 115; size >= 80; size -= 5) {
    words.style.setProperty("--fit", size / 100)
    if (words.scrollHeight <= words.clientHeight + 1) return
  }
}
const TALK_LOOPBACK = /^(localhost|127\.[\d.]+|\[::1\])$/ // leads nobody in the room to this app
// The page as it is now, without the talk.
const talkAddress = () => {
  const address = new URL(location.href)
  for (const name of ["present", "deck", "beat"]) address.searchParams.delete(name)
  return address
}
// Which beats of each slide this film has. Where it has none of them, the map rests at the beat before.
const talkSlides = (given) => {
  // Before anything is known: the last beat of a film is the whole map.
  given.neutral = { ...given.film, id: `${given.film.id}-neutral`, beats: given.film.beats.slice(-1), guilty: [], not_reached: [] }
  const known = new Set(given.film.beats.map(({ id }) => id))
  let rests = known.size ? given.film.beats[0].id : null
  for (const slide of given.slides) {
    slide.played = slide.beats.filter((beat) => known.has(beat))
    rests = slide.played.at(-1) ?? rests
    slide.rests = slide.beats.length ? rests : null
  }
  return Object.fromEntries(given.slides.map((slide) => [slide.id, slide]))
}
