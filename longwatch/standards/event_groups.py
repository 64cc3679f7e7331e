"""Lists of preferred terms that are looked at together: SMQs, OCMQs, a sponsor's own (spec A.4).

Longwatch ships none of them: users bring the files. Terms are compared in capitals, as PTs differ in no other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from longwatch.errors import StudyError
from longwatch.standards.algorithm import Algorithm
from longwatch.standards.nearest import did_you_mean

AESI = "AESI"


class Scope(StrEnum):
    """How a list is read: its specific terms; all of its terms; by what a subject's terms are together."""

    NARROW = "narrow"
    BROAD = "broad"
    ALGORITHM = "algorithm"


@dataclass(frozen=True)
class EventGroup:
    """One list. `kind`: SMQ, OCMQ, CQ (a sponsor's own) or AESI. `organ_system`: where tables place it; may be empty.
    `version`: of the dictionary it was made for; may be empty. `narrow`, `broad`: its PTs in capitals, `broad` without
    the narrow ones. `socs`: SOCs of which every term belongs, in capitals. `algorithm`: over `categories`, PTs by
    letter."""

    kind: str
    id: str
    name: str
    organ_system: str
    version: str
    narrow: frozenset[str]
    broad: frozenset[str] = frozenset()
    socs: frozenset[str] = frozenset()
    categories: Mapping[str, frozenset[str]] = field(default_factory=dict)
    algorithm: Algorithm | None = None

    def terms(self, scope: Scope) -> frozenset[str]:
        """The PTs of a scope; a broad search includes the narrow terms, an algorithm looks at those with a category."""
        if scope is Scope.ALGORITHM:
            return frozenset().union(*self.categories.values())
        return self.narrow if scope is Scope.NARROW else self.narrow | self.broad


@dataclass(frozen=True)
class EventGroups:
    """The lists that a study has. `digest`: of the files they were read from; empty where there is none. `soc_order`:
    the SOCs in MedDRA's international order, where the study names a release that has it."""

    groups: tuple[EventGroup, ...] = ()
    digest: str = ""
    soc_order: tuple[str, ...] = ()

    def of_kind(self, kind: str) -> tuple[EventGroup, ...]:
        """Those of a kind, in their order."""
        return tuple(group for group in self.groups if group.kind == kind)

    def find(self, name: str, kind: str = "") -> EventGroup:
        """The list of a name or id, whatever its capitals.

        Raises StudyError LW-GRP-003: there is none; or several kinds have one.
        """
        asked = [group for group in self.groups if kind in ("", group.kind)]
        found = [group for group in asked if name.upper() in (group.name.upper(), group.id.upper())]
        if len(found) != 1:
            names = [group.name for group in asked]
            raise StudyError(
                "LW-GRP-003",
                f"{len(found) or 'no'} lists of terms are called {name}",
                where=kind or "lists of terms of the study",
                expected=f"one of {len(names)} lists{did_you_mean(name, names)}",
                found=", ".join(f"{group.kind} {group.id}" for group in found) or "none of that name or id",
                next_step="correct the name, or give the list's id; the study file names the files (event_groups)",
            )
        return found[0]


NO_GROUPS = EventGroups()
