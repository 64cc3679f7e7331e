"""Faults on purpose: processes killed at every step, stores that fail at every call, and what must hold afterwards."""
