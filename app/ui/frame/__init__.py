"""What is around every page: the navigation, the sidebar, and the walk that a page needs."""
