"""Which rows stand on which page. Pure numbers: heights in, slices out, linear in the number of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_LINES = 4
"""Of a row taller than a page: fewer do not begin at the foot of a page."""


@dataclass(frozen=True, slots=True)
class RowBox:
    """A row as the plan sees it.

    `lines` of `leading` points each, and `pad` around them. `parents`: the rows it stands under, outermost first;
    their labels are repeated where a page starts with this row. `keeps`: it is not parted from the next row.
    """

    lines: int
    leading: float
    pad: float
    parents: tuple[int, ...] = ()
    keeps: bool = False

    @property
    def height(self) -> float:
        """The height of the whole row."""
        return self.lines * self.leading + self.pad


@dataclass(frozen=True, slots=True)
class RowSlice:
    """The rows of one page: from (`first`, `first_line`) to before (`end`, `end_line`); lines other than 0 only where
    a row is taller than a page. `continued`: rows whose labels are repeated on top. `height`: of all that."""

    first: int
    first_line: int
    end: int
    end_line: int
    continued: tuple[int, ...]
    height: float


def plan_rows(
    boxes: Sequence[RowBox], first_room: float, room: float, tail: float, repeat: float, least: int = 3
) -> list[RowSlice]:
    """The slices of a table.

    `first_room`, `room`: points for rows on the first page and on each other one. `tail`: points that must be left
    under the last row (footnotes). `repeat`: height of one repeated label.

    Rules: 1. as many rows as fit; 2. a row that keeps the next goes with it to the next page; 3. where a page starts
    below a parent, the parent's label is repeated; 4. a row taller than a page begins where it stands, if `LEAST_LINES`
    of it fit there, and is cut between its lines; 5. where the tail does not fit under the last row, the last `least`
    rows move to a page of their own with it; a tail that fits on no page with them changes nothing; 6. where one row
    alone would be left for the last page, the one before goes with it. No row, no slice.
    """
    slices: list[RowSlice] = []
    row, line = 0, 0
    while row < len(boxes):
        available = room if slices else first_room
        part = _fill(boxes, row, line, available, repeat if slices else 0.0, room)
        slices.append(part)
        row, line = part.end, part.end_line
    if slices and slices[-1].height + tail > (room if len(slices) > 1 else first_room):
        slices[-1:] = _make_room_for_tail(boxes, slices[-1], room, tail, repeat, least)
    elif len(slices) > 1:
        slices[-2:] = _give_company(boxes, slices[-2], slices[-1], room - tail, repeat)
    return slices


def _fill(boxes: Sequence[RowBox], row: int, line: int, room: float, repeat: float, page: float) -> RowSlice:
    continued = boxes[row].parents if repeat else ()
    used = top = len(continued) * repeat
    end, from_line = row, line
    while end < len(boxes):
        box = boxes[end]
        height = box.height - from_line * box.leading
        if used + height > room:
            break
        used, end, from_line = used + height, end + 1, 0
    if end == len(boxes):
        return RowSlice(row, line, end, 0, continued, used)
    tall = boxes[end]
    fit = int((room - used - tall.pad) // tall.leading)
    if end > row and tall.height + len(tall.parents) * repeat > page and fit >= LEAST_LINES:
        return RowSlice(row, line, end, fit, continued, used + fit * tall.leading + tall.pad)
    back = end
    while back > row and boxes[back - 1].keeps:
        back -= 1
    if back > row:
        used -= sum(box.height for box in boxes[back:end])
        return RowSlice(row, line, back, 0, continued, used)
    if end > row:
        return RowSlice(row, line, end, 0, continued, used)
    box = boxes[row]
    fit = max(int((room - top - box.pad) // box.leading), 1)
    return RowSlice(row, line, row, line + fit, continued, top + fit * box.leading + box.pad)


def _give_company(
    boxes: Sequence[RowBox], before: RowSlice, last: RowSlice, room: float, repeat: float
) -> tuple[RowSlice, RowSlice]:
    """The last two slices, one row moved to the last where that has a single one and the other can spare it."""
    moved = before.end - 1
    if last.end - last.first > 1 or last.first_line or moved - before.first < 2 or boxes[moved - 1].keeps:
        return before, last
    continued = boxes[moved].parents
    height = boxes[moved].height + boxes[last.first].height + len(continued) * repeat
    if height > room:
        return before, last
    return (
        RowSlice(before.first, before.first_line, moved, 0, before.continued, before.height - boxes[moved].height),
        RowSlice(moved, 0, last.end, 0, continued, height),
    )


def _make_room_for_tail(
    boxes: Sequence[RowBox], last: RowSlice, room: float, tail: float, repeat: float, least: int
) -> list[RowSlice]:
    start = max(last.end - least, last.first)
    while start > last.first and boxes[start - 1].keeps:
        start -= 1
    continued = boxes[start].parents
    moved = sum(box.height for box in boxes[start : last.end])
    height = moved + len(continued) * repeat
    if start == last.first or height + tail > room:
        return [last]
    return [
        RowSlice(last.first, last.first_line, start, 0, last.continued, last.height - moved),
        RowSlice(start, 0, last.end, 0, continued, height),
    ]
