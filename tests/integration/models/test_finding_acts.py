"""Acts on findings in the registers: their lines, conflicts, many at once, other fingerprints; rows of schema r0001."""

from __future__ import annotations

import time
from datetime import date

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import models
from longwatch.errors import StoreError
from longwatch.findings.finding import Severity
from longwatch.findings.life import FindingChange
from longwatch.findings.states import Act, FindingState
from models import SqlRegisters
from models.engine import make_engine, parse_url
from models.schema import HEAD
from tests.integration.models.register_values import (
    LATER_SNAPSHOT,
    SNAPSHOT,
    add_run,
    event,
    finding,
    open_study,
    row,
)

LATER = LATER_SNAPSHOT.id
FIRST = finding(1).fingerprint


def record(registers: SqlRegisters, run: str, *found: object, snapshot: str = SNAPSHOT.id, **more: object) -> None:
    with registers.transaction() as register:
        register.record_findings(
            run, [row(item, snapshot) for item in found], event("data validated"), snapshot_id=snapshot, **more  # type: ignore[arg-type]
        )  # fmt: skip


def act(registers: SqlRegisters, *changes: FindingChange) -> None:
    with registers.transaction() as register:
        register.change_findings("ISLET-1", changes, [event("finding changed", item.fingerprint) for item in changes])


WAIVER = FindingChange(FIRST, 1, Act.WAIVE, FindingState.WAIVED, "agreed", date(2026, 6, 30), "bo", "act-1")


def test_a_waiver_is_a_line_with_reason_person_and_end(registers: SqlRegisters) -> None:
    open_study(registers)
    record(registers, "run-1", finding(1), finding(2))
    act(registers, WAIVER)
    with registers.transaction() as register:
        waived, other = register.known_findings("ISLET-1")
        lines = register.finding_history("ISLET-1", FIRST)
        assert register.known_findings("ISLET-1", decided=True) == [waived]
        assert register.known_findings("ISLET-1", beginning="0" * 63 + "2") == [other]
        assert register.finding_snapshots("ISLET-1", FIRST) == []
    assert (waived.state, waived.version, waived.assignee) == (FindingState.WAIVED, 2, "bo")
    assert waived.decision is not None
    assert (waived.decision.reason, waived.decision.by, waived.decision.until, waived.decision.id) == (
        "agreed", "dana", date(2026, 6, 30), "act-1",
    )  # fmt: skip
    assert other.decision is None
    assert [(line.act, line.text) for line in lines] == [(Act.SEEN, ""), (Act.WAIVE, "agreed")]
    assert [line.finding for line in lines] == [finding(1), finding(1)]


def test_a_finding_that_changed_meanwhile_is_not_written(registers: SqlRegisters) -> None:
    """All or nothing at this level; the operation tells them apart before."""
    open_study(registers)
    record(registers, "run-1", finding(1), finding(2))
    act(registers, WAIVER)
    late = FindingChange(FIRST, 1, Act.COMMENT, FindingState.NEW, "late")
    with pytest.raises(StoreError, match="LW-REG-024"):
        act(registers, FindingChange(finding(2).fingerprint, 1, Act.OPEN, FindingState.OPEN), late)
    with registers.transaction() as register:
        assert [item.version for item in register.known_findings("ISLET-1")] == [2, 1]


def test_a_waiver_stands_when_the_value_changes_but_not_when_it_becomes_a_reject(registers: SqlRegisters) -> None:
    open_study(registers)
    for number in (2, 3):
        add_run(registers, f"run-{number}", number)
    record(registers, "run-1", finding(1))
    act(registers, WAIVER)
    record(registers, "run-2", finding(1, "U"))
    with registers.transaction() as register:
        (known,) = register.known_findings("ISLET-1")
        assert (known.state, known.assignee) == (FindingState.WAIVED, "bo")
        assert known.decision is not None
    record(registers, "run-3", finding(1, "U", Severity.REJECT))
    with registers.transaction() as register:
        (known,) = register.known_findings("ISLET-1")
        assert known.state is FindingState.REOPENED
        acts = [line.act for line in register.finding_history("ISLET-1", FIRST)]
    assert acts == [Act.SEEN, Act.WAIVE, Act.VALUE, Act.GRAVER]


