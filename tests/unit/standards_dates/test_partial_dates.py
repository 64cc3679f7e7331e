"""Partial SDTM dates: what each form means, first day, last day and precision (spec A.5)."""

from __future__ import annotations

import re
from datetime import date, timedelta

import polars as pl
import pytest

from longwatch.standards.dates import (
    ISO8601_PARTIAL,
    complete_day,
    earliest_day,
    earliest_second,
    has_time,
    latest_day,
    latest_second,
    precision,
    study_day,
    time_of,
    time_text,
    without_time,
    zone_minutes,
)

FORMS = [
    # text, earliest day, latest day, precision, time known
    ("2023-05-14", date(2023, 5, 14), date(2023, 5, 14), "day", False),
    ("2023-05-14T09:30", date(2023, 5, 14), date(2023, 5, 14), "day", True),
    ("2023-05-14T09:30:15.250+02:00", date(2023, 5, 14), date(2023, 5, 14), "day", True),
    ("2023-05", date(2023, 5, 1), date(2023, 5, 31), "month", False),
    ("2024-02", date(2024, 2, 1), date(2024, 2, 29), "month", False),
    ("2023", date(2023, 1, 1), date(2023, 12, 31), "year", False),
    # the month is not known, the day is
    ("2023---14", date(2023, 1, 14), date(2023, 12, 14), "year", False),
    ("2023---31", date(2023, 1, 31), date(2023, 12, 31), "year", False),
    # no year: nothing that can be placed
    ("--05-14", None, None, "none", False),
    ("--05", None, None, "none", False),
    ("----14", None, None, "none", False),
    ("-----T09:30", None, None, "none", True),
    # a part of the time is not known
    ("2023-05-14T-:30", date(2023, 5, 14), date(2023, 5, 14), "day", False),
    ("2023-05-14T09", date(2023, 5, 14), date(2023, 5, 14), "day", True),
    # an interval of uncertainty
    ("2023-05-14/2023-06-02", date(2023, 5, 14), date(2023, 6, 2), "month", False),
    ("2022-12/2023-02", date(2022, 12, 1), date(2023, 2, 28), "month", False),
    ("2023-05-14/2023-05-14", date(2023, 5, 14), date(2023, 5, 14), "day", False),
    # missing
    (None, None, None, "none", False),
]

NOT_LEGAL = [
    "2023-02-29", "1900-02-29", "2023-04-31", "2023-13", "2023-00-10", "2023-05-00", "23-05-14", "2023-5-4",
    "20230514", "2023-05-14 09:30", "2023-05-14T24:00", "2023-05-14T09:60", "2023-05-14T", "2023-05-14T09:30+25:00",
    "14MAY2023", " 2023", "2023 ", "2023-", "----32", "--02-30", "2023-05T09:30", "2023-05-14/", ".", "٢٠٢٣",
]  # fmt: skip


@pytest.mark.parametrize(("text", "first", "last", "known", "time"), FORMS)
def test_each_form(text: str | None, first: date | None, last: date | None, known: str, time: bool) -> None:
    """A partial date spans the days from its earliest to its latest possible one."""
    frame = pl.DataFrame({"AESTDTC": [text]}, schema={"AESTDTC": pl.String})
    dtc = pl.col("AESTDTC")
    row = frame.select(
        first=earliest_day(dtc), last=latest_day(dtc), known=precision(dtc), time=has_time(dtc), legal=dtc.is_not_null()
    ).row(0)
    assert row == (first, last, known, time, text is not None)
    assert text is None or re.fullmatch(ISO8601_PARTIAL, text)


@pytest.mark.parametrize("text", NOT_LEGAL)
def test_text_that_is_no_legal_date_counts_as_missing(text: str) -> None:
    """It is for rule DT01 to report; no day is guessed from it. Python's `re` and Polars agree on it."""
    frame = pl.DataFrame({"AESTDTC": [text]})
    dtc = pl.col("AESTDTC")
    assert frame.select(dtc.str.contains(ISO8601_PARTIAL)).item() is False
    assert re.search(ISO8601_PARTIAL, text) is None
    assert frame.select(earliest_day(dtc), latest_day(dtc).alias("last"), precision(dtc).alias("known")).row(0) == (
        None,
        None,
        "none",
    )


