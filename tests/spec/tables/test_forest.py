"""Forest plots: risk differences by SOC and by list, drawn down the page (FDA guide v2.0, figures 2 and 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from lxml import html

from crosscheck import ask_second_opinion
from longwatch.derive import derive
from longwatch.standards.dataset import SourceData
from longwatch.standards.event_groups import EventGroups
from longwatch.standards.group_files import parse_group_file
from longwatch.study import Study
from longwatch.tables.aefg01 import MOST_LINES, NO_COMPARISON
from longwatch.tables.catalogue import make_tables
from longwatch.tables.chart import Chart, Mark, Point, Series, category_axis, linear_axis
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text
from report_templates.chart_drawing import ChartDrawing
from report_templates.figure_drawing import draw_figure
from report_templates.html_table import render_html_table

Tabulate = Callable[..., TableResult]
SIZES = {"CELL": 12, "SOC": 12}
COMPARED = {"comparison": {"control": "SOC", "statistics": ["fisher"]}}
EVENTS: list[Any] = [
    ("CELL1", "Blood", "Neutropenia"), ("CELL2", "Blood", "Neutropenia"), ("CELL3", "Blood", "Anaemia"),
    ("CELL1", "Gut", "Nausea"), ("SOC1", "Gut", "Nausea"), ("SOC2", "Gut", "Nausea"),
]  # fmt: skip


def place_of(drawing: ChartDrawing, text: str) -> tuple[float, float]:
    [label] = [label for label in drawing.labels if label.text == text]
    return label.x, label.y


def test_what_is_drawn_is_in_the_table(tabulate: Tabulate) -> None:
    """A point per SOC with its interval, each of the three a statistic of the output; the study's p-values are not."""
    figure = tabulate("AEFG01", SIZES, EVENTS, **COMPARED)
    assert [row.label for row in figure.rows] == ["Blood", "Gut"]
    assert figure.chart is not None
    known = {(item.column, item.value) for item in figure.statistics}
    plotted = list(figure.chart.plotted())
    assert len(plotted) == 6
    assert set(plotted) <= known
    assert not any(item.statistic == "p_fisher" for item in figure.statistics)


def test_a_line_per_category_down_the_page() -> None:
    """The first category is on top; a greater value stands further right; the interval reaches from end to end, and
    what leaves the axis is cut without its cap."""
    points = (Point(1.0, 10.0, 5.0, 20.0), Point(2.0, -20.0, -60.0, 0.0))
    axis = linear_axis("Difference", 40, low=-40)
    series = (Series("A vs B", Mark.POINT, points),)
    chart = Chart("d", category_axis("SOC", ("First", "Second")), axis, series, is_sideways=True)
    drawing = draw_figure(chart, 500)
    assert place_of(drawing, "First")[1] > place_of(drawing, "Second")[1]
    assert place_of(drawing, "First")[0] == 0.0
    intervals = [
        stroke for stroke in drawing.strokes if stroke.weight == 0.9 and stroke.spots[0][1] == stroke.spots[1][1]
    ]
    ends = [tuple(x for x, _ in stroke.spots) for stroke in intervals]
    zero, forty = place_of(drawing, "0")[0], place_of(drawing, "40")[0]
    unit = (forty - zero) / 40
    assert ends[0] == pytest.approx((zero + 5 * unit, zero + 20 * unit))
    assert ends[1] == pytest.approx((zero - 40 * unit, zero))
    caps = [stroke for stroke in drawing.strokes if stroke.weight == 0.9 and stroke.spots[0][0] == stroke.spots[1][0]]
    assert len([cap for cap in caps if not cap.dash]) == 3


def test_only_categories_go_down_the_page() -> None:
    with pytest.raises(ValueError, match="needs categories"):
        Chart("d", linear_axis("x", 10), linear_axis("y", 10), (), is_sideways=True)


def test_a_difference_that_cannot_be_estimated_is_not_drawn(tabulate: Tabulate) -> None:
    """An arm without subjects: the table says NE, the picture its note."""
    figure = tabulate("AEFG01", {"CELL": 3}, EVENTS[:2], **COMPARED)
    assert figure.chart is not None
    assert figure.chart.is_empty
    assert [row.cells[-1] for row in figure.rows] == ["NE"]


