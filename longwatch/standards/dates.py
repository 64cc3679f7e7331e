"""SDTM dates: ISO 8601 text, cut short where a part is not known, as days that can be compared.

The forms (SDTMIG, section on date and time variables; spec A.5), each alone or as an interval of uncertainty `a/b`:

| text | known |
|---|---|
| `2023-05-14`, `2023-05-14T09:30`, `2023-05-14T09:30:15.5Z` | the day |
| `2023-05` | month and year |
| `2023`, `2023---14` | the year (and the day of an unknown month) |
| `--05-14`, `--05`, `----14`, `-----T09:30` | no year: nothing that can be placed in time |

A time may lack a part by `-` (`T-:30`) and may carry a zone (`Z`, `+02:00`). Text that is none of these is treated as
missing here; rule DT01 reports it. The text itself is always kept beside what is derived from it.
"""

from __future__ import annotations

import polars as pl

_MONTH = r"(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12][0-9]|3[01])"
_LEAP_YEAR = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DAY_OF_MONTH = r"(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31"
_FULL = rf"(?:[0-9]{{4}}-(?:{_DAY_OF_MONTH})|{_LEAP_YEAR}-02-29)"
_CLOCK = r"(?:[01][0-9]|2[0-3]|-)(?::(?:[0-5][0-9]|-)(?::(?:[0-5][0-9](?:\.[0-9]+)?|-))?)?"
_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-4])(?::[0-5][0-9])?)"
_TIME = rf"(?:T{_CLOCK}{_ZONE}?)"
# A year-month or a year can only carry a time where the missing parts are written out as `-`.
_ONE = (
    rf"(?:{_FULL}{_TIME}?"
    rf"|[0-9]{{4}}-{_MONTH}(?:--{_TIME})?"
    rf"|[0-9]{{4}}(?:---{_DAY}{_TIME}?|----{_TIME})?"
    rf"|--(?:{_DAY_OF_MONTH}|02-29){_TIME}?|--{_MONTH}(?:--{_TIME})?|----{_DAY}{_TIME}?|-----{_TIME})"
)

ISO8601_PARTIAL = rf"^{_ONE}(?:/{_ONE})?$"
"""A legal SDTM date: the forms above and no other, the day one that its month and year have. Both Python's `re` and
Polars read it (no look-around)."""

_AMOUNT = r"[0-9]+(?:[.,][0-9]+)?"
_OF_TIME = rf"T(?:{_AMOUNT}H(?:{_AMOUNT}M)?(?:{_AMOUNT}S)?|{_AMOUNT}M(?:{_AMOUNT}S)?|{_AMOUNT}S)"
_SOME_DAYS = rf"(?:{_AMOUNT}Y(?:{_AMOUNT}M)?(?:{_AMOUNT}D)?|{_AMOUNT}M(?:{_AMOUNT}D)?|{_AMOUNT}D)"
_LENGTH = rf"[+-]?P(?:{_AMOUNT}W|{_SOME_DAYS}(?:{_OF_TIME})?|{_OF_TIME})"

ISO8601_DURATION = rf"^(?:{_LENGTH}|{_ONE}/(?:{_ONE}|{_LENGTH})|{_LENGTH}/{_ONE})$"
"""A legal SDTM duration: `P2W`, `P1Y6M`, `PT30M`, `-PT1H`, or an interval that has its start, its end or both. Both
Python's `re` and Polars read it."""

PRECISION = pl.Enum(["none", "year", "month", "day"])
"""What of the date is known, from nothing that can be placed in time up to the day."""

_COMPLETE = rf"^{_FULL}{_TIME}?$"
_FROM_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]"
_FROM_MONTH = r"^[0-9]{4}-[0-9]"
_FROM_YEAR = r"^[0-9]{4}"
_YEAR_AND_DAY = r"^([0-9]{4})---([0-9])"
_YEAR_MONTH_DAY = r"^([0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)"
_KNOWN_TIME = r"^[^T/]*T([0-9]{2})(?::([0-9]{2}|-))?(?::([0-9]{2}|-))?[^/]*$"


def _where_legal(expr: pl.Expr, derived: pl.Expr) -> pl.Expr:
    """What is derived from legal text; of any other nothing. Legality is asked once, not of every part of what is
    derived: its pattern is by far the longest."""
    return pl.when(expr.str.contains(ISO8601_PARTIAL)).then(derived)


def _later_end(text: pl.Expr) -> pl.Expr:
    """Of an interval its later end, else the text. (Its earlier end needs no cutting: patterns look at the start.)"""
    return text.str.replace("^.*/", "")


def _known(text: pl.Expr, unknown_month: str) -> pl.Expr:
    """Year, month and day of a legal text as far as they are known: `2023-05-14T09:30` → `2023-05-14`, `2023-05`,
    `2023`; the month that is missing before a day is `unknown_month` (`01`, `12`)."""
    placed = text.str.replace(_YEAR_AND_DAY, rf"${{1}}-{unknown_month}-${{2}}")
    return placed.str.extract(_YEAR_MONTH_DAY)


def _day(known: pl.Expr, unknown: str) -> pl.Expr:
    """The day of what is known, with the month and day of `unknown` (`-01-01`) for what is not."""
    return _date((known + unknown).str.slice(0, 10))


def _date(text: pl.Expr) -> pl.Expr:
    return text.str.to_date("%Y-%m-%d", strict=False)


