// The map inside a page of Streamlit: one map and one player, which outlive a rerun and a change of page.
let last = null
export default function ({ data, parentElement, setTriggerValue }) {
  let host = parentElement.querySelector(".film")
  if (!host) {
    // The page before had the same map: this one takes it over, so that the browser does not draw it again.
    host = last && !last.isConnected ? last : document.createElement("div")
    host.className = "root film"
    parentElement.appendChild(host)
  }
  last = host
  host.leads = Object.fromEntries(["next", "previous"].filter((key) => data[key]).map((key) => [key, data[key].split(" ")]))
  for (const [, , film] of Object.values(host.leads)) givenJson(film) // fetched before it is asked for
  const body = document.querySelector(".st-key-body")
  if (body) mapAhead.observe(body, { childList: true, characterData: true, subtree: true })
  let rest = () => mapRest(host)
  const forget = whenThere(host, () => [data.words, data.film, data.before].map(givenJson), (texts) => {
    if (data.part && data.part !== mapPage()) return // the page has been turned before its film came
    adopt(parentElement)
    rest = mapOn(host, data, texts, setTriggerValue) ?? rest
  })
  return () => (forget(), rest())
}
// React hands on a component's data a frame after it has put the page into the document, and each part of a page may come
// with a frame of its own. The map turns before. Where the page has a button that leads to the next one, it knows what is
// shown there: at a click at once, and after a key, which Streamlit hears by itself, once the address is that page's.
// Else a step whose question is open has its name in the line above the map, and until the answer the map shows nothing
// but that step.
let asked, turned
const mapPage = () => location.pathname.split("/").findLast(Boolean)
const mapAhead = new MutationObserver(() => {
  const page = mapPage()
  mapTurn(Object.values((last?.isConnected && last.leads) || {}).find(([name]) => name === page))
  const asks = document.querySelector("[data-asks]")?.dataset.asks, map = last?.isConnected && last.map
  if (asks === asked) return // the page of before is still there, and the map may have left it
  asked = asks
  if (!asks || !map?.part) return
  last.style.minHeight = "" // the question is there as well: it stands where it stays, however late the data come
  map.show(map.film, { part: asks, neutral: true })
})
const mapTurn = (lead) => {
  const film = lead && lead !== turned && givenJson(lead[2])
  if (!film || film instanceof Promise) return
  turned = lead
  document.querySelector('[data-testid="stMain"]').scrollTop = 0
  last.style.minHeight = `${last.offsetHeight}px` // nothing below it moves before the page goes
  last.map.show(film, { part: lead[0], neutral: lead[1] === "asks" })
}
document.addEventListener("click", ({ target }) => {
  const button = target.closest?.(".st-key-next button, .st-key-previous button")
  if (button && last?.isConnected) mapTurn(last.leads[button.closest(".st-key-next") ? "next" : "previous"])
})
// Draws what the page gave; what to do when it is drawn again or goes.
const mapOn = (host, data, [words, film, before], setTriggerValue) => {
  host.style.minHeight = ""
  speak(host, data.language)
  const halves = before ? "two" : "one"
  const { map: old, player } = host, stands = old && host.dataset.film && old.part === data.part && !old.neutral && player.left
  if (host.dataset.words !== data.words || host.dataset.halves !== halves) mapBegin(host, data.words, words, halves)
  host.map.onchip = (beat) => beat.opens && setTriggerValue("opened", beat.id)
  const answered = data.answered === "yes"
  if (host.beforeMap) {
    host.map.show(film)
    host.beforeMap.show(before)
    mapsInStep(host.map, host.beforeMap)
  } else host.map.show(film, { part: data.part, neutral: !answered })
  // A map on which a chain is being built shows it, and plays nothing.
  const grows = Boolean(film.changes || film.ghosts?.length)
  host.classList.toggle("growing", grows && !film.beats.some(({ past, id }) => !past && id !== "whole"))
  if (data.runs) return mapRuns(host, film, data.runs, setTriggerValue)
  if (host.map.onend) host.map.pause() // the clock has been held
  host.map.onend = null
  host.dataset.ran = ""
  if (!answered || host.dataset.film === film.id + data.part) return
  const first = !host.dataset.film
  host.dataset.film = film.id + data.part
  // The address says where to begin, once; then what the page asks for; after that the film follows the reader.
  const asked = new URLSearchParams(location.search).get("beat")
  if (data.plays === "on") mapFrom(host, data.opens)
  else if (first && stands && host.player.goOn(stands)) kept && keepBeat(stands.beat) // the same film in another language
  else if (asked && first && data.plays !== "now") host.player.open(asked) // an answer just given plays before that
  else if (data.opens) host.player.open(data.opens)
  else if (data.plays === "now" || data.plays === "here" || (data.plays === "once" && !tabKeeps.get(MAP_PLAYED))) {
    tabKeeps.set(MAP_PLAYED, "yes")
    mapFromTheStart(host)
    if (data.plays === "now") mapStaysInSight(host)
  }
}
const MAP_PLAYED = "irsa_film_played"
// The answer takes the focus, and the page grows under it: both would leave the map above what is in sight, or the answer
// where it stands before the map (frame.css). What the reader does ends it.
const mapStaysInSight = (host) => {
  const page = mapPage(), top = (part) => part.getBoundingClientRect().top
  const goThere = () => {
    if (mapPage() !== page) return end()
    const answer = document.querySelector('[class*="st-key-prediction_"]')
    ;(answer && top(answer) < top(host) ? answer : host).scrollIntoView({ block: "start" })
    goOn()
  }
  // What was pressed may be far above now, and the next key would lead back there. It may get the focus once more, as it is
  // drawn again; an answer that gets it is in sight a turn later.
  const goOn = () => setTimeout(() => {
    const has = document.activeElement
    if (has !== document.body && has.getBoundingClientRect().bottom < 0) host.map.stage.focus({ preventScroll: true })
  })
  const grows = new ResizeObserver(goThere)
  const ends = new AbortController(), { signal } = ends
  const end = () => (grows.disconnect(), ends.abort())
  grows.observe(document.querySelector('[data-testid="stMainBlockContainer"]'))
  document.addEventListener("irsa-answered", goThere, { signal })
  document.addEventListener("focusin", goOn, { signal })
  for (const act of ["wheel", "touchstart", "pointerdown", "click", "keydown"])
    document.addEventListener(act, end, { signal, passive: true })
  setTimeout(end, 2000)
}
// A rerun leaves the film playing. Of a page that went the map is kept for the next one, and of no other.
const mapRest = (host) =>
  setTimeout(() => {
    if (host.isConnected) return
    host.map?.pause()
    host.dataset.film = ""
    if (host === last) return
    host.player?.remove()
    for (const map of [host.map, host.beforeMap]) map?.remove()
  })

