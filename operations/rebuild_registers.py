"""The registers rebuilt from the archive alone, and the drill of it (docs/backup.md; spec F.1, 11.10(c); F.3, 10).

The archive has the events of the audit trail up to each checkpoint. They are put together, their tree computed, and the
newest checkpoint must be its root, signed by a key that the trail itself names: only then are they believed. The rows
are what the events tell (`longwatch.evidence.replay`). What no event tells is said, with its count.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime

import orjson

from longwatch.errors import IntegrityError, LongwatchError, StoreError, StudyError
from longwatch.evidence.accounts import AccountKind, Right, Role
from longwatch.evidence.merkle import MerkleTree, compute_root
from longwatch.evidence.replay import REMOVED, Registered, event_of, replay
from longwatch.evidence.signed_note import (
    Checkpoint,
    NotSigned,
    VerifierKey,
    open_note,
    origin_of,
    parse_checkpoint,
    parse_key,
)
from longwatch.standards.hashing import sha256_of_bytes
from operations.audit_checkpoint import CHECKPOINTS, EVENTS, KEY_ENTITY, first_of, key_object, last_of
from operations.audited import make_event
from operations.ports import Adapters, Progress, RegisterTransaction
from operations.scrub_archive import compare_archive


@dataclass(frozen=True)
class Rebuilt:
    """What was rebuilt. `lost`: what could not be, each a line; `passwords`: new one-time passwords by account."""

    checkpoint: Checkpoint
    told: Registered
    lost: tuple[str, ...]
    passwords: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Drilled:
    """What a drill came to. `same`: rows that are as the live registers have them, by kind; `differences`: what is not;
    `problems`: what the archive, checked against the rebuilt registers, does not hold."""

    rebuilt: Rebuilt
    same: dict[str, int]
    differences: tuple[str, ...]
    problems: tuple[LongwatchError, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Nothing differs and nothing is missing."""
        return not self.differences and not self.problems


def rebuild_registers(adapters: Adapters, progress: Progress, administrators: tuple[str, ...] = ()) -> Rebuilt:
    """Fill the configured, empty registers from the archive. `administrators`: accounts that had this role, and get a
    one-time password, since no password is in the archive.

    Raises StoreError LW-RBD-001 (no events archived), IntegrityError LW-RBD-002 to LW-RBD-004 (they do not hold),
    LW-REG-028 (the registers are not empty), StudyError LW-RBD-005 (no such administrator).
    """
    return _rebuild(adapters, adapters, progress, administrators)


def drill_rebuild(adapters: Adapters, progress: Progress) -> Drilled:
    """Rebuild beside, compare row by row with the live registers, check the archive against what was rebuilt; nothing
    of the live registers or the archive is changed but the audit event of the drill.

    Raises AccessError LW-ACC-003, and what `rebuild_registers` raises.
    """
    adapters.access.require(Right.CARE)
    begun = adapters.clock()
    with adapters.on_empty_registers() as beside:
        rebuilt = _rebuild(adapters, beside, progress, ())
        progress("comparing with the live registers")
        same, differences = _compare(adapters, beside, rebuilt.checkpoint.size)
        problems = tuple(compare_archive(beside, progress).problems)
    seconds = (adapters.clock() - begun).total_seconds()
    drilled = Drilled(rebuilt, same, differences, problems, seconds)
    said = {
        "size": rebuilt.checkpoint.size,
        "same": same,
        "differences": len(differences),
        "problems": len(problems),
        "seconds": seconds,
        "passed": drilled.passed,
    }
    with adapters.registers.transaction() as register:
        register.record_read(make_event(adapters, "restore drilled", "registers", "all", said))
    return drilled


def _rebuild(archived: Adapters, target: Adapters, progress: Progress, administrators: tuple[str, ...]) -> Rebuilt:
    entries, checkpoint = _read_events(archived, progress)
    told = replay(event_of(orjson.loads(entry)) for entry in entries)
    lost = [*_drop_unreferenced(told), *_lost(archived, told, checkpoint)]
    passwords = _new_passwords(target, told, administrators)
    said = {"size": checkpoint.size, "root": checkpoint.root.hex(), "lost": lost, "administrators": sorted(passwords)}
    event = make_event(target, "registers rebuilt", "registers", "all", said, "from the archive alone")
    progress(f"writing {len(entries):,} events and what they tell")
    with target.access.unguarded.transaction() as register:
        register.rebuild(told, (event_of(orjson.loads(entry)) for entry in entries), event)
        root = compute_root(register.tree_node, checkpoint.size)
        if root != checkpoint.root:
            raise _does_not_hold("the rebuilt log", checkpoint.root.hex(), root.hex())
    return Rebuilt(checkpoint, told, tuple(lost), passwords)


