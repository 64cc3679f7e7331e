"""A small home of evidence: a study, two reports in a folder archive, an audit log with three checkpoints."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from longwatch.evidence.audit import AuditEvent
from longwatch.evidence.manifest import make_manifest
from longwatch.evidence.registered import (
    PullRow,
    ReportFilter,
    ReportRow,
    ReportState,
    RunRow,
    RunState,
    SnapshotRow,
    StudyRow,
)
from longwatch.evidence.replay import ARCHIVED, pull_values, report_values, study_values
from longwatch.evidence.report_key import ReportIdentity
from longwatch.evidence.snapshot import FileDataset, SourceFile, SourceSnapshot, compute_snapshot_id
from longwatch.standards.hashing import sha256_of_bytes
from operations.archive_reading import list_reports
from operations.audit_checkpoint import make_checkpoint
from runtime.settings import Settings
from runtime.wiring import Wiring

STUDY, RUN = "ISLET-1", "run-1"
RAW = {"ae.xpt": b"adverse events" * 40, "dm.xpt": b"demographics" * 40}
CUTOFF = date(2026, 3, 1)


@dataclass(frozen=True)
class Evidence:
    """The home as it is, and as it was at its second checkpoint: what a rollback would bring back. `other`: a home with
    the same reports, but another log and key: what somebody who owns all of it could put in its place. `witness`: the
    last checkpoint, kept elsewhere."""

    home: Path
    earlier: Path
    other: Path
    witness: bytes


def open_home(home: Path) -> Wiring:
    """The adapters of a home: SQLite and a folder archive in it."""
    return Wiring(Settings(home=home, archive=str(home / "archive"), user="ada"))


def make_evidence(folder: Path) -> Evidence:
    """Make the homes below a folder."""
    home, earlier, other = (folder / name for name in ("home", "earlier", "other"))
    witness = _make_home(home, earlier)
    _make_home(other, folder / "other earlier")
    return Evidence(home, earlier, other, witness)


def _make_home(home: Path, earlier: Path) -> bytes:
    """Three reports and three checkpoints; the last checkpoint."""
    wiring = open_home(home)
    try:
        snapshot = _begin(wiring)
        for number in (1, 2):
            _archive(wiring, snapshot, number)
            list_reports(wiring, ReportFilter(study_id=STUDY))
            make_checkpoint(wiring)
        wiring.close()
        shutil.copytree(home, earlier)
        list_reports(wiring)
        _archive(wiring, snapshot, 3)
        made = make_checkpoint(wiring)
    finally:
        wiring.close()
    assert made is not None, "a report was archived since the last checkpoint"
    return made.note


def _begin(wiring: Wiring) -> SourceSnapshot:
    files = tuple(
        SourceFile(name, sha256_of_bytes(content), len(content), "xpt", (FileDataset(name[:2].upper(), 40),))
        for name, content in RAW.items()
    )
    snapshot = SourceSnapshot(compute_snapshot_id((file.name, file.sha256) for file in files), files, CUTOFF)
    now, who = wiring.clock(), wiring.actor.name
    study = StudyRow(STUDY, "Islets", "c" * 64, now)
    row = SnapshotRow(snapshot.id, STUDY, len(files), snapshot.rows, snapshot.size, CUTOFF, now)
    fetched = PullRow("pull-1", STUDY, snapshot.id, now, who, ("data",), "longwatch")

    def event(action: str, entity: str, entity_id: str, said: Mapping[str, Any]) -> AuditEvent:
        return AuditEvent(now, who, action, entity, entity_id, None, said)

    with wiring.registers.transaction() as register:
        register.ensure_account(wiring.actor, event("account seen", "account", who, {}))
        register.ensure_study(study, event("study seen", "study", STUDY, study_values(study)))
        register.add_snapshot(row, fetched, event("data pulled", "snapshot", snapshot.id, pull_values(row, fetched)))
        register.start_run(
            RunRow(RUN, STUDY, RunState.STARTED, who, now), event("run started", "run", RUN, {"study": STUDY})
        )
    return snapshot


def _archive(wiring: Wiring, snapshot: SourceSnapshot, number: int) -> None:
    """A report as `make_report` archives one, with other bytes."""
    identity = ReportIdentity(
        study_content={"id": STUDY},
        snapshot_id=snapshot.id,
        reading=snapshot.reading(),
        cutoff=CUTOFF,
        as_of=CUTOFF,
        template={"id": f"report_{number}"},
        parameters={},
        ruleset_version="1",
        dictionaries={},
        findings_digest="f" * 64,
        engine=wiring.engine,
    )
    files = {
        "report.pdf": (b"%PDF-1.7 " + bytes([number]) * 500, "application/pdf"),
        "results.csv": (b"output,row_group,row,column,statistic,value,text\n" * number, "text/csv"),
    }
    state = ReportState.ARCHIVED_CANDIDATE
    manifest = make_manifest(
        identity, study_id=STUDY, title="Report", state=state.value, snapshot=snapshot, files=files
    )
    folder = f"reports/{STUDY}/report_{number}/{CUTOFF.isoformat()}/{identity.key}"
    for name, (content, media_type) in {**files, "manifest.json": (manifest, "application/json")}.items():
        wiring.archive.put(f"{folder}/{name}", content, media_type=media_type)
    row = ReportRow(
        key=identity.key,
        study_id=STUDY,
        template=f"report_{number}",
        title="Report",
        state=state,
        snapshot_id=snapshot.id,
        cutoff=CUTOFF,
        run_id=RUN,
        pdf_key=f"{folder}/report.pdf",
        pdf_sha256=sha256_of_bytes(files["report.pdf"][0]),
        manifest_key=f"{folder}/manifest.json",
        manifest_sha256=sha256_of_bytes(manifest),
        pages=1,
        archived_at=wiring.clock(),
        archived_by=wiring.actor.name,
    )
    event = AuditEvent(row.archived_at, row.archived_by, ARCHIVED, "report", row.key, None, report_values(row))
    with wiring.registers.transaction() as register:
        register.add_report(row, event)
