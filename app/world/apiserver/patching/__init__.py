"""What becomes of an object by a patch or an apply, and who owns its fields."""
