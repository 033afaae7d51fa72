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
const WORD = /[A-Za-z0-9]+|何|[\p{sc=Han}々]+|\p{sc=Katakana}[\p{sc=Katakana}ー]*|\p{sc=Hiragana}[\p{sc=Hiragana}ー]*|(?!ー)[\p{L}\p{M}\p{N}]+/gu
const NO_WORD = /^(?:[A-Za-z0-9]|\p{sc=Hiragana}{1,2})$/u
const ASKING = new Set("an and any are as at be by can could did do does for from has have how if in into is it its me my of on or should that the there this to was we what when where which why will with you your 何 なぜ どう どうして どうやって どうすれば どこ いつ ですか でしょうか ますか ください について 教 difference between vs versus".split(" "))
// What has its name in Latin letters here, and is also written in Japanese.
const SAME = { ノード: "node", ポッド: "pod", ウェブフック: "webhook", サービスアカウント: "serviceaccount", ネームスペース: "namespace", 名前空間: "namespace", デプロイメント: "deployment", オーディエンス: "audience", サブジェクト: "subject", クレデンシャル: "credentials", シークレット: "secret" }
const named = (written) => SAME[written] ?? written
// What a reader did not convert, such as とーくん: the katakana words with which it begins and goes on after a particle.
const UNCONVERTED = /^\p{sc=Hiragana}[\p{sc=Hiragana}ー]{2,39}$/u
const katakana = (kana) => kana.replace(/[ぁ-ゖ]/g, (letter) => String.fromCharCode(letter.charCodeAt() + 0x60))
const converted = (kana, isThere) => {
  const found = []
  for (let rest = kana; rest.length > 2; ) {
    const lengths = Array.from(rest, (_, left) => rest.length - left).filter((length) => length > 2)
    const length = lengths.find((one) => isThere(begins(named(katakana(rest.slice(0, one))))))
    if (!length) break
    found.push(katakana(rest.slice(0, length)))
    rest = rest.slice(length).replace(/^[はがをのにとでもへ]/, "")
  }
  return found
}
// Of a verb only the kanji stays, and most of what is written in hiragana is an ending: they say less. One kanji before a
// particle is a noun.
const PARTICLE = /^(?:[はをのにとへも]|が(?![らりるれろっ])|$)/
const weight = (word, next) =>
  /^\p{sc=Hiragana}/u.test(word) ? 0.25 : /^\p{sc=Han}$/u.test(word) && !PARTICLE.test(next) ? 0.5 : 1
// A word as it begins in a text, without its English ending: "expired" finds "expires" and "expiration".
const stem = (word) => word.replace(/(?<=..[^s])s$/, "").replace(/(?<=.{4})(?:ing|ed|ie|e|y)$/, "")
const begins = (word) => (/^\w/.test(word) ? ` ${stem(word.toLowerCase())}` : word.length > 2 ? word.replace(/ー$/, "") : word)
// What no entry has as a whole is looked for in parts: of ExpiredTokenException its beginning, of a row of kanji every two,
// of a row of katakana two words that entries have.
const humps = (name) => apart(name).split(" ").slice(0, -1).slice(0, 9)
const parts = (word, isThere) =>
  /^\p{sc=Han}{3,}$/u.test(word)
    ? [...word].slice(1).map((second, index) => [...word][index] + second)
    : /^\p{sc=Katakana}/u.test(word)
      ? (Array.from(word, (_, at) => [word.slice(0, at), word.slice(at)]).find((two) => two.every((one) => one.length > 2 && isThere(begins(one)))) ?? [])
      : humps(word).map((hump, index, all) => all.slice(0, index + 1).join("")).slice(1)
// Whether one letter was left out, added or replaced by another, or two changed places. The first letter is right.
const isNear = (one, other) => {
  const [short, long] = one.length < other.length ? [one, other] : [other, one]
  let at = 0
  while (at < short.length && short[at] === long[at]) at++
  const isRest = (from, of) => at > 0 && short.slice(at + from) === long.slice(at + of)
  if (short.length < long.length) return isRest(0, 1)
  return isRest(1, 1) || (short[at] === long[at + 1] && short[at + 1] === long[at] && isRest(2, 2))
}
// `near`: the word that entries have and that differs from this one in a letter; empty where there is none.
const asked = (typed, isThere, near) => {
  const found = new Map(), unsaid = new Map()
  const unkana = (word, next) => {
    const words = UNCONVERTED.test(word) && !isThere(word) ? converted(word, isThere) : []
    return words.length ? words.map((one) => [one, ""]) : [[word, next]]
  }
  for (const chunk of known(typed.slice(0, LONGEST)).match(/[\x21-\x7e]+|[^\s\x21-\x7e]+/g) ?? []) {
    for (const name of chunk.match(NAME) ?? [chunk]) {
      const words = name.match(WORD) ?? [], whole = flat(name).trimEnd()
      if (words.length > 1 && /^\w/.test(words[0]) && isThere(whole)) found.set(whole, 1) // such as s3:ListAllMyBuckets
      else
        for (const [written, next] of words.flatMap((word, index) => unkana(word, words[index + 1] ?? ""))) {
          const word = named(written), begin = begins(word)
          if (NO_WORD.test(word) || ASKING.has(word.toLowerCase())) unsaid.set(begin, 1)
          else {
            const other = isThere(begin) ? "" : near(word), others = isThere(begin) ? [] : other ? [other] : parts(word, isThere)
            for (const part of [begin, ...others.map(begins)]) found.set(part, weight(word, next))
          }
        }
    }
  }
  return found.size ? found : unsaid
}

