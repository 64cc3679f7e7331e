"""A figure (`longwatch/tables/chart`) at a width in points: legend, plot with its axes, numbers under it.

Each series has a dash, a mark and a colour of its own; the first two tell it from the others where there is no colour.
What reaches beyond an axis (the end of an interval) is cut off at the frame, without the cap that ends it otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from math import log10

from longwatch.tables.chart import Axis, Chart, Mark, Point, Series, Strip
from report_templates.box_drawing import draw_box, draw_box_sample, place_of_box
from report_templates.chart_drawing import LABEL, Area, ChartDrawing, Dot, Label, Spot, Stroke, across, stack_drawings
from report_templates.series_style import GRID, Look, draw_mark, look_of
from report_templates.text import BLACK, GREY, shorten, width_of

PLOT = 280.0
"""The height of the plot."""
MARGIN_MOST = 130.0
"""The most that names of rows under the axis take of the width."""
ABOVE, TICK, CAP, SAMPLE, GAP, BESIDE = 8.0, 3.0, 3.0, 26.0, 16.0, 3.0
DODGE = 12.0


@dataclass
class Ink:
    """What is drawn, in the making."""

    bands: list[Area] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)


@dataclass(frozen=True)
class _Plot:
    """The frame, and where a value stands in it."""

    left: float
    right: float
    bottom: float
    x: Axis
    y: Axis
    height: float = PLOT

    @property
    def top(self) -> float:
        return self.bottom + self.height

    @property
    def room(self) -> float:
        """What one tick of the x axis has."""
        return (self.right - self.left) / max(len(self.x.ticks), 1)

    def at_x(self, value: float) -> float:
        return self.left + part_along(self.x, value) * (self.right - self.left)

    def at_y(self, value: float) -> float:
        return self.bottom + part_along(self.y, value) * self.height

    def within(self, value: float) -> bool:
        return self.y.low <= value <= self.y.high


def part_along(axis: Axis, value: float) -> float:
    """How far along an axis a value stands, from 0 to 1; beyond its ends it stands at them."""
    inside = min(max(value, axis.low), axis.high)
    if axis.is_log:
        return log10(inside / axis.low) / log10(axis.high / axis.low)
    return (inside - axis.low) / (axis.high - axis.low)


def lay_out_figure(chart: Chart, width: float) -> ChartDrawing:
    """The figure. Without a point only its note is drawn."""
    if chart.is_empty:
        return ChartDrawing(width, LABEL.leading + 6, chart.description, labels=(Label(0, 4, chart.note, "left"),))
    stacked = [*chart.above, chart]
    margin = max(width_of(text, LABEL) + TICK + 5 for part in stacked for _, text in part.y.ticks)
    return stack_drawings([_lay_out_one(part, width, margin) for part in stacked])


def _lay_out_one(chart: Chart, width: float, margin: float) -> ChartDrawing:
    """One plot; `margin`: what the widest name at the y axis takes."""
    ink = Ink()
    if chart.strip:
        names = (chart.strip.title, *(name for name, _ in chart.strip.rows))
        margin = max(margin, min(max(width_of(name, LABEL) for name in names) + 20, MARGIN_MOST))
    beside = [line.label for line in chart.references if line.axis == "y"]
    last = max((width_of(text, LABEL) / 2 for text in chart.x.ticks[-1][1].split("\n")), default=0.0)
    right = max(6.0, last, *(width_of(label, LABEL) + BESIDE for label in beside))
    chart = replace(chart, x=_in_lines(chart.x, width - right - margin))
    tick_lines = max(len(text.split("\n")) for _, text in chart.x.ticks)
    below = GAP / 2 if chart.is_part else (tick_lines + 1) * LABEL.leading + TICK + 8
    if chart.strip:
        below += (len(chart.strip.rows) + 1.6) * LABEL.leading
    plot = _Plot(margin, width - right, below, chart.x, chart.y, PLOT * chart.height)
    _draw_axes(chart, plot, ink)
    looks = [look_of(place if each.rank is None else each.rank) for place, each in enumerate(chart.series)]
    has_boxes = any(series.mark is Mark.BOX for series in chart.series)
    dodge = place_of_box(plot.room, len(looks)) if has_boxes else DODGE
    for place, (series, look) in enumerate(zip(chart.series, looks, strict=True)):
        shift = (place - (len(looks) - 1) / 2) * dodge if chart.x.is_category else 0.0
        if series.mark is Mark.BOX:
            for point in series.points:
                draw_box(plot.at_x(point.x) + shift, dodge, point, plot.at_y, look, ink.areas, ink.strokes, ink.dots)
        else:
            _draw_series(series, look, plot, shift, ink)
    _draw_references(chart, plot, ink)
    if chart.strip:
        _draw_strip(chart.strip, plot, ink)
    height = plot.top + ABOVE + LABEL.leading if chart.is_part else draw_legend(chart, looks, plot.top, width, ink)
    return ChartDrawing(
        width,
        height,
        chart.description,
        areas=(*ink.bands, *ink.areas),
        strokes=tuple(ink.strokes),
        dots=tuple(ink.dots),
        labels=tuple(ink.labels),
    )


def _in_lines(axis: Axis, width: float) -> Axis:
    """The axis, where a name of its categories is too wide for its room, with such names broken at their last space, so
    that `MONTH 24` keeps its number."""
    room = width / len(axis.ticks) - 3
    if not axis.is_category or all(width_of(text, LABEL) <= room for _, text in axis.ticks):
        return axis
    return replace(axis, ticks=tuple((value, "\n".join(text.rsplit(maxsplit=1))) for value, text in axis.ticks))


def _draw_axes(chart: Chart, plot: _Plot, ink: Ink) -> None:
    for value, text in chart.y.ticks:
        y = plot.at_y(value)
        ink.strokes.append(across(plot.left, plot.right, y, 0.4, GRID))
        ink.labels.append(Label(plot.left - TICK - 3, y - 3, text, "right"))
    ink.strokes.append(across(plot.left, plot.right, plot.bottom, 0.8, GREY))
    ink.strokes.append(Stroke(((plot.left, plot.bottom), (plot.left, plot.top)), 0.8, GREY))
    for value, text in chart.x.ticks:
        x = plot.at_x(value)
        if chart.is_part:
            ink.strokes.append(Stroke(((x, plot.bottom), (x, plot.top)), 0.4, GRID))
            continue
        if not chart.x.is_category:
            ink.strokes.append(Stroke(((x, plot.bottom), (x, plot.bottom - TICK)), 0.8, GREY))
        for line, part in enumerate(text.split("\n")):
            y = plot.bottom - TICK - 9 - line * LABEL.leading
            ink.labels.append(Label(x, y, shorten(part, LABEL, plot.room - 3) if chart.x.is_category else part))
    lines = max(len(text.split("\n")) for _, text in chart.x.ticks)
    title = plot.bottom - TICK - 11 - lines * LABEL.leading
    if not chart.is_part:
        ink.labels.append(Label((plot.left + plot.right) / 2, title, chart.x.title))
    ink.labels.append(Label(0.0, plot.top + ABOVE, chart.y.title, "left"))


def _draw_series(series: Series, look: Look, plot: _Plot, shift: float, ink: Ink) -> None:
    if series.mark is Mark.POINT:
        for point in series.points:
            _draw_point(point, look, plot, shift, ink)
        return
    if not series.points:
        return
    is_step = series.mark is Mark.STEP
    until = series.points[-1].x if series.until is None else series.until
    ends = [*(point.x for point in series.points[1:]), until]
    for first, after in _runs(series.points):
        run = series.points[first:after]
        low, high = (
            _path([(point.x, value) for point, value in zip(run, values, strict=True)], ends[after - 1], plot, is_step)
            for values in ([point.low or 0.0 for point in run], [point.high or 0.0 for point in run])
        )
        ink.bands.append(Area((*high, *reversed(low)), look.tint))
        ink.strokes += [Stroke(path, 0.4, look.shade) for path in (low, high)]
    path = _path([(point.x, point.y) for point in series.points], until, plot, is_step)
    ink.strokes.append(Stroke(path, 1.3, look.colour, look.dash))
    for x, y in series.ticks:
        ink.strokes.append(
            Stroke(((plot.at_x(x), plot.at_y(y) - 3), (plot.at_x(x), plot.at_y(y) + 3)), 0.7, look.colour)
        )
    if series.mark is Mark.LINE:
        for point in series.points:
            draw_mark(plot.at_x(point.x), plot.at_y(point.y), look, ink.areas, ink.strokes, ink.dots)


def _runs(points: Sequence[Point]) -> Iterator[tuple[int, int]]:
    """Stretches of points that have intervals: the first, and the one after the last."""
    for has_interval, stretch in groupby(range(len(points)), lambda place: points[place].low is not None):
        places = list(stretch)
        if has_interval:
            yield places[0], places[-1] + 1


def _path(values: Sequence[Spot], end: float, plot: _Plot, is_step: bool) -> tuple[Spot, ...]:
    """The spots of a curve; of steps, a corner before each height and a last stretch to `end`."""
    spots: list[Spot] = []
    for x, y in values:
        if is_step and spots:
            spots.append((plot.at_x(x), spots[-1][1]))
        spots.append((plot.at_x(x), plot.at_y(y)))
    if is_step:
        spots.append((plot.at_x(end), spots[-1][1]))
    return tuple(spots)


def _draw_point(point: Point, look: Look, plot: _Plot, shift: float, ink: Ink) -> None:
    x, y = plot.at_x(point.x) + shift, plot.at_y(point.y)
    if point.low is not None and point.high is not None:
        ends = [(plot.at_y(value), plot.within(value)) for value in (point.low, point.high)]
        ink.strokes.append(Stroke(((x, ends[0][0]), (x, ends[1][0])), 0.9, look.colour))
        ink.strokes += [across(x - CAP, x + CAP, end, 0.9, look.colour) for end, inside in ends if inside]
    draw_mark(x, y, look, ink.areas, ink.strokes, ink.dots)
    if point.ring:
        ink.dots.append(Dot(x, y, 6.0, BLACK, filled=False))
    if point.label:
        fits = x + 7 + width_of(point.label, LABEL) <= plot.right
        ink.labels.append(Label(x + 7 if fits else x - 7, y - 3, point.label, "left" if fits else "right"))


def _draw_references(chart: Chart, plot: _Plot, ink: Ink) -> None:
    for line in chart.references:
        if line.axis == "y":
            y = plot.at_y(line.at)
            ink.strokes.append(Stroke(((plot.left, y), (plot.right, y)), 0.7, GREY, (3.0, 2.0)))
            ink.labels.append(Label(plot.right + BESIDE, y - 3, line.label, "left"))
        else:
            x = plot.at_x(line.at)
            ink.strokes.append(Stroke(((x, plot.bottom), (x, plot.top)), 0.7, GREY, (3.0, 2.0)))
            ink.labels.append(Label(x + 3, plot.bottom + 4, line.label, "left"))
    for corner in chart.corners:
        upper, left = corner.place.startswith("upper"), corner.place.endswith("left")
        spot = (plot.left + 4 if left else plot.right - 4, plot.top - 11 if upper else plot.bottom + 16)
        ink.labels.append(Label(*spot, corner.text, "left" if left else "right"))


def _draw_strip(strip: Strip, plot: _Plot, ink: Ink) -> None:
    """Numbers under the axis, each under its value, the names of the rows in the margin."""
    y = (len(strip.rows) + 0.2) * LABEL.leading
    ink.labels.append(Label(0.0, y, strip.title, "left"))
    for name, texts in strip.rows:
        y -= LABEL.leading
        ink.labels.append(Label(0.0, y, shorten(name, LABEL, plot.left - 16), "left"))
        for value, text in zip(strip.at, texts, strict=True):
            ink.labels.append(Label(plot.at_x(value), y, text))


def draw_legend(chart: Chart, looks: Sequence[Look], top: float, width: float, ink: Ink) -> float:
    """Samples and names over the plot, from the left, as many lines as they take, then the keys; the chart's height."""
    known = dict(zip((series.name for series in chart.series), zip(chart.series, looks, strict=True), strict=False))
    entries: list[tuple[str, tuple[Series, Look] | None]] = [*known.items(), *((key, None) for key in chart.keys)]
    lines: list[list[tuple[float, str, tuple[Series, Look] | None]]] = [[]]
    x = 0.0
    for name, sample in entries:
        text = shorten(name, LABEL, width - SAMPLE)
        wide = (SAMPLE if sample else 0.0) + width_of(text, LABEL)
        if x and x + wide > width:
            lines.append([])
            x = 0.0
        lines[-1].append((x, text, sample))
        x += wide + GAP
    first = top + ABOVE + LABEL.leading + 5
    for number, line in enumerate(reversed(lines)):
        y = first + number * (LABEL.leading + 2)
        for x, text, sample in line:
            ink.labels.append(Label(x + (SAMPLE if sample else 0.0), y, text, "left"))
            if sample:
                _draw_sample(*sample, x, y + 3, ink)
    return first + len(lines) * (LABEL.leading + 2)


def _draw_sample(series: Series, look: Look, x: float, y: float, ink: Ink) -> None:
    if series.mark is Mark.BOX:
        draw_box_sample(x, y, SAMPLE - 6, look, ink.areas, ink.strokes, ink.dots)
        return
    if series.mark is not Mark.POINT:
        ink.strokes.append(Stroke(((x, y), (x + SAMPLE - 6, y)), 1.3, look.colour, look.dash))
    if series.mark is not Mark.STEP:
        draw_mark(x + (SAMPLE - 6) / 2, y, look, ink.areas, ink.strokes, ink.dots)
