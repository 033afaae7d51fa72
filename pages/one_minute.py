"""The token in one minute: three claims, and a signature that breaks when anything changes."""

from app.ui.story.one_minute import one_minute

one_minute()
