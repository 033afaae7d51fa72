// What if: a choice goes to the server, which breaks the world, films it and puts it back; then the film plays here.
const TALK_ANSWER = "irsa_what_if"
const TALK_KNOWN = 2 // times as fast
const TALK_PATIENCE = 20_000 // milliseconds for an answer
let talkAsked = 0
const talkWhatIf = (root, { given, send, signal }) => {
  const find = (selector) => root.querySelector(`.what_if ${selector}`)
  const panel = root.querySelector(".what_if"), result = find(".result"), working = find(".working"), choices = find(".choices")
  let state = "closed", map = null, waiting = [], asked = 0
  const turn = (to) => {
    state = to
    panel.hidden = to === "closed"
    choices.hidden = find(".hint").hidden = to !== "choosing"
    working.hidden = !["working", "failed"].includes(to)
    result.hidden = to !== "playing"
    if (to !== "playing") (map?.remove(), (map = null))
  }
  const close = () => (turn("closed"), (waiting = []))
  const buttons = () => [...choices.querySelectorAll("button")]
  const choose = (number) => {
    const button = buttons()[number - 1]
    if (!button) return
    asked = ++talkAsked
    find("h1").textContent = button.lastChild.textContent.trim()
    working.textContent = working.dataset.said ??= working.textContent
    turn("working")
    if (talkLost()) return fail(working.dataset.lost)
    send({ choice: button.dataset.choice, asked })
    const mine = asked
    setTimeout(() => {
      if (state === "working" && asked === mine && !signal.aborted) fail(working.dataset.late)
    }, TALK_PATIENCE)
  }
  // What was pressed meanwhile is done now, and what it leaves over is the slides'.
  const catchUp = () => {
    const pressed = waiting
    waiting = []
    pressed.forEach((name) => root.talkAct(name))
  }
  const fail = (said) => (turn("failed"), (working.textContent = said), catchUp())
  const move = (by) => {
    const all = buttons(), on = all.findIndex((button) => button.matches(":focus"))
    all[(on + by + all.length) % all.length].focus()
  }
  const over = () => !map.playing
  const end = () => (map.pause(), map.go(map.entries.length - 1))
  const acts = {
    choosing: { forward: () => move(1), back: () => move(-1) },
    playing: { forward: () => (over() ? close() : end()), back: () => map.previous() },
    failed: { forward: close, back: close },
  }
  window.addEventListener(
    TALK_ANSWER,
    ({ detail }) => {
      const answer = JSON.parse(detail)
      if (state !== "working" || answer.asked !== asked) return
      const mine = answer[given().language]
      if (mine.failed) return fail(mine.failed)
      turn("playing")
      find(".change").innerHTML = mine.change
      find(".answers").innerHTML = mine.answers
      map = filmMap(find(".map"), { words: given().words, projected: true })
      // Below the whole map, what was said where it stopped.
      const stop = mine.film.beats.find(({ end }) => end === "stop")
      map.onbeat = (beat) => {
        find(".says").innerHTML = talkSays(beat.id === "whole" ? stop : beat)
        // On the way from the cause to where it stops, what the slides show as well passes faster.
        const known = stop && ![mine.begins, stop.id].includes(beat.id) && given().film.beats.some(({ id }) => id === beat.id)
        map.speed(known ? TALK_KNOWN : 1)
      }
      map.show(mine.film)
      map.render(map.entries.find(({ beat }) => beat.id === mine.begins).start)
      map.play()
      catchUp()
    },
    { signal },
  )
  // What a lost connection should have brought does not come later either.
  const watching = new MutationObserver(() => state === "working" && talkLost() && fail(working.dataset.lost))
  watching.observe(talkApp(), { attributes: true, attributeFilter: ["data-test-connection-state"] })
  signal.addEventListener("abort", () => (watching.disconnect(), map?.remove()))
  panel.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-choice]")
    if (button) choose(buttons().indexOf(button) + 1)
  })
  return {
    get open() { return state !== "closed" },
    begin() {
      find("h1").textContent = find("h1").dataset.said ??= find("h1").textContent
      turn("choosing")
      buttons()[0].focus()
    },
    act(name) {
      if (name === "leave" || name === "what_if") close()
      else if (state === "working") waiting.push(name)
      else if (state === "choosing" && /^\d$/.test(name)) choose(Number(name))
      else acts[state][name]?.()
    },
    close,
  }
}
