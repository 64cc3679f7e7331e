"""Findings that survive a refresh: one row per fingerprint, one history line per change (CONTRACTS.md, finding).

A fingerprint seen for the first time in a study is added. Seen again with another value, message, severity or rule
version, it stays the same finding and gets a history line; one that was waived or a false positive stays so, unless its
severity rose to reject: then it is reopened. Seen again after it was `fixed`, it is `reopened`. Not seen again, it is
closed as `fixed` only where the caller says that its rule was evaluated on later data. Where the identity of its record
is another now, the caller says so, and the finding goes on under its new fingerprint (`finding_changes.carry`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import and_, bindparam, insert, literal, null, select, update

from longwatch.errors import IntegrityError
from longwatch.evidence.audit import AuditEvent
from longwatch.evidence.registered import FindingRow, RunRow
from longwatch.findings.finding import Severity
from longwatch.findings.states import SET_ASIDE, Act, FindingState, closed_by_data
from models.finding_changes import carry
from models.finding_content import CONTENT_COLUMNS, FINDING_COLUMNS, LINE_COLUMNS, content_of
from models.tables import finding_history, finding_runs, findings, snapshots
from models.work import Work


@dataclass(frozen=True)
class Recorded:
    """What recording one validation changed. `reopened`: found again after a fix, or graver than when set aside."""

    new: int
    changed: int
    reopened: int
    fixed: int
    carried: int


@dataclass(frozen=True)
class _Seen:
    """A finding of this run, its content as columns, the digest that tells a change, and where its records lie."""

    row: FindingRow
    content: tuple[Any, ...]
    digest: str
    places: str | None


def record(
    work: Work,
    run: RunRow,
    rows: Sequence[FindingRow],
    event: AuditEvent,
    snapshot_id: str,
    evaluated: Collection[str],
    carried: Mapping[str, str],
) -> Recorded:
    """Record the findings of a run. The caller holds the study's lock.

    Raises IntegrityError LW-REG-020 where two rows have one fingerprint, LW-REG-021 where a row is of another study.
    """
    seen = _seen(run, rows)
    moved = carry(work, run, carried, event, snapshot_id) if carried else 0
    known = _known(work, run.study_id)
    new = [item for fingerprint, item in seen.items() if fingerprint not in known]
    _add(work, run, new, snapshot_id)
    new_ids = _ids_of_first_run(work, run) if new else {}

    lines: list[tuple[Any, ...]] = []
    changes: list[dict[str, Any]] = []
    versions: dict[int, tuple[int, str | None]] = {}
    reopened = 0
    for fingerprint, item in seen.items():
        before = known.get(fingerprint)
        if before is None:
            finding_id, version, act, state, assignee = new_ids[fingerprint], 1, Act.SEEN, item.row.state, None
        else:
            judged = _judge(before, item)
            if judged is None:
                versions[before.id] = before.version, item.places
                continue
            act, state = judged
            finding_id, version, assignee = before.id, before.version + 1, before.assignee
            opened = act is not Act.VALUE
            reopened += opened
            decided = version if opened else before.decided
            changes.append(
                {"which": finding_id, "version": version, "state": state, "content_sha256": item.digest,
                 "decided": decided}
            )  # fmt: skip
        versions[finding_id] = version, item.places
        change = {Act.SEEN: "seen", Act.VALUE: "value"}.get(act, "state")
        lines.append(
            (finding_id, version, change, event.at, event.actor, run.id, snapshot_id, state, act.value,
             _WORDS.get(act, ""), None, assignee, None, *item.content)
        )  # fmt: skip
    work.load(finding_history, LINE_COLUMNS, lines)
    if changes:
        work.change(update(findings).where(findings.c.id == bindparam("which")), changes)
    _link(work, run, versions, snapshot_id)
    _place_sites(work, known, seen)
    fixed = _close_fixed(work, run, event, snapshot_id, evaluated) if evaluated else 0
    return Recorded(len(new), len(changes) - reopened, reopened, fixed, moved)


_WORDS = {
    Act.RETURNED: "the data has it again after it was fixed",
    Act.GRAVER: "its severity rose to reject, which the word that set it aside does not cover",
}


def _known(work: Work, study_id: str) -> dict[str, Any]:
    """What of the study's findings decides how a validation changes them, by fingerprint."""
    joined = findings.join(
        finding_history,
        and_(finding_history.c.finding_id == findings.c.id, finding_history.c.version == findings.c.version),
    )
    query = (
        select(
            findings.c.fingerprint, findings.c.id, findings.c.version, findings.c.state, findings.c.content_sha256,
            findings.c.assignee, findings.c.decided, findings.c.site, finding_history.c.severity,
        )
        .select_from(joined)
        .where(findings.c.study_id == study_id)
    )  # fmt: skip
    return {row.fingerprint: row for row in work.read(query)}


def _judge(before: Any, item: _Seen) -> tuple[Act, str] | None:
    """What seeing a known finding again does to it, and its state then; None where nothing changes."""
    if before.state == FindingState.FIXED:
        return Act.RETURNED, FindingState.REOPENED.value
    rejects = item.row.finding.severity is Severity.REJECT
    if before.state in SET_ASIDE and rejects and before.severity != Severity.REJECT:
        return Act.GRAVER, FindingState.REOPENED.value
    return (Act.VALUE, before.state) if before.content_sha256 != item.digest else None


