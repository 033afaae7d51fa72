"""The moving map: its geometry, and the player that shows a film on it."""
