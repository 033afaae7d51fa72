export default function ({ data }) {
  window.irsaStyles ??= new CSSStyleSheet()
  if (window.irsaStyles.text === data.css) return
  window.irsaStyles.text = data.css
  window.irsaStyles.replaceSync(data.css)
  document.documentElement.dataset.styled = "" // what waits for it: frame.css
}
