let shown
export default function ({ data }) {
  document.documentElement.lang = data.language
  const came = shown !== undefined && shown !== data.page
  shown = data.page
  if (!came) return
  // On a phone the sidebar lies over the page that was chosen in it.
  if (window.innerWidth < 768)
    document.querySelector('[data-testid="stSidebarCollapseButton"] button[aria-expanded="true"]')?.click()
  // The next thing to read is the new page's heading, which is drawn a moment later.
  let tries = 100
  const settle = () => {
    if (shown !== data.page) return
    const heading = document.querySelector(".stMainBlockContainer h1")
    if (heading?.textContent.includes(data.title)) {
      heading.tabIndex = -1
      heading.focus({ preventScroll: true })
    } else if (tries--) setTimeout(settle, 50)
  }
  settle()
}
