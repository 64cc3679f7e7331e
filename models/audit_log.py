"""The audit log: positions 1, 2, 3, … without gaps, added to and never changed (spec F.1, 11.10(e)); and its tree."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    type_coerce,
)

from longwatch.errors import IntegrityError
from longwatch.evidence.audit import AuditEvent, AuditRecord, EventFilter, StoredEvent
from longwatch.evidence.merkle import grown_nodes, hash_leaf, peaks
from models.tables import audit_events, audit_tree
from models.work import Work

LOG_LOCK = 7_610_001
"""Key of PostgreSQL's advisory lock that a transaction holds from taking positions until its end."""

# Made once: what SQLAlchemy knows of a statement it keeps with it.
_LAST = select(func.coalesce(func.max(audit_events.c.position), 0))
_ADD = insert(audit_events)
_TAKE_TURN = text("SELECT pg_advisory_xact_lock(:key, CAST(CAST(CAST('audit_events' AS regclass) AS oid) AS int))")
_TAKE_TURN = _TAKE_TURN.bindparams(bindparam("key", LOG_LOCK))


def append(work: Work, events: Sequence[AuditEvent]) -> None:
    """Write events at the end of the log, and what becomes complete in its tree.

    The positions are taken under a lock that lasts until commit, so the order of positions is the order of commits and
    a rolled-back transaction leaves no gap. Called last in a transaction: others wait only for its commit.

    Raises IntegrityError LW-REG-025 where the tree is not that of so many events: the log was cut or added to by hand.
    """
    if work.is_postgres:
        work.lock(_TAKE_TURN)
    ((last,),) = work.lock(_LAST)
    before = _nodes_before(work, last)
    work.change(
        _ADD,
        [
            {
                "position": position,
                "at": event.at,
                "actor": event.actor,
                "action": event.action,
                "entity": event.entity,
                "entity_id": event.entity_id,
                "old": event.old,
                "new": event.new,
                "reason": event.reason,
            }
            for position, event in enumerate(events, start=last + 1)
        ],
    )
    leaves = [
        hash_leaf(StoredEvent.of(position, event).entry()) for position, event in enumerate(events, start=last + 1)
    ]
    grown = list(grown_nodes(lambda level, number: before[level, number], last, leaves))
    work.load(audit_tree, ("level", "number", "hash"), grown)


@cache
def _nodes(count: int) -> Select[Any]:
    """So many nodes of the tree by their places: one statement for each count, which is then compiled once."""
    columns = audit_tree.c
    places = (
        (columns.level == bindparam(level), columns.number == bindparam(number))
        for level, number in map(_names, range(count))
    )
    return select(audit_tree).where(or_(*(and_(*place) for place in places)))


def _names(at: int) -> tuple[str, str]:
    return f"level_{at}", f"number_{at}"


def _nodes_before(work: Work, size: int) -> dict[tuple[int, int], bytes]:
    """The complete subtrees that a log of this size is made of; there must be no more of it."""
    expected = peaks(size)
    wanted = [*expected, (0, size)]
    places = {name: value for at, place in enumerate(wanted) for name, value in zip(_names(at), place, strict=True)}
    rows = work.read(_nodes(len(wanted)), places)
    found = {(row.level, row.number): bytes(row.hash) for row in rows}
    if set(found) != set(expected):
        raise IntegrityError(
            "LW-REG-025",
            "the audit log has another length than its tree: events were taken away or added past Longwatch",
            where=work.place,
            found=f"{size} events",
            next_step="keep the database as it is, see with `longwatch audit verify` where it differs, and restore it "
            "from a backup",
        )
    return found


def records(work: Work, limit: int | None, wanted: EventFilter) -> list[AuditRecord]:
    """The last `limit` events that a filter means, newest first; None: all of them."""
    query = select(audit_events).where(*_conditions(wanted)).order_by(audit_events.c.position.desc()).limit(limit)
    return [
        AuditRecord(
            row.position,
            AuditEvent(row.at, row.actor, row.action, row.entity, row.entity_id, row.old, row.new, row.reason),
        )
        for row in work.read(query)
    ]


def _conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    columns = audit_events.c
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (columns.actor, wanted.actor),
        (columns.action, wanted.action),
        (columns.entity, wanted.entity),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.entity_id is not None:
        conditions.append(columns.entity_id.startswith(wanted.entity_id, autoescape=True))
    if wanted.since is not None:
        conditions.append(columns.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(columns.at < wanted.until)
    if wanted.text is not None:
        texts = (
            columns.action,
            columns.entity_id,
            columns.reason,
            *(type_coerce(each, Text) for each in (columns.old, columns.new)),
        )
        conditions.append(or_(*(each.icontains(wanted.text, autoescape=True) for each in texts)))
    return conditions


def size(work: Work) -> int:
    """How many events there are."""
    ((found,),) = work.read(_LAST)
    return int(found)


def stored(work: Work, positions: Collection[int] | None = None) -> Iterator[StoredEvent]:
    """Events with their values as they are stored, in order: all, or those of some positions."""
    columns = audit_events.c
    if work.is_postgres:
        at: ColumnElement[Any] = func.to_char(func.timezone("UTC", columns.at), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    else:
        written = type_coerce(columns.at, Text)
        at = case((written.like("__________ %"), func.replace(written, " ", "T") + literal("Z")), else_=written)
    query = select(
        columns.position,
        type_coerce(at, Text),
        columns.actor,
        columns.action,
        columns.entity,
        columns.entity_id,
        type_coerce(columns.old, Text),
        type_coerce(columns.new, Text),
        columns.reason,
    ).order_by(columns.position)
    if isinstance(positions, range):
        query = query.where(columns.position.between(positions.start, positions.stop - 1))
    elif positions is not None:
        query = query.where(columns.position.in_(positions))
    return map(StoredEvent._make, work.stream(query))


def node(work: Work, level: int, number: int) -> bytes:
    """The hash of a complete subtree. Raises IntegrityError LW-REG-026 where it is not kept."""
    wanted = and_(audit_tree.c.level == level, audit_tree.c.number == number)
    rows = work.read(select(audit_tree.c.hash).where(wanted))
    if not rows:
        raise IntegrityError(
            "LW-REG-026",
            "a part of the audit log's tree is missing",
            where=work.place,
            expected=f"subtree {number} of level {level}",
            next_step="keep the database as it is, see with `longwatch audit verify` where it differs, and restore it "
            "from a backup",
        )
    return bytes(rows[0].hash)


def level(work: Work, number: int) -> bytes:
    """The hashes of all complete subtrees of a level, one after the other."""
    query = select(audit_tree.c.hash).where(audit_tree.c.level == number).order_by(audit_tree.c.number)
    return b"".join(row[0] for row in work.stream(query))
