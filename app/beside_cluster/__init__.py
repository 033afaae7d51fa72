"""Puts a simulated AWS beside a real cluster: what is read of it first, what is applied, and how that is undone."""
