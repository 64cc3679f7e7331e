"""From rows of the tables to the values that callers see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, FromClause, Row

from longwatch.evidence.registered import FindingRow, ReportRow, ReportState, RunRow, RunState, SnapshotRow
from longwatch.findings.finding import Finding, Severity
from models.tables import finding_history, findings


def run_of(row: Row[Any]) -> RunRow:
    """A run."""
    return RunRow(**{**row._mapping, "state": RunState(row.state)})


def snapshot_of(row: Row[Any]) -> SnapshotRow:
    """A snapshot."""
    return SnapshotRow(**row._mapping)


def report_of(row: Row[Any], supersedes: Sequence[str]) -> ReportRow:
    """A report, with the keys of those that it superseded."""
    return ReportRow(**{**row._mapping, "state": ReportState(row.state)}, supersedes=tuple(supersedes))


def content_fields(line: FromClause) -> tuple[ColumnElement[Any], ...]:
    """What `finding_of` reads, in this order, at one line of a history: by position, since there may be 100,000."""
    return (
        findings.c.fingerprint, findings.c.rule_id, line.c.rule_version, line.c.severity, line.c.dataset,
        line.c.message, line.c.action, line.c.subject, line.c.locator, line.c.found, line.c.records,
    )  # fmt: skip


FINDING_FIELDS = (
    *content_fields(finding_history),
    findings.c.study_id,
    finding_history.c.state,
    findings.c.first_run,
    findings.c.last_run,
    findings.c.first_snapshot,
    findings.c.last_snapshot,
    findings.c.site,
)
"""What `finding_row_of` reads."""


def finding_of(row: Sequence[Any]) -> Finding:
    """A finding at one line of its history (a row of `content_fields`)."""
    fingerprint, rule_id, rule_version, severity, dataset, message, action, subject, locator, found, records = row
    return Finding(
        fingerprint,
        rule_id,
        rule_version,
        Severity(severity),
        dataset,
        message,
        action,
        subject,
        orjson.loads(locator),
        orjson.loads(found),
        records,
    )


def finding_row_of(row: Row[Any]) -> FindingRow:
    """A finding of a run, with its state there (a row of FINDING_FIELDS)."""
    return FindingRow(finding_of(row[:11]), *row[11:])
