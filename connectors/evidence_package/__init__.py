"""An evidence package as a file, and the program in it that verifies it."""
