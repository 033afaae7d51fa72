"""The page that explains a pasted token: what is in it, what is wrong with it, and what STS would say of it."""
