"""TTET01, KMG01, CIFG01: times to an event as table and figures (spec C.4; FDA guide figures 1, 4, 11, 13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets, derive
from longwatch.errors import StudyError
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from longwatch.tables.catalogue import OUTPUTS, make_table
from longwatch.tables.chart import Mark
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

Event = tuple[float, int]
"""A time and how it ended: 1 the event, 2 death, 0 censored."""
SURVIVAL: list[Event] = [(3, 1), (6, 1), (9, 0), (12, 1), (15, 0), (18, 0)]
COMPETING: list[Event] = [(3, 1), (6, 2), (9, 0), (12, 1), (15, 0), (18, 2)]
TWELVE: list[Event] = [
    (5, 1), (5, 1), (8, 0), (11, 2), (14, 1), (20, 0), (22, 1), (30, 1), (31, 0), (40, 1), (41, 0), (60, 0),
]  # fmt: skip
MORE: list[Event] = [
    (2, 1), (3, 1), (3, 1), (5, 1), (6, 0), (8, 1), (9, 1), (12, 1), (14, 1), (20, 1), (25, 2), (55, 1),
]  # fmt: skip
COMPARED = {"comparison": {"control": "SOC", "statistics": ["hazard_ratio", "log_rank"]}}


@pytest.fixture
def timed(make_study: Callable[..., Study]) -> Callable[..., tuple[AnalysisDatasets, Study]]:
    """The sponsor's ADTTE of so many subjects: `timed({"CELL": [(3, 1), (6, 0)]}, unit="MONTHS")`."""

    def make(
        arms: dict[str, list[Event]], unit: str = "DAYS", without: int = 0, **study: Any
    ) -> tuple[AnalysisDatasets, Study]:
        people = [
            (f"{arm}{number}", arm, *event) for arm, events in arms.items() for number, event in enumerate(events)
        ]
        unseen = [f"UNSEEN{number}" for number in range(without)]
        names, codes, ends = [p[0] for p in people], [p[1] for p in people], [p[3] for p in people]
        adsl = pl.DataFrame({"USUBJID": [*names, *unseen], "SAFFL": ["Y"] * (len(names) + without),
                             "TRT01A": [*codes, *["CELL"] * without]})  # fmt: skip
        adae = pl.DataFrame({"USUBJID": ["NOBODY"], "AEDECOD": ["x"], "AESOC": ["x"], "TRTEMFL": ["Y"]})
        adtte = pl.DataFrame(
            {
                "USUBJID": names,
                "PARAMCD": ["TTX"] * len(names),
                "PARAM": ["Time to X"] * len(names),
                "AVAL": [float(p[2]) for p in people],
                "AVALU": [unit] * len(names),
                "CNSR": [float(end != 1) for end in ends],
                "CEVENT": [float(end) for end in ends],
            },
            schema_overrides={"AVAL": pl.Float64, "USUBJID": pl.String, "AVALU": pl.String, "CNSR": pl.Float64},
        )
        made = make_study(analysis_data="adam", **study)
        return derive(SourceData.of(ADSL=adsl, ADAE=adae, ADTTE=adtte), made, date(2023, 12, 31)), made

    return make


def numbers(table: TableResult, row: str, column: str = "Islet cells", group: str | None = None) -> dict[str, Any]:
    """The numbers of a row and column, by statistic."""
    return {
        item.statistic: item.value
        for item in table.statistics
        if item.row == row and item.column == column and group in (None, item.row_group)
    }


