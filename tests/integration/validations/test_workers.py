"""Several processes judge as one does, and the end of one is no pass."""

from __future__ import annotations

import psutil
import pytest

import validations.validation as validation_module
from longwatch.errors import IntegrityError
from longwatch.findings.rulebook import rules_in_force
from longwatch.standards.dataset import SourceData
from longwatch.study import Study, parse_study
from simulation import ErrorPlan, generate
from simulation.planting import planters
from simulation.study_file import study_file
from validations import load_rules, validate
from validations.applicability import apply_rule
from validations.facts import Facts
from validations.judge import judge_dataset
from validations.lookups import Lookups
from validations.workers import Workers


@pytest.fixture(scope="module")
def planted() -> tuple[SourceData, Study]:
    """ISLET-1 with one error of each rule."""
    trial = generate(3, plan=ErrorPlan(dict.fromkeys(planters(), 1)))
    return SourceData.of(**trial.frames), parse_study(study_file(trial.design.parameters), "study.yaml")


def running() -> set[int]:
    """The processes of validations that are there."""
    return {child.pid for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())}


def test_a_whole_validation_is_the_same(planted: tuple[SourceData, Study], monkeypatch: pytest.MonkeyPatch) -> None:
    """Results and findings, by one process and by several, in chunks; none of them is left."""
    here = validate(*planted, lambda _: None)
    before = running()
    monkeypatch.setattr(validation_module, "MANY_ROWS", 1000)
    monkeypatch.setattr(validation_module, "judge_dataset", lambda *those: judge_dataset(*those, chunk_rows=400))
    there = validate(*planted, lambda _: None)
    assert there.findings == here.findings
    assert [(each.rule_id, each.status, each.failed, each.checked) for each in there.results] == [
        (each.rule_id, each.status, each.failed, each.checked) for each in here.results
    ]
    assert running() == before


def test_the_end_of_one_is_told_and_no_pass(planted: tuple[SourceData, Study]) -> None:
    data, study = planted
    lookups, facts = Lookups(data), Facts(data, study)
    in_force = [entry for entry in rules_in_force(load_rules(), study) if entry.rule.id == "CT03"]
    instances = [item for entry in in_force for item in apply_rule(entry, facts, lookups).instances]
    on_events = [item for item in instances if item.dataset == "AE"]
    with Workers(data, None) as workers:
        assert judge_dataset(data, "AE", on_events, lookups, workers, 100).checked == {"CT03": data.datasets["AE"].rows}
        for process in list(workers._pool._processes.values()):
            process.kill()
        with pytest.raises(IntegrityError, match="LW-VAL-009"):
            judge_dataset(data, "AE", on_events, lookups, workers, 100)
