"""AET05_INT, AET05_PER, IRG01: events by interval since the first dose and by period of the study (FDA 23–28)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain, find_cell
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

DAY_1 = date(2022, 3, 1)


def on(day: int) -> str:
    """The date of a day of follow-up."""
    return (DAY_1 + timedelta(days=day - 1)).isoformat()


# Spec C.4: followed for 1097, 210 and 893 days, one event each on day 20, 100, 800.
FOLLOWED = {"S1": 1097, "S2": 210, "S3": 893}
DM = [
    {"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL", "RFPENDTC": on(days)} for name, days in FOLLOWED.items()
] + [{"USUBJID": "C1", "ARMCD": "SOC", "ACTARMCD": "SOC", "RFPENDTC": on(400)}]
EX = [{"USUBJID": row["USUBJID"], "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": on(1)} for row in DM]


def event(subject: str, day: int, term: str = "Nausea", serious: str = "N") -> dict[str, Any]:
    return {"USUBJID": subject, "AESEQ": float(day), "AEDECOD": term, "AEBODSYS": "Gut", "AESTDTC": on(day),
            "AEENDTC": on(day), "AESER": serious}  # fmt: skip


AE = [event("S1", 20), event("S2", 100), event("S3", 800)]
ORACLE: dict[str, list[dict[str, Any]]] = {"DM": DM, "EX": EX, "AE": AE}
SE = [
    {"USUBJID": "S1", "EPOCH": "EXTENSION", "ETCD": "OLE", "SESTDTC": on(101)},
    {"USUBJID": "S1", "EPOCH": "EXTENSION", "ETCD": "OLE", "SESTDTC": on(300)},
    {"USUBJID": "S3", "EPOCH": "EXTENSION", "ETCD": "OLE", "SESTDTC": on(801)},
    {"USUBJID": "S2", "EPOCH": "TREATMENT", "ETCD": "CTL", "SESTDTC": on(1)},
]
PERIODS = [{"name": "Controlled"}, {"name": "Extension", "from_epoch": "EXTENSION"}]
MORE = [*AE, event("S1", 400), event("S1", 30, "Fever", "Y"), event("S1", 1000, "Fever", "Y"), event("C1", 5)]
TRIAL = {"DM": DM, "EX": EX, "AE": MORE, "SE": SE}
NO_EVENT = {**TRIAL, "AE": [dict.fromkeys(AE[0])]}
BARE = {
    "DM": DM,
    "EX": EX,
    "AE": [{name: row[name] for name in ("USUBJID", "AEDECOD", "AEBODSYS", "AESTDTC")} for row in MORE],
}
NOBODY = {name: [dict.fromkeys(records[0])] for name, records in TRIAL.items()}
Table = Callable[..., TableResult]


@pytest.fixture
def table(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Table:
    """An output of records: `table("AET05_INT", TRIAL)`."""

    def make(code: str, data: dict[str, Any], parameters: dict[str, object] | None = None, **study: Any) -> TableResult:
        known = make_study(**{"periods": PERIODS, **study})
        return make_table(code, derived(cutoff=date(2025, 12, 31), study=known, **data), known, parameters)

    return make


def cell(table: TableResult, group: str, row: str, column: str = "Islet cells") -> tuple[Any, ...]:
    """Count, person-years at full precision, and the rate with its limits as printed."""
    found = {item.statistic: item for item in find_cell(table, group, row, column)}
    count = found.get("events") or found["n"]
    return (count.value, pytest.approx(found["person_years"].value, abs=5e-4), found["rate"].text,
            found["rate_lower"].text, found["rate_upper"].text)  # fmt: skip


def test_event_rates_by_year_are_those_of_the_specification(table: Table) -> None:
    """Spec C.4: 940, 730, 528 and 2 days, 2,200 together."""
    made = table("AET05_INT_ALL", ORACLE)
    assert cell(made, "Year 1", "Any TEAE") == (2, 2.574, "77.7", "9.4", "280.7")
    assert cell(made, "Year 2", "Any TEAE") == (0, 1.999, "0.0", "0.0", "184.6")
    assert cell(made, "Year 3", "Any TEAE") == (1, 1.446, "69.2", "1.8", "385.4")
    assert cell(made, "Year 4", "Any TEAE") == (0, 0.005, "NE", "NE", "NE")
    assert cell(made, "Whole follow-up", "Any TEAE") == (3, 6.023, "49.8", "10.3", "145.6")


def test_incidence_is_over_the_time_to_the_first_event(table: Table) -> None:
    """Spec C.4: 20 + 100 + 800 = 920 days. In year 1: 20, 100 and 365 days; S1 and S2 are not at risk after it."""
    made = table("AET05_INT", ORACLE)
    assert cell(made, "Whole follow-up", "Any TEAE") == (3, 2.519, "119.1", "24.6", "348.1")
    assert cell(made, "Year 1", "Any TEAE") == (2, 485 / 365.25, "150.6", "18.2", "544.1")
    assert cell(made, "Year 2", "Any TEAE")[:2] == (0, 365 / 365.25)
    assert cell(made, "Year 3", "Any TEAE")[:2] == (1, 70 / 365.25)


def test_who_is_at_risk(table: Table) -> None:
    """A subject counts in each interval that it has a day in, and in none after."""
    made = table("AET05_INT", TRIAL)
    at_risk = {item.row_group: item.value for item in made.statistics
               if (item.row, item.column, item.statistic) == ("At risk", "Total", "n")}  # fmt: skip
    assert at_risk == {"Year 1": 4, "Year 2": 3, "Year 3": 2, "Year 4": 1, "Whole follow-up": 4}


def test_intervals_of_the_study_file(table: Table) -> None:
    """Months of 30.4375 days, in whole days: 91, 365; the last one is open."""
    made = table("AET05_INT_ALL", ORACLE, interval_months=[3, 12])
    years = {name: cell(made, name, "Any TEAE")[:2] for name in ("Months 0 to 3", "Months 3 to 12", "After month 12")}
    days = {"Months 0 to 3": (1, 3 * 91), "Months 3 to 12": (1, 2 * 274 + 119), "After month 12": (1, 732 + 528)}
    assert years == {name: (n, length / 365.25) for name, (n, length) in days.items()}


def test_periods_begin_for_each_subject_on_its_own_day(table: Table) -> None:
    """S1 enters the extension on day 101, S3 on day 801, S2 never: its whole follow-up is controlled. A later record of
    the same epoch changes nothing."""
    made = table("AET05_PER_ALL", TRIAL)
    assert cell(made, "Controlled", "Nausea")[:2] == (3, (100 + 210 + 800) / 365.25)
    assert cell(made, "Extension", "Nausea")[:2] == (1, (997 + 93) / 365.25)
    assert cell(made, "Extension", "Serious TEAE")[:2] == (1, (997 + 93) / 365.25)


@pytest.mark.parametrize("start", [{"from_element": "OLE"}, {"from_day": 101}])
def test_a_period_begins_with_an_element_or_on_a_day(table: Table, start: dict[str, Any]) -> None:
    periods = [{"name": "Controlled"}, {"name": "Extension", **start}]
    at_risk = {item.row_group: item.value for item in table("AET05_PER", TRIAL, periods=periods).statistics
               if (item.row, item.column, item.statistic) == ("At risk", "Total", "n")}  # fmt: skip
    assert at_risk["Extension"] == (2 if "from_element" in start else 4)


def test_without_periods_the_table_says_so(table: Table) -> None:
    made = table("AET05_PER", TRIAL, periods=[])
    assert (made.rows, made.empty_note) == ((), "The study file names no periods")


def test_without_se_nobody_knows_in_which_period_an_event_is(table: Table) -> None:
    made = table("AET05_PER", BARE)
    assert (made.rows, made.empty_note) == ((), "When periods begin is not known: SE.EPOCH is not in the data")


def test_the_figure_draws_what_its_table_says(table: Table) -> None:
    """A point per arm and interval with its limits; none where there are less than 0.5 person-years."""
    made = table("IRG01", TRIAL)
    assert made.chart is not None
    printed = {(item.column, item.value) for item in made.statistics if item.statistic.startswith("rate")}
    assert set(made.chart.plotted()) <= printed
    assert [(series.name, [point.x for point in series.points]) for series in made.chart.series] == [
        ("Islet cells", [1.0, 2.0, 3.0]), ("Standard of care", [1.0]),
    ]  # fmt: skip


def test_serious_events_that_cannot_be_told_are_not_drawn(table: Table) -> None:
    made = table("IRG01", BARE, {"serious": True})
    assert made.chart is not None
    assert made.chart.is_empty
    assert made.empty_note.startswith("Serious events cannot be told apart")


@pytest.mark.parametrize("code", ["AET05_INT", "AET05_INT_ALL", "AET05_PER", "AET05_PER_ALL", "IRG01"])
def test_every_count_opens_its_records(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study], code: str
) -> None:
    """Subjects at risk from ADFU; events from ADAE by their part; first events by the first of the subject."""
    study = make_study(periods=PERIODS)
    datasets = derived(cutoff=date(2025, 12, 31), study=study, **TRIAL)
    made = make_table(code, datasets, study)
    assert sum(explain(datasets, item).counted is not None for item in made.statistics) > 10


@pytest.mark.parametrize("code", ["AET05_INT", "AET05_PER_ALL", "IRG01"])
@pytest.mark.parametrize(
    ("name", "data"), [("trial", TRIAL), ("no_event", NO_EVENT), ("missing_variables", BARE), ("no_subject", NOBODY)]
)
def test_tables_as_text(
    table: Table, golden: Callable[[str, str], None], name: str, code: str, data: dict[str, Any]
) -> None:
    """Title, header with N, rows, footnotes: to the letter."""
    golden(f"{code.lower().replace('_', '')}_{name}", as_text(table(code, data)))