def test_kaplan_meier_of_the_specification(timed: Callable[..., Any]) -> None:
    """Spec C.4: 0.833 (0.273, 0.975), 0.667 (0.195, 0.904), 0.444 (0.066, 0.785); the plain interval leaves 0 to 1."""
    datasets, study = timed({"CELL": SURVIVAL}, "MONTHS")
    table = make_table("KMG01", datasets, study)
    wanted = {"Month 3": (83.3, 27.3, 97.5), "Month 6": (66.7, 19.5, 90.4), "Month 12": (44.4, 6.6, 78.5)}
    for row, values in wanted.items():
        found = numbers(table, row)
        assert [found[f"survival_pct{end}"] for end in ("", "_lower", "_upper")] == pytest.approx(values, abs=0.05)
    assert numbers(table, "Month 12")["at_risk"] == 3
    plain, study = timed({"CELL": SURVIVAL}, "MONTHS", time_to_event={"interval": "linear"})
    cut_off = numbers(make_table("KMG01", plain, study), "Month 3")
    assert (cut_off["survival_pct_lower"], cut_off["survival_pct_upper"]) == (pytest.approx(53.5, abs=0.05), 100)


def test_death_that_competes_is_not_censored(timed: Callable[..., Any]) -> None:
    """Trap J.9, spec C.4: Aalen–Johansen 0.389 (0.048, 0.745) where 1 − Kaplan–Meier says 0.444."""
    datasets, study = timed({"CELL": COMPETING}, "MONTHS")
    incidence = numbers(make_table("CIFG01", datasets, study), "Month 12")
    assert [incidence[f"incidence_pct{end}"] for end in ("", "_lower", "_upper")] == pytest.approx(
        (38.9, 4.8, 74.5), abs=0.05
    )
    survival = numbers(make_table("KMG01", datasets, study), "Month 12")
    assert 100 - survival["survival_pct"] == pytest.approx(44.4, abs=0.05)
    assert "overstates" in " ".join(make_table("KMG01", datasets, study).footnotes)


def test_a_flat_line_is_drawn_on_a_scale_that_says_so(timed: Callable[..., Any]) -> None:
    """Nobody had it: the axis goes to 10 %, not to hundredths of one."""
    chart = make_table("CIFG01", *timed({"CELL": [(time, 0) for time, _ in TWELVE]})).chart
    assert chart is not None
    assert {value for _, value in chart.plotted()} == {0.0}
    assert (chart.y.high, chart.y.ticks[-1][1]) == (10, "10")


def test_who_has_no_event_and_who_has_no_time_count_in_n(timed: Callable[..., Any]) -> None:
    """Trap J.1: at risk from the start; a subject without a known time is in N and not analysed."""
    datasets, study = timed({"CELL": TWELVE}, without=3)
    table = make_table("TTET01", datasets, study)
    assert numbers(table, "", group="")["N"] == 15
    assert numbers(table, "", group="Subjects analysed")["n"] == 12
    assert numbers(make_table("KMG01", datasets, study), "Day 0")["at_risk"] == 12
    assert any(note.startswith("3 subjects of the safety population") for note in table.footnotes)


def test_two_events_of_a_subject_are_one(tabulate: Callable[..., TableResult]) -> None:
    """Trap J.2: the first counts, the second does not."""
    events = [("CELL1", "Blood", "Bleeding"), ("CELL1", "Blood", "Bleeding", {"AESTDTC": "2022-05-01"})]
    table = tabulate("TTET01", {"CELL": 12, "SOC": 12}, events)
    assert numbers(table, "", group="With the event")["n"] == 1
    assert numbers(table, "Range")["time_min"] == 1


def test_comparison_against_the_control(timed: Callable[..., Any]) -> None:
    """Hazard ratio by Efron and by Breslow, and the log-rank test, as statsmodels has them."""
    from statsmodels.duration.hazard_regression import PHReg
    from statsmodels.duration.survfunc import survdiff

    events = [*MORE, *TWELVE]
    time, status = np.array([float(t) for t, _ in events]), np.array([int(end == 1) for _, end in events])
    arm = np.repeat([1.0, 0.0], [len(MORE), len(TWELVE)])
    for ties in ("efron", "breslow"):
        datasets, study = timed({"CELL": MORE, "SOC": TWELVE}, **COMPARED, time_to_event={"ties": ties})
        found = numbers(make_table("TTET01", datasets, study), "Hazard ratio", "Islet cells vs Standard of care")
        model = PHReg(time, arm[:, np.newaxis], status, ties=ties).fit()
        assert found["hazard_ratio"] == pytest.approx(2.718281828459045 ** float(model.params[0]), rel=1e-6)
        assert f"{ties.capitalize()} ties" in " ".join(make_table("TTET01", datasets, study).footnotes)
    test = numbers(make_table("TTET01", datasets, study), "Log-rank test", "Islet cells vs Standard of care")
    assert test["p_log_rank"] == pytest.approx(survdiff(time, status, arm)[1], abs=1e-8)


