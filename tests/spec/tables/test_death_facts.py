"""DTHL01, DSURDTHL: fatal events, days on immunosuppression, the last regimen and the graft of who died (spec C.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crosscheck import ask_second_opinion
from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.catalogue import make_table, make_tables
from longwatch.tables.explain import explain, find_cell
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

Records = list[dict[str, Any]]
DIED = {"S1": "2023-06-08", "S2": "2023-09-01", "S3": "2023-05-01", "S4": None, "C1": "2023-07-01"}
CODES = ("DTHL01", "DSURDTHL")


def course(name: str, drug: str, first: str, last: str | None = None) -> dict[str, Any]:
    return {"USUBJID": name, "CMTRT": drug, "CMSTDTC": first, "CMENDTC": last}


def fatal(name: str, number: int, term: str, pt: str | None, **more: Any) -> dict[str, Any]:
    return {"USUBJID": name, "AESEQ": float(number), "AETERM": term, "AEDECOD": pt, "AEBODSYS": "Infections",
            "AESTDTC": "2023-04-01", "AEOUT": "FATAL", "AESDTH": None, **more}  # fmt: skip


TRIAL: dict[str, Records] = {
    "DM": [
        {"USUBJID": name, "ARMCD": "SOC" if name == "C1" else "CELL", "ACTARMCD": "SOC" if name == "C1" else "CELL",
         "AGE": 40.0, "SEX": "F", "DTHFL": "Y" if day else None, "DTHDTC": day, "RFICDTC": "2022-02-01",
         "RFPENDTC": day or "2023-12-31"}
        for name, day in DIED.items()
    ],
    "EX": [
        {"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"} for name in DIED
    ],
    "AE": [
        fatal("S1", 1, "septic shock", "Sepsis"),
        fatal("S1", 2, "PNEUMONIA", "Pneumonia", AEOUT=None, AESDTH="Y"),
        fatal("S2", 1, "found dead", None, AESTDTC="2022-02-10"),  # before the infusion, not coded
        fatal("S3", 1, "cold", "Cold", AEOUT="RECOVERED/RESOLVED"),
    ],
    "CM": [
        # S1: two drugs until the end, one changed for another; a gap of nothing
        course("S1", "Tacrolimus", "2022-03-01", "2022-03-10"), course("S1", "Sirolimus", "2022-03-11"),
        course("S1", "Mycophenolate", "2022-03-01"), course("S1", "Aspirin", "2022-03-01"),
        # S2: all stopped, on different days; S3: before the infusion alone
        course("S2", "Tacrolimus", "2022-03-01", "2022-03-31"),
        course("S2", "Mycophenolate", "2022-03-01", "2022-04-09"),
        course("S3", "Tacrolimus", "2022-01-01", "2022-01-31"),
    ],
    "SV": [
        *({"USUBJID": name, "VISIT": "MONTH 12", "SVSTDTC": "2023-03-01"} for name in ("S1", "S2", "S3")),
        {"USUBJID": "S1", "VISIT": "MONTH 6", "SVSTDTC": "2022-09-01"},
    ],
    "LB": [
        {"USUBJID": name, "LBTESTCD": "HBA1C", "LBSTRESN": value, "LBSTRESU": "%", "LBDTC": day}
        for name, value, day in (("S1", 8.3, "2022-02-01"), ("S1", 8.4, "2023-03-01"), ("S2", 6.0, "2023-03-01"))
    ],
}  # fmt: skip
BARE = {
    "DM": TRIAL["DM"],
    "EX": TRIAL["EX"],
    "AE": [{name: row[name] for name in ("USUBJID", "AEDECOD", "AEBODSYS", "AESTDTC")} for row in TRIAL["AE"]],
}
ALIVE = {**TRIAL, "DM": [{**row, "DTHFL": None, "DTHDTC": None} for row in TRIAL["DM"]], "AE": [TRIAL["AE"][3]]}
NOBODY = {name: [dict.fromkeys(records[0])] for name, records in TRIAL.items()}
ONE_CLASS = [{"name": "immunosuppression", "drugs": ["Tacrolimus", "SIROLIMUS", "Mycophenolate"]}]
TWO_CLASSES = [
    {"name": "Calcineurin inhibitors", "drugs": ["Tacrolimus"]},
    {"name": "Antimetabolites", "drugs": ["Mycophenolate"]},
]
Derive = Callable[..., AnalysisDatasets]


@pytest.fixture
def datasets(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Derive:
    """Analysis datasets by a study file with a plan and classes of drugs."""

    def make(data: dict[str, Records], classes: list[dict[str, Any]] = ONE_CLASS) -> AnalysisDatasets:
        study = make_study(follow_up={"template": "GT-15Y"}, exposure={"classes": classes})
        return derived(study=study, **data)

    return make


def listing(made: AnalysisDatasets, code: str = "DTHL01") -> TableResult:
    return make_table(code, made, made.study)


def column(table: TableResult, heading: str) -> dict[str, str]:
    place = [item.heading for item in table.columns].index(heading)
    return {row.label: row.cells[place] for row in table.rows}


def test_fatal_events_with_the_words_as_reported(datasets: Derive) -> None:
    """Each fatal event in the data's order, emergent or not; the reported term where it says more than its case."""
    assert column(listing(datasets(TRIAL)), "Fatal events: PT (as reported)") == {
        "S1": "Sepsis (septic shock); Pneumonia",
        "S2": "UNCODED: found dead",
        "S3": "None reported",
        "C1": "None reported",
    }


