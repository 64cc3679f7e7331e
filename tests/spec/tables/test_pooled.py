"""Several studies counted together, arms compared within studies (spec C.1, C.4, J)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

from crosscheck import ask_pooled_opinion
from longwatch.derive import derive
from longwatch.derive.pooling import Pooled, PooledPart, make_part, pool_studies
from longwatch.errors import StudyError
from longwatch.standards.dataset import SourceData
from longwatch.standards.event_groups import NO_GROUPS
from longwatch.study import Study
from longwatch.study.pool import Pool, parse_pool
from longwatch.tables.ars import make_reporting_event
from longwatch.tables.catalogue import OUTPUTS
from longwatch.tables.explain import explain
from longwatch.tables.opinion import AskedStudy
from longwatch.tables.pooled import make_pooled
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

CUTOFF = date(2023, 12, 31)
POOL = """
longwatch_pool: 1
id: ISS
title: Two studies
studies:
  - {file: one.yaml, arms: {CELL: D, SOC: C}}
  - {file: two.yaml, arms: {CELL: D, SOC: C}}
arms: [{code: D, name: Drug}, {code: C, name: Control}]
comparison: {control: C, statistics: [risk_difference, cmh]}
"""
Sizes = dict[str, tuple[int, int]]
"""By arm: subjects, and how many of them had an infection."""

# Within each study the drug has more infections (one: 50 % against 40 %; two: 10 % against 0 %), together it has fewer:
# most of its subjects are in the study where infections are rare.
SIMPSON: tuple[Sizes, Sizes] = ({"CELL": (10, 5), "SOC": (50, 20)}, {"CELL": (40, 4), "SOC": (10, 0)})


def trial(make_data: Callable[..., SourceData], study: str, sizes: Sizes, **more: Any) -> SourceData:
    """Subjects of each arm, the first of them with an infection; one of the study's own term."""
    names = {arm: [f"{study}-{arm}{number}" for number in range(count)] for arm, (count, _) in sizes.items()}
    subjects = [{"USUBJID": name, "ARMCD": arm, "ACTARMCD": arm, "SEX": "F" if number % 2 else "M", "AGE": 40.0}
                for arm, own in names.items() for number, name in enumerate(own)]  # fmt: skip
    doses = [{"USUBJID": item["USUBJID"], "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"}
             for item in subjects]  # fmt: skip
    events = [{"USUBJID": name, "AESEQ": 1.0, "AEBODSYS": "Infections", "AEDECOD": "Infection",
               "AESTDTC": "2022-04-01", "AESER": "N", **more}
              for arm, (_, infected) in sizes.items() for name in names[arm][:infected]]  # fmt: skip
    events.append({"USUBJID": names["CELL"][-1], "AESEQ": 2.0, "AEBODSYS": "Nerves", "AEDECOD": f"Term of {study}",
                   "AESTDTC": "2022-05-01", "AESER": "Y", **more})  # fmt: skip
    return make_data(DM=subjects, EX=doses, AE=events)


@pytest.fixture
def pool() -> Pool:
    return parse_pool(POOL, "pool.yaml")


@pytest.fixture
def parts(pool: Pool, make_study: Callable[..., Study], make_data: Callable[..., SourceData]) -> list[PooledPart]:
    """Two studies that show Simpson's paradox."""
    return [
        make_part(pool, number, derive(
            trial(make_data, name, sizes), make_study(study={"id": name, "title": name}), CUTOFF))
        for number, (name, sizes) in enumerate(zip(("ONE", "TWO"), SIMPSON, strict=True))
    ]  # fmt: skip


@pytest.fixture
def pooled(pool: Pool, parts: list[PooledPart]) -> Pooled:
    return pool_studies(pool, parts)


def numbers(table: TableResult) -> dict[tuple[str, str, str, str], Any]:
    return {(item.row_group, item.row, item.column, item.statistic): item.value for item in table.statistics}


def asked(parts: Sequence[PooledPart]) -> list[AskedStudy]:
    return [AskedStudy(part.datasets.data, part.datasets.study, part.datasets.cutoff, part.headings) for part in parts]


