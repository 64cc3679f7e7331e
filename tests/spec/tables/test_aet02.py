"""AET02: adverse events by SOC and PT (spec C.2, C.3 T14; CONTRACTS.md, Numbers as data)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from longwatch.tables.result import TableResult

Tabulate = Callable[..., TableResult]
BLOOD, GASTRO = "Blood and lymphatic system disorders", "Gastrointestinal disorders"
MICRO = [
    ("CELL1", BLOOD, "Neutropenia"),
    ("CELL1", BLOOD, "Neutropenia"),
    ("CELL2", BLOOD, "Neutropenia"),
    ("CELL3", BLOOD, "Neutropenia"),
    ("CELL4", BLOOD, "Febrile neutropenia"),
    ("CELL5", GASTRO, "Nausea"),
    ("SOC1", GASTRO, "Nausea"),
    ("SOC2", GASTRO, "Nausea"),
]
COMPARED = {"control": "SOC", "statistics": ["risk_difference"], "method": "miettinen-nurminen"}


def test_the_micro_example(tabulate: Tabulate, texts: Callable[..., Any]) -> None:
    """Spec C: 12 and 12 subjects; S01's two rows count once; risk differences against control."""
    table = tabulate("AET02", {"CELL": 12, "SOC": 12}, MICRO, comparison=COMPARED)
    text = texts(table)
    found = [
        (
            row.label,
            row.cells[0],
            row.cells[2],
            text[row.row_group, row.row, "Islet cells vs Standard of care", "risk_difference"],
        )
        for row in table.rows[1:]
    ]
    assert found == [
        (BLOOD, "4 (33.3)", "0", "33.3"),
        ("Neutropenia", "3 (25.0)", "0", "25.0"),
        ("Febrile neutropenia", "1 (8.3)", "0", "8.3"),
        (GASTRO, "1 (8.3)", "2 (16.7)", "-8.3"),
        ("Nausea", "1 (8.3)", "2 (16.7)", "-8.3"),
    ]
    assert text[BLOOD, "Neutropenia", "Islet cells", "events"] == "4"
    assert text["", "", "Islet cells", "n"] == "5"
    assert text["", "", "Total", "n"] == "7"


def test_n_includes_subjects_without_an_event(tabulate: Tabulate, texts: Callable[..., Any]) -> None:
    """Trap J.1: N is of ADSL. An arm of the study file without any subject is printed with N=0."""
    text = texts(tabulate("AET02", {"CELL": 12}, MICRO[:1]))
    assert text["", "", "Islet cells", "N"] == "N=12"
    assert text["", "", "Standard of care", "N"] == "N=0"
    assert text["", "", "Total", "N"] == "N=12"
    assert text["", "", "Islet cells", "pct"] == "8.3"


def test_one_subject_two_records_of_a_term(tabulate: Tabulate, texts: Callable[..., Any]) -> None:
    """Trap J.2: n = 1, events = 2. Two PTs of one SOC: the subject counts once in the SOC."""
    events = [*MICRO[:2], ("CELL1", BLOOD, "Anaemia")]
    text = texts(tabulate("AET02", {"CELL": 12, "SOC": 12}, events))
    assert (text[BLOOD, "Neutropenia", "Total", "n"], text[BLOOD, "Neutropenia", "Total", "events"]) == ("1", "2")
    assert (text[BLOOD, "", "Total", "n"], text[BLOOD, "", "Total", "events"]) == ("1", "3")
    assert (text["", "", "Total", "n"], text["", "", "Total", "events"]) == ("1", "3")


def test_a_pt_under_two_socs_is_two_lines(tabulate: Tabulate, texts: Callable[..., Any]) -> None:
    """The key is SOC and PT everywhere."""
    events = [("CELL1", BLOOD, "Haemorrhage"), ("CELL2", GASTRO, "Haemorrhage"), ("CELL3", GASTRO, "Haemorrhage")]
    text = texts(tabulate("AET02", {"CELL": 12, "SOC": 12}, events))
    assert text[BLOOD, "Haemorrhage", "Islet cells", "n"] == "1"
    assert text[GASTRO, "Haemorrhage", "Islet cells", "n"] == "2"


def labels(table: TableResult) -> list[str]:
    """The printed lines after the first."""
    return [row.label for row in table.rows[1:]]


