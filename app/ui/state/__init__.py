"""The state of one browser: its session and world, its language, depth, mode and place."""
