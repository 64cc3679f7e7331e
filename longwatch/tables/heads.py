"""What stands above a table and in its header, for every format that sets one: titles, column groups, widths."""

from __future__ import annotations

from collections.abc import Sequence

from longwatch.standards.legible import legible
from longwatch.tables.result import TableResult

INCH = 1440
"""Twips, the unit of RTF and of Word."""
PAGE = (11 * INCH, 17 * INCH // 2)
"""US Letter, landscape: width and height."""
MARGIN = INCH * 3 // 4
USABLE = PAGE[0] - 2 * MARGIN
_WIDEST_STUB = 0.42
_NARROWEST = 420
_LETTER = 105
"""About what a letter of 8 points takes, in twips."""
_PADDING = 150


def titles_of(table: TableResult) -> tuple[str, ...]:
    """The lines above a table: code and title, what it is of, the population."""
    number = f" (FDA table {table.number})" if table.number else ""
    lines = (f"{table.code}{number}: {table.title}", table.subtitle, table.population)
    return tuple(line for line in lines if line)


def groups_of(table: TableResult) -> list[tuple[str, int]]:
    """The headings above the columns, each with its number of columns; an empty one stands over one."""
    found: list[tuple[str, int]] = []
    for column in table.columns:
        if found and column.group and found[-1][0] == column.group:
            found[-1] = (column.group, found[-1][1] + 1)
        else:
            found.append((column.group, 1))
    return found


def has_groups(table: TableResult) -> bool:
    """Whether any column stands below a group heading."""
    return any(column.group for column in table.columns)


def compute_widths(table: TableResult) -> list[int]:
    """The widths of the stub and of the columns in twips: together the usable width of the page.

    Each column is as wide as its longest text, the stub at most 42 % of the page; then all shrink or stretch alike.
    A column is never narrower than its shortest readable width; longer texts wrap.
    """
    stub = max([len(table.stub), *(len(row.label) + 2 * row.level for row in table.rows)])
    wanted = [min(stub * _LETTER + _PADDING, int(USABLE * _WIDEST_STUB))]
    for place, column in enumerate(table.columns):
        texts = (column.heading, column.subheading, *(row.cells[place] for row in table.rows))
        wanted.append(max(_NARROWEST, _longest(texts) * _LETTER + _PADDING))
    total = sum(wanted)
    widths = [width * USABLE // total for width in wanted]
    widths[0] += USABLE - sum(widths)
    return widths


def _longest(texts: Sequence[str]) -> int:
    return min(max(len(legible(text)) for text in texts), 40)