def earliest_day(expr: pl.Expr) -> pl.Expr:
    """The first day an SDTM date can mean, as Date.

    `2023-05-14` → itself; `2023-05` → 2023-05-01; `2023` → 2023-01-01; `2023---14` → 2023-01-14; an interval → that of
    its earlier end; no year, missing, or no legal date → null. A time is left off; the zone does not move the day.
    """
    return _where_legal(expr, _day(_known(expr, "01"), "-01-01"))


def latest_day(expr: pl.Expr) -> pl.Expr:
    """The last day an SDTM date can mean, as Date.

    `2023-05-14` → itself; `2023-02` → 2023-02-28; `2023` → 2023-12-31; `2023---14` → 2023-12-14; an interval → that of
    its later end; no year, missing, or no legal date → null.
    """
    known = _known(_later_end(expr), "12")
    day = _day(known, "-12-01")
    return _where_legal(expr, pl.when(known.str.len_bytes() == 10).then(day).otherwise(day.dt.month_end()))


def complete_day(expr: pl.Expr) -> pl.Expr:
    """The day of a complete SDTM date, as Date; partial, an interval, missing, or no legal date → null."""
    return pl.when(_is_complete(expr)).then(_date(expr.str.slice(0, 10)))


def without_time(expr: pl.Expr) -> pl.Expr:
    """A complete SDTM date without its time: `2023-05-14T09:30` → `2023-05-14`; any other text as it is. The days that
    the text can mean stay the same."""
    return pl.when(_is_complete(expr)).then(expr.str.slice(0, 10)).otherwise(expr)


def time_of(expr: pl.Expr) -> pl.Expr:
    """What `without_time` leaves off: `2023-05-14T09:30Z` → `T09:30Z`; nothing left off → null."""
    return pl.when(_is_complete(expr) & (expr.str.len_bytes() > 10)).then(expr.str.slice(10))


def time_text(expr: pl.Expr) -> pl.Expr:
    """The time of a legal SDTM date, as text that may stand after any other day: `2023----T09:30Z` → `T09:30Z`; no
    time, or an interval → null."""
    time = expr.str.slice(expr.str.find("T", literal=True))
    return pl.when(~expr.str.contains("/", literal=True)).then(time)


def _is_complete(expr: pl.Expr) -> pl.Expr:
    return expr.str.contains(_COMPLETE)


def precision(expr: pl.Expr) -> pl.Expr:
    """What of the date is known: `day`, `month`, `year` or `none`, as the Enum PRECISION.

    `2023---14` → year (the month is what is missing); no year, missing, no legal date → none; an interval whose ends
    are not the same day → the parts of its earlier end, at most month.
    """
    wide = expr.str.contains("/", literal=True) & (expr.str.slice(0, 10) != _later_end(expr).str.slice(0, 10))
    known = (
        pl.when(expr.str.contains(_FROM_DAY) & wide.not_())
        .then(pl.lit("day", PRECISION))
        .when(expr.str.contains(_FROM_MONTH))
        .then(pl.lit("month", PRECISION))
        .when(expr.str.contains(_FROM_YEAR))
        .then(pl.lit("year", PRECISION))
        .otherwise(pl.lit("none", PRECISION))
    )
    return _where_legal(expr, known).fill_null(pl.lit("none", PRECISION))


def has_time(expr: pl.Expr) -> pl.Expr:
    """Whether the hour of the day is known: `2023-05-14T09`, `…T09:30`, not `…T-:30`; false where missing."""
    return (expr.str.contains(_KNOWN_TIME) & expr.str.contains(ISO8601_PARTIAL)).fill_null(False)


def earliest_second(expr: pl.Expr) -> pl.Expr:
    """The first second of the day that the time can mean, as Int32: `T09:30` → 34200; no time known → null."""
    return _second(expr, 0, 0)


def latest_second(expr: pl.Expr) -> pl.Expr:
    """The last second of the day that the time can mean, as Int32: `T09:30` → 34259; no time known → null."""
    return _second(expr, 59, 59)


def _second(expr: pl.Expr, minute: int, second: int) -> pl.Expr:
    known = [expr.str.extract(_KNOWN_TIME, number).cast(pl.Int32, strict=False) for number in (1, 2, 3)]
    return _where_legal(expr, known[0] * 3600 + known[1].fill_null(minute) * 60 + known[2].fill_null(second))


def zone_minutes(expr: pl.Expr) -> pl.Expr:
    """Minutes that the zone of a time is ahead of UTC, as Int32: `…T09:30Z` → 0, `…+02:00` → 120; no zone → null."""
    hours = expr.str.extract(r"T.*([+-][0-9]{2})(?::[0-9]{2})?$", 1).cast(pl.Int32, strict=False)
    minutes = expr.str.extract(r"T.*[+-][0-9]{2}:([0-9]{2})$", 1).cast(pl.Int32, strict=False).fill_null(0)
    sign = pl.when(expr.str.contains(r"T.*-[0-9]{2}(?::[0-9]{2})?$")).then(-1).otherwise(1)
    ahead = pl.when(expr.str.ends_with("Z")).then(0).otherwise(hours * 60 + sign * minutes)
    return pl.when(has_time(expr)).then(ahead)


def study_day(day: pl.Expr, reference: pl.Expr) -> pl.Expr:
    """Study day, as Int32: on or after the reference day, days since it plus 1; before it, the (negative) days to it.

    There is no day 0. Missing where one of the days is. Expects Date expressions; a --DY of SDTM is never taken from an
    imputed date, which is for the caller to see to. Source: spec A.5; SDTMIG --DY.
    """
    days = (day - reference).dt.total_days().cast(pl.Int32)
    return pl.when(days >= 0).then(days + 1).otherwise(days)
