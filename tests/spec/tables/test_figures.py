"""Figures: charts as numbers, laid out alike for PDF and HTML, read without colour and without sight."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from itertools import pairwise
from math import log10
from typing import Any

import pytest
from lxml import html
from pypdf import PdfReader

from longwatch.reports.contents import Paragraphs, ReportContents, Section
from longwatch.tables.chart import (
    Axis,
    Box,
    Chart,
    Corner,
    Mark,
    Point,
    Reference,
    Series,
    Strip,
    category_axis,
    linear_axis,
    log_axis,
    spanning_axis,
)
from longwatch.tables.result import TableColumn, TableResult, TableRow
from longwatch.tables.text import as_text
from report_templates import render, render_html
from report_templates.chart_drawing import LABEL, ChartDrawing, Stroke
from report_templates.figure_layout import PLOT, lay_out_figure
from report_templates.html_table import render_html_table
from report_templates.series_style import LOOKS

HOSTILE = '<b>&</b> "x" =1+1 \u202e'
PERCENT = Axis("Without the event, %", 0, 100, ((0, "0"), (50, "50"), (100, "100")))
DAYS = linear_axis("Days", 100)
CURVE = Series("Cells", Mark.STEP, (Point(0, 100), Point(20, 50, 25, 75), Point(40, 0)), until=80, ticks=((60, 0),))
OTHER = Series("Control", Mark.STEP, (Point(0, 100), Point(10, 80, 60, 100)), until=90)
STRIP = Strip("Number at risk", (0, 20, 40), (("Cells", ("4", "3", "1")), ("Control", ("5", "4", "4"))))
STEPS = Chart("Share without the event over time", DAYS, PERCENT, (CURVE, OTHER), strip=STRIP, keys=("|: censored",))


def figure(chart: Chart, title: str = "Time to the event") -> TableResult:
    """An output with a chart, and a row of numbers."""
    columns = (TableColumn("a", "Cells", "N=4"),)
    rows = (TableRow("Day 20", ("50.0",)),)
    return TableResult(
        "KMG01", title, "Safety population", "Time", columns, rows, (), ("A note.",), "Fig 4", chart=chart
    )


def report(*blocks: TableResult | Paragraphs) -> ReportContents:
    """A report of one section."""
    return ReportContents(
        "S", "Study", "", "Report", "0" * 64, "1" * 64, date(2024, 1, 1), (), (Section("One", blocks),)
    )


def labelled(drawing: ChartDrawing, text: str) -> tuple[float, float]:
    """Where a text stands."""
    [label] = [label for label in drawing.labels if label.text == text]
    return label.x, label.y


def curves(drawing: ChartDrawing) -> list[Stroke]:
    """The lines of series in the plot; the samples of the legend have two spots."""
    return [stroke for stroke in drawing.strokes if stroke.weight == 1.3 and len(stroke.spots) > 2]


def test_a_step_keeps_its_height_until_the_next() -> None:
    """From 100 over 50 to 0 and on to its end: corners, no slopes; heights in proportion."""
    drawing = lay_out_figure(STEPS, 500)
    spots = curves(drawing)[0].spots
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(spots))
    heights = list(dict.fromkeys(y for _, y in spots))
    assert heights[0] - heights[1] == pytest.approx(PLOT / 2)
    assert heights[0] - heights[2] == pytest.approx(PLOT)
    left, right = labelled(drawing, "20")[0], spots[-1][0]
    assert spots[1][0] == pytest.approx(left)
    assert (right - spots[0][0]) / (left - spots[0][0]) == pytest.approx(80 / 20)


def test_a_band_lies_where_there_are_limits() -> None:
    """From day 20 to day 40 between 25 and 75 percent; the first point has none."""
    drawing = lay_out_figure(replace(STEPS, series=(CURVE,)), 500)
    [band] = drawing.areas
    curve = curves(drawing)[0].spots
    assert {round(x, 3) for x, _ in band.spots} == {round(curve[1][0], 3), round(curve[3][0], 3)}
    heights = sorted({y for _, y in band.spots})
    assert heights[1] - heights[0] == pytest.approx(PLOT / 2)


def test_numbers_under_the_axis_stand_under_their_values() -> None:
    drawing = lay_out_figure(STEPS, 500)
    assert labelled(drawing, "3")[0] == pytest.approx(labelled(drawing, "20")[0])
    assert labelled(drawing, "3")[1] < labelled(drawing, "20")[1]
    assert {"Number at risk", "|: censored", "Days", "Without the event, %"} <= {label.text for label in drawing.labels}


def test_a_logarithmic_axis_spreads_by_ratios() -> None:
    """1 to 10 is as far as 10 to 100; a reference line stands at its value."""
    axis = log_axis("Peak ALT, × ULN", 0.7, 60)
    assert [text for _, text in axis.ticks] == ["0.5", "1", "2", "5", "10", "20", "50", "100"]
    chart = Chart(
        "eDISH", axis, log_axis("Peak bilirubin, × ULN", 0.2, 9), (Series("A", Mark.POINT, (Point(3, 2, ring=True),)),),
        references=(Reference("x", 3, "3 × ULN"), Reference("y", 2, "2 × ULN")), corners=(Corner("upper right", "Hy"),),
    )  # fmt: skip
    drawing = lay_out_figure(chart, 500)
    below = {label.text: label.x for label in drawing.labels if label.align == "middle"}
    one, ten, hundred = (below[text] for text in ("1", "10", "100"))
    upright = [s for s in drawing.strokes if s.dash == (3.0, 2.0) and s.spots[0][0] == s.spots[1][0]]
    assert upright[0].spots[0][0] == pytest.approx(one + (ten - one) * log10(3))
    assert hundred - ten == pytest.approx(ten - one)
    level = next(s for s in drawing.strokes if s.dash == (3.0, 2.0) and s not in upright)
    assert labelled(drawing, "2 × ULN")[0] > max(x for x, _ in level.spots), "it stands beside the plot, on no mark"
    mark, ring = drawing.dots[0], drawing.dots[1]
    assert (mark.x, mark.y) == (ring.x, ring.y)
    assert not ring.filled


def test_points_of_one_category_stand_beside_each_other() -> None:
    """An interval that leaves the plot is cut without its cap."""
    series = tuple(Series(name, Mark.POINT, (Point(1, 20, 10, high),)) for name, high in (("A", 30.0), ("B", 400.0)))
    drawing = lay_out_figure(Chart("rates", category_axis("Year", ("Year 1",)), linear_axis("Rate", 50), series), 500)
    bars = [stroke for stroke in drawing.strokes if stroke.weight == 0.9 and stroke.spots[0][0] == stroke.spots[1][0]]
    caps = [s for s in drawing.strokes if s.weight == 0.9 and not s.closed and s.spots[0][1] == s.spots[1][1]]
    assert len(bars) == 2
    assert bars[0].spots[0][0] < bars[1].spots[0][0]
    assert len(caps) == 3


BOX = Point(1, 20, 10, 30, box=Box(15, 26, 21, (42, 44, 44)))


def test_a_box_stands_between_its_quartiles() -> None:
    """Whiskers, the median thicker than the rest, the mean's mark, equal outliers once; arms side by side, apart."""
    series = (Series("A", Mark.BOX, (BOX,)), Series("B", Mark.BOX, (replace(BOX, box=Box(15, 26, 21)),)))
    chart = Chart(
        "boxes", category_axis("Visit", ("Week 4",)), spanning_axis("ALT", 10, 44), series, keys=("o: outlier",)
    )
    drawing = lay_out_figure(chart, 500)
    per_unit = PLOT / (chart.y.high - chart.y.low)
    base = labelled(drawing, "10")[1] + 3 - (10 - chart.y.low) * per_unit
    squares = [stroke for stroke in drawing.strokes if stroke.closed]
    edges = [(min(y for _, y in square.spots), max(y for _, y in square.spots)) for square in squares]
    boxes = [square for square, (low, high) in zip(squares, edges, strict=True) if high - low > 15]
    for box in boxes:
        assert box.spots[0][1] == pytest.approx(base + (15 - chart.y.low) * per_unit)
        assert box.spots[2][1] == pytest.approx(base + (26 - chart.y.low) * per_unit)
    medians = [stroke for stroke in drawing.strokes if stroke.weight == 1.8]
    assert [stroke.spots[0][1] for stroke in medians] == pytest.approx([base + (20 - chart.y.low) * per_unit] * 2)
    assert medians[0].spots[1][0] < medians[1].spots[0][0]
    circles = [dot for dot in drawing.dots if dot.radius == 1.5]
    assert [dot.y for dot in circles] == pytest.approx([base + (value - chart.y.low) * per_unit for value in (42, 44)])
    assert boxes[0].dash != boxes[1].dash
    assert {value for _, value in chart.plotted()} == {10, 15, 20, 21, 26, 30, 42, 44}


