"""Tampering with audit trail and archive, to see that each is caught."""
