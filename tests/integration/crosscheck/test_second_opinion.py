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
from crosscheck.catalogue import FROM_SDTM_ONLY, QUESTIONS
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
        numeric = {"AGE", "EXDOSE", "AESEQ"}
        names = list(make())
        kept = [name for name in names if name in NEEDED or chance.random() > 0.08]
        return pl.DataFrame(
            {name: [row[name] for row in rows] for name in kept},
            schema={name: pl.Float64 if name in numeric else pl.String for name in kept},
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
    return SourceData.of(DM=dm, EX=ex, AE=ae, DS=ds, SV=sv, DD=dd)


NEEDED = {"USUBJID", "ARMCD", "ACTARMCD", "AEDECOD", "AEBODSYS", "AESTDTC", "EXTRT", "EXSTDTC"}


def opinions(data: SourceData, study: Study, cutoff: date, datasets: AnalysisDatasets | None = None) -> list[Opinion]:
    """The second opinion on every output."""
    known = datasets or derive(data, study, cutoff)
    tables = [make_table(code, known, study) for code in OUTPUTS]
    return list(ask_second_opinion(tables, data, study, cutoff))


def differences(found: list[Opinion]) -> list[Any]:
    return [item for opinion in found for item in opinion.differences]


def test_every_output_has_its_question() -> None:
    assert set(QUESTIONS) == set(OUTPUTS)


@pytest.mark.parametrize("basis", ["planned", "actual"])
def test_the_pilot_study(pilot_data: SourceData, pilot_study: Study, basis: str) -> None:
    """Every cell of every output, by planned and by actual arm."""
    study = Study.model_validate({**pilot_study.model_dump(mode="json", exclude_unset=True), "treatment": {
        **pilot_study.model_dump(mode="json", exclude_unset=True)["treatment"], "basis": basis}})  # fmt: skip
    found = opinions(pilot_data, study, date(2015, 12, 31))
    assert differences(found) == []
    assert all(opinion.answered for opinion in found)
    assert sum(opinion.compared for opinion in found) > 10_000


def test_the_pilot_study_from_its_own_adam(pilot_adam: AnalysisDatasets, pilot_adam_study: Study) -> None:
    found = opinions(pilot_adam.data, pilot_adam_study, date(2015, 12, 31), pilot_adam)
    assert differences(found) == []
    assert {opinion.output for opinion in found if not opinion.answered} == set(FROM_SDTM_ONLY)


TRIALS = int(os.environ.get("LONGWATCH_TRIALS", "20"))
"""Drawn trials per reference; `LONGWATCH_TRIALS=1000` for a campaign."""


@pytest.mark.parametrize("reference", ["FIRST_INFUSION", "FIRST_STUDY_INTERVENTION"])
def test_drawn_trials(reference: str) -> None:
    """Trials of hostile data: the two programs agree on every cell. Seeds 43, 48 and 127 once did not."""
    study = parse_study(f"{STUDY}treatment_emergence: {{reference: {reference}}}\n", "drawn")
    for seed in (43, 48, 127, *range(TRIALS)):
        assert differences(opinions(drawn(seed), study, CUTOFF)) == [], f"seed {seed}"


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
                assert refused.error_id in ("LW-TAB-007", "LW-TAB-008", "LW-TAB-009")  # noqa: PT017
    return found


def test_restricted_outputs_of_drawn_trials() -> None:
    """By subgroup, of events of a kind, at a threshold: the two programs agree on every cell."""
    study = parse_study(STUDY, "drawn")
    made = 0
    for seed in range(TRIALS // 4):
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
