"""What one browser has and chose: its session and world, its language, depth, mode and place."""
