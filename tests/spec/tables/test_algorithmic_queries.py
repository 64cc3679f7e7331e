"""Hypoglycaemia and hyperglycaemia by an algorithm over events, results, drugs and clinical events (FDA 47, 48).

MOCKDRA is invented: no term or list is MedDRA's or FDA's.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from crosscheck import ask_second_opinion
from longwatch.derive import AnalysisDatasets, derive
from longwatch.errors import StudyError
from longwatch.standards.dataset import SourceData
from longwatch.standards.event_groups import EventGroups
from longwatch.standards.group_files import parse_group_file
from longwatch.study import AlgorithmicQuery, Study
from longwatch.tables.ars import make_reporting_event
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain, find_cell
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

CUTOFF = date(2023, 12, 31)
CODES = ("AET_HYPOGLY", "AET_HYPERGLY")
CELLS = "Islet cells"
DOSED = date(2022, 3, 1)
OCMQ = b"""QUERY_ID,QUERY_NAME,SCOPE,PT
H1,Hypoglycemia,NARROW,Low sugar
H1,Hypoglycemia,BROAD,Trembling
H1,Hypoglycemia,BROAD,Sweating
H2,Hyperglycemia,NARROW,High sugar
"""
SUBJECTS = {**{f"C{number}": "CELL" for number in range(1, 9)}, "S1": "SOC", "S2": "SOC", "S3": "SOC"}
COMPARED = {"comparison": {"control": "SOC", "statistics": ["risk_difference"]}, "dictionaries": {"meddra": "28.0"}}
CLINICAL: dict[str, Any] = {
    "query": "hypoglycaemia",
    "clinical_events": ["Hypo"],
    "criteria": [{"name": "Recorded as a clinical event", "clinical_events": 1}],
}


def on(day: int) -> str:
    """The date so many days after the first dose."""
    return (DOSED + timedelta(days=day)).isoformat()


def ae(subject: str, term: str, day: int) -> dict[str, Any]:
    return {"USUBJID": subject, "AEDECOD": term, "AEBODSYS": "Glucose disorders", "AESTDTC": on(day)}


def lab(subject: str, test: str, value: float, day: int, unit: str, **more: Any) -> dict[str, Any]:
    return {"USUBJID": subject, "LBTESTCD": test, "LBTEST": test, "LBSTRESN": value, "LBSTRESC": f"{value:g}",
            "LBSTRESU": unit, "LBDTC": on(day), "LBFAST": None, "LBSPEC": "PLASMA", **more}  # fmt: skip


def glucose(subject: str, value: float, day: int, unit: str = "mg/dL", **more: Any) -> dict[str, Any]:
    return lab(subject, "GLUC", value, day, unit, **more)


def drug(subject: str, name: str, start: str | None, **more: Any) -> dict[str, Any]:
    return {"USUBJID": subject, "CMTRT": name, "CMSTDTC": start, "CMCLAS": None, "CMOCCUR": None, **more}


EVENTS = [
    ae("C1", "LOW SUGAR", 10),  # a narrow term
    ae("C2", "Low sugar", -10),  # before the first dose
    ae("C4", "TREMBLING", 20),  # a symptom on day 20
    ae("C5", "TREMBLING", 20),
    ae("C6", "TREMBLING", 20),
    ae("C6", "SWEATING", 300),
    ae("C7", "TREMBLING", 20),  # a symptom, without a low glucose
    ae("S1", "HIGH SUGAR", 5),
    ae("S1", "LOW SUGAR", 6),
]
RESULTS = [
    # 3.0 mmol/L is 54.05 mg/dL and not below 54; 2.9 is 52.2
    glucose("C3", 2.9, 40, "mmol/L"),
    glucose("C2", 3.0, 40, "mmol/L"),
    glucose("C2", 40.0, -3),  # before the first dose
    glucose("C2", 40.0, 40, LBSPEC="URINE"),
    glucose("C2", 1.0, 40, "g/L"),  # a unit that is not known
    glucose("C4", 65.0, 27),  # 7 days after the symptom
    glucose("C5", 65.0, 28),  # 8 days: too far
    glucose("C6", 69.0, 200),  # two symptoms and two glucoses, never within 7 days
    glucose("C6", 69.9, 201),
    glucose("C8", 70.0, 9),  # exactly the limit
    # hyperglycaemia
    glucose("C1", 126.0, 30, LBFAST="Y"),
    glucose("C2", 126.0, 31),  # not fasting
    glucose("C3", 181.0, 32),
    glucose("C3", 200.0, 32),  # two of one day
    glucose("C7", 181.0, 32),  # one alone
    lab("C4", "HBA1C", 6.5, 50, "%"),
    lab("C5", "HBA1C", 5.8, -20, "%"),
    lab("C5", "HBA1C", 6.1, 60, "%"),  # 0.3 higher, though 6.1 - 5.8 in binary is less
    lab("C6", "HBA1C", 5.3, -20, "%"),
    lab("C6", "HBA1C", 5.6, 60, "%"),  # 0.3 higher, and below 5.7
    glucose("S2", 85.0, -9, LBFAST="Y"),
    glucose("S2", 105.0, 70, LBFAST="Y"),  # 20 higher, and above 100
    glucose("S3", 80.0, -9, LBFAST="Y"),
    glucose("S3", 100.0, 70, LBFAST="Y"),  # 20 higher, and 100
]
DRUGS = [
    drug("C8", "Insulin glargine", on(3)),
    drug("C7", "INSULIN", on(-100)),  # taken before, and again
    drug("C7", "INSULIN", on(100)),
    drug("C6", "Tabs", on(5), CMCLAS="Biguanides"),
    drug("C6", "METFORMIN", None),  # nobody knows since when
    drug("C5", "METFORMIN", on(5), CMOCCUR="N"),
    drug("C4", "ASPIRIN", on(5)),
]
CE = [
    {"USUBJID": "S2", "CETERM": "HYPO", "CESTDTC": on(4)},
    {"USUBJID": "S3", "CETERM": "HYPO", "CESTDTC": on(-4)},
    {"USUBJID": "C8", "CETERM": "HYPO", "CESTDTC": "2022"},  # can lie after the first dose
    {"USUBJID": "C7", "CETERM": "GRAFT LOSS", "CESTDTC": on(4)},
]


def numbered(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [{**row, name: float(place)} for place, row in enumerate(rows, start=1)]


TRIAL: dict[str, list[dict[str, Any]]] = {
    "DM": [{"USUBJID": name, "ARMCD": arm, "ACTARMCD": arm, "RFICDTC": "2022-02-01", "SEX": "FM"[place % 2]}
           for place, (name, arm) in enumerate(SUBJECTS.items())],
    "EX": [{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": DOSED.isoformat()} for name in SUBJECTS],
    "AE": numbered(EVENTS, "AESEQ"),
    "LB": numbered(RESULTS, "LBSEQ"),
    "CM": numbered(DRUGS, "CMSEQ"),
    "CE": numbered(CE, "CESEQ"),
}  # fmt: skip
GROUPS = EventGroups(parse_group_file(OCMQ, "OCMQ", "ocmq.csv"), "digest")


@pytest.fixture
def study(make_study: Callable[..., Study]) -> Study:
    return make_study(algorithmic_queries=[CLINICAL], **COMPARED)


@pytest.fixture
def data(make_data: Callable[..., SourceData]) -> SourceData:
    return make_data(**TRIAL)


@pytest.fixture
def datasets(data: SourceData, study: Study) -> AnalysisDatasets:
    return derive(data, study, CUTOFF, groups=GROUPS)


def counts(table: TableResult) -> dict[str, Any]:
    """n of the cell arm and the control arm by row: `None` is NA."""
    found: dict[str, list[Any]] = {}
    for item in table.statistics:
        if item.statistic == "n" and item.column != "Total":
            found.setdefault(item.row or item.row_group, []).append(item.value)
    return {row: tuple(values) for row, values in found.items()}


def test_hypoglycaemia_by_each_criterion(datasets: AnalysisDatasets, study: Study) -> None:
    assert counts(make_table("AET_HYPOGLY", datasets, study)) == {
        "Any criterion": (5, 2),
        "Of adverse events alone": (1, 1),  # C1, S1
        "Of results alone": (1, 0),  # C3
        "Of both, or others": (3, 1),  # C4, C6, C8; S2
        "Any hypoglycaemia term": (1, 1),
        "Glucose < 54 mg/dL": (1, 0),
        "Symptom, and glucose < 70 mg/dL within 7 days": (1, 0),  # C4
        "At least 2 symptoms, and at least 2 glucoses < 70 mg/dL": (1, 0),  # C6
        "Recorded as a clinical event": (1, 1),  # C8, S2
    }


def test_hyperglycaemia_by_each_criterion(datasets: AnalysisDatasets, study: Study) -> None:
    assert counts(make_table("AET_HYPERGLY", datasets, study)) == {
        "Any criterion": (6, 2),
        "Of adverse events alone": (0, 1),  # S1
        "Of results alone": (4, 1),  # C1, C3, C4, C5; S2
        "Of both, or others": (2, 0),  # C6, C8
        "Any hyperglycaemia term": (0, 1),
        "Fasting glucose >= 126 mg/dL": (1, 0),
        "At least 2 glucoses > 180 mg/dL": (1, 0),
        "Any new drug for diabetes": (2, 0),  # C6 by its class, C8
        "HbA1c >= 6.5%": (1, 0),
        "HbA1c higher by >= 0.3 points, and >= 5.7%": (1, 0),
        "Fasting glucose higher by >= 20 mg/dL, and > 100 mg/dL": (0, 1),
    }


def test_behind_a_number_stand_the_records_that_meet_it(datasets: AnalysisDatasets, study: Study) -> None:
    """Each number counts again; of a pair within 7 days the symptom and the glucose, and no other record."""
    for code in CODES:
        table = make_table(code, datasets, study)
        assert all(explain(datasets, item).counted in (None, item.value) for item in table.statistics)
    table = make_table("AET_HYPOGLY", datasets, study)
    name = "Symptom, and glucose < 70 mg/dL within 7 days"
    [n] = [item for item in find_cell(table, "Criterion", name, CELLS) if item.statistic == "n"]
    found = explain(datasets, n).records
    assert found.select(pl.col("USUBJID").cast(str), "SRCDOM", "SRCSEQ", "ADT").rows() == [
        ("C4", "AE", 3.0, DOSED + timedelta(days=20)),
        ("C4", "LB", 6.0, DOSED + timedelta(days=27)),
    ]


def test_sql_and_ars_have_every_number(datasets: AnalysisDatasets, data: SourceData, study: Study) -> None:
    tables = [
        make_table(code, datasets, study, {"where": asked} if asked else {})
        for code in CODES
        for asked in ("", "SEX=F")
    ]
    opinions = ask_second_opinion(tables, data, study, CUTOFF, GROUPS)
    assert [item for opinion in opinions for item in opinion.differences] == []
    assert all(opinion.answered and opinion.compared for opinion in opinions)
    found = make_reporting_event(tables, study)["analyses"]
    assert isinstance(found, list)
    assert sum(len(analysis["results"]) for analysis in found) == sum(len(table.statistics) for table in tables)


@pytest.mark.parametrize(
    ("changed", "value"),
    [("ADT", pl.col("ADT") + pl.duration(days=2)), ("AVAL", pl.col("AVAL") - 1), ("ONTRTFL", pl.lit("Y"))],
)
def test_a_result_that_is_wrong_is_noticed(
    datasets: AnalysisDatasets, data: SourceData, study: Study, changed: str, value: pl.Expr
) -> None:
    """A day that is off, a value that is off, a result before the first dose: SQL counts others."""
    wrong = replace(datasets)
    wrong.__dict__["adlb"] = datasets.adlb.with_columns(value.cast(datasets.adlb.schema[changed]).alias(changed))
    tables = [make_table(code, wrong, study) for code in CODES]
    assert any(opinion.differences for opinion in ask_second_opinion(tables, data, study, CUTOFF, GROUPS))


DATES = [None, "2022", "2022-03", "2022-02", "2022-03-01", "2022-03-01T08:00", "2022-03-05", "2022-03-09", "2022-03-20",
         "2022-02-20", "2022-03-02/2022-03-04", "2024-05-01", "unknown"]  # fmt: skip
DRAWN: list[dict[str, Any]] = [
    {**CLINICAL, "symptoms": {"terms": ["Trembling"], "groups": ["Hyperglycemia"]}},
    {"query": "hyperglycaemia", "drugs": {"names": ["aspirin"], "containing": ["insulin", "biguan"]},
     "criteria": [*({"name": unit, "results": {"analyte": "GLUC", "comparison": "at_least", "value": 1.5, "unit": unit}}
                    for unit in ("x ULN", "x LLN", "x baseline", "% of baseline")),
                  {"name": "Drug and event", "drugs": 1, "terms": 1, "within_days": 4},
                  {"name": "Two drugs", "drugs": 2, "symptoms": 1}]},
]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_sql_agrees_on_drawn_trials(seed: int, make_study: Callable[..., Study]) -> None:
    """Partial and impossible dates, three units, holes: both count the same, and each number explains itself."""
    some = random.Random(seed).choice
    names = list(SUBJECTS)

    def rows(count: int, make: Callable[[], dict[str, Any]]) -> pl.DataFrame:
        made = [{"USUBJID": some([*names, "NOBODY"]), **make()} for _ in range(count)]
        kinds = {
            name: pl.Float64 if name.endswith(("SEQ", "STRESN", "STNRLO", "STNRHI")) else pl.String for name in made[0]
        }
        return pl.DataFrame(made, schema=kinds)

    dm, ex = (pl.DataFrame(TRIAL[name]) for name in ("DM", "EX"))
    found = SourceData.of(
        DM=dm,
        EX=ex.with_columns(EXSTDTC=pl.Series([some(["2022-03-01", "2022-03-01T09:00", "2022-03"]) for _ in names])),
        AE=rows(25, lambda: {"AESEQ": some([1.0, 2.0, None]), "AEDECOD": some(["LOW SUGAR", "Trembling", "SWEATING",
                "High sugar", None]), "AEBODSYS": some(["Gut", None]), "AESTDTC": some(DATES)}),
        LB=rows(60, lambda: {"LBSEQ": some([1.0, 2.0, None]), "LBTESTCD": some(["GLUC", "GLUC", "HBA1C", None]),
                "LBSTRESN": some([3.0, 2.9, 3.8, 5.6, 5.9, 6.1, 6.5, 53.9, 54.0, 69.9, 126.0, 181.0, None]),
                "LBSTRESC": some(["<1", None]), "LBSTRESU": some(["mg/dL", "mmol/L", "%", None]),
                "LBSTNRLO": some([0.0, 3.9, 70.0, None]), "LBSTNRHI": some([0.0, 5.6, 100.0, None]),
                "LBSPEC": some(["PLASMA", "URINE", None]), "LBFAST": some(["Y", "N", None]), "LBDTC": some(DATES)}),
        CM=rows(20, lambda: {"CMSEQ": some([1.0, None]), "CMTRT": some(["Insulin", "ASPIRIN", None]),
                "CMDECOD": some(["INSULIN LISPRO", "Metformin", None]), "CMCLAS": some(["Biguanides", None]),
                "CMOCCUR": some(["N", "Y", None]), "CMSTDTC": some(DATES)}),
        CE=rows(9, lambda: {"CETERM": some(["HYPO", "Hypo", "LOSS", None]), "CEDECOD": some(["Hypo", None, None]),
                "CEOCCUR": some(["N", None]), "CESTDTC": some(DATES)}),
    )  # fmt: skip
    study = make_study(algorithmic_queries=DRAWN)
    datasets = derive(found, study, CUTOFF, groups=GROUPS)
    restricted: tuple[dict[str, object], ...] = ({}, {"where": "SEX=F"})
    tables = [make_table(code, datasets, study, asked) for code in CODES for asked in restricted]
    for item in (each for table in tables for each in table.statistics):
        assert explain(datasets, item).counted in (None, item.value)
    opinions = ask_second_opinion(tables, found, study, CUTOFF, GROUPS)
    assert [item for opinion in opinions for item in opinion.differences] == []


def test_what_cannot_be_told_is_no_zero(make_data: Callable[..., SourceData], study: Study) -> None:
    """Without lists, drugs, clinical events and HbA1c: NA, its reason, and no kind that nothing can be of."""
    lb = [row for row in TRIAL["LB"] if row["LBTESTCD"] == "GLUC"]
    bare = derive(make_data(**{name: rows for name, rows in {**TRIAL, "LB": lb}.items() if name not in ("CM", "CE")}),
                  study, CUTOFF)  # fmt: skip
    low, high = (make_table(code, bare, study) for code in CODES)
    assert counts(low)["Any hypoglycaemia term"] == counts(low)["Recorded as a clinical event"] == (None, None)
    assert counts(low)["Of adverse events alone"] == counts(low)["Of both, or others"] == (None, None)
    assert counts(low)["Any criterion"] == counts(low)["Of results alone"] == (1, 0)
    assert counts(high)["Any new drug for diabetes"] == counts(high)["HbA1c >= 6.5%"] == (None, None)
    notes = " ".join((*low.footnotes, *high.footnotes))
    for why in ("no OCMQ Hypoglycemia among the lists", "clinical events not collected (CE)",
                "no result of HBA1C in % after the first dose", "when they began not collected (CM)"):  # fmt: skip
        assert why in notes


def test_the_study_s_criteria_may_stand_alone(data: SourceData, make_study: Callable[..., Study]) -> None:
    own = {
        "query": "hypoglycaemia",
        "guide": False,
        "terms": {"socs": ["glucose disorders"]},
        "criteria": [
            {"name": "Two events", "terms": 2},
            {"name": "Low", "results": {"analyte": "GLUC", "comparison": "at_most", "value": 3, "unit": "mmol/l"}},
        ],
    }
    study = make_study(algorithmic_queries=[own])
    datasets = derive(data, study, CUTOFF)
    table = make_table("AET_HYPOGLY", datasets, study)
    assert counts(table)["Two events"] == (1, 1)  # C6, S1
    assert counts(table)["Low"] == (2, 0)  # C2 and C3
    assert "confirm them" not in " ".join(table.footnotes)
    (opinion,) = ask_second_opinion([table], data, study, CUTOFF)
    assert opinion.differences == ()


TRIPLED = {"analyte": "GLUC", "comparison": "above", "value": 3, "unit": "x ULN"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"criteria": [{"name": "Nothing"}]}, "ask for terms, symptoms"),
        ({"criteria": [{"name": "Far", "terms": 2, "drugs": 1, "within_days": 3}]}, "two parts of one record each"),
        ({"criteria": [{"name": "Any hypoglycaemia term", "terms": 1}]}, "stands twice"),
        ({"criteria": [{"name": "CE", "clinical_events": 1}]}, "name the terms of CE"),
        ({"guide": False}, "give `criteria`"),
        ({"criteria": [{"name": "L", "results": {**TRIPLED, "rise": 1}}]}, "'x ULN' is none"),
    ],
)
def test_a_query_that_says_too_little(query: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        AlgorithmicQuery.model_validate({"query": "hypoglycaemia", **query})


def test_a_list_that_is_not_there_is_refused_early(data: SourceData, make_study: Callable[..., Study]) -> None:
    study = make_study(algorithmic_queries=[{"query": "hyperglycaemia", "terms": {"groups": ["Hyperglycaemai"]}}])
    with pytest.raises(StudyError) as raised:
        derive(data, study, CUTOFF, groups=GROUPS)
    assert raised.value.error_id == "LW-GRP-003"


def test_the_criteria_are_those_of_a_public_implementation() -> None:
    """pharmaverseadamjnj, data-raw/adagocmq.R: ATERMN 21 to 27 and 31 to 34, in mg/dL and %."""
    found = {
        query: [
            (dict(item.parts), *([item.results.words, item.results.rise] if item.results else []), item.within_days)
            for item in AlgorithmicQuery.model_validate({"query": query}).every_criterion
        ]
        for query in ("hypoglycaemia", "hyperglycaemia")
    }
    assert found == {
        "hypoglycaemia": [
            ({"terms": 1}, None),
            ({"results": 1}, "GLUC < 54 mg/dL", None, None),
            ({"symptoms": 1, "results": 1}, "GLUC < 70 mg/dL", None, 7),
            ({"symptoms": 2, "results": 2}, "GLUC < 70 mg/dL", None, None),
        ],
        "hyperglycaemia": [
            ({"terms": 1}, None),
            ({"results": 1}, "GLUC >= 126 mg/dL", None, None),
            ({"results": 2}, "GLUC > 180 mg/dL", None, None),
            ({"drugs": 1}, None),
            ({"results": 1}, "HBA1C >= 6.5%", None, None),
            ({"results": 1}, "HBA1C >= 5.7%", 0.3, None),
            ({"results": 1}, "GLUC > 100 mg/dL", 20.0, None),
        ],
    }
    fasting = [item.results.fasting for item in AlgorithmicQuery.model_validate({"query": "hyperglycaemia"})
               .every_criterion if item.results]  # fmt: skip
    assert fasting == [True, False, False, False, True]


CASES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "trial": lambda found: found,
    "no_result": lambda found: {**found, "LB": found["LB"][:1], "AE": [found["AE"][1]], "CM": [], "CE": []},
    "no_subject": lambda found: {name: rows for name, rows in found.items() if name == "DM"},
    "missing_variables": lambda found: {
        **found,
        "AE": [{name: row[name] for name in ("USUBJID", "AEDECOD", "AEBODSYS", "AESTDTC")} for row in found["AE"]],
        "LB": [{name: value for name, value in row.items() if name not in ("LBFAST", "LBSPEC", "LBSEQ")}
               for row in found["LB"]],
        "CM": [{"USUBJID": row["USUBJID"], "CMTRT": row["CMTRT"]} for row in found["CM"]],
        "CE": [{"USUBJID": row["USUBJID"]} for row in found["CE"]],
    },
}  # fmt: skip


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", CASES)
def test_tables_as_text(
    make_data: Callable[..., SourceData],
    study: Study,
    golden: Callable[[str, str], None],
    code: str,
    name: str,
) -> None:
    given = CASES[name](TRIAL)
    empty = {"EX": ("USUBJID", "EXTRT", "EXSTDTC"), "AE": ("USUBJID", "AEDECOD", "AEBODSYS", "AESTDTC")}
    found = make_data(**{key: rows for key, rows in given.items() if rows})
    for key, names in empty.items():
        if key not in found:
            found = SourceData({**found.datasets, **SourceData.of(
                **{key: pl.DataFrame(schema=dict.fromkeys(names, pl.String))}).datasets})  # fmt: skip
    datasets = derive(found, study, CUTOFF, groups=GROUPS)
    table = make_table(code, datasets, study)
    for item in table.statistics:
        explain(datasets, item)
    golden(f"{code.lower()}_{name}", as_text(table))
