"""What is registered comes back as the same values, with the event that recorded it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import StatementError

from longwatch.errors import IntegrityError
from longwatch.evidence.audit import AuditEvent
from longwatch.evidence.registered import RunState
from models import SqlRegisters
from tests.integration.models.register_values import (
    ACCOUNT,
    LATER_SNAPSHOT,
    NOON,
    PULL,
    RUN,
    SNAPSHOT,
    STUDY,
    add_run,
    event,
    open_study,
)


def test_snapshots_and_runs_come_back_newest_first(registers: SqlRegisters) -> None:
    open_study(registers)
    add_run(registers, "run-2")
    with registers.transaction() as register:
        assert register.snapshots() == [LATER_SNAPSHOT, SNAPSHOT]
        assert register.snapshots("OTHER") == []
        assert [run.id for run in register.runs("ISLET-1")] == ["run-2", "run-1"]
        assert [run.id for run in register.runs(limit=1)] == ["run-2"]
        assert register.run("run-1") == RUN
        assert register.run("run-0") is None


def test_instants_are_kept_in_utc(registers: SqlRegisters) -> None:
    """Half past two on the night the clocks go back is two moments in Berlin; each comes back as itself, in UTC."""
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=fold) for fold in (0, 1))
    open_study(registers)
    with registers.transaction() as register:
        for number, at in enumerate((first, second)):
            register.start_run(replace(RUN, id=f"night-{number}", started_at=at), event("run started"))
    with registers.transaction() as register:
        kept = [register.run("night-0"), register.run("night-1")]
    assert [run.started_at for run in kept if run] == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    ]
    assert all(run is not None and run.started_at.tzinfo is UTC for run in kept)


def test_a_moment_without_a_zone_is_refused(registers: SqlRegisters) -> None:
    open_study(registers)
    bare = NOON.replace(tzinfo=None)
    with pytest.raises(StatementError, match="without its zone"), registers.transaction() as register:
        register.start_run(replace(RUN, id="run-2", started_at=bare), event("run started"))


def test_a_known_account_is_not_registered_again(registers: SqlRegisters) -> None:
    """`ensure` is no change the second time, so the log gets no second event."""
    for _ in range(2):
        with registers.transaction() as register:
            register.ensure_account(ACCOUNT, event("account seen", "dana"))
    with registers.transaction() as register:
        assert [record.event.action for record in register.events()] == ["account seen"]


def test_a_changed_study_is_recorded_with_its_old_values(registers: SqlRegisters) -> None:
    """Same content: nothing. Other content: the row changes and the event says what was there (spec F.1)."""
    open_study(registers)
    same, changed = replace(STUDY, seen_at=NOON + timedelta(1)), replace(STUDY, content_sha256="f" * 64)
    with registers.transaction() as register:
        register.ensure_study(same, event("study seen", "ISLET-1"))
        register.ensure_study(changed, event("study seen", "ISLET-1", content_sha256="f" * 64))
        assert len(register.events()) == 6
    with registers.transaction() as register:
        last = register.events(1)[0].event
    assert last.old == {"title": STUDY.title, "content_sha256": "c" * 64}
    assert last.new == {"content_sha256": "f" * 64}


def test_the_same_data_pulled_twice_is_one_snapshot_and_two_pulls(registers: SqlRegisters) -> None:
    open_study(registers)
    with registers.transaction() as register:
        register.add_snapshot(SNAPSHOT, replace(PULL, id="pull-3"), event("data pulled"))
    with registers.transaction() as register:
        assert len(register.snapshots()) == 2
        assert [record.event.action for record in register.events()].count("data pulled") == 3


def test_two_studies_may_share_a_snapshot(registers: SqlRegisters) -> None:
    """Two study files over the same delivery: the snapshot id is the data's, the row is the study's."""
    open_study(registers)
    with registers.transaction() as register:
        register.ensure_study(replace(STUDY, id="ISLET-1B"), event("study seen", "ISLET-1B"))
        register.add_snapshot(
            replace(SNAPSHOT, study_id="ISLET-1B"), replace(PULL, id="p", study_id="ISLET-1B"), event("data pulled")
        )
    with registers.transaction() as register:
        assert [(row.study_id, row.id) for row in register.snapshots("ISLET-1B")] == [("ISLET-1B", SNAPSHOT.id)]


@pytest.mark.parametrize("end", [RunState.DONE, RunState.GATED, RunState.FAILED])
def test_a_run_ends_once(registers: SqlRegisters, end: RunState) -> None:
    """started → gated · failed · done (CONTRACTS.md, States); the second end is refused and changes nothing."""
    open_study(registers)
    later = NOON + timedelta(minutes=1)
    with registers.transaction() as register:
        register.finish_run("run-1", end, "because", later, SNAPSHOT.id, event(f"run {end.value}", "run-1"))
    for again in RunState:
        with (
            pytest.raises(IntegrityError, match=rf"LW-REG-018: run run-1: .*found {end.value}"),
            registers.transaction() as register,
        ):
            register.finish_run("run-1", again, "again", later, None, event("run again", "run-1"))
    with registers.transaction() as register:
        assert register.run("run-1") == replace(
            RUN, state=end, finished_at=later, snapshot_id=SNAPSHOT.id, reason="because"
        )
        last = register.events(1)[0].event
    assert (last.action, last.old) == (f"run {end.value}", {"state": "started"})


def test_a_run_begins_as_started(registers: SqlRegisters) -> None:
    open_study(registers)
    with pytest.raises(IntegrityError, match="LW-REG-018"), registers.transaction() as register:
        register.start_run(replace(RUN, id="run-2", state=RunState.DONE), event("run started"))


def test_an_unknown_run_cannot_end(registers: SqlRegisters) -> None:
    open_study(registers)
    with pytest.raises(IntegrityError, match="LW-REG-017: run run-0"), registers.transaction() as register:
        register.finish_run("run-0", RunState.DONE, "", NOON, None, event("run done"))


@pytest.mark.parametrize(
    ("run", "error_id"),
    [
        (replace(RUN, id="run-2", study_id="NOT-THERE"), "LW-REG-013"),
        (replace(RUN, id="run-2", actor="nobody"), "LW-REG-013"),
        (replace(RUN, id="run-2", snapshot_id="9" * 64), "LW-REG-013"),
        (RUN, "LW-REG-014"),
    ],
)
def test_rows_name_only_what_is_registered(registers: SqlRegisters, run: object, error_id: str) -> None:
    """Unknown study, account or snapshot; an id used twice. One line, and no other word of the database."""
    open_study(registers)
    with pytest.raises(IntegrityError, match=error_id) as refused, registers.transaction() as register:
        register.start_run(run, event("run started"))  # type: ignore[arg-type]
    assert "DETAIL" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_exception_leaves_nothing(registers: SqlRegisters) -> None:
    """A crash after a change, before the commit: neither the change nor its event is there, and no position is lost."""
    open_study(registers)

    def crash_before_commit() -> None:
        with registers.transaction() as register:
            register.start_run(replace(RUN, id="run-2"), event("run started"))
            assert [record.position for record in register.events()] == [6, 5, 4, 3, 2, 1]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash_before_commit()
    with registers.transaction() as register:
        assert register.run("run-2") is None
        assert [record.position for record in register.events()] == [5, 4, 3, 2, 1]
        register.record_read(event("archive listed"))
        assert [record.position for record in register.events()] == [6, 5, 4, 3, 2, 1]


def test_reading_first_and_changing_then(registers: SqlRegisters) -> None:
    """`archive list` reads and then records that it read, while others write in between."""
    open_study(registers)
    with registers.transaction() as register:
        assert register.reports() == []
        with registers.transaction() as other:
            other.record_read(event("archive listed", "other"))
        register.record_read(event("archive listed", "ours"))
    with registers.transaction() as register:
        assert [record.event.entity_id for record in register.events(2)] == ["ours", "other"]


def test_events_come_back_as_they_were(registers: SqlRegisters) -> None:
    """Any script, nested values, old values, a reason; and a limit takes the newest."""
    full = AuditEvent(
        NOON,
        "dana",
        "severity changed",
        "rule",
        "ST02",
        {"severity": "reject"},
        {"n": [1, 2.5, None, "ß 島 ☃"]},
        "pilot",
    )
    with registers.transaction() as register:
        register.record_read(event("archive listed"))
        register.record_read(full)
    with registers.transaction() as register:
        assert [(record.position, record.event) for record in register.events(limit=1)] == [(2, full)]
