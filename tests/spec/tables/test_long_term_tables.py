"""LTF05, LTF08, LTF09, LTF12, LTF13: what happened over the years (spec D.3, L5, L8, L9, L12, L13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from crosscheck.second_opinion import ask_second_opinion
from longwatch.derive import AnalysisDatasets, derive
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

Records = list[dict[str, Any]]
CODES = ("LTF05", "LTF08", "LTF09", "LTF12", "LTF13")
FIRST, CUT = date(2020, 1, 1), date(2025, 6, 30)
FOLLOW_UP = {
    "immune": [{"name": "Clinical rejection", "terms": ["Graft rejection"]}],
    "organs": [{"name": "Neuropathy", "terms": ["Neuropathy"]}],
    "recurrent": [{"name": "Infections", "socs": ["Infections"]}],
    "malignancies": [{"name": "Lymphoma", "terms": ["Lymphoma"]}],
}
EXPOSURE = {"classes": [{"name": "Calcineurin inhibitors", "drugs": ["Tacrolimus", "Ciclosporin"]}],
            "troughs": {"Tacrolimus": "TACRO"}}  # fmt: skip


def on(day: int) -> str:
    """A study day as a date: day 1 is the day of the infusion."""
    return (FIRST + timedelta(days=day - 1)).isoformat()


def person(name: str, days: int, died: bool = False, arm: str = "CELL") -> dict[str, Any]:
    return {"USUBJID": name, "ARMCD": arm, "ACTARMCD": arm, "AGE": 45.0, "SEX": "M", "RFPENDTC": on(days),
            "DTHFL": "Y" if died else None, "DTHDTC": on(days) if died else None}  # fmt: skip


def dosed(people: Records) -> Records:
    return [{"USUBJID": row["USUBJID"], "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": on(1)} for row in people]


def event(name: str, term: str, day: int, soc: str = "Other", seq: int = 1) -> dict[str, Any]:
    return {"USUBJID": name, "AESEQ": float(seq), "AEDECOD": term, "AEBODSYS": soc, "AESTDTC": on(day)}


def antibody(name: str, test: str, day: int, value: float, kind: str = "DONOR-SPECIFIC ANTIBODY") -> dict[str, Any]:
    return {"USUBJID": name, "ISTESTCD": test, "ISCAT": kind, "ISSTRESN": value, "ISDTC": on(day)}


def peptide(name: str, day: int, value: float) -> dict[str, Any]:
    return {"USUBJID": name, "LBTESTCD": "CPEPTIDE", "LBSTRESN": value, "LBSTRESU": "ng/mL", "LBTPTNUM": 90.0,
            "LBDTC": on(day)}  # fmt: skip


def result(name: str, test: str, day: int, value: float, unit: str) -> dict[str, Any]:
    return {"USUBJID": name, "LBTESTCD": test, "LBSTRESN": value, "LBSTRESU": unit, "LBDTC": on(day)}


def course(name: str, drug: str, first: int, last: int | None, why: str | None = None) -> dict[str, Any]:
    return {"USUBJID": name, "CMTRT": drug, "CMSTDTC": on(first), "CMENDTC": None if last is None else on(last),
            "CMRSDISC": why}  # fmt: skip


PEOPLE = [person("A", 1500), person("B", 1500, arm="SOC"), person("C", 900, died=True), person("D", 400)]
TRIAL: dict[str, Records] = {
    "DM": PEOPLE,
    "EX": dosed(PEOPLE),
    "AE": [
        event("A", "Graft rejection", 200), event("A", "Graft rejection", 900, seq=2),
        event("A", "Pneumonia", 50, "Infections", 3), event("A", "Cold", 51, "Infections", 4),
        event("B", "Cold", 700, "Infections"), event("B", "Neuropathy", 800, seq=2), event("C", "Lymphoma", 600),
    ],
    "IS": [
        # A: absent at baseline, present twice later; B: present at baseline; C: present once; D: no baseline.
        *(antibody("A", "DSA1", day, value) for day, value in ((-5, 100), (90, 1500), (400, 900), (700, 2000))),
        *(antibody("B", "DSA1", day, value) for day, value in ((-5, 1200), (90, 1500), (400, 1900))),
        *(antibody("C", "DSA1", day, value) for day, value in ((-5, 100), (90, 1500), (400, 900))),
        *(antibody("D", "DSA1", day, value) for day, value in ((90, 1500), (300, 1900))),
        *(antibody("B", "GAD", day, value, "AUTOANTIBODY") for day, value in ((-5, 20), (90, 39), (400, 40))),
    ],
    "LB": [
        # A: half of the highest is no fall by more than half; B: less is.
        *(peptide("A", day, value) for day, value in ((90, 2.0), (400, 1.0))),
        *(peptide("B", day, value) for day, value in ((-9, 5.0), (90, 1.0), (400, 2.0), (700, 0.9))),
        # The oracle of spec C.4: a man of 45 from 0.8 to 1.4 mg/dL falls by 43.2 %: level 1, not level 2.
        result("A", "CREAT", -5, 0.8, "mg/dL"), result("A", "CREAT", 100, 1.4, "mg/dL"),
        *(result("A", "TACRO", day, value, "ng/mL") for day, value in ((-5, 99.0), (30, 8.0), (60, 10.0))),
    ],
    "CM": [
        # A: without a gap; B: stopped for a reason; C: another drug later on; D: until the end.
        course("A", "Tacrolimus", 2, 400), course("A", "Tacrolimus", 401, None),
        course("B", "Tacrolimus", 2, 500, "ADVERSE EVENT"),
        course("C", "Tacrolimus", 2, None), course("C", "Ciclosporin", 300, None),
        course("D", "Tacrolimus", 2, 400), course("D", "Insulin", 2, 100),
    ],
    "CE": [
        {"USUBJID": "A", "CESCAT": "LEVEL 3", "CEOCCUR": "Y", "CESTDTC": on(day)} for day in (-40, 500, 501)
    ] + [{"USUBJID": "B", "CESCAT": "LEVEL 2", "CEOCCUR": "Y", "CESTDTC": on(500)}],
}  # fmt: skip
BARE = {
    "DM": [{name: row[name] for name in ("USUBJID", "ARMCD", "ACTARMCD")} for row in PEOPLE],
    "EX": TRIAL["EX"],
    "AE": [{name: row[name] for name in ("USUBJID", "AEDECOD", "AEBODSYS", "AESTDTC")} for row in TRIAL["AE"]],
}
NOBODY = {name: [dict.fromkeys(records[0])] for name, records in TRIAL.items()}
Table = Callable[..., TableResult]
Derive = Callable[[dict[str, Records]], AnalysisDatasets]


@pytest.fixture
def datasets(make_study: Callable[..., Study], make_data: Callable[..., SourceData]) -> Derive:
    """Analysis datasets of records, by the study file of these tests."""
    return lambda data: derive(make_data(**data), make_study(follow_up=FOLLOW_UP, exposure=EXPOSURE), CUT)


@pytest.fixture
def table(datasets: Derive) -> Table:
    """`table("LTF05", TRIAL)`."""

    def make(code: str, data: dict[str, Records], **given: Any) -> TableResult:
        made = datasets(data)
        return make_table(code, made, made.study, given)

    return make


def texts(table: TableResult, group: str, row: str, *statistics: str, column: str = "Total") -> list[str]:
    found = {item.statistic: item.text for item in table.statistics
             if (item.row_group, item.row, item.column) == (group, row, column)}  # fmt: skip
    return [found[name] for name in statistics]


def test_death_competes_with_an_event(table: Table) -> None:
    """Spec C.4: times 3, 6 (death), 9+, 12, 15+, 18 (death), in months of 30 days: F(12) = 0.389 (0.048, 0.745);
    death taken for censoring would give 0.444."""
    ends = {"P3": (500, False), "P6": (180, True), "P9": (270, False), "P12": (500, False), "P15": (450, False),
            "P18": (540, True)}  # fmt: skip
    people = [person(name, *end) for name, end in ends.items()]
    events = [event("P3", "Lymphoma", 90), event("P12", "Lymphoma", 360)]
    made = table("LTF08", {"DM": people, "EX": dosed(people), "AE": events})
    values = texts(made, "Lymphoma", "Year 1", "incidence_pct", "incidence_pct_lower", "incidence_pct_upper", "at_risk")
    assert values == ["38.9", "4.8", "74.5", "2"]


def test_a_mean_count_of_five_people(table: Table) -> None:
    """Dong and Yasui (spec C.4), times in units of 50 days: 1.00 events a subject after time 7."""
    people = [person("P1", 400), person("P2", 50), person("P3", 250, True), person("P4", 400), person("P5", 150, True)]
    days = {"P4": (100, 300, 350), "P5": (150,)}
    events = [event(name, "Cold", day, "Infections", day) for name, each in days.items() for day in each]
    made = table("LTF09", {"DM": people, "EX": dosed(people), "AE": events})
    assert texts(made, "Infections", "", "n", "pct") == ["2", "40.0"]
    assert texts(made, "Infections", "Events", "events") == ["4"]
    assert texts(made, "Infections", "Year 1", "mean_count", "at_risk") == ["1.00", "2"]
    assert texts(made, "Infections", "Year 3", "mean_count") == ["NE"]


def test_a_de_novo_antibody_was_absent_at_baseline_and_is_seen_twice(table: Table) -> None:
    """A alone; its first day of the two counts. D has no baseline, and nothing can be told of it."""
    made = table("LTF05", TRIAL)
    group = "De-novo donor-specific antibodies"
    assert texts(made, group, "", "n", "pct") == ["1", "25.0"]
    assert texts(made, group, "Of whom it can be told", "n") == ["3"]
    assert texts(made, group, "Days to the first, median (range)", "median") == ["90.0"]


def test_other_immune_events(table: Table) -> None:
    """Half the highest C-peptide is no fall by more than half, and what was before the infusion is not compared; twice
    the baseline is a rise; a drug that goes on under a new record has not changed."""
    made = table("LTF05", TRIAL)
    days = "Days to the first, median (range)"
    assert texts(made, "Clinical rejection", days, "median", "min", "max") == ["200.0", "200", "200"]
    assert texts(made, "C-peptide fall", "", "n") + texts(made, "C-peptide fall", days, "min") == ["1", "700"]
    assert texts(made, "Rise of an autoantibody", days, "min", "max") == ["400", "400"]
    change = "Change of immunosuppression"
    assert texts(made, change, "", "n") + texts(made, change, days, "min", "max") == ["2", "300", "501"]


def test_a_fall_of_43_percent_is_level_1_only(table: Table) -> None:
    """Spec C.4 and trap J.12."""
    made = table("LTF12", TRIAL)
    falls = [f"eGFR lower than at baseline by at least {percent}%" for percent in (25, 50, 75)]
    assert [texts(made, name, "", "n") for name in falls] == [["1"], ["0"], ["0"]]
    assert texts(made, "Neuropathy", "", "person_years", "rate") == ["9.9", "10.1"]


def test_the_slope_is_that_of_least_squares(table: Table) -> None:
    """Against the function that is tested against SciPy: results before day 90 are not in it, two days are no trend."""
    import numpy as np

    people = [person("A", 1500), person("B", 1500)]
    days, values = [-5, 30, 90, 400, 800, 1200], [80.0, 99.0, 82.0, 75.0, 77.0, 70.0]
    results = [result("A", "EGFR", day, value, "mL/min/1.73m2") for day, value in zip(days, values, strict=True)]
    results += [result("B", "EGFR", day, 80.0, "mL/min/1.73m2") for day in (100, 500)]
    made = table("LTF12", {"DM": people, "EX": dosed(people), "AE": TRIAL["AE"][:1], "LB": results})
    expected = np.polynomial.polynomial.polyfit(np.array(days[2:]) / 365.25, values[2:], 1)[1]
    group = "Chronic slope of eGFR, mL/min/1.73m2 per year"
    found = [item.value for item in made.statistics if (item.row_group, item.row) == (group, "Mean (95% CI)")]
    assert found[0] == pytest.approx(expected, abs=1e-9)
    assert texts(made, group, "Subjects", "n") == ["1"]


def test_exposure_to_each_drug(table: Table) -> None:
    """Tacrolimus: A 1499 days in two records, B 499, C 899, D 399; only B stopped it before the end, and says why."""
    made = table("LTF13", TRIAL)
    assert texts(made, "TACROLIMUS", "", "n", "pct") == ["4", "100"]
    assert texts(made, "TACROLIMUS", "Days with it", "median", "min", "max") == ["699.0", "399", "1499"]
    assert texts(made, "TACROLIMUS", "Trough level", "n", "mean") == ["1", "9.0"]
    stopped = "Stopped before the end of follow-up"
    assert texts(made, "TACROLIMUS", stopped, "n", "base", "share") == ["1", "4", "25.0"]
    assert texts(made, "TACROLIMUS", f"{stopped}: ADVERSE EVENT", "n") == ["1"]
    assert not [item for item in made.statistics if item.row_group == "INSULIN"]


def test_level_3_alone_recurs_and_only_after_the_infusion(table: Table) -> None:
    made = table("LTF09", TRIAL)
    assert texts(made, "Hypoglycaemia, level 3", "Events", "events") == ["2"]


def test_no_hypoglycaemia_of_level_3_is_lost(table: Table, datasets: Derive) -> None:
    """A month or a year that can lie after the infusion counts, one that cannot does not; help by the findings makes
    level 3 of what the site calls another level, and no help with a measured glucose takes it away. SQL agrees."""
    month, year = on(1)[:7], on(1)[:4]
    ce = [
        {"USUBJID": "A", "CESEQ": float(place), "CETERM": "Hypoglycaemia", "CESCAT": level, "CELNKID": f"H{place}",
         "CESTDTC": day}
        for place, (level, day) in enumerate([
            ("LEVEL 3", month), ("LEVEL 3", year), ("LEVEL 3", on(-400)[:4]), ("LEVEL 3", None),
            ("LEVEL 2", on(500)), ("LEVEL 3", on(500)),
        ])
    ]  # fmt: skip
    fa = [
        {"USUBJID": "A", "FALNKID": link, "FATESTCD": test, "FASTRESC": text, "FASTRESN": number, "FASTRESU": unit}
        for link, test, text, number, unit in [
            ("H4", "ASSIST", "Y", None, None), ("H5", "ASSIST", "N", None, None),
            ("H5", "GLUC", "3.9", 3.9, "mmol/L"), ("H5", "GLUC", "40", 40.0, "mg/dL"),
        ]
    ]  # fmt: skip
    data = {**TRIAL, "CE": ce, "FA": fa}
    made = datasets(data)
    recurrent = table("LTF09", data)
    assert texts(recurrent, "Hypoglycaemia, level 3", "Events", "events") == ["4"]
    assert made.adhg["AVALC"].to_list() == ["LEVEL 3"] * 5 + ["LEVEL 2"]
    days = made.adev.filter(made.adev["PARAMCD"] == "HYPO3", made.adev["AVALC"] == "EVENT")["ADY"].to_list()
    assert days == [1, 1, 1, 500]
    assert [item.differences for item in ask_second_opinion([recurrent], made.data, made.study, CUT)] == [()]


def test_c_peptide_of_the_day_of_the_infusion_is_baseline(table: Table) -> None:
    """As for antibodies and eGFR: it is no earlier one after the infusion, from which a later one could fall."""
    on_the_day = [*TRIAL["LB"], peptide("A", 0, 9.0), peptide("A", 1, 9.0)]
    made = table("LTF05", {**TRIAL, "LB": on_the_day})
    assert texts(made, "C-peptide fall", "", "n") == texts(table("LTF05", TRIAL), "C-peptide fall", "", "n")


def test_what_has_no_source_is_not_zero(table: Table) -> None:
    """Without LB, IS, CM, CE: NA and why, never `0`."""
    made = table("LTF05", BARE)
    assert texts(made, "De-novo donor-specific antibodies", "", "n") == ["NA"]
    assert any("donor-specific antibodies not collected" in note for note in made.footnotes)
    assert texts(table("LTF09", BARE), "Hypoglycaemia, level 3", "", "n") == ["NA"]


def test_which_times_are_shown_may_be_said(table: Table) -> None:
    made = table("LTF08", TRIAL, times=("DSA", "TTSAE"))
    groups = dict.fromkeys(item.row_group for item in made.statistics if item.row_group)
    assert list(groups) == ["De-novo donor-specific antibodies", "Time to first serious adverse event"]


def test_an_aesi_of_the_study_file_has_its_incidence_and_its_curve(
    make_study: Callable[..., Study], make_data: Callable[..., SourceData]
) -> None:
    """By its terms in whatever capitals, and by whole SOCs; the first event of each subject counts."""
    aesi = [
        {"name": "Opportunistic", "terms": ["PNEUMONIA"], "socs": ["infections"]},
        {"name": "Cyst", "terms": ["Cyst"]},
    ]
    study = make_study(aesi=aesi)
    made = derive(make_data(**TRIAL), study, CUT)
    incidence = make_table("LTF08", made, study)
    days = "Days to the first, median (range)"
    assert texts(incidence, "Opportunistic", "", "n") + texts(incidence, "Opportunistic", days, "min", "max") == [
        "2", "50", "700",
    ]  # fmt: skip
    assert texts(incidence, "Cyst", "", "n") == ["0"]
    curve = make_table("CIFG01", made, study, {"parameter": "AESI1"})
    assert curve.title.endswith("opportunistic")
    opinions = ask_second_opinion([incidence, curve], made.data, study, CUT)
    assert [item.differences for item in opinions] == [(), ()]


@pytest.mark.parametrize("code", CODES)
def test_each_count_is_counted_again_from_its_source(table: Table, datasets: Derive, code: str) -> None:
    made = datasets(TRIAL)
    counts = [item for item in table(code, TRIAL).statistics if item.statistic in ("n", "base", "N", "at_risk")]
    assert counts
    assert all(explain(made, item).counted == item.value for item in counts)


@pytest.mark.parametrize("data", [TRIAL, BARE, NOBODY], ids=["trial", "bare", "nobody"])
def test_sql_counts_the_same(datasets: Derive, data: dict[str, Records]) -> None:
    made = datasets(data)
    tables = [make_table(code, made, made.study) for code in CODES]
    opinions = ask_second_opinion(tables, made.data, made.study, CUT)
    assert [item.differences for item in opinions] == [()] * len(CODES)
    assert all(item.answered and (item.compared or data is NOBODY) for item in opinions)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(("name", "data"), [("trial", TRIAL), ("no_subject", NOBODY), ("missing_variables", BARE)])
def test_the_whole_table(
    table: Table, golden: Callable[[str, str], None], code: str, name: str, data: dict[str, Records]
) -> None:
    golden(f"{code.lower()}_{name}", as_text(table(code, data)))
