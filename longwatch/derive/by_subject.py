"""The largest value of a subject's records, from codes: no sort, no hash."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

Values = NDArray[np.int32]
NONE = int(np.iinfo(np.int32).min)
"""Stands for no value: below every other."""


class BySubject:
    """Records by their subject (row of ADSL, below `subjects`). Records of a subject mostly follow each other: the
    largest of each such run is found first."""

    def __init__(self, subject: pl.Series, subjects: int) -> None:
        rows = subject.to_numpy()
        self._runs = np.flatnonzero(np.append(True, rows[1:] != rows[:-1])) if len(rows) else np.zeros(0, np.int64)
        self._rows = rows[self._runs]
        self._subjects = subjects

    def largest(self, values: pl.Series) -> Values:
        """By subject the largest of an integer or a day (as its number) by record; NONE where every one is missing."""
        return self.largest_number(values.to_physical().cast(pl.Int32).fill_null(NONE).to_numpy())

    def largest_number(self, numbers: Values) -> Values:
        """By subject the largest number by record; of those that are missing it is NONE."""
        found = np.full(self._subjects, NONE, dtype=np.int32)
        self.enlarge(found, numbers)
        return found

    def enlarge(self, found: Values, numbers: Values) -> None:
        """By subject the larger of what was found before and its numbers, in place."""
        if len(self._rows):
            np.maximum.at(found, self._rows, np.maximum.reduceat(numbers, self._runs))

    def smallest(self, values: pl.Series) -> Values:
        """By subject the smallest; NONE where every one is missing. The values lie above NONE."""
        found = self.largest(-values.to_physical().cast(pl.Int32))
        return np.where(found == NONE, found, -found).astype(np.int32)


def find_last(subject: pl.Series, day: pl.Series) -> NDArray[np.int64]:
    """By subject with a record, in their order, the place of its last one: by day, of which a missing one comes first,
    then in the order of the records."""
    rows = subject.to_numpy()
    of = BySubject(subject, int(rows.max(initial=0)) + 1)
    number = day.to_physical().cast(pl.Int32).fill_null(NONE).to_numpy()
    latest = number == of.largest_number(number)[rows]
    place = of.largest_number(np.where(latest, np.arange(len(number), dtype=np.int32), NONE))
    found: NDArray[np.int64] = place[place != NONE].astype(np.int64)
    return found


def as_series(values: Values, dtype: pl.DataType | type[pl.DataType] = pl.Int32) -> pl.Series:
    """With NONE as missing."""
    found = pl.Series(values)
    return found.set(found == NONE, None).cast(dtype)
