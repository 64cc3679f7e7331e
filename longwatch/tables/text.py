"""A table as plain text: what a reviewer reads in a diff, and what `longwatch table make` prints."""

from __future__ import annotations

import textwrap

from longwatch.tables.heads import titles_of
from longwatch.tables.result import TableResult

_GAP = "  "
_INDENT = "  "
_WIDEST_STUB = 52


def as_text(table: TableResult) -> str:
    """Title, population, header with N, rows, footnotes; columns aligned, no trailing blanks, ends with a line end.

    A table without rows shows its note in their place. Long labels are wrapped under themselves.
    """
    stub_lines = [
        textwrap.wrap(row.label, _WIDEST_STUB - len(_INDENT) * row.level, break_long_words=False) or [""]
        for row in table.rows
    ]
    labels = [
        [_INDENT * (row.level + bool(number)) + line for number, line in enumerate(lines)]
        for row, lines in zip(table.rows, stub_lines, strict=True)
    ]
    stub = max([len(table.stub), *(len(line) for lines in labels for line in lines)])
    widths = [
        max([len(column.heading), len(column.subheading), *(len(row.cells[place]) for row in table.rows)])
        for place, column in enumerate(table.columns)
    ]
    groups = _groups(table, widths)
    lines = [*titles_of(table)]
    rule = "-" * (stub + sum(len(_GAP) + width for width in widths))
    lines.append(rule)
    if any(column.group for column in table.columns):
        lines.append(" " * stub + "".join(_GAP + name.center(width) for name, width in groups))
    lines.append(_row(table.stub, [column.heading for column in table.columns], stub, widths))
    lines.append(_row("", [column.subheading for column in table.columns], stub, widths))
    lines.append(rule)
    for row, label in zip(table.rows, labels, strict=True):
        lines += label[:-1]
        lines.append(_row(label[-1], list(row.cells), stub, widths))
    if not table.rows:
        lines.append(table.empty_note)
    lines.append(rule)
    for note in table.footnotes:
        lines += textwrap.wrap(note, max(len(rule), 80), break_long_words=False)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _row(label: str, cells: list[str], stub: int, widths: list[int]) -> str:
    return label.ljust(stub) + "".join(_GAP + cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def _groups(table: TableResult, widths: list[int]) -> list[tuple[str, int]]:
    """Group headings with the width of their columns; a group too narrow for its heading widens its last column."""
    found: list[tuple[str, list[int]]] = []
    for place, column in enumerate(table.columns):
        if found and column.group and found[-1][0] == column.group:
            found[-1][1].append(place)
        else:
            found.append((column.group, [place]))
    for name, places in found:
        width = sum(widths[place] for place in places) + len(_GAP) * (len(places) - 1)
        widths[places[-1]] += max(len(name) - width, 0)
    return [(name, sum(widths[place] for place in places) + len(_GAP) * (len(places) - 1)) for name, places in found]