def test_a_curve_ends_where_few_are_at_risk_and_a_small_arm_has_none(timed: Callable[..., Any]) -> None:
    """Spec C.4: fewer than 3, or a tenth; fewer than 8 subjects: no curve, a listing of the steps."""
    datasets, study = timed({"CELL": TWELVE, "SOC": SURVIVAL})
    figure = make_table("KMG01", datasets, study)
    assert figure.chart is not None
    [curve] = figure.chart.series
    assert (curve.name, curve.mark, curve.until) == ("Islet cells", Mark.STEP, 40.0)
    assert max(point.x for point in curve.points) == 40
    assert [tick for tick, _ in curve.ticks] == [8, 20, 31]
    assert any("Standard of care" in note for note in figure.footnotes)
    assert any(row.label == "Standard of care (N=6)" for row in figure.rows)
    small, study = timed({"CELL": SURVIVAL})
    assert make_table("KMG01", small, study).chart is None
    assert make_table("KMG01", small, study).rows


def test_numbers_under_the_axis_stand_where_they_are_asked_for(timed: Callable[..., Any]) -> None:
    """By a distance, up to the longest time; each is one of the table's numbers."""
    datasets, study = timed({"CELL": TWELVE})
    figure = make_table("KMG01", datasets, study, {"every": 20.0})
    assert figure.chart is not None
    assert figure.chart.strip is not None
    assert figure.chart.strip.at == (0, 20, 40, 60)
    assert figure.chart.strip.rows == (("Islet cells", ("12", "7", "3", "1")),)
    assert [numbers(figure, f"Day {day}")["at_risk"] for day in (0, 20, 40, 60)] == [12, 7, 3, 1]


@pytest.mark.parametrize("every", [0.0, -20.0, 0.01, float("nan")])
def test_numbers_that_would_stand_on_each_other_are_refused(timed: Callable[..., Any], every: float) -> None:
    datasets, study = timed({"CELL": TWELVE})
    with pytest.raises(StudyError) as raised:
        make_table("KMG01", datasets, study, {"every": every})
    assert raised.value.error_id == "LW-TAB-008"


def test_two_times_never_share_a_row(timed: Callable[..., Any]) -> None:
    """Months: day 61 is 2.0041, which two decimals would call as the two months of the axis."""
    events = [(61 / 30.4375 + number, 1) for number in range(9)] + [(2.004, 1)]
    table = make_table("KMG01", *timed({"CELL": events}, "MONTHS"))
    rows = [item.row for item in table.statistics if (item.statistic, item.column) == ("time_months", "Islet cells")]
    assert len(rows) == len(set(rows))
    assert {"Month 2.004000", "Month 2.004107"} <= set(rows)


def test_an_unknown_parameter_names_those_there_are(timed: Callable[..., Any]) -> None:
    datasets, study = timed({"CELL": TWELVE})
    with pytest.raises(StudyError) as raised:
        make_table("TTET01", datasets, study, {"parameter": "TTNONE"})
    assert raised.value.error_id == "LW-TAB-007"
    assert "TTX, TTDISC" in raised.value.one_line()


