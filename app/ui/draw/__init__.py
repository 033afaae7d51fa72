"""Elements that any page can draw."""
