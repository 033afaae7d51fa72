"""The page that explains a pasted token: its fields, what is wrong with it, and how STS would respond to it."""
