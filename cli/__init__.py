"""The command `longwatch`: words to calls, errors to exit codes."""