// Those that have the words, the best first. The rarer a word is, the more it says, so a question needs no common words, and
// a word that no entry has does not count. What has half of the best one's words is found as well.
const LENGTH = 0.15 // how much less a word says of an entry of the usual length, which has many
const SHORT = /^ [a-z0-9]{1,3}$/ // is meant whole, such as sts, unless no entry has it: more is to be typed
// What an entry is called, as its whole title or in brackets: alone, it is what a reader asks for.
const namesOf = (title) => title.split(/[（）]| ?[()]/).map((name) => begins(flat(name).trim()).trim())
const vocabulary = (entries) => ` ${[...new Set(entries.flatMap(({ text }) => text.split(" ")))].join(" ")} `
// A word of five letters, or of four katakana, may have a typing error; a longer text was pasted.
const TYPED = /^(?:[a-z]{5,40}|[\p{sc=Katakana}ー]{4,40})$/iu, WORDS = 8
// `all`: the vocabulary of the entries and perhaps of others, in which most words of a pasted log are not. `nearest`: by
// each typed word that it has not, the one that is searched instead.
const rank = (entries, all, typed) => {
  const nearest = new Map()
  const isTyped = (typed.match(WORD)?.length ?? 0) <= WORDS
  const near = (word) => {
    if (!isTyped || !TYPED.test(word) || all.includes(begins(word))) return ""
    const words = [...new Set([...all.match(WORD), ...Object.keys(SAME)])].filter((one) => isNear(one, word.toLowerCase()))
    const many = (one) => look(begins(named(one))).length
    const [found] = words.sort((one, other) => many(other) - many(one))
    if (found) nearest.set(word, found)
    return found ? named(found) : ""
  }
  const looked = new Map()
  const look = (word) => {
    const first = word.replace(/(?<=\S) .*/, "")
    if (!looked.has(word)) looked.set(word, all.includes(first) ? entries.filter(({ text }) => text.includes(word)) : [])
    return looked.get(word)
  }
  const found = new Map(entries.map((entry) => [entry, { entry, has: [], said: 0, score: 0 }]))
  const usual = entries.reduce((sum, { text }) => sum + text.length, 0) / entries.length
  const asks = [...asked(typed, (word) => look(word).length, near)]
  const isOne = asks.filter(([, weight]) => weight > 0.25).length === 1 // "What is IRSA?"
  for (const [begin, weight] of asks) {
    const word = SHORT.test(begin) && look(`${begin} `).length ? `${begin} ` : begin, holders = look(word)
    const says = weight * (0.01 + Math.log(entries.length / (holders.length || 1)))
    for (const entry of holders) {
      const one = found.get(entry)
      one.has.push(word)
      one.said += says
      const counts = !entry.title.includes(word) ? 1 : isOne && entry.names?.includes(word.trim()) ? 4 : 2
      one.score += (says * counts) / (1 + LENGTH * (entry.text.length / usual))
    }
  }
  const most = Math.max(...[...found.values()].map(({ said }) => said))
  const fits = [...found.values()].filter(({ said }) => said && said >= most / 2)
  fits.sort((one, other) => other.score - one.score || one.entry.text.length - other.entry.text.length)
  return { found: fits, nearest }
}

