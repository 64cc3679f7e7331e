"""Findings that survive a refresh: one row per fingerprint, one history line per change (CONTRACTS.md, finding).

A fingerprint seen for the first time in a study is added. Seen again with another value, message, severity or rule
version, it stays the same finding and gets a history line. Seen again after it was `fixed`, it is `reopened`. Not
seen again, it is closed as `fixed` only where the caller says that its rule was evaluated on later data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, bindparam, insert, literal, select, update

from longwatch.errors import IntegrityError
from longwatch.evidence.audit import AuditEvent
from longwatch.evidence.registered import FindingRow, RunRow
from longwatch.findings.finding import Finding
from models.rows import FINDING_FIELDS, finding_of
from models.tables import finding_history, finding_runs, findings, snapshots
from models.work import Work

OPEN_STATES = ("new", "open", "answered", "reopened")
"""States that the data can close. A waiver and a `false positive` are a person's word and stay."""

_FINDING_COLUMNS = (
    "study_id",
    "fingerprint",
    "rule_id",
    "state",
    "version",
    "content_sha256",
    "first_run",
    "last_run",
    "first_snapshot",
    "last_snapshot",
)
_CONTENT_COLUMNS = (
    "rule_version",
    "severity",
    "dataset",
    "message",
    "action",
    "subject",
    "locator",
    "found",
    "records",
)
_LINE_COLUMNS = ("finding_id", "version", "change", "at", "actor", "run_id", "snapshot_id", "state", *_CONTENT_COLUMNS)


@dataclass(frozen=True)
class Recorded:
    """What recording one validation changed."""

    new: int
    changed: int
    reopened: int
    fixed: int


@dataclass(frozen=True)
class _Seen:
    """A finding of this run, its content as columns, and the digest that tells a change."""

    row: FindingRow
    content: tuple[Any, ...]
    digest: str


def record(
    work: Work, run: RunRow, rows: Sequence[FindingRow], event: AuditEvent, snapshot_id: str, evaluated: Collection[str]
) -> Recorded:
    """Record the findings of a run. The caller holds the study's lock.

    Raises IntegrityError LW-REG-020 where two rows have one fingerprint, LW-REG-021 where a row is of another study.
    """
    seen = _seen(run, rows)
    known = {
        row.fingerprint: row
        for row in work.read(
            select(
                findings.c.fingerprint,
                findings.c.id,
                findings.c.version,
                findings.c.state,
                findings.c.content_sha256,
            ).where(findings.c.study_id == run.study_id)
        )
    }
    new = [item for fingerprint, item in seen.items() if fingerprint not in known]
    _add(work, run, new, snapshot_id)
    new_ids = _ids_of_first_run(work, run) if new else {}

    lines: list[tuple[Any, ...]] = []
    changes: list[dict[str, Any]] = []
    versions: dict[int, int] = {}
    reopened = 0
    for fingerprint, item in seen.items():
        before = known.get(fingerprint)
        if before is None:
            finding_id, version, change, state = new_ids[fingerprint], 1, "seen", item.row.state
        else:
            returns, differs = before.state == "fixed", before.content_sha256 != item.digest
            if not returns and not differs:
                versions[before.id] = before.version
                continue
            finding_id, version = before.id, before.version + 1
            change, state = ("state", "reopened") if returns else ("value", before.state)
            reopened += returns
            changes.append({"which": finding_id, "version": version, "state": state, "content_sha256": item.digest})
        versions[finding_id] = version
        lines.append((finding_id, version, change, event.at, event.actor, run.id, snapshot_id, state, *item.content))
    work.load(finding_history, _LINE_COLUMNS, lines)
    if changes:
        work.change(update(findings).where(findings.c.id == bindparam("which")), changes)
    _link(work, run, versions, snapshot_id)
    fixed = _close_fixed(work, run, event, snapshot_id, evaluated) if evaluated else 0
    return Recorded(len(new), len(changes) - reopened, reopened, fixed)


