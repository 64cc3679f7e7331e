"""A chart that is laid out: areas, strokes, dots and labels, drawn alike in a PDF page and in an HTML page."""

from __future__ import annotations

from dataclasses import dataclass

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
