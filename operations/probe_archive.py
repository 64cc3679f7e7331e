"""Whether the archive's store refuses what must not happen: tried, recorded, and remembered."""

from __future__ import annotations

from dataclasses import dataclass

from longwatch.evidence.accounts import Right
from longwatch.evidence.archived import ProbeCall, ProbeResult
from longwatch.evidence.audit import EventFilter
from operations.audited import make_event
from operations.ports import Adapters, Progress

_ENTITY = "archive probe"


@dataclass(frozen=True)
class Probed:
    """A probe: each call, and what it came to."""

    calls: tuple[ProbeCall, ...]
    result: ProbeResult


def probe_archive(adapters: Adapters, progress: Progress) -> Probed:
    """Make the twelve hostile calls and record what was withstood. Raises StoreError as the archive does."""
    adapters.access.require(Right.CARE)
    place = adapters.archive.place
    calls = adapters.archive.probe(adapters.clock(), progress)
    event = make_event(
        adapters,
        "archive probed",
        _ENTITY,
        place,
        {"held": sum(call.held for call in calls), "of": len(calls), "calls": {call.name: call.held for call in calls}},
    )
    with adapters.registers.transaction() as register:
        register.record_read(event)
    return Probed(calls, ProbeResult(place, event.at, event.new["held"], event.new["of"]))


def last_probe(adapters: Adapters) -> ProbeResult | None:
    """What the last probe of the configured store came to; None where there was none."""
    place = adapters.archive.place
    with adapters.registers.transaction() as register:
        found = [record.event for record in register.events(None, EventFilter(entity=_ENTITY, entity_id=place))]
    event = next((event for event in found if event.entity_id == place), None)
    return None if event is None else ProbeResult(place, event.at, event.new["held"], event.new["of"])
