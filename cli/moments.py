"""Days and moments as options take them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import typer


def read_moment(text: str | None) -> datetime | None:
    """A day or a moment; in UTC where it names no zone."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise typer.BadParameter(f"{text} is no day or moment such as 2026-03-01 or 2026-03-01T12:00") from wrong
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def read_days(text: str | None) -> tuple[date | None, date | None]:
    """The first and the last of the days that `DAY`, `DAY..DAY`, `DAY..` or `..DAY` names."""
    if text is None:
        return None, None
    first, dots, last = text.partition("..")
    try:
        begin, end = (date.fromisoformat(part) if part else None for part in (first, last if dots else first))
    except ValueError as wrong:
        raise typer.BadParameter(f"{text} is no day such as 2026-03-01, and no 2026-01-01..2026-03-01") from wrong
    return begin, end
