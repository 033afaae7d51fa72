"""The parts of a token and their meaning, and what happens when one is changed."""
