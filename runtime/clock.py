"""The clock, read at the edge."""

from __future__ import annotations

from datetime import UTC, datetime


def read_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)
