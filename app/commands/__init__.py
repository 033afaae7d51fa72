"""The command line, one module a command.

Exit status: 0 all passed, 1 a check did not, 2 could not run.
"""