def test_order_by_falling_n_ties_by_name(tabulate: Tabulate) -> None:
    """No comparison named: falling number of subjects, not of events, in all arms together; ties by name."""
    events = [
        ("CELL1", "Zeta", "B"),
        ("CELL1", "Zeta", "B"),
        ("CELL1", "Zeta", "B"),
        ("CELL1", "Alpha", "Y"),
        ("SOC1", "Alpha", "X"),
        ("SOC1", "Alpha", "Z"),
        ("SOC2", "Alpha", "Z"),
        ("SOC1", "Eta", "C"),
    ]
    assert labels(tabulate("AET02", {"CELL": 12, "SOC": 12}, events)) == [
        "Alpha", "Z", "X", "Y", "Eta", "C", "Zeta", "B"
    ]  # fmt: skip


def test_order_by_risk_difference_where_one_comparison_is_named(tabulate: Tabulate) -> None:
    """Falling risk difference, exact: 1 of 12 against 1 of 11 is below no difference. Ties by name."""
    events = [
        ("CELL1", "Both", "P"),
        ("SOC1", "Both", "P"),
        ("SOC1", "Control only", "Q"),
        ("CELL1", "Cells only", "S"),
        ("CELL1", "Cells only", "R"),
    ]
    assert labels(tabulate("AET02", {"CELL": 12, "SOC": 11}, events, comparison=COMPARED)) == [
        "Cells only", "R", "S", "Both", "P", "Control only", "Q"
    ]  # fmt: skip


def test_no_event_in_both_arms_of_a_comparison(tabulate: Tabulate, texts: Callable[..., Any]) -> None:
    """Three arms, the event in one: 0.0 (NE, NE) and p NE between the other two (spec C.2 rule 4)."""
    arms = [{"code": "CELL", "name": "High"}, {"code": "LOW", "name": "Low"}, {"code": "SOC", "name": "Control"}]
    comparison = {**COMPARED, "statistics": ["risk_difference", "fisher"]}
    table = tabulate(
        "AET02",
        {"CELL": 20, "LOW": 20, "SOC": 20},
        [(f"CELL{number}", BLOOD, "Neutropenia") for number in (1, 2, 3)],
        treatment={"arms": arms},
        comparison=comparison,
    )
    text = texts(table)
    names = ("risk_difference", "rd_lower", "rd_upper", "p_fisher")
    assert [text[BLOOD, "", "Low vs Control", name] for name in names] == ["0.0", "NE", "NE", "NE"]
    assert [text[BLOOD, "", "High vs Control", name] for name in names] == ["15.0", "-2.7", "36.3", "0.231"]
    assert table.rows[1].cells[-4:] == ("15.0 (-2.7, 36.3)", "0.231", "0.0 (NE, NE)", "NE")


@pytest.mark.parametrize(("method", "limits"), [("newcombe", "(-3.8, 36.0)"), ("wald", "(-0.6, 30.6)")])
def test_the_study_names_the_method(tabulate: Tabulate, method: str, limits: str) -> None:
    """Newcombe and Wald instead of Miettinen–Nurminen; the footnote says which."""
    events = [(f"CELL{number}", BLOOD, "Neutropenia") for number in (1, 2, 3)]
    table = tabulate("AET02", {"CELL": 20, "SOC": 20}, events, comparison={**COMPARED, "method": method})
    assert table.rows[0].cells[-1] == f"15.0 {limits}"
    assert any(method in note.lower() for note in table.footnotes)


def test_an_arm_without_subjects_cannot_be_compared(tabulate: Tabulate, texts: Callable[..., Any]) -> None:
    """Nothing is estimable, no number is made up."""
    table = tabulate("AET02", {"CELL": 12}, MICRO[:1], comparison={**COMPARED, "statistics": ["fisher"]})
    assert texts(table)["", "", "Islet cells vs Standard of care", "p_fisher"] == "NE"
    table = tabulate("AET02", {"CELL": 12}, MICRO[:1], comparison=COMPARED)
    assert table.rows[0].cells[-1] == "NE"


def test_percentages_of_zero_all_and_few(tabulate: Tabulate) -> None:
    """`0`, `12 (100)`: trap J.8."""
    events = [(f"CELL{number}", BLOOD, "Neutropenia") for number in range(1, 13)]
    table = tabulate("AET02", {"CELL": 12, "SOC": 12}, events)
    assert table.rows[0].cells == ("12 (100)", "12", "0", "0", "12 (50.0)", "12")


