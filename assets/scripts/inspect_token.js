// A pasted token. Its signature stays here: what is sent is `masked`, unless the reader asks for a verification, and
// after a while it is masked in the field as well. app/flow/tokens/pasted.py masks in the same way.
const WAIT = 400

const mask = (text) =>
  Array.from(text, (sign) => (/[\s•.+/="'`…]/.test(sign) ? sign : /[A-Za-z0-9_-]/.test(sign) ? "•" : "?")).join("")
const masked = (text) => {
  const [json] = text.match(/^[ \t\r\n]*[{[]/) ?? []
  if (json) return json + mask(text.slice(json.length))
  const first = text.indexOf(".")
  if (first < 0) return mask(text)
  const second = text.indexOf(".", first + 1)
  if (second >= 0) return text.slice(0, second + 1) + mask(text.slice(second + 1))
  const rest = text.slice(first + 1)
  return /^\s*e[yw3]/.test(rest) ? text : text.slice(0, first + 1) + mask(rest)
}
// The value of a Secret is base64 of the token, signature and all.
const unwrapped = (text) => {
  const bare = text.replace(/[\s"'`]/g, "")
  if (bare.includes(".") || !bare.startsWith("ZXl")) return [text, false]
  try {
    const inner = atob(bare.replace(/-/g, "+").replace(/_/g, "/"))
    return /^ey[\w-]*\.[\w-]+\.[\w-]*$/.test(inner.trim()) ? [inner, true] : [text, false]
  } catch {
    return [text, false]
  }
}
const bytes = (text) => new TextEncoder().encode(text).length

const build = () => {
  // (1) The parts. Each is made once, so the caret and the focus stay where they are. The browser's own helpers, some
  // of which ask a server, are off.
  const field = typedField(element("textarea", { id: "token", rows: 6 }))
  const jwks = typedField(element("textarea", { id: "jwks", rows: 6 }))
  const tick = element("input", { id: "verify", type: "checkbox" })
  const run = element("button", { type: "button", className: "run" })
  const label = element("label", { htmlFor: "token" })
  const asks = element("label", { htmlFor: "verify" })
  const jwksLabel = element("label", { htmlFor: "jwks" })
  const hint = element("p", { className: "hint", id: "hint" })
  const sends = element("p", { className: "caption", id: "sends" })
  const more = element("div", { className: "verification", hidden: true }, jwksLabel, jwks, sends, run)
  for (const area of [field, jwks]) for (const [name, value] of [["data-gramm", "false"], ["translate", "no"]]) area.setAttribute(name, value)
  field.setAttribute("aria-describedby", "hint")
  run.setAttribute("aria-describedby", "sends")
  hint.setAttribute("role", "status")
  const root = element("div", { className: "root inspect" }, label, field, hint, element("div", { className: "tick" }, tick, asks), more)

  // (2) What is sent.
  let timer, hiding
  let sequence = Date.now()
  const send = () => {
    clearTimeout(timer)
    sequence += 1
    const [text, base64] = unwrapped(field.value)
    root.send(bytes(field.value) > root.limit ? { sequence, length: field.value.length } : { sequence, text: masked(text), base64 })
  }
  const secret = () => masked(unwrapped(field.value)[0]) !== field.value
  const say = (name) => (hint.textContent = root.words?.[(root.said = name)] ?? "")
  const hide = () => {
    clearTimeout(hiding)
    if (!secret()) return
    field.value = masked(unwrapped(field.value)[0])
    tick.checked = false
    more.hidden = true
    say("hidden")
  }
  const changed = () => {
    say(tick.checked ? "whole" : "cut")
    run.disabled = !secret()
  }
  field.addEventListener("input", () => {
    changed()
    clearTimeout(hiding)
    hiding = setTimeout(hide, root.seconds * 1000)
    clearTimeout(timer)
    timer = setTimeout(send, WAIT)
  })
  tick.addEventListener("change", () => {
    more.hidden = !tick.checked
    changed()
  })
  run.addEventListener("click", () => {
    if (!tick.checked || bytes(field.value) > root.limit) return
    clearTimeout(timer)
    root.verify({ token: field.value, jwks: jwks.value })
  })
  // Arrow keys move the caret here; the page's own shortcuts would take the fields in this shadow root for none.
  for (const area of [field, jwks]) area.addEventListener("keydown", (event) => event.stopPropagation())

  // (3) What the server gives: its words, and the example.
  root.show = (data) => {
    root.limit = data.limit
    root.seconds = data.seconds
    root.words = { cut: data.word_cut, whole: data.word_whole, hidden: data.word_hidden }
    label.textContent = data.word_token
    asks.textContent = data.word_verify
    jwksLabel.textContent = data.word_jwks
    sends.textContent = data.word_sends
    run.textContent = data.word_run
    field.placeholder = data.word_placeholder
    jwks.placeholder = data.word_jwks_placeholder
    if (root.filled !== data.filled) {
      root.filled = data.filled
      field.value = data.text
      jwks.value = data.jwks
      run.disabled = true
    }
    // The server's memory keeps a tab's last message until the next one comes, so one without a signature follows.
    if (root.verified !== undefined && root.verified !== data.verified) send()
    root.verified = data.verified
    say(root.said ?? "cut")
  }
  return root
}

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  adopt(parentElement)
  const root = rootOf(parentElement, build)
  root.send = (pasted) => setStateValue("pasted", pasted)
  root.verify = (asked) => setTriggerValue("verify", asked)
  root.show(data)
}
