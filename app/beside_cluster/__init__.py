"""Puts a simulated AWS beside a real cluster: what is read of it first, what is applied to it, and how that is undone."""
