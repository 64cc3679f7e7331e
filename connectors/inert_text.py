"""Text in a CSV file that no spreadsheet program takes for a formula, and the way back.

A cell is opened as a formula where it begins with one of `= + - @`, a tab or a line end (OWASP, CSV injection), or with
the full-width forms of these, which spreadsheet programs of East Asian languages read as the same; blanks before them
do not help. Such a cell gets an apostrophe before it, and so does one that begins with an apostrophe already: so what
is read back is what was written.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_DASHES = "\u2212\u2010\u2011\u2012\u2013"
_MARK = "'"


def inert(cell: str) -> str:
    """The cell as text for every spreadsheet program."""
    return f"{_MARK}{cell}" if is_marked(cell) else cell


def inert_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lines for people, who open them in a spreadsheet program: each cell inert."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([inert(cell) for cell in row] for row in rows)
    return text.getvalue()


def as_written(cell: str) -> str:
    """The cell without the apostrophe that `inert` put before it."""
    return cell[1:] if cell.startswith(_MARK) and is_marked(cell[1:]) else cell


def is_marked(cell: str) -> bool:
    """Whether `inert` puts an apostrophe before it."""
    if cell.startswith((*_STARTS, _MARK)):
        return True
    first = next((sign for sign in cell if not _is_invisible(sign)), "")
    return unicodedata.normalize("NFKC", first).startswith(_STARTS) or (first != "" and first in _DASHES)


def _is_invisible(sign: str) -> bool:
    return sign.isspace() or unicodedata.category(sign) in {"Cf", "Cc"}
