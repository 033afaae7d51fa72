"""What the shell does itself, as POSIX and dash have it."""
