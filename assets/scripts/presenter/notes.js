// The speaker's own window: the slide that is shown and the next one, what to say, the time and the plan.
const talkNotes = (root, data, signal) => {
  const talk = JSON.parse(data.talk), notes = JSON.parse(data.notes)
  const channel = talkChannel()
  signal.addEventListener("abort", () => (channel.close(), now.remove(), after.remove()))
  const find = (selector) => root.querySelector(selector), all = (selector) => [...root.querySelectorAll(selector)]
  let followed = talkStored(TALK_OWN), connected = false, clock = null, slides = {}, now = null, after = null

  // (1) What the projector shows, in its language.
  const build = (language) => {
    const given = talk[language]
    for (const picture of [now, after]) picture?.remove()
    root.innerHTML = notes[language]
    root.lang = language
    slides = talkSlides(given)
    now = talkPicture(find(".now"), given)
    after = talkPicture(find(".after"), given)
    fit()
  }
  const show = ({ slide, beat, deck }) => {
    const ids = talk.decks[deck], next = slides[ids[ids.indexOf(slide) + 1]]
    for (const note of all("article")) note.hidden = note.dataset.slide !== slide
    for (const table of all(".plan")) table.hidden = table.dataset.deck !== deck
    for (const row of all(".plan tr[data-slide]"))
      if (row.dataset.slide === slide) row.setAttribute("aria-current", "true")
      else row.removeAttribute("aria-current")
    // The plan alone scrolls: neither the clock nor, in a narrow window, what to say goes out of sight.
    const row = find(".plan:not([hidden]) [aria-current]"), plans = find(".plans")
    if (row) plans.scrollTop = row.offsetTop - plans.clientHeight / 2
    now.show(slides[slide], beat)
    // The next press may play another beat of this slide: then that is what comes.
    const stays = beat + 1 < slides[slide].played.length
    find(".over").hidden = stays || Boolean(next)
    find(".after").hidden = !stays && !next
    if (stays) after.show(slides[slide], beat + 1)
    else if (next) after.show(next, 0)
    find(".said").scrollTop = 0
  }
  const cover = (over) => {
    for (const words of all(".covered")) words.hidden = words.dataset.over !== over
  }
  channel.onmessage = ({ data: message }) => {
    const known = message.slide || message.gone || (connected && "over" in message)
    if (!known || (connected && message.talk !== followed)) return
    if (message.slide) {
      followed = message.talk
      clock = message.clock
      if (root.lang !== message.language) build(message.language)
      show(message)
      tick()
    }
    cover(message.over)
    connected = !message.gone
    find(".alone").hidden = connected
    find(".connected").hidden = !connected
  }
  const ask = (what) => connected && channel.postMessage({ talk: followed, ...what })

  // The pictures are drawn as large as a projector's, and scaled down.
  const fit = () => {
    for (const host of all(".now, .after")) host.style.setProperty("--small", host.clientWidth / 1280)
  }
  window.addEventListener("resize", fit, { signal })

  // (2) The clock, and how it stands against the plan of this slide.
  const time = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`
  const tick = () => {
    const seconds = clock ? (clock.spent + (clock.from ? Date.now() - clock.from : 0)) / 1000 : 0
    const pause = find("[data-clock=pause]"), pace = find(".pace")
    find(".clock").textContent = time(seconds)
    find(".waits").hidden = Boolean(clock)
    pace.hidden = !clock // a speaker who leafs through before the talk is neither ahead nor behind
    pause.disabled = !clock
    pause.textContent = clock && !clock.from ? pause.dataset.resume : pause.dataset.pause
    const { from, until } = find(".plan:not([hidden]) [aria-current]")?.dataset ?? {}
    const late = seconds - Number(until), early = Number(from) - seconds
    pace.dataset.pace = late > 0 ? "late" : early > 0 ? "early" : "on"
    pace.textContent =
      late > 0 ? pace.dataset.late.replace("{time}", time(late))
      : early > 0 ? pace.dataset.early.replace("{time}", time(early))
      : pace.dataset.onTime
  }
  root.onclick = (event) => {
    const { target } = event
    if (event.detail) talkRelease(root)
    if (target.dataset.clock) ask({ press: target.dataset.clock })
    const row = target.closest(".plan tr[data-slide]")
    if (row) ask({ go: row.dataset.slide })
  }
  const ticking = setInterval(tick, 250)
  signal.addEventListener("abort", () => clearInterval(ticking))

  // (3) The keys reach the projector from here too, but for those that concern this window or that one alone.
  const alone = ["overview", "laser", "full", "notes", "keys"]
  const pass = (act) => {
    if (act === "jump") talkRelease(root) // as on the projector
    ask({ act })
  }
  talkKeys(talk.keys, (act) => alone.includes(act) || pass(act), signal)
  const deck = Object.keys(talk.decks).at(-1)
  build(root.lang in notes ? root.lang : data.language) // the server does not hear the key `l`
  show({ slide: talk.decks[deck][0], beat: 0, deck })
  tick()
  channel.postMessage({ talk: followed, hello: true })
}
