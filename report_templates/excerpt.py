"""Pages cut out of their report: with the rows that stand on them, and without all others of their tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, overload

from report_templates.flow import GridPart, PagePlan
from report_templates.grid import Grid
from report_templates.listing_layout import WrappedRows

Item = TypeVar("Item")


@dataclass(frozen=True)
class Excerpt(Sequence[Item]):
    """Some items of a sequence, each under its own number; the others are not there, though they are counted."""

    length: int
    kept: Mapping[int, Item]

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if isinstance(index, slice):
            return [self.kept[number] for number in range(*index.indices(self.length))]
        return self.kept[index]


def cut_out(pages: Iterable[PagePlan]) -> list[PagePlan]:
    """The pages, drawn like those given, and small enough to be sent: a table's rows are those of these pages."""
    pages = list(pages)
    grids: dict[int, Grid] = {}
    wanted: dict[int, set[int]] = {}
    for page in pages:
        for item in page.items:
            if isinstance(item, GridPart):
                grids[id(item.grid)] = item.grid
                wanted.setdefault(id(item.grid), set()).update(item.shown, item.rows.continued)
    small = {each: _with_rows(grid, sorted(wanted[each])) for each, grid in grids.items()}
    return [
        replace(
            page,
            items=[
                replace(item, grid=small[id(item.grid)]) if isinstance(item, GridPart) else item for item in page.items
            ],
        )
        for page in pages
    ]


def _with_rows(grid: Grid, numbers: Sequence[int]) -> Grid:
    rows = grid.rows
    if isinstance(rows, WrappedRows):
        return replace(grid, rows=replace(rows, rows=_excerpt(rows.rows, numbers)), boxes=_excerpt(grid.boxes, numbers))
    return replace(grid, rows=_excerpt(rows, numbers), boxes=_excerpt(grid.boxes, numbers))


def _excerpt(items: Sequence[Item], numbers: Iterable[int]) -> Excerpt[Item]:
    return Excerpt(len(items), {number: items[number] for number in numbers})
