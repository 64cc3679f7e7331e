"""A snapshot's raw files given out as they were."""

from __future__ import annotations

from longwatch.evidence.snapshot import SourceSnapshot
from operations.audited import make_event
from operations.ports import Adapters, Progress


def export_snapshot(
    adapters: Adapters, snapshot_id: str, folder: str, *, progress: Progress
) -> tuple[SourceSnapshot, tuple[str, ...]]:
    """Write a snapshot's raw files, its manifest and their checksums into an empty folder, and the audit event of it.

    Returns the snapshot and what was written. Raises what the store raises; then nothing of it is left in the folder.
    """
    snapshot = adapters.snapshots.get(snapshot_id)
    files = adapters.snapshots.export(snapshot.id, folder, progress)
    with adapters.registers.transaction() as register:
        register.record_read(
            make_event(adapters, "snapshot exported", "snapshot", snapshot.id, {"files": len(snapshot.files)})
        )
    return snapshot, files
