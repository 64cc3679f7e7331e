"""Numbers that stand under each other: `12 (14.0)` above `3 (3.6)`, point under point."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

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


@dataclass
class Alignment:
    """Where the parts of each cell of one column stand. A cell's parts are what blanks separate; the first parts of
    all cells share one point, the second parts another. `width`: of the whole block."""

    style: Style
    points: tuple[float, ...]
    width: float
    _placed: dict[str, tuple[tuple[float, str], ...]] = field(default_factory=dict, repr=False)

    def place(self, cell: str) -> tuple[tuple[float, str], ...]:
        """The cell's parts with their distance from the left of the block; computed once per distinct cell. Each part
        but the last carries its blank, so that extracted text reads as the cell does."""
        placed = self._placed.get(cell)
        if placed is None:
            tokens = cell.split(" ") if cell else []
            placed = tuple(
                (point - width_of(split_at_point(token)[0], self.style), token + " " * (number < len(tokens) - 1))
                for number, (token, point) in enumerate(zip(tokens, self.points, strict=False))
            )
            self._placed[cell] = placed
        return placed


def align(cells: Sequence[str], style: Style) -> Alignment:
    """The alignment of a numeric column."""
    lefts: list[float] = []
    rights: list[float] = []
    for cell in dict.fromkeys(cells):
        for number, token in enumerate(cell.split(" ") if cell else ()):
            if number == len(lefts):
                lefts.append(0.0)
                rights.append(0.0)
            left, right = split_at_point(token)
            lefts[number] = max(lefts[number], width_of(left, style))
            rights[number] = max(rights[number], width_of(right, style))
    blank = width_of(" ", style)
    points: list[float] = []
    x = 0.0
    for left_width, right_width in zip(lefts, rights, strict=True):
        points.append(x + left_width)
        x += left_width + right_width + blank
    return Alignment(style, tuple(points), max(x - blank, 0.0))
