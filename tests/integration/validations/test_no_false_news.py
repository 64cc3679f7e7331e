"""The same data in another order is the same findings: no false "new", no false "fixed".

A case shuffles the rows and the columns of every dataset and gives every --SEQ anew, links with it. Case 0 is the data
as it is, read again. LONGWATCH_PROPERTY_CASES says how many cases to try (`make properties`: 1,000); a few are tried
always.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest

from longwatch.findings.rulebook import rules_in_force
from longwatch.standards.dataset import SourceData
from longwatch.standards.sdtm import sequence_variable
from longwatch.study import Study, parse_study
from simulation import ErrorPlan, generate
from simulation.planting import planters
from simulation.study_file import study_file
from validations import load_rules
from validations.agreement import Agreement
from validations.applicability import apply_rule
from validations.facts import Facts
from validations.found import find_in_dataset
from validations.great_expectations_form import GreatExpectationsJudge
from validations.judge import judge_dataset, judge_here
from validations.lookups import Lookups

CASES = int(os.environ.get("LONGWATCH_PROPERTY_CASES", "4"))
TOGETHER = 25
Frames = Mapping[str, pl.DataFrame]


@pytest.fixture(scope="module")
def planted() -> tuple[Frames, Study]:
    """ISLET-1 with one error of each rule, but for KY03, which is about sequence numbers."""
    plan = ErrorPlan(dict.fromkeys((rule for rule in planters() if rule != "KY03"), 1))
    trial = generate(3, plan=plan)
    return trial.frames, parse_study(study_file(trial.design.parameters), "study.yaml")


@pytest.fixture(scope="module")
def judge() -> GreatExpectationsJudge:
    """Great Expectations; what it counts is another test's matter."""
    return GreatExpectationsJudge()


def fingerprints(frames: Frames, study: Study, judge: GreatExpectationsJudge) -> set[str]:
    """Rule, dataset and fingerprint of every finding on records."""
    data = SourceData.of(**frames)
    lookups, facts = Lookups(data), Facts(data, study)
    entries = rules_in_force(load_rules(), study)
    severities = {entry.rule.id: entry.severity_of for entry in entries}
    instances = [item for entry in entries for item in apply_rule(entry, facts, lookups).instances]
    found: set[str] = set()
    for name in data.datasets:
        own = [item for item in instances if item.dataset == name and not item.check.is_on_entries]
        if own:
            judgement = judge_dataset(
                data, name, own, lookups, judge_here(data, lookups, Agreement(judge, held_rows=10**9))
            )
            findings = find_in_dataset(data, name, judgement.verdicts, severities)
            found |= {f"{finding.rule_id} {name} {finding.fingerprint}" for finding in findings}
    return found


def another_order(frames: Frames, rng: np.random.Generator) -> dict[str, pl.DataFrame]:
    """The same data: rows and columns in another order, sequence numbers given anew."""
    numbers: dict[str, pl.DataFrame] = {}
    mixed: dict[str, pl.DataFrame] = {}
    for name, frame in frames.items():
        shuffled = frame[rng.permutation(frame.height)] if frame.height else frame
        variable = sequence_variable(name)
        if variable in shuffled.columns and "USUBJID" in shuffled.columns:
            again = pl.int_range(1, pl.len() + 1).over("USUBJID").cast(pl.Float64)
            renumbered = shuffled.with_columns(again.alias("_NEW"))
            numbers[variable] = renumbered.select("USUBJID", IDVARVAL=_text(variable), _NEW=_text("_NEW")).unique()
            shuffled = renumbered.with_columns(pl.col("_NEW").alias(variable)).drop("_NEW")
        mixed[name] = shuffled
    for name, frame in mixed.items():
        if "IDVARVAL" in frame.columns:
            for variable, pairs in numbers.items():
                joined = frame.join(pairs, on=["USUBJID", "IDVARVAL"], how="left", maintain_order="left")
                pointing = (pl.col("IDVAR") == variable) & pl.col("_NEW").is_not_null()
                value = pl.when(pointing).then("_NEW").otherwise("IDVARVAL")
                frame = joined.with_columns(value.alias("IDVARVAL")).drop("_NEW")
            mixed[name] = frame
    return {name: frame.select(rng.permutation(frame.columns).tolist()) for name, frame in mixed.items()}


def _text(variable: str) -> pl.Expr:
    return pl.col(variable).cast(pl.Int64).cast(pl.String)


@pytest.fixture(scope="module")
def expected(planted: tuple[Frames, Study], judge: GreatExpectationsJudge) -> set[str]:
    """The findings of the data as it is."""
    found = fingerprints(*planted, judge)
    assert len(found) > 50
    return found


@pytest.mark.parametrize("first", range(0, CASES, TOGETHER))
def test_another_order_is_no_news(
    planted: tuple[Frames, Study], judge: GreatExpectationsJudge, expected: set[str], first: int
) -> None:
    """Every finding keeps its fingerprint."""
    frames, study = planted
    for case in range(first, min(first + TOGETHER, CASES)):
        again = another_order(frames, np.random.default_rng(case)) if case else dict(frames)
        found = fingerprints(again, study, judge)
        assert found == expected, f"case {case}: new {sorted(found - expected)}, fixed {sorted(expected - found)}"
