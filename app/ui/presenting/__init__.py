"""The instructor's view: slides of a page, and the speaker's notes."""
