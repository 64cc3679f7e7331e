"""The audit trail proved: computed again from its events, compared with its tree and with what was signed of it.

What proves what:
- the tree of the events, computed anew, is the one that was written with them: nobody changed an event by hand;
- every checkpoint in the archive is signed by a key that the log itself names, and its root is that of the log's first
  entries: nothing up to there was changed, taken away, put in or put in another order since it was signed, and the log
  was not rolled back or continued as two;
- every checkpoint that the log names is in the archive: the archive was not rolled back either.

A checkpoint that an inspector kept (a witness) proves the same against whoever owns both database and archive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from longwatch.errors import IntegrityError, LongwatchError
from longwatch.evidence.accounts import Right
from longwatch.evidence.audit import AuditEvent
from longwatch.evidence.merkle import HASH_SIZE, MerkleTree
from longwatch.evidence.signed_note import NotSigned, VerifierKey, open_note, origin_of, parse_checkpoint, parse_key
from longwatch.standards.hashing import sha256_of_bytes
from operations.audit_checkpoint import (
    CHECKPOINTS,
    OF_CHECKPOINTS,
    OF_KEYS,
    another_root,
    checkpoint_object,
    key_object,
    not_signed,
)
from operations.audited import make_event
from operations.ports import Adapters, Progress, RegisterTransaction

_AT_A_TIME = 10_000


@dataclass
class AuditExamined:
    """The log as it was found: its tree, what is wrong, how many checkpoints hold and up to which position, the keys
    that signed, and the archive's objects that the log names, with their SHA-256."""

    tree: MerkleTree = field(default_factory=MerkleTree)
    problems: list[LongwatchError] = field(default_factory=list)
    checkpoints: int = 0
    covered: int = 0
    keys: list[VerifierKey] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The name of the log; empty where nothing is recorded yet."""
        return origin_of(self.tree.node(0, 0)) if self.tree.size else ""


def verify_audit(adapters: Adapters, progress: Progress, witnesses: Mapping[str, bytes]) -> AuditExamined:
    """The log, proved, and the audit event of it. `witnesses`: checkpoints that somebody kept, by their files' names.

    All of it is looked at before the first problem is raised: IntegrityError LW-AUD-001 to LW-AUD-008, and what the
    archive raises.
    """
    adapters.access.require(Right.AUDIT)
    examined = examine_audit(adapters, progress)
    for name, note in witnesses.items():
        _examine_note(adapters, examined, name, note)
    _record(adapters, examined)
    if examined.problems:
        raise examined.problems[0]
    return examined


def _record(adapters: Adapters, examined: AuditExamined) -> None:
    """The audit event of having examined the log. A log that no longer takes one is one more problem."""
    action = "audit trail verification failed" if examined.problems else "audit trail verified"
    reason = examined.problems[0].error_id if examined.problems else ""
    said = {"size": examined.tree.size, "root": examined.tree.root().hex(), "checkpoints": examined.checkpoints}
    examined.problems += recorded(adapters, make_event(adapters, action, "audit trail", examined.origin, said, reason))


def recorded(adapters: Adapters, event: AuditEvent) -> list[IntegrityError]:
    """Write an event of having looked; what is wrong where the log does not take it."""
    try:
        with adapters.registers.transaction() as register:
            register.record_read(event)
    except IntegrityError as refused:
        return [refused]
    return []


def examine_audit(adapters: Adapters, progress: Progress) -> AuditExamined:
    """What the log is and what is wrong with it. Nothing is recorded."""
    examined = AuditExamined()
    with adapters.registers.transaction() as register:
        register.hold_still()
        examined.problems += _log_problems(register, examined.tree, progress)
        keys, checkpoints = register.events(None, OF_KEYS), register.events(None, OF_CHECKPOINTS)
    for record in keys:
        examined.named[key_object(record.event.entity_id)] = str(record.event.new.get("sha256"))
    for record in checkpoints:
        examined.named[record.event.entity_id] = str(record.event.new.get("sha256"))
        examined.named |= {name: str(sha256) for name, sha256 in record.event.new.get("events", {}).items()}
    for key, sha256 in examined.named.items():
        if adapters.archive.head(key) is None:
            examined.problems.append(_not_archived(key, sha256))
    for key in {key_object(record.event.entity_id): None for record in keys}:
        _read_key(adapters, examined, key)
    for key in adapters.archive.keys(CHECKPOINTS):
        progress(key)
        try:
            belongs = _examine_note(adapters, examined, key, adapters.archive.get(key))
            if belongs not in ("", key):
                examined.problems.append(not_signed(key, f"a copy of {belongs}"))
        except LongwatchError as refused:
            examined.problems.append(refused)
    return examined


def _log_problems(register: RegisterTransaction, tree: MerkleTree, progress: Progress) -> Iterator[IntegrityError]:
    """Fill the tree from the events, and compare it with the one that was written with them; the first problem."""
    size = register.log_size()
    entries: list[bytes] = []
    for expected, stored in enumerate(register.stored_events(), start=1):
        if stored.position != expected:
            tree.extend(entries)
            yield IntegrityError(
                "LW-AUD-001",
                "an event of the audit log is missing, or one was put in",
                where=f"position {expected}",
                found=f"position {stored.position}",
                next_step="keep both as they are, find out who changed which, and restore it from a backup",
            )
            return
        try:
            entries.append(stored.entry())
        except (ValueError, TypeError):
            tree.extend(entries)
            yield _changed(expected, "a value that was never written so")
            return
        if len(entries) == _AT_A_TIME:
            tree.extend(entries)
            entries = []
            progress(f"{expected:,} of {size:,} events")
    tree.extend(entries)
    for level in range(tree.levels + 1):
        written, found = register.tree_level(level), tree.level(level)
        if written == found:
            continue
        shorter = min(len(written), len(found))
        if written[:shorter] != found[:shorter]:
            differs = next(at for at in range(0, shorter, HASH_SIZE) if written[at : at + 32] != found[at : at + 32])
            yield _changed((differs // HASH_SIZE << level) + 1, "another hash")
        else:
            yield IntegrityError(
                "LW-AUD-002",
                "the audit log has another length than the tree that was written with it",
                where=f"level {level} of the tree",
                expected=f"{len(written) // HASH_SIZE} hashes",
                found=str(len(found) // HASH_SIZE),
                next_step="keep both as they are, find out who changed which, and restore it from a backup",
            )
        return


def _changed(position: int, found: str) -> IntegrityError:
    return IntegrityError(
        "LW-AUD-003",
        "an event of the audit log, or its place in the tree, is not what was written",
        where=f"position {position}",
        found=found,
        next_step="keep both as they are, find out who changed which, and restore it from a backup",
    )


def _not_archived(key: str, sha256: str) -> IntegrityError:
    return IntegrityError(
        "LW-AUD-004",
        "the audit log names this object, but the archive does not have it",
        where=key,
        expected=sha256,
        found="nothing",
        next_step="check that LONGWATCH_ARCHIVE names the right archive; else it was rolled back, or deleted from",
    )


def _read_key(adapters: Adapters, examined: AuditExamined, key: str) -> None:
    """A public key that the log names, from the archive."""
    try:
        content = adapters.archive.get(key)
        found = parse_key(content.decode())
        if sha256_of_bytes(content) != examined.named[key]:
            raise NotSigned("another key than the log names")
    except (NotSigned, UnicodeDecodeError) as wrong:
        examined.problems.append(not_signed(key, str(wrong)))
    except LongwatchError as refused:
        examined.problems.append(refused)
    else:
        examined.keys.append(found)


def _examine_note(adapters: Adapters, examined: AuditExamined, where: str, note: bytes) -> str:
    """Whether a checkpoint holds for the log; where the archive has it, empty where it does not hold."""
    said = "signed by no key that the audit log names"
    for key in examined.keys:
        try:
            checkpoint = parse_checkpoint(open_note(note, key, adapters.signer.is_signed))
        except NotSigned as wrong:
            said = str(wrong)
            continue
        break
    else:
        examined.problems.append(not_signed(where, said))
        return ""
    if checkpoint.origin != examined.origin:
        examined.problems.append(
            IntegrityError(
                "LW-AUD-006",
                "a checkpoint is of another audit log than that of these registers",
                where=where,
                expected=examined.origin,
                found=checkpoint.origin,
                next_step="check that LONGWATCH_DATABASE_URL and LONGWATCH_ARCHIVE belong together; else the registers "
                "were replaced",
            )
        )
    elif checkpoint.size > examined.tree.size:
        examined.problems.append(
            IntegrityError(
                "LW-AUD-007",
                "more of the audit log was signed than there is: it was cut, or the registers were rolled back",
                where=where,
                expected=f"{checkpoint.size} events",
                found=str(examined.tree.size),
                next_step="keep both as they are, find out who changed which, and restore it from a backup",
            )
        )
    elif checkpoint.root != examined.tree.root(checkpoint.size):
        examined.problems.append(another_root(where, checkpoint.size))
    else:
        examined.checkpoints += 1
        examined.covered = max(examined.covered, checkpoint.size)
        return checkpoint_object(checkpoint, key.id)
    return ""
