"""The pure core of Longwatch: no I/O, no clock, no framework."""

from longwatch.version import __version__

__all__ = ["__version__"]