def test_a_single_arm_has_exact_intervals_and_no_total(tabulate: Tabulate, texts: Callable[..., Any]) -> None:
    """`n (p) [exact 95% CI]` (spec C.2 rule 4); none of 12 has an upper bound, too (trap J.7)."""
    one = {"arms": [{"code": "CELL", "name": "Islet cells"}]}
    events = [("CELL1", BLOOD, "Neutropenia"), ("CELL2", BLOOD, "Neutropenia"), ("CELL3", BLOOD, "Anaemia")]
    table = tabulate("AET02", {"CELL": 12}, events, {"events": False}, treatment=one)
    assert [column.heading for column in table.columns] == ["Islet cells"]
    assert table.rows[0].cells == ("3 (25.0) [5.5, 57.2]",)
    text = texts(table)
    assert (text["", "", "Islet cells", "pct_lower"], text["", "", "Islet cells", "pct_upper"]) == ("5.5", "57.2")
    overview = texts(tabulate("AET01", {"CELL": 12}, [(*events[0], {"AESER": "N"})], treatment=one))
    assert overview["Serious TEAE", "", "Islet cells", "n"] == "0"
    assert overview["Serious TEAE", "", "Islet cells", "pct_upper"] == "26.5"


def test_only_serious(tabulate: Tabulate, texts: Callable[..., Any]) -> None:
    """AET02_SER; a missing AESER is not Y."""
    events = [
        ("CELL1", BLOOD, "Neutropenia", {"AESER": "Y"}),
        ("CELL2", BLOOD, "Neutropenia", {"AESER": "N"}),
        ("CELL3", GASTRO, "Nausea", {"AESER": None}),
    ]
    table = tabulate("AET02_SER", {"CELL": 12, "SOC": 12}, events)
    assert (table.code, table.number) == ("AET02_SER", "10")
    assert labels(table) == [BLOOD, "Neutropenia"]
    assert texts(table)["", "", "Total", "n"] == "1"


SUBSETS = [
    # code, FDA number, variables of an event that is in it, and of one that is not
    ("AET02_WD", "12", {"AEACN": "DRUG WITHDRAWN"}, {"AEACN": "DOSE NOT CHANGED"}),
    ("AET07", "", {"AEOUT": "FATAL"}, {"AEOUT": "RECOVERED/RESOLVED"}),
    ("AET09", "", {"AEREL": "RELATED"}, {"AEREL": "NOT RELATED"}),
]


@pytest.mark.parametrize(("code", "number", "inside", "outside"), SUBSETS)
def test_subsets_of_events(
    tabulate: Tabulate,
    texts: Callable[..., Any],
    code: str,
    number: str,
    inside: dict[str, Any],
    outside: dict[str, Any],
) -> None:
    """Only the events of the subset; where nothing tells it, no rows and a note: not collected is not zero."""
    events = [("CELL1", BLOOD, "Neutropenia", inside), ("CELL2", BLOOD, "Neutropenia", outside),
              ("CELL3", GASTRO, "Nausea", outside)]  # fmt: skip
    table = tabulate(code, {"CELL": 12, "SOC": 12}, events)
    assert (table.code, table.number) == (code, number)
    assert labels(table) == [BLOOD, "Neutropenia"]
    assert texts(table)["", "", "Total", "n"] == "1"
    bare = tabulate(code, {"CELL": 12, "SOC": 12}, [("CELL1", BLOOD, "Neutropenia")])
    assert bare.rows == ()
    assert "cannot be told apart" in bare.empty_note


def test_no_event(tabulate: Tabulate, texts: Callable[..., Any]) -> None:
    """Title, header, N and one line (spec C.2 rule 7): the data says n = 0."""
    table = tabulate("AET02", {"CELL": 12, "SOC": 12}, [])
    assert table.rows == ()
    assert table.empty_note == "No events met the criteria"
    assert [column.subheading for column in table.columns if column.heading == "n (%)"] == ["N=12", "N=12", "N=24"]
    assert texts(table)["", "", "Total", "n"] == "0"


def test_seriousness_that_was_not_collected_is_not_zero(tabulate: Tabulate) -> None:
    """Without AESER, or where it is never filled, the table of serious events says so."""
    for events in (MICRO, [(*event, {"AESER": None}) for event in MICRO]):
        table = tabulate("AET02_SER", {"CELL": 12, "SOC": 12}, events)
        assert table.rows == ()
        assert "AESER is not in the data, or never filled" in table.empty_note
        assert {item.statistic for item in table.statistics} == {"N"}


def test_terms_not_coded_are_lines(tabulate: Tabulate) -> None:
    """`UNCODED: <verbatim>`, under its SOC or under UNCODED."""
    events = [("CELL1", BLOOD, "Neutropenia"), ("CELL2", None, None, {"AETERM": "felt odd"})]
    assert labels(tabulate("AET02", {"CELL": 12, "SOC": 12}, events)) == [
        BLOOD, "Neutropenia", "UNCODED", "UNCODED: felt odd"
    ]  # fmt: skip


