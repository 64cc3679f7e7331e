"""Single SDTM dates as text, for planting: the day some days later, and its study day."""

from __future__ import annotations

from datetime import date, timedelta


def add_days(text: str, days: int) -> str:
    """The date `days` later, with its time as it was: `2020-02-28T10:15`, 2 → `2020-03-01T10:15`."""
    return (date.fromisoformat(text[:10]) + timedelta(days=days)).isoformat() + text[10:]


def study_day_of(text: str, reference: str) -> float:
    """Study day of a complete date; there is no day 0 (spec A.5)."""
    since = (date.fromisoformat(text[:10]) - date.fromisoformat(reference[:10])).days
    return float(since + 1 if since >= 0 else since)
