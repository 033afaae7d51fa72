"""The command line, one module for each command.

Exit status: 0 all passed, 1 a check did not, 2 could not run.
"""
