"""A POSIX shell for the simulated containers (`sh`, `bash`): read, expand, run. Its programs: `programs.unix`."""
