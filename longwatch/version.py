"""The engine's version. It enters every report key: raise it when a number or a page can change."""

__version__ = "0.1.0"
