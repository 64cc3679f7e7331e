"""The page plan: what stands where on which page, as data. Nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from report_templates.chart_drawing import ChartDrawing
from report_templates.grid import Grid
from report_templates.page import Geometry, make_geometry
from report_templates.row_plan import RowSlice
from report_templates.text import BLACK, Colour, Style, wrap


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of text from a top edge downwards; `x` is the left, the right or the middle, as `align` says."""

    x: float
    top: float
    lines: tuple[str, ...]
    style: Style
    align: str = "left"


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal rule."""

    left: float
    right: float
    y: float
    weight: float = 0.5
    colour: Colour = BLACK
    dots: bool = False


@dataclass(frozen=True, slots=True)
class GridPart:
    """The headings and some rows of one panel of a table."""

    grid: Grid
    panel: int
    rows: RowSlice
    top: float
    head_height: float

    @property
    def shown(self) -> range:
        """The numbers of the rows of which something stands here."""
        return range(self.rows.first, min(self.rows.end + (self.rows.end_line > 0), len(self.grid.rows)))


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart from a top edge downwards."""

    drawing: ChartDrawing
    left: float
    top: float


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place that bookmarks and links lead to."""

    key: str
    top: float


@dataclass(frozen=True, slots=True)
class Link:
    """An area that leads to an anchor."""

    key: str
    left: float
    bottom: float
    right: float
    top: float


Item = Lines | Rule | GridPart | Picture | Anchor | Link


@dataclass(slots=True)
class PagePlan:
    """One page. `running_head`: whether it has the header (the title page has none)."""

    geometry: Geometry
    landscape: bool
    running_head: bool = True
    items: list[Item] = field(default_factory=list)


class Flow:
    """Pages being filled from top to bottom. `y` is the top edge of what comes next."""

    def __init__(self, page_size: str) -> None:
        self.upright = make_geometry(page_size, landscape=False)
        self.landscape = make_geometry(page_size, landscape=True)
        self.pages: list[PagePlan] = []
        self.y = 0.0

    @property
    def page(self) -> PagePlan:
        """The page being filled."""
        return self.pages[-1]

    @property
    def geometry(self) -> Geometry:
        """Its format."""
        return self.page.geometry

    @property
    def room(self) -> float:
        """The height that is left on it."""
        return self.y - self.geometry.bottom

    @property
    def is_fresh(self) -> bool:
        """Whether nothing stands on it yet."""
        return self.y == self.geometry.top

    def start_page(self, *, landscape: bool = False, running_head: bool = True) -> None:
        """Go on with a new page."""
        geometry = self.landscape if landscape else self.upright
        self.pages.append(PagePlan(geometry, landscape, running_head))
        self.y = geometry.top

    def add(self, *items: Item) -> None:
        """Put items on the page where they say; the flow does not move."""
        self.page.items.extend(items)

    def skip(self, height: float) -> None:
        """Leave white space, less where the page ends, none on top of a page."""
        if not self.is_fresh:
            self.y = max(self.y - height, self.geometry.bottom)

    def put_lines(self, lines: Sequence[str], style: Style, x: float) -> None:
        """Put lines under what stands, going on to further pages. Two lines at least stay together at either end."""
        rest = tuple(lines)
        while rest:
            fit = min(int((self.room + 0.01) // style.leading), len(rest))
            if 0 < len(rest) - fit < 2:
                fit = len(rest) - 2
            if fit < min(2, len(rest)):
                if not self.is_fresh:
                    self.start_page(landscape=self.page.landscape)
                    continue
                fit = max(fit, 1)
            self.add(Lines(x, self.y, rest[:fit], style))
            self.y -= fit * style.leading
            rest = rest[fit:]

    def put_text(self, text: str, style: Style, *, indent: float = 0.0, width: float | None = None) -> None:
        """Wrap a text into the body and put its lines."""
        room = min(width or self.geometry.measure, self.geometry.measure) - indent
        self.put_lines(wrap(text, style.weight, style.size, room), style, self.geometry.left + indent)
