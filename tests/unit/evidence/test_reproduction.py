"""What explains that a report came out differently, and what a finding's last word was at a moment."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta

from longwatch.evidence.report_key import Engine, ReportIdentity
from longwatch.evidence.reproduction import compare_identities
from longwatch.findings.finding import Finding, Severity
from longwatch.findings.life import HistoryLine, decide_at
from longwatch.findings.states import Act, FindingState

ENGINE = Engine("0.1.0", "a" * 64, "3.11", "1.3", "b" * 64)
IDENTITY = ReportIdentity({}, "s", (), date(2024, 1, 31), date(2024, 1, 31), {}, {}, "r", {}, "f", ENGINE)
START = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)


def test_equal_identities_explain_nothing() -> None:
    assert compare_identities(asdict(IDENTITY), asdict(IDENTITY)) == ()


def test_each_part_that_differs_is_named_with_its_short_values() -> None:
    now = replace(IDENTITY, findings_digest="g", engine=replace(ENGINE, lock_sha256="c" * 64))
    told = compare_identities(asdict(IDENTITY), asdict(now))
    assert [(each.what, each.then, each.now) for each in told] == [
        ("the findings, or the words on them", "f", "g"),
        ("the lock file", "a" * 12 + "…", "c" * 12 + "…"),
    ]


def history(*acts: tuple[Act, FindingState, int, str]) -> list[HistoryLine]:
    """Lines: act, the state after it, minutes after the start, the run that wrote it."""
    finding = Finding("fp", "ST05", 1, Severity.ERROR, "AE", "what is wrong", "what to do")
    return [
        HistoryLine(
            number, act, START + timedelta(minutes=minutes), "ada", run, "snap", state, finding, f"line {number}"
        )
        for number, (act, state, minutes, run) in enumerate(acts, start=1)
    ]


def test_the_last_word_is_the_one_at_that_moment() -> None:
    lines = history(
        (Act.SEEN, FindingState.NEW, 0, "one"),
        (Act.WAIVE, FindingState.WAIVED, 10, ""),
        (Act.EXPIRED, FindingState.OPEN, 20, "two"),
        (Act.FIXED, FindingState.FIXED, 30, "three"),
    )
    at = {minutes: decide_at(lines, START + timedelta(minutes=minutes), "a later run") for minutes in (5, 15, 25, 35)}
    assert at[5] is None
    assert at[15] is not None
    assert (at[15].state, at[15].reason) == (FindingState.WAIVED, "line 2")
    assert at[25] is not None
    assert (at[25].state, at[25].act) == (FindingState.OPEN, Act.EXPIRED)
    assert at[35] is None, "the data has it right since"


def test_what_the_run_wrote_itself_counts_though_it_is_later() -> None:
    lines = history((Act.SEEN, FindingState.NEW, 0, "one"), (Act.EXPIRED, FindingState.OPEN, 11, "two"))
    moment = START + timedelta(minutes=10)
    assert decide_at(lines, moment, "other") is None
    found = decide_at(lines, moment, "two")
    assert found is not None
    assert found.act is Act.EXPIRED
