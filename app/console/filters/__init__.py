"""The built-in programs that a pipe may lead through: `grep`, `jq` and so on, in one process that can be ended."""
