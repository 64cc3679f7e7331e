"""Numbers with their denominators and intervals; nothing here knows a table."""
