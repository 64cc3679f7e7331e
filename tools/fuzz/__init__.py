"""Files that are broken on purpose, given to the readers: `make fuzz`."""
