"""What stands above a table and in its header, for every format that sets one: titles, column groups, widths."""

from __future__ import annotations

from longwatch.standards.legible import legible
from longwatch.tables.result import TableResult

INCH = 1440
"""Twips, the unit of RTF and of Word."""
PAGE = (11 * INCH, 17 * INCH // 2)
"""US Letter, landscape: width and height."""
MARGIN = INCH * 3 // 4
USABLE = PAGE[0] - 2 * MARGIN
_NARROW_STUB = 0.22
"""As much of the page the stub wants before the columns have what they want; its labels wrap well, intervals do not."""
_LETTER = 112
"""About what a letter of 8 points takes, in twips, in a wide font and bold."""
_PADDING = 170
_MOST_LETTERS, _LONGEST_WORD = 60, 20
"""A text longer than this wraps, a word longer than this is broken."""


def titles_of(table: TableResult) -> tuple[str, ...]:
    """The lines above a table: code and title, what it is of, the population."""
    number = f" (FDA {table.guide})" if table.guide else ""
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

    Each column first gets what its longest word takes, so that no number breaks (a group heading: shared by its
    columns); what is left goes to whole texts, in proportion to what they still want. Where not even the words have
    room, all shrink alike; longer texts wrap.
    """
    texts = [[table.stub, *("  " * row.level + row.label for row in table.rows)]]
    for place, column in enumerate(table.columns):
        texts.append([column.heading, column.subheading, *(row.cells[place] for row in table.rows)])
    least = [_width(max(_longest_word(text) for text in column)) for column in texts]
    whole = [max(_width(max(map(_length, column))), narrow) for column, narrow in zip(texts, least, strict=True)]
    stub = whole[0]
    whole[0] = max(min(stub, int(USABLE * _NARROW_STUB)), least[0])
    first = 1
    for name, span in groups_of(table):
        missing = _width(_longest_word(name)) - sum(least[first : first + span])
        for place in range(first, first + span):
            least[place] += max(missing, 0) // span + 1
            whole[place] = max(whole[place], least[place])
        first += span
    left, wanted = USABLE - sum(least), sum(whole) - sum(least)
    if left < 0:
        widths = [width * USABLE // sum(least) for width in least]
    elif wanted:
        share = min(left / wanted, 1.0)
        widths = [low + int((high - low) * share) for low, high in zip(least, whole, strict=True)]
    else:
        widths = least
    widths[0] += max(min(stub - widths[0], USABLE - sum(widths)), 0)
    spare = USABLE - sum(widths)
    each = spare // len(widths)
    return [widths[0] + spare - each * (len(widths) - 1), *(width + each for width in widths[1:])]


def _width(letters: int) -> int:
    return letters * _LETTER + _PADDING


def _length(text: str) -> int:
    return min(len(legible(text)), _MOST_LETTERS)


def _longest_word(text: str) -> int:
    return min(max((len(word) for word in legible(text).split()), default=0), _LONGEST_WORD)
