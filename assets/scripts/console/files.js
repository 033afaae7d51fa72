// The visitor's files: a list, and one that is edited.
const consoleFiles = (session, words) => {
  const list = element("ul", { className: "console-list" })
  const name = typedField(element("input", { type: "text", maxLength: 64 }))
  const text = typedField(element("textarea", { rows: 12 }))
  const said = element("p", { className: "caption", role: "status" })
  const save = consoleButton(words.save, () => {
    waits = name.value.trim()
    if (waits && !session.save(waits, text.value)) said.textContent = words.lost
  })
  const remove = consoleButton(words.remove, () => {
    session.remove(name.value.trim())
    edit("", "")
  })
  const fresh = consoleButton(words.new_file, () => (edit("", ""), name.focus()))
  const labelled = (title, field) => element("label", {}, element("span", { textContent: title }), field)
  const editor = element("div", { className: "console-editor" }, labelled(words.file_name, name), labelled(words.file_text, text))
  editor.append(element("div", { className: "entry-buttons" }, save, remove), said)
  const help = element("p", { className: "caption", innerHTML: words.files_help })
  const box = element("details", { className: "console-files" }, element("summary", { textContent: words.files }))
  box.append(help, list, editor)
  let waits = "" // the file whose saving is under way

  const edit = (which, content) => {
    name.value = which
    text.value = content
    said.textContent = ""
  }
  const draw = () => {
    const items = session.files.map(([which, size]) =>
      element("li", {}, consoleButton(which, () => session.open(which)), element("span", { className: "quiet", textContent: words.bytes.replace("{size}", size) })),
    )
    list.replaceChildren(...items, element("li", {}, fresh))
    if (waits && session.files.some(([which]) => which === waits.replace(/^\.\//, ""))) said.textContent = words.saved
    waits = ""
  }
  for (const field of [name, text]) field.addEventListener("keydown", (event) => event.stopPropagation())
  session.hear(box, (what, detail) => {
    if (what === "files") draw()
    else if (what === "file") edit(detail.name, detail.text)
    else if (what === "file_refused") {
      waits = ""
      said.textContent = detail.text
    }
  })
  draw()
  return box
}
