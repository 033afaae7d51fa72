"""The moving map: its geometry, the film that plays on it, and the player."""
