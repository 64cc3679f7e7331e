"""A signed checkpoint of the audit log, in the archive: what it says cannot be unsaid later.

Beside it lie the events themselves, so that the registers can be rebuilt from the archive alone (docs/backup.md).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from longwatch.errors import IntegrityError
from longwatch.evidence.audit import EventFilter
from longwatch.evidence.merkle import compute_root
from longwatch.evidence.replay import ARCHIVED
from longwatch.evidence.signed_note import Checkpoint, NotSigned, open_note, origin_of, parse_checkpoint, sign_note
from longwatch.standards.hashing import sha256_of_bytes
from operations.audited import make_event
from operations.ports import Adapters, RegisterTransaction
from operations.retention import locked_until

CHECKPOINTS, KEYS, EVENTS = "audit/checkpoints/", "audit/keys/", "audit/events/"
EVENTS_IN_ONE = 20_000
"""The most events that one object of the archive holds."""

CHECKPOINT_ENTITY, KEY_ENTITY = "audit checkpoint", "audit key"
OF_CHECKPOINTS, OF_KEYS = EventFilter(entity=CHECKPOINT_ENTITY), EventFilter(entity=KEY_ENTITY)
OF_REPORTS = EventFilter(action=ARCHIVED, entity="report")


@dataclass(frozen=True)
class MadeCheckpoint:
    """A checkpoint in the archive: its key there, what it says, and its bytes."""

    key: str
    checkpoint: Checkpoint
    note: bytes


def make_checkpoint(adapters: Adapters) -> MadeCheckpoint | None:
    """Sign the log as it is and archive that; None where only the last checkpoint's record came since.

    The archive is written first, then the event: a crash between the two leaves a checkpoint that verifies. It holds
    the moment of the newest event and not of the signing, so that two processes sign the same bytes. The public key is
    archived and recorded before it signs for the first time. The events since the last checkpoint are archived first,
    each as the entry that the tree is over.

    Raises IntegrityError LW-AUD-008 where the archive has a checkpoint of the same size and another root.
    """
    with adapters.registers.transaction() as register:
        last = register.events(1, OF_CHECKPOINTS)
        size = register.log_size()
        known = {record.event.entity_id for record in register.events(None, OF_KEYS)}
    ours = f"-{adapters.signer.key.id}.txt"
    if size == 0 or (last and last[0].position == size and last[0].event.entity_id.endswith(ours)):
        return None
    if adapters.signer.key.id not in known:
        _archive_key(adapters)
    with adapters.registers.transaction() as register:
        made = _sign_first(adapters, register, register.log_size())
        before = register.events(None, OF_CHECKPOINTS)
    size, origin = made.checkpoint.size, made.checkpoint.origin
    covered = max((last_of(name) for record in before for name in record.event.new.get("events", ())), default=0)
    events = {
        name: sha256_of_bytes(_put_events(adapters, name, range(first, last + 1)))
        for first in range(covered + 1, size + 1, EVENTS_IN_ONE)
        for last in [min(first + EVENTS_IN_ONE - 1, size)]
        for name in [f"{EVENTS}{origin.rpartition('/')[2]}/{first:012d}-{last:012d}.ndjson"]
    }
    _put(adapters, made)
    said = {"size": size, "root": made.checkpoint.root.hex(), "sha256": sha256_of_bytes(made.note), "events": events}
    with adapters.registers.transaction() as register:
        register.record_read(make_event(adapters, "audit checkpoint archived", CHECKPOINT_ENTITY, made.key, said))
    return made


def sign_archived_reports(adapters: Adapters) -> MadeCheckpoint | None:
    """A checkpoint where a report was archived that the last one does not cover: by this run, or by one that was killed
    before it could sign. None where all are covered."""
    with adapters.registers.transaction() as register:
        archived, last = register.events(1, OF_REPORTS), register.events(1, OF_CHECKPOINTS)
    if not archived or (last and last[0].event.new["size"] >= archived[0].position):
        return None
    return make_checkpoint(adapters)


def find_checkpoint(adapters: Adapters, least: int = 0) -> MadeCheckpoint | None:
    """Of the checkpoints that the log names and our key signed: the newest, or the oldest that covers at least so many
    events; None where there is none."""
    with adapters.registers.transaction() as register:
        named = [record.event for record in register.events(None, OF_CHECKPOINTS)]
    covering = [event for event in named if event.new["size"] >= least]
    for event in reversed(covering) if least else covering:
        note = adapters.archive.get(event.entity_id)
        with suppress(NotSigned):
            found = parse_checkpoint(open_note(note, adapters.signer.key, adapters.signer.is_signed))
            return MadeCheckpoint(event.entity_id, found, note)
    return None


def checkpoint_object(checkpoint: Checkpoint, key_id: str) -> str:
    """Where the archive has a checkpoint that a key signed, and nowhere else."""
    return f"{CHECKPOINTS}{checkpoint.origin.rpartition('/')[2]}/{checkpoint.size:012d}-{key_id}.txt"


def key_object(key_id: str) -> str:
    """Where the archive has a public key."""
    return f"{KEYS}{key_id}.txt"


def last_of(name: str) -> int:
    """The last position in an object of events, by its name."""
    return int(name.rpartition("-")[2].removesuffix(".ndjson"))


def first_of(name: str) -> int:
    """The first position in an object of events, by its name."""
    return int(name.rpartition("/")[2].partition("-")[0])


def entries_of(register: RegisterTransaction, positions: range) -> bytes:
    """Events as the archive holds them: an entry a line."""
    return b"".join(stored.entry() + b"\n" for stored in register.stored_events(positions))


def would_write(adapters: Adapters, key: str) -> bytes | None:
    """What this log's own signing writes under a key of events or of a checkpoint; None where it writes none there. An
    object that a killed signing left is known by it: the next one signs more events, under another key."""
    with adapters.registers.transaction() as register:
        size = register.log_size()
        try:
            if key.startswith(EVENTS):
                positions = range(first_of(key), last_of(key) + 1)
                return entries_of(register, positions) if 0 < positions.start < positions.stop <= size + 1 else None
            signed = int(key.rpartition("/")[2].partition("-")[0]) if key.startswith(CHECKPOINTS) else 0
        except ValueError:
            return None
        made = _sign_first(adapters, register, signed) if 0 < signed <= size else None
    return made.note if made is not None and made.key == key else None


def _put_events(adapters: Adapters, name: str, positions: range) -> bytes:
    with adapters.registers.transaction() as register:
        content = entries_of(register, positions)
    adapters.archive.put(name, content, media_type="application/x-ndjson", retain_until=locked_until(adapters))
    return content


def _archive_key(adapters: Adapters) -> None:
    key = adapters.signer.key
    content = f"{key.text}\n".encode()
    adapters.archive.put(key_object(key.id), content, media_type="text/plain", retain_until=locked_until(adapters))
    said = {"sha256": sha256_of_bytes(content)}
    with adapters.registers.transaction() as register:
        register.record_read(make_event(adapters, "audit key archived", KEY_ENTITY, key.id, said))


def _sign_first(adapters: Adapters, register: RegisterTransaction, size: int) -> MadeCheckpoint:
    """The checkpoint over the first so many events; the same bytes whenever it is signed."""
    signer = adapters.signer
    root, origin = compute_root(register.tree_node, size), origin_of(register.tree_node(0, 0))
    (newest,) = register.stored_events([size])
    wanted = Checkpoint(origin, size, root, newest.at)
    return MadeCheckpoint(
        checkpoint_object(wanted, signer.key.id), wanted, sign_note(wanted.text, signer.key, signer.sign)
    )


def _put(adapters: Adapters, made: MadeCheckpoint) -> None:
    """Archive a checkpoint. Other bytes under its key are another log's."""
    try:
        adapters.archive.put(made.key, made.note, media_type="text/plain", retain_until=locked_until(adapters))
    except IntegrityError as taken:
        if taken.error_id != "LW-ARC-007":
            raise
        raise another_root(made.key, made.checkpoint.size) from taken


def another_root(where: str, size: int) -> IntegrityError:
    """LW-AUD-008: what was signed is not what the log is."""
    return IntegrityError(
        "LW-AUD-008",
        "the audit log is not the one that was signed: events were changed, or the log was continued as two",
        where=where,
        expected=f"the signed root of its first {size} events",
        found="another root",
        next_step="keep both as they are, find out who changed which, and restore it from a backup",
    )


def not_signed(where: str, found: str) -> IntegrityError:
    """LW-AUD-005: nobody vouches for it."""
    return IntegrityError(
        "LW-AUD-005",
        "this is no checkpoint or key that the audit log's own keys vouch for",
        where=where,
        found=found,
        next_step="keep it as it is, and find out who put or changed it",
    )
