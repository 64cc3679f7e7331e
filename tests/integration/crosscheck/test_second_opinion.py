"""Two programs, one answer: SQL over the data beside every table, on published, synthetic and drawn trials."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crosscheck import ask_second_opinion
from crosscheck.catalogue import FROM_SDTM_ONLY, NOT_ASKED, QUESTIONS
from longwatch.derive import AnalysisDatasets, derive
from longwatch.errors import StudyError
from longwatch.standards.dataset import SourceData
from longwatch.study import Study, parse_study
from longwatch.tables.catalogue import OUTPUTS, make_table, make_tables
from longwatch.tables.opinion import Opinion, compare
from longwatch.tables.result import TableResult

CUTOFF = date(2023, 6, 30)
STUDY = """
longwatch: 1
study: {id: DRAWN, title: Drawn}
sources: [{path: sdtm}]
treatment:
  arms: [{code: A, name: Islet cells}, {code: B, name: Standard of care}]
  not_treated: [SCRNFAIL]
  products: [CELLS, PLACEBO]
relatedness: {related: [RELATED, POSSIBLE], not_related: [NOT RELATED]}
demographics: [AGE, AGEGR1, SEX]
age_groups: [18, 40, 65]
interval_months: [1, 6]
development_birth_date: 2020-02-29
periods: [{name: Base}, {name: Late, from_day: 60}, {name: Extension, from_epoch: EXTENSION}]
rules: {parameters: {FU04: {attempts: 2, days: 14}}}
follow_up: {malignancies: [{name: Gut, terms: [Nausea]}, {name: Others, terms: [Headache, Fever, Never]}]}
exposure: {classes: [{name: Calcineurin inhibitors, drugs: [tacrolimus]}, {name: Any, drugs: [TACROLIMUS, Sirolimus]}]}
algorithmic_queries:
  - query: hypoglycaemia
    terms: {terms: [nausea]}
    symptoms: {terms: [Fever], socs: [NERVES]}
    clinical_events: [nausea]
    criteria:
      - {name: Near, terms: 1, results: {analyte: GLUC, comparison: above, value: 1, unit: mg/dL}, within_days: 90}
      - {name: Event, clinical_events: 1}
  - query: hyperglycaemia
    terms: {socs: [Gut]}
    drugs: {names: [tacrolimus], containing: [siro]}
    criteria:
      - {name: Both, drugs: 1, symptoms: 1}
      - {name: Liver, results: {analyte: ALT, comparison: above, value: 0, unit: U/L, rise: 0.4}}
time_to_event:
  parameters:
    - {code: TTNAU, name: Time to nausea, event: adverse_event, terms: [Nausea], socs: [Nerves], unit: months}
    - {code: TTSFEV, name: Time to fever, event: adverse_event, terms: [Fever], serious: true, landmarks: [7, 99]}
