"""Records of large data part by part: what is needed on the way takes little memory, and two threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.standards.dataset import CodedText

Value = TypeVar("Value", bound=np.generic)
RECORDS_AT_ONCE = 1 << 16
LARGE = 100_000
"""Records from which on work is done on two threads: with fewer, they would wait for each other."""


def at_once(records: int, *work: Callable[[], Any]) -> Iterator[Any]:
    """What the work on so many records gives, in its order; on two threads where the records are many."""
    if records < LARGE:
        yield from (each() for each in work)
        return
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda each: each(), work)


def look_up(values: NDArray[Value], places: NDArray[np.integer]) -> NDArray[Value]:
    """By record, the value at its place, each of which there is."""
    found = np.empty(len(places), values.dtype)
    # NumPy makes places of eight bytes of all that it is given; and needs no copy where none can be wrong.
    for start in range(0, len(places), RECORDS_AT_ONCE):
        part = slice(start, start + RECORDS_AT_ONCE)
        np.take(values, places[part], out=found[part], mode="clip")
    return found


def by_record(values: NDArray[Value], missing: int, parts: Sequence[CodedText]) -> NDArray[Value]:
    """By record of the parts, what `values` has for its word: they are those of the words of all parts, one part after
    the other; where there is no word, `missing`."""
    found = np.empty(sum(len(part.codes) for part in parts), values.dtype)
    word, record = 0, 0
    for part in parts:
        places = np.append(values[word : word + len(part.words)], values.dtype.type(missing))
        # Every code has its place; to be told so, NumPy needs no copy.
        np.take(places, part.codes, out=found[record : record + len(part.codes)], mode="clip")
        word, record = word + len(part.words), record + len(part.codes)
    return found


class InOnePiece:
    """Codes of the parts of a dataset, one after the other: many small pieces would leave memory in pieces."""

    def __init__(self, rows: int, dtype: type[np.unsignedinteger]) -> None:
        self._codes: NDArray[np.unsignedinteger] = np.empty(rows, dtype)
        self._end = 0

    def add(self, codes: NDArray[np.unsignedinteger]) -> slice:
        """The codes of the next part; where they are."""
        place = slice(self._end, self._end + len(codes))
        if self._codes.itemsize < codes.itemsize or len(self._codes) < place.stop:
            larger = np.empty(max(len(self._codes), place.stop), np.promote_types(self._codes.dtype, codes.dtype))
            larger[: self._end] = self._codes[: self._end]
            self._codes = larger
        self._codes[place] = codes
        self._end = place.stop
        return place

    def all(self) -> NDArray[np.unsignedinteger]:
        """Those of all parts."""
        return self._codes[: self._end]


class Collected:
    """Coded text of the parts of a dataset."""

    def __init__(self, rows: int) -> None:
        self._codes = InOnePiece(rows, np.uint8)
        self._words: list[tuple[pl.Series, slice]] = []

    def add(self, part: CodedText) -> None:
        """The next part."""
        self._words.append((part.words, self._codes.add(part.codes)))

    def parts(self) -> list[CodedText]:
        """All of them."""
        codes = self._codes.all()
        return [CodedText(words, codes[place]) for words, place in self._words]


class NumbersOfWords:
    """What is derived from text, once per different word, over the parts of a dataset."""

    def __init__(self, derived: pl.Expr, missing: int) -> None:
        self._derived, self._missing = derived, missing
        # Polars forgets the codes of categories that no series holds.
        self._words = pl.Series("text", [], pl.Categorical(pl.Categories.random()))
        self._known, self._found = np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.int32)

    def of(self, part: CodedText) -> NDArray[np.int32]:
        """By record of the part."""
        words = part.words.cast(self._words.dtype)
        self._learn(words.drop_nulls().unique())
        places = words.to_physical()
        places = places.fill_null(len(self._found)) if places.null_count() else places
        every = np.append(self._found, np.int32(self._missing))[places.to_numpy()]
        return by_record(every, self._missing, [part])

    def _learn(self, words: pl.Series) -> None:
        codes = words.to_physical().to_numpy()
        grown = int(codes.max(initial=0)) + 1 - len(self._known)
        if grown > 0:
            self._known = np.append(self._known, np.zeros(grown, dtype=np.bool_))
            self._found = np.append(self._found, np.zeros(grown, dtype=np.int32))
        new = words.filter(pl.Series(~self._known[codes]))
        if len(new):
            places = new.to_physical().to_numpy()
            numbers = self._derived.to_physical().cast(pl.Int32).fill_null(self._missing)
            self._found[places] = new.cast(pl.String).to_frame("text").select(numbers).to_series().to_numpy()
            self._known[places] = True
            self._words.append(new)
