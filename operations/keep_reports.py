"""How long released reports are kept: the rules of a study, what is promised of each report, what is left to do.

The audit trail is the register of it: an event for each report says until when and by which rule. The event comes
first, in the transaction of the release; then each object of the report is kept so long by the store. A crash between
the two leaves a promise that the next `retain_reports` keeps, and that the scrub names (LW-SCR-011). Nothing is ever
shortened: neither a promise nor a lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from longwatch.errors import LongwatchError, StoreError, StudyError
from longwatch.evidence.accounts import Right
from longwatch.evidence.audit import AuditEvent, AuditRecord, EventFilter
from longwatch.evidence.retention import (
    EXTENDED,
    RETAINED,
    RETENTION,
    ROLLED,
    RULES_ENTITY,
    RULES_SET,
    RetainedUntil,
    compute_retention,
    end_of_day,
    is_worth_writing,
    longest,
)
from longwatch.evidence.signature import Meaning
from operations.archive_reading import find_report
from operations.audit_checkpoint import make_checkpoint
from operations.audited import make_event
from operations.report_objects import objects_of

if TYPE_CHECKING:
    from longwatch.evidence.registered import ReportRow
    from longwatch.study.retention import Retention
    from operations.ports import Adapters, Progress, RegisterTransaction


@dataclass(frozen=True)
class Retained:
    """What holds for a report now. `changed`: it was promised now; `objects`: kept longer now than before."""

    row: ReportRow
    until: RetainedUntil
    changed: bool
    objects: int


def rules_of(register: RegisterTransaction, study_id: str) -> Retention:
    """The rules that were last set for a study; without any, those of a study file that says nothing."""
    from longwatch.study.retention import Retention

    wanted = EventFilter(entity=RULES_ENTITY, entity_id=study_id)
    events = [record.event for record in register.events(None, wanted) if record.event.entity_id == study_id]
    return Retention.model_validate(events[0].new) if events else Retention()


def retention_of(register: RegisterTransaction, key: str) -> RetainedUntil | None:
    """What was promised for a report; None where it was never released."""
    return _promised(register.events(None, EventFilter(entity=RETENTION, entity_id=key))).get(key)


def retentions(register: RegisterTransaction) -> dict[str, RetainedUntil]:
    """What was promised, by report key."""
    return _promised(register.events(None, EventFilter(entity=RETENTION)))


def _promised(newest_first: list[AuditRecord]) -> dict[str, RetainedUntil]:
    """Of several promises the longest holds, in whatever order two processes wrote them."""
    found: dict[str, RetainedUntil] = {}
    for record in reversed(newest_first):
        key = record.event.entity_id
        found[key] = longest(found.get(key), RetainedUntil.of(record.event.new))
    return found


def begin_retention(adapters: Adapters, register: RegisterTransaction, row: ReportRow, at: datetime) -> RetainedUntil:
    """Promise it, in the transaction of the release."""
    found = compute_retention(rules_of(register, row.study_id), at.astimezone(UTC).date())
    register.record_read(AuditEvent(at, adapters.actor.name, RETAINED, RETENTION, row.key, None, found.values()))
    return found


def keep_objects(adapters: Adapters, row: ReportRow, until: RetainedUntil) -> int:
    """Let the store keep each object of a report so long; how many were not yet. Again and again does no harm."""
    kept = 0
    for key in objects_of(adapters, row):
        receipt = adapters.archive.head(key)
        if receipt is not None and receipt.retain_until is not None and receipt.retain_until >= until.until:
            continue
        kept += adapters.archive.retain(key, until.until).retain_until is not None
    return kept


def keep_released(adapters: Adapters, row: ReportRow, until: RetainedUntil) -> None:
    """The same, right after a release. StoreError LW-RET-001 where the store does not: the report is released."""
    try:
        keep_objects(adapters, row, until)
    except LongwatchError as refused:
        raise StoreError(
            "LW-RET-001",
            "the report is released, but its objects are not all retained yet",
            where=f"report {row.key[:12]}",
            found=refused.one_line(),
            next_step="`longwatch archive retain` does what is left, once the store answers",
        ) from refused


def set_rules(adapters: Adapters, study_id: str, retention: Retention) -> bool:
    """The rules of a study from now on; False where they are those already. What was promised is not shortened.

    Raises AccessError LW-ACC-003; StudyError LW-RET-002 where the study is not registered.
    """
    adapters.access.require(Right.RELEASE, study_id)
    with adapters.registers.transaction() as register:
        if not register.lock_study(study_id):
            raise StudyError(
                "LW-RET-002",
                "no such study is registered",
                where=f"study {study_id}",
                next_step="run the study once (`longwatch run`), then set its retention",
            )
        before = rules_of(register, study_id)
        if before == retention:
            return False
        old, new = (each.model_dump(mode="json") for each in (before, retention))
        now, who = adapters.clock(), adapters.actor.name
        register.record_read(AuditEvent(now, who, RULES_SET, RULES_ENTITY, study_id, old, new))
    return True


def retain_reports(adapters: Adapters, progress: Progress) -> list[Retained]:
    """Each released report kept as long as its rules say today, and what a crash left undone: of every study by who
    cares for the archive, of the own ones by who may release.

    Raises AccessError LW-ACC-003, and what the archive raises; what was done before that stays done.
    """
    access = adapters.access
    with adapters.registers.transaction() as register:
        promised = retentions(register)
        # Those that an earlier Longwatch released have no promise yet.
        released = {each.report_key for each in register.signatures() if each.meaning is Meaning.RELEASED}
        kept = [row for row in register.reports() if row.key in promised or row.key in released]
        rows = [row for row in kept if access.allows(Right.CARE) or access.allows(Right.RELEASE, row.study_id)]
        rules = {study_id: rules_of(register, study_id) for study_id in {row.study_id for row in rows}}
    if kept and not rows:
        access.require(Right.CARE)
    today = adapters.clock().astimezone(UTC).date()
    done: list[Retained] = []
    for row in rows:
        progress(f"{row.study_id} {row.template} {row.key[:12]}")
        before = promised.get(row.key)
        found = longest(before, compute_retention(rules[row.study_id], today))
        changed = is_worth_writing(before, found)
        if changed:
            event = make_event(adapters, ROLLED if before else RETAINED, RETENTION, row.key, found.values())
            _promise(adapters, row, found, event)
        until = before if before and not changed else found
        done.append(Retained(row, until, changed, keep_objects(adapters, row, until)))
    if any(each.changed for each in done):
        make_checkpoint(adapters)
    return done


def extend_retention(adapters: Adapters, key: str, until: date, why: str) -> Retained:
    """A released report kept longer than its rules say, up to the end of a day.

    Raises AccessError LW-ACC-003, StudyError LW-RET-003 where it was never released, LW-RET-005 where that is
    shorter than promised, LW-RET-004 where no reason is given.
    """
    row = find_report(adapters, key)
    adapters.access.require(Right.RELEASE, row.study_id)
    if not why.strip():
        raise StudyError("LW-RET-004", "no reason is given", where=f"report {row.key[:12]}", next_step="give --why")
    with adapters.registers.transaction() as register:
        promised = retention_of(register, row.key)
    if promised is None:
        raise StudyError(
            "LW-RET-003",
            "retention begins at release, and this report was never released",
            where=f"report {row.key[:12]}",
            found=row.state.value,
            next_step="release it first; `longwatch archive hold` keeps any report from being removed",
        )
    found = RetainedUntil(end_of_day(until), f"extended by {adapters.actor.name}", promised.rolls)
    _promise(adapters, row, found, make_event(adapters, EXTENDED, RETENTION, row.key, found.values(), why.strip()))
    objects = keep_objects(adapters, row, found)
    make_checkpoint(adapters)
    return Retained(row, found, True, objects)


def _promise(adapters: Adapters, row: ReportRow, found: RetainedUntil, event: AuditEvent) -> None:
    """Record a longer retention. StudyError LW-RET-005 where more is promised already."""
    with adapters.registers.transaction() as register:
        before = retention_of(register, row.key)
        if before is not None and found.until < before.until:
            raise StudyError(
                "LW-RET-005",
                "the retention of a report is extended, never shortened",
                where=f"report {row.key[:12]}",
                expected=f"{before.until:%Y-%m-%d} or later",
                found=f"{found.until:%Y-%m-%d}",
                next_step="name a later day, or leave it as it is",
            )
        register.record_read(event)