"""
DATES = [
    None, "2022", "2022-03", "2022-02", "2022-03-01", "2022-03-01T08:00", "2022-03-01T10:15", "2022-03-01T23:59:59",
    "2022-03-01T09:00+02:00", "2022-03-01/2022-03-04", "2022---14", "--03-01", "2021-12-31", "2022-07-15", "2023-06-30",
    "2023-07-01", "2023-07", "2023", "2022-02-30", "unknown", "2022-03-01T-:30", "2024-02-29",
]  # fmt: skip


def drawn(seed: int) -> SourceData:
    """A small trial of hostile dates and holes: partial, impossible, with times, zones and intervals; doses not given,
    of placebo, of something else; deaths told by one source only; subjects on no arm; events of nobody."""
    chance = random.Random(seed)
    subjects = [f"S{number:02d}" for number in range(chance.randint(1, 14))]
    some = chance.choice

    def records(count: int, make: Callable[[], dict[str, Any]]) -> pl.DataFrame:
        rows = [make() for _ in range(count)]
        numeric = ("AGE", "EXDOSE", "SEQ", "STRESN", "STNRLO", "STNRHI", "VISITNUM")
        names = list(make())
        kept = [name for name in names if name in NEEDED or chance.random() > 0.08]
        return pl.DataFrame(
            {name: [row[name] for row in rows] for name in kept},
            schema={name: pl.Float64 if name.endswith(numeric) else pl.String for name in kept},
        )

    def subject() -> str | None:
        return some([*subjects, *subjects, "NOBODY", None])

    order = iter([*subjects, some(subjects)])
    dm = records(
        len(subjects) + 1 if chance.random() < 0.2 else len(subjects),
        lambda: {
            "USUBJID": next(order, "LAST"), "ARMCD": some(["A", "B", "SCRNFAIL", None]),
            "ACTARMCD": some(["A", "A", "B", "SCRNFAIL", None]),
            "AGE": some([17.0, 18.0, 39.5, 40.0, 64.0, 65.0, None]), "AGEU": some(["YEARS", "YEARS", None]),
            "SEX": some(["F", "M", None]), "RFICDTC": some(DATES),
            "RFSTDTC": some(DATES), "RFPENDTC": some(DATES), "DTHFL": some([None, None, None, "Y"]),
            "DTHDTC": some([None, None, None, *DATES[3:6]]),
        },
    ).filter(pl.col("USUBJID") != "LAST")  # fmt: skip
    ex = records(
        chance.randint(1, 20),
        lambda: {"USUBJID": subject(), "EXTRT": some(["CELLS", "CELLS", "PLACEBO", "Tacrolimus", None]),
                 "EXDOSE": some([1.0, 1.0, 0.0, None]), "EXDOSTXT": some([None, "one bag"]),
                 "EXOCCUR": some([None, None, "Y", "N"]), "EXSTDTC": some(DATES), "EXENDTC": some(DATES)},
    )  # fmt: skip
    number = iter(range(1, 1000))
    ae = records(
        chance.randint(0, 30),
        lambda: {"USUBJID": subject(), "AESEQ": float(next(number)), "AETERM": some(["felt odd", None]),
                 "AEDECOD": some(["Nausea", "Headache", "Fever", None]), "AEBODSYS": some(["Gut", "Nerves", None]),
                 "AESTDTC": some(DATES), "AEENDTC": some(DATES),
                 "AESEV": some(["MILD", "MODERATE", "SEVERE", "BAD", None]),
                 "AETOXGR": some(["1", "2", "3", "4", "5", None]), "AESER": some(["Y", "N", None]),
                 "AESDTH": some(["Y", "N", "N", None]), "AESHOSP": some(["Y", "N", None]),
                 "AEREL": some(["RELATED", "POSSIBLE", "NOT RELATED", "ODD", None]),
                 "AEACN": some(["DRUG WITHDRAWN", "DOSE NOT CHANGED", None]),
                 "AEOUT": some(["FATAL", "RECOVERED/RESOLVED", None, None])},
    )  # fmt: skip
    ds = records(
        chance.randint(0, 15),
        lambda: {"USUBJID": subject(), "DSDECOD": some(["COMPLETED", "DEATH", "LOST TO FOLLOW-UP", "SCREEN FAILURE",
                 "ADVERSE EVENT", "RANDOMIZED", None]), "DSCAT": some(["DISPOSITION EVENT", "DISPOSITION EVENT",
                 "PROTOCOL MILESTONE", None]), "DSSCAT": some(["STUDY PARTICIPATION", "STUDY TREATMENT", None]),
                 "DSSTDTC": some(DATES)},
    )  # fmt: skip
    sv = records(chance.randint(0, 10), lambda: {"USUBJID": subject(), "SVSTDTC": some(DATES), "SVENDTC": some(DATES)})
    dd = records(
        chance.randint(0, 4),
        lambda: {"USUBJID": subject(), "DDDTC": some(DATES), "DDTESTCD": some(["PRCDTH", "PRCDTH", "SECDTH", None]),
                 "DDORRES": some(["Sepsis", "Stroke", None]), "DDSTRESC": some(["SEPSIS", "Not reported", None])},
    )  # fmt: skip
    lb = records(chance.randint(0, 40), lambda: _result(some, subject, next(number), "LB"))
    vs = records(chance.randint(0, 15), lambda: _result(some, subject, next(number), "VS"))
    # Drawn after the rest, so that older seeds stand for what they stood for.
    units = pl.Series("EXDOSU", [some(["10^6 CELLS", "10^6 CELLS", "mL", None]) for _ in range(ex.height)], pl.String)
    cm = records(
        chance.randint(0, 12),
        lambda: {"USUBJID": subject(), "CMTRT": some(["Prograf", "TACROLIMUS", None]),
                 "CMDECOD": some(["TACROLIMUS", "SIROLIMUS", "ASPIRIN", None]), "CMOCCUR": some([None, None, "Y", "N"]),
                 "CMSTDTC": some(DATES), "CMENDTC": some(DATES)},
    )  # fmt: skip
    weights = records(
        chance.randint(0, 12),
        lambda: {"USUBJID": subject(), "VSTESTCD": some(["WEIGHT", "WEIGHT", "HEIGHT", None]), "VSDTC": some(DATES),
                 "VSSTRESN": some([61.5, 80.0, 0.0, None]), "VSSTRESU": some(["kg", "KG", "LB", None])},
    )  # fmt: skip
    vs = pl.concat([vs, weights], how="diagonal")
    se = records(
        chance.randint(0, 12),
        lambda: {"USUBJID": subject(), "EPOCH": some(["EXTENSION", "TREATMENT", None]), "SESTDTC": some(DATES)},
    )
    found = SourceData.of(
        SE=se,
        DM=dm,
        EX=ex.with_columns(units),
        AE=ae,
        DS=ds,
        SV=sv,
        DD=dd,
        LB=lb,
        CM=cm,
        VS=pl.concat([vs, weights], how="diagonal"),
    )
    followed = _followed(chance, found, subject, records)
    pressures = records(
        chance.randint(0, 25),
        lambda: {"USUBJID": subject(), "VSTESTCD": some(["SYSBP", "DIABP"]), "VSDTC": some(DATES),
                 "VSSTRESN": some([59.0, 60.0, 61.0, 89.0, 90.0, 119.5, 120.0, 165.0, 180.0, None]),
                 "VSSTRESU": some(["mmHg", "mmHg", "mmHg", "mmHg", "MMHG", "kPa", None])},
    )  # fmt: skip
    more = SourceData.of(VS=pl.concat([found.frame("VS").collect(), pressures], how="diagonal"))
    return SourceData({**found.datasets, **followed.datasets, **more.datasets})


def _followed(
    chance: random.Random,
    data: SourceData,
    subject: Callable[[], str | None],
    records: Callable[[int, Callable[[], dict[str, Any]]], pl.DataFrame],
) -> SourceData:
    """A plan of follow-up, visits held and missed, contacts, who withdrew, and laboratory results of who was lost."""
    some = chance.choice

    def more(frame: pl.DataFrame, name: str, values: list[Any], kind: Any = pl.String) -> pl.DataFrame:
        return frame.with_columns(pl.Series(name, [some(values) for _ in range(frame.height)], kind))

    sv = data.frame("SV").collect()
    visits = records(chance.randint(0, 30), lambda: {"USUBJID": subject(), "SVSTDTC": some(DATES)})
    sv = pl.concat([sv, visits], how="diagonal")
    sv = more(sv, "VISIT", ["Week 1", "MONTH 3", "YEAR 1", "OTHER", None])
    sv = more(sv, "VISITNUM", [1.0, 2.0, 3.0, 9.0, None], pl.Float64)
    sv = more(sv, "SVOCCUR", [None, "Y", "N"])
    ds = data.frame("DS").collect()
    if "DSDECOD" in ds.columns:
        withdrawn = pl.Series([chance.random() < 0.3 for _ in range(ds.height)], dtype=pl.Boolean)
        ds = ds.with_columns(DSDECOD=ds["DSDECOD"].set(withdrawn, "WITHDRAWAL BY SUBJECT"))
    contact = records(
        chance.randint(0, 40),
        lambda: {"USUBJID": subject(), "DTC": some(DATES), "RESULT": some(["REACHED", "NO_ANSWER", "NO_ANSWER",
                 "LETTER_SENT", "RELATIVE", "REGISTRY_ALIVE", "REGISTRY_DEAD", None])},
    )  # fmt: skip
    more_lb = records(chance.randint(0, 3), lambda: {"USUBJID": subject(), "LBDTC": some(DATES)})
    lb = pl.concat([data.frame("LB").collect(), more_lb], how="diagonal")
    anchor, numbers = some(["INFUSION_FIRST", "INFUSION_LAST", None]), some([(1.0, 2.0, 3.0), (1.0, None, None)])
    plan = pl.DataFrame(
        {"VISITNUM": numbers, "VISIT": ["WEEK 1", "MONTH 3", "YEAR 1"], "TARGDAY": [7.0, None, 365.0],
         "TARGMON": [None, 3.0, 12.0], "WIN_LO": [-2.0, some([0.0, -70.0]), -30.0], "WIN_HI": [2.0, 20.0, None],
         "ANCHOR": [anchor, None, anchor]},
        schema_overrides={"VISITNUM": pl.Float64, "ANCHOR": pl.String},
    )  # fmt: skip
    return SourceData.of(SV=sv, DS=ds, CONTACT=contact, LB=lb, **({"LTFUPLAN": plan} if chance.random() < 0.9 else {}))


def _result(some: Callable[..., Any], subject: Callable[[], str | None], number: int, domain: str) -> dict[str, Any]:
    """A result of a few tests in a few units, with or without flags, ranges, time points, grades, a number."""
    test = some(["ALT", "AST", "ALP", "BILI", "CREAT", "NEUT", "GLUC", None])
    value = some([0.5, 0.9, 1.0, 2.0, 2.5, 40.0, 120.0, 121.0, 900.0, None])
    made = {
        "USUBJID": subject(), "SEQ": float(number), "TESTCD": test, "TEST": some([test, test, "Alanine", None]),
        "CAT": some(["CHEM", None]), "SPEC": some([None, None, "BLOOD", "URINE"]), "STRESN": value,
        "STRESC": some([None, "<0.1"]) if value is None else f"{value:g}",
        "STRESU": some(["U/L", "mg/dL", "umol/L", "10^9/L", "/uL", None]), "STAT": some([None] * 6 + ["NOT DONE"]),
        "STNRLO": some([0.1, 1.0, 50.0, None]), "STNRHI": some([1.0, 40.0, 100.0, None]),
        "NRIND": some([None, None, None, "LOW", "HIGH HIGH", "ABNORMAL"]), "TPT": some([None, None, "0 H", "2 H"]),
        "FAST": some([None, "Y", "N"]), "TOXGR": some([None] * 9 + ["-2", "3"]), "LOBXFL": some([None] * 8 + ["Y"]),
        "BLFL": some([None] * 4 + ["Y"]), "DTC": some(DATES),
    }  # fmt: skip
    visit = {"VISIT": some(["WEEK 1", "WEEK 2", "Unscheduled 1", None]), "VISITNUM": some([1.0, 2.0, 2.1, None])}
    return {name if name == "USUBJID" else f"{domain}{name}": value for name, value in made.items()} | visit


NEEDED = {"USUBJID", "ARMCD", "ACTARMCD", "AEDECOD", "AEBODSYS", "AESTDTC", "EXTRT", "EXSTDTC"}


def opinions(
    data: SourceData, study: Study, cutoff: date, datasets: AnalysisDatasets | None = None, number: int = 0
) -> list[Opinion]:
    """The second opinion on every output. `number`: which of the times to an event besides the usual one."""
    known = datasets or derive(data, study, cutoff)
    tables = [make_table(code, known, study) for code in OUTPUTS]
    tables += [
        make_table(code, known, study, {"parameter": parameter})
        for code in ("TTET01", "KMG01", "CIFG01")
        for parameter in [known.time_parameters[number % len(known.time_parameters)]]
    ]
    return list(ask_second_opinion(tables, data, study, cutoff))


def differences(found: list[Opinion]) -> list[Any]:
    return [item for opinion in found for item in opinion.differences]


def test_every_output_has_its_question() -> None:
    assert {*QUESTIONS, *NOT_ASKED} == set(OUTPUTS)
    assert not QUESTIONS.keys() & set(NOT_ASKED)


@pytest.mark.parametrize("basis", ["planned", "actual"])
def test_the_pilot_study(pilot_data: SourceData, pilot_study: Study, basis: str) -> None:
    """Every cell of every output, by planned and by actual arm."""
    study = Study.model_validate({**pilot_study.model_dump(mode="json", exclude_unset=True), "treatment": {
        **pilot_study.model_dump(mode="json", exclude_unset=True)["treatment"], "basis": basis}})  # fmt: skip
    found = opinions(pilot_data, study, date(2015, 12, 31))
    assert differences(found) == []
    assert {opinion.output for opinion in found if not opinion.answered} == set(NOT_ASKED)
    assert sum(opinion.compared for opinion in found) > 10_000


def test_the_pilot_study_from_its_own_adam(pilot_adam: AnalysisDatasets, pilot_adam_study: Study) -> None:
    found = opinions(pilot_adam.data, pilot_adam_study, date(2015, 12, 31), pilot_adam)
    assert differences(found) == []
    assert {opinion.output for opinion in found if not opinion.answered} == {*FROM_SDTM_ONLY, *NOT_ASKED}


NOT_SUPPLIED: list[list[str]] = [
    [],
    ["CHG", "ANL01FL", "BNRIND"],
    ["ABLFL", "BASE", "CHG", "PCHG", "R2BASE", "R2ANRHI", "BNRIND", "BTOXGR", "ONTRTFL", "ANL01FL", "AENTMTFL",
     "ATOXGR", "AVISIT"],
]  # fmt: skip


@pytest.mark.parametrize("absent", NOT_SUPPLIED, ids=["everything supplied", "some derived", "most derived"])
def test_supplied_results(
    pilot: AnalysisDatasets, pilot_adam: AnalysisDatasets, pilot_adam_study: Study, absent: list[str]
) -> None:
    """A sponsor's ADLB and ADVS, with and without what the sponsor may leave to be derived."""
    text = {
        name: pilot.dataset(name).with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String)).drop(absent)
        for name in ("ADLB", "ADVS")
    }
    given = {name: pilot_adam.data.datasets[name].frame.collect() for name in ("ADSL", "ADAE")}
    found = opinions(SourceData.of(**given, **text), pilot_adam_study, date(2015, 12, 31))
    assert differences(found) == []
    assert sum(opinion.compared for opinion in found) > 30_000