def test_more_lines_than_a_page_holds(tabulate: Tabulate) -> None:
    """All are in the table; the first are drawn, and the footnote says so."""
    many: list[Any] = [("CELL1", f"Class {number:02}", "Term") for number in range(MOST_LINES + 5)]
    figure = tabulate("AEFG01", SIZES, many, **COMPARED)
    assert len(figure.rows) == MOST_LINES + 5
    assert figure.chart is not None
    assert len(figure.chart.series[0].points) == MOST_LINES
    assert figure.footnotes[0] == f"Drawn are the first {MOST_LINES} of {MOST_LINES + 5} lines."
    assert draw_figure(figure.chart, 468).height < 560


def test_the_picture_stands_in_html_over_its_table(tabulate: Tabulate) -> None:
    page = html.document_fromstring(render_html_table(tabulate("AEFG01", SIZES, EVENTS, **COMPARED)))
    assert page.findall(".//{*}svg") or page.findall(".//svg")
    assert "Blood" in page.text_content()


def test_by_list_and_by_sex_each_number_agrees_and_opens(
    make_data: Callable[..., SourceData], make_study: Callable[..., Study]
) -> None:
    """Figure 3, and figure 2 of each sex: provenance and second opinion as of any output."""
    names = [*(("CELL", number) for number in range(6)), *(("SOC", number) for number in range(6))]
    data = make_data(
        DM=[{"USUBJID": f"{arm}{n}", "ARMCD": arm, "ACTARMCD": arm, "SEX": "FM"[n % 2]} for arm, n in names],
        EX=[{"USUBJID": f"{arm}{n}", "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"}
            for arm, n in names],
        AE=[{"USUBJID": f"{arm}{n}", "AESEQ": 1.0, "AEBODSYS": "Blood", "AEDECOD": "Anaemia", "AESTDTC": "2022-04-01"}
            for arm, n in names if n < (4 if arm == "CELL" else 1)],
    )  # fmt: skip
    study = make_study(**COMPARED)
    lists = b"QUERY_ID,QUERY_NAME,ORGAN_SYSTEM,SCOPE,PT\nQ1,Low red cells,Blood,NARROW,ANAEMIA\n"
    groups = EventGroups(parse_group_file(lists, "OCMQ", "ocmq.csv"), "digest")
    datasets = derive(data, study, date(2023, 12, 31), groups=groups)
    figures = [*make_tables("AEFG_OCMQ", datasets, study), *make_tables("AEFG01", datasets, study, {"by": "SEX"})]
    assert [[row.label for row in figure.rows] for figure in figures] == [
        ["Low red cells (narrow)"], ["Blood"], ["Blood"],
    ]  # fmt: skip
    lists_alone, socs_alone = (" ".join(figure.footnotes) for figure in figures[:2])
    assert "Counted are the narrow terms." in lists_alone
    assert "Broad includes narrow" not in lists_alone
    assert "SOCs by falling risk difference; ties by name." in socs_alone
    assert "PT" not in socs_alone
    for figure in figures:
        assert all(item.counted in (None, item.statistic.value)
                   for item in (explain(datasets, each) for each in figure.statistics))  # fmt: skip
    opinions = ask_second_opinion(figures, data, study, date(2023, 12, 31), groups)
    assert [item for opinion in opinions for item in opinion.differences] == []
    assert all(opinion.compared > 3 for opinion in opinions)
    wrong = replace(figures[0], statistics=figures[1].statistics)
    (opinion,) = ask_second_opinion([wrong], data, study, date(2023, 12, 31), groups)
    assert not opinion.agrees


@pytest.mark.parametrize(
    ("name", "events", "study", "note"),
    [
        ("aefg01_compared", EVENTS, COMPARED, ""),
        ("aefg01_no_event", [], COMPARED, "No events met the criteria"),
        ("aefg01_no_comparison", EVENTS, {}, NO_COMPARISON),
    ],
)
def test_figure_as_text(
    tabulate: Tabulate,
    golden: Callable[[str, str], None],
    name: str,
    events: list[Any],
    study: dict[str, Any],
    note: str,
) -> None:
    """A figure as text is the table of its numbers."""
    figure = tabulate("AEFG01", SIZES, events, **study)
    assert not note or (figure.rows, figure.empty_note) == ((), note)
    golden(name, as_text(figure))
