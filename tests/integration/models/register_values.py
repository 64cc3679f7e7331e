"""Literal values of the registers that the tests share: one account, one study, two snapshots of it, one run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from longwatch.evidence.accounts import AccountRow
from longwatch.evidence.audit import AuditEvent
from longwatch.evidence.registered import (
    FindingRow,
    PullRow,
    ReportRow,
    ReportState,
    RunRow,
    RunState,
    SnapshotRow,
    StudyRow,
)
from longwatch.findings.finding import Finding, Severity
from models import SqlRegisters

NOON = datetime(2026, 3, 29, 12, 0, 0, 123456, UTC)
ACCOUNT = AccountRow("dana", False, NOON)
STUDY = StudyRow("ISLET-1", "Islets in diabetes", "c" * 64, NOON)
SNAPSHOT = SnapshotRow("a" * 64, "ISLET-1", 16, 12_000, 3_000_000_000, date(2026, 3, 1), NOON)
LATER_SNAPSHOT = replace(SNAPSHOT, id="b" * 64, data_cutoff=None, first_pulled_at=NOON + timedelta(days=30))
RUN = RunRow("run-1", "ISLET-1", RunState.STARTED, "dana", NOON)
PULL = PullRow("pull-1", "ISLET-1", SNAPSHOT.id, NOON, "dana", ("data/islet",), "longwatch 0.1.0, polars_readstat 1")
REPORT = ReportRow(
    key="1" * 64,
    study_id="ISLET-1",
    template="safety-report",
    title="Safety report",
    state=ReportState.ARCHIVED_DRAFT,
    snapshot_id=SNAPSHOT.id,
    cutoff=date(2026, 3, 1),
    run_id="run-1",
    pdf_key="reports/ISLET-1/safety-report/report.pdf",
    pdf_sha256="d" * 64,
    manifest_key="reports/ISLET-1/safety-report/manifest.json",
    manifest_sha256="e" * 64,
    pages=42,
    archived_at=NOON,
    archived_by="dana",
)


def event(action: str, entity_id: str = "x", **new: object) -> AuditEvent:
    """An event of Dana's at noon."""
    return AuditEvent(NOON, "dana", action, action.split()[0], entity_id, None, new)


def open_study(registers: SqlRegisters) -> None:
    """Account, study, both snapshots, one run: 5 events."""
    with registers.transaction() as register:
        register.ensure_account(ACCOUNT, event("account seen", "dana"))
        register.ensure_study(STUDY, event("study seen", "ISLET-1"))
        register.add_snapshot(SNAPSHOT, PULL, event("data pulled", SNAPSHOT.id))
        register.add_snapshot(
            LATER_SNAPSHOT, replace(PULL, id="pull-2", snapshot_id=LATER_SNAPSHOT.id), event("data pulled", "later")
        )
        register.start_run(RUN, event("run started", "run-1"))


def add_run(registers: SqlRegisters, run_id: str, days: int = 1) -> None:
    """One more run of the study."""
    with registers.transaction() as register:
        register.start_run(
            replace(RUN, id=run_id, started_at=NOON + timedelta(days=days)), event("run started", run_id)
        )


def finding(number: int, found: str = "N", severity: Severity = Severity.ERROR, rule_id: str = "SR01") -> Finding:
    """A fatal adverse event that is not called serious."""
    return Finding(
        fingerprint=f"{number:064d}",
        rule_id=rule_id,
        rule_version=1,
        severity=severity,
        dataset="AE",
        message=f"a fatal event has AESER {found}",
        action="ask the site whether the event was serious",
        subject=f"01-701-{number}",
        locator={"USUBJID": f"01-701-{number}", "AESEQ": "4"},
        values={"AESER": found, "AEOUT": "FATAL", "AESDTH": None},
    )


def row(found: Finding, snapshot: str = SNAPSHOT.id, run_id: str = "run-1") -> FindingRow:
    """The finding as a validation hands it over."""
    return FindingRow(found, "ISLET-1", "new", run_id, run_id, snapshot, snapshot)
