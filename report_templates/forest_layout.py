"""A figure whose categories go down the page: a line per category, its values and intervals along a common axis below.

What reaches beyond the axis is cut off at the frame without the cap that ends it otherwise, as in other figures.
"""

from __future__ import annotations

from longwatch.tables.chart import Chart, Point
from report_templates.chart_drawing import LABEL, ChartDrawing, Label, Stroke, across
from report_templates.figure_layout import ABOVE, CAP, TICK, Ink, draw_legend, part_along
from report_templates.series_style import GRID, Look, draw_mark, look_of
from report_templates.text import GREY, shorten, width_of

PITCH, BETWEEN = 15.0, 9.0
"""The height of a line with one series, and the room between the series of a line."""
NAMES_MOST = 0.42
"""The most that names take of the width."""


def lay_out_forest(chart: Chart, width: float) -> ChartDrawing:
    """The figure. Without a point only its note is drawn."""
    if chart.is_empty:
        return ChartDrawing(width, LABEL.leading + 6, chart.description, labels=(Label(0, 4, chart.note, "left"),))
    ink = Ink()
    pitch = max(PITCH, BETWEEN * len(chart.series) + 6)
    names = [text for _, text in chart.x.ticks]
    margin = min(max(width_of(name, LABEL) for name in names) + 8, width * NAMES_MOST)
    bottom = 2 * LABEL.leading + TICK + 8
    top = bottom + pitch * len(names)
    right = width - max(width_of(chart.y.ticks[-1][1], LABEL) / 2, 6.0)

    def along(value: float) -> float:
        return margin + part_along(chart.y, value) * (right - margin)

    for value, text in chart.y.ticks:
        x = along(value)
        ink.strokes.append(Stroke(((x, bottom), (x, top)), 0.4, GRID))
        ink.labels.append(Label(x, bottom - TICK - 9, text))
    ink.strokes.append(across(margin, right, bottom, 0.8, GREY))
    ink.labels.append(Label((margin + right) / 2, bottom - TICK - 11 - LABEL.leading, chart.y.title))
    for line in chart.references:
        if line.axis == "y":
            x = along(line.at)
            ink.strokes.append(Stroke(((x, bottom), (x, top)), 0.9, GREY, (3.0, 2.0)))
            ink.labels.append(Label(x + 3, top + 2, line.label, "left"))
    middle = {value: top - pitch * (number + 0.5) for number, (value, _) in enumerate(chart.x.ticks)}
    for value, name in chart.x.ticks:
        ink.labels.append(Label(0.0, middle[value] - 3, shorten(name, LABEL, margin - 8), "left"))
    looks = [look_of(place if each.rank is None else each.rank) for place, each in enumerate(chart.series)]
    for place, (series, look) in enumerate(zip(chart.series, looks, strict=True)):
        shift = ((len(looks) - 1) / 2 - place) * BETWEEN
        for point in series.points:
            ends = tuple(along(end) for end in (point.y, point.low, point.high) if end is not None)
            _draw_point(point, ends, middle[point.x] + shift, look, chart, ink)
    height = draw_legend(chart, looks, top + ABOVE, width, ink)
    return ChartDrawing(
        width,
        height,
        chart.description,
        areas=tuple(ink.areas),
        strokes=tuple(ink.strokes),
        dots=tuple(ink.dots),
        labels=tuple(ink.labels),
    )


def _draw_point(point: Point, ends: tuple[float, ...], y: float, look: Look, chart: Chart, ink: Ink) -> None:
    if point.low is not None and point.high is not None:
        ink.strokes.append(across(ends[1], ends[2], y, 0.9, look.colour))
        for value, x in zip((point.low, point.high), ends[1:], strict=True):
            if chart.y.low <= value <= chart.y.high:
                ink.strokes.append(Stroke(((x, y - CAP), (x, y + CAP)), 0.9, look.colour))
    draw_mark(ends[0], y, look, ink.areas, ink.strokes, ink.dots)