def test_simpsons_paradox_is_not_printed_as_a_difference(pool: Pool, pooled: Pooled) -> None:
    """Trap J: pooled the drug looks better (18 % against 33 %); within studies it is worse by 10 points, and that is
    the difference that is printed."""
    (table,) = make_pooled("AET02", pooled, pool)
    found = numbers(table)
    infection = ("Infections", "Infection")
    assert (found[(*infection, "Drug", "pct")], found[(*infection, "Control", "pct")]) == (
        pytest.approx(18.0), pytest.approx(100 * 20 / 60),
    )  # fmt: skip
    assert found[(*infection, "Drug vs Control", "risk_difference")] == pytest.approx(10.0)
    assert "crude" in " ".join(table.footnotes)


def test_the_test_is_that_of_another_program(pool: Pool, pooled: Pooled) -> None:
    """Cochran–Mantel–Haenszel by statsmodels; the weighted difference by hand."""
    (table,) = make_pooled("AET02", pooled, pool)
    found = numbers(table)
    strata = [np.array([[sizes["CELL"][1], sizes["CELL"][0] - sizes["CELL"][1]],
                        [sizes["SOC"][1], sizes["SOC"][0] - sizes["SOC"][1]]]) for sizes in SIMPSON]  # fmt: skip
    theirs = StratifiedTable(strata).test_null_odds(correction=False).pvalue
    assert found["Infections", "Infection", "Drug vs Control", "p_cmh"] == pytest.approx(theirs)
    weights = [10 * 50 / 60, 40 * 10 / 50]
    by_hand = 100 * sum(w * 0.1 for w in weights) / sum(weights)
    assert found["Infections", "Infection", "Drug vs Control", "risk_difference"] == pytest.approx(by_hand)


def test_each_study_stands_beside_and_adds_up(pool: Pool, pooled: Pooled) -> None:
    """N, subjects and events of the studies are those of the pool; a term of one study is zero in the other."""
    for code in ("AET02", "AET01", "AET10", "AET04", "AET01_SG", "DMT01", "DST01"):
        (table,) = make_pooled(code, pooled, pool)
        found = numbers(table)
        for (group, row, column, statistic), value in found.items():
            if column in ("Drug", "Control") and statistic in ("N", "n", "events") and value is not None:
                both = [found.get((group, row, f"{column}, {study}", statistic)) for study in ("ONE", "TWO")]
                assert sum(both) == value, (code, group, row, column, statistic)  # type: ignore[arg-type]
    (table,) = make_pooled("AET02", pooled, pool)
    row = next(row for row in table.rows if row.row == "Term of ONE")
    assert [cell for cell, column in zip(row.cells, table.columns, strict=True) if column.group == "TWO"] == [
        "0", "0", "0", "0",
    ]  # fmt: skip


def test_a_threshold_is_of_the_pool(pool: Pool, pooled: Pooled) -> None:
    """10 % of the pooled arm; a study's columns show every printed term, also below it there."""
    (table,) = make_pooled("AET10", pooled, pool, {"at_least": 10})
    assert [row.row for row in table.rows] == ["Infection"]
    assert numbers(table)["", "Infection", "Control, TWO", "n"] == 0


@pytest.mark.parametrize("code", sorted(code for code, output in OUTPUTS.items() if output.pooled))
def test_numbers_explain_themselves_and_ars_has_each_once(pool: Pool, pooled: Pooled, code: str) -> None:
    for parameters in ({}, {"where": "SEX=F"}):
        tables = make_pooled(code, pooled, pool, parameters)
        for table in tables:
            for item in (explain(pooled.datasets, each) for each in table.statistics):
                assert item.counted in (None, item.statistic.value)
        found = make_reporting_event(tables, pooled.study)["analyses"]
        assert isinstance(found, list)
        assert sum(len(each["results"]) for each in found) == sum(len(table.statistics) for table in tables)


def test_the_second_opinion_agrees_on_every_pooled_output(pool: Pool, parts: list[PooledPart], pooled: Pooled) -> None:
    """Each study by SQL of its own, then together; and a number that is wrong by one is told."""
    given: list[tuple[str, dict[str, object]]] = [(code, {}) for code, output in OUTPUTS.items() if output.pooled]
    given += [("AET10", {"at_least": 10, "where": "SEX=F"})]
    tables = [table for code, parameters in given for table in make_pooled(code, pooled, pool, parameters)]
    opinions = ask_pooled_opinion(tables, asked(parts), pooled.study, NO_GROUPS, per_study=False)
    assert [item for opinion in opinions for item in opinion.differences] == []
    assert all(opinion.answered for opinion in opinions)
    assert any(opinion.compared > 50 for opinion in opinions)
    right = next(table for table in tables if table.code == "AET02")
    wrong = [
        replace(item, value=item.value + 1) if item.column == "Drug, ONE" and item.statistic == "n" else item  # type: ignore[operator]
        for item in right.statistics
    ]
    table = replace(right, statistics=tuple(wrong))
    (opinion,) = ask_pooled_opinion([table], asked(parts), pooled.study, NO_GROUPS, per_study=False)
    assert not opinion.agrees


