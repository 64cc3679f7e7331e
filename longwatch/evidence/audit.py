"""An audit event: one change or one archive read, recorded in the transaction that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class AuditEvent:
    """Who did what to which thing, when, and why (spec F.1, 11.10(e)).

    `action`: a verb phrase of the field (`run started`, `report archived`). `entity`, `entity_id`: the thing.
    `old`, `new`: what changed, without patient values. `reason`: required where a person overrules.
    """

    at: datetime
    actor: str
    action: str
    entity: str
    entity_id: str
    old: Mapping[str, Any] | None = None
    new: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class AuditRecord:
    """An event with its position in the log (1, 2, 3, … without gaps)."""

    position: int
    event: AuditEvent
