"""XLSX: the rules of CSV for a sheet, and what spreadsheets make of values."""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.readers import xlsx
from longwatch.errors import SourceError
from tests.integration.connectors.conftest import Reader

HEADER = ("USUBJID", "AESEQ", "AETERM")


def workbook(path: Path, /, **sheets: list[tuple[Any, ...]]) -> Path:
    """A workbook of these sheets."""
    book = openpyxl.Workbook(write_only=True)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def refused(read: Reader, path: Path) -> SourceError:
    with pytest.raises(SourceError) as error:
        read(path)
    assert error.value.where.startswith("ae.xlsx")
    return error.value


@pytest.mark.shared_data
@pytest.mark.parametrize("batch_rows", [7, 20_000])
@pytest.mark.parametrize("name", ["dm", "lb", "vs"])
def test_a_published_csv_as_a_sheet_is_the_same(
    read: Reader, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, batch_rows: int
) -> None:
    monkeypatch.setattr(xlsx, "BATCH_ROWS", batch_rows)
    source = shared_data / "metabolic" / f"{name}_metabolic.csv"
    with source.open(newline="", encoding="utf-8") as lines:
        path = workbook(tmp_path / f"{name}.xlsx", Sheet1=[tuple(row) for row in csv.reader(lines)])
    of_sheet, of_csv = read(path), read(source, dataset=name.upper())
    assert of_sheet.frame.equals(of_csv.frame)
    assert of_sheet.result.variables == of_csv.result.variables
    assert of_sheet.result.dataset == name.upper()


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("Fièvre 発熱  ", "Fièvre 発熱"),
        ("  indented", "  indented"),
        (1001, "1001"),
        (0.1, "0.1"),
        (2.0, "2"),
        (True, "true"),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime.fromisoformat("2026-01-31T10:20:30"), "2026-01-31T10:20:30"),
        (time(10, 20), "10:20:00"),
        (None, None),
        ("   ", None),
        ("NA", "NA"),
    ],
)
def test_whatever_stands_in_a_text_variable_is_text(read: Reader, tmp_path: Path, cell: Any, text: str | None) -> None:
    found = read(workbook(tmp_path / "ae.xlsx", Sheet1=[HEADER, ("S-001", 1, cell)]))
    assert found.column("AETERM") == [text]


def test_numbers(read: Reader, tmp_path: Path) -> None:
    """Numbers, digits that are kept as text, NA and nothing."""
    cells = (1, 2.5, " 3 ", "NA", None, "", 1e-30)
    found = read(workbook(tmp_path / "ae.xlsx", Sheet1=[HEADER, *(("S", cell, "x") for cell in cells)]))
    assert found.types()["AESEQ"] == "number"
    assert found.column("AESEQ") == [1.0, 2.5, 3.0, None, None, None, 1e-30]


def test_empty_rows_and_columns_are_passed_over(read: Reader, tmp_path: Path) -> None:
    rows = [(*HEADER, None, ""), ("S-001", 1, "x"), (), (None, None, " "), ("S-002", 1)]
    found = read(workbook(tmp_path / "ae.xlsx", Sheet1=rows))
    assert found.frame.columns == list(HEADER)
    assert found.frame.rows() == [("S-001", 1.0, "x"), ("S-002", 1.0, None)]


def test_no_records(read: Reader, tmp_path: Path) -> None:
    assert read(workbook(tmp_path / "ae.xlsx", Sheet1=[HEADER])).result.rows == 0


def test_of_several_sheets_the_one_of_that_name(read: Reader, tmp_path: Path) -> None:
    path = workbook(tmp_path / "ae.xlsx", Notes=[("free text", None)], ae=[HEADER, ("S", 1, "x")], DM=[("USUBJID",)])
    assert read(path).column("AETERM") == ["x"]
    assert read(path, dataset="DM").frame.columns == ["USUBJID"]
    with pytest.raises(SourceError, match=r"LW-SRC-082: ae\.xlsx: of 3 sheets none is named CM"):
        read(path, dataset="CM")


@pytest.mark.parametrize(
    ("rows", "error_id", "words"),
    [
        ([], "LW-SRC-081", "first row"),
        ([("A listing of adverse events",), HEADER], "LW-SRC-081", "first row"),
        ([("USUBJID", 5)], "LW-SRC-081", "first row"),
        ([("USUBJID", "USUBJID")], "LW-SRC-014", "USUBJID"),
        ([("USUBJID", None, "AETERM")], "LW-SRC-014", "empty"),
        ([HEADER, ("S", 1, "x"), ("S", 2, "y", "beside")], "LW-SRC-083", "row 3"),
        ([HEADER, ("S", "one", "x")], "LW-SRC-084", "row 2: AESEQ"),
        ([HEADER, ("S", True, "x")], "LW-SRC-084", "row 2: AESEQ"),
        ([HEADER, ("S", "inf", "x")], "LW-SRC-084", "row 2: AESEQ"),
        ([HEADER, ("S", date(2026, 1, 31), "x")], "LW-SRC-084", "row 2: AESEQ"),
        ([HEADER, ("S", 1, "#N/A")], "LW-SRC-085", "row 2"),
        ([HEADER, ("S", 1, timedelta(hours=30))], "LW-SRC-085", "row 2"),
        # openpyxl writes formulas without their values.
        ([HEADER, ("S", 1, "x"), ("S", "=B2+1", "x")], "LW-SRC-086", "row 3"),
    ],
)
def test_what_is_wrong_is_named_by_row(
    read: Reader, tmp_path: Path, rows: list[tuple[Any, ...]], error_id: str, words: str
) -> None:
    error = refused(read, workbook(tmp_path / "ae.xlsx", Sheet1=rows))
    assert error.error_id == error_id
    assert words in str(error)


def test_what_is_no_workbook_is_refused(read: Reader, tmp_path: Path) -> None:
    path = workbook(tmp_path / "ae.xlsx", Sheet1=[HEADER, *(("S", number, "x" * number) for number in range(200))])
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[600:900] = bytes(300)
    for content in (whole[:-200], bytes(damaged), b"USUBJID,AETERM\n", b"PK\x05\x06" + bytes(18)):
        path.write_bytes(content)
        assert refused(read, path).error_id == "LW-SRC-080"


def test_a_workbook_that_unpacks_to_too_much_is_refused(
    read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "SMALL_BYTES", 1000)
    monkeypatch.setattr(xlsx, "RATIO", 2)
    path = workbook(tmp_path / "ae.xlsx", Sheet1=[HEADER, *(("S", 1, "x") for _ in range(3000))])
    assert refused(read, path).error_id == "LW-SRC-087"
