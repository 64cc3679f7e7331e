"""Adverse events by list of terms (OCMQ, SMQ, own), of special interest, and by subgroup (spec A.4, C.1, D.5).

MOCKDRA is invented: no term, code or list is MedDRA's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from crosscheck import ask_second_opinion
from longwatch.derive import AnalysisDatasets, derive
from longwatch.errors import StudyError
from longwatch.standards.dataset import SourceData
from longwatch.standards.event_groups import EventGroups
from longwatch.standards.group_files import parse_group_file, parse_smqs
from longwatch.standards.meddra import parse_hierarchy
from longwatch.study import Study
from longwatch.tables.ars import make_reporting_event
from longwatch.tables.catalogue import make_table, make_tables
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

CUTOFF = date(2023, 12, 31)
COMPARED = {"comparison": {"control": "SOC", "statistics": ["risk_difference"]}}
OCMQ = b"""QUERY_ID,QUERY_NAME,ORGAN_SYSTEM,SCOPE,PT,PTCD,MEDDRA_VERSION
Q1,Low white cells,Blood,NARROW,Neutropenia,740001,1.0
Q1,Low white cells,Blood,BROAD,Fever,740002,1.0
Q2,Sepsis,Infection,NARROW,Sepsis,740003,1.0
Q2,Sepsis,Infection,BROAD,Fever,740002,1.0
Q3,Rash,Skin,NARROW,Rash,740004,1.0
"""
LISTS = ("AET02_OCMQ", "AET02_OCMQ_SER", "AET02_OCMQ_WD", "AET02_SMQ", "AET02_CQ")
GROUPED = (*LISTS, "AESI01", "AET01_SG", "AET01_SG_SER", "AESI01_SG")
AESIS = [
    {"name": "White cells", "groups": ["Low white cells"], "scope": "broad"},
    {"name": "Gut", "terms": ["constipation"], "socs": ["Gut disorders"]},
    {"name": "Nothing", "terms": ["Moulting"]},
]


def event(name: str, seq: int, soc: str, pt: str, **more: str | None) -> dict[str, Any]:
    return {"USUBJID": name, "AESEQ": float(seq), "AEBODSYS": soc, "AEDECOD": pt, "AESTDTC": "2022-04-01",
            "AESER": "N", "AESEV": "MILD", "AEOUT": None, **more}  # fmt: skip


EVENTS = [
    event("C1", 1, "Blood disorders", "NEUTROPENIA", AESER="Y", AESEV="SEVERE", AEOUT="RECOVERED/RESOLVED"),
    event("C1", 2, "Blood disorders", "NEUTROPENIA", AEOUT="NOT RECOVERED/NOT RESOLVED"),
    event("C1", 3, "General disorders", "FEVER"),
    event("C2", 1, "General disorders", "FEVER"),
    event("C3", 1, "Gut disorders", "NAUSEA"),
    event("S1", 1, "Infections", "SEPSIS", AESER="Y"),
    event("S2", 1, "Gut disorders", "NAUSEA"),
]
SUBJECTS = [
    *({"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL", "SEX": sex} for name, sex in
      (("C1", "F"), ("C2", "F"), ("C3", "M"), ("C4", None))),
    *({"USUBJID": name, "ARMCD": "SOC", "ACTARMCD": "SOC", "SEX": sex} for name, sex in
      (("S1", "F"), ("S2", "M"), ("S3", "M"))),
]  # fmt: skip


@pytest.fixture
def data(make_data: Callable[..., SourceData]) -> SourceData:
    """Four and three subjects; fever belongs to two lists, nausea to none."""
    doses = [{"USUBJID": item["USUBJID"], "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"}
             for item in SUBJECTS]  # fmt: skip
    return make_data(DM=SUBJECTS, EX=doses, AE=EVENTS)


@pytest.fixture
def study(make_study: Callable[..., Study]) -> Study:
    return make_study(
        aesi=AESIS, event_groups=[{"kind": "OCMQ", "file": "ocmq.csv"}], subgroups=["SEX"],
        dictionaries={"meddra": "MOCKDRA 1.0"}, **COMPARED,
    )  # fmt: skip


@pytest.fixture
def groups() -> EventGroups:
    return EventGroups(parse_group_file(OCMQ, "OCMQ", "ocmq.csv"), "digest")


@pytest.fixture
def trial(data: SourceData, study: Study, groups: EventGroups) -> AnalysisDatasets:
    return derive(data, study, CUTOFF, groups=groups)


def cells(table: TableResult) -> list[tuple[str, ...]]:
    """Each row: its stub, the first two columns."""
    return [(row.label, *row.cells[:2]) for row in table.rows]


def test_narrow_and_broad_and_in_none(trial: AnalysisDatasets, study: Study) -> None:
    """Broad includes narrow; fever counts in two lists and is not added up; capitals do not matter; a list that nobody
    has an event of is not printed; what is in no list stands at the end."""
    assert cells(make_table("AET02_OCMQ", trial, study)) == [
        ("Subjects with at least one TEAE", "3 (75.0)", "2 (66.7)"),
        ("Blood", "", ""),
        ("Low white cells (narrow)", "1 (25.0)", "0"),
        ("Low white cells (broad)", "2 (50.0)", "0"),
        ("Infection", "", ""),
        ("Sepsis (narrow)", "0", "1 (33.3)"),
        ("Sepsis (broad)", "2 (50.0)", "1 (33.3)"),
        ("In no OCMQ (broad)", "1 (25.0)", "1 (33.3)"),
        ("NAUSEA", "1 (25.0)", "1 (33.3)"),
    ]


def test_serious_by_narrow_list(trial: AnalysisDatasets, study: Study) -> None:
    """FDA table 11: narrow terms alone; a serious event with fever only would be in no list."""
    assert cells(make_table("AET02_OCMQ_SER", trial, study))[1:] == [
        ("Blood", "", ""),
        ("Low white cells (narrow)", "1 (25.0)", "0"),
        ("Infection", "", ""),
        ("Sepsis (narrow)", "0", "1 (33.3)"),
    ]


def test_a_list_for_another_version_is_said(trial: AnalysisDatasets, study: Study) -> None:
    """Terms may have moved between versions: the footnote names both."""
    same, other = (
        study.model_copy(update={"dictionaries": study.dictionaries.model_copy(update={"meddra": version})})
        for version in ("MOCKDRA 1.0", "27.1")
    )
    notes = [" ".join(make_table("AET02_OCMQ", trial, each).footnotes) for each in (same, other)]
    assert "Lists made for version 1.0 of the dictionary." in notes[0]
    assert "of the dictionary; the data is coded with MedDRA 27.1: terms that changed may be missed." in notes[1]


def test_one_summary_per_event_of_interest(trial: AnalysisDatasets, study: Study) -> None:
    """FDA table 18: an AESI of a list, of a SOC, of a term that does not occur."""
    white, gut, nothing = make_tables("AESI01", trial, study)
    assert white.title.endswith("AESI: White cells")
    found = {label: first for label, first, _ in cells(white)}
    assert found["TEAE"] == "2 (50.0)"
    assert found["Severe"] == "1 (25.0)"
    assert found["Serious TEAE"] == "1 (25.0)"
    assert found["More than one such TEAE"] == "1 (25.0)"
    assert (found["FEVER"], found["NEUTROPENIA"]) == ("2 (50.0)", "1 (25.0)")
    assert (found["Recovered/resolved"], found["Not reported"]) == ("1 (25.0)", "2 (50.0)")
    assert {label: first for label, first, _ in cells(gut)}["NAUSEA"] == "1 (25.0)"
    assert (nothing.rows, nothing.empty_note) == ((), "No events met the criteria")
    assert make_table("AESI01", trial, study, {"aesi": "gut"}).rows == gut.rows


def test_subgroups_have_their_own_denominator(trial: AnalysisDatasets, study: Study) -> None:
    """FDA table 50: n of the subgroup's subjects in the arm; the subgroup without subjects there prints 0/0."""
    assert cells(make_table("AET01_SG_SER", trial, study)) == [
        ("Serious TEAE", "1 (25.0)", "1 (33.3)"),
        ("Sex", "", ""),
        ("Female", "1/2 (50.0)", "1/1 (100)"),
        ("Male", "0/1", "0/2"),
        ("Missing", "0/1", "0/0"),
    ]


