"""The audit log: positions 1, 2, 3, … without gaps, added to and never changed (spec F.1, 11.10(e))."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, func, insert, select, text

from longwatch.evidence.audit import AuditEvent, AuditRecord
from models.tables import audit_events
from models.work import Work

LOG_LOCK = 7_610_001
"""Key of PostgreSQL's advisory lock that a transaction holds from taking positions until its end."""

_TAKE_TURN = text("SELECT pg_advisory_xact_lock(:key, CAST(CAST(CAST('audit_events' AS regclass) AS oid) AS int))")
_TAKE_TURN = _TAKE_TURN.bindparams(bindparam("key", LOG_LOCK))


def append(work: Work, events: Sequence[AuditEvent]) -> None:
    """Write events at the end of the log.

    The positions are taken under a lock that lasts until commit, so the order of positions is the order of commits and
    a rolled-back transaction leaves no gap. Called last in a transaction: others wait only for its commit.
    """
    if work.is_postgres:
        work.lock(_TAKE_TURN)
    ((last,),) = work.lock(select(func.coalesce(func.max(audit_events.c.position), 0)))
    work.change(
        insert(audit_events),
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


def newest(work: Work, limit: int) -> list[AuditRecord]:
    """The last `limit` events, newest first."""
    rows = work.read(select(audit_events).order_by(audit_events.c.position.desc()).limit(limit))
    return [
        AuditRecord(
            row.position,
            AuditEvent(row.at, row.actor, row.action, row.entity, row.entity_id, row.old, row.new, row.reason),
        )
        for row in rows
    ]