def test_a_subject_of_two_studies(
    pool: Pool, make_study: Callable[..., Study], make_data: Callable[..., SourceData]
) -> None:
    """Trap J: the same USUBJID is the same person. Refused; or each participation counts, and the footnote says so."""
    data = trial(make_data, "SAME", {"CELL": (2, 1), "SOC": (2, 0)})
    parts = [make_part(pool, number, derive(data, make_study(study={"id": name, "title": name}), CUTOFF))
             for number, name in enumerate(("ONE", "TWO"))]  # fmt: skip
    with pytest.raises(StudyError) as raised:
        pool_studies(pool, parts)
    assert raised.value.error_id == "LW-POL-006"
    assert "4 subjects stand in two studies" in raised.value.one_line()
    each = pool.model_copy(update={"repeated_subjects": "per_study"})
    pooled = pool_studies(each, parts)
    (table,) = make_pooled("AET02", pooled, each)
    assert numbers(table)["", "", "Drug", "N"] == 4
    assert "4 subjects took part in several of the studies and are counted in each of them." in table.footnotes
    (opinion,) = ask_pooled_opinion([table], asked(parts), pooled.study, NO_GROUPS, per_study=True)
    assert opinion.agrees


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"dictionaries": {"meddra": "27.1"}}, "different versions of MedDRA (ONE: not stated, TWO: MedDRA 27.1)"),
        ({"dictionaries": {"ctcae": "5.0"}}, "different versions of CTCAE"),
        ({"treatment": {"basis": "planned"}}, "treatment.basis"),
        ({"treatment_emergence": {"reference": "FIRST_STUDY_INTERVENTION"}}, "treatment_emergence.reference"),
        ({"relatedness": {"related": ["NOT RELATED"], "not_related": []}}, "NOT RELATED is related in one study"),
        ({"relatedness": {"missing_is_related": False}}, "missing_is_related"),
    ],
)
def test_what_cannot_be_counted_together_is_refused(
    pool: Pool,
    parts: list[PooledPart],
    make_study: Callable[..., Study],
    make_data: Callable[..., SourceData],
    changes: dict[str, Any],
    named: str,
) -> None:
    """Other rules or dictionaries would be mixed in one number (trap J: MedDRA versions)."""
    other = make_study(study={"id": "TWO", "title": "TWO"}, **changes)
    second = make_part(pool, 1, derive(trial(make_data, "TWO", SIMPSON[1]), other, CUTOFF))
    with pytest.raises(StudyError) as raised:
        pool_studies(pool, [parts[0], second])
    assert raised.value.error_id == "LW-POL-005"
    assert named in raised.value.one_line()


def test_other_dictionaries_with_a_reason_are_said(
    pool: Pool, parts: list[PooledPart], make_study: Callable[..., Study], make_data: Callable[..., SourceData]
) -> None:
    other = make_study(study={"id": "TWO", "title": "TWO"}, dictionaries={"meddra": "27.1"})
    second = make_part(pool, 1, derive(trial(make_data, "TWO", SIMPSON[1]), other, CUTOFF))
    stated = pool.model_copy(update={"different_dictionaries": "the terms counted are the same in both"})
    (table,) = make_pooled("AET02", pool_studies(stated, [parts[0], second]), stated)
    assert any("MedDRA versions differ (ONE: not stated, TWO: MedDRA 27.1)" in note for note in table.footnotes)


def test_what_one_study_does_not_collect_is_not_counted_as_zero(
    pool: Pool, parts: list[PooledPart], make_study: Callable[..., Study], make_data: Callable[..., SourceData]
) -> None:
    """AESEV is collected in study two alone: pooled it is NA, and the footnote names it."""
    data = trial(make_data, "TWO", SIMPSON[1], AESEV="MILD")
    second = make_part(pool, 1, derive(data, make_study(study={"id": "TWO", "title": "TWO"}), CUTOFF))
    pooled = pool_studies(pool, [parts[0], second])
    (table,) = make_pooled("AET01", pooled, pool)
    assert numbers(table)["By maximum severity", "MILD", "Drug", "n"] is None
    assert "Not collected in every study, and therefore not counted: AESEV." in table.footnotes
    (opinion,) = ask_pooled_opinion([table], asked([parts[0], second]), pooled.study, NO_GROUPS, per_study=False)
    assert opinion.agrees


