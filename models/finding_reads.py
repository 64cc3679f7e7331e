"""Findings read from the registers: as they are now, as a run had them, with their history, and where they lay."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, and_, func, select

from longwatch.evidence.registered import FindingRow, LocatedFinding
from longwatch.findings.decision import Decision
from longwatch.findings.life import HistoryLine, KnownFinding
from longwatch.findings.states import Act, FindingState
from models.rows import FINDING_FIELDS, content_fields, finding_of, finding_row_of
from models.tables import finding_history, finding_runs, findings, runs
from models.work import Work

MOST_NAMED = 500
"""More fingerprints than this are not named in a query: the study's findings are read, and the others left out."""


def of_study(work: Work, study_id: str) -> list[FindingRow]:
    """Every finding of a study as it is now, by rule, then in the order first seen."""
    return _read(work, study_id, findings.c.version)


def of_run(work: Work, study_id: str, run_id: str) -> list[FindingRow]:
    """The findings of one run as they were in it; where they were first and last seen is as of now."""
    return _read(work, study_id, finding_runs.c.version, run_id)


def known(
    work: Work,
    study_id: str,
    *,
    fingerprints: Collection[str] | None = None,
    beginning: str | None = None,
    decided: bool = False,
) -> list[KnownFinding]:
    """Findings of a study as they are now, by rule, then in the order first seen.

    `fingerprints`: only these. `beginning`: only those whose fingerprint begins so. `decided`: only those with a last
    word on them.
    """
    line, first, word = finding_history.alias("line"), finding_history.alias("first"), finding_history.alias("word")
    joined = (
        findings.join(line, and_(line.c.finding_id == findings.c.id, line.c.version == findings.c.version))
        .join(first, and_(first.c.finding_id == findings.c.id, first.c.version == 1))
        .outerjoin(word, and_(word.c.finding_id == findings.c.id, word.c.version == findings.c.decided))
    )
    conditions = [findings.c.study_id == study_id]
    few = fingerprints is not None and len(fingerprints) <= MOST_NAMED
    if fingerprints is not None and few:
        conditions.append(findings.c.fingerprint.in_(sorted(fingerprints)))
    if beginning is not None:
        conditions.append(findings.c.fingerprint.startswith(beginning, autoescape=True))
    if decided:
        conditions.append(findings.c.decided.is_not(None))
    query = (
        select(
            *content_fields(line),
            findings.c.state, findings.c.version, first.c.at, line.c.at, findings.c.first_run, findings.c.last_run,
            findings.c.first_snapshot, findings.c.last_snapshot, findings.c.site, findings.c.assignee,
            line.c.snapshot_id, word.c.act, word.c.text, word.c.actor, word.c.at, word.c.act_id, word.c.until,
        )
        .select_from(joined)
        .where(*conditions)
        .order_by(findings.c.rule_id, findings.c.id)
    )  # fmt: skip
    found = [_known_of(study_id, row) for row in work.read(query)]
    if fingerprints is None or few:
        return found
    wanted = frozenset(fingerprints)
    return [item for item in found if item.finding.fingerprint in wanted]


def history(work: Work, study_id: str, fingerprint: str) -> list[HistoryLine]:
    """All lines of a finding's history, oldest first."""
    line = finding_history
    query = (
        select(
            *content_fields(line),
            line.c.version, line.c.act, line.c.at, line.c.actor, line.c.run_id, line.c.snapshot_id, line.c.state,
            line.c.text, line.c.until, line.c.assignee, line.c.act_id, line.c.change,
        )
        .select_from(findings.join(line, line.c.finding_id == findings.c.id))
        .where(findings.c.study_id == study_id, findings.c.fingerprint == fingerprint)
        .order_by(line.c.version)
    )  # fmt: skip
    return [_line_of(row) for row in work.read(query)]


def snapshots_of(work: Work, study_id: str, fingerprint: str) -> list[str]:
    """The snapshots in which runs found it, in the order of the first such run."""
    joined = findings.join(finding_runs, finding_runs.c.finding_id == findings.c.id).join(
        runs, runs.c.id == finding_runs.c.run_id
    )
    query = (
        select(runs.c.snapshot_id)
        .select_from(joined)
        .where(findings.c.study_id == study_id, findings.c.fingerprint == fingerprint, runs.c.snapshot_id.is_not(None))
        .group_by(runs.c.snapshot_id)
        .order_by(func.min(runs.c.started_at), runs.c.snapshot_id)
    )
    return [row.snapshot_id for row in work.read(query)]


def located(work: Work, study_id: str) -> list[LocatedFinding]:
    """Where every finding of a study was last seen."""
    tie = and_(finding_runs.c.finding_id == findings.c.id, finding_runs.c.run_id == findings.c.last_run)
    query = (
        select(
            findings.c.fingerprint, findings.c.rule_id, finding_history.c.dataset, findings.c.last_snapshot,
            finding_runs.c.rows, findings.c.state,
        )
        .select_from(
            findings.join(
                finding_history,
                and_(finding_history.c.finding_id == findings.c.id, finding_history.c.version == findings.c.version),
            ).outerjoin(finding_runs, tie)
        )
        .where(findings.c.study_id == study_id)
        .order_by(findings.c.id)
    )  # fmt: skip
    return [
        LocatedFinding(
            row.fingerprint,
            row.rule_id,
            row.dataset,
            row.last_snapshot,
            tuple(orjson.loads(row.rows)) if row.rows else (),
            row.state == FindingState.FIXED,
        )
        for row in work.read(query)
    ]


def _read(work: Work, study_id: str, version: ColumnElement[int], run_id: str | None = None) -> list[FindingRow]:
    history = finding_history.c
    joined = findings.join(finding_history, history.finding_id == findings.c.id)
    conditions = [findings.c.study_id == study_id, history.version == version]
    if run_id is not None:
        joined = joined.join(finding_runs, finding_runs.c.finding_id == findings.c.id)
        conditions.append(finding_runs.c.run_id == run_id)
    query = select(*FINDING_FIELDS).select_from(joined).where(*conditions).order_by(findings.c.rule_id, findings.c.id)
    return [finding_row_of(row) for row in work.read(query)]


def _known_of(study_id: str, row: Row[Any]) -> KnownFinding:
    content, rest = row[:11], row[11:]
    (state, version, first_seen, changed_at, first_run, last_run, first_snapshot, last_snapshot, site, assignee,
     line_snapshot, act, text, actor, at, act_id, until) = rest  # fmt: skip
    state = FindingState(state)
    return KnownFinding(
        finding_of(content),
        study_id,
        state,
        version,
        first_seen,
        changed_at,
        first_run,
        last_run,
        first_snapshot,
        last_snapshot,
        site,
        assignee,
        Decision(state, Act(act), text, actor, at, act_id or "", until) if act is not None else None,
        line_snapshot if state is FindingState.FIXED else None,
    )


def _line_of(row: Row[Any]) -> HistoryLine:
    version, act, at, actor, run_id, snapshot_id, state, text, until, assignee, act_id, change = row[11:]
    state = FindingState(state)
    return HistoryLine(
        version,
        Act(act) if act is not None else _act_before_r0002(change, state),
        at,
        actor,
        run_id,
        snapshot_id,
        state,
        finding_of(row[:11]),
        text,
        until,
        assignee,
        act_id,
    )


def _act_before_r0002(change: str, state: FindingState) -> Act:
    """What a line of the first schema tells: it knew the data's acts only."""
    if change == "state":
        return Act.FIXED if state is FindingState.FIXED else Act.RETURNED
    return Act(change)
