"""The instructor's view: slides of a page, the speaker's notes, what-ifs, and the sheet of the workshop."""
