"""The audit event of an operation: who, what, when, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from longwatch.evidence.audit import AuditEvent

if TYPE_CHECKING:
    from operations.ports import Adapters


def make_event(
    adapters: Adapters,
    action: str,
    entity: str,
    entity_id: str,
    new: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEvent:
    """The event of something the acting account does now. `new` carries counts and ids, never a patient's values."""
    return AuditEvent(adapters.clock(), adapters.actor.name, action, entity, entity_id, None, new or {}, reason)
