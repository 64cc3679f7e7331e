"""Dates as people write them: each text, its pattern and its ISO 8601, as the SDTM guide cuts unknown parts."""

from __future__ import annotations

import polars as pl
import pytest

from longwatch.standards.written_dates import iso_dates


@pytest.mark.parametrize(
    ("pattern", "text", "iso"),
    [
        # whole dates
        ("DD-MMM-YYYY", "05-Feb-2024", "2024-02-05"),
        ("DDMMMYYYY", "29feb2024", "2024-02-29"),
        ("MM/DD/YYYY", "2/5/2024", "2024-02-05"),
        ("DD.MM.YYYY", " 05.02.2024 ", "2024-02-05"),
        ("YYYYMMDD", "20240205", "2024-02-05"),
        # with a time, and the same pattern without one
        ("MM/DD/YYYY HH:MI", "2/5/2024 7:30", "2024-02-05T07:30"),
        ("MM/DD/YYYY HH:MI", "2/5/2024", "2024-02-05"),
        ("MM/DD/YYYY HH:MI", "2/5/2024 UN:UN", "2024-02-05"),
        ("DDMMMYYYY:HH:MI:SS", "05FEB2024:00:00:09", "2024-02-05T00:00:09"),
        # unknown parts
        ("DD MMM YYYY", "UN FEB 2024", "2024-02"),
        ("DD MMM YYYY", "UNK UNK 2024", "2024"),
        ("DD MMM YYYY", "05 UNK 2024", "2024---05"),
        ("MM/DD/YYYY", "02/00/2024", "2024-02"),
        # ISO 8601 already
        ("date", "2024-02", "2024-02"),
        ("date", "2024-02-05T07:30", "2024-02-05T07:30"),
        # nothing there
        ("DD-MMM-YYYY", "  ", None),
    ],
)
def test_a_date_as_written(pattern: str, text: str, iso: str | None) -> None:
    dates, wrong = iso_dates(pl.Series("D", [text]), pattern)
    assert (dates.to_list(), wrong) == ([iso], None)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("DD-MMM-YYYY", "30-Feb-2024"),
        ("DD-MMM-YYYY", "05-02-2024"),
        ("MM/DD/YYYY", "13/05/2024"),
        ("MM/DD/YYYY HH:MI", "2/5/2024 25:00"),
        ("DD.MM.YYYY", "05.02.24"),
        ("date", "2024-02-30"),
        ("DD-MMM-YYYY", "soon"),
    ],
)
def test_what_is_no_date_is_found_by_its_position(pattern: str, text: str) -> None:
    good = {"date": "2024-01-01", "DD-MMM-YYYY": "01-Jan-2024", "DD.MM.YYYY": "01.01.2024"}.get(pattern, "1/1/2024")
    assert iso_dates(pl.Series("D", [None, good, text]), pattern)[1] == 2
