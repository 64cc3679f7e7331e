"""From rows of the tables to the values that callers see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Row

from longwatch.evidence.registered import FindingRow, ReportRow, ReportState, RunRow, RunState, SnapshotRow
from longwatch.findings.finding import Finding, Severity


def run_of(row: Row[Any]) -> RunRow:
    """A run."""
    return RunRow(**{**row._mapping, "state": RunState(row.state)})


def snapshot_of(row: Row[Any]) -> SnapshotRow:
    """A snapshot."""
    return SnapshotRow(**row._mapping)


def report_of(row: Row[Any], supersedes: Sequence[str]) -> ReportRow:
    """A report, with the keys of those that it superseded."""
    return ReportRow(**{**row._mapping, "state": ReportState(row.state)}, supersedes=tuple(supersedes))


def finding_of(row: Row[Any]) -> FindingRow:
    """A finding at one line of its history (columns of `findings` and `finding_history` together)."""
    finding = Finding(
        fingerprint=row.fingerprint,
        rule_id=row.rule_id,
        rule_version=row.rule_version,
        severity=Severity(row.severity),
        dataset=row.dataset,
        message=row.message,
        action=row.action,
        subject=row.subject,
        locator=orjson.loads(row.locator),
        values=orjson.loads(row.found),
        records=row.records,
    )
    return FindingRow(
        finding, row.study_id, row.state, row.first_run, row.last_run, row.first_snapshot, row.last_snapshot
    )
