"""One box of a box plot, and its sample in the legend.

Arms are told apart without colour: by the mark at the mean, and by the dash of the box and its whiskers.
"""

from __future__ import annotations

from collections.abc import Callable

from longwatch.tables.chart import Point
from report_templates.chart_drawing import Area, Dot, Stroke, across
from report_templates.series_style import Look, draw_mark

WIDEST, CLOSEST = 26.0, 0.84
"""The widest place of a box, and the part of a category's room that its boxes take."""
FILLED = 0.74
"""The part of its place that a box fills."""
OUTLIER = 1.5
THIN, THICK = 0.9, 1.8


def place_of_box(room: float, boxes: int) -> float:
    """How wide the place of one box is, of so many that share the room of a category."""
    return min(WIDEST, room * CLOSEST / max(boxes, 1))


def draw_box(
    x: float,
    width: float,
    point: Point,
    at_y: Callable[[float], float],
    look: Look,
    areas: list[Area],
    strokes: list[Stroke],
    dots: list[Dot],
) -> None:
    """The box from quartile to quartile with the median across it, whiskers with caps, the mean, each outlier."""
    assert point.box is not None, "a series of boxes has nothing else"
    assert point.low is not None, "a box has whiskers"
    assert point.high is not None, "a box has whiskers"
    half = width * FILLED / 2
    first, third = at_y(point.box.first_quartile), at_y(point.box.third_quartile)
    corners = ((x - half, first), (x + half, first), (x + half, third), (x - half, third))
    areas.append(Area(corners, look.tint))
    for end, side in ((at_y(point.low), first), (at_y(point.high), third)):
        if end != side:
            strokes.append(Stroke(((x, side), (x, end)), THIN, look.colour, look.dash))
            strokes.append(across(x - half / 2, x + half / 2, end, THIN, look.colour))
    strokes.append(Stroke(corners, THIN, look.colour, look.dash, closed=True))
    strokes.append(across(x - half, x + half, at_y(point.y), THICK, look.colour))
    draw_mark(x, at_y(point.box.mean), look, areas, strokes, dots)
    dots += [Dot(x, at_y(value), OUTLIER, look.colour, filled=False) for value in dict.fromkeys(point.box.outliers)]


def draw_box_sample(
    x: float, y: float, width: float, look: Look, areas: list[Area], strokes: list[Stroke], dots: list[Dot]
) -> None:
    """A box lying in the legend, with the mark that stands at the mean."""
    corners = ((x, y - 4.5), (x + width, y - 4.5), (x + width, y + 4.5), (x, y + 4.5))
    areas.append(Area(corners, look.tint))
    strokes.append(Stroke(corners, THIN, look.colour, look.dash, closed=True))
    draw_mark(x + width / 2, y, look, areas, strokes, dots)