def test_a_visit_keeps_its_number_where_there_is_little_room() -> None:
    """Two lines, the first shortened; with room for all, one line."""
    visits = tuple(f"MONTH {month}" for month in range(1, 25))
    series = (Series("A", Mark.POINT, (Point(1, 1),)),)
    narrow, wide = (
        [
            label.text
            for label in lay_out_figure(
                Chart("v", category_axis("Visit", names), linear_axis("y", 1), series), 500
            ).labels
        ]
        for names in (visits, visits[:3])
    )
    assert {str(month) for month in range(1, 25)} <= set(narrow)
    assert set(visits[:3]) <= set(wide)


@pytest.mark.parametrize(("low", "high"), [(0, 0), (90, 203), (-5, 70), (0.31, 0.38), (-44, -12), (1e6, 1e6 + 3)])
def test_a_spanning_axis_holds_its_data_in_round_steps(low: float, high: float) -> None:
    axis = spanning_axis("x", low, high)
    assert axis.low <= low <= high <= axis.high
    assert 2 <= len(axis.ticks) <= 9
    assert low >= 0 or high <= 0 or 0.0 in {tick for tick, _ in axis.ticks}


def test_series_are_told_apart_without_colour() -> None:
    """No two looks have dash and mark in common, and neighbours share neither."""
    assert len({(look.dash, look.sides, look.turn, look.filled) for look in LOOKS}) == len(LOOKS)
    for one, other in pairwise(LOOKS):
        assert one.dash != other.dash
        assert (one.sides, one.turn, one.filled) != (other.sides, other.turn, other.filled)
    names = [label.text for label in lay_out_figure(STEPS, 500).labels]
    assert names.count("Cells") == names.count("Control") == 2  # legend, and the row under the axis


