"""The page on which a token is stolen and used elsewhere."""
