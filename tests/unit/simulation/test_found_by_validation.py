"""What is planted is what validation finds: recall and precision 100 %, for every rule that is live, at three seeds."""

from __future__ import annotations

import pytest

from longwatch.standards.dataset import SourceData
from longwatch.study import parse_study
from simulation import generate
from simulation.study_file import study_file
from validations import load_rules, validate


@pytest.mark.parametrize(("seed", "plan"), [(1, "none"), (1, "all"), (2, "all"), (3, "all")])
def test_findings_are_the_planted_errors(seed: int, plan: str) -> None:
    """By rule, dataset and record. A finding on a set names one of its records."""
    trial = generate(seed, plan=plan)
    study = parse_study(study_file(trial.design.parameters), "study.yaml")
    outcome = validate(SourceData.of(**trial.frames), study, lambda _: None)
    live = {rule.id for rule in load_rules()}
    found = {(finding.rule_id, finding.dataset, finding.record_key) for finding in outcome.findings}
    planted = {(error.rule, error.dataset, error.record_key) for error in trial.planted.errors if error.rule in live}
    assert found == planted
    assert {result.status.value for result in outcome.results} <= {"pass", "fail"}
