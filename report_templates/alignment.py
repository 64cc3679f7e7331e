"""Numbers that stand under each other: `12 (14.0)` above `3 (3.6)`, point under point."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from report_templates.text import Style, width_of

_NUMERIC = re.compile(r"(?:[\d\s()\[\]{}<>≤≥=.,;:%+/*†‡§±~−–-]|\b(?:NE|NA|NR|ND|NC)\b)*")
_PARTS = re.compile(r"(?P<left>\D*\d+(?:[,\u202f ]\d{3})*)(?P<right>.*)", re.DOTALL)
_MOST_SLOTS = 6


def is_numeric(cells: Iterable[str]) -> bool:
    """Whether a column holds only numbers, signs and NE, so that its cells are aligned instead of wrapped."""
    return all(_NUMERIC.fullmatch(cell) and len(cell.split(" ")) <= _MOST_SLOTS for cell in cells)


def split_at_point(token: str) -> tuple[str, str]:
    """What stands left of the alignment point and what right of it.

    Cases: a number (`(14.0)` → `(14`, `.0)`; `(<0.1)` → `(<0`, `.1)`; `(100)` → `(100`, `)`); no digit (`(NE,` →
    `(NE`, `,`).
    """
    number = _PARTS.fullmatch(token)
    if number:
        return number["left"], number["right"]
    left = token.rstrip(",;)]%")
    return left, token[len(left) :]


@dataclass(frozen=True)
class Alignment:
    """Where the parts of each cell of one column stand. A cell's parts are what blanks separate; the first parts of
    all cells share one point, the second parts another. `width`: of the whole block."""

    style: Style
    points: tuple[float, ...]
    width: float

    def place(self, cell: str) -> tuple[tuple[float, str], ...]:
        """The cell's parts with their distance from the left of the block. Each part but the last carries its blank,
        so that extracted text reads as the cell does."""
        return _place(cell, self.points, self.style)


@lru_cache(maxsize=1 << 13)
def _place(cell: str, points: tuple[float, ...], style: Style) -> tuple[tuple[float, str], ...]:
    tokens = cell.split(" ") if cell else []
    return tuple(
        (point - width_of(split_at_point(token)[0], style), token + " " * (number < len(tokens) - 1))
        for number, (token, point) in enumerate(zip(tokens, points, strict=False))
    )


class NumberColumn:
    """A column of numbers on its way to its alignment: cells may come a part at a time, in any order."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._lefts: list[float] = []
        self._rights: list[float] = []

    def add(self, cells: Iterable[str]) -> None:
        """Make room for these cells, too."""
        lefts, rights, style = self._lefts, self._rights, self._style
        for cell in cells:
            for number, token in enumerate(cell.split(" ") if cell else ()):
                if number == len(lefts):
                    lefts.append(0.0)
                    rights.append(0.0)
                left, right = split_at_point(token)
                lefts[number] = max(lefts[number], width_of(left, style))
                rights[number] = max(rights[number], width_of(right, style))

    def align(self) -> Alignment:
        """The alignment of all cells that have come."""
        blank = width_of(" ", self._style)
        points: list[float] = []
        x = 0.0
        for left_width, right_width in zip(self._lefts, self._rights, strict=True):
            points.append(x + left_width)
            x += left_width + right_width + blank
        return Alignment(self._style, tuple(points), max(x - blank, 0.0))


def align(cells: Iterable[str], style: Style) -> Alignment:
    """The alignment of a numeric column."""
    column = NumberColumn(style)
    column.add(dict.fromkeys(cells))
    return column.align()