def test_an_event_of_interest_by_subgroup(trial: AnalysisDatasets, study: Study) -> None:
    """FDA table 19; and the subgroup table of one subgroup alone."""
    table = make_table("AESI01_SG", trial, study, {"aesi": "White cells"})
    assert cells(table)[2] == ("Female", "2/2 (100)", "0/1")
    women = make_table("AESI01_SG", trial, study, {"aesi": "White cells", "where": "SEX=F"})
    assert cells(women) == [("TEAE", "2 (100)", "0"), ("Sex", "", ""), ("Female", "2/2 (100)", "0/1")]


def test_numbers_explain_themselves_and_the_second_opinion_agrees(
    trial: AnalysisDatasets, data: SourceData, study: Study, groups: EventGroups
) -> None:
    """From provenance alone; and by SQL that joins the lists by itself. ARS has every number once."""
    where: list[dict[str, object]] = [{}, *({"where": asked} for asked in ("SEX=F", "OCMQ=Sepsis (broad)"))]
    tables = [table for code in GROUPED for each in where for table in make_tables(code, trial, study, each)]
    for table in tables:
        assert all(item.counted in (None, item.statistic.value)
                   for item in (explain(trial, each) for each in table.statistics))  # fmt: skip
    opinions = ask_second_opinion(tables, data, study, CUTOFF, groups)
    assert [item for opinion in opinions for item in opinion.differences] == []
    assert all(opinion.answered and opinion.compared for opinion in opinions)
    found = make_reporting_event(tables, study)["analyses"]
    assert isinstance(found, list)
    assert sum(len(analysis["results"]) for analysis in found) == sum(len(table.statistics) for table in tables)