@pytest.mark.parametrize("code", ["TTET01", "KMG01", "CIFG01"])
def test_every_number_of_a_supplied_time_explains_itself(timed: Callable[..., Any], code: str) -> None:
    """Times in months too, which are no whole numbers."""
    events = [(time / 30.4375, end) for time, end in TWELVE]
    datasets, study = timed({"CELL": events, "SOC": MORE}, "MONTHS", **COMPARED)
    table = make_table(code, datasets, study)
    explained = [explain(datasets, item) for item in table.statistics]
    assert sum(item.counted is not None for item in explained) > 10


def test_what_is_plotted_is_a_number_of_the_table(pilot: AnalysisDatasets, pilot_study: Study) -> None:
    """Of every figure there is: each height and each end of an interval, and each number under the axis; an arm with
    several series has their name after its own."""
    seen = 0
    for code in OUTPUTS:
        table = make_table(code, pilot, pilot_study)
        if table.chart is None:
            continue
        known = {(item.column, item.value) for item in table.statistics}
        plotted = [(name.split(": ")[0], value) for name, value in table.chart.plotted()]
        assert [point for point in plotted if point not in known] == [], code
        for name, texts in table.chart.strip.rows if table.chart.strip else ():
            assert {(name, int(text)) for text in texts} <= known
        seen += 1
    assert seen >= 2


SMALL = {"CELL": MORE, "SOC": TWELVE}
GOLDENS: dict[str, tuple[str, dict[str, list[Event]], str, dict[str, Any]]] = {
    "ttet01_compared": ("TTET01", SMALL, "DAYS", COMPARED),
    "ttet01_months": ("TTET01", {"CELL": SURVIVAL}, "MONTHS", {"time_to_event": {"parameters": [
        {"code": "TTX", "name": "Time to X", "landmarks": [3, 6, 24]}]}}),
    "kmg01_two_arms": ("KMG01", SMALL, "DAYS", {}),
    "kmg01_small": ("KMG01", {"CELL": SURVIVAL}, "MONTHS", {}),
    "cifg01_deaths": ("CIFG01", SMALL, "DAYS", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDENS)
def test_as_text(timed: Callable[..., Any], golden: Callable[[str, str], None], name: str) -> None:
    """Shell, rows and footnotes to the letter."""
    code, arms, unit, study = GOLDENS[name]
    golden(name, as_text(make_table(code, *timed(arms, unit, **study))))


SIZES = {"CELL": 12, "SOC": 12}
EVENTS = [("CELL1", "Blood", "Bleeding", {"AESER": "Y"}), ("SOC1", "Blood", "Fever", {"AESER": "N"})]


@pytest.mark.parametrize(
    ("name", "code", "sizes", "events", "parameter"),
    [
        ("ttet01_adverse_event", "TTET01", SIZES, EVENTS, "TTAE"),
        ("ttet01_no_event", "TTET01", SIZES, [], "TTAE"),
        ("ttet01_no_subject", "TTET01", {}, [], "TTAE"),
        ("ttet01_missing_variables", "TTET01", SIZES, EVENTS, "TTDISC"),
        ("ttet01_serious_unknown", "TTET01", SIZES, [], "TTSAE"),
        ("kmg01_missing_variables", "KMG01", SIZES, EVENTS, "TTDISC"),
        ("kmg01_no_event", "KMG01", SIZES, [], "TTDEATH"),
        ("kmg01_no_subject", "KMG01", {}, [], "TTAE"),
        ("cifg01_no_event", "CIFG01", SIZES, [], "TTAE"),
        ("cifg01_missing_variables", "CIFG01", SIZES, EVENTS, "TTLFU"),
    ],
)
def test_empty_and_missing_as_text(
    tabulate: Callable[..., TableResult],
    golden: Callable[[str, str], None],
    name: str,
    code: str,
    sizes: dict[str, int],
    events: list[Any],
    parameter: str,
) -> None:
    """No event, nobody at all, and what the data does not tell."""
    golden(name, as_text(tabulate(code, sizes, events, {"parameter": parameter})))
