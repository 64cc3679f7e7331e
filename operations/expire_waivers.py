"""The end of waivers: an event with history, at the first run after the last day."""

from __future__ import annotations

from datetime import date

from longwatch.findings.life import FindingChange, KnownFinding
from longwatch.findings.states import Act, FindingState, state_after
from operations.finding_acts import write_changes
from operations.ports import Adapters, RegisterTransaction


def expire_waivers(adapters: Adapters, register: RegisterTransaction, study_id: str, today: date, run_id: str) -> int:
    """Reopen each waived finding of a study whose waiver's last day is before `today`; how many there were.

    `today`: the run's day in the study's zone. A waiver counts through its last day. In the caller's transaction, which
    holds the study's lock.
    """
    ended = {
        item.finding.fingerprint: item
        for item in register.known_findings(study_id, decided=True)
        if item.state is FindingState.WAIVED and item.decision and item.decision.until and item.decision.until < today
    }
    changes = [_end_of(item, run_id) for item in ended.values()]
    write_changes(adapters, register, study_id, changes, ended)
    return len(changes)


def _end_of(item: KnownFinding, run_id: str) -> FindingChange:
    waiver, after = item.decision, state_after(Act.EXPIRED, item.state)
    assert waiver is not None, "only waived findings come here"
    assert after is not None, "a waiver can always end"
    return FindingChange(
        item.finding.fingerprint,
        item.version,
        Act.EXPIRED,
        after,
        f"the waiver of {waiver.by} ended on {waiver.until} (its reason was: {waiver.reason})",
        assignee=item.assignee,
        act_id=waiver.id,
        run_id=run_id,
    )