def test_every_day_of_the_calendar_is_legal_and_no_other() -> None:
    """29 February only in leap years: every day from 1896 to 2104, and each one's neighbours that do not exist."""
    days = [date(1896, 1, 1) + timedelta(days=count) for count in range(76_338)]
    texts = pl.Series("d", [day.isoformat() for day in days])
    frame = pl.DataFrame({"d": texts, "day": days})
    assert frame.select((earliest_day(pl.col("d")) == pl.col("day")).all()).item()
    assert frame.select((latest_day(pl.col("d")) == pl.col("day")).all()).item()
    real = set(texts)
    every = [
        f"{year}-{month:02}-{day:02}" for year in range(1896, 2105) for month in range(1, 13) for day in range(29, 32)
    ]
    found = pl.DataFrame({"d": every}).filter(pl.col("d").str.contains(ISO8601_PARTIAL))["d"]
    assert set(found) == real & set(every)


@pytest.mark.parametrize(
    ("text", "first", "last", "zone"),
    [
        ("2022-03-01T10:15", 36900, 36959, None),
        ("2022-03-01T10:15:30", 36930, 36930, None),
        ("2022-03-01T10", 36000, 39599, None),
        ("2022-03-01T10:-:30", 36030, 39570, None),
        ("2022-03-01T10:15Z", 36900, 36959, 0),
        ("2022-03-01T10:15-03:30", 36900, 36959, -210),
        ("2022-03-01T10:15+02", 36900, 36959, 120),
        ("2022-03-01", None, None, None),
        (None, None, None, None),
    ],
)
def test_times(text: str | None, first: int | None, last: int | None, zone: int | None) -> None:
    """A time spans the seconds from its earliest to its latest possible one; its zone is kept beside."""
    frame = pl.DataFrame({"d": [text]}, schema={"d": pl.String})
    dtc = pl.col("d")
    assert frame.select(a=earliest_second(dtc), b=latest_second(dtc), c=zone_minutes(dtc)).row(0) == (first, last, zone)


def test_complete_days() -> None:
    """Only a date known to the day, in one place of the calendar."""
    texts = ["2023-05-14", "2023-05-14T09:30", "2023-05", "2023---14", "2023-05-14/2023-05-15", "2023-02-29", None]
    frame = pl.DataFrame({"d": texts})
    assert frame.select(complete_day(pl.col("d")))["d"].to_list() == [date(2023, 5, 14)] * 2 + [None] * 5


def test_study_day_has_no_day_zero() -> None:
    """With RFSTDTC 2022-03-01 (spec A.5): the day itself is 1, the day before −1."""
    table = pl.DataFrame(
        {
            "day": [date(2022, 3, 1), date(2022, 2, 28), date(2022, 3, 10), date(2022, 2, 20), None, date(2022, 3, 1)],
            "reference": [date(2022, 3, 1)] * 5 + [None],
            "expected": [1, -1, 10, -9, None, None],
        }
    )
    found = table.select(study_day(pl.col("day"), pl.col("reference")).alias("ASTDY"))["ASTDY"]
    assert found.to_list() == table["expected"].to_list()


def test_a_complete_date_without_its_time_means_the_same_days() -> None:
    """Cut only where the text is a whole legal date; put together again it is the text."""
    texts = ["2023-05-14T09:30Z", "2023-05-14T-:30", "2023-05-14", "2023-05", "2023---14T09:30", "2023-02-30T09:30"]
    texts += ["2023-05-14T08:00/2023-05-14T10:00", "in May", ""]
    text = pl.col("d")
    found = pl.DataFrame({"d": texts}).with_columns(day=without_time(text), time=time_of(text))
    assert found["day"].to_list() == ["2023-05-14"] * 3 + texts[3:]
    assert found["time"].to_list() == ["T09:30Z", "T-:30"] + [None] * 7
    assert (found["day"] + found["time"].fill_null("")).to_list() == texts
    for meaning in (earliest_day, latest_day, complete_day, precision):
        assert found.select((meaning(text) == meaning(pl.col("day"))).fill_null(True).all()).item()


def test_a_time_means_the_same_on_any_day() -> None:
    """Cut from every legal form that has one, intervals left out: the same seconds, the same zone."""
    texts = [text for text, *_ in FORMS if text is not None]
    texts += ["2023---14T09:30Z", "2023----T-:30", "2023-05--T09", "2023-05-14T09:30:15-03:30"]
    texts += ["2023-05-14T08:00/2023-05-14T10:00", "2023-05-14/2023-05-14T10:00"]
    frame = pl.DataFrame({"d": texts}).with_columns(other=pl.lit("2000-02-29") + time_text(pl.col("d")))
    assert frame["other"].null_count() < len(texts) - 5
    for meaning in (earliest_second, latest_second, zone_minutes):
        assert frame.select(meaning(pl.col("d")).eq_missing(meaning(pl.col("other"))).all()).item()
