// The map inside a page of Streamlit: one map and one player, which outlive a rerun.
export default function ({ data, parentElement, setTriggerValue }) {
  adopt(parentElement)
  let host = parentElement.querySelector(".film")
  if (!host) {
    host = document.createElement("div")
    host.className = "root film"
    parentElement.appendChild(host)
  }
  host.lang = data.language
  if (host.dataset.words !== data.words) {
    host.player?.remove()
    host.map?.remove()
    const words = JSON.parse(data.words)
    host.dataset.words = data.words
    host.map = filmMap(host, { words })
    host.player = filmPlayer(host, host.map, { words, address: keepBeat })
    host.dataset.asked = ""
  }
  host.map.onchip = (beat) => beat.opens && setTriggerValue("opened", beat.id)
  host.map.show(JSON.parse(data.film), { part: data.part, neutral: data.answered !== "yes" })
  // The address says where to begin, once: after that it follows the reader.
  const asked = new URLSearchParams(location.search).get("beat")
  if (asked && !host.dataset.asked && data.answered === "yes") host.player.open(asked)
  if (data.answered === "yes") host.dataset.asked = "yes"
  return () =>
    setTimeout(() => {
      if (host.isConnected) return // only a rerun: the film plays on
      host.player.remove()
      host.map.remove()
    })
}

// The beat goes into the address without a rerun, at most four times a second: browsers bound how often a page may.
let keeping = 0, kept = ""
const keepBeat = (id) => {
  kept = id
  keeping ||= setTimeout(() => {
    keeping = 0
    const address = new URL(location.href)
    address.searchParams.set("beat", kept)
    history.replaceState(history.state, "", address)
  }, 250)
}
