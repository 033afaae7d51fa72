"""Loads the texts under `assets/content/{ja,en}` into frozen objects."""
