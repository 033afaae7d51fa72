// The projector's window: one slide at a time, in the language and deck that were asked for.
const talkProjector = (root, data, signal) => {
  const talk = JSON.parse(data.talk), kept = talkStored(TALK_PLACE)
  const deck = data.deck || kept?.deck || Object.keys(talk.decks).at(-1), ids = talk.decks[deck]
  const channel = talkChannel()
  signal.addEventListener("abort", () => (say({ gone: true }), channel.close(), building.abort(), picture.remove()))
  const newName = () => Math.random().toString(36).slice(2), me = newName()
  if (!talkStored(TALK_OWN)) talkStore(TALK_OWN, newName())
  let own = talkStored(TALK_OWN)
  const languages = Object.keys(talk).filter((name) => talk[name].slides)
  const known = Object.fromEntries(languages.map((name) => [name, talkSlides(talk[name])]))
  const self = { send: null, next: null } // `next`: begins again, once nothing lies over the slides
  // What the key `l` has chosen stays over a change of the world: the server does not hear that key.
  let language = languages.includes(root.lang) ? root.lang : data.language, picture = null, what = null, building = null, at = 0, beat = 0, typed = ""

  const find = (selector) => root.querySelector(selector)
  const slide = () => known[language][ids[at]]
  const given = () => ({ ...talk[language], language })

  // (1) Where it begins: where this tab left it, or at the first slide of another page than it was left for.
  const first = ids.findIndex((id) => known[language][id].page === data.page), goesOn = ["home", kept?.page].includes(data.page)
  // The beat at which each slide was left: the overview, a number and the notes come back to it there.
  let left = (goesOn && kept?.left) || {}
  const place = (page) => talkStore(TALK_PLACE, { deck, slide: slide().id, left, page })
  if (goesOn && ids.includes(kept?.slide)) ((at = ids.indexOf(kept.slide)), (beat = left[kept.slide] ?? 0))
  else if (data.page !== "home") at = Math.max(0, first)

  // (2) One slide, and where we are.
  const show = (play = false) => {
    beat = Math.max(0, Math.min(beat, slide().played.length - 1))
    picture.show(slide(), beat, { play })
    left[slide().id] = beat
    find(".at").textContent = `${at + 1} / ${ids.length}`
    Object.assign(find("progress"), { max: ids.length, value: at + 1 })
    place(data.page)
    tell()
  }
  const say = (words) => channel.postMessage({ talk: own, ...words })
  const tell = () => say({ slide: slide().id, beat, deck, language, clock: talkStored(TALK_CLOCK), over: over() })
  const go = (to) => ((at = Math.max(0, Math.min(to, ids.length - 1))), (beat = left[slide().id] ?? 0), show())

  // (3) The screen in a language: built again when that changes, at the same beat.
  const build = () => {
    building?.abort()
    building = new AbortController()
    picture?.remove()
    root.lang = language
    root.innerHTML = `<div class="talk" tabindex="-1">${talk[language].frame}</div>`
    root.dataset.theme = talkStored(TALK_THEME) ?? ""
    picture = talkPicture(find(".picture"), given(), { live: true })
    what = talkWhatIf(root, { given, send: (asked) => self.send("what_if", asked), signal: building.signal })
    find(".overview").innerHTML = ids
      .map((id, i) => {
        const { number, title } = known[language][id]
        return `<button type="button" data-slide="${i}"><b>${i + 1}</b> <span>${number} ${mapEscape(title)}</span></button>`
      })
      .join("")
    show()
  }

  // (4) What can be asked for.
  const acts = {
    forward() {
      if (!talkStored(TALK_CLOCK)) talkStore(TALK_CLOCK, { from: Date.now(), spent: 0 })
      if (beat + 1 < slide().played.length) beat += 1
      else if (at + 1 < ids.length) ((at += 1), (beat = 0))
      else return
      show(true)
    },
    back() {
      if (beat > 0) beat -= 1
      else if (at > 0) ((at -= 1), (beat = Infinity))
      else return
      show()
    },
    first: () => ((left = {}), go(0)), // the talk begins again
    last: () => ((left[ids.at(-1)] = Infinity), go(ids.length - 1)),
    what_if: () => what.begin(),
    overview() {
      what.close()
      find(".overview").hidden = false
      find(`.overview [data-slide="${at}"]`).focus()
    },
    jump() {
      what.close()
      talkRelease(root) // or Enter would press the button that has the focus
      typed = ""
      find(".jump b").textContent = ""
      find(".jump").hidden = false
    },
    blank: () => (find(".blank").hidden = false),
    laser: () => (find(".laser").hidden = !find(".laser").hidden),
    full() {
      if (document.fullscreenElement) return document.exitFullscreen()
      const asked = document.documentElement.requestFullscreen?.() ?? Promise.reject() // an iPhone has none
      asked.catch(() => (find(".refused.full").hidden = false))
    },
    theme() {
      const dark = getComputedStyle(find(".talk")).colorScheme.includes("dark")
      root.dataset.theme = dark ? "light" : "dark"
      talkStore(TALK_THEME, root.dataset.theme)
      picture.map.redraw()
    },
    language() {
      language = languages[(languages.indexOf(language) + 1) % languages.length]
      const address = new URL(location.href)
      address.searchParams.set("lang", language)
      history.replaceState(history.state, "", address)
      build()
    },
    notes() {
      const address = new URL(talk.notes, location.href)
      address.searchParams.set("lang", language)
      const opened = window.open(address, "irsa_notes", "popup,width=1200,height=860")
      if (opened) return opened.focus() // it may have been open, behind this one
      find(".refused.notes_window a").href = address
      find(".refused.notes_window").hidden = false
    },
    keys: () => find("dialog").showModal(),
    leave() {
      if (talkLost()) return void (find(".refused.leave").hidden = false)
      // Neither a reload nor the browser's way back leads into the talk again.
      history.replaceState(history.state, "", talkAddress())
      place(slide().page)
      say({ gone: true })
      self.send("leave", { page: slide().page, language })
    },
  }
  // Over the slides: all of them, or a number. They have the keys until they are gone.
  const inOverview = (name) => {
    const all = [...root.querySelectorAll(".overview button")], on = all.findIndex((button) => button.matches(":focus"))
    if (name === "forward" || name === "back") all[(on + (name === "back" ? -1 : 1) + all.length) % all.length].focus()
    else if (name === "first" || name === "last") all.at(name === "first" ? 0 : -1).focus()
    else if (name === "overview" || name === "leave") find(".overview").hidden = true
  }
  const inJump = (name) => {
    if (/^\d$/.test(name)) typed += name
    if (name === "erase") typed = typed.slice(0, -1)
    find(".jump b").textContent = typed
    if (name === "Enter" && Number(typed)) go(Number(typed) - 1)
    if (name === "Enter" || name === "jump" || name === "leave") find(".jump").hidden = true
  }
  const anywhere = ["blank", "laser", "full", "notes", "keys"] // whatever lies over the slide
  // What lies over the slide: the notes say it, because the speaker may not see the projector.
  const covers = { blank: ".blank", keys: "dialog[open]", overview: ".overview", jump: ".jump", what_if: ".what_if" }
  const over = () => Object.keys(covers).find((name) => find(`${covers[name]}:not([hidden])`)) ?? ""
  self.covered = () => Boolean(over())
  let noted = ""
  const uncovered = () => {
    if (noted !== over()) say({ over: (noted = over()) })
    if (!noted) self.next?.()
  }
  const accept = () => root.querySelectorAll(".refused").forEach((words) => (words.hidden = true))
  const act = (name) => {
    accept()
    if (!find(".blank").hidden) find(".blank").hidden = true
    else if (find("dialog").open) (name === "keys" || name === "leave") && find("dialog").close()
    else if (anywhere.includes(name)) acts[name]()
    else if (what.open && !["overview", "jump"].includes(name)) what.act(name)
    else if (!find(".overview").hidden) inOverview(name)
    else if (!find(".jump").hidden) inJump(name)
    else acts[name]?.()
    uncovered()
  }
  root.talkAct = act

  // (5) Who asks: the keyboard or clicker, the buttons, the notes window.
  talkKeys(talk.keys, act, signal)
  root.onclick = (event) => {
    const { target } = event
    const asked = target.closest("[data-act]")?.dataset.act, to = target.closest(".overview [data-slide]")?.dataset.slide
    if (event.detail || to) talkRelease(root)
    if (to) {
      find(".overview").hidden = true
      go(Number(to))
      uncovered()
    } else if (asked) {
      if (find("dialog").open && asked !== "keys") find("dialog").close()
      act(asked)
    } else {
      accept()
      find(".blank").hidden = find(".jump").hidden = true
      uncovered()
    }
  }
  window.addEventListener(
    "pointermove",
    ({ clientX, clientY }) => Object.assign(find(".laser").style, { left: `${clientX}px`, top: `${clientY}px` }),
    { signal },
  )
  const clock = {
    pause() {
      const { from, spent = 0 } = talkStored(TALK_CLOCK) ?? {} // the notes may ask just after a reset
      talkStore(TALK_CLOCK, from ? { spent: spent + Date.now() - from } : { spent, from: Date.now() })
    },
    reset: () => tabKeeps.remove(TALK_CLOCK),
  }
  channel.onmessage = ({ data: asked }) => {
    if (asked.talk && asked.talk !== own) return
    // A tab that was duplicated has the name of the other's talk: the one that was there keeps it, and the notes.
    if (asked.begins) (say({ taken: asked.begins }), tell())
    if (asked.taken === me) (talkStore(TALK_OWN, (own = newName())), tell())
    if (asked.act && (asked.act !== "leave" || self.covered())) act(asked.act) // Escape over there ends no talk
    if (asked.go && ids.includes(asked.go)) go(ids.indexOf(asked.go))
    clock[asked.press]?.()
    if (asked.press || asked.hello) tell()
  }
  window.addEventListener("pagehide", () => say({ gone: true }), { signal })
  build()
  say({ begins: me })
  return self
}
