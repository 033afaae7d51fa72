let shown

export default function ({ data, parentElement }) {
  adopt(parentElement)
  // What is read next begins at the top, wherever the button stood that brought it about.
  if (shown !== undefined && shown !== data.shown) document.querySelector('[data-testid="stMain"]').scrollTop = 0
  shown = data.shown
}