// The entries whose error message a pasted text has, each with that message, in their own order: the more exact one comes
// before one that it may be a part of. In a log of JSON a quotation mark has a backslash before it, and the end of a line is two characters.
const quoting = (entries, typed) => {
  const text = typed.slice(0, LONGEST).replace(/\\+(?=")/g, "").replace(/\\+[nrt]/g, " ")
  const escaped = (quote) => quote.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/…/g, "\\S{0,200}?").replace(/ /g, "\\s+")
  const found = entries.map((entry) => [entry, entry.quotes.find((quote) => new RegExp(escaped(quote), "i").test(text))])
  return found.flatMap(([entry, name]) => (name ? { entry, name, has: [] } : []))
}

const WIDE = 150, BEST = 3, SHOWN = 5 // characters of an excerpt; entries that come before all kinds; of a kind that are seen at once
// The part of an entry's texts with the most of the words, from shortly before the first of them.
const excerpt = ({ entry, has }) => {
  if (entry.quotes.length) return entry.texts.join(" ") // what it means
  const parts = entry.texts.flatMap((text) => text.split(/(?<=[。？])|(?<=[.!?] )/))
  const many = parts.map((part) => has.filter((word) => searchable(part).includes(word)).length)
  const from = Math.max(0, many.indexOf(Math.max(...many)))
  const text = parts.slice(from).join("")
  return text.length > WIDE ? `${text.slice(0, WIDE).replace(/\s+\S*$/, "")} …` : text
}
const result = (found, { first, query, kinds }, isBest) => {
  const { page, params } = found.entry, name = found.name ?? found.entry.name
  const rest = new URLSearchParams(params).toString()
  const link = element("a", { href: `./${page === first ? "" : page}?${query}${rest && `&${rest}`}`, textContent: name })
  link.dataset.page = page
  link.dataset.params = JSON.stringify(params)
  const kind = isBest ? [element("span", { className: "kind quiet", textContent: kinds[found.entry.kind] })] : []
  return element("li", {}, link, ...kind, element("p", { className: "quiet", textContent: excerpt(found) }))
}
const group = (name, items, index) => {
  const rest = items.splice(SHOWN)
  const group = element("section", {}, element("h2", { textContent: name }), element("ul", {}, ...items))
  const more = element("summary", { textContent: index.more.replace("{count}", rest.length) })
  if (rest.length) group.append(element("details", { className: "more" }, more, element("ul", {}, ...rest)))
  return group
}
// First the best of all kinds, then the others by kind: that whose best one is better comes before.
const groups = (found, index) => {
  if (!found.length) return []
  const best = group(index.best, found.slice(0, BEST).map((one) => result(one, index, true)), index), others = found.slice(BEST)
  const kinds = [...new Set(others.map(({ entry }) => entry.kind))]
  const of = (kind) => others.filter(({ entry }) => entry.kind === kind).map((one) => result(one, index))
  return [best, ...kinds.map((kind) => group(index.kinds[kind], of(kind), index))]
}

export default function ({ data, parentElement, setTriggerValue }) {
  adopt(parentElement)
  const root = rootOf(parentElement, () => {
    const root = element("div", { className: "root" })
    // While an input method composes a word, what is typed is not the word yet.
    root.addEventListener("input", ({ isComposing }) => isComposing || root.look())
    root.addEventListener("compositionend", () => root.look())
    // Enter leads from the field to the first of what was found; it also ends a word that an input method composes.
    root.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing && event.keyCode !== 229 && event.target.matches("[data-filter]"))
        root.querySelector("[data-found] a")?.focus()
    })
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
  const say = (shown, template, nearest) => {
    const count = root.querySelector("[data-count]"), number = (template ?? count.dataset.count).replace("{shown}", shown)
    const near = ([word, other]) => count.dataset.nearest.replace("{typed}", word).replace("{nearest}", other)
    const said = [number, ...[...(nearest ?? [])].map(near)].join("\n")
    if (count.textContent !== said) count.textContent = said
    root.querySelector(".none").hidden = shown > 0 || template !== undefined
  }
  const narrow = () => {
    const page = root.querySelector('[data-pick][aria-pressed="true"]')?.dataset.pick ?? ""
    const all = [...root.querySelectorAll("[data-entry]")]
    const among = all.filter((entry) => !page || entry.dataset.pages.split(" ").includes(page))
    root.texts ??= new Map(all.map((element) => [element, { element, title: "", text: searchable(element.dataset.words ?? "") }]))
    root.all ??= vocabulary([...root.texts.values()])
    const { found, nearest } = typed().trim() ? rank(among.map((entry) => root.texts.get(entry)), root.all, typed()) : {}
    const fits = found ? found.map(({ entry }) => entry.element) : among
    const shown = new Set(fits)
    for (const entry of all) entry.hidden = !shown.has(entry)
    for (const group of root.querySelectorAll("[data-group]"))
      group.hidden = !group.querySelector("[data-entry]:not([hidden])")
    say(shown.size, undefined, nearest)
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
        const texts = [...entry.texts, ...(messages[entry.params.fault] ?? [])]
        // A message is no title: it comes first where it was pasted, and not for a word of it.
        return { ...entry, texts, name: entry.title, names: namesOf(entry.title), title: entry.quotes.length ? "" : searchable(`${entry.title} ${entry.also}`), text: searchable([entry.title, entry.also, ...texts, entry.more].join(" ")) }
      }),
    )
    root.indexed.catch(() => (root.indexed = undefined)) // it is asked for again
    const all = await root.indexed.catch(() => null)
    if (wanted !== typed()) return
    if (!all) {
      const place = root.querySelector("[data-found]"), button = place.querySelector(".missing button")
      if (button) button.ariaDisabled = null
      else place.replaceChildren(missing())
      return document.addEventListener("irsa-again", () => root.look(), { once: true })
    }
    root.all ??= vocabulary(all)
    const ranked = wanted.trim() ? rank(all, root.all, wanted) : { found: [] }, { nearest } = ranked, first = quoting(all, wanted)
    const found = [...first, ...ranked.found.filter(({ entry }) => first.every((one) => one.entry !== entry))]
    root.querySelector("[data-found]").replaceChildren(...groups(found, data.index))
    say(found.length, wanted.trim() ? undefined : root.querySelector("[data-idle]").dataset.idle, nearest)
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
