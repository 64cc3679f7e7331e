"""Subsets of treatment-emergent events that a table may count alone: serious, related, fatal, leading to withdrawal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longwatch.errors import StudyError
from longwatch.tables.events import EmergentEvents
from longwatch.tables.filters import equals, select_rows


@dataclass(frozen=True)
class Subset:
    """`name`: as a parameter. `adjective`, `clause`: words around the events in titles (`Serious …`, `… related to
    study treatment`). `variables`: values that put an event in the subset, by variable; one of them is enough."""

    name: str
    adjective: str
    clause: str
    variables: Mapping[str, str]

    def condition(self, events: EmergentEvents) -> str | None:
        """Which records it picks, as SQL over the variables that are collected; None where none of them is: not
        collected is not zero."""
        collected = [equals(name, value) for name, value in self.variables.items() if events.is_collected(name)]
        if not collected:
            return None
        return collected[0] if len(collected) == 1 else f"({' OR '.join(collected)})"

    def note(self) -> str:
        """What a table prints in place of rows where the subset cannot be told."""
        names = " and ".join(self.variables)
        plural = "are" if len(self.variables) > 1 else "is"
        events = f"{self.adjective} events{self.clause}" if self.adjective else f"Events{self.clause}"
        return f"{events} cannot be told apart: {names} {plural} not in the data, or never filled"


SUBSETS: Mapping[str, Subset] = {
    subset.name: subset
    for subset in (
        Subset("serious", "Serious", "", {"AESER": "Y"}),
        Subset("related", "", " related to study treatment", {"AREL": "RELATED"}),
        Subset("fatal", "", " leading to death", {"AEOUT": "FATAL", "AESDTH": "Y"}),
        Subset("withdrawn", "", " leading to withdrawal of study treatment", {"AEACN": "DRUG WITHDRAWN"}),
    )
}


def find_subset(name: object) -> Subset | None:
    """The subset of a parameter; None where none is asked. Raises StudyError LW-TAB-003 for another name."""
    if not name:
        return None
    if name not in SUBSETS:
        raise StudyError(
            "LW-TAB-003",
            "there is no such subset of events",
            where="report template",
            expected=", ".join(SUBSETS),
            found=str(name),
            next_step="correct `only:` of this output",
        )
    return SUBSETS[str(name)]


def select_subset(events: EmergentEvents, subset: Subset | None) -> tuple[NDArray[np.bool_], str] | None:
    """Which records the subset picks, and the condition that says so; None where it cannot be told."""
    condition = "" if subset is None else subset.condition(events)
    return None if condition is None else (select_rows(events.records, condition), condition)
