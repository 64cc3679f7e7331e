"""The life of a finding: every state has an owner and a way out, and every act does what the table says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from longwatch.findings.finding import Finding, Severity
from longwatch.findings.judging import judge
from longwatch.findings.life import ActRequest, FindingChange, KnownFinding, Refusal
from longwatch.findings.states import (
    MOVES,
    OPEN_STATES,
    OWNERS,
    PERSONS_ACTS,
    SET_ASIDE,
    Act,
    FindingState,
    Mover,
    state_after,
)
from tools.finding_states import page

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
TODAY = NOON.date()


def known(state: FindingState = FindingState.NEW, severity: Severity = Severity.ERROR, **more: object) -> KnownFinding:
    finding = Finding(
        "f" * 64, "SR02", 1, severity, "AE", "AESER is N", "query", "S-1", {"USUBJID": "S-1", "AESEQ": "4"}
    )
    facts = {"version": 3, "first_seen": NOON, "changed_at": NOON, "first_run": "r", "last_run": "r",
             "first_snapshot": "a", "last_snapshot": "a"}  # fmt: skip
    return KnownFinding(finding, "ISLET-1", state, **{**facts, **more})  # type: ignore[arg-type]


def ask(act: Act, text: str = "because", until: date | None = None, **more: object) -> ActRequest:
    return ActRequest("f" * 64, 3, act, text, until or (TODAY if act is Act.WAIVE else None), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", list(FindingState))
def test_every_state_has_an_owner_a_way_in_and_a_way_out(state: FindingState) -> None:
    assert OWNERS[state]
    assert any(state in move.before and move.after is not state for move in MOVES)
    assert state is FindingState.NEW or any(move.after is state for move in MOVES)


def test_a_state_counts_at_the_gate_or_is_set_aside_or_is_fixed() -> None:
    assert {*OPEN_STATES, *SET_ASIDE, FindingState.FIXED} == set(FindingState)
    assert not set(OPEN_STATES) & set(SET_ASIDE)


def test_an_act_moves_a_state_to_one_other() -> None:
    pairs = [(move.act, before) for move in MOVES for before in move.before]
    assert len(pairs) == len(set(pairs))


def test_only_a_person_sets_a_finding_aside_and_only_the_data_fixes_it() -> None:
    for move in MOVES:
        if move.after in SET_ASIDE:
            assert move.mover is Mover.PERSON
        if move.after is FindingState.FIXED:
            assert move.mover is Mover.DATA
        assert (move.mover is Mover.PERSON) == (move.act in PERSONS_ACTS)


def test_the_diagram_in_the_documents_is_drawn_from_the_table(repository: Path) -> None:
    assert (repository / "docs" / "finding-states.md").read_text() == page(), "run `make states`"


@pytest.mark.parametrize("state", list(FindingState))
@pytest.mark.parametrize("act", PERSONS_ACTS)
def test_a_person_can_do_what_the_table_says_and_nothing_else(act: Act, state: FindingState) -> None:
    done = judge(ask(act, assignee="bo" if act is Act.ASSIGN else None), known(state), TODAY, "act-1")
    expected = state_after(act, state)
    if expected is None:
        assert isinstance(done, Refusal)
        assert state.value in done.reason
    else:
        assert isinstance(done, FindingChange)
        assert done.state is expected


@pytest.mark.parametrize(
    ("request_", "finding", "reason"),
    [
        (ask(Act.WAIVE), None, "no finding of this study"),
        (ActRequest("f" * 64, 2, Act.OPEN), known(), "it changed meanwhile: you saw version 2, now it is version 3"),
        (ask(Act.COMMENT, " "), known(), "a comment needs words"),
        (ask(Act.WAIVE, ""), known(), "a waiver needs words"),
        (ActRequest("f" * 64, 3, Act.WAIVE, "why"), known(), "a waiver needs its last day"),
        (ask(Act.WAIVE, until=date(2026, 3, 28)), known(), "the waiver's last day, 2026-03-28, is over"),
        (ask(Act.WAIVE), known(severity=Severity.REJECT), "a reject cannot be waived"),
        (ask(Act.ANSWER, "x" * 10_001), known(), "longer than 10,000"),
        (ask(Act.ASSIGN, assignee="two\nlines"), known(), "not one line"),
        (ask(Act.ASSIGN, assignee="bo"), known(assignee="bo"), "assigned to bo already"),
        (ask(Act.ASSIGN), known(), "nobody has it already"),
        (ask(Act.OPEN), known(FindingState.OPEN), "open already"),
    ],
)
def test_what_is_refused_says_why(request_: ActRequest, finding: KnownFinding | None, reason: str) -> None:
    refused = judge(request_, finding, TODAY, "act-1")
    assert isinstance(refused, Refusal)
    assert reason in refused.reason


def test_a_waiver_may_end_today_and_may_be_given_anew() -> None:
    done = judge(ask(Act.WAIVE), known(FindingState.WAIVED), TODAY, "act-1")
    assert isinstance(done, FindingChange)
    assert (done.until, done.act_id) == (TODAY, "act-1")


def test_an_act_of_the_data_cannot_be_asked_for() -> None:
    with pytest.raises(TypeError):
        judge(ask(Act.FIXED), known(), TODAY, "act-1")