@pytest.mark.parametrize(
    ("text", "error_id", "named"),
    [
        ("- a list", "LW-POL-001", "no pool file"),
        (POOL.replace("SOC: C}}\narms", "SOC: X}}\narms"), "LW-POL-002", "X is none of the arms"),
        (POOL.replace("control: C", "control: X"), "LW-POL-002", "X"),
        (POOL.replace("title: Two studies\n", ""), "LW-POL-002", "title"),
    ],
)
def test_a_pool_file_that_is_wrong(text: str, error_id: str, named: str) -> None:
    with pytest.raises(StudyError) as raised:
        parse_pool(text, "pool.yaml")
    assert raised.value.error_id == error_id
    assert named in raised.value.one_line()


def test_an_arm_that_the_study_has_not_and_an_output_that_cannot_be_pooled(
    pool: Pool, parts: list[PooledPart], pooled: Pooled
) -> None:
    first = pool.studies[0].model_copy(update={"arms": {"HIGH": "D"}})
    with pytest.raises(StudyError) as raised:
        make_part(pool.model_copy(update={"studies": (first, pool.studies[1])}), 0, parts[0].datasets)
    assert raised.value.error_id == "LW-POL-003"
    with pytest.raises(StudyError) as raised:
        make_pooled("DTHL01", pooled, pool)
    assert raised.value.error_id == "LW-POL-007"
    with pytest.raises(StudyError) as raised:
        pool_studies(pool, [parts[0], parts[0]])
    assert raised.value.error_id == "LW-POL-004"


@pytest.mark.parametrize(
    ("name", "code", "parameters"),
    [
        ("pooled_aet02", "AET02", {"events": False}),
        ("pooled_aet01_sg_women", "AET01_SG_SER", {"where": "SEX=F"}),
        ("pooled_aet05", "AET05", {}),
        ("pooled_aet04_no_grade", "AET04", {}),
    ],
)
def test_table_as_text(
    pool: Pool, pooled: Pooled, golden: Callable[[str, str], None], name: str, code: str, parameters: dict[str, object]
) -> None:
    golden(name, "\n".join(map(as_text, make_pooled(code, pooled, pool, parameters))))


def test_windows_and_engraftment_of_a_pool(
    pool: Pool, make_study: Callable[..., Study], make_data: Callable[..., SourceData]
) -> None:
    """Windows are counted together; engraftment only where every study defines it alike, and a pool says so; studies
    whose PERIPROC is of different length are not pooled."""

    def together(*settings: dict[str, Any]) -> list[PooledPart]:
        peptide = {
            "LBTESTCD": "CPEPTIDE",
            "LBSTRESN": 1.0,
            "LBSTRESU": "ng/mL",
            "LBTPTNUM": 90.0,
            "LBDTC": "2022-04-01",
        }
        made = []
        for number, (name, sizes, more) in enumerate(zip(("ONE", "TWO"), SIMPSON, settings, strict=True)):
            results = make_data(LB=[{"USUBJID": f"{name}-CELL{number}", **peptide} for number in range(4)])
            data = SourceData({**trial(make_data, name, sizes).datasets, **results.datasets})
            study = make_study(study={"id": name, "title": name}, **more)
            made.append(make_part(pool, number, derive(data, study, CUTOFF)))
        return made

    same = {"graft": {"engraftment": {}}}
    for settings, counted in (((same, same), 8), ((same, {}), None)):
        parts = together(*settings)
        pooled = pool_studies(pool, parts)
        tables = [*make_pooled("POPT01", pooled, pool), *make_pooled("AET02", pooled, pool, {"where": "AWIN=Y1"})]
        assert numbers(tables[0]).get(("GRAFTFL", "", "Drug", "n")) == counted
        assert ("GRAFTFL" in " ".join(pooled.notes)) == (counted is None)
        found = ask_pooled_opinion(tables, asked(parts), pooled.study, NO_GROUPS, per_study=False)
        assert [(item.answered, item.differences) for item in found] == [(True, ())] * 2
    with pytest.raises(StudyError, match="periprocedural_days"):
        pool_studies(pool, together({}, {"treatment_emergence": {"periprocedural_days": 14}}))
