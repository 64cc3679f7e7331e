"""Drafts taken away after the study's draft period (CONTRACTS.md, States). A draft is never signed and never locked.

Cases: archived as a draft, older than the period, not on legal hold → its row goes and an event says what it was, then
its objects go; a draft that another draft's row still names stays until that one has gone; anything else stays. Row and
event are one transaction. A crash after it leaves objects that the next removal takes away, and that the scrub names
(LW-SCR-013); whoever makes the same draft again meanwhile puts its objects anew under the same lock (`make_report`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from longwatch.evidence.accounts import Right
from longwatch.evidence.audit import EventFilter
from longwatch.evidence.registered import ReportFilter, ReportState
from longwatch.evidence.replay import ARCHIVED, REMOVED
from operations.audit_checkpoint import make_checkpoint
from operations.audited import make_event
from operations.keep_reports import rules_of
from operations.standing_holds import holds

if TYPE_CHECKING:
    from longwatch.evidence.registered import ReportRow
    from operations.ports import Adapters, Progress, RegisterTransaction

OF_REMOVALS = EventFilter(action=REMOVED, entity="report")


@dataclass(frozen=True)
class OldDraft:
    """A draft past its period. `stays`: why it is not removed all the same; empty where it may be."""

    row: ReportRow
    stays: str


@dataclass(frozen=True)
class DraftsRemoved:
    """What was removed: rows, and objects (those that an interrupted removal had left, too)."""

    rows: tuple[ReportRow, ...]
    objects: int


def old_drafts(adapters: Adapters, study_id: str | None) -> list[OldDraft]:
    """The drafts past the draft period of their study, oldest first, superseded ones included."""
    now = adapters.clock()
    with adapters.registers.transaction() as register:
        rows = [row for row in register.reports(study_id) if row.state in _MAYBE]
        periods = {each: timedelta(days=rules_of(register, each).draft_days) for each in {row.study_id for row in rows}}
        held = holds(register)
        old = [row for row in reversed(rows) if now - row.archived_at > periods[row.study_id]]
        drafts = [row for row in old if _was_draft(register, row)]
    named_by = {each: row for row in rows for each in (row.superseded_by,) if each}
    going: set[str] = set()
    found = []
    for row in drafts:
        stays = ""
        if row.key in held:
            stays = held[row.key].in_words()
        elif any(each not in going for each in row.supersedes):
            stays = f"draft {named_by[row.key].key[:12]}, which it superseded, stays"
        else:
            going.add(row.key)
        found.append(OldDraft(row, stays))
    return found


def remove_drafts(adapters: Adapters, study_id: str | None, progress: Progress) -> DraftsRemoved:
    """Take away what `old_drafts` says may go, and what an interrupted removal left.

    Raises AccessError LW-ACC-003, and what the archive raises: the next call goes on from there.
    """
    adapters.access.require(Right.RELEASE, study_id)
    removed: list[ReportRow] = []
    for draft in old_drafts(adapters, study_id):
        if draft.stays:
            continue
        row = draft.row
        progress(f"{row.study_id} {row.template} {row.key[:12]}")
        said = {"study": row.study_id, "folder": row.manifest_key.rpartition("/")[0], "manifest_key": row.manifest_key}
        event = make_event(adapters, REMOVED, "report", row.key, said, "the study's draft period is over")
        with adapters.registers.transaction() as register:
            register.lock_study(row.study_id)
            gone = row.key not in holds(register) and register.remove_draft(row.key, event)
        if gone:
            removed.append(row)
    objects = sum(_remove_objects(adapters, *left) for left in removals_left(adapters, study_id))
    if removed or objects:
        make_checkpoint(adapters)
    return DraftsRemoved(tuple(removed), objects)


def removals_left(adapters: Adapters, study_id: str | None = None) -> list[tuple[str, str, str]]:
    """Study, report key and folder of each removed draft that the archive still has objects of."""
    with adapters.registers.transaction() as register:
        events = register.events(None, OF_REMOVALS)
        there = {row.key for row in register.reports_meant(ReportFilter(study_id=study_id))}
    told = {event.entity_id: event.new for event in (record.event for record in reversed(events))}
    return [
        (str(new["study"]), key, str(new["folder"]))
        for key, new in told.items()
        if study_id in (None, new["study"]) and key not in there and any(adapters.archive.keys(f"{new['folder']}/"))
    ]


def was_removed(register: RegisterTransaction, key: str) -> bool:
    """Whether a draft of this key was ever removed."""
    return bool(register.events(1, EventFilter(action=REMOVED, entity="report", entity_id=key)))


def _remove_objects(adapters: Adapters, study_id: str, key: str, folder: str) -> int:
    """The objects of a removed draft, the manifest first; none where the same draft was registered again meanwhile."""
    with adapters.registers.transaction() as register:
        register.lock_study(study_id)
        if register.report_by_key(key) is not None:
            return 0
        now, removed = adapters.clock(), 0
        for each in _manifest_first(adapters.archive.keys(f"{folder}/")):
            removed += adapters.archive.remove(each, now)
    return removed


def _manifest_first(keys: Iterator[str]) -> list[str]:
    return sorted(keys, key=lambda key: (not key.endswith("/manifest.json"), key))


_MAYBE = (ReportState.ARCHIVED_DRAFT, ReportState.SUPERSEDED)


def _was_draft(register: RegisterTransaction, row: ReportRow) -> bool:
    """A superseded report says no more what it was; the event of its archiving does."""
    if row.state is ReportState.ARCHIVED_DRAFT:
        return True
    events = register.events(1, EventFilter(action=ARCHIVED, entity="report", entity_id=row.key))
    return bool(events) and events[0].event.new.get("state") == ReportState.ARCHIVED_DRAFT
