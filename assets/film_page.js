// The film as a page to hand on (app/ui/map/film_page.py), after the scripts of the map.
const films = JSON.parse(document.getElementById("films").textContent)
const host = document.getElementById("film")
let shown = null
const show = (language) => {
  const before = shown?.player.left
  shown?.player.remove()
  shown?.map.remove()
  const { film, words, title } = films[language]
  document.documentElement.lang = language
  document.title = document.querySelector("h1").textContent = title
  const map = filmMap(host, { words })
  const player = filmPlayer(host, map, { words, keys: "all", before })
  map.show(film)
  if (before) player.goOn(before)
  shown = { map, player }
  for (const button of document.querySelectorAll("nav button"))
    button.setAttribute("aria-pressed", button.lang === language)
}
for (const button of document.querySelectorAll("nav button"))
  button.addEventListener("click", () => {
    show(button.lang)
    shown.map.stage.focus({ preventScroll: true }) // where the keys are the player's
  })
show(document.documentElement.lang)
