"""GRAFTFL: who was infused and has evidence by C-peptide that the graft works (spec A.7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from crosscheck import ask_second_opinion
from longwatch.derive import AnalysisDatasets
from longwatch.errors import StudyError
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult

CUT = date(2023, 12, 31)
Derived = Callable[..., AnalysisDatasets]


def peptide(name: str, day: str, value: float | None, unit: str = "ng/mL", minute: float | None = 90.0, **more: Any) -> dict[str, Any]:  # noqa: E501  # fmt: skip
    return {"USUBJID": name, "LBTESTCD": "CPEPTIDE", "LBSTRESN": value, "LBSTRESU": unit, "LBTPTNUM": minute,
            "LBDTC": day, "LBSTRESC": None, "LBFAST": None, **more}  # fmt: skip


RESULTS: dict[str, tuple[str | None, list[dict[str, Any]]]] = {
    # subject: GRAFTFL, its C-peptide; all are infused on 1 March 2022, the bound is 0.3 ng/mL within 90 days
    "ON_THE_BOUND": ("Y", [peptide("ON_THE_BOUND", "2022-05-30", 0.3)]),  # day 90 after it
    "NMOL": ("Y", [peptide("NMOL", "2022-04-01", 0.0993, "nmol/L")]),  # 0.3 ng/mL on paper
    "TOO_LATE": ("N", [peptide("TOO_LATE", "2022-05-31", 2.0)]),
    "SAME_DAY": ("N", [peptide("SAME_DAY", "2022-03-01", 2.0)]),
    "TOO_LOW": ("N", [peptide("TOO_LOW", "2022-04-01", 0.29), peptide("TOO_LOW", "2022-04-02", None, LBSTRESC="<0.1")]),
    "OWN": ("N", [peptide("OWN", "2022-02-01", 0.5), peptide("OWN", "2022-04-01", 0.5)]),  # as before the infusion
    "MORE": ("Y", [peptide("MORE", "2022-02-01", 0.5), peptide("MORE", "2022-04-01", 0.6)]),
    "FASTED": ("Y", [peptide("FASTED", "2022-04-01", 0.4, minute=0.0)]),
    "OTHER_KIND": ("Y", [peptide("OTHER_KIND", "2022-02-01", 0.9), peptide("OTHER_KIND", "2022-04-01", 0.4, minute=None,
                                                                           LBFAST="Y")]),
    "NO_UNIT": ("N", [peptide("NO_UNIT", "2022-04-01", 2.0, "")]),
    "NO_DAY": ("N", [peptide("NO_DAY", "2022-04", 2.0)]),
    "NOTHING": ("N", []),
    "NOT_INFUSED": ("N", [peptide("NOT_INFUSED", "2022-04-01", 2.0)]),
}  # fmt: skip
TRIAL: dict[str, Any] = {
    "DM": [{"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL"} for name in RESULTS],
    "EX": [{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"}
           for name in RESULTS if name != "NOT_INFUSED"],
    "AE": [{"USUBJID": "MORE", "AESEQ": 1.0, "AEDECOD": "A", "AEBODSYS": "B", "AESTDTC": "2022-06-01"},
           {"USUBJID": "OWN", "AESEQ": 1.0, "AEDECOD": "A", "AEBODSYS": "B", "AESTDTC": "2022-06-01"}],
    "CE": [{"USUBJID": "MORE", "CEDECOD": "GRAFT LOSS", "CESTDTC": "2023-03-01"}],
    "LB": [result for _, results in RESULTS.values() for result in results],
}  # fmt: skip
LOSS = {"parameters": [{"code": "TTLOSS", "name": "Time to graft loss", "event": "clinical_event",
                        "terms": ["GRAFT LOSS"]}]}  # fmt: skip


@pytest.fixture
def trial(derived: Derived, make_study: Callable[..., Study]) -> Derived:
    def make(data: dict[str, Any] = TRIAL, **engraftment: Any) -> AnalysisDatasets:
        study = make_study(graft={"engraftment": engraftment}, time_to_event=LOSS)
        return derived(cutoff=CUT, study=study, **data)

    return make


def flags(datasets: AnalysisDatasets) -> dict[str, str | None]:
    return dict(datasets.adsl.select(pl.col("USUBJID").cast(pl.String), pl.col("GRAFTFL").cast(pl.String)).rows())


def size(table: TableResult) -> float | int | None:
    return next(item.value for item in table.statistics if (item.statistic, item.column) == ("N", "Total"))


def test_evidence_of_each_kind(trial: Derived) -> None:
    """Missing evidence is none; what the subject made itself is none."""
    assert flags(trial()) == {name: expected for name, (expected, _) in RESULTS.items()}


def test_the_protocol_says_what_counts(trial: Derived) -> None:
    assert [name for name, flag in flags(trial(sample="fasting")).items() if flag == "Y"] == ["FASTED", "OTHER_KIND"]
    assert [name for name, flag in flags(trial(c_peptide=0.6, within_days=365)).items() if flag == "Y"] == [
        "TOO_LATE",
        "MORE",
    ]


def test_without_a_definition_there_is_no_such_population(derived: Derived, make_study: Callable[..., Study]) -> None:
    study = make_study()
    made = derived(cutoff=CUT, study=study, **TRIAL)
    assert "GRAFTFL" not in made.adsl.columns
    assert not any(item.row_group == "GRAFTFL" for item in make_table("POPT01", made, study).statistics)
    with pytest.raises(StudyError, match="LW-TAB-016") as refused:
        make_table("DMT01", made, study, {"population": "GRAFTFL"})
    assert "graft: engraftment" in str(refused.value)


def test_where_no_c_peptide_is_measured_it_is_not_known(trial: Derived) -> None:
    """NA in POPT01, not zero subjects."""
    made = trial({**TRIAL, "LB": [{**TRIAL["LB"][0], "LBTESTCD": "GLUC"}]})
    assert set(flags(made).values()) == {None}
    table = make_table("POPT01", made, made.study)
    assert {item.text for item in table.statistics if item.row_group == "GRAFTFL"} == {"NA"}
    (opinion,) = ask_second_opinion([table], made.data, made.study, CUT)
    assert opinion.differences == ()


def test_it_is_counted_and_can_be_asked_for(trial: Derived) -> None:
    """In POPT01; as the population of DMT01 and DST01; and of any output, graft survival among them, by `where`. Each
    number is counted again from its records, and by SQL."""
    made = trial()
    asked: list[tuple[str, dict[str, object]]] = [
        ("POPT01", {}), ("DMT01", {"population": "GRAFTFL"}), ("DST01", {"population": "GRAFTFL"}),
        ("AET02", {"where": "GRAFTFL=Y"}), ("CIFG01", {"where": "GRAFTFL=Y", "parameter": "TTLOSS"}),
    ]  # fmt: skip
    tables = [make_table(code, made, made.study, parameters) for code, parameters in asked]
    (counted,) = (item for item in tables[0].statistics
                  if (item.row_group, item.column, item.statistic) == ("GRAFTFL", "Total", "n"))  # fmt: skip
    assert (counted.value, explain(made, counted).subjects) == (5, 5)
    assert [size(table) for table in tables[1:]] == [5, 5, 5, 5]
    assert all("C-peptide of at least 0.3 ng/mL within 90 days" in " ".join(table.footnotes) for table in tables)
    opinions = ask_second_opinion(tables, made.data, made.study, CUT)
    assert [(item.answered, item.differences) for item in opinions] == [(True, ())] * len(tables)


def test_another_bound_is_caught(trial: Derived) -> None:
    """A table made by another definition than the study file's differs from the second opinion."""
    loose, made = trial(c_peptide=0.2), trial()
    table = make_table("POPT01", loose, loose.study)
    (opinion,) = ask_second_opinion([table], made.data, made.study, CUT)
    assert {item.cell[0] for item in opinion.differences} == {"GRAFTFL"}
