"""Findings as a file that people or programs fill: XLSX, CSV or JSON by its ending, and read back."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from connectors.findings_workbook import Table, read_workbook, write_workbook
from connectors.inert_text import as_written, inert_csv
from longwatch.errors import StoreError, StudyError
from longwatch.findings.exchange import COLUMNS, FilledRow
from longwatch.findings.exchange_sheets import FindingsBook

ENDINGS = (".xlsx", ".csv", ".json")


class FileFindingsExchange:
    """Writes and reads the file that findings are exchanged in."""

    def check(self, file: str) -> None:
        """Raise where the file cannot be written: StudyError LW-XCH-001 (its ending is none of ENDINGS), StoreError
        LW-XCH-002 (it is there already, and is not written over: it may hold somebody's work; or its folder cannot be
        written)."""
        path = Path(file)
        _check_ending(path)
        if path.exists():
            raise StoreError(
                "LW-XCH-002",
                "a file of this name is there already, and is not written over",
                where=str(path),
                next_step="name another file with --to; what people filled in may be in this one",
            )

    def write(self, file: str, book: FindingsBook) -> None:
        """The whole file, or none after an error. Raises as `check`, and StoreError LW-XCH-003."""
        self.check(file)
        path = Path(file)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as aside:
                unfinished = Path(aside) / path.name
                if path.suffix.lower() == ".xlsx":
                    write_workbook(unfinished, book)
                else:
                    unfinished.write_bytes(_as_csv(book) if path.suffix.lower() == ".csv" else _as_json(book))
                os.replace(unfinished, path)
        except OSError as refused:
            raise StoreError(
                "LW-XCH-003",
                f"the findings cannot be written there ({refused.strerror or refused})",
                where=str(path),
                next_step="check who may write the folder and its room, or name another file with --to",
            ) from refused

    def read(self, file: str) -> list[FilledRow]:
        """Every row of the file, each cell with its address (`Details!O17`; in CSV and JSON `row 17, state`).

        Raises StudyError LW-XCH-001, LW-XCH-004 (it cannot be read, or holds no details), LW-XCH-005 (a column is
        missing, twice, or unknown), SourceError LW-SRC-080 and -087 (no workbook).
        """
        path = Path(file)
        _check_ending(path)
        try:
            if path.suffix.lower() == ".xlsx":
                tables = read_workbook(path)
            elif path.suffix.lower() == ".csv":
                tables = [_read_csv(path)]
            else:
                tables = [_read_json(path)]
        except (OSError, UnicodeDecodeError, csv.Error, orjson.JSONDecodeError, KeyError, TypeError) as refused:
            raise _unreadable(path, str(getattr(refused, "strerror", None) or refused)) from refused
        if not tables:
            raise _unreadable(path, "it has no sheet of details")
        return [row for header, rows in tables for row in _filled_rows(path, header, rows)]


def _check_ending(path: Path) -> None:
    if path.suffix.lower() not in ENDINGS:
        raise StudyError(
            "LW-XCH-001",
            "findings are exchanged as XLSX, CSV or JSON",
            where=str(path),
            expected=f"a name that ends in {', '.join(ENDINGS)}",
            found=path.suffix or "no ending",
            next_step="give the file another ending",
        )


def _unreadable(path: Path, why: str) -> StudyError:
    return StudyError(
        "LW-XCH-004",
        f"it cannot be read as findings that were exported: {why}",
        where=str(path),
        expected="a file that `longwatch findings export` wrote",
        next_step="export the findings anew and fill that file",
    )


def _filled_rows(path: Path, header: Sequence[str], rows: Iterator[tuple[str, dict[str, str]]]) -> Iterator[FilledRow]:
    missing = [name for name in COLUMNS if name not in header]
    unknown = [f"{_letter(place)}1 {name!r}" for place, name in enumerate(header) if name and name not in COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1 and name})
    if missing or unknown or twice:
        parts = (("missing", missing), ("unknown", unknown), ("twice", twice))
        raise StudyError(
            "LW-XCH-005",
            "the columns are not those that were exported",
            where=str(path),
            found="; ".join(f"{word}: {', '.join(names)}" for word, names in parts if names),
            next_step="put the columns back as they were, or export anew; remarks belong in the column comment",
        )
    letters = {name: _letter(place) for place, name in enumerate(header) if name}
    for form, cells in rows:
        addresses = {name: form.format(letter if "!" in form else name) for name, letter in letters.items()}
        yield FilledRow(cells, addresses)


def _letter(column: int) -> str:
    """A column's letters in a spreadsheet: A, B … Z, AA."""
    first, last = divmod(column, 26)
    return (_letter(first - 1) if first else "") + chr(ord("A") + last)


def _as_csv(book: FindingsBook) -> bytes:
    return inert_csv(COLUMNS, book.rows).encode("utf-8-sig")


def _read_csv(path: Path) -> Table:
    lines = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True)
    header = tuple(next(lines, ()))
    found = [
        (f"row {number}, {{}}", dict(zip(header, map(as_written, [*cells, *[""] * len(header)]), strict=False)))
        for number, cells in enumerate(lines, start=2)
        if any(cells)
    ]
    return header, iter(found)


def _as_json(book: FindingsBook) -> bytes:
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in book.rows]
    return orjson.dumps({"study": book.study_id, "findings": rows}, option=orjson.OPT_INDENT_2)


def _read_json(path: Path) -> Table:
    value: Any = orjson.loads(path.read_bytes())
    found: list[tuple[str, dict[str, str]]] = []
    names: dict[str, None] = dict.fromkeys(COLUMNS)
    for number, row in enumerate(value["findings"], start=1):
        cells = {str(name): "" if cell is None else str(cell) for name, cell in row.items()}
        names.update(dict.fromkeys(cells))
        found.append((f"row {number}, {{}}", {**dict.fromkeys(COLUMNS, ""), **cells}))
    return tuple(names), iter(found)