TRIALS = int(os.environ.get("LONGWATCH_TRIALS", "8"))
"""Drawn trials per reference; `LONGWATCH_TRIALS=1000` for a campaign."""


@pytest.mark.parametrize(
    ("reference", "product"), [("FIRST_INFUSION", "infusions"), ("FIRST_STUDY_INTERVENTION", "continuing")]
)
def test_drawn_trials(reference: str, product: str) -> None:
    """Trials of hostile data: the two programs agree on every cell. Seeds 43, 48 and 127 once did not."""
    text = STUDY.replace("exposure: {", f"exposure: {{product: {product}, ")
    study = parse_study(f"{text}treatment_emergence: {{reference: {reference}}}\n", "drawn")
    for seed in (43, 48, 127, *range(TRIALS)):
        assert differences(opinions(drawn(seed), study, CUTOFF, number=seed)) == [], f"seed {seed}"


RESTRICTED: list[dict[str, object]] = [
    {"by": "SEX"},
    {"where": ("AGE>=40", "related")},
    {"where": ("AETOXGR>=3",)},
    {"where": ("AESEV<SEVERE", "SEX=F|M")},
    {"where": ("AREL=", "AEBODSYS=Gut")},
    {"where": ("serious",)},
    {"where": ("fatal", "AGEGR1=")},
    {"at_least": 33.4},
]


