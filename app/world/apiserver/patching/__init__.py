"""Patches and applies: how they change an object, and who owns its fields."""
