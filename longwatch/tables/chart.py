"""A figure as numbers: what is drawn, as data. Where it stands on a page is the renderer's.

A figure is an output like any other: a `TableResult` whose rows are the table of its numbers, with a `Chart` beside
them. Every number that a chart plots is a statistic of its output, so it has provenance, goes into results.csv and
opens the records behind it. Text, CSV, RTF and Word show the table, PDF and HTML the picture.

Series are told apart without colour: by the dash of a line, by the shape of a mark, and by name in the legend.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, floor, isfinite, log10
from typing import Literal


class Mark(StrEnum):
    """How the points of a series are drawn: as steps (each height kept until the next point), as a line, alone, or as
    the boxes of a box plot."""

    STEP = "step"
    LINE = "line"
    POINT = "point"
    BOX = "box"


@dataclass(frozen=True)
class Box:
    """What a box plot adds to a point, whose `y` is the median and whose `low` and `high` end the whiskers: the ends of
    the box, the mean, and the values outside the whiskers."""

    first_quartile: float
    third_quartile: float
    mean: float
    outliers: tuple[float, ...] = ()

    @property
    def values(self) -> tuple[float, ...]:
        """Each number of it that is drawn."""
        return (self.first_quartile, self.third_quartile, self.mean, *self.outliers)


@dataclass(frozen=True)
class Point:
    """One point. `low`, `high`: its interval, both or none. `ring`: it stands out. `label`: printed beside it. `box`:
    of a box plot."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    ring: bool = False
    label: str = ""
    box: Box | None = None

    def __post_init__(self) -> None:
        if (self.low is None) is not (self.high is None):
            raise ValueError(f"a point at {self.x} has one end of an interval and not the other")
        if self.box is not None and self.low is None:
            raise ValueError(f"a box at {self.x} has no whiskers")


@dataclass(frozen=True)
class Series:
    """Points of one name, usually an arm, in the order of x where they are joined.

    `until`: of steps, how far the last height is drawn. `ticks`: small upright strokes on a curve, as (x, y), such as
    where a subject is censored. Intervals are bands around steps and lines, bars at points. `rank`: which dash, mark
    and colour it has, the same for one arm in every figure; by default its place in the chart.
    """

    name: str
    mark: Mark
    points: tuple[Point, ...]
    until: float | None = None
    ticks: tuple[tuple[float, float], ...] = ()
    rank: int | None = None

    def __post_init__(self) -> None:
        if any((point.box is None) is (self.mark is Mark.BOX) for point in self.points):
            raise ValueError(f"{self.name}: boxes are what a box plot is made of, and nothing else")


@dataclass(frozen=True)
class Axis:
    """`ticks`: where a value is printed, and what. `is_log`: a logarithmic scale. `is_category`: the ticks are
    categories, and points of several series at one of them stand beside each other."""

    title: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    is_log: bool = False
    is_category: bool = False

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low < self.high):
            raise ValueError(f"axis {self.title}: {self.low} to {self.high} is no range")
        if self.is_log and self.low <= 0:
            raise ValueError(f"axis {self.title}: a logarithmic scale starts above 0, not at {self.low}")


@dataclass(frozen=True)
class Reference:
    """A thin line across the plot at a value of an axis, with its words."""

    axis: Literal["x", "y"]
    at: float
    label: str


@dataclass(frozen=True)
class Corner:
    """Words in a corner of the plot, such as what a quadrant is called."""

    place: Literal["upper left", "upper right", "lower left", "lower right"]
    text: str


