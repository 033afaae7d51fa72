"""A world's life: made, kept, changed, broken, saved, restored, let go."""
