"""The page that says what is wrong with an IRSA."""