def test_columns_by_parameter_and_study_file(tabulate: Tabulate) -> None:
    """Events on request only where `events` is false; Total off by the study file."""
    sizes = {"CELL": 12, "SOC": 12}
    plain = tabulate("AET02", sizes, MICRO, {"events": False}, treatment={"total_column": False})
    assert [(column.heading, column.subheading) for column in plain.columns] == [
        ("Islet cells", "N=12"),
        ("Standard of care", "N=12"),
    ]
    assert "events" not in {item.statistic for item in plain.statistics}
    full = tabulate("AET02", sizes, MICRO, comparison={**COMPARED, "statistics": ["risk_difference", "fisher"]})
    assert [(column.group, column.heading) for column in full.columns] == [
        ("Islet cells", "n (%)"),
        ("Islet cells", "Events"),
        ("Standard of care", "n (%)"),
        ("Standard of care", "Events"),
        ("Total", "n (%)"),
        ("Total", "Events"),
        ("Islet cells vs Standard of care", "RD (95% CI)"),
        ("Islet cells vs Standard of care", "p-value"),
    ]
    assert all(len(row.cells) == len(full.columns) for row in full.rows)


def test_dosed_subjects_of_no_arm_have_a_column(tabulate: Tabulate, texts: Callable[..., Any]) -> None:
    """Nobody who was dosed is dropped: `Not assigned` stands beside the arms, and N adds up."""
    table = tabulate("AET02", {"CELL": 12, "SCRNFAIL": 1}, [("SCRNFAIL1", BLOOD, "Neutropenia")])
    text = texts(table)
    assert text["", "", "Not assigned", "N"] == "N=1"
    assert text[BLOOD, "Neutropenia", "Not assigned", "n"] == "1"
    assert text["", "", "Total", "N"] == "N=13"
    assert any("Not assigned" in note for note in table.footnotes)


def test_tidy_rows(tabulate: Tabulate) -> None:
    """One row per statistic at full precision, as CONTRACTS.md has them."""
    table = tabulate("AET02", {"CELL": 12, "SOC": 12}, MICRO, comparison=COMPARED)
    rows = list(table.tidy())
    assert rows[0] == ("AET02", "", "", "Islet cells", "N", "12", "N=12")
    assert ("AET02", "", "", "Islet cells", "pct", "41.666666666666664", "41.7") in rows
    assert ("AET02", BLOOD, "", "Islet cells", "events", "5", "5") in rows
    assert ("AET02", GASTRO, "Nausea", "Standard of care", "n", "2", "2") in rows
    assert ("AET02", GASTRO, "Nausea", "Islet cells vs Standard of care", "risk_difference", "-8.333333333333334",
            "-8.3") in rows  # fmt: skip
    assert not any(text.startswith("-0.0") for *_, text in rows)


def test_each_number_says_where_it_comes_from(tabulate: Tabulate) -> None:
    """Dataset, filter in the field's names as SQL, variables, denominator; quotes in terms are doubled."""
    table = tabulate("AET02", {"CELL": 12, "SOC": 12}, [("CELL1", "Nervous", "Bell's palsy")], comparison=COMPARED)
    found = {(item.row, item.column, item.statistic): item.provenance for item in table.statistics}
    count = found["Bell's palsy", "Islet cells", "n"]
    assert count.dataset == "ADAE"
    assert count.filter == (
        "SAFFL = 'Y' AND TRTEMFL = 'Y' AND TRT01A = 'Islet cells' AND AEBODSYS = 'Nervous' "
        "AND AEDECOD = 'Bell''s palsy'"
    )
    assert count.variables == ("USUBJID",)
    assert count.denominator == "12 subjects of ADSL with SAFFL = 'Y' AND TRT01A = 'Islet cells'"
    assert found["", "Total", "N"].filter == "SAFFL = 'Y'"
    difference = found["Bell's palsy", "Islet cells vs Standard of care", "risk_difference"]
    assert "TRT01A IN ('Islet cells', 'Standard of care')" in difference.filter


def test_the_unit_that_is_counted_goes_with_each_number(tabulate: Callable[..., TableResult]) -> None:
    """Trap J.11: a percentage says that it is of subjects, and of which; events are records, and have no percentage."""
    events = [("CELL1", "Blood", "Neutropenia"), ("CELL1", "Blood", "Neutropenia")]
    table = tabulate("AET02", {"CELL": 4, "SOC": 4}, events, {"events": True})
    found = {
        item.statistic: item for item in table.statistics if (item.row, item.column) == ("Neutropenia", "Islet cells")
    }
    assert found["pct"].value == 25.0
    assert found["pct"].provenance.variables == ("USUBJID",)
    assert found["pct"].provenance.denominator.startswith("4 subjects of ADSL")
    assert (found["events"].value, found["events"].provenance.variables) == (2, ("USUBJID", "AESEQ"))
    assert found["events"].provenance.denominator == ""
