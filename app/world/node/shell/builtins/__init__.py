"""The commands that the shell runs itself, as in POSIX and dash."""
