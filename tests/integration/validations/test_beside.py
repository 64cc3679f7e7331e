"""Great Expectations in a process of its own answers as it does here, and its end is no pass."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import psutil
import pytest

import validations.validation as validation_module
from longwatch.errors import IntegrityError
from longwatch.findings.rule import Check
from longwatch.standards.dataset import SourceData
from longwatch.study import Study, parse_study
from simulation import ErrorPlan, generate
from simulation.planting import planters
from simulation.study_file import study_file
from validations import validate
from validations.beside import BesideJudge
from validations.great_expectations_form import PART, Count


@pytest.fixture(scope="module")
def beside() -> Iterator[BesideJudge]:
    """One process, for these tests."""
    with BesideJudge() as judge:
        yield judge


def is_yes(**more: str) -> Check:
    """A = Y, or another expectation on it."""
    return Check.model_validate(
        {"frame": "AE", "expect": {"type": "in_set", "column": "A", "values": ["Y"], **more}, "message": "-"}
    )


def test_it_counts(beside: BesideJudge) -> None:
    count, seconds = beside.ask(pl.DataFrame({"A": ["Y", "N", None], PART: 1}), "XX01", is_yes()).result(60)
    assert count == Count(3, 2)
    assert seconds > 0


def test_what_it_cannot_compute_is_told_as_here(beside: BesideJudge) -> None:
    check = Check.model_validate(
        {"frame": "AE", "expect": {"type": "between", "column": "A", "min": 1, "missing": "passes"}, "message": "-"}
    )
    with pytest.raises(IntegrityError, match=r"LW-VAL-005.*rule XX01"):
        beside.ask(pl.DataFrame({"A": ["secret value"], PART: 1}), "XX01", check).result(60)


def test_a_whole_validation_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results and findings of ISLET-1 with planted errors, whichever process counts."""
    trial = generate(3, plan=ErrorPlan(dict.fromkeys(planters(), 1)))
    data = SourceData.of(**trial.frames)
    study: Study = parse_study(study_file(trial.design.parameters), "study.yaml")
    here = validate(data, study, lambda _: None)
    before = running()
    monkeypatch.setattr(validation_module, "BESIDE_ROWS", 1)
    there = validate(data, study, lambda _: None)
    assert there.findings == here.findings
    assert [(each.rule_id, each.status, each.failed, each.checked) for each in there.results] == [
        (each.rule_id, each.status, each.failed, each.checked) for each in here.results
    ]
    assert running() == before


def running() -> set[int]:
    """The processes beside that are still there."""
    return {child.pid for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())}


def test_its_end_is_told_and_no_pass() -> None:
    with BesideJudge() as judge:
        frame = pl.DataFrame({"A": ["Y"], PART: 1})
        assert judge.ask(frame, "XX01", is_yes()).result(60)[0] == Count(1, 0)
        (process,) = judge._pool._processes.values()
        process.kill()
        process.join()
        with pytest.raises(IntegrityError, match="LW-VAL-009"):
            judge.ask(frame, "XX01", is_yes()).result(60)
