"""A table with its columns placed and its lines broken, ready to be cut into pages and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from report_templates.alignment import Alignment
from report_templates.row_plan import RowBox
from report_templates.text import GREY, Style

BODY = Style("regular", 9.0, leading=11.5)
STRONG = Style("bold", 9.0, leading=11.5)
NOTE = Style("italic", 9.0, leading=11.5)
QUIET = Style("regular", 9.0, GREY, 11.5)

ROW_PAD = 2.0
INDENT = 10.0
GROUP_SPACE = 3.0
REPEATED_LABEL = STRONG.leading + ROW_PAD + GROUP_SPACE
"""The height of a parent's label where it is repeated on top of a page; it may run over the columns: one line."""
RULE_SPACE = 4.0
GUTTER = 12.0
GROUP_GAP = 9.0


@dataclass(frozen=True)
class GridColumn:
    """A column of one panel. `cell`: which cell of a row it shows (0 is the stub). `alignment`: of numbers; None for
    text. Text starts at the left, and so do numbers unless `centred`."""

    cell: int
    x: float
    width: float
    alignment: Alignment | None = None
    centred: bool = False

    @property
    def middle(self) -> float:
        """Where a centred heading stands."""
        return self.x + self.width / 2

    @property
    def start(self) -> float:
        """Where its cells begin."""
        return self.middle - self.alignment.width / 2 if self.alignment and self.centred else self.x


@dataclass(frozen=True)
class HeadText:
    """A heading: its lines, set from `x` or, where `centred`, about it. It ends on the last line of its level, or,
    where it `hangs`, starts on the first. `rule`: the ends of a rule under a heading that spans columns."""

    lines: tuple[str, ...]
    x: float
    style: Style
    centred: bool = False
    hangs: bool = False
    rule: tuple[float, float] | None = None


@dataclass(frozen=True)
class HeadRow:
    """Headings that stand on one level."""

    texts: tuple[HeadText, ...]
    height: float


@dataclass(frozen=True)
class Panel:
    """The columns that stand side by side on one page. A table wider than a page has several, each with the stub."""

    columns: tuple[GridColumn, ...]
    head: tuple[HeadRow, ...]

    @property
    def head_height(self) -> float:
        """The height of all headings, without the rules around them."""
        return sum(row.height for row in self.head)


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row: for each cell its lines. `indent`: of the stub. `strong`: whether the stub is set in bold. `above`: white
    space over it. `wide`: cells of text that run over the empty ones beside them."""

    cells: tuple[tuple[str, ...], ...]
    indent: float = 0.0
    strong: bool = False
    above: float = 0.0
    wide: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Grid:
    """A whole table: panels, rows, and the same rows as the page plan sees them."""

    width: float
    panels: tuple[Panel, ...]
    rows: Sequence[GridRow]
    boxes: Sequence[RowBox]
    landscape: bool
