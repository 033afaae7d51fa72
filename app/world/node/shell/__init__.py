"""A POSIX shell for the simulated containers: it reads, expands and runs what learners type."""
