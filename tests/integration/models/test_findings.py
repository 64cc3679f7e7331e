"""Findings survive a refresh: the fingerprint stays, values and states get history lines (CONTRACTS.md, finding)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import create_engine, make_url, text

from longwatch.errors import IntegrityError
from longwatch.findings.finding import Severity
from models import SqlRegisters
from models.transaction import SqlTransaction
from tests.integration.models.register_values import (
    LATER_SNAPSHOT,
    SNAPSHOT,
    STUDY,
    add_run,
    event,
    finding,
    open_study,
    row,
)

LATER = LATER_SNAPSHOT.id


def recorded(register: SqlTransaction) -> tuple[int, ...]:
    """New, changed, reopened, fixed, carried: what the newest event says."""
    said = register.events(1)[0].event.new["recorded"]
    return tuple(said[name] for name in ("new", "changed", "reopened", "fixed", "carried"))


def history(url: str) -> list[tuple[object, ...]]:
    """Subject, version, change, state, run, found AESER of every history line."""
    engine = create_engine(make_url(url))
    with engine.connect() as connection:
        lines = connection.execute(
            text("SELECT subject, version, change, state, run_id, found FROM finding_history ORDER BY 1, 2")
        ).all()
    engine.dispose()
    return [(*line[:5], line[5][10]) for line in lines]


def test_findings_come_back_as_they_were_handed_over(registers: SqlRegisters) -> None:
    """In rule order, then as found; locators keep the order in which a record is read; missing values stay missing."""
    open_study(registers)
    found = [
        finding(2),
        finding(1),
        finding(3, rule_id="CT01", severity=Severity.REJECT),
        replace(finding(4, rule_id="DT05"), subject=None, locator={}, values={}, records=250),
    ]
    with registers.transaction() as register:
        register.record_findings("run-1", [row(item) for item in found], event("data validated", "run-1"))
    with registers.transaction() as register:
        kept = register.findings("ISLET-1")
        assert register.findings("ISLET-1", "run-1") == kept
        assert register.findings("ISLET-1", "run-0") == register.findings("OTHER") == []
        recorded = register.events(1)[0].event.new
    assert kept == [row(found[2]), row(found[3]), row(found[0]), row(found[1])]
    assert kept[2].finding.record_key == "USUBJID=01-701-2 AESEQ=4"
    assert recorded == {"recorded": {"new": 4, "changed": 0, "reopened": 0, "fixed": 0, "carried": 0}}


def test_a_validation_without_findings_is_recorded(registers: SqlRegisters) -> None:
    open_study(registers)
    with registers.transaction() as register:
        register.record_findings("run-1", [], event("data validated"))
    with registers.transaction() as register:
        assert register.findings("ISLET-1", "run-1") == []
        assert register.events(1)[0].event.action == "data validated"


def test_a_changed_value_keeps_the_finding(registers: SqlRegisters, url: str) -> None:
    """Run 1 finds N in two records; run 2, on later data, finds U in the first and the same in the second."""
    open_study(registers)
    add_run(registers, "run-2")
    with registers.transaction() as register:
        register.record_findings("run-1", [row(finding(1)), row(finding(2))], event("data validated"))
    with registers.transaction() as register:
        register.record_findings(
            "run-2", [row(finding(1, "U"), LATER), row(finding(2), LATER)], event("data validated", "run-2")
        )
    with registers.transaction() as register:
        now = register.findings("ISLET-1")
        then = register.findings("ISLET-1", "run-1")
        assert register.findings("ISLET-1", "run-2") == now
        assert register.events(1)[0].event.new["recorded"] == {
            "new": 0,
            "changed": 1,
            "reopened": 0,
            "fixed": 0,
            "carried": 0,
        }
    assert [item.finding for item in now] == [finding(1, "U"), finding(2)]
    assert [item.finding for item in then] == [finding(1), finding(2)]
    assert {(item.first_run, item.last_run, item.first_snapshot, item.last_snapshot) for item in now} == {
        ("run-1", "run-2", SNAPSHOT.id, LATER)
    }
    assert history(url) == [
        ("01-701-1", 1, "seen", "new", "run-1", "N"),
        ("01-701-1", 2, "value", "new", "run-2", "U"),
        ("01-701-2", 1, "seen", "new", "run-1", "N"),
    ]


def test_a_new_rule_version_or_severity_is_a_change_not_a_new_finding(registers: SqlRegisters) -> None:
    open_study(registers)
    changed = replace(finding(1), rule_version=2, severity=Severity.WARNING)
    with registers.transaction() as register:
        register.record_findings("run-1", [row(finding(1))], event("data validated"))
    add_run(registers, "run-2")
    with registers.transaction() as register:
        register.record_findings("run-2", [row(changed)], event("data validated"))
        assert [item.finding for item in register.findings("ISLET-1")] == [changed]


def test_what_is_gone_from_later_data_is_fixed_with_proof(registers: SqlRegisters, url: str) -> None:
    """Only where its rule was evaluated; back again, it is reopened with its history."""
    open_study(registers)
    add_run(registers, "run-2", 30)
    add_run(registers, "run-3", 31)
    first = [
        # gone from the later data
        finding(1),
        # still there
        finding(2),
        # gone, but its rule was not evaluated this time
        finding(3, rule_id="CT01"),
    ]
    with registers.transaction() as register:
        register.record_findings("run-1", [row(item) for item in first], event("data validated"), evaluated={"SR01"})
    with registers.transaction() as register:
        register.record_findings(
            "run-2", [row(finding(2), LATER)], event("data validated"), snapshot_id=LATER, evaluated={"SR01", "XR01"}
        )
    with registers.transaction() as register:
        assert {item.finding.subject: item.state for item in register.findings("ISLET-1")} == {
            "01-701-1": "fixed",
            "01-701-2": "new",
            "01-701-3": "new",
        }
        assert register.events(1)[0].event.new["recorded"] == {
            "new": 0,
            "changed": 0,
            "reopened": 0,
            "fixed": 1,
            "carried": 0,
        }
        assert [item.state for item in register.findings("ISLET-1", "run-1")] == ["new", "new", "new"]
        register.record_findings("run-3", [row(finding(1), LATER)], event("data validated"))
    with registers.transaction() as register:
        assert [item.state for item in register.findings("ISLET-1", "run-3")] == ["reopened"]
    assert [line for line in history(url) if line[0] == "01-701-1"] == [
        ("01-701-1", 1, "seen", "new", "run-1", "N"),
        ("01-701-1", 2, "state", "fixed", "run-2", "N"),
        ("01-701-1", 3, "state", "reopened", "run-3", "N"),
    ]


@pytest.mark.parametrize(
    ("seen_in", "absent_in"),
    [
        # the same data: a setting changed, the data fixed nothing
        (SNAPSHOT.id, SNAPSHOT.id),
        # older data, looked at again
        (LATER, SNAPSHOT.id),
    ],
)
def test_only_later_data_can_fix(registers: SqlRegisters, seen_in: str, absent_in: str) -> None:
    open_study(registers)
    add_run(registers, "run-2")
    with registers.transaction() as register:
        register.record_findings("run-1", [row(finding(1), seen_in)], event("data validated"))
    with registers.transaction() as register:
        register.record_findings("run-2", [], event("data validated"), snapshot_id=absent_in, evaluated={"SR01"})
        assert [item.state for item in register.findings("ISLET-1")] == ["new"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # a word on the rule, which the data cannot take back
        ("false positive", "false positive"),
        # a word on the data: what it covered is gone, and it comes back open
        ("waived", "fixed"),
    ],
)
def test_what_later_data_makes_of_a_persons_word(registers: SqlRegisters, before: str, after: str) -> None:
    open_study(registers)
    add_run(registers, "run-2")
    with registers.transaction() as register:
        register.record_findings("run-1", [replace(row(finding(1)), state=before)], event("data validated"))
    with registers.transaction() as register:
        register.record_findings("run-2", [], event("data validated"), snapshot_id=LATER, evaluated={"SR01"})
        assert [item.state for item in register.findings("ISLET-1")] == [after]


def test_one_run_may_record_twice(registers: SqlRegisters) -> None:
    """First the data gate's findings, then the report gate's; a retried task records the same again."""
    open_study(registers)
    for rows in ([finding(1)], [finding(2, rule_id="RP02")], [finding(1, "U")], [finding(1, "U")]):
        with registers.transaction() as register:
            register.record_findings("run-1", [row(item) for item in rows], event("data validated"))
    with registers.transaction() as register:
        kept = [item.finding for item in register.findings("ISLET-1", "run-1")]
    assert kept == [finding(2, rule_id="RP02"), finding(1, "U")]


def test_two_studies_keep_their_findings_apart(registers: SqlRegisters) -> None:
    open_study(registers)
    with registers.transaction() as register:
        register.ensure_study(replace(STUDY, id="OTHER"), event("study seen"))
        register.record_findings("run-1", [row(finding(1))], event("data validated"))
    with registers.transaction() as register:
        assert register.findings("OTHER") == []


@pytest.mark.parametrize(
    ("rows", "error_id"),
    [
        ([row(finding(1)), row(finding(1, "U"))], "LW-REG-020"),
        ([replace(row(finding(1)), study_id="OTHER")], "LW-REG-021"),
        ([row(finding(1)), row(finding(2), LATER)], "LW-REG-022"),
        ([row(finding(1), "")], "LW-REG-022"),
    ],
)
def test_findings_that_do_not_fit_their_run_are_refused(
    registers: SqlRegisters, rows: list[object], error_id: str
) -> None:
    """Two of one fingerprint; another study's; of two snapshots; of none. Nothing is recorded, no value is told."""
    open_study(registers)
    with pytest.raises(IntegrityError, match=error_id) as refused, registers.transaction() as register:
        register.record_findings("run-1", rows, event("data validated"))  # type: ignore[arg-type]
    assert "701" not in str(refused.value)
    with registers.transaction() as register:
        assert register.findings("ISLET-1") == []
        assert len(register.events()) == 5


