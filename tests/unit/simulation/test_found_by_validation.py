"""What is planted is what validation finds: recall and precision 100 %, for every rule that is live, at three seeds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from longwatch.findings.finding import ValidationOutcome
from simulation import Trial, generate
from validations import load_rules


@pytest.mark.parametrize(("seed", "plan"), [(1, "none"), (1, "all"), (2, "all"), (3, "all")])
def test_findings_are_the_planted_errors(seed: int, plan: str, validated: Callable[[Trial], ValidationOutcome]) -> None:
    """By rule, dataset and record. A finding on a set names one of its records."""
    trial = generate(seed, plan=plan)
    outcome = validated(trial)
    live = {rule.id for rule in load_rules() if rule.checks}
    found = {(finding.rule_id, finding.dataset, finding.record_key) for finding in outcome.findings}
    planted = {(error.rule, error.dataset, error.expected_key) for error in trial.planted.errors if error.rule in live}
    assert found == planted
    judged = {result.rule_id for result in outcome.results if result.status.value in {"pass", "fail"}}
    assert live - judged == {"SR15", "LB08"}, "ISLET-1 has no safety database and no sensor data"
