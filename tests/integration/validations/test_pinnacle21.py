"""Beside Pinnacle 21 on CDISCPILOT01: every count side by side, and a written reason for each that differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.rule_files import read_rule_inputs
from longwatch.findings.finding import ValidationOutcome
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from tools.pinnacle21 import (
    COUNTS,
    PAGE,
    REASONS,
    Compared,
    compare,
    page,
    read_counts,
    read_reasons,
    reason_for,
    with_own_rules,
)
from validations import load_rules, rules_of, validate, validate_by

pytestmark = pytest.mark.shared_data

MUST_BE_EQUAL = {
    ("SR02", "AE", "SD1132"): 36,
    ("SR14", "AE", "SD1332"): 250,
    ("PILOT01", "AE", "SD0021"): 473,
    ("PILOT02", "CM", "SD0021"): 6812,
    ("PILOT03", "CM", "SD0022"): 21,
    ("PILOT04", "AE", "SD1331"): 2,
}
"""What issue 4 names; the last four are the study's own rules, from its own file."""


@pytest.fixture(scope="module")
def rows(
    pilot_data: SourceData, pilot_study: Study, pilot_outcome: ValidationOutcome, repository: Path
) -> list[Compared]:
    """The comparison; the study's own rules are judged beside those that were judged already."""
    study = with_own_rules(pilot_study)
    inputs = read_rule_inputs(study, str(repository / "tests" / "studies"))
    unchanged = study.model_copy(update={"severities": ()})
    own = validate_by(inputs.own_rules, pilot_data, unchanged, lambda _: None)
    return compare(rules_of(inputs), (*pilot_outcome.findings, *own.findings), read_counts(COUNTS))


def test_counts_that_must_be_equal(rows: list[Compared]) -> None:
    """The same counts here and there, and the path of a study's own rules with them."""
    found = {(row.rule, row.dataset, theirs): (row.ours, row.theirs) for row in rows for theirs in row.ids}
    assert {key: found[key] for key in MUST_BE_EQUAL} == {key: (n, n) for key, n in MUST_BE_EQUAL.items()}


def test_each_difference_has_a_reason(rows: list[Compared]) -> None:
    """And each reason a difference: none is kept that has lost its cause."""
    reasons = read_reasons(REASONS)
    differing = [row for row in rows if row.ours != row.theirs]
    assert [row for row in differing if not reason_for(row, reasons)] == []
    used = {(row.rule, row.dataset) for row in differing} | {("*", row.dataset) for row in differing}
    assert set(reasons) - used == set()


def test_the_page_is_the_comparison(rows: list[Compared]) -> None:
    """docs/pinnacle21.md is what was compared; `python -m tools.pinnacle21` writes it."""
    assert PAGE.read_text(encoding="utf-8") == page(rows, read_reasons(REASONS))


def test_own_rules_stand_beside_the_others(pilot_data: SourceData, pilot_study: Study, repository: Path) -> None:
    """With their results after Longwatch's rules, and in the version of the rule set."""
    inputs = read_rule_inputs(with_own_rules(pilot_study), str(repository / "tests" / "studies"))
    small = SourceData({name: pilot_data.datasets[name] for name in ("DM", "TS")})
    outcome = validate(small, pilot_study, lambda _: None, inputs)
    assert [result.rule_id for result in outcome.results][len(load_rules()) :] == [rule.id for rule in inputs.own_rules]
    alone = validate(small, pilot_study, lambda _: None)
    changed = replace(inputs, own_rules=inputs.own_rules[:3])
    other = validate(small, pilot_study, lambda _: None, changed)
    assert len({outcome.ruleset_version, alone.ruleset_version, other.ruleset_version}) == 3
