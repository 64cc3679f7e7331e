"""A comparison of two snapshots as a workbook. Values come from trial data: none is ever a formula or a link."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from longwatch.evidence.snapshot_diff import SnapshotDiff, summary_table, variables_table
from longwatch.evidence.table_diff import MOVES_HEADER, MovedNumber

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

SHEET_ROWS = 1_048_576
"""What a sheet holds, its header included (Microsoft, Excel specifications and limits); further rows go to a further
sheet."""
CELL_LETTERS = 32_767
"""What a cell holds; a longer text is cut there, and ends so:"""
CUT = " … (cut here; whole in changes.csv)"
WIDTHS = {"dataset": 10, "variable": 12, "old": 36, "new": 36, "record": 24, "record_before": 24, "kind": 10}

Cell = str | int | float | None


def write_workbook(
    path: Path,
    diff: SnapshotDiff,
    moves: Sequence[MovedNumber] | None,
    facts: Sequence[tuple[str, str]],
) -> None:
    """The sheets: About (`facts`), Summary (a row a dataset), Variables, Changes (a row a value), and Moved numbers
    where a report was compared. A missing value is an empty cell. Rows are written as they come: memory stays flat.

    Raises OSError where the file cannot be written.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    options = {
        "constant_memory": True,
        "tmpdir": str(path.parent),
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(str(path), options)
    _write_sheet(book, "About", ("What", "Is"), facts, (26, 90))
    summary, variables = summary_table(diff), variables_table(diff)
    counts = (
        (
            domain.name, domain.state.value, domain.before, domain.after, domain.added, domain.removed, domain.changed,
            domain.study_days_only, domain.unchanged, domain.renumbered, domain.moved, len(domain.variables),
        )
        for domain in diff.domains
    )  # fmt: skip
    _write_sheet(book, "Summary", summary.header, counts, (12,))
    _write_sheet(book, "Variables", variables.header, variables.rows, (10, 12, 14, 40, 40, 14))
    columns = diff.changes.columns
    _write_sheet(book, "Changes", columns, diff.changes.iter_rows(), [WIDTHS.get(name, 18) for name in columns])
    if moves is not None:
        _write_sheet(book, "Moved numbers", MOVES_HEADER, map(_moved, moves), (12, 32, 32, 24, 14, 10, 18, 18, 16, 16))
    try:
        book.close()
    except FileCreateError as refused:
        raise refused.args[0] if isinstance(refused.args[0], OSError) else OSError(str(refused)) from refused


def _moved(item: MovedNumber) -> tuple[Cell, ...]:
    name = (item.output, item.row_group, item.row, item.column, item.statistic, item.move.value)
    return (*name, *item.values, *item.texts)


def _write_sheet(
    book: Workbook, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], widths: Sequence[int]
) -> None:
    """One sheet, or as many as the rows need: `Changes`, `Changes 2` …"""
    bold = book.add_format({"bold": True, "bottom": 1})
    left = iter(rows)
    number = 0
    while True:
        part = islice(left, SHEET_ROWS - 1)
        first = next(part, None)
        if first is None and number:
            return
        number += 1
        sheet = book.add_worksheet(name if number == 1 else f"{name} {number}")
        for column in range(len(header)):
            sheet.set_column(column, column, widths[min(column, len(widths) - 1)])
        sheet.freeze_panes(1, 0)
        for column, text in enumerate(header):
            sheet.write_string(0, column, text, bold)
        if first is None:
            return
        for place, row in enumerate((first, *part), start=1):
            for column, value in enumerate(row):
                _write_cell(sheet, place, column, value)


def _write_cell(sheet: Worksheet, row: int, column: int, value: Cell) -> None:
    if value is None:
        return
    if isinstance(value, str):
        whole = len(value.encode("utf-16-le")) <= 2 * CELL_LETTERS
        sheet.write_string(row, column, value if whole else value[: CELL_LETTERS // 2] + CUT)
    elif math.isfinite(value):
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, str(value))
