"""What is in a world at the start, and how a terminal of ours reaches it."""
