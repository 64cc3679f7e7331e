"""The legal holds that stand, as the audit trail tells them (`legal_hold` places and lifts them)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longwatch.evidence.audit import AuditRecord, EventFilter
from longwatch.evidence.retention import HELD, HOLD, LegalHold

if TYPE_CHECKING:
    from operations.ports import Adapters, RegisterTransaction


def holds(register: RegisterTransaction) -> dict[str, LegalHold]:
    """The holds that stand, by report key."""
    return _standing(register.events(None, EventFilter(entity=HOLD)))


def standing_holds(adapters: Adapters) -> dict[str, LegalHold]:
    """The same, where no transaction is open."""
    with adapters.registers.transaction() as register:
        return holds(register)


def hold_of(register: RegisterTransaction, key: str) -> LegalHold | None:
    """The hold on a report, if any."""
    return _standing(register.events(1, EventFilter(entity=HOLD, entity_id=key))).get(key)


def _standing(newest_first: list[AuditRecord]) -> dict[str, LegalHold]:
    standing: dict[str, LegalHold] = {}
    for record in reversed(newest_first):
        event = record.event
        standing.pop(event.entity_id, None)
        if event.action == HELD:
            standing[event.entity_id] = LegalHold(event.actor, event.at, event.reason)
    return standing