def of_study(work: Work, study_id: str) -> list[FindingRow]:
    """Every finding of a study as it is now, by rule, then in the order first seen."""
    return _read(work, study_id, findings.c.version)


def of_run(work: Work, study_id: str, run_id: str) -> list[FindingRow]:
    """The findings of one run as they were in it; where they were first and last seen is as of now."""
    return _read(work, study_id, finding_runs.c.version, run_id)


def _read(work: Work, study_id: str, version: ColumnElement[int], run_id: str | None = None) -> list[FindingRow]:
    history = finding_history.c
    joined = findings.join(finding_history, history.finding_id == findings.c.id)
    conditions = [findings.c.study_id == study_id, history.version == version]
    if run_id is not None:
        joined = joined.join(finding_runs, finding_runs.c.finding_id == findings.c.id)
        conditions.append(finding_runs.c.run_id == run_id)
    query = select(*FINDING_FIELDS).select_from(joined).where(*conditions).order_by(findings.c.rule_id, findings.c.id)
    return [finding_of(row) for row in work.read(query)]


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
        content = _content(finding)
        seen[finding.fingerprint] = _Seen(row, content, hashlib.sha256(orjson.dumps(content)).hexdigest())
    return seen


def _content(finding: Finding) -> tuple[Any, ...]:
    """The finding's attributes in the order of _CONTENT_COLUMNS.

    The locator keeps its order, which is how the record is read. A NUL, which PostgreSQL's text cannot hold, is
    written as its symbol (inside JSON it is escaped anyway).
    """
    return (
        finding.rule_version,
        finding.severity.value,
        finding.dataset,
        finding.message.replace("\x00", "␀"),
        finding.action.replace("\x00", "␀"),
        None if finding.subject is None else finding.subject.replace("\x00", "␀"),
        orjson.dumps(dict(finding.locator)).decode(),
        orjson.dumps(dict(finding.values)).decode(),
        finding.records,
    )


def _add(work: Work, run: RunRow, new: Sequence[_Seen], snapshot_id: str) -> None:
    work.load(
        findings,
        _FINDING_COLUMNS,
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


def _link(work: Work, run: RunRow, versions: dict[int, int], snapshot_id: str) -> None:
    """Tie findings to the run at the line of history they have now; a repeated recording of a run moves the tie."""
    tied = {
        row.finding_id
        for row in work.read(select(finding_runs.c.finding_id).where(finding_runs.c.run_id == run.id))
        if row.finding_id in versions
    }
    moved = [{"which": finding_id, "version": versions[finding_id]} for finding_id in tied]
    if moved:
        work.change(
            update(finding_runs).where(
                finding_runs.c.run_id == run.id, finding_runs.c.finding_id == bindparam("which")
            ),
            moved,
        )
    work.load(
        finding_runs,
        ("run_id", "finding_id", "version"),
        [(run.id, finding_id, version) for finding_id, version in versions.items() if finding_id not in tied],
    )
    of_this_run = select(finding_runs.c.finding_id).where(finding_runs.c.run_id == run.id)
    work.change(
        update(findings)
        .where(findings.c.study_id == run.study_id, findings.c.id.in_(of_this_run))
        .values(last_run=run.id, last_snapshot=snapshot_id)
    )


def _close_fixed(work: Work, run: RunRow, event: AuditEvent, snapshot_id: str, evaluated: Collection[str]) -> int:
    """Close as `fixed` what an evaluated rule no longer finds in later data; the history line names the proof.

    Cases: last seen in the same snapshot → stays (the data is the same, so the data fixed nothing); last seen in a
    snapshot pulled later than this one → stays; waived or false positive → stays; else closed.
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
        findings.c.state.in_(OPEN_STATES),
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
            literal("fixed"),
            *(history[name] for name in _CONTENT_COLUMNS),
        )
        .join(finding_history, and_(history.finding_id == findings.c.id, history.version == findings.c.version))
        .where(closed)
    )
    work.change(insert(finding_history).from_select(_LINE_COLUMNS, lines))
    return work.change(update(findings).where(closed).values(state="fixed", version=findings.c.version + 1))