def test_a_term_left_out_of_a_list_is_caught(
    trial: AnalysisDatasets, data: SourceData, study: Study, groups: EventGroups
) -> None:
    """A table made with fever dropped from both lists, against the lists as they are."""
    short = tuple(replace(group, broad=frozenset[str]()) for group in groups.groups)
    table = make_table("AET02_OCMQ", replace(trial, groups=EventGroups(short)), study)
    (opinion,) = ask_second_opinion([table], data, study, CUTOFF, groups)
    assert not opinion.agrees


@pytest.mark.parametrize(
    ("where", "error_id", "named"),
    [
        ("OCMQ=Low white cell", "LW-GRP-003", "did you mean Low white cells?"),
        ("SMQ=Sepsis", "LW-GRP-003", "no lists of terms are called Sepsis"),
        ("AESI=Teeth", "LW-GRP-003", "Teeth"),
    ],
)
def test_a_list_that_is_not_there(trial: AnalysisDatasets, study: Study, where: str, error_id: str, named: str) -> None:
    with pytest.raises(StudyError) as raised:
        make_table("AET02", trial, study, {"where": where})
    assert raised.value.error_id == error_id
    assert named in raised.value.one_line()


HIERARCHY = "".join(
    f"{code}$730001$720001$710001${pt}$HLT$HLGT$BLOOD$$$710001$Y$\n"
    for code, pt in ((740001, "SWELLING"), (740002, "WHEEZE"), (740003, "LOW PRESSURE"), (740004, "SHOCK"))
)
SMQ_LIST = "2001$Big reaction$1$text$source$note$1.0$A$A or (B and C)$\n2002$Small reaction$2$t$s$n$1.0$A$N$\n" \
    "2003$Old$1$t$s$n$1.0$I$N$\n2004$Weighed$1$t$s$n$1.0$A$sum of weights above 6$\n"  # fmt: skip
SMQ_CONTENT = """2001$740004$4$2$A$0$A$1.0$1.0$
2001$740001$4$1$B$0$A$1.0$1.0$
2001$740003$4$1$C$0$A$1.0$1.0$
2001$740002$4$1$B$0$I$1.0$1.0$
2001$2002$0$0$S$0$A$1.0$1.0$
2001$750001$5$2$A$0$A$1.0$1.0$
2002$740002$4$2$A$0$A$1.0$1.0$
2004$740002$4$2$A$3$A$1.0$1.0$
"""


@pytest.fixture
def smqs() -> EventGroups:
    dictionary = parse_hierarchy(HIERARCHY.encode(), "mdhier.asc")
    return EventGroups(parse_smqs(SMQ_LIST.encode(), SMQ_CONTENT.encode(), dictionary, "dictionary"), "digest")


def test_smqs_of_a_release(smqs: EventGroups) -> None:
    """Active lists and terms alone; a list has those of the lists it includes; LLTs are left out; an algorithm of
    weights is not carried out, and its list has narrow and broad terms all the same."""
    assert [group.name for group in smqs.groups] == ["Big reaction", "Small reaction", "Weighed"]
    big, small, weighed = smqs.groups
    assert big.narrow == {"SHOCK", "WHEEZE"}
    assert big.broad == {"SWELLING", "LOW PRESSURE"}
    assert str(big.algorithm) == "A or (B and C)"
    assert {letter: set(terms) for letter, terms in big.categories.items()} == {
        "A": {"SHOCK", "WHEEZE"}, "B": {"SWELLING"}, "C": {"LOW PRESSURE"},
    }  # fmt: skip
    assert (small.narrow, small.algorithm, weighed.algorithm) == ({"WHEEZE"}, None, None)