// A clock runs: it goes on once the film has ended, or a moment later where nothing travels. It is asked for once.
const mapRuns = (host, film, at, setTriggerValue) => {
  const on = () => {
    if (host.dataset.ran === at || !host.isConnected) return
    if (document.hidden) return document.addEventListener("visibilitychange", on, { once: true })
    host.dataset.ran = at
    setTriggerValue("ended", at)
  }
  const fresh = host.dataset.film !== film.id
  host.dataset.film = film.id
  host.map.onend = on
  const { entries, time } = host.map
  const nothing = !entries.some(({ moves }) => moves), over = !fresh && time >= mapPose(entries.at(-1)) - 0.05
  const timer = nothing || over ? setTimeout(on, 1000) : null
  if (!timer && fresh) mapFromTheStart(host)
  else if (!timer && !host.map.playing) host.map.play()
  return () => (clearTimeout(timer), mapRest(host))
}
// A film that is shown stands where its first beat has ended.
const mapFromTheStart = ({ map }) => (map.render(0), map.play())
// The world has changed: what changed plays, and all that comes after it.
const mapFrom = ({ map }, id) => {
  const changed = map.entries.find(({ beat }) => beat.id === id)
  if (changed) (map.render(changed.start), map.play())
}

// One map with its player; or two, before and after a fix, which play by one clock.
const mapBegin = (host, address, words, halves) => {
  const before = host.player?.left
  host.player?.remove()
  for (const map of [host.map, host.beforeMap]) map?.remove()
  host.replaceChildren()
  Object.assign(host.dataset, { words: address, halves, film: "" })
  const stage = (name) => {
    const half = document.createElement("figure")
    half.className = "film-half"
    if (halves === "two") half.innerHTML = `<figcaption>${mapEscape(words[`halves.${name}`])}</figcaption>`
    host.appendChild(half)
    return filmMap(half, { words })
  }
  host.beforeMap = halves === "two" ? stage("before") : null
  host.map = stage("after")
  host.player = filmPlayer(host, host.map, { words, address: keepBeat, before })
}

// The beat goes into the address without a rerun, at most four times a second: browsers bound how often a page may.
let keeping = 0, kept = "", keptOn = ""
const keepBeat = (id) => {
  kept = id
  keptOn = location.pathname
  keeping ||= setTimeout(() => {
    keeping = 0
    if (location.pathname !== keptOn) return // the reader has turned the page meanwhile
    const address = new URL(location.href)
    address.searchParams.set("beat", kept)
    history.replaceState(history.state, "", address)
  }, 250)
}

export { browserKeeps, filmMap } // to first_picture.js
