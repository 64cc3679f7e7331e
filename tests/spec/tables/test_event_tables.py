"""AET03, AET04, AET05, AET10: severity, grade, rates per person-time, common events (spec C.2, C.3, C.4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

Tabulate = Callable[..., TableResult]
Texts = dict[tuple[str, str, str, str], str]
BLOOD, GASTRO = "Blood and lymphatic system disorders", "Gastrointestinal disorders"
SIZES = {"CELL": 12, "SOC": 12}
COMPARED = {"comparison": {"control": "SOC", "statistics": ["risk_difference"]}}
TREATED = date(2022, 3, 1)

GRADED = [
    # CELL1: two grades of one PT, and a worse one of another PT of the SOC; CELL2: no grade at all; SOC1: one grade
    ("CELL1", BLOOD, "Neutropenia", {"AETOXGR": "2", "AESEV": "MILD"}),
    ("CELL1", BLOOD, "Neutropenia", {"AETOXGR": "3", "AESEV": "MODERATE"}),
    ("CELL1", BLOOD, "Anaemia", {"AETOXGR": "4", "AESEV": "SEVERE"}),
    ("CELL2", BLOOD, "Neutropenia", {"AETOXGR": None, "AESEV": None}),
    ("SOC1", GASTRO, "Nausea", {"AETOXGR": "1", "AESEV": "MILD"}),
]


def test_each_subject_counts_at_its_worst_grade_of_the_line(tabulate: Tabulate) -> None:
    """Worst of the PT on the PT's lines, worst of the SOC on the SOC's; no grade is `Not reported`, never imputed."""
    table = tabulate("AET04", SIZES, GRADED)
    assert [(row.level, row.label, row.cells[0]) for row in table.rows] == [
        (0, "Subjects with at least one TEAE", "2 (16.7)"),
        (1, "Grade 1", "0"),
        (1, "Grade 4", "1 (8.3)"),
        (1, "Not reported", "1 (8.3)"),
        (0, BLOOD, "2 (16.7)"),
        (1, "Grade 4", "1 (8.3)"),
        (1, "Not reported", "1 (8.3)"),
        (1, "Neutropenia", "2 (16.7)"),
        (2, "Grade 3", "1 (8.3)"),
        (2, "Not reported", "1 (8.3)"),
        (1, "Anaemia", "1 (8.3)"),
        (2, "Grade 4", "1 (8.3)"),
        (0, GASTRO, "0"),
        (1, "Grade 1", "0"),
        (1, "Nausea", "0"),
        (2, "Grade 1", "0"),
    ]


def test_a_missing_severity_counts_as_severe_in_the_sensitivity_table_alone(tabulate: Tabulate) -> None:
    """Spec C.2 rule 6. CELL2 has no severity; CELL3 a mild event and one without; SOC2 a value of no scale."""
    more = [
        *GRADED,
        ("CELL3", BLOOD, "Neutropenia", {"AESEV": "MILD"}),
        ("CELL3", BLOOD, "Neutropenia", {"AESEV": None}),
        ("SOC2", GASTRO, "Nausea", {"AESEV": "2"}),
    ]

    def of_all(code: str) -> list[tuple[str, str, str]]:
        rows = tabulate(code, SIZES, more).rows
        return [(row.label, row.cells[0], row.cells[1]) for row in rows if not row.row_group and row.level]

    assert of_all("AET03") == [
        ("Mild", "1 (8.3)", "1 (8.3)"),
        ("Severe", "1 (8.3)", "0"),
        ("Not reported", "1 (8.3)", "1 (8.3)"),
    ]
    assert of_all("AET03_WORST") == [("Mild", "0", "1 (8.3)"), ("Severe", "3 (25.0)", "1 (8.3)")]


def test_grades_that_were_not_collected_are_not_zero(tabulate: Tabulate) -> None:
    table = tabulate("AET04", SIZES, [("CELL1", BLOOD, "Neutropenia", {"AESEV": "MILD"})])
    assert table.rows == ()
    assert table.empty_note == "AETOXGR is not in the data, or never filled"


def test_common_is_judged_by_the_exact_ratio(tabulate: Tabulate) -> None:
    """1 of 20 is 5 % and common; 1 of 21 is 4.76 % and is not, though it prints 4.8."""
    one = [("CELL1", BLOOD, "Neutropenia")]
    assert [row.label for row in tabulate("AET10", {"CELL": 20, "SOC": 20}, one).rows] == ["Neutropenia"]
    rare = tabulate("AET10", {"CELL": 21, "SOC": 21}, one)
    assert rare.rows == ()
    assert rare.empty_note == "No term reached 5 % in any arm"
    assert [row.label for row in tabulate("AET10", {"CELL": 21}, one, {"at_least": 4.0}).rows] == ["Neutropenia"]


def test_a_term_under_two_socs_is_one_line(tabulate: Tabulate) -> None:
    table = tabulate("AET10", SIZES, [("CELL1", BLOOD, "Bleeding"), ("CELL2", GASTRO, "Bleeding")])
    assert [(row.label, row.cells[0]) for row in table.rows] == [("Bleeding", "2 (16.7)")]


@pytest.fixture
def followed(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Callable[..., TableResult]:
    """A table of subjects of one arm, each with the days it was followed and the days of its events."""

    def make(code: str, subjects: list[tuple[int | None, list[int]]], **study: Any) -> TableResult:
        changed = make_study(**study)

        def day(number: int) -> str:
            return (TREATED + timedelta(number - 1)).isoformat()

        names = [f"S{place}" for place in range(1, len(subjects) + 1)]
        datasets = derived(
            cutoff=date(2026, 12, 31),
            study=changed,
            DM=[{"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL", "RFPENDTC": day(days) if days else None}
                for name, (days, _) in zip(names, subjects, strict=True)],
            EX=[{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0,
                 "EXSTDTC": TREATED.isoformat() if days else None}
                for name, (days, _) in zip(names, subjects, strict=True)],
            AE=[{"USUBJID": name, "AESEQ": float(place), "AEDECOD": "Infection", "AEBODSYS": "Infections",
                 "AESTDTC": day(number)}
                for name, (_, events) in zip(names, subjects, strict=True) for place, number in enumerate(events, 1)],
        )  # fmt: skip
        return make_table(code, datasets, changed)

    return make


SPEC_C4 = [(1097, [20]), (210, [100]), (893, [800])]


def rates(table: TableResult, texts: Callable[..., Texts]) -> tuple[str, ...]:
    """Person-years and rate with its interval, of the line over all terms."""
    found = texts(table)
    return tuple(found["", "", "Islet cells", name] for name in ("person_years", "rate", "rate_lower", "rate_upper"))


def test_the_example_of_the_spec(followed: Callable[..., TableResult], texts: Callable[..., Texts]) -> None:
    """Three subjects of 1097, 210 and 893 days with one event each, on day 20, 100 and 800 (spec C.4)."""
    assert rates(followed("AET05", SPEC_C4), texts) == ("2.5", "119.1", "24.6", "348.1")
    assert rates(followed("AET05_ALL", SPEC_C4), texts) == ("6.0", "49.8", "10.3", "145.6")


def test_only_the_first_event_counts_for_the_incidence(
    followed: Callable[..., TableResult], texts: Callable[..., Texts]
) -> None:
    """Two more events of the first subject change the event rate alone."""
    more = [(1097, [20, 300, 700]), *SPEC_C4[1:]]
    assert rates(followed("AET05", more), texts) == ("2.5", "119.1", "24.6", "348.1")
    assert texts(followed("AET05_ALL", more))["", "", "Islet cells", "events"] == "5"


def test_no_event_has_an_upper_bound(tabulate: Tabulate, texts: Callable[..., Texts]) -> None:
    """Trap J.7: 0 (0, upper), not 0 (0, 0)."""
    found = texts(tabulate("AET05", SIZES, [("CELL1", BLOOD, "Neutropenia")], **COMPARED))
    limits = [found["", "", "Standard of care", name] for name in ("rate", "rate_lower", "rate_upper")]
    assert limits[:2] == ["0.0", "0.0"]
    assert float(limits[2]) > 0


@pytest.mark.parametrize(
    ("name", "code", "events", "study"),
    [
        ("aet03_graded", "AET03", GRADED, {}),
        ("aet03_worst_graded", "AET03_WORST", GRADED, {}),
        ("aet03_worst_no_event", "AET03_WORST", [], {}),
        ("aet03_worst_missing_variables", "AET03_WORST", [("CELL1", BLOOD, "Neutropenia")], {}),
        ("aet04_graded", "AET04", GRADED, {}),
        ("aet04_no_event", "AET04", [], {}),
        ("aet04_missing_variables", "AET04", [("CELL1", BLOOD, "Neutropenia")], {}),
        ("aet05_compared", "AET05", GRADED, COMPARED),
        ("aet05_no_event", "AET05", [], COMPARED),
        ("aet05_all_compared", "AET05_ALL", GRADED, COMPARED),
        ("aet10_compared", "AET10", GRADED, COMPARED),
        ("aet10_no_event", "AET10", [], {}),
        ("aet02_wd_missing_variables", "AET02_WD", [("CELL1", BLOOD, "Neutropenia")], {}),
        ("aet07_fatal", "AET07", [("CELL1", BLOOD, "Sepsis", {"AEOUT": "FATAL"})], {}),
        ("aet09_related", "AET09", [("CELL1", BLOOD, "Anaemia", {"AEREL": "RELATED"})], COMPARED),
    ],
)
def test_tables_as_text(
    tabulate: Tabulate,
    golden: Callable[[str, str], None],
    name: str,
    code: str,
    events: list[Any],
    study: dict[str, Any],
) -> None:
    """Title, header with N, rows, footnotes: to the letter."""
    golden(name, as_text(tabulate(code, SIZES, events, **study)))
