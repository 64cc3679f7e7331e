"""A chart that is laid out: areas, strokes, dots and labels, drawn alike in a PDF page and in an HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from report_templates.text import BLACK, GREY, Colour, Style

LABEL = Style("regular", 9.0, GREY, 11.0)
"""Every text of a chart: no smaller than spec E.7 allows."""

Spot = tuple[float, float]
"""x and y in points from the lower left corner of the chart."""


@dataclass(frozen=True)
class Bar:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: Colour


@dataclass(frozen=True)
class Area:
    """A filled polygon."""

    spots: tuple[Spot, ...]
    colour: Colour


@dataclass(frozen=True)
class Stroke:
    """A line through spots. `dash`: lengths of strokes and gaps; `closed`: back to the first spot."""

    spots: tuple[Spot, ...]
    weight: float
    colour: Colour = BLACK
    dash: tuple[float, ...] = ()
    closed: bool = False


@dataclass(frozen=True)
class Dot:
    """A circle, filled or as a line."""

    x: float
    y: float
    radius: float
    colour: Colour
    filled: bool = True


@dataclass(frozen=True)
class Label:
    """A text on one line, `x` its left, middle or right, `y` its base line."""

    x: float
    y: float
    text: str
    align: str = "middle"


@dataclass(frozen=True)
class ChartDrawing:
    """A whole chart, drawn in this order. `description`: what it shows, for who cannot see it."""

    width: float
    height: float
    description: str = ""
    areas: tuple[Area, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    bars: tuple[Bar, ...] = ()
    dots: tuple[Dot, ...] = ()
    labels: tuple[Label, ...] = ()


def across(left: float, right: float, y: float, weight: float, colour: Colour) -> Stroke:
    """A horizontal line."""
    return Stroke(((left, y), (right, y)), weight, colour)


def stack_drawings(parts: Sequence[ChartDrawing]) -> ChartDrawing:
    """Drawings of one width, the first on top, as one that says what the last one says."""
    if len(parts) == 1:
        return parts[0]
    height = sum(part.height for part in parts)
    lifted, top = [], height
    for part in parts:
        top -= part.height
        lifted.append(_lift(part, top))
    return ChartDrawing(
        max(part.width for part in parts),
        height,
        parts[-1].description,
        areas=tuple(item for part in lifted for item in part.areas),
        strokes=tuple(item for part in lifted for item in part.strokes),
        bars=tuple(item for part in lifted for item in part.bars),
        dots=tuple(item for part in lifted for item in part.dots),
        labels=tuple(item for part in lifted for item in part.labels),
    )


def _lift(part: ChartDrawing, by: float) -> ChartDrawing:
    def up(spots: tuple[Spot, ...]) -> tuple[Spot, ...]:
        return tuple((x, y + by) for x, y in spots)

    return replace(
        part,
        areas=tuple(replace(item, spots=up(item.spots)) for item in part.areas),
        strokes=tuple(replace(item, spots=up(item.spots)) for item in part.strokes),
        bars=tuple(replace(item, y=item.y + by) for item in part.bars),
        dots=tuple(replace(item, y=item.y + by) for item in part.dots),
        labels=tuple(replace(item, y=item.y + by) for item in part.labels),
    )
