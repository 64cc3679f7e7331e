"""The bundled study: what was planted in it is found, all of it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from longwatch.findings.finding import RuleStatus, ValidationOutcome
from simulation import Trial, generate
from validations import load_rules

NOT_PLANTED = {
    "ST01", "ST03", "ST04", "ST06", "ST07", "ST08", "ST09", "ST10", "ST11", "ST12",
    "KY01", "KY02", "KY04", "CT01", "CT02", "CT05", "CT06", "CT07", "DT02", "DT06",
    "XR03", "XR04", "XR05", "XR09", "XR10", "CH02", "CH04", "CH06", "CH07", "CH09", "SR15", "LB08",
}  # fmt: skip
"""Live rules that the generator has no error for; their cases are in tests/spec/validation."""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_that_was_planted_and_nothing_else(seed: int, validated: Callable[[Trial], ValidationOutcome]) -> None:
    """One error of each rule: recall and precision are 1 for every rule that is live, down to the record's key."""
    trial = generate(seed, plan="all")
    live = {rule.id for rule in load_rules() if rule.checks}
    planted = sorted(
        (error.rule, error.dataset, error.USUBJID, error.expected_key)
        for error in trial.planted.errors
        if error.rule in live
    )
    outcome = validated(trial)
    found = sorted((f.rule_id, f.dataset, f.subject, f.record_key) for f in outcome.findings)
    assert found == planted
    assert live - {rule for rule, *_ in found} == NOT_PLANTED


def test_clean_data_has_no_finding(validated: Callable[[Trial], ValidationOutcome]) -> None:
    """And every rule can be judged on it: the bundled study has all that the rules ask for."""
    outcome = validated(generate(1))
    assert outcome.findings == ()
    waiting = {rule.id for rule in load_rules() if rule.needs} | {"SR15", "LB08"}  # no safety database, no sensors
    assert {result.rule_id for result in outcome.results if result.status is not RuleStatus.PASS} == waiting
    unchecked = {result.rule_id for result in outcome.results if not result.checked}
    assert unchecked - waiting <= {"SR11", "SR12", "LB05"}, "no hospital words, no drug withdrawn, no C-peptide"
