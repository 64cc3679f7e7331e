"""Fetch, freeze and register a study's data."""

from __future__ import annotations

import uuid

from longwatch.evidence.audit import AuditEvent
from longwatch.evidence.registered import PullRow, SnapshotRow
from longwatch.evidence.replay import pull_values
from longwatch.evidence.snapshot import SourceSnapshot
from longwatch.study import Study
from operations.ports import Adapters, Progress
from operations.registered_run import Run, registered_run


def pull_study(adapters: Adapters, study: Study, base: str, *, progress: Progress) -> SourceSnapshot:
    """Fetch, freeze and register a study's data, as a run of its own."""
    with registered_run(adapters, study) as run:
        return pull(adapters, study, base, run, progress)


def pull(adapters: Adapters, study: Study, base: str, run: Run, progress: Progress) -> SourceSnapshot:
    """The pull stage of a run: the frozen snapshot, registered. Raises what the source raises."""
    snapshot = adapters.snapshots.freeze(study.sources, base, progress)
    now = adapters.clock()
    readers = sorted({file.reader for file in snapshot.files if file.reader})
    row = SnapshotRow(
        snapshot.id, study.id, len(snapshot.files), snapshot.rows, snapshot.size, snapshot.data_cutoff, now
    )
    fetched = PullRow(
        uuid.uuid4().hex,
        study.id,
        snapshot.id,
        now,
        adapters.actor.name,
        tuple(source.shown for source in study.sources),
        ", ".join((f"longwatch {adapters.engine.version}", *readers)),
    )
    event = AuditEvent(now, fetched.actor, "data pulled", "snapshot", snapshot.id, None, pull_values(row, fetched))
    with adapters.registers.transaction() as register:
        register.add_snapshot(row, fetched, event)
    run.snapshot_id = snapshot.id
    return snapshot
