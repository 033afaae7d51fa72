// The visitor's files: a list, and one that is edited.
const consoleFiles = (session, words) => {
  const list = consolePart("ul", { className: "console-list" })
  const name = consolePart("input", { type: "text", spellcheck: false, autocapitalize: "off", autocomplete: "off", maxLength: 64 })
  const text = consolePart("textarea", { rows: 12, spellcheck: false, autocapitalize: "off", autocomplete: "off" })
  const said = consolePart("p", { className: "caption", role: "status" })
  const save = consoleButton(words.save, () => {
    waits = name.value.trim()
    if (waits && !session.save(waits, text.value)) said.textContent = words.lost
  })
  const remove = consoleButton(words.remove, () => {
    session.remove(name.value.trim())
    edit("", "")
  })
  const fresh = consoleButton(words.new_file, () => (edit("", ""), name.focus()))
  const labelled = (title, field) => consolePart("label", {}, consolePart("span", { textContent: title }), field)
  const editor = consolePart("div", { className: "console-editor" }, labelled(words.file_name, name), labelled(words.file_text, text))
  editor.append(consolePart("div", { className: "entry-buttons" }, save, remove), said)
  const help = consolePart("p", { className: "caption", innerHTML: words.files_help })
  const element = consolePart("details", { className: "console-files" }, consolePart("summary", { textContent: words.files }))
  element.append(help, list, editor)
  let waits = "" // the file whose saving is under way

  const edit = (which, content) => {
    name.value = which
    text.value = content
    said.textContent = ""
  }
  const draw = () => {
    const items = session.files.map(([which, size]) =>
      consolePart("li", {}, consoleButton(which, () => session.open(which)), consolePart("span", { className: "quiet", textContent: words.bytes.replace("{size}", size) })),
    )
    list.replaceChildren(...items, consolePart("li", {}, fresh))
    if (waits && session.files.some(([which]) => which === waits.replace(/^\.\//, ""))) said.textContent = words.saved
    waits = ""
  }
  for (const field of [name, text]) field.addEventListener("keydown", (event) => event.stopPropagation())
  session.hear(element, (what, detail) => {
    if (what === "files") draw()
    else if (what === "file") edit(detail.name, detail.text)
    else if (what === "file_refused") {
      waits = ""
      said.textContent = detail.text
    }
  })
  draw()
  return element
}
