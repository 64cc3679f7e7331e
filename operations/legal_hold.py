"""Legal hold: a report that nobody may remove, whatever its retention says, until the hold is lifted (spec F.2).

The audit trail is the register of it. The event comes first, then each object; a crash between the two leaves a
difference that the scrub names (LW-SCR-012) and that the same command, given again, ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from longwatch.errors import StudyError
from longwatch.evidence.accounts import Right
from longwatch.evidence.audit import AuditEvent, EventFilter
from longwatch.evidence.retention import FREED, HELD, HOLD, LegalHold
from operations.archive_reading import find_report
from operations.audit_checkpoint import make_checkpoint
from operations.report_objects import objects_of
from operations.standing_holds import hold_of

if TYPE_CHECKING:
    from longwatch.evidence.registered import ReportRow
    from operations.ports import Adapters


@dataclass(frozen=True)
class HoldSet:
    """A hold that was placed or lifted. `before`: the one that stood; `objects`: changed in the store;
    `kept_by_store`: whether the store itself keeps holds."""

    row: ReportRow
    on: bool
    before: LegalHold | None
    objects: int
    kept_by_store: bool


def hold_report(adapters: Adapters, key: str, on: bool, why: str) -> HoldSet:
    """Place a hold on a report of any state, or lift it. Placed where one stands already: that one stays, and only the
    objects are looked at again.

    Raises AccessError LW-ACC-003, StudyError LW-HLD-001 where no reason is given, LW-HLD-002 where there is nothing to
    lift, and what the archive raises: then the hold is recorded, and the same command does what is left.
    """
    row = find_report(adapters, key)
    adapters.access.require(Right.RELEASE, row.study_id)
    where = f"report {row.key[:12]}"
    if not why.strip():
        raise StudyError("LW-HLD-001", "no reason is given", where=where, next_step="give --why")
    now, who = adapters.clock(), adapters.actor.name
    with adapters.registers.transaction() as register:
        register.lock_study(row.study_id)
        before = hold_of(register, row.key)
        ever = bool(register.events(1, EventFilter(entity=HOLD, entity_id=row.key)))
        if not on and not ever:
            raise StudyError(
                "LW-HLD-002",
                "this report is not on legal hold",
                where=where,
                next_step="see `longwatch archive list` for the reports that are",
            )
        if on is (before is None):
            old = {"hold": before.why, "since": before.at, "by": before.by} if before else None
            said = {"study": row.study_id, "hold": on}
            event = AuditEvent(now, who, HELD if on else FREED, HOLD, row.key, old, said, why.strip())
            register.record_read(event)
    changed = hold_objects(adapters, row, on)
    make_checkpoint(adapters)
    return HoldSet(row, on, before, changed, adapters.archive.describe().keeps_locks)


def hold_objects(adapters: Adapters, row: ReportRow, on: bool) -> int:
    """Each object of a report on hold, or no longer; how many were not so before."""
    changed = 0
    for key in objects_of(adapters, row):
        receipt = adapters.archive.head(key)
        if receipt is not None and receipt.held is not on:
            changed += adapters.archive.hold(key, on).held is on
    return changed
