"""Stacked bars as rectangles, lines and labels."""

from __future__ import annotations

from longwatch.reports.contents import BarChart
from report_templates.chart_drawing import LABEL, Bar, ChartDrawing, Label, Stroke, across
from report_templates.text import GREY, Colour, shorten, width_of

PALETTE: tuple[Colour, ...] = ((0.45, 0.07, 0.16), (0.83, 0.33, 0.16), (0.93, 0.69, 0.26), (0.60, 0.65, 0.70))
"""From the gravest: each is told from its neighbour by lightness too, for readers and printers without colour."""
GRID: Colour = (0.85, 0.85, 0.85)
HEIGHT, PLOT = 138.0, 76.0
BASE, AXIS, KEY_GAP, BOX = 34.0, 42.0, 14.0, 8.0
WIDEST_BAR = 46.0
_STEPS = 4


def lay_out_chart(chart: BarChart, width: float) -> ChartDrawing:
    """The chart at a width in points: key on top, an axis from 0 in whole steps, a total over each bar.

    Without a category only the note is drawn. A label that is wider than its bar's room ends in an ellipsis.
    """
    if not chart.categories:
        return ChartDrawing(width, LABEL.leading + 6, chart.title, labels=(Label(0, 4, chart.note, "left"),))
    totals = [sum(values[number] for _, values in chart.series) for number in range(len(chart.categories))]
    top = _round_up(max(totals))
    bars: list[Bar] = []
    strokes: list[Stroke] = []
    labels = _key(chart, bars)
    for step in range(_STEPS + 1):
        y = BASE + PLOT * step / _STEPS
        strokes.append(across(AXIS, width, y, 0.8 if step == 0 else 0.4, GREY if step == 0 else GRID))
        labels.append(Label(AXIS - 5, y - 3, f"{top * step // _STEPS:,}", "right"))
    room = (width - AXIS) / len(chart.categories)
    thick = min(room * 0.62, WIDEST_BAR)
    for number, category in enumerate(chart.categories):
        middle, y = AXIS + room * (number + 0.5), BASE
        for place, (_, values) in enumerate(chart.series):
            height = PLOT * values[number] / top
            if height:
                bars.append(Bar(middle - thick / 2, y, thick, height, PALETTE[place % len(PALETTE)]))
            y += height
        labels.append(Label(middle, y + 3, f"{totals[number]:,}"))
        for line, text in enumerate(category.split("\n")[:2]):
            labels.append(Label(middle, BASE - 12 - line * LABEL.leading, shorten(text, LABEL, room - 3)))
    return ChartDrawing(width, HEIGHT, chart.title, strokes=tuple(strokes), bars=tuple(bars), labels=tuple(labels))


def _key(chart: BarChart, bars: list[Bar]) -> list[Label]:
    """The names of the series beside their colours, and what the axis counts."""
    labels: list[Label] = []
    x, y = AXIS, HEIGHT - BOX - 2
    for place, (name, _) in enumerate(chart.series):
        bars.append(Bar(x, y, BOX, BOX, PALETTE[place % len(PALETTE)]))
        labels.append(Label(x + BOX + 4, y + 1, name, "left"))
        x += BOX + 4 + width_of(name, LABEL) + KEY_GAP
    labels.append(Label(x, y + 1, chart.unit, "left"))
    return labels


def _round_up(highest: int) -> int:
    """The end of the axis: the least multiple of 4 that is 1, 2, 3, 4, 5, 6 or 8 tens, hundreds, … and not below."""
    step = 4
    while step < highest:
        size = 10 ** (len(str(step)) - 1)
        step = next(
            value for value in range(step + 4, 100 * size + 5, 4) if step < 40 or (value % size == 0 and value > step)
        )
    return step
