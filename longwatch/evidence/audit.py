"""An audit event: one change or one archive read, recorded in the transaction that makes it; and the bytes of it that
the log's Merkle tree is over.

The entry of an event is one line of JSON: keys in order, no white space, the moment in UTC with six decimals, `old` and
`new` as the text that is stored. It never changes its form: every proof that was ever given out depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from longwatch.standards.hashing import canonical_json

_loads, _dumps, _Fragment = orjson.loads, orjson.dumps, orjson.Fragment


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


class StoredEvent(NamedTuple):
    """An event as a database gives it: the moment as `2026-03-01T12:00:00.000000Z`, `old` and `new` as their text."""

    position: int
    at: str
    actor: str
    action: str
    entity: str
    entity_id: str
    old: str | None
    new: str
    reason: str

    @classmethod
    def of(cls, position: int, event: AuditEvent) -> StoredEvent:
        """The event as it will be stored."""
        return cls(
            position,
            instant_text(event.at),
            event.actor,
            event.action,
            event.entity,
            event.entity_id,
            None if event.old is None else canonical_json(event.old).decode(),
            canonical_json(event.new).decode(),
            event.reason,
        )

    def entry(self) -> bytes:
        """The bytes that the tree is over."""
        return make_entry(*self)


def instant_text(at: datetime) -> str:
    """A moment as an entry holds it."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def make_entry(
    position: int,
    at: str,
    actor: str,
    action: str,
    entity: str,
    entity_id: str,
    old: str | None,
    new: str,
    reason: str,
) -> bytes:
    """The entry of an event from its stored values.

    Two different events never have one entry: `old` and `new` are each one whole JSON object, or this raises
    ValueError; it raises TypeError where a value is of another type than was ever written.
    """
    # A million of these are made where the log is verified: no call is made that need not be.
    if type(_loads(new)) is not dict or (old is not None and type(_loads(old)) is not dict):
        raise ValueError("no JSON object")
    return _dumps(
        {
            "action": action,
            "actor": actor,
            "at": at,
            "entity": entity,
            "entity_id": entity_id,
            "new": _Fragment(new),
            "old": None if old is None else _Fragment(old),
            "position": position,
            "reason": reason,
        }
    )


@dataclass(frozen=True)
class EventFilter:
    """Which events are meant; what is not given does not matter.

    `actor`, `action`, `entity`: exactly so. `entity_id`: begins so. `since`, `until`: from the one, until before the
    other. `text`: stands in action, thing, values or reason, whatever the case of ASCII letters.
    """

    actor: str | None = None
    action: str | None = None
    entity: str | None = None
    entity_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None

    def in_words(self) -> str:
        """What is meant, for a person; `all` where nothing is left out."""
        return ", ".join(f"{name} {value}" for name, value in asdict(self).items() if value is not None) or "all"


EVERY_EVENT = EventFilter()
