"""Findings that follow their records into a new snapshot."""

from __future__ import annotations

from longwatch.evidence.carried_findings import candidates, carry_over
from longwatch.evidence.snapshot import SourceSnapshot
from longwatch.findings.finding import ValidationOutcome
from longwatch.standards.dataset import SourceData
from operations.declared_keys import declared_keys
from operations.ports import Adapters, Progress


def carried(
    adapters: Adapters,
    study_id: str,
    snapshot: SourceSnapshot,
    data: SourceData,
    outcome: ValidationOutcome,
    progress: Progress,
) -> dict[str, str]:
    """By fingerprint, the one under which a known finding goes on in this snapshot (`carried_findings`).

    The snapshots where findings were last seen are opened, the latest first; nothing is opened where every finding is
    found under its own fingerprint. A snapshot that cannot be opened stops the run: findings would otherwise be called
    new, and their waivers lost.
    """
    with adapters.registers.transaction() as register:
        by_snapshot = candidates(register.located_findings(study_id), outcome.findings, snapshot.id)
        latest_first = [row.id for row in register.snapshots(study_id) if row.id in by_snapshot]
    moves: dict[str, str] = {}
    for older in latest_first:
        progress(f"findings: following their records from snapshot {older[:12]}")
        keys, _ = declared_keys(adapters, snapshot)
        found = carry_over(by_snapshot[older], outcome.findings, adapters.snapshots.open(older), data, keys)
        taken = set(moves.values())
        moves.update({old: new for old, new in found.items() if new not in taken})
    return moves