def _read_events(adapters: Adapters, progress: Progress) -> tuple[list[bytes], Checkpoint]:
    """The events of the log whose checkpoint is the newest, each once and in order; and that checkpoint."""
    logs: dict[str, list[str]] = {}
    for name in adapters.archive.keys(EVENTS):
        logs.setdefault(name.split("/")[2], []).append(name)
    found: list[tuple[int, list[bytes], Checkpoint]] = []
    refused: list[LongwatchError] = []
    for log, names in logs.items():
        try:
            entries = _join(adapters, names, progress)
            checkpoint = _newest_checkpoint(adapters, log, entries)
        except LongwatchError as wrong:
            refused.append(wrong)
            continue
        found.append((checkpoint.size, entries[: checkpoint.size], checkpoint))
    if not found:
        raise (
            refused[0]
            if refused
            else StoreError(
                "LW-RBD-001",
                "the archive holds no events of an audit trail",
                where=adapters.archive.place,
                next_step="check that LONGWATCH_ARCHIVE names the right archive; without them, restore a backup of the "
                "database",
            )
        )
    _size, entries, checkpoint = max(found, key=lambda each: each[0])
    return entries, checkpoint


def _join(adapters: Adapters, names: list[str], progress: Progress) -> list[bytes]:
    """Objects of events may overlap (two processes signed at once); where they do, they say the same."""
    entries: list[bytes] = []
    for name in sorted(names, key=lambda each: (first_of(each), last_of(each))):
        progress(name)
        lines = adapters.archive.get(name).splitlines()
        first = first_of(name)
        if first > len(entries) + 1:
            raise IntegrityError(
                "LW-RBD-002",
                "events of the audit trail are missing in the archive",
                where=name,
                expected=f"position {len(entries) + 1}",
                found=f"position {first}",
                next_step="restore the missing object, or a backup of the database",
            )
        known = entries[first - 1 : first - 1 + len(lines)]
        if known != lines[: len(known)]:
            raise _does_not_hold(name, "the events that another object has", "others")
        entries += lines[len(known) :]
    return entries


def _newest_checkpoint(adapters: Adapters, log: str, entries: list[bytes]) -> Checkpoint:
    """The checkpoint that covers most of these events, signed by a key that they name, with their root."""
    tree = MerkleTree()
    keys: list[VerifierKey] = []
    for entry in entries:
        tree.append(entry)
        value = orjson.loads(entry)
        if value["entity"] == KEY_ENTITY:
            content = adapters.archive.get(key_object(value["entity_id"]))
            if sha256_of_bytes(content) == value["new"]["sha256"]:
                keys.append(parse_key(content.decode()))
    for name in sorted(adapters.archive.keys(f"{CHECKPOINTS}{log}/"), reverse=True):
        checkpoint = _opened(adapters, adapters.archive.get(name), keys)
        if checkpoint is None or checkpoint.size > len(entries):
            continue
        if checkpoint.origin != origin_of(tree.node(0, 0)) or checkpoint.root != tree.root(checkpoint.size):
            raise _does_not_hold(name, checkpoint.root.hex(), tree.root(checkpoint.size).hex())
        return checkpoint
    raise IntegrityError(
        "LW-RBD-003",
        "no signed checkpoint in the archive vouches for the events that it holds",
        where=f"{CHECKPOINTS}{log}",
        found=f"{len(entries)} events, {len(keys)} keys",
        next_step="do not use them; restore a backup of the database",
    )


def _opened(adapters: Adapters, note: bytes, keys: list[VerifierKey]) -> Checkpoint | None:
    for key in keys:
        try:
            return parse_checkpoint(open_note(note, key, adapters.signer.is_signed))
        except NotSigned:
            continue
    return None


def _does_not_hold(where: str, expected: str, found: str) -> IntegrityError:
    return IntegrityError(
        "LW-RBD-004",
        "the archived events are not those that were signed",
        where=where,
        expected=expected,
        found=found,
        next_step="nothing was written; find out who changed them, and restore a backup of the database",
    )


def _drop_unreferenced(told: Registered) -> Iterator[str]:
    """Rows that name what no event tells cannot stand; by kind and count."""
    for name in {pull.actor for pull in told.pulls.values()} | {row.archived_by for row in told.reports.values()}:
        if name not in told.accounts:
            told.untold["account"] = told.untold.get("account", 0) + 1
    known = set(told.accounts)
    told.snapshots = {key: row for key, row in told.snapshots.items() if row.study_id in told.studies}
    told.pulls = {
        key: row
        for key, row in told.pulls.items()
        if row.actor in known and (row.study_id, row.snapshot_id) in told.snapshots
    }
    told.runs = {
        key: row
        for key, row in told.runs.items()
        if row.study_id in told.studies
        and row.actor in known
        and (row.snapshot_id is None or (row.study_id, row.snapshot_id) in told.snapshots)
    }
    told.reports = {
        key: row
        for key, row in told.reports.items()
        if row.run_id in told.runs and row.archived_by in known and (row.study_id, row.snapshot_id) in told.snapshots
    }
    while gone := {
        key for key, row in told.reports.items() if row.superseded_by and row.superseded_by not in told.reports
    }:
        told.reports = {key: row for key, row in told.reports.items() if key not in gone}
    told.signatures = {key: row for key, row in told.signatures.items() if row.report_key in told.reports}
    for kind, count in sorted(told.untold.items()):
        yield f"{count} events about {kind} tell too little (an earlier Longwatch wrote them): their rows are left out"


