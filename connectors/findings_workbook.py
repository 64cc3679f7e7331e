"""Findings as a workbook that people fill, and read back. No value is ever a formula or a link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.change_workbook import SHEET_ROWS
from connectors.readers.xlsx import check_parts, open_workbook
from longwatch.findings.exchange import COLUMNS, FILLED, SEAL, SETTABLE
from longwatch.findings.exchange_sheets import DETAILS, FindingsBook, Sheet

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

WIDTHS = {
    "id": 12, "version": 8, "group": 12, "rule": 12, "severity": 9, "dataset": 9, "subject": 20, "site": 8,
    "record": 30,    "message": 60, "values": 40, "records": 8, "what to do": 44, "first found": 11, "state": 14,
    "assignee": 14, "answer": 36, "comment": 36, "reason": 30, "waive until": 12,
}  # fmt: skip
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

Table = tuple[tuple[str, ...], Iterator[tuple[str, dict[str, str]]]]


def write_workbook(path: Path, book: FindingsBook) -> None:
    """All sheets; the details on as many as they need. Rows are written as they come: memory stays flat.

    Raises OSError where the file cannot be written.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    workbook = xlsxwriter.Workbook(str(path), {**_OPTIONS, "constant_memory": True, "tmpdir": str(path.parent)})
    for sheet in book.sheets:
        _write_plain(workbook, sheet)
    _write_details(workbook, book.rows)
    try:
        workbook.close()
    except FileCreateError as refused:
        raise refused.args[0] if isinstance(refused.args[0], OSError) else OSError(str(refused)) from refused


def _write_plain(workbook: Workbook, sheet: Sheet) -> None:
    head = workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    body = workbook.add_format({"text_wrap": True, "valign": "top"})
    page = workbook.add_worksheet(sheet.title)
    for column, text in enumerate(sheet.header):
        page.set_column(column, column, sheet.widths[min(column, len(sheet.widths) - 1)])
        page.write_string(0, column, text, head)
    page.freeze_panes(1, 0)
    _print_legibly(page)
    for number, row in enumerate(sheet.rows[: SHEET_ROWS - 1], start=1):
        for column, value in enumerate(row):
            if isinstance(value, str):
                page.write_string(number, column, value, body)
            else:
                page.write_number(number, column, value, body)
    if sheet.rows:
        page.autofilter(0, 0, len(sheet.rows), len(sheet.header) - 1)


def _write_details(workbook: Workbook, rows: Iterable[Sequence[str]]) -> None:
    """One sheet, or as many as the rows need: `Details`, `Details 2` …"""
    head = workbook.add_format({"bold": True, "bottom": 1, "bg_color": "#D9DEE4"})
    locked = workbook.add_format({"bg_color": "#F2F4F6", "valign": "top", "num_format": "@"})
    free = workbook.add_format({"locked": False, "valign": "top", "num_format": "@", "text_wrap": True, "border": 4})
    formats = [free if name in FILLED else locked for name in COLUMNS]
    left = iter(rows)
    number = 0
    while True:
        part = list(islice(left, SHEET_ROWS - 1))
        if number and not part:
            return
        number += 1
        page = workbook.add_worksheet(DETAILS if number == 1 else f"{DETAILS} {number}")
        _lay_out(page, head, len(part))
        for place, row in enumerate(part, start=1):
            for column, value in enumerate(row):
                if value:
                    page.write_string(place, column, value, formats[column])
                else:
                    page.write_blank(place, column, None, formats[column])
        if number == 1:
            page.activate()


def _lay_out(page: Worksheet, head: object, rows: int) -> None:
    """Header, widths, drop-down lists, filters, protection of all that is not filled."""
    for column, name in enumerate(COLUMNS):
        hidden = {"hidden": True} if name == SEAL else {}
        page.set_column(column, column, WIDTHS.get(name, 12), None, hidden)
        page.write_string(0, column, name, head)
    page.freeze_panes(1, 0)
    _print_legibly(page)
    last = max(rows, 1)
    page.autofilter(0, 0, last, len(COLUMNS) - 2)
    state, until = COLUMNS.index("state"), COLUMNS.index("waive until")
    page.data_validation(
        1, state, last, state,
        {
            "validate": "list",
            "source": [item.value for item in SETTABLE],
            "error_title": "State",
            "error_message": "Choose one of the list; new and fixed are said by the data.",
        },
    )  # fmt: skip
    page.data_validation(
        1, until, last, until,
        {
            "validate": "any",
            "input_title": "Last day of the waiver",
            "input_message": "As 2026-12-31",
        },
    )  # fmt: skip
    allowed = ("sort", "autofilter", "format_columns", "format_rows", "select_locked_cells", "select_unlocked_cells")
    page.protect("", dict.fromkeys(allowed, True))


def read_workbook(path: Path) -> list[Table]:
    """The header of each details sheet, and its rows: an address form (`Details!{}17`) and the cells by column.

    Rows without any text are no rows. A date that a spreadsheet program made of a text is ISO 8601 again.

    Raises SourceError LW-SRC-080 where the file is no workbook, LW-SRC-087 where it unpacks to too much.
    """
    check_parts(path, path.name)
    tables: list[Table] = []
    with open_workbook(path, path.name, values=False) as book:
        for sheet in book.worksheets:
            if sheet.title != DETAILS and not re.fullmatch(rf"{DETAILS} \d+", sheet.title):
                continue
            rows = sheet.iter_rows(values_only=True)
            header = tuple(_text(value) for value in next(rows, ()))
            tables.append((header, iter(list(_rows(sheet.title, header, rows)))))
    return tables


def _rows(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[tuple[str, dict[str, str]]]:
    for number, values in enumerate(rows, start=2):
        cells = [_text(value) for value in values]
        if any(cells):
            cells += [""] * (len(header) - len(cells))
            yield f"{title}!{{}}{number}", dict(zip(header, cells, strict=False))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _ESCAPED.sub(lambda hit: chr(int(hit[1], 16)), value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _print_legibly(page: Worksheet) -> None:
    """On paper: lying, all columns on one page's width, the header on every page."""
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
