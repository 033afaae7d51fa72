"""How the pages are served: who may ask, from where, and how much at once."""
