// One style sheet for all that the pages draw themselves: a component's shadow root adopts it, `styles.js` fills it.
const adopt = (parentElement) => {
  window.irsaStyles ??= new CSSStyleSheet()
  const root = parentElement.getRootNode()
  root.host.closest(".stBidiComponent").dataset.drawn = "" // what stands below waits for it: frame.css
  if (!root.adoptedStyleSheets.includes(window.irsaStyles)) root.adoptedStyleSheets.push(window.irsaStyles)
}
// A plain click on a link to a page of ours goes there without a reload; any other click is the browser's.
const follow = (event, setTriggerValue) => {
  const link = event.target.closest?.("a[data-page]")
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  event.preventDefault()
  setTriggerValue("go", { page: link.dataset.page, params: JSON.parse(link.dataset.params ?? "{}") })
}
