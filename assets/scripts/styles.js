const fill = (css) => {
  window.irsaStyles ??= new CSSStyleSheet()
  if (window.irsaStyles.text === css) return
  window.irsaStyles.text = css
  window.irsaStyles.replaceSync(css)
  document.documentElement.dataset.styled = "" // what waits for it: frame.css
}

export default function ({ data }) {
  fill(data.css)
}