def restricted_tables(datasets: AnalysisDatasets, study: Study) -> list[TableResult]:
    """Every output under every restriction that it takes and the trial allows."""
    found: list[TableResult] = []
    for code, output in OUTPUTS.items():
        for parameters in RESTRICTED:
            if "at_least" in parameters and "at_least" not in output.parameters:
                continue
            try:
                found += make_tables(code, datasets, study, parameters)
            except StudyError as refused:  # a variable or a value is not in this trial; or no events are counted
                assert refused.error_id in ("LW-TAB-010", "LW-TAB-011", "LW-TAB-009")  # noqa: PT017
    return found


def test_restricted_outputs_of_drawn_trials() -> None:
    """By subgroup, of events of a kind, at a threshold: the two programs agree on every cell."""
    study = parse_study(STUDY, "drawn")
    made = 0
    for seed in range(TRIALS // 8):
        data = drawn(seed)
        tables = restricted_tables(derive(data, study, CUTOFF), study)
        found = list(ask_second_opinion(tables, data, study, CUTOFF))
        assert differences(found) == [], f"seed {seed}"
        made += sum(opinion.answered for opinion in found)
    assert made > 100


def test_a_restriction_that_is_not_carried_out_is_caught(
    pilot: AnalysisDatasets, pilot_study: Study, pilot_data: SourceData
) -> None:
    """The table of all subjects, given out as that of the women."""
    women = make_table("AET02_SER", pilot, pilot_study, {"where": "SEX=F"})
    everybody = replace(make_table("AET02_SER", pilot, pilot_study), restrictions=women.restrictions)
    honest, false = ask_second_opinion([women, everybody], pilot_data, pilot_study, date(2015, 12, 31))
    assert honest.agrees
    assert not false.agrees


def test_a_restriction_that_sql_cannot_see_is_not_called_checked(
    pilot: AnalysisDatasets, pilot_study: Study, pilot_data: SourceData
) -> None:
    """TRT01P is of our own ADSL."""
    table = make_table("AET02_SER", pilot, pilot_study, {"where": "TRT01P=Placebo"})
    (opinion,) = ask_second_opinion([table], pilot_data, pilot_study, date(2015, 12, 31))
    assert not opinion.answered


def test_drawn_hypoglycaemia() -> None:
    """Levels from findings and as stated, on hostile dates, with and without what tells them."""
    study = parse_study(STUDY.replace("FU04: {", "GF03: {level_3: [Severe]}, FU04: {"), "drawn")
    some = random.Random(7).choice
    for seed in range(TRIALS):
        trial = drawn(seed)
        subjects = [*trial.frame("DM").collect()["USUBJID"].drop_nulls(), None]
        events = [
            {"USUBJID": some(subjects), "CETERM": some(["Hypoglycaemia", "Low sugar", None]), "CELNKID": some("12345"),
             "CESCAT": some(["LEVEL 3", "level 2", "SEVERE", None]), "CEOCCUR": some([None, "Y", "N"]),
             "CESTDTC": some(DATES)}
            for _ in range(40)
        ]  # fmt: skip
        findings = [
            {"USUBJID": some(subjects), "FALNKID": some("12345"), "FATESTCD": some(["ASSIST", "GLUC", "OTHER"]),
             "FASTRESC": some(["Y", "N", " y ", None]), "FASTRESN": some([39.0, 3.1, None]),
             "FASTRESU": some(["mg/dL", "mmol/L", "g/L", None])}
            for _ in range(40)
        ]  # fmt: skip
        ce = pl.DataFrame(events, schema=dict.fromkeys(events[0], pl.String))
        fa = pl.DataFrame(findings, schema={**dict.fromkeys(findings[0], pl.String), "FASTRESN": pl.Float64})
        for kept, others in ((ce, {"FA": fa}), (ce.drop("CESCAT"), {"FA": fa}), (ce.drop("CELNKID"), {}),
                             (ce.drop("CESTDTC"), {"FA": fa})):  # fmt: skip
            data = SourceData({**trial.datasets, **SourceData.of(CE=kept, **others).datasets})
            table = make_table("LTF09", derive(data, study, CUTOFF), study)
            assert differences(list(ask_second_opinion([table], data, study, CUTOFF))) == [], (seed, kept.columns)


def test_drawn_clinical_events() -> None:
    """Times to the first record of CE of a term, in drawn trials with hostile dates; and without CE."""
    declared = "    - {code: TTLOSS, name: Time to loss, event: clinical_event, terms: [Graft loss]}\n"
    study = parse_study(STUDY + declared, "drawn")
    some = random.Random(5).choice
    for seed in range(TRIALS):
        trial = drawn(seed)
        subjects = [*trial.frame("DM").collect()["USUBJID"].drop_nulls(), None]
        rows = [
            {"USUBJID": some(subjects), "CEDECOD": some(["GRAFT LOSS", "Graft loss", "Hypoglycaemia", None]),
             "CETERM": some(["Graft loss", None]), "CEOCCUR": some([None, "Y", "N"]), "CESTDTC": some(DATES)}
            for _ in range(20)
        ]  # fmt: skip
        ce = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))
        for kept in (rows[0].keys(), ("USUBJID", "CETERM"), ("USUBJID",)):
            data = SourceData({**trial.datasets, **SourceData.of(CE=ce.select(kept)).datasets})
            known = derive(data, study, CUTOFF)
            tables = [make_table(code, known, study, {"parameter": "TTLOSS"}) for code in ("TTET01", "KMG01", "CIFG01")]
            assert differences(list(ask_second_opinion(tables, data, study, CUTOFF))) == [], (seed, list(kept))
            assert (known.times("TTLOSS").reason != "") == (list(kept) == ["USUBJID"])


