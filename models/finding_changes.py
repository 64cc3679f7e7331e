"""What persons and time do with findings, and findings that go on under another fingerprint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update

from longwatch.errors import StoreError
from longwatch.evidence.audit import AuditEvent
from longwatch.evidence.registered import RunRow
from longwatch.findings.decision import DECIDING_ACTS
from longwatch.findings.finding import Finding
from longwatch.findings.life import FindingChange
from longwatch.findings.states import Act, FindingState
from models import finding_reads
from models.finding_content import LINE_COLUMNS, content_of, storable
from models.tables import finding_history, findings
from models.work import Work


def write(work: Work, study_id: str, changes: Sequence[FindingChange], event: AuditEvent) -> None:
    """One history line for each change, and the findings as they are then. The caller holds the study's lock.

    Raises StoreError LW-REG-024 where a finding is not at the version that its change names; nothing is written then.
    """
    wanted = [change.fingerprint for change in changes]
    known = {item.finding.fingerprint: item for item in finding_reads.known(work, study_id, fingerprints=wanted)}
    ids = _ids(work, study_id)
    lines: list[tuple[Any, ...]] = []
    updates: list[dict[str, Any]] = []
    for change in changes:
        before = known.get(change.fingerprint)
        if before is None or before.version != change.version:
            raise StoreError(
                "LW-REG-024",
                "a finding changed while it was being changed",
                where=f"finding {change.fingerprint[:12]}",
                expected=f"version {change.version}",
                found=f"version {before.version}" if before else "no such finding",
                next_step="run again; nothing was changed",
            )
        finding_id, version = ids[change.fingerprint], change.version + 1
        # The data that the act speaks of; a fixed finding keeps the snapshot that proves it.
        stays_fixed = change.state is FindingState.FIXED and before.proof is not None
        snapshot_id = before.proof if stays_fixed else before.last_snapshot
        lines.append(
            _line(finding_id, version, event, change, str(snapshot_id), before.finding, change.state != before.state)
        )
        updates.append(
            {
                "which": finding_id,
                "version": version,
                "state": change.state.value,
                "assignee": change.assignee,
                "decides": change.act in DECIDING_ACTS,
            }
        )
    work.load(finding_history, LINE_COLUMNS, lines)
    for decides in (True, False):
        own = [
            {name: value for name, value in values.items() if name != "decides"}
            | ({"decided": values["version"]} if decides else {})
            for values in updates
            if values["decides"] is decides
        ]
        if own:
            work.change(update(findings).where(findings.c.id == bindparam("which")), own)


def carry(work: Work, run: RunRow, carried: Mapping[str, str], event: AuditEvent, snapshot_id: str) -> int:
    """Findings go on under the fingerprints that their records have now; how many did.

    All move at once, so that two may exchange theirs. One whose fingerprint is not known any more is left out (another
    run carried it meanwhile), and so is one whose new fingerprint another finding keeps, with those that follow it.
    The caller holds the study's lock.
    """
    ids = _ids(work, run.study_id)
    moves = {old: new for old, new in carried.items() if old in ids and old != new}
    while blocked := [old for old, new in moves.items() if new in ids and new not in moves]:
        for old in blocked:
            del moves[old]
    if not moves:
        return 0
    known = {
        item.finding.fingerprint: item for item in finding_reads.known(work, run.study_id, fingerprints=list(moves))
    }
    by_id = [(ids[old], old, new) for old, new in moves.items()]
    # A fingerprint is unique in its study: everything steps aside first, then takes its place.
    for values in (
        [{"which": finding_id, "fingerprint": f"moving {finding_id}"} for finding_id, _, _ in by_id],
        [
            {"which": finding_id, "fingerprint": new, "version": known[old].version + 1}
            for finding_id, old, new in by_id
        ],
    ):
        work.change(update(findings).where(findings.c.id == bindparam("which")), values)
    work.load(
        finding_history,
        LINE_COLUMNS,
        [
            _line(
                finding_id,
                known[old].version + 1,
                event,
                FindingChange(
                    old,
                    known[old].version,
                    Act.CARRIED,
                    known[old].state,
                    f"carried: identity {old[:12]} is {new[:12]} in this snapshot",
                    assignee=known[old].assignee,
                    run_id=run.id,
                ),
                snapshot_id,
                known[old].finding,
                False,
            )
            for finding_id, old, new in by_id
        ],
    )
    return len(moves)


def _line(
    finding_id: int,
    version: int,
    event: AuditEvent,
    change: FindingChange,
    snapshot_id: str,
    finding: Finding,
    moves_state: bool,
) -> tuple[Any, ...]:
    return (
        finding_id, version, "state" if moves_state else "value", event.at, event.actor, change.run_id, snapshot_id,
        change.state.value, change.act.value, storable(change.text), change.until,
        None if change.assignee is None else storable(change.assignee), change.act_id, *content_of(finding),
    )  # fmt: skip


def _ids(work: Work, study_id: str) -> dict[str, int]:
    rows = work.read(select(findings.c.fingerprint, findings.c.id).where(findings.c.study_id == study_id))
    return {row.fingerprint: row.id for row in rows}
