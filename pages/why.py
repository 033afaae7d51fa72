"""Learn why one role for a whole node is dangerous, and what a role per ServiceAccount changes."""

from app.ui.story.why import why

why()
