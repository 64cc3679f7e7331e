"""A comparison as files: whole, not over another one, and inert in a spreadsheet."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from connectors import change_workbook
from connectors.change_files import FolderChangeFiles
from longwatch.errors import StoreError, StudyError
from longwatch.evidence.snapshot_diff import SnapshotDiff, diff_snapshots
from longwatch.evidence.table_diff import Move, MovedNumber
from longwatch.standards.dataset import Dataset, SourceData

HOSTILE = (
    "=1+1", "=HYPERLINK(\"http://localhost\")", "+1", "-1", "@SUM(A1)", "\t=1", "http://localhost/a",
    "https://localhost/a", "ftp://localhost", "mailto:a@localhost", "internal:Sheet1!A1", "external:c.xlsx",
    "{=1+1}", "1234", "1e5", "TRUE", "#REF!", "<rich>&\"", "日本語",
)  # fmt: skip

MOVES = [
    MovedNumber("AET02", "=1+1", "@x", "http://localhost/arm", "n", Move.CHANGED, (1.0, 2.5), ("-1", "+2")),
    MovedNumber("AET02", "", "", "Total", "pct", Move.ADDED, (None, None), (None, "")),
]
FACTS = (("Older snapshot", "=cmd"), ("Newer snapshot", "http://localhost"))


def ae(terms: list[str]) -> SourceData:
    frame = pl.DataFrame(
        {
            "STUDYID": ["S"] * len(terms),
            "USUBJID": ["=S-1"] * len(terms),
            "AESEQ": [float(number) for number in range(1, len(terms) + 1)],
            "AESPID": [f"E{number}" for number in range(len(terms))],
            "AETERM": terms,
        }
    )
    return SourceData({"AE": Dataset.of("AE", frame)})


def compared(values: tuple[str, ...] = HOSTILE) -> SnapshotDiff:
    """AE in which each term became another of these values."""
    return diff_snapshots(ae([f"was {number}" for number in range(len(values))]), ae(list(values)))


def test_no_value_is_a_formula_or_a_link(tmp_path: Path) -> None:
    """Whatever a value begins with, its cell is text that reads as the value; the file holds no formula, no link and no
    relation to anything outside."""
    *_, path = FolderChangeFiles().write(str(tmp_path), compared(), MOVES, FACTS)
    book = openpyxl.load_workbook(path)
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n", "inlineStr"), (sheet.title, cell.coordinate, cell.value)
                assert cell.hyperlink is None
                assert isinstance(cell.value, str | int | float | None)
    new = [row[5] for row in book["Changes"].iter_rows(min_row=2, values_only=True)]
    assert new == list(HOSTILE)
    assert {row[1] for row in book["Changes"].iter_rows(min_row=2, values_only=True)} == {"=S-1"}
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            content = parts.read(name)
            assert b"<f>" not in content
            assert b"<f " not in content
            assert b"hyperlink" not in content
            assert b'TargetMode="External"' not in content


def test_the_sheets_and_the_csv_files_say_the_same(tmp_path: Path) -> None:
    diff = compared()
    paths = FolderChangeFiles().write(str(tmp_path), diff, MOVES, FACTS)
    assert [Path(path).name for path in paths] == ["changes.csv", "summary.csv", "moved-numbers.csv", "changes.xlsx"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(Path(path).name for path in paths)
    book = openpyxl.load_workbook(paths[-1])
    assert book.sheetnames == ["About", "Summary", "Variables", "Changes", "Moved numbers"]
    summary = list(csv.DictReader(io.StringIO(Path(paths[1]).read_text())))
    (row,) = book["Summary"].iter_rows(min_row=2, values_only=True)
    assert tuple(map(str, row)) == (*summary[0].values(),) == (
        "AE", "kept", "19", "19", "0", "0", "19", "0", "0", "0", "0", "0",
    )  # fmt: skip
    lines = list(csv.reader(io.StringIO(Path(paths[0]).read_text())))[1:]
    cells = [["" if value is None else value for value in row] for row in book["Changes"].values][1:]
    assert cells == lines
    numbers = [list(row) for row in book["Moved numbers"].values][1:]
    assert numbers[0] == ["AET02", "=1+1", "@x", "http://localhost/arm", "n", "changed", 1, 2.5, "-1", "+2"]
    assert numbers[1][5:] == ["added", None, None, None, ""]


def test_without_a_report_there_is_no_file_of_moved_numbers(tmp_path: Path) -> None:
    paths = FolderChangeFiles().write(str(tmp_path / "new" / "folder"), compared(), None, FACTS)
    assert [Path(path).name for path in paths] == ["changes.csv", "summary.csv", "changes.xlsx"]
    assert "Moved numbers" not in openpyxl.load_workbook(paths[-1]).sheetnames


def test_more_rows_than_a_sheet_holds_go_to_further_sheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its header: 9 + 9 + 1 rows."""
    monkeypatch.setattr(change_workbook, "SHEET_ROWS", 10)
    *_, path = FolderChangeFiles().write(str(tmp_path), compared(), None, ())
    book = openpyxl.load_workbook(path)
    parts = [list(book[name].values) for name in ("Changes", "Changes 2", "Changes 3")]
    assert [len(part) for part in parts] == [10, 10, 2]
    assert {part[0][0] for part in parts} == {"dataset"}
    assert [row[5] for part in parts for row in part[1:]] == list(HOSTILE)


def test_a_text_longer_than_a_cell_is_cut_and_says_so(tmp_path: Path) -> None:
    """32,767 letters are whole; one more is cut in the workbook and whole in the CSV."""
    fits, long = "a" * 32_767, "b" * 32_768
    first, *_, path = FolderChangeFiles().write(str(tmp_path), compared((fits, long)), None, ())
    shown = [row[5] for row in openpyxl.load_workbook(path)["Changes"].iter_rows(min_row=2, values_only=True)]
    assert shown[0] == fits
    assert shown[1].startswith("bbb")
    assert shown[1].endswith(" … (cut here; whole in changes.csv)")
    assert long in Path(first).read_text()


def test_another_comparison_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "changes.csv").write_text("mine")
    with pytest.raises(StudyError, match="LW-CHG-001"):
        FolderChangeFiles().write(str(tmp_path), compared(), None, ())
    assert [path.name for path in tmp_path.iterdir()] == ["changes.csv"]
    assert (tmp_path / "changes.csv").read_text() == "mine"


def test_a_place_that_cannot_be_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="LW-CHG-002"):
        FolderChangeFiles().check(str(tmp_path / "file" / "below"))
