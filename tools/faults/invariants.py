"""What must hold after every fault, whatever it was.

1. No accepted record is lost: what a committed transaction or a receipt said before is there afterwards, unchanged.
2. A report key has one archived report: one row, one audit event, one folder of the archive.
3. Every archived row has its bytes, and every receipt, too; also between the fault and the recovery.
4. The audit trail verifies, and the archive scrubs without a finding.
5. A restart finishes: the run is done, earlier ones have ended, the bytes are those of an undisturbed run, and what was
   archived is under a signed checkpoint. (Where it fails instead, it must say so by an error of ours.)

1 and 3 are read past Longwatch: by `sqlite3` and from the folder. 4 and 5 are asked of Longwatch, by another process.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from operations.audit_trail import examine_audit
from operations.scrub_archive import scrub_archive
from runtime.wiring import Wiring

REGISTERS = "registers.sqlite3"
_EVENTS = "SELECT position, at, actor, action, entity, entity_id, old, new, reason FROM audit_events ORDER BY position"


@dataclass(frozen=True)
class Accepted:
    """What the registers and the archive folder of a home hold as done."""

    events: tuple[tuple[object, ...], ...] = ()
    reports: dict[str, tuple[str, str, str, str]] = field(default_factory=dict)
    """By key: PDF and manifest, each with its SHA-256."""
    snapshots: frozenset[str] = frozenset()
    findings: frozenset[str] = frozenset()
    receipts: dict[str, str] = field(default_factory=dict)


def read_accepted(home: Path) -> Accepted:
    """Read past Longwatch. Registers that were not made yet hold nothing."""
    receipts = {}
    folder = home / "archive" / ".receipts"
    for file in folder.rglob("*.json"):
        receipts[file.relative_to(folder).as_posix().removesuffix(".json")] = json.loads(file.read_text())["sha256"]
    file = home / REGISTERS
    if not file.exists():
        return Accepted(receipts=receipts)
    with closing(sqlite3.connect(file)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "audit_events" not in tables:
            return Accepted(receipts=receipts)
        reports = database.execute("SELECT key, pdf_key, pdf_sha256, manifest_key, manifest_sha256 FROM reports")
        return Accepted(
            tuple(database.execute(_EVENTS).fetchall()),
            {key: tuple(rest) for key, *rest in reports},
            frozenset(key for (key,) in database.execute("SELECT id FROM snapshots")),
            frozenset(key for (key,) in database.execute("SELECT fingerprint FROM findings")),
            receipts,
        )


def lost(before: Accepted, after: Accepted) -> Iterator[str]:
    """What was accepted before and is not there, or not the same, afterwards."""
    if after.events[: len(before.events)] != before.events:
        yield "an audit event was lost or changed"
    for name in ("reports", "receipts"):
        old, new = getattr(before, name), getattr(after, name)
        yield from (f"{name}: {key} was lost or changed" for key, value in old.items() if new.get(key) != value)
    for name in ("snapshots", "findings"):
        yield from (f"{name}: {key} was lost" for key in getattr(before, name) - getattr(after, name))


def without_bytes(home: Path, accepted: Accepted) -> Iterator[str]:
    """Archived rows and receipts whose bytes are not in the archive folder; snapshots whose raw files are not there."""
    archive = home / "archive"
    for key, said in accepted.receipts.items():
        if _hash(archive / key) != said:
            yield f"receipt without its bytes: {key}"
    for key, (pdf, pdf_sha256, manifest, manifest_sha256) in accepted.reports.items():
        if (_hash(archive / pdf), _hash(archive / manifest)) != (pdf_sha256, manifest_sha256):
            yield f"report without its bytes: {key}"
            continue
        beside = (archive / manifest).parent
        for file in json.loads((archive / manifest).read_bytes())["files"]:
            if _hash(beside / file["name"]) != file["sha256"]:
                yield f"report {key} without its {file['name']}"
    for snapshot in accepted.snapshots:
        file = home / "snapshots" / "snapshots" / f"{snapshot}.json"
        if not file.exists():
            yield f"snapshot without its manifest: {snapshot}"


def _hash(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest() if file.is_file() else "nothing"


def wrong_at_the_end(wiring: Wiring, pdf_sha256: str) -> list[str]:
    """What Longwatch itself finds wrong after a run that finished. `pdf_sha256`: of an undisturbed run."""
    wrong: list[str] = []
    with wiring.registers.transaction() as register:
        reports, runs, events = register.reports(), register.runs(), register.events(None)
    archived = [record for record in events if record.event.action == "report archived"]
    if [row.pdf_sha256 for row in reports] != [pdf_sha256]:
        wrong.append(f"expected one report with the bytes of an undisturbed run, found {len(reports)}")
    if len(archived) != 1:
        wrong.append(f"expected one event of a report that was archived, found {len(archived)}")
    folders = {key.rpartition("/")[0] for key in wiring.archive.keys("reports/")}
    if len(folders) != 1:
        wrong.append(f"expected one folder of a report, found {len(folders)}")
    states = [row.state.value for row in runs]
    if states[:1] != ["done"] or "started" in states:
        wrong.append(f"the newest run is not done, or an older one has not ended: {', '.join(states)}")
    examined = examine_audit(wiring, lambda _message: None)
    if archived and examined.covered < archived[0].position:
        wrong.append("no signed checkpoint covers the report")
    scrubbed = scrub_archive(wiring, lambda _message: None, snapshots=True)
    wrong += [f"{problem.error_id} {problem}" for problem in scrubbed.problems]
    return wrong
