"""The audit trail given out: every event that is meant, in a form that can be read, or one that can be verified."""

from __future__ import annotations

from pathlib import PurePath

from longwatch.errors import StudyError
from longwatch.evidence.accounts import Right
from longwatch.evidence.audit import EVERY_EVENT, AuditRecord, EventFilter
from operations.audited import make_event
from operations.ports import Adapters

_COLUMNS = ("position", "at", "who", "what", "entity", "id", "old", "new", "reason", "selection")


def list_events(adapters: Adapters, wanted: EventFilter, limit: int) -> list[AuditRecord]:
    """The last events that are meant, newest first. Raises AccessError LW-ACC-003."""
    adapters.access.require(Right.AUDIT)
    with adapters.registers.transaction() as register:
        return register.events(limit, wanted)


def export_audit(adapters: Adapters, file: str, wanted: EventFilter = EVERY_EVENT) -> tuple[str, str]:
    """Write the events that are meant, oldest first; where they are, and what was selected in words.

    `.csv`: a line each, with the selection in its last column, so that no part of the log passes for all of it.
    `.ndjson`: each event as the entry that the tree is over, so that roots and proofs can be computed from it.

    Raises StudyError LW-AUD-010 where the file has another ending; StoreError LW-DOC-001 where it cannot be written.
    """
    adapters.access.require(Right.AUDIT)
    place = PurePath(file)
    if place.suffix not in (".csv", ".ndjson"):
        raise StudyError(
            "LW-AUD-010",
            "the audit trail is exported as .csv or .ndjson",
            where=file,
            next_step="name a file with one of these endings",
        )
    with adapters.registers.transaction() as register:
        register.hold_still()
        size = register.log_size()
        meant = register.events(None, wanted)[::-1]
        selection = f"{len(meant)} of {size} events: {wanted.in_words()}"
        if place.suffix == ".csv":
            content = adapters.csv_text(_COLUMNS, (_row(record, selection) for record in meant)).encode()
        else:
            positions = {record.position for record in meant}
            stored = register.stored_events()
            content = b"".join(each.entry() + b"\n" for each in stored if each.position in positions)
    adapters.documents(str(place.parent), {place.name: content})
    with adapters.registers.transaction() as register:
        register.record_read(make_event(adapters, "audit trail exported", "audit trail", "", {"selection": selection}))
    return file, selection


def _row(record: AuditRecord, selection: str) -> tuple[str, ...]:
    from longwatch.standards.hashing import canonical_json

    event = record.event
    values = ["" if value is None else canonical_json(value).decode() for value in (event.old, event.new)]
    return (
        str(record.position), event.at.isoformat(), event.actor, event.action, event.entity, event.entity_id, *values,
        event.reason or "", selection,
    )  # fmt: skip
