"""Planted errors: each is really in the data, nothing else differs from clean data, and the list is told in full."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import polars as pl
import pytest

from longwatch.errors import StudyError
from simulation import ErrorPlan, Trial, generate
from simulation.planting import DEFAULT_RULES, as_text, plant, planters, record_key

RULES = sorted(planters())
SEEDS = (1, 2, 3)


def rows_of(trial: Trial, dataset: str) -> list[dict[str, object]]:
    return list(trial.frames[dataset].iter_rows(named=True))


def differences(clean: Trial, planted: Trial) -> Counter[tuple[str, str, str, str | None, str | None]]:
    """Every cell, added row and removed row by which two trials differ: (what, dataset, record, before, after).

    Rows that are told as added or removed are set aside; the others must be as many, in the same order.
    """
    found: Counter[tuple[str, str, str, str | None, str | None]] = Counter()
    for name in clean.frames:
        changed = [change for change in planted.planted.changes if change.dataset == name]
        removed = {change.record_key for change in changed if change.kind == "row removed"}
        added = {change.record_key for change in changed if change.kind == "row added"}
        kept = []
        for row in rows_of(clean, name):
            if record_key(name, row) in removed:
                found["row removed", name, record_key(name, row), None, None] += 1
            else:
                kept.append(row)
        stands: list[dict[str, object]] = []
        for row in rows_of(planted, name):
            # A second SUPPAE qualifier has the locator of the first, which stands before it.
            known = name == "SUPPAE" and len(stands) < len(kept) and kept[len(stands)] == row
            if record_key(name, row) in added and not known:
                found["row added", name, record_key(name, row), None, None] += 1
            else:
                stands.append(row)
        assert len(stands) == len(kept), name
        for old, new in zip(kept, stands, strict=True):
            if old != new:
                found.update(
                    (f"cell {column}", name, record_key(name, old), as_text(old[column]), as_text(new[column]))
                    for column in old
                    if old[column] != new[column]
                )
    return found


def told(planted: Trial) -> Counter[tuple[str, str, str, str | None, str | None]]:
    """The same, as the list of changes tells it; of a record changed in its own key, by the key before."""
    return Counter(
        (f"{change.kind} {change.variable}".strip(), change.dataset, change.record_key, change.was, change.planted)
        for change in planted.planted.changes
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("plan", ["default", "all"])
def test_data_differs_from_clean_data_by_what_is_told_and_nothing_else(seed: int, plan: str) -> None:
    clean, planted = generate(seed), generate(seed, plan=plan)
    assert differences(clean, planted) == told(planted)


@pytest.fixture(scope="module")
def fifth() -> Trial:
    """A clean study."""
    return generate(5)


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_can_be_planted_alone(fifth: Trial, rule: str) -> None:
    """One error of one rule: its row is in the data with the value told, or is the row that is gone."""
    done = plant(fifth.frames, ErrorPlan({rule: 1}), 5)
    planted = replace(fifth, frames=done.frames, planted=done)
    own = [error for error in planted.planted.errors if error.rule == rule]
    assert len(own) == 1
    error = own[0]
    assert all(other.consequence_of == rule for other in planted.planted.errors if other is not error)
    rows = [row for row in rows_of(planted, error.dataset) if record_key(error.dataset, row) == error.record_key]
    removed = {change.record_key for change in planted.planted.changes if change.kind == "row removed"}
    if error.record_key in removed:
        assert rows == []
    else:
        assert error.planted in [as_text(row[error.variable]) for row in rows]
    assert error.was != error.planted or not any(c.kind == "cell" and c.variable == error.variable
                                                 for c in planted.planted.changes)  # fmt: skip


CONSEQUENCES = {
    "CT08": {"ST05"},  # AEDECOD is a required variable
    "DU01": {"DU02"},  # the same event twice overlaps itself
    "SR04": {"SR03"},  # AESDTH without outcome FATAL
}


def test_what_breaks_along_is_listed_as_its_own_row() -> None:
    errors = generate(1, plan="all").planted.errors
    along: dict[str, set[str]] = {}
    for error in errors:
        if error.consequence_of:
            along.setdefault(error.consequence_of, set()).add(error.rule)
    assert along == CONSEQUENCES


def test_default_plan_is_a_realistic_draft() -> None:
    """About a dozen rules of different groups, no reject; one of them in two records."""
    planted = generate(1, plan="default").planted
    rules = {error.rule for error in planted.errors if not error.consequence_of}
    assert rules == set(DEFAULT_RULES)
    assert {rule[:2] for rule in rules} == {"CH", "CT", "DT", "DU", "KY", "SR", "XR"}
    assert len(planted.errors) == 17


@pytest.mark.parametrize("plan", ["none", None])
def test_no_plan_plants_nothing(plan: str | None) -> None:
    planted = generate(1, plan=plan).planted
    assert planted.errors == ()
    assert planted.changes == ()


def test_several_errors_of_one_rule_are_in_several_records() -> None:
    errors = generate(1, plan=ErrorPlan({"SR14": 5, "KY05": 3})).planted.errors
    assert len({(error.rule, error.record_key) for error in errors}) == 8


@pytest.mark.parametrize(
    ("plan", "error_id", "says"),
    [
        ("everything", "LW-SIM-002", "none, default or all"),
        (ErrorPlan({"RP01": 1}), "LW-SIM-003", "RP01"),
        (ErrorPlan({"SR08": 50}), "LW-SIM-001", "SR08"),
    ],
)
def test_a_plan_that_cannot_be_met_is_refused(plan: ErrorPlan | str, error_id: str, says: str) -> None:
    with pytest.raises(StudyError) as refused:
        generate(1, plan=plan)
    assert refused.value.error_id == error_id
    assert says in str(refused.value)


def test_a_plan_for_a_dataset_that_is_not_generated_is_refused() -> None:
    with pytest.raises(StudyError, match="LW-SIM-001: MH"):
        generate(1, plan=ErrorPlan({"DT01": 1}), domains=("DM", "AE"))


def test_planting_leaves_the_clean_frames_as_they_are() -> None:
    """Data is generated first, errors are planted afterwards: the rest does not move with the plan."""
    clean, planted = generate(4), generate(4, plan=ErrorPlan({"SR02": 1}))
    same = [name for name in clean.frames if name != "AE"]
    assert all(clean.frames[name].equals(planted.frames[name]) for name in same)
    changed = clean.frames["AE"].select((pl.col("AESHOSP") != planted.frames["AE"]["AESHOSP"]).sum()).item()
    assert changed == 1
