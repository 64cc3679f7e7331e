"""Events coded by term: the pairs of SOC and PT that occur, numbered, so that counts are on integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longwatch.stats.counting import RECORDS_AT_ONCE
from longwatch.tables.events import EmergentEvents
from longwatch.tables.filters import both, equals

Codes = NDArray[np.integer]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Terms:
    """`term`: by record, the number of its term. By term: its SOC and PT, as places in `soc_names`, `pt_names`."""

    term: Codes
    soc: Counts
    pt: Counts
    soc_names: list[str]
    pt_names: list[str]

    @property
    def count(self) -> int:
        """How many terms occur; at least 1, so that arrays have a column."""
        return max(len(self.soc), 1)

    @property
    def socs(self) -> int:
        """How many SOCs have a name; at least 1."""
        return max(len(self.soc_names), 1)

    def names_of(self, term: int) -> tuple[str, str]:
        """SOC and PT of a term."""
        return self.soc_names[self.soc[term]], self.pt_names[self.pt[term]]

    def condition_of(self, term: int) -> str:
        """Which records are of a term, as SQL."""
        soc, pt = self.names_of(term)
        return both(equals("AEBODSYS", soc), equals("AEDECOD", pt))


def code_terms(events: EmergentEvents, chosen: NDArray[np.bool_] | None = None) -> Terms:
    """The terms of the records, or of those chosen."""
    soc, pt = events.codes("AEBODSYS"), events.codes("AEDECOD")
    if chosen is not None:
        soc, pt = soc[chosen], pt[chosen]
    soc_names, pt_names = events.names("AEBODSYS"), events.names("AEDECOD")
    socs, pts = len(soc_names), len(pt_names)
    # Some records at a time: the places of pairs are larger than their numbers.
    parts = [slice(start, start + RECORDS_AT_ONCE) for start in range(0, len(soc), RECORDS_AT_ONCE)]
    counts = np.zeros(socs * pts, dtype=np.int64)
    for part in parts:
        counts += np.bincount(soc[part].astype(np.int64) * pts + pt[part], minlength=socs * pts)
    present = np.flatnonzero(counts)
    number = np.zeros(socs * pts, dtype=np.min_scalar_type(len(present)))
    number[present] = np.arange(len(present))
    term: Codes = np.zeros_like(soc, dtype=number.dtype)
    for part in parts:
        term[part] = number[soc[part].astype(np.int64) * pts + pt[part]]
    return Terms(term, present // max(pts, 1), present % max(pts, 1), soc_names, pt_names)