def test_findings_of_an_unknown_run_are_refused(registers: SqlRegisters) -> None:
    open_study(registers)
    with pytest.raises(IntegrityError, match="LW-REG-017"), registers.transaction() as register:
        register.record_findings("run-0", [], event("data validated"))


def test_hostile_text_is_kept(registers: SqlRegisters) -> None:
    """Quotes, separators of the bulk load, other scripts; a NUL is kept as its symbol on both databases."""
    open_study(registers)
    words = "a\tb\\N\n\"'; DROP TABLE findings; -- \r\n島 ☃ \\."
    hostile = replace(finding(1), message=words, subject="\\N", values={"AETERM": words + "\x00"})
    nul = replace(finding(2), message="a\x00b", subject="\x00")
    with registers.transaction() as register:
        register.record_findings("run-1", [row(hostile), row(nul)], event("data validated"))
    with registers.transaction() as register:
        kept = [item.finding for item in register.findings("ISLET-1")]
    assert kept == [hostile, replace(nul, message="a␀b", subject="␀")]


def test_validations_of_one_study_at_once(registers: SqlRegisters) -> None:
    """Six runs find the same 200 records at once: 200 findings, each run has them all."""
    open_study(registers)
    for number in range(6):
        add_run(registers, f"run-{number + 10}")
    start = Barrier(6)

    def validate(number: int) -> None:
        start.wait()
        rows = [row(finding(index)) for index in range(200)]
        with registers.transaction() as register:
            register.record_findings(f"run-{number + 10}", rows, event("data validated"))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(validate, range(6)))
    with registers.transaction() as register:
        assert len(register.findings("ISLET-1")) == 200
        assert [len(register.findings("ISLET-1", f"run-{number + 10}")) for number in range(6)] == [200] * 6
        counts = [record.event.new["recorded"]["new"] for record in register.events(6)]
    assert sorted(counts) == [0, 0, 0, 0, 0, 200]


def test_many_findings_at_once(registers: SqlRegisters) -> None:
    """Recorded at once, and again a month later with one in a hundred changed. The time is printed, not judged."""
    open_study(registers)
    add_run(registers, "run-2", 30)
    for run_id, snapshot, every in (("run-1", SNAPSHOT.id, 0), ("run-2", LATER, 100)):
        rows = [row(finding(index, "U" if every and index % every == 0 else "N"), snapshot) for index in range(20_000)]
        began = time.perf_counter()
        with registers.transaction() as register:
            register.record_findings(run_id, rows, event("data validated"))
        print(f"{run_id}: 20,000 findings recorded in {time.perf_counter() - began:.1f} s")
    with registers.transaction() as register:
        assert register.events(1)[0].event.new["recorded"] == {
            "new": 0,
            "changed": 200,
            "reopened": 0,
            "fixed": 0,
            "carried": 0,
        }
