// Plays two maps by one clock: a beat of the one lasts as long as that of the other, which waits where it has none.
const mapsInStep = (first, second) => {
  const lists = [first.entries, second.entries], times = () => lists.flat().map(({ start, duration }) => [start, duration]).join()
  const known = lists.map((entries) => new Set(entries.map(({ beat }) => beat.id))), at = [0, 0], before = times()
  let start = 0
  while (lists.some((entries, i) => at[i] < entries.length)) {
    const next = lists.map((entries, i) => entries[at[i]])
    const alone = next.findIndex((entry, i) => entry && !known[1 - i].has(entry.beat.id))
    const comes = next.map((entry, i) => entry && (alone < 0 || alone === i))
    const duration = Math.max(...next.map((entry, i) => (comes[i] ? (entry.own ??= entry.duration) : 0)))
    next.forEach((entry, i) => {
      if (comes[i]) (Object.assign(entry, { start, duration }), (at[i] += 1))
      else if (at[i]) lists[i][at[i] - 1].duration += duration
    })
    start += duration
  }
  if (before !== times()) first.watchers.forEach((one) => one.shown?.())
  if (first.inStep) return
  first.inStep = true
  first.watchers.push({
    drawn: () => second.entries.length && second.render(Math.min(first.time, mapPose(second.entries.at(-1)))),
  })
}
