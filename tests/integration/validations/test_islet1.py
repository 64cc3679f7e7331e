"""The bundled study: what was planted in it is found, all of it, and nothing else."""

from __future__ import annotations

import pytest

from longwatch.findings.finding import RuleStatus, ValidationOutcome
from longwatch.standards.dataset import SourceData
from longwatch.study import parse_study
from simulation import Trial, generate
from simulation.study_file import study_file
from validations import load_rules, validate

NOT_PLANTED = {"ST01", "ST04", "ST07", "ST11", "ST12", "KY01", "KY02", "XR04", "XR05", "CH02", "CH04"}
"""Live rules that the generator has no error for; their cases are in tests/spec/validation."""


def validated(trial: Trial) -> ValidationOutcome:
    """A generated trial under all rules, with its own study file."""
    study = parse_study(study_file(trial.design.parameters), "study.yaml")
    return validate(SourceData.of(**trial.frames), study, lambda _: None)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_that_was_planted_and_nothing_else(seed: int) -> None:
    """One error of each rule: recall and precision are 1 for every rule that is live, down to the record's key."""
    trial = generate(seed, plan="all")
    live = {rule.id for rule in load_rules()}
    planted = sorted(
        (error.rule, error.dataset, error.USUBJID, error.record_key)
        for error in trial.planted.errors
        if error.rule in live
    )
    outcome = validated(trial)
    found = sorted((f.rule_id, f.dataset, f.subject, f.record_key) for f in outcome.findings)
    assert found == planted
    assert live - {rule for rule, *_ in found} == NOT_PLANTED


def test_clean_data_has_no_finding() -> None:
    """And every rule can be judged on it: the bundled study has all that the rules ask for."""
    outcome = validated(generate(1))
    assert outcome.findings == ()
    assert {result.status for result in outcome.results} == {RuleStatus.PASS}
    assert [result.rule_id for result in outcome.results if not result.checked] == []
