"""Everything that the archive holds, hashed again and compared with the registers, both ways.

What the registers expect: each report's manifest, PDF and what the manifest names; each checkpoint and key of the audit
log. What the store holds: every object, older version, delete marker and receipt. Each difference is a problem of its
own kind; and what no difference between the two can show (both rolled back to one moment), the checkpoints show that
somebody kept elsewhere (`audit verify --checkpoint`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from longwatch.errors import IntegrityError, LongwatchError
from longwatch.evidence.accounts import Right
from longwatch.evidence.archived import PROBES, ArchiveReceipt, StoredKind, StoredObject
from longwatch.evidence.audit import EventFilter
from longwatch.evidence.manifest import read_manifest
from longwatch.evidence.registered import ReportRow, ReportState
from longwatch.evidence.replay import ARCHIVED, REMOVED, Registered, replay
from longwatch.evidence.retention import LegalHold, RetainedUntil
from longwatch.evidence.signature import SignatureRow
from longwatch.standards.hashing import sha256_of_bytes
from operations.audit_checkpoint import CHECKPOINTS, key_object, make_checkpoint, would_write
from operations.audit_trail import AuditExamined, examine_audit, recorded
from operations.audited import make_event
from operations.keep_reports import retentions
from operations.ports import Adapters, Progress
from operations.seal_report import SEALED
from operations.standing_holds import holds

REPORTS = "reports/"
_WHOLE = (StoredKind.OBJECT, StoredKind.WITHOUT_RECEIPT)


@dataclass
class Scrubbed:
    """What a scrub came to. `expected`: SHA-256 by key, as far as the registers and manifests say.
    `unjudged`: folders whose manifest cannot be read. `deleted`: keys that a delete marker hides. `retained`,
    `held`: what is promised, by the folder of the report; `removed`: folders of removed drafts."""

    expected: dict[str, str] = field(default_factory=dict)
    unjudged: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    problems: list[LongwatchError] = field(default_factory=list)
    objects: int = 0
    size: int = 0
    reports: int = 0
    events: int = 0
    retained: dict[str, RetainedUntil] = field(default_factory=dict)
    held: dict[str, LegalHold] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    keeps_locks: bool = True


def scrub_archive(adapters: Adapters, progress: Progress, *, snapshots: bool = False) -> Scrubbed:
    """Look at all of it; the problems, in an audit event, too. `snapshots`: hash the raw data of each report, too.

    Where nothing is wrong it ends with a signed checkpoint of the audit log. Raises StoreError where the archive or
    the registers cannot be reached: then nothing is known, and that is recorded as far as it can be.
    """
    found = compare_archive(adapters, progress, snapshots=snapshots)
    said = {"reports": found.reports, "objects": found.objects, "size": found.size,
            "problems": len(found.problems), "retained": len(found.retained), "held": len(found.held)}  # fmt: skip
    action = "archive scrubbed" if not found.problems else "archive scrub found problems"
    reason = ", ".join(sorted({problem.error_id for problem in found.problems}))
    found.problems += recorded(adapters, make_event(adapters, action, "archive", "all", said, reason))
    if not found.problems:
        make_checkpoint(adapters)
    return found


def compare_archive(adapters: Adapters, progress: Progress, *, snapshots: bool = False) -> Scrubbed:
    """The same look; nothing is recorded, nothing signed."""
    adapters.access.require(Right.CARE)
    found = Scrubbed()
    examined = examine_audit(adapters, progress)
    found.events = examined.tree.size
    found.problems += examined.problems
    _expect(adapters, found, examined)
    _compare(adapters, found, progress)
    if snapshots:
        _hash_snapshots(adapters, found, progress)
    return found


def _expect(adapters: Adapters, found: Scrubbed, examined: AuditExamined) -> None:
    """What the registers say that the archive has; and whether report rows and audit events say the same."""
    found.expected |= examined.named
    with adapters.registers.transaction() as register:
        # As of one moment: who signs meanwhile contradicts nothing.
        register.hold_still()
        rows, signatures = register.reports(), register.signatures()
        about = register.events(None, EventFilter(entity="report"))
        promised, on_hold = retentions(register), holds(register)
    archived, sealed = ([each for each in about if each.event.action == action] for action in (ARCHIVED, SEALED))
    told = replay(record.event for record in reversed(about))
    found.reports = len(rows)
    found.expected |= {str(each.event.new["object"]): str(each.event.new["sha256"]) for each in sealed}
    events = {record.event.entity_id: record.event.new for record in archived}
    ends = {each.event.entity_id: each.event for each in reversed(about) if each.event.action in (ARCHIVED, REMOVED)}
    # Only a draft is ever removed: of anything else such an event explains nothing.
    drafts = {key for key, said in events.items() if said.get("state") == ReportState.ARCHIVED_DRAFT}
    gone = {key for key, event in ends.items() if event.action == REMOVED} & drafts
    found.removed = {str(ends[key].new["folder"]) for key in gone}
    events = {key: said for key, said in events.items() if key not in gone}
    found.problems += _row_problems(rows, events)
    found.problems += _state_problems(rows, signatures, told)
    for row in rows:
        found.expected |= {row.manifest_key: row.manifest_sha256, row.pdf_key: row.pdf_sha256}
        folder = row.manifest_key.rpartition("/")[0]
        if row.key in promised:
            found.retained[folder] = promised[row.key]
        if row.key in on_hold:
            found.held[folder] = on_hold[row.key]
        try:
            content = adapters.archive.get(row.manifest_key)
            if sha256_of_bytes(content) != row.manifest_sha256:
                raise ValueError("another manifest")
            files = read_manifest(content, row.manifest_key).files
        except (LongwatchError, ValueError):
            # The manifest is reported by itself; what lies beside it cannot be judged without it.
            found.unjudged.add(folder)
            continue
        found.expected |= {f"{folder}/{file.name}": file.sha256 for file in files}


def _row_problems(rows: list[ReportRow], events: Mapping[str, Mapping[str, Any]]) -> Iterator[IntegrityError]:
    """Report rows and audit events: each has the other, with the same hash."""
    known = {row.key: row for row in rows}
    for key in sorted(events.keys() - known.keys()):
        yield IntegrityError(
            "LW-SCR-001",
            "the audit log says that this report was archived, but the registers have lost it",
            where=f"report {key[:12]}",
            next_step="keep the database as it is, and compare it with a backup",
        )
    for key, row in known.items():
        said = events.get(key, {})
        named = {"pdf_sha256": row.pdf_sha256, "manifest_sha256": row.manifest_sha256}
        wrong = [name for name, value in named.items() if said.get(name, value if said else None) != value]
        if wrong:
            yield IntegrityError(
                "LW-SCR-002",
                "a report of the registers is not as the audit log recorded it",
                where=f"report {key[:12]}",
                expected=f"{wrong[0]} {str(said.get(wrong[0], 'with an event'))[:12]}",
                found=named[wrong[0]][:12],
                next_step="keep the database as it is, and compare it with a backup",
            )


def _state_problems(
    rows: list[ReportRow], signatures: list[SignatureRow], told: Registered
) -> Iterator[IntegrityError]:
    """States and signatures: what the registers hold is what the audit log says that persons did."""
    for row in rows:
        said = told.reports.get(row.key)
        if said is not None and (said.state, said.superseded_by) != (row.state, row.superseded_by):
            yield IntegrityError(
                "LW-SCR-009",
                "the state of a report is not the one that the audit log tells",
                where=f"report {row.key[:12]}",
                expected=said.state.value,
                found=row.state.value,
                next_step="keep the database as it is, and compare it with a backup",
            )
    held = {signature.id: signature for signature in signatures}
    for signature_id in sorted({*held, *told.signatures}):
        if held.get(signature_id) != told.signatures.get(signature_id):
            known = held.get(signature_id) or told.signatures[signature_id]
            yield IntegrityError(
                "LW-SCR-010",
                "a signature is not the one that the audit log tells, or only one of the two has it",
                where=f"report {known.report_key[:12]}",
                found=known.in_words(),
                next_step="keep the database as it is, and compare it with a backup",
            )


def _compare(adapters: Adapters, found: Scrubbed, progress: Progress) -> None:
    """Store against expectation, and expectation against store."""
    progress("listing what the archive holds")
    found.keeps_locks = adapters.archive.describe().keeps_locks
    held = [stored for stored in adapters.archive.survey() if not stored.key.startswith(PROBES)]
    present = {stored.key for stored in held if stored.kind in _WHOLE}
    found.deleted = {stored.key for stored in held if stored.kind is StoredKind.DELETE_MARKER}
    already = {problem.where for problem in found.problems}
    for key in sorted(found.expected.keys() - present - already):
        found.problems.append(_missing(key, found.expected[key], key in found.deleted))
    owner = {sha256: key for key, sha256 in found.expected.items()}
    for number, stored in enumerate(held, start=1):
        progress(f"{number:,} of {len(held):,} ({found.size / 1e6:,.0f} MB): {stored.key}")
        found.objects += 1
        problem = _judge(adapters, found, stored, owner)
        if problem is not None and (problem.error_id, problem.where) not in {
            (each.error_id, each.where) for each in found.problems
        }:
            found.problems.append(problem)


def _judge(adapters: Adapters, found: Scrubbed, stored: StoredObject, owner: dict[str, str]) -> LongwatchError | None:
    """What is wrong with one thing that the store holds; None where nothing is."""
    expected = found.expected.get(stored.key)
    if stored.kind is StoredKind.OLDER_VERSION:
        if expected is None:
            return None if _is_accounted_for(adapters, found, stored) else _unknown(stored)
        if stored.key in found.deleted:
            return None
        sha256, _size = adapters.archive.measure(stored.key, stored.version)
        # The same bytes put twice at the same moment are no harm.
        return None if sha256 == expected else _overwritten(stored)
    if stored.kind is StoredKind.DELETE_MARKER:
        return _missing(stored.key, expected, True) if expected else _deleted(stored)
    if stored.kind is StoredKind.RECEIPT_ONLY:
        return None if expected else _unknown(stored)
    if expected is None:
        if stored.key.rpartition("/")[0] in found.removed:
            return _half_removed(stored)
        return None if _is_accounted_for(adapters, found, stored) else _unknown(stored)
    sha256, size = adapters.archive.measure(stored.key)
    found.size += size
    if sha256 != expected:
        return _other_bytes(stored.key, expected, sha256, owner.get(sha256))
    try:
        receipt = adapters.archive.head(stored.key)
    except LongwatchError as damaged:
        return damaged
    if receipt is None or (receipt.sha256, receipt.size) != (expected, size):
        return IntegrityError(
            "LW-SCR-008",
            "the store's receipt of this object is missing, or names other bytes",
            where=stored.key,
            expected=expected,
            found=receipt.sha256 if receipt else "no receipt",
            next_step="keep it as it is, find out who changed it, and restore it from a backup",
        )
    return _not_kept(found, receipt) if found.keeps_locks else None


def _not_kept(found: Scrubbed, receipt: ArchiveReceipt) -> IntegrityError | None:
    """An object that the store keeps otherwise than was promised; longer is no harm."""
    folder = receipt.key.rpartition("/")[0]
    promised = found.retained.get(folder)
    if promised is not None and (receipt.retain_until is None or receipt.retain_until < promised.until):
        return IntegrityError(
            "LW-SCR-011",
            "the store keeps an object of a released report not as long as was promised",
            where=receipt.key,
            expected=f"until {promised.until:%Y-%m-%d}",
            found=f"until {receipt.retain_until:%Y-%m-%d}" if receipt.retain_until else "no retention",
            next_step="`longwatch archive retain` does what a crash left undone; if it was so before, find out who "
            "changed the store",
        )
    if receipt.held is not (folder in found.held):
        return IntegrityError(
            "LW-SCR-012",
            "legal hold: store and registers do not say the same",
            where=receipt.key,
            expected="on hold" if folder in found.held else "no hold",
            found="on hold" if receipt.held else "no hold",
            next_step="give the hold, or its end, again (`longwatch archive hold`): it does what a crash left undone",
        )
    return None


def _half_removed(stored: StoredObject) -> IntegrityError:
    return IntegrityError(
        "LW-SCR-013",
        "an object of a draft that was removed is still there: the removal was interrupted",
        where=stored.key,
        found=stored.kind.value,
        next_step="`longwatch archive remove-drafts --yes` goes on from there",
    )


def _is_accounted_for(adapters: Adapters, found: Scrubbed, stored: StoredObject) -> bool:
    """Known by other ways than a register's row.

    Cases: 1. what our own signing writes there, byte for byte: it was interrupted, or came second; also where the store
    has no receipt yet, and below another version, where it was put twice; 2. a checkpoint that verified before its
    event was written (or was found wrong by itself); 3. our own key; 4. what lies beside a manifest that cannot be
    read. Expects something with bytes: no delete marker, no receipt alone.
    """
    version = (stored.version,) if stored.kind is StoredKind.OLDER_VERSION else ()
    written = would_write(adapters, stored.key)
    if written is not None and adapters.archive.measure(stored.key, *version)[0] == sha256_of_bytes(written):
        return True
    return stored.kind is StoredKind.OBJECT and (
        stored.key.startswith(CHECKPOINTS)
        or stored.key == key_object(adapters.signer.key.id)
        or stored.key.rpartition("/")[0] in found.unjudged
    )


def _missing(key: str, sha256: str, deleted: bool) -> IntegrityError:
    return IntegrityError(
        "LW-SCR-003",
        "an object that the registers name was deleted from the archive"
        if deleted
        else "the archive lacks an object that the registers name",
        where=key,
        expected=sha256,
        found="a delete marker over it" if deleted else "nothing",
        next_step="remove the delete marker, after finding out who set it"
        if deleted
        else "check that LONGWATCH_ARCHIVE names the right archive; else restore it from a backup",
    )


def _other_bytes(key: str, expected: str, sha256: str, owner: str | None) -> IntegrityError:
    return IntegrityError(
        "LW-SCR-004",
        f"the object has the bytes of another one, {owner}" if owner else "the bytes are not those that were archived",
        where=key,
        expected=expected,
        found=sha256,
        next_step="keep it as it is, find out who changed it, and restore it from a backup, or from its older version "
        "where the store keeps one",
    )


def _unknown(stored: StoredObject) -> IntegrityError:
    """An object that nobody registered; a report's says so."""
    return IntegrityError(
        "LW-SCR-005",
        "the archive holds something that the registers do not know",
        where=stored.key,
        found=stored.kind.value,
        next_step="if a run was interrupted, run the study again, which registers it; else the registers were rolled "
        "back: compare them with a backup"
        if stored.key.startswith(REPORTS)
        else "find out who put it there, and take it away",
    )


def _overwritten(stored: StoredObject) -> IntegrityError:
    return IntegrityError(
        "LW-SCR-006",
        "the object was overwritten: the store has an older version of it",
        where=stored.key,
        found=f"version {stored.version}",
        next_step="compare both versions with the registers, and find out who wrote the newer one",
    )


def _deleted(stored: StoredObject) -> IntegrityError:
    return IntegrityError(
        "LW-SCR-007",
        "an object that the registers do not know was deleted here",
        where=stored.key,
        found=f"delete marker {stored.version}",
        next_step="find out who put and who deleted it; if the registers were rolled back, it is one of theirs",
    )


def _hash_snapshots(adapters: Adapters, found: Scrubbed, progress: Progress) -> None:
    """The raw data that each report was made from."""
    with adapters.registers.transaction() as register:
        ids = sorted({row.snapshot_id for row in register.reports()})
    for number, snapshot_id in enumerate(ids, start=1):
        progress(f"raw data {number} of {len(ids)}: {snapshot_id[:12]}")
        try:
            adapters.snapshots.verify(snapshot_id)
        except LongwatchError as wrong:
            found.problems.append(wrong)