def _seen(run: RunRow, rows: Sequence[FindingRow]) -> dict[str, _Seen]:
    seen: dict[str, _Seen] = {}
    for row in rows:
        finding = row.finding
        if row.study_id != run.study_id:
            raise IntegrityError(
                "LW-REG-021",
                f"a finding of rule {finding.rule_id} is of another study than its run",
                where=f"run {run.id}",
                expected=run.study_id,
                found=row.study_id,
                next_step="send this message to the developers; nothing was recorded",
            )
        if finding.fingerprint in seen:
            raise IntegrityError(
                "LW-REG-020",
                f"two findings of rule {finding.rule_id} have one fingerprint",
                where=f"run {run.id}",
                expected="one finding per rule and record identity",
                found=finding.fingerprint[:12],
                next_step="send this message and the rule to the developers; nothing was recorded",
            )
        content = content_of(finding)
        digest = hashlib.sha256(orjson.dumps(content)).hexdigest()
        places = orjson.dumps(finding.rows).decode() if finding.rows else None
        seen[finding.fingerprint] = _Seen(row, content, digest, places)
    return seen


def _add(work: Work, run: RunRow, new: Sequence[_Seen], snapshot_id: str) -> None:
    work.load(
        findings,
        FINDING_COLUMNS,
        [
            (
                run.study_id,
                item.row.finding.fingerprint,
                item.row.finding.rule_id,
                item.row.state,
                1,
                item.digest,
                run.id,
                run.id,
                snapshot_id,
                snapshot_id,
                item.row.site,
            )
            for item in new
        ],
    )


def _ids_of_first_run(work: Work, run: RunRow) -> dict[str, int]:
    rows = work.read(
        select(findings.c.fingerprint, findings.c.id).where(
            findings.c.study_id == run.study_id, findings.c.first_run == run.id
        )
    )
    return {row.fingerprint: row.id for row in rows}


def _link(work: Work, run: RunRow, versions: Mapping[int, tuple[int, str | None]], snapshot_id: str) -> None:
    """Tie findings to the run at the line of history they have now, with where their records lie; a repeated recording
    of a run moves the tie."""
    tied = {
        row.finding_id
        for row in work.read(select(finding_runs.c.finding_id).where(finding_runs.c.run_id == run.id))
        if row.finding_id in versions
    }
    moved = [
        {"which": finding_id, "version": versions[finding_id][0], "rows": versions[finding_id][1]}
        for finding_id in tied
    ]
    if moved:
        work.change(
            update(finding_runs).where(
                finding_runs.c.run_id == run.id, finding_runs.c.finding_id == bindparam("which")
            ),
            moved,
        )
    work.load(
        finding_runs,
        ("run_id", "finding_id", "version", "rows"),
        [(run.id, finding_id, *tie) for finding_id, tie in versions.items() if finding_id not in tied],
    )
    of_this_run = select(finding_runs.c.finding_id).where(finding_runs.c.run_id == run.id)
    work.change(
        update(findings)
        .where(findings.c.study_id == run.study_id, findings.c.id.in_(of_this_run))
        .values(last_run=run.id, last_snapshot=snapshot_id)
    )


def _place_sites(work: Work, known: Mapping[str, Any], seen: Mapping[str, _Seen]) -> None:
    """A subject that is at another site now takes its findings along; the site is where to ask, no part of them."""
    moved = [
        {"which": before.id, "site": item.row.site}
        for fingerprint, item in seen.items()
        if (before := known.get(fingerprint)) is not None and before.site != item.row.site
    ]
    if moved:
        work.change(update(findings).where(findings.c.id == bindparam("which")), moved)


def _close_fixed(work: Work, run: RunRow, event: AuditEvent, snapshot_id: str, evaluated: Collection[str]) -> int:
    """Close as `fixed` what an evaluated rule no longer finds in later data; the history line names the proof.

    Cases: last seen in the same snapshot → stays (the data is the same, so the data fixed nothing); last seen in a
    snapshot pulled later than this one → stays; false positive → stays (a person's word on the rule, not on the data);
    else closed, a waived one too: there is nothing left to waive.
    """
    last_seen_in = snapshots.alias("last_seen_in")
    proof = snapshots.alias("proof")
    earlier = (
        select(last_seen_in.c.id)
        .join(proof, and_(proof.c.study_id == last_seen_in.c.study_id, proof.c.id == snapshot_id))
        .where(last_seen_in.c.study_id == run.study_id, last_seen_in.c.first_pulled_at < proof.c.first_pulled_at)
    )
    closed = and_(
        findings.c.study_id == run.study_id,
        findings.c.state.in_([state.value for state in closed_by_data()]),
        findings.c.rule_id.in_(sorted(evaluated)),
        findings.c.last_snapshot.in_(earlier),
        findings.c.id.not_in(select(finding_runs.c.finding_id).where(finding_runs.c.run_id == run.id)),
    )
    history = finding_history.c
    lines = (
        select(
            findings.c.id,
            findings.c.version + 1,
            literal("state"),
            literal(event.at, history.at.type),
            literal(event.actor),
            literal(run.id),
            literal(snapshot_id),
            literal(FindingState.FIXED.value),
            literal(Act.FIXED.value),
            literal(""),
            null(),
            findings.c.assignee,
            null(),
            *(history[name] for name in CONTENT_COLUMNS),
        )
        .join(finding_history, and_(history.finding_id == findings.c.id, history.version == findings.c.version))
        .where(closed)
    )
    work.change(insert(finding_history).from_select(LINE_COLUMNS, lines))
    return work.change(
        update(findings)
        .where(closed)
        .values(state=FindingState.FIXED.value, version=findings.c.version + 1, decided=None)
    )
