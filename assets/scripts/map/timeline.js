// When each beat of a film begins, and what stands on the map before it. Seconds throughout.
const MAP_TIMES = {
  lead: 0.7, // the camera goes there before anything travels
  travel: 1.5,
  settle: 0.35, // what stays where it arrived, one after the other
  out: 0.3, // the chip fades
  shortest: 2.8,
}

// How long a sentence takes to read: Japanese has fewer signs, and each says more.
const mapReading = (text) => {
  const wide = [...text].filter((sign) => sign > "\u2e80").length
  return 1 + wide * 0.1 + (text.length - wide) * 0.05
}

// What is true of the map before a beat: what lies where, how each edge was travelled, who took part.
const mapAfter = (before, beat, card, guilty) => {
  if (beat.supposed) return before // it never happened
  const adds = new Map(before.adds), edges = new Map(before.edges), parties = new Set(before.parties)
  for (const id of beat.removes ?? []) adds.delete(id)
  for (const add of beat.adds ?? []) adds.set(add.id, { ...add, rows: add.kind === "token" ? card : [] })
  if (beat.edge) edges.set(beat.edge, { state: mapEdgeState(beat), number: beat.number })
  if (beat.end !== "not_reached")
    for (const party of [beat.from, beat.to, ...(beat.adds ?? []).map((add) => add.at)]) if (party) parties.add(party)
  const tells = beat.edge ? beat.end && guilty.includes(beat.edge) : guilty.length > 0 // at the end, where no error shows
  return { adds, edges, parties, broken: before.broken || beat.end === "stop" || tells }
}
const mapEdgeState = ({ end, seen }) =>
  end === "not_reached" ? "grey" : end || (seen === "unseen" ? "unseen" : "done")
// Whether the door throws back what comes.
const mapThrown = ({ end }) => end === "stop" || end === "refused"

// The beats with their times. A part is the beats of one step; those before it have happened.
const mapTimeline = (film, part) => {
  let state = { adds: new Map(), edges: new Map(), parties: new Set(), broken: false }
  let card = [], start = 0
  const beats = []
  let compared = [] // how claims compared so far
  for (const beat of film.beats) {
    if (beat.chip?.kind.startsWith("token") && beat.chip.rows?.length) card = beat.chip.rows
    const before = state
    if (beat.verdict && beat.chip?.kind === "claim")
      for (const [key, verdict] of [...Object.entries(beat.beside), [beat.chip.rows[0]?.[0], beat.verdict]])
        compared = [...compared, { beat, key, verdict, places: [beat.from, beat.to] }]
    state = mapAfter(before, beat, card, film.guilty ?? [])
    if (beat.past) continue
    if (part && beat.step !== part) {
      if (beats.length) break
      continue
    }
    const moves = Boolean(beat.edge) && beat.end !== "not_reached"
    const travel = moves ? MAP_TIMES.travel * (beat.chip?.kind === "claim" ? 0.75 : 1) : 0
    const settle = MAP_TIMES.settle * ((beat.adds ?? []).length + 1)
    const lead = beats.length ? MAP_TIMES.lead : 0.3
    const least = lead + travel + settle + 1 + (mapThrown(beat) ? 0.8 : 0)
    const duration = Math.max(MAP_TIMES.shortest, mapReading(beat.plain ?? ""), least)
    beats.push({ beat, card, compared, before, after: state, start, duration, least, lead, travel, moves, index: beats.length })
    start += duration
  }
  mapWithin(film.longest, beats, start)
  return { beats }
}
// A film that may take so long at most: every sentence is read that much faster, and nothing travels faster.
const mapWithin = (longest, beats, total) => {
  if (!longest || total <= longest) return
  const least = beats.reduce((sum, entry) => sum + entry.least, 0)
  const share = mapClamp((longest - least) / (total - least))
  let start = 0
  for (const entry of beats) {
    entry.start = start
    entry.duration = entry.least + (entry.duration - entry.least) * share
    start += entry.duration
  }
}

const mapEnd = ({ start, duration }) => start + duration
// The moment at which a beat is looked at when nothing plays: all has arrived, the chip is still there.
const mapPose = (entry) => mapEnd(entry) - MAP_TIMES.out - 0.01

const mapClamp = (value, low = 0, high = 1) => Math.min(high, Math.max(low, value))
const mapEase = (t) => ((t = mapClamp(t)), t * t * (3 - 2 * t))