def test_findings_exchange_their_fingerprints(registers: SqlRegisters) -> None:
    """Of twins, the first is corrected: the second takes its name, and each keeps its own history."""
    open_study(registers)
    add_run(registers, "run-2", 30)
    second = finding(2).fingerprint
    record(registers, "run-1", finding(1), finding(2))
    act(registers, WAIVER)
    record(registers, "run-2", finding(2), snapshot=LATER, evaluated={"SR01"}, carried={FIRST: second, second: FIRST})
    with registers.transaction() as register:
        states = {item.finding.fingerprint: item.state for item in register.known_findings("ISLET-1")}
        assert states == {second: FindingState.WAIVED, FIRST: FindingState.FIXED}
        assert [line.act for line in register.finding_history("ISLET-1", second)] == [
            Act.SEEN, Act.WAIVE, Act.CARRIED, Act.VALUE,
        ]  # fmt: skip
        assert register.known_findings("ISLET-1", fingerprints=[FIRST])[0].proof == LATER


def test_a_fingerprint_that_another_finding_keeps_is_not_taken(registers: SqlRegisters) -> None:
    open_study(registers)
    add_run(registers, "run-2", 30)
    record(registers, "run-1", finding(1), finding(2))
    record(registers, "run-2", finding(2), snapshot=LATER, carried={FIRST: finding(2).fingerprint, "unknown": "x"})
    with registers.transaction() as register:
        assert register.events(1)[0].event.new["recorded"]["carried"] == 0


def test_ten_thousand_findings_are_waived_in_seconds(registers: SqlRegisters) -> None:
    open_study(registers)
    record(registers, "run-1", *(finding(number) for number in range(10_000)))
    began = time.perf_counter()
    act(
        registers,
        *(
            FindingChange(finding(number).fingerprint, 1, Act.WAIVE, FindingState.WAIVED, "agreed", date(2026, 6, 30))
            for number in range(10_000)
        ),
    )
    print(f"10,000 findings waived in {time.perf_counter() - began:.1f} s")
    with registers.transaction() as register:
        assert len(register.known_findings("ISLET-1", decided=True)) == 10_000
        assert len(register.events(20_000)) >= 10_000


def test_registers_of_the_first_schema_are_raised_with_their_rows(url: str) -> None:
    """A history written by schema r0001 reads as it did; what follows goes on from it."""
    engine = make_engine(parse_url(url), 30)
    config = Config()
    folder = str(models.__path__[0]) + "/migrations"
    config.set_main_option("script_location", folder)
    with engine.connect().execution_options(longwatch_changes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "r0001")
        content = "1, 'error', 'AE', 'what', 'do', 'S-1', '{}', '{\"AESER\":\"N\"}', 1"
        moment = "'2026-03-29 12:00:00.000000'"
        for statement in (
            f"INSERT INTO accounts VALUES ('dana', false, {moment})",
            f"INSERT INTO studies VALUES ('ISLET-1', 't', 'c', {moment})",
            f"INSERT INTO snapshots VALUES ('ISLET-1', '{'a' * 64}', 1, 1, 1, NULL, {moment})",
            f"INSERT INTO runs VALUES ('run-0', 'ISLET-1', 'done', 'dana', {moment}, {moment}, '{'a' * 64}', '')",
            "INSERT INTO findings (study_id, fingerprint, rule_id, state, version, content_sha256, first_run, "
            f"last_run, first_snapshot, last_snapshot) VALUES ('ISLET-1', '{FIRST}', 'SR01', 'reopened', 3, 'x', "
            f"'run-0', 'run-0', '{'a' * 64}', '{'a' * 64}')",
            *(
                f"INSERT INTO finding_history VALUES (1, {version}, '{change}', {moment}, 'dana', 'run-0', "
                f"'{'a' * 64}', '{state}', {content})"
                for version, change, state in ((1, "seen", "new"), (2, "state", "fixed"), (3, "state", "reopened"))
            ),
            "INSERT INTO finding_runs VALUES ('run-0', 1, 3)",
        ):
            connection.execute(text(statement))
    engine.dispose()
    registers = SqlRegisters(url)
    assert registers.upgrade() == HEAD
    with registers.transaction() as register:
        assert [line.act for line in register.finding_history("ISLET-1", FIRST)] == [
            Act.SEEN, Act.FIXED, Act.RETURNED,
        ]  # fmt: skip
        assert register.located_findings("ISLET-1")[0].rows == ()
    act(registers, FindingChange(FIRST, 3, Act.WAIVE, FindingState.WAIVED, "agreed", date(2026, 6, 30)))
    with registers.transaction() as register:
        assert register.known_findings("ISLET-1")[0].state is FindingState.WAIVED
    registers.close()
    engine = make_engine(parse_url(url), 30)
    with pytest.raises(DBAPIError, match="may only be added to"), engine.begin() as raw:
        raw.execute(text("UPDATE finding_history SET state = 'open'"))
    engine.dispose()