def test_drawn_grafts() -> None:
    """Windows of events, engraftment, and insulin around stays in hospital, in drawn trials with hostile dates; where a
    dataset is there, and where it is not."""
    study = parse_study(STUDY + "graft: {engraftment: {}, peri_hospital_insulin_days: 60, free_days: 5}\n", "drawn")
    windows = ("PRE", "INDUCTION", "PERIPROC", "Y1", "POST-GRAFTLOSS", "POST-IS", "")
    answered = 0
    for seed in range(max(TRIALS // 3, 2)):
        trial, more = drawn(seed), _drawn_grafts(seed)
        absent = (None, *more)[seed % 5]
        given = {name: frame for name, frame in more.items() if name != absent}
        others = {name: kept for name, kept in trial.datasets.items() if name not in more}
        data = SourceData({**others, **SourceData.of(**given).datasets})
        known = derive(data, study, CUTOFF)
        tables = [make_table("POPT01", known, study), make_table("LTF11", known, study)]
        if known.adae_with(["AWIN"])["AWIN"].null_count() < known.adae.height:
            tables += [make_table("AET02", known, study, {"where": f"AWIN={name}"}) for name in windows]
        found = list(ask_second_opinion(tables, data, study, CUTOFF))
        assert differences(found) == [], (seed, absent)
        answered += sum(opinion.answered for opinion in found)
    assert answered > 10


def _drawn_grafts(seed: int) -> dict[str, pl.DataFrame]:
    """Clinical events, stays, drugs and C-peptide of the subjects of a drawn trial."""
    some = random.Random(seed).choice
    days = [*DATES, *(f"2022-{month:02}-{day:02}" for month in range(3, 9) for day in (1, 9, 20))]
    subjects = [*(f"S{number:02}" for number in range(10)), None]

    def frame(count: int, numbers: tuple[str, ...] = (), **values: list[Any]) -> pl.DataFrame:
        values = {"USUBJID": subjects, **values}
        rows = [{name: some(each) for name, each in values.items()} for _ in range(count)]
        return pl.DataFrame(rows, schema={name: pl.Float64 if name in numbers else pl.String for name in values})

    return {
        "CE": frame(12, CEDECOD=["Graft loss", "Fever"], CEOCCUR=[None, "Y", "N"], CESTDTC=days),
        "HO": frame(20, HOTERM=["Hospitalization", "Outpatient hospital", None], HOOCCUR=[None, None, "N"],
                    HOSTDTC=days, HOENDTC=days),
        "CM": frame(40, CMTRT=["Insulin", "Tacrolimus"], CMSTDTC=days, CMENDTC=days),
        "LB": frame(30, ("LBSTRESN", "LBTPTNUM"), LBTESTCD=["CPEPTIDE"], LBSTRESU=["ng/mL", "nmol/L", "?"],
                    LBSTRESC=["<0.1", None], LBSTRESN=[0.3, 0.0993, 0.29, 0.6, None], LBTPTNUM=[0.0, 90.0, None],
                    LBFAST=["Y", None], LBDTC=days),
    }  # fmt: skip


def test_a_broken_derivation_is_caught(
    pilot_data: SourceData, pilot_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Treatment emergence that forgets that an event had ended before the first dose."""
    import longwatch.derive.trtemfl as emergence

    monkeypatch.setattr(emergence, "complete_end", lambda: pl.lit(None, pl.Date))
    ended_before = pl.col("USUBJID").is_not_null()
    early = (
        pilot_data.datasets["AE"]
        .frame.collect()
        .with_columns(AESTDTC=pl.when(ended_before).then(pl.lit("2013")), AEENDTC=pl.lit("2013-01-01"))
    )
    data = SourceData({**pilot_data.datasets, **SourceData.of(AE=early).datasets})
    assert differences(opinions(data, pilot_study, date(2015, 12, 31)))


def test_a_broken_derivation_of_results_is_caught(
    pilot_data: SourceData, pilot_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that is taken from the first result of the key instead of its baseline."""
    import longwatch.derive.bds as bds

    known = bds.derive_base
    monkeypatch.setattr(
        bds, "derive_base", lambda results: known(results).with_columns(BASE=pl.col("AVAL").first().over("subject"))
    )
    table = make_table("KIDT01", derive(pilot_data, pilot_study, date(2015, 12, 31)), pilot_study)
    (opinion,) = ask_second_opinion([table], pilot_data, pilot_study, date(2015, 12, 31))
    assert {difference.cell[3] for difference in opinion.differences} >= {"change_mean", "change_min"}


def test_days_counted_twice_are_caught(
    pilot_data: SourceData, pilot_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Courses of one drug that overlap, added up."""
    import longwatch.derive.adex as exposure

    length = (pl.col("last") - pl.col("first")).dt.total_days() + 1
    monkeypatch.setattr(
        exposure, "compute_days", lambda spans: spans.group_by("subject").agg(days=length.sum(), length=length.max())
    )
    table = make_table("EXT01", derive(pilot_data, pilot_study, date(2015, 12, 31)), pilot_study)
    (opinion,) = ask_second_opinion([table], pilot_data, pilot_study, date(2015, 12, 31))
    assert any(item.cell[0] == "Salicylates (days)" for item in opinion.differences)


def test_time_after_a_first_event_is_caught(
    pilot_data: SourceData, pilot_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first event that does not end the time at risk of it."""
    from longwatch.derive.periods import Intervals

    monkeypatch.setattr(Intervals, "days_after", lambda _self, _subject, day, _part: 0 * day)
    table = make_table("AET05_INT", derive(pilot_data, pilot_study, date(2015, 12, 31)), pilot_study)
    (opinion,) = ask_second_opinion([table], pilot_data, pilot_study, date(2015, 12, 31))
    assert {item.cell[3] for item in opinion.differences} == {"person_years", "rate"}


def test_a_death_that_is_forgotten_is_caught(
    pilot_data: SourceData, pilot: AnalysisDatasets, pilot_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time to an event that goes on past death: censored subjects, numbers at risk and the incidence differ."""
    import longwatch.derive.adtte as times

    monkeypatch.setattr(times, "_death", lambda event: [])
    tables = [make_table(code, pilot, pilot_study, {"parameter": "TTSAE"}) for code in ("TTET01", "CIFG01")]
    for opinion in ask_second_opinion(tables, pilot_data, pilot_study, date(2015, 12, 31)):
        assert {difference.cell[3] for difference in opinion.differences} & {"n", "deaths"}


def test_a_number_changed_by_one_and_a_dropped_row_are_differences(
    pilot: AnalysisDatasets, pilot_study: Study, pilot_data: SourceData
) -> None:
    table = make_table("AET02_SER", pilot, pilot_study)
    place = next(place for place, item in enumerate(table.statistics) if item.statistic == "n" and item.value)
    wrong = [*table.statistics]
    wrong[place] = replace(wrong[place], value=wrong[place].value + 1)
    for changed in (tuple(wrong), table.statistics[:place] + table.statistics[place + 1 :]):
        (opinion,) = ask_second_opinion(
            [replace(table, statistics=changed)], pilot_data, pilot_study, date(2015, 12, 31)
        )
        assert len(opinion.differences) == 1
        assert opinion.differences[0].cell[3] == "n"


def test_an_output_that_nobody_computes_again_is_not_called_checked(
    pilot: AnalysisDatasets, pilot_study: Study
) -> None:
    opinion = compare(make_table("AET02_SER", pilot, pilot_study), None)
    assert (opinion.answered, opinion.compared, opinion.agrees) == (False, 0, True)


def test_data_in_a_snapshot_is_read_where_it_lies(shared_data: Path, tmp_path: Path, pilot_study: Study) -> None:
    """From the frozen Parquet, not through memory."""
    from connectors.snapshot_store import FolderSnapshotStore
    from longwatch.study import SourceSpec

    store = FolderSnapshotStore(tmp_path)
    source = SourceSpec(path=str(shared_data / "cdiscpilot01" / "sdtm"), encoding="cp1252")
    data = store.open(store.freeze([source], "", lambda _message: None).id)
    assert all(dataset.parquet for dataset in data)
    assert differences(opinions(data, pilot_study, date(2015, 3, 5))) == []