def test_an_algorithm_looks_at_a_subjects_terms_together(
    smqs: EventGroups, make_data: Callable[..., SourceData], make_study: Callable[..., Study]
) -> None:
    """A; or B and C: swelling alone is not enough, swelling with low pressure is."""
    names = ("S1", "S2", "S3", "S4")
    events = [event("S1", 1, "Blood", "Swelling"), event("S2", 1, "Blood", "Swelling"),
              event("S2", 2, "Blood", "Low pressure"), event("S3", 1, "Blood", "Shock")]  # fmt: skip
    data = make_data(
        DM=[{"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL"} for name in names],
        EX=[{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"} for name in names],
        AE=events,
    )
    study = make_study()
    datasets = derive(data, study, CUTOFF, groups=smqs)
    table = make_table("AET02_SMQ", datasets, study)
    assert [cell[:2] for cell in cells(table)] == [
        ("Subjects with at least one TEAE", "3 (75.0)"),
        ("Big reaction (narrow)", "1 (25.0)"),
        ("Big reaction (broad)", "3 (75.0)"),
        ("Big reaction (algorithm)", "2 (50.0)"),
    ]
    assert all(item.counted in (None, item.statistic.value)
               for item in (explain(datasets, each) for each in table.statistics))  # fmt: skip
    (opinion,) = ask_second_opinion([table], data, study, CUTOFF, smqs)
    assert opinion.agrees
    assert opinion.compared


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"QUERY_ID,QUERY_NAME,PT\nQ1,A,B\n", "no SCOPE"),
        (b"QUERY_ID,QUERY_NAME,SCOPE,PT\nQ1,A,WIDE,B\n", "line 2"),
        (b"QUERY_ID,QUERY_NAME,SCOPE,PT\nQ1,A,NARROW,\n", "line 2"),
        (b"QUERY_ID,QUERY_NAME,SCOPE,PT\nQ1,A,NARROW,B\nQ1,C,NARROW,D\n", "one QUERY_NAME"),
        (b"QUERY_ID,QUERY_NAME,SCOPE,PT\nQ1,\xff,NARROW,B\n", "UTF-8"),
        (b"", "the columns"),
        (b"QUERY_ID,QUERY_NAME,SCOPE,PT,CATEGORY,ALGORITHM\nQ1,A,NARROW,B,A,A or (B and C)\n", "algorithm"),
        (b"QUERY_ID,QUERY_NAME,SCOPE,PT\nQ1,A,NARROW,B\nQ2,a,NARROW,B\n", "two lists are called"),
    ],
)
def test_a_file_that_is_no_file_of_lists(content: bytes, named: str) -> None:
    """Refused by its line and what is wrong there; never read halfway."""
    with pytest.raises(StudyError) as raised:
        parse_group_file(content, "OCMQ", "ocmq.csv")
    assert raised.value.error_id in ("LW-GRP-001", "LW-GRP-002")
    assert named in raised.value.one_line()


@pytest.mark.parametrize(
    ("name", "code", "parameters"),
    [
        ("aet02_ocmq", "AET02_OCMQ", {"events": True}),
        ("aet02_ocmq_wd_missing_variables", "AET02_OCMQ_WD", {}),
        ("aet02_smq_no_list", "AET02_SMQ", {}),
        ("aet02_ocmq_no_event", "AET02_OCMQ", {"where": "AESI=Nothing"}),
        ("aesi01", "AESI01", {"aesi": "White cells"}),
        ("aesi01_no_event", "AESI01", {"aesi": "Nothing"}),
        ("aet01_sg", "AET01_SG", {}),
        ("aesi01_sg", "AESI01_SG", {"aesi": "Gut"}),
    ],
)
def test_table_as_text(
    trial: AnalysisDatasets,
    study: Study,
    golden: Callable[[str, str], None],
    name: str,
    code: str,
    parameters: dict[str, object],
) -> None:
    golden(name, as_text(make_table(code, trial, study, parameters)))


def test_no_list_and_no_event_of_interest_are_said(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]
) -> None:
    """A study without lists: the output with its title, N and one line that says so."""
    study = make_study()
    for code in (*LISTS, "AESI01", "AESI01_SG"):
        table = make_table(code, derived(), study)
        assert (table.rows, "The study file names no" in table.empty_note) == ((), True)
