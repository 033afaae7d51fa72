// How a text is searched, in each list and over all pages alike. Width and case of letters do not count: ＪＷＫＳ finds jwks.
// An address or a long number in a pasted message is that of the reader's own account: no entry has it.
const NAME = /[\w:/.@+~%?&#$*-]+/g, isOwn = (name) => /:\/\/|\d{6}/.test(name)
const known = (text) => text.normalize("NFKC").replace(NAME, (name) => (isOwn(name) ? " " : name))
const LONGEST = 10_000 // characters of a pasted text
// Each word of letters has a space before and behind it, and what lies in a name such as AccessDenied counts as well.
const flat = (text) =>
  ` ${text.toLowerCase().replace(/[^\p{L}\p{M}\p{N}ー]+/gu, " ").replace(/[a-z0-9]+/g, " $& ")} `.replace(/ +/g, " ")
const apart = (text) => text.replace(/([a-z0-9])([A-Z])/g, "$1 $2")
const searchable = (text) => flat(`${known(text)} ${apart(known(text))}`)

// Japanese has no spaces: each kind of letters is a word. Two letters of hiragana are an ending.
const WORD = /[A-Za-z0-9]+|[\p{sc=Han}々]+|[\p{sc=Katakana}ー]+|\p{sc=Hiragana}+|[\p{L}\p{M}\p{N}]+/gu
const NO_WORD = /^(?:[A-Za-z0-9]|\p{sc=Hiragana}{1,2})$/u
const ASKING = new Set("an and any are as at be by can could did do does for from has have how if in into is it its me my of on or should that the there this to was we what when where which why will with you your 何 なぜ どう どうして どうやって どうすれば どこ いつ ですか でしょうか ますか ください について 教".split(" "))
// A word as it begins in a text, without its English ending: "expired" finds "expires" and "expiration".
const stem = (word) => word.replace(/(?<=..[^s])s$/, "").replace(/(?<=.{4})(?:ing|ed|ie|e|y)$/, "")
const begins = (word) => (/^\w/.test(word) ? ` ${stem(word.toLowerCase())}` : word.length > 2 ? word.replace(/ー$/, "") : word)
// What no entry has as a whole is looked for in parts: of ExpiredTokenException its beginning, of a row of kanji every two.
const humps = (name) => apart(name).split(" ").slice(0, -1).slice(0, 9)
const parts = (word) =>
  /^\p{sc=Han}{3,}$/u.test(word)
    ? [...word].slice(1).map((second, index) => [...word][index] + second)
    : humps(word).map((hump, index, all) => all.slice(0, index + 1).join("")).slice(1)
const asked = (typed, isThere) => {
  const found = new Set(), unsaid = []
  for (const chunk of known(typed.slice(0, LONGEST)).match(/[\x21-\x7e]+|[^\s\x21-\x7e]+/g) ?? []) {
    for (const name of chunk.match(NAME) ?? [chunk]) {
      const words = name.match(WORD) ?? [], whole = flat(name).trimEnd()
      if (words.length > 1 && /^\w/.test(words[0]) && isThere(whole)) found.add(whole) // such as s3:ListAllMyBuckets
      else
        for (const word of words) {
          const begin = begins(word)
          if (NO_WORD.test(word) || ASKING.has(word.toLowerCase())) unsaid.push(begin)
          else for (const part of [begin, ...(isThere(begin) ? [] : parts(word).map(begins))]) found.add(part)
        }
    }
  }
  return found.size ? [...found] : unsaid
}

// Those that have the words, the best first. The rarer a word is, the more it says, so a question needs no common words, and
// a word that no entry has does not count. What has half of the best one's words is found as well.
const SHORT = /^ [a-z0-9]{1,3}$/ // is meant whole, such as sts, unless no entry has it: more is to be typed
const vocabulary = (entries) => ` ${[...new Set(entries.flatMap(({ text }) => text.split(" ")))].join(" ")} `
// `all`: the vocabulary of the entries and perhaps of others, in which most words of a pasted log are not.
const rank = (entries, all, typed) => {
  const looked = new Map()
  const look = (word) => {
    const first = word.replace(/(?<=\S) .*/, "")
    if (!looked.has(word)) looked.set(word, all.includes(first) ? entries.filter(({ text }) => text.includes(word)) : [])
    return looked.get(word)
  }
  const found = new Map(entries.map((entry) => [entry, { entry, has: [], said: 0, score: 0 }]))
  for (const begin of asked(typed, (word) => look(word).length)) {
    const word = SHORT.test(begin) && look(`${begin} `).length ? `${begin} ` : begin, holders = look(word)
    const says = 0.01 + Math.log(entries.length / (holders.length || 1))
    for (const entry of holders) {
      const one = found.get(entry)
      one.has.push(word)
      one.said += says
      one.score += says * (!entry.title.includes(word) ? 1 : entry.title.trim() === word.trim() ? 4 : 2)
    }
  }
  const most = Math.max(...[...found.values()].map(({ said }) => said))
  const fits = [...found.values()].filter(({ said }) => said && said >= most / 2)
  return fits.sort((one, other) => other.score - one.score || one.entry.text.length - other.entry.text.length)
}

const WIDE = 150, SHOWN = 5 // characters of an excerpt; entries of a kind that are seen at once
// The part of an entry's texts with the most of the words, from shortly before the first of them.
const excerpt = ({ entry, has }) => {
  const parts = entry.texts.flatMap((text) => text.split(/(?<=[。？])|(?<=[.!?] )/))
  const many = parts.map((part) => has.filter((word) => searchable(part).includes(word)).length)
  const from = Math.max(0, many.indexOf(Math.max(...many)))
  const text = parts.slice(from).join("")
  return text.length > WIDE ? `${text.slice(0, WIDE).replace(/\s+\S*$/, "")} …` : text
}
const result = (found, { first, query }) => {
  const { page, params, name } = found.entry
  const rest = new URLSearchParams(params).toString()
  const link = element("a", { href: `./${page === first ? "" : page}?${query}${rest && `&${rest}`}`, textContent: name })
  link.dataset.page = page
  link.dataset.params = JSON.stringify(params)
  return element("li", {}, link, element("p", { className: "quiet", textContent: excerpt(found) }))
}
const groups = (found, index) => {
  const all = Object.keys(index.kinds).map((kind) => [kind, found.filter(({ entry }) => entry.kind === kind)])
  const most = ([, them]) => Math.max(0, ...them.map(({ said }) => said))
  const kinds = all.filter(([, them]) => them.length).sort((one, other) => most(other) - most(one))
  return kinds.map(([kind, all]) => {
    const items = all.map((one) => result(one, index)), rest = items.splice(SHOWN)
    const group = element("section", {}, element("h2", { textContent: index.kinds[kind] }), element("ul", {}, ...items))
    const more = element("summary", { textContent: index.more.replace("{count}", rest.length) })
    if (rest.length) group.append(element("details", { className: "more" }, more, element("ul", {}, ...rest)))
    return group
  })
}

export default function ({ data, parentElement, setTriggerValue }) {
  adopt(parentElement)
  const root = rootOf(parentElement, () => {
    const root = element("div", { className: "root" })
    // While an input method composes a word, what is typed is not the word yet.
    root.addEventListener("input", ({ isComposing }) => isComposing || root.look())
    root.addEventListener("compositionend", () => root.look())
    root.addEventListener("click", (event) => judge(event, root))
    root.addEventListener("click", (event) => {
      const button = event.target.closest?.("button[data-pick]")
      if (button) root.pick(button.dataset.pick)
      else root.follow(event)
    })
    return root
  })
  root.follow = (event) => follow(event, setTriggerValue)

  const typed = () => root.querySelector("[data-filter]")?.value ?? ""
  const say = (shown, template) => {
    const count = root.querySelector("[data-count]"), said = (template ?? count.dataset.count).replace("{shown}", shown)
    if (count.textContent !== said) count.textContent = said
    root.querySelector(".none").hidden = shown > 0 || template !== undefined
  }
  const narrow = () => {
    const page = root.querySelector('[data-pick][aria-pressed="true"]')?.dataset.pick ?? ""
    const all = [...root.querySelectorAll("[data-entry]")]
    const among = all.filter((entry) => !page || entry.dataset.pages.split(" ").includes(page))
    root.texts ??= new Map(all.map((element) => [element, { element, title: "", text: searchable(element.dataset.words ?? "") }]))
    root.all ??= vocabulary([...root.texts.values()])
    const found = typed().trim() && rank(among.map((entry) => root.texts.get(entry)), root.all, typed())
    const fits = found ? found.map(({ entry }) => entry.element) : among
    const shown = new Set(fits)
    for (const entry of all) entry.hidden = !shown.has(entry)
    for (const group of root.querySelectorAll("[data-group]"))
      group.hidden = !group.querySelector("[data-entry]:not([hidden])")
    say(shown.size)
  }
  const pick = (root.pick = (page) => {
    for (const button of root.querySelectorAll("[data-pick]"))
      button.setAttribute("aria-pressed", String(button.dataset.pick === page))
    narrow()
  })
  const search = async () => {
    const wanted = typed(), { entries, messages } = data.index
    root.indexed ??= Promise.resolve(givenJson(entries)).then((read) =>
      read.map((entry) => {
        const said = messages[entry.params.fault]
        const texts = said ? [...entry.texts, said] : entry.texts
        return { ...entry, texts, name: entry.title, title: searchable(entry.title), text: searchable([entry.title, ...texts, entry.more].join(" ")) }
      }),
    )
    root.indexed.catch(() => (root.indexed = undefined)) // it is asked for again
    const all = await root.indexed
    if (wanted !== typed()) return
    root.all ??= vocabulary(all)
    const found = wanted.trim() ? rank(all, root.all, wanted) : []
    root.querySelector("[data-found]").replaceChildren(...groups(found, data.index))
    say(found.length, wanted.trim() ? undefined : root.querySelector("[data-idle]").dataset.idle)
  }
  root.look = () => {
    window.irsaTyped = typed()
    return data.index ? search() : narrow()
  }

  // (1) A new drawing, after a change of language, keeps what was typed, picked and opened; another depth opens its own.
  if (root.drawn !== data.html) {
    const kept = root.drawn === undefined && data.index ? (window.irsaTyped ?? "") : typed()
    const picked = root.querySelector('[data-pick][aria-pressed="true"]')?.dataset.pick
    const before = [...root.querySelectorAll("details")]
    root.innerHTML = root.drawn = data.html
    root.texts = root.all = root.indexed = undefined
    const filter = root.querySelector("[data-filter]")
    if (filter) filter.value = kept
    const parts = [...root.querySelectorAll("details")]
    parts.forEach((part, index) => {
      part.first = part.open
      if (parts.length === before.length && before[index].first === part.first) part.open = before[index].open
    })
    if (data.index) search()
    else pick(picked ?? data.pick)
  }
  showJudged(root)

  // (2) The entry that the address asks for, once: the page is scrolled to its top first.
  if (data.at && root.at !== data.at) {
    root.at = data.at
    const entry = root.querySelector(`#${CSS.escape(data.at)}`)
    if (entry.hidden) {
      const filter = root.querySelector("[data-filter]")
      if (filter) filter.value = ""
      pick("")
    }
    entry.classList.add("lit")
    const centre = () => entry.scrollIntoView({ block: "center" })
    centre()
    for (const wait of [100, 400]) setTimeout(centre, wait)
  }
}
