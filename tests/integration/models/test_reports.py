"""Reports: the key is unique, the loser of a race changes nothing, a new report supersedes the draft."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier

import pytest

from longwatch.errors import IntegrityError
from longwatch.evidence.registered import ReportState
from models import SqlRegisters
from tests.integration.models.register_values import NOON, REPORT, event, open_study

DRAFT, CANDIDATE, SUPERSEDED = ReportState.ARCHIVED_DRAFT, ReportState.ARCHIVED_CANDIDATE, ReportState.SUPERSEDED


def test_a_report_comes_back(registers: SqlRegisters) -> None:
    open_study(registers)
    with registers.transaction() as register:
        assert register.add_report(REPORT, event("report archived"))
    with registers.transaction() as register:
        assert register.report_by_key(REPORT.key) == REPORT
        assert register.report_by_key("0" * 64) is None
        assert register.reports("ISLET-1") == [REPORT]
        assert register.reports("OTHER") == []


def test_the_second_of_a_key_changes_nothing(registers: SqlRegisters) -> None:
    """Not the row, not the log, and no other draft."""
    open_study(registers)
    with registers.transaction() as register:
        register.add_report(REPORT, event("report archived"))
    with registers.transaction() as register:
        assert register.add_report(replace(REPORT, title="Another title"), event("report archived")) is False
    with registers.transaction() as register:
        assert register.reports() == [REPORT]
        assert len(register.events()) == 6


def test_of_eight_at_once_exactly_one_wins(registers: SqlRegisters) -> None:
    """Eight threads register the same key: one True, one row, one event."""
    open_study(registers)
    for number in range(5):
        start = Barrier(8)
        report = replace(REPORT, key=f"{number:064d}", cutoff=date(2026, 4, 1 + number))

        def add(thread: int, report: object = report, start: Barrier = start) -> bool:
            start.wait()
            with registers.transaction() as register:
                return register.add_report(report, event("report archived", f"by {thread}"))  # type: ignore[arg-type]

        with ThreadPoolExecutor(8) as threads:
            assert sorted(threads.map(add, range(8))) == [False] * 7 + [True]
    with registers.transaction() as register:
        assert len(register.reports()) == 5
        assert [record.position for record in register.events()] == list(range(10, 0, -1))


def test_the_loser_registers_after_all_where_the_winner_fails(registers: SqlRegisters) -> None:
    """A crash before commit leaves the key free."""
    open_study(registers)

    def crash_before_commit() -> None:
        with registers.transaction() as register:
            assert register.add_report(REPORT, event("report archived"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash_before_commit()
    with registers.transaction() as register:
        assert register.add_report(REPORT, event("report archived"))


def test_a_new_report_supersedes_the_draft(registers: SqlRegisters) -> None:
    """Drafts of the same study, template and cut-off; a candidate, another template, another cut-off stay."""
    open_study(registers)
    earlier = [
        # the draft that is replaced
        REPORT,
        # another template; another cut-off
        replace(REPORT, key="2" * 64, template="dsur"),
        replace(REPORT, key="3" * 64, cutoff=date(2025, 3, 1)),
    ]
    new = replace(REPORT, key="4" * 64, state=CANDIDATE, archived_at=NOON + timedelta(1))
    newest = replace(REPORT, key="5" * 64, archived_at=NOON + timedelta(2))
    with registers.transaction() as register:
        for report in (*earlier, new, newest):
            assert register.add_report(report, event("report archived", report.key, state=report.state.value))
    with registers.transaction() as register:
        kept = {report.key[0]: report for report in register.reports()}
        events = register.events(2)[::-1]
        assert register.report_by_key(new.key) == kept["4"]
    assert {key: report.state for key, report in kept.items()} == {
        "1": SUPERSEDED,
        "2": DRAFT,
        "3": DRAFT,
        "4": CANDIDATE,
        "5": DRAFT,
    }
    assert kept["1"].superseded_by == new.key
    assert kept["4"].supersedes == (REPORT.key,)
    assert kept["5"].supersedes == ()
    assert events[0].event.new == {"state": "archived-candidate", "supersedes": [REPORT.key]}
    assert events[0].event.old == {"state": {REPORT.key: "archived-draft"}}
    assert events[1].event.new == {"state": "archived-draft"}


def test_two_different_reports_at_once_leave_one_open_draft(registers: SqlRegisters) -> None:
    """Whoever comes second supersedes the first: never two open drafts of one study, template and cut-off."""
    open_study(registers)
    start = Barrier(8)

    def add(number: int) -> bool:
        start.wait()
        with registers.transaction() as register:
            return register.add_report(replace(REPORT, key=f"{number:064d}"), event("report archived"))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(add, range(8))) == [True] * 8
    with registers.transaction() as register:
        states = [report.state for report in register.reports()]
    assert (states.count(DRAFT), states.count(SUPERSEDED)) == (1, 7)


@pytest.mark.parametrize("state", [ReportState.REVIEWED, ReportState.RELEASED, SUPERSEDED])
def test_a_report_begins_as_draft_or_candidate(registers: SqlRegisters, state: ReportState) -> None:
    open_study(registers)
    with pytest.raises(IntegrityError, match="LW-REG-019"), registers.transaction() as register:
        register.add_report(replace(REPORT, state=state), event("report archived"))


def test_a_report_names_only_what_is_registered(registers: SqlRegisters) -> None:
    open_study(registers)
    for report in (
        replace(REPORT, run_id="run-0"),
        replace(REPORT, snapshot_id="9" * 64),
        replace(REPORT, archived_by="nobody"),
        replace(REPORT, study_id="NOT-THERE"),
    ):
        with pytest.raises(IntegrityError, match="LW-REG-013"), registers.transaction() as register:
            register.add_report(report, event("report archived"))
    with registers.transaction() as register:
        assert register.reports() == []
