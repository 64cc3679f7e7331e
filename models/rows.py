"""From rows of the tables to the values that callers see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Row

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


FINDING_FIELDS = (
    findings.c.fingerprint,
    findings.c.rule_id,
    finding_history.c.rule_version,
    finding_history.c.severity,
    finding_history.c.dataset,
    finding_history.c.message,
    finding_history.c.action,
    finding_history.c.subject,
    finding_history.c.locator,
    finding_history.c.found,
    finding_history.c.records,
    findings.c.study_id,
    finding_history.c.state,
    findings.c.first_run,
    findings.c.last_run,
    findings.c.first_snapshot,
    findings.c.last_snapshot,
)
"""What `finding_of` reads, in this order: by position, since there may be 100,000 of them."""


def finding_of(row: Row[Any]) -> FindingRow:
    """A finding at one line of its history (a row of FINDING_FIELDS)."""
    fingerprint, rule_id, rule_version, severity, dataset, message, action, subject, locator, found, records = row[:11]
    finding = Finding(
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
    return FindingRow(finding, *row[11:])