def test_texts_are_large_enough_to_be_read_on_paper() -> None:
    """Spec E.7: nothing below 9 points."""
    assert LABEL.size >= 9


@pytest.mark.parametrize("high", [0, 0.3, 1, 7, 10, 99, 100, 101, 365, 1826, 123456])
def test_a_linear_axis_holds_its_data_in_round_steps(high: float) -> None:
    axis = linear_axis("x", high)
    assert axis.high >= high
    assert 3 <= len(axis.ticks) <= 7
    assert len({text for _, text in axis.ticks}) == len(axis.ticks)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Axis("x", 1, 1, ()),
        lambda: Axis("x", 0, 1, (), is_log=True),
        lambda: log_axis("x", 0, 1),
        lambda: Point(1, 1, low=0.5),
        lambda: Point(1, 1, box=Box(0, 2, 1)),
        lambda: Series("A", Mark.BOX, (Point(1, 1, 0, 2),)),
        lambda: Series("A", Mark.LINE, (BOX,)),
        lambda: Chart("", DAYS, PERCENT, (Series("A", Mark.BOX, (BOX,)),)),
        lambda: Chart("", category_axis("v", ("1",)), Axis("y", 0, 43, ()), (Series("A", Mark.BOX, (BOX,)),)),
        lambda: Chart("", DAYS, PERCENT, (Series("A", Mark.POINT, (Point(101, 1),)),)),
        lambda: Chart("", DAYS, PERCENT, (Series("A", Mark.POINT, (Point(1, 101),)),)),
    ],
)
def test_what_cannot_be_drawn_is_refused(make: Any) -> None:
    """An axis without extent, a logarithm of zero, half an interval, a box without whiskers or where no box can be, a
    point or an outlier outside the axes."""
    with pytest.raises(ValueError):
        make()


def test_a_figure_in_the_report() -> None:
    """Its caption counts figures, its texts can be searched, its description is there for a screen reader."""
    reader = PdfReader(io.BytesIO(render(report(Paragraphs(("Words.",)), figure(STEPS))).pdf), strict=True)
    page = reader.pages[-1]
    text = " ".join(page.extract_text().split())
    assert "Figure 1.1 Time to the event" in text
    assert "KMG01 · FDA guide figure 4" in text
    for words in ("Number at risk", "Without the event, %", "|: censored", "A note."):
        assert words in text
    content = page.get_contents()
    assert content is not None
    alt = ("\ufeff" + STEPS.description).encode("utf-16-be").hex().upper().encode()
    assert b"/Alt <" + alt + b">" in content.get_data()
    assert "Figure 1.1 Time to the event" in {str(entry.title) for entry in reader.outline[-1]}  # type: ignore[union-attr]


def test_a_figure_without_a_point_says_so() -> None:
    """In print and on the screen."""
    empty = figure(replace(STEPS, series=(), note="Nobody was at risk"))
    pages = PdfReader(io.BytesIO(render(report(empty)).pdf)).pages
    assert "Nobody was at risk" in pages[-1].extract_text()
    assert "Nobody was at risk" in render_html_table(empty).decode()


def test_a_page_shows_the_picture_over_the_table_of_its_numbers() -> None:
    """One SVG with its description as its name; nothing is fetched."""
    page = html.document_fromstring(render_html_table(figure(STEPS)))
    [picture] = page.findall(".//svg")
    assert picture.get("aria-label") == STEPS.description
    assert page.findtext(".//figcaption").startswith("KMG01 (FDA figure 4): Time to the event")
    assert page.findtext(".//table/caption") == "The numbers of the figure"
    assert "FDA figure 4" in as_text(figure(STEPS))
    assert b"http" not in render_html_table(figure(STEPS)).replace(b"http-equiv", b"")


def test_what_comes_from_data_is_never_markup() -> None:
    """Names of series, axes, labels and descriptions, in PDF and HTML."""
    series = Series(HOSTILE, Mark.POINT, (Point(1, 1, label=HOSTILE),))
    axis = replace(DAYS, title=HOSTILE)
    chart = Chart(HOSTILE, axis, PERCENT, (series,), (Reference("x", 5, HOSTILE),), (Corner("upper left", HOSTILE),),
                  Strip(HOSTILE, (0,), ((HOSTILE, (HOSTILE,)),)), (HOSTILE,))  # fmt: skip
    page = render_html(report(figure(chart, HOSTILE))).decode()
    assert "<b>" not in page
    assert page.count("&lt;b&gt;&amp;&lt;/b&gt; &quot;x&quot; =1+1 [U+202E]") > 8
    assert render(report(figure(chart, HOSTILE))).pdf.startswith(b"%PDF")