def test_days_on_immunosuppression(datasets: Derive) -> None:
    """S1: from the infusion to the death, 465 days; S2: 40 days; S3: 31 January is before the infusion."""
    assert column(listing(datasets(TRIAL)), "Days on immunosuppression") == {
        "S1": "465", "S2": "40", "S3": "0", "C1": "0",
    }  # fmt: skip


def test_days_on_each_of_several_classes(datasets: Derive) -> None:
    found = column(listing(datasets(TRIAL, TWO_CLASSES)), "Days on classes of drugs")
    assert found["S1"] == "Calcineurin inhibitors: 10; Antimetabolites: 465"
    assert found["S2"] == "Calcineurin inhibitors: 31; Antimetabolites: 40"


def test_the_last_regimen_is_of_the_last_day_with_any_drug(datasets: Derive) -> None:
    assert column(listing(datasets(TRIAL)), "Last immunosuppression (last day)") == {
        "S1": "Mycophenolate, Sirolimus (day 465)",
        "S2": "Mycophenolate (day 40)",
        "S3": "None recorded",
        "C1": "None recorded",
    }


def test_the_graft_at_the_last_visit_held(datasets: Derive) -> None:
    assert column(listing(datasets(TRIAL)), "Graft status") == {
        "S1": "Failure (MONTH 12, day 366)",
        "S2": "Not evaluable (MONTH 12, day 366)",
        "S3": "Not evaluable (MONTH 12, day 366)",
        "C1": "Not known",
    }


def test_a_column_without_a_source_is_not_there(datasets: Derive) -> None:
    """No outcome, no drugs, no visits: five columns, as before; nothing is said to be none."""
    assert len(listing(datasets(BARE)).columns) == 5
    assert len(listing(datasets({**TRIAL, "CM": NOBODY["CM"]}, [])).columns) == 7


def test_what_the_trial_collects_is_asked_of_the_whole_trial(datasets: Derive) -> None:
    """Nobody of the control arm has a fatal event, a drug or a visit: its columns are there all the same."""
    made = datasets(TRIAL)
    [part] = make_tables("DTHL01", made, made.study, {"where": ("TRT01A=Standard of care",)})
    assert [row.label for row in part.rows] == ["C1"]
    assert len(part.columns) == len(listing(made).columns) == 9


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("classes", [ONE_CLASS, TWO_CLASSES])
def test_every_number_opens_its_records_and_sql_finds_the_same(
    datasets: Derive, code: str, classes: list[dict[str, Any]]
) -> None:
    made = datasets(TRIAL, classes)
    table = listing(made, code)
    assert sum(explain(made, item).counted is not None for item in table.statistics) >= 12
    [opinion] = ask_second_opinion([table], made.data, made.study, made.cutoff)
    assert opinion.differences == ()
    assert opinion.unchecked == 4  # the graft of each


def test_the_records_behind_a_regimen(datasets: Derive) -> None:
    made = datasets(TRIAL)
    [number] = find_cell(listing(made), "S1", "Last regimen", "Islet cells")
    assert explain(made, number).records["PARAM"].to_list() == ["MYCOPHENOLATE", "SIROLIMUS"]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    ("name", "data"), [("collected", TRIAL), ("collected_no_death", ALIVE), ("collected_bare", BARE)]
)
def test_listings_as_text(
    datasets: Derive, golden: Callable[[str, str], None], name: str, code: str, data: dict[str, Records]
) -> None:
    golden(f"{code.lower()}_{name}", as_text(listing(datasets(data), code)))


def test_nobody_at_all(datasets: Derive) -> None:
    """No subject: no row, and the note."""
    assert "No subject is known to have died" in as_text(listing(datasets(NOBODY)))