def _lost(adapters: Adapters, told: Registered, checkpoint: Checkpoint) -> Iterator[str]:
    """What cannot be rebuilt, exactly."""
    yield f"everything after event {checkpoint.size} of {checkpoint.at}, the last that was signed and archived"
    if told.findings:
        yield (
            f"findings and what was said of them: {len(told.findings):,} that somebody acted on; the trail tells who "
            "did what when, and the reasons of waivers; validate again, and decide again where it still counts"
        )
    persons = [row for row in told.accounts.values() if row.authenticated and row.kind is AccountKind.PERSON]
    if persons:
        yield f"the passwords of {len(persons)} persons: each gets a new one-time password (`longwatch account reset`)"
    services = [row for row in told.accounts.values() if row.kind is AccountKind.SERVICE]
    if services:
        yield f"the tokens of {len(services)} services: make new ones (`longwatch account token`)"
    gone = [snapshot_id for _study, snapshot_id in told.snapshots if not _has(adapters, snapshot_id)]
    if gone:
        yield f"the raw data of {len(gone)} snapshots, which the archive names but the snapshot store lacks"


def _has(adapters: Adapters, snapshot_id: str) -> bool:
    try:
        adapters.snapshots.get(snapshot_id)
    except LongwatchError:
        return False
    return True


def _new_passwords(target: Adapters, told: Registered, administrators: tuple[str, ...]) -> dict[str, str]:
    able = {grant.account for grant in told.roles if grant.role is Role.ADMINISTRATOR and grant.ended_at is None}
    passwords = {}
    for name in administrators:
        if name not in able:
            raise StudyError(
                "LW-RBD-005",
                "this account was no administrator",
                where=f"account {name}",
                expected=", ".join(sorted(able)) or "none: the registers had no accounts",
                next_step="name one of these"
                if able
                else "leave --administrator out, or make accounts anew afterwards",
            )
        passwords[name] = secrets.token_urlsafe(12)
        told.accounts[name] = replace(
            told.accounts[name],
            password=target.passwords.hash(passwords[name]),
            password_at=target.clock(),
            one_time=True,
        )
    return passwords


_NOT_TOLD = {
    "AccountRow": {"created_at", "password", "password_at", "one_time", "failures", "locked_until"},
    "RunRow": {"process"},
}
"""What no event tells of a row; it is not compared."""


def _compare(live: Adapters, beside: Adapters, size: int) -> tuple[dict[str, int], tuple[str, ...]]:
    """Row by row, up to the moment of the checkpoint; what the live registers got later is no difference."""
    with live.access.unguarded.transaction() as register:
        register.hold_still()
        (last,) = register.stored_events([size])
        until = datetime.fromisoformat(last.at)
        after = [record.event for record in reversed(register.events(None)) if record.position > size]
        later, changed = replay(after), {event.entity_id for event in after if event.action == REMOVED}
        ours = _rows(register)
    with beside.access.unguarded.transaction() as register:
        theirs = _rows(register)
    changed |= {*later.accounts, *later.studies, *later.runs, *later.reports, *later.signatures, *later.pulls}
    same: dict[str, int] = {}
    differences: list[str] = []
    for kind, rows in ours.items():
        same[kind] = 0
        for key in sorted({*rows, *theirs[kind]}):
            one, other = rows.get(key), theirs[kind].get(key)
            if one is not None and one == other:
                same[kind] += 1
            elif key not in changed and not _is_newer(one, until):
                differences.append(f"{kind} {key[:40]}: {'missing' if other is None else 'not the same'}")
    return same, tuple(differences)


def _is_newer(row: dict[str, object] | None, until: datetime) -> bool:
    """A row that the live registers got or changed after the checkpoint."""
    moments = [value for value in (row or {}).values() if isinstance(value, datetime)]
    return any(moment > until for moment in moments)


def _rows(register: RegisterTransaction) -> dict[str, dict[str, dict[str, object]]]:
    pulls = [pull for row in register.snapshots() for pull in register.pulls(row.study_id, row.id)]
    return {
        "accounts": {row.name: _told(row) for row in register.accounts()},
        "roles": {f"{row.account} {row.role} {row.study_id} {row.granted_at}": _told(row) for row in register.roles()},
        "snapshots": {f"{row.study_id} {row.id}": _told(row) for row in register.snapshots()},
        "pulls": {row.id: _told(row) for row in pulls},
        "runs": {row.id: _told(row) for row in register.runs(limit=10_000_000)},
        "reports": {row.key: _told(row) for row in register.reports()},
        "signatures": {row.id: _told(row) for row in register.signatures()},
    }


def _told(row: object) -> dict[str, object]:
    left_out = _NOT_TOLD.get(type(row).__name__, set())
    return {each.name: getattr(row, each.name) for each in fields(row) if each.name not in left_out}  # type: ignore[arg-type]
