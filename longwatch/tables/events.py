"""The treatment-emergent events of the safety population, as codes ready to be counted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets

Codes = NDArray[np.integer]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class EmergentEvents:
    """Records of ADAE with SAFFL = Y and TRTEMFL = Y. `subject`: by record, the row of its subject in ADSL. `whole`:
    those of the whole trial, where these are of a part of it: what is collected is asked of them."""

    records: pl.DataFrame
    subject: Codes
    whole: EmergentEvents | None = None

    def has(self, variable: str) -> bool:
        """Whether the data has the variable."""
        return variable in self.records.columns

    def is_collected(self, variable: str) -> bool:
        """Whether the data has the variable, with a value in at least one of the trial's records, or there is none."""
        if self.whole is not None:
            return self.whole.is_collected(variable)
        return self.has(variable) and self.records[variable].null_count() < max(self.records.height, 1)

    def occurs(self, variable: str, value: str) -> bool:
        """Whether any of the trial's records has this value."""
        return bool((self.whole or self).equal(variable, value).any())

    def codes(self, variable: str) -> Codes:
        """By record, the code of its value: the place in `names`. Expects a variable without gaps."""
        return self.records[variable].to_physical().to_numpy()

    def names(self, variable: str) -> list[str]:
        """The values that codes stand for."""
        kind = self.records[variable].dtype
        assert isinstance(kind, pl.Enum), "derive hands over text as Enum"
        return kind.categories.to_list()

    def values(self, variable: str) -> list[str]:
        """The different values of these records, sorted, without missing."""
        return sorted(self.records[variable].unique().drop_nulls().cast(pl.String))

    def equal(self, variable: str, *values: str) -> Mask:
        """By record, whether the variable has one of these values. Missing has none."""
        names = self.names(variable)
        codes = self.records[variable].to_physical()
        # A missing one has a place of its own.
        places = (codes.fill_null(len(names)) if codes.null_count() else codes).to_numpy()
        found = np.zeros(self.records.height, dtype=np.bool_)
        for value in values:
            if value in names:
                found |= places == names.index(value)
        return found

    def subjects_of(self, chosen: Mask, subjects: int) -> Mask:
        """By row of ADSL, of which there are so many, whether the subject has one of the records chosen."""
        found = np.zeros(subjects, dtype=np.bool_)
        if len(self.subject):
            # Records of a subject mostly follow each other: each such run is one place to mark.
            found[self.subject[self._runs][np.logical_or.reduceat(chosen, self._runs)]] = True
        return found

    @cached_property
    def _runs(self) -> NDArray[np.intp]:
        return np.flatnonzero(np.append(True, self.subject[1:] != self.subject[:-1]))

    def missing(self, variable: str) -> Mask:
        """By record, whether the variable is missing."""
        return self.records[variable].is_null().to_numpy()


def select_emergent(datasets: AnalysisDatasets, *variables: str) -> EmergentEvents:
    """The events to count, with those of the variables that the data has."""
    adae = datasets.adae_with(("SAFFL", "TRTEMFL", "USUBJID", *variables))
    emergent = (adae["SAFFL"] == "Y") & (adae["TRTEMFL"] == "Y")
    wanted = [name for name in variables if name in adae.columns]
    found = adae.select(*wanted, subject=pl.col("USUBJID").to_physical()).filter(emergent)
    whole = select_emergent(datasets.whole, *variables) if datasets.whole else None
    return EmergentEvents(found.drop("subject"), found["subject"].to_numpy(), whole)