@dataclass(frozen=True)
class Strip:
    """Numbers under the axis, a row per series: numbers at risk. `at`: values of the x axis, one per text of a row."""

    title: str
    at: tuple[float, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Chart:
    """A figure. `description`: what it shows, for who cannot see it (the numbers are in the table). `keys`: what marks
    beside the series mean (`+: censored`), printed with the legend. `note`: in place of the plot, without a point.
    `is_sideways`: the x axis holds categories and goes down the page, the y axis along it (a forest plot). `above`:
    charts of the same x axis that stand over this one; `height`: of the plot, as a part of the usual one; `is_part`: it
    stands over another, which prints the x axis and its title, and needs no legend."""

    description: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    references: tuple[Reference, ...] = ()
    corners: tuple[Corner, ...] = ()
    strip: Strip | None = None
    keys: tuple[str, ...] = ()
    note: str = "No point to show"
    is_sideways: bool = False
    above: tuple[Chart, ...] = ()
    height: float = 1.0
    is_part: bool = False

    def __post_init__(self) -> None:
        if self.is_sideways and not self.x.is_category:
            raise ValueError("a figure that goes down the page needs categories")
        for series in self.series:
            if series.mark is Mark.BOX and (self.is_sideways or not self.x.is_category):
                raise ValueError(f"{series.name}: boxes stand upright, over categories")
            for point in series.points:
                beyond = point.box.values if point.box else ()
                for axis, value in ((self.x, point.x), (self.y, point.y), *((self.y, value) for value in beyond)):
                    if not axis.low <= value <= axis.high:
                        raise ValueError(f"{series.name}: {value} lies outside the axis {axis.title}")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(series.points for series in self.series) and all(chart.is_empty for chart in self.above)

    def plotted(self) -> Iterator[tuple[str, float]]:
        """Each number that is drawn as a height, with its series: points, the ends of their intervals, boxes."""
        for chart in self.above:
            yield from chart.plotted()
        for series in self.series:
            for point in series.points:
                yield from ((series.name, value) for value in (point.y, point.low, point.high) if value is not None)
                yield from ((series.name, value) for value in (point.box.values if point.box else ()))


def linear_axis(title: str, high: float, *, low: float = 0.0, steps: int = 6) -> Axis:
    """An axis from `low` to a round number not below `high`, with about so many steps of 1, 2 or 5 times a power of
    ten. No extent → one step."""
    extent = high - low if high > low else 1.0
    first = floor(log10(extent)) - 2
    step = next(
        size for power in range(first, first + 4) for size in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)
        if extent / size <= steps
    )  # fmt: skip
    count = ceil(extent / step - 1e-9)
    ticks = tuple(low + place * step for place in range(count + 1))
    return Axis(title, low, ticks[-1], tuple((tick, _number(tick, step)) for tick in ticks))


def spanning_axis(title: str, lowest: float, highest: float, *, steps: int = 6) -> Axis:
    """An axis from a round number not above `lowest` to one not below `highest`, with about so many steps, which 0 is
    one of where it lies between them. No extent → one step."""
    size = highest - lowest if highest > lowest else 1.0
    step = linear_axis("", size, steps=steps).ticks[1][0]
    first, last = floor(lowest / step + 1e-9), ceil(highest / step - 1e-9)
    ticks = tuple(place * step for place in range(first, max(last, first + 1) + 1))
    named = tuple((tick, _number(tick, step)) for tick in ticks)
    return Axis(title, min(ticks[0], lowest), max(ticks[-1], highest), named)


def log_axis(title: str, low: float, high: float) -> Axis:
    """A logarithmic axis over the powers of ten, their doubles and fives, from one not above `low` to one not below
    `high`. Expects positive values."""
    if not 0 < low <= high:
        raise ValueError(f"axis {title}: {low} to {high} has no logarithm")
    values = [part * 10.0**power for power in range(-12, 13) for part in (1, 2, 5)]
    first = max((place for place, value in enumerate(values) if value <= low * (1 + 1e-12)), default=0)
    last = min((place for place, value in enumerate(values) if value >= high * (1 - 1e-12)), default=len(values) - 1)
    last = max(last, first + 1)
    ticks = values[first : last + 1]
    return Axis(title, ticks[0], ticks[-1], tuple((tick, f"{tick:g}") for tick in ticks), is_log=True)


def category_axis(title: str, names: tuple[str, ...]) -> Axis:
    """An axis of categories: the first at 1, the second at 2, …"""
    ticks = tuple((float(place), name) for place, name in enumerate(names, start=1))
    return Axis(title, 0.5, len(names) + 0.5 if names else 1.5, ticks, is_category=True)


def _number(value: float, step: float) -> str:
    decimals = next((digits for digits in range(7) if abs(round(step, digits) - step) < 1e-9), 6)
    return f"{value:.{decimals}f}"
