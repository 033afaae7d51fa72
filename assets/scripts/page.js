let shown, watching
// In Streamlit's navigation sections stand between the list and its items. To who listens, each is a group of links.
const group = () => {
  for (const part of document.querySelectorAll('[data-testid="stSidebarNavItems"]:not([role])')) part.role = "none"
  for (const part of document.querySelectorAll('[data-testid="stSidebarNavItems"] li:not([role])')) part.role = "none"
  for (const part of document.querySelectorAll('[data-testid="stSidebarNavItems"] > :not([role])')) {
    part.role = "group"
    part.ariaLabel = part.querySelector("header p")?.textContent
  }
}

export default function ({ data }) {
  document.documentElement.lang = data.language
  if (!watching) (watching = new MutationObserver(group)).observe(document.body, { childList: true, subtree: true })
  group()
  const came = shown !== undefined && shown !== data.page
  shown = data.page
  if (!came) return
  // What was scrolled on the page before is not where this one begins.
  document.querySelector('[data-testid="stMain"]').scrollTop = 0
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
