"""Rules, findings, their life cycle, and the data gate."""
