"""Dates as people and EDC systems write them, as ISO 8601, with what is unknown left off.

| pattern | text | is |
|---|---|---|
| `DD-MMM-YYYY` | `05-Feb-2024` | `2024-02-05` |
| `MM/DD/YYYY HH:MI` | `2/5/2024 7:30` | `2024-02-05T07:30` |
| `DD MMM YYYY` | `UN FEB 2024`, `UNK UNK 2024`, `05 UNK 2024` | `2024-02`, `2024`, `2024---05` |

A day or month may have one digit where a sign separates it; a month's name is English, in any case. Unknown is `UN`,
`UK`, `UNK`, `NK`, `XX`, `XXX`, `00` or `--`; a time whose hour is unknown is left off. A text that ends after the date,
of a pattern with a time, is the date. Source: SDTMIG, date and time variables (parts from the right are left off).
"""

from __future__ import annotations

import re
from datetime import date

import polars as pl

from longwatch.standards.dates import ISO8601_PARTIAL

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_UNKNOWN = "UNK|UN|UK|NK|XXX|XX|00|--"
_PART = {
    "YYYY": r"(?P<year>[0-9]{4})",
    "MMM": rf"(?P<name>{'|'.join(_MONTHS)}|{_UNKNOWN})",
    "MM": rf"(?P<month>[0-9]{{1,2}}|{_UNKNOWN})",
    "DD": rf"(?P<day>[0-9]{{1,2}}|{_UNKNOWN})",
    "HH": rf"(?P<hour>[0-9]{{1,2}}|{_UNKNOWN})",
    "MI": rf"(?P<minute>[0-9]{{2}}|{_UNKNOWN})",
    "SS": rf"(?P<second>[0-9]{{2}}|{_UNKNOWN})",
}
_TOKEN = re.compile(r"(YYYY|MMM|MM|DD|HH|MI|SS)")
_ISO = "date"


def iso_dates(texts: pl.Series, pattern: str) -> tuple[pl.Series, int | None]:
    """A column of dates written in a pattern as ISO 8601 text, and the position of the first that is none (None: all
    are).

    `date` as pattern: the text is ISO 8601 already, partial dates too. Blanks around do not count; blank and missing is
    null.
    """
    stripped = texts.str.strip_chars()
    stripped = stripped.set(stripped == "", None)
    if pattern == _ISO:
        wrong = (~stripped.str.contains(ISO8601_PARTIAL)).fill_null(False).arg_true()
        return stripped, int(wrong[0]) if wrong.len() else None
    written = _compiled(pattern)
    known = {text: _iso(written, text) for text in stripped.drop_nulls().unique().to_list()}
    iso = stripped.replace_strict(known, return_dtype=pl.String) if known else stripped
    wrong = (stripped.is_not_null() & iso.is_null()).arg_true()
    return iso, int(wrong[0]) if wrong.len() else None


def _compiled(pattern: str) -> re.Pattern[str]:
    pieces = [_PART.get(piece) or re.escape(piece) for piece in _TOKEN.split(pattern)]
    whole = "".join(pieces)
    clock = pattern.find("HH")
    if clock > 0 and all(pattern.find(part) < clock for part in ("YYYY", "MM", "DD")):
        start = whole.index("(?P<hour>")
        # What separates date and time belongs to the time.
        while start > 0 and whole[start - 1] in " T\\:":
            start -= 1
        whole = f"{whole[:start]}(?:{whole[start:]})?"
    return re.compile(whole, re.IGNORECASE)


def _iso(written: re.Pattern[str], text: str) -> str | None:
    found = written.fullmatch(text)
    if found is None:
        return None
    parts = found.groupdict()
    name = (parts.get("name") or "").upper()
    month = _MONTHS.index(name) + 1 if name in _MONTHS else _number(parts.get("month"))
    day, hour, minute = (_number(parts.get(part)) for part in ("day", "hour", "minute"))
    second = _number(parts.get("second"))
    iso = parts["year"]
    if not month:
        return f"{iso}---{day:02}" if day and day <= 31 else iso
    if month > 12:
        return None
    if not day:
        return f"{iso}-{month:02}"
    try:
        iso = date(int(parts["year"]), month, day).isoformat()
    except ValueError:
        return None
    return _with_time(iso, hour, minute, second)


def _with_time(iso: str, hour: int | None, minute: int | None, second: int | None) -> str | None:
    if hour is None:
        return iso
    if hour > 23 or (minute or 0) > 59 or (second or 0) > 59:
        return None
    if minute is None:
        return f"{iso}T{hour:02}"
    return f"{iso}T{hour:02}:{minute:02}" + (f":{second:02}" if second is not None else "")


def _number(text: str | None) -> int | None:
    """Of a day or month, `00` is unknown; of a time it is midnight."""
    return int(text) if text and text.isdigit() else None
