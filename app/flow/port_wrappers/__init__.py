"""Ports around ports: with a deadline, with consent, with a memory of what was last known."""
