"""A dataset as it was read: its frame with its CDISC metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    from longwatch.standards.define_model import Define


@dataclass(frozen=True)
class Variable:
    """One column: name, label, `text` or `number` (and for typed sources `date`, `datetime`, `time`), length in bytes,
    display format. Length and format are None where the source has none. `value_labels`: what its values mean, by the
    catalogue of formats delivered with it; the values themselves stay as they are."""

    name: str
    label: str = ""
    type: str = "text"
    length: int | None = None
    format: str | None = None
    value_labels: tuple[tuple[str, str], ...] = ()


def variable_from(value: Mapping[str, Any]) -> Variable:
    """A variable from its fields as JSON has them. Raises TypeError where a field is none of a variable's."""
    labels = tuple((str(code), str(label)) for code, label in value.get("value_labels", ()))
    return Variable(**{**value, "value_labels": labels})


@dataclass(frozen=True)
class CodedText:
    """Text of records that follow one another: `codes`, by record the place of its text in `words`, and the number of
    words where it is missing; in as few bytes as that needs. A word may stand twice, or be missing itself."""

    words: pl.Series
    codes: NDArray[np.unsignedinteger]

    @classmethod
    def of(cls, words: pl.Series, places: pl.Series) -> CodedText:
        """From words and, by record, the place among them; missing is null."""
        codes = places.fill_null(len(words)) if places.null_count() else places
        return cls(words, codes.to_numpy().astype(np.min_scalar_type(len(words)), copy=False))

    @classmethod
    def each(cls, texts: pl.Series) -> CodedText:
        """Text by record, each its own word: for text of which hardly a value stands twice."""
        return cls(texts, np.arange(len(texts), dtype=np.min_scalar_type(len(texts))))


Part = Mapping[str, CodedText | pl.Series]
"""Columns of records that follow one another: text coded, other values as they are typed."""


@dataclass(frozen=True)
class Dataset:
    """One dataset of a snapshot.

    `frame`: lazy, one row per record in source order. Text is `String`, trailing blanks removed; blank text from a
    source that cannot tell blank from missing (XPT, CSV) is null. Numbers are `Float64`, missing is null.
    `rows`: the number of records. `file`: the file it came from. `parquet`: where its rows lie as Parquet, for an
    engine that reads them itself; empty for data in memory. `read_parts`: reads columns as they are stored where that
    is quicker than `frame`, the same values; None for data in memory.
    """

    name: str
    frame: pl.LazyFrame
    rows: int
    label: str = ""
    variables: tuple[Variable, ...] = ()
    file: str = ""
    parquet: str = ""
    read_parts: Callable[[Sequence[str]], Iterator[Part]] | None = field(default=None, compare=False, repr=False)

    def parts(self, columns: Sequence[str]) -> Iterator[Part]:
        """The records part by part, in source order, of columns that `frame` has: text as codes."""
        if self.read_parts is not None:
            return self.read_parts(columns)
        schema = self.frame.collect_schema()
        as_codes = [
            # Categories of its own for each column: Polars keeps those that many share.
            pl.col(name).cast(pl.Categorical(pl.Categories.random())) if schema[name] == pl.String else pl.col(name)
            for name in columns
        ]
        return iter([{column.name: _part_of(column) for column in self.frame.select(as_codes).collect()}])

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the variables, in source order."""
        if self.variables:
            return tuple(variable.name for variable in self.variables)
        return tuple(self.frame.collect_schema().names())

    @classmethod
    def of(cls, name: str, frame: pl.DataFrame, label: str = "") -> Dataset:
        """A dataset from a frame in memory, for small data and tests."""
        types = {True: "number", False: "text"}
        variables = tuple(Variable(column, "", types[dtype.is_numeric()]) for column, dtype in frame.schema.items())
        return cls(name, frame.lazy(), frame.height, label, variables, f"{name.lower()} (in memory)")


def _part_of(column: pl.Series) -> CodedText | pl.Series:
    if not isinstance(column.dtype, pl.Categorical):
        return column
    return CodedText.of(column.dtype.categories.to_series(), column.to_physical())


@dataclass(frozen=True)
class SourceData:
    """The datasets of one snapshot by name (`DM`, `AE`, `SUPPAE`, …), and its define.xml.

    `read_define`: reads the define.xml that came with the data, None where none did.
    """

    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    read_define: Callable[[], Define] | None = field(default=None, compare=False)

    @cached_property
    def define(self) -> Define | None:
        """What the define.xml says, read when first asked for; None where there is none. Raises SourceError where it
        cannot be read."""
        return self.read_define() if self.read_define else None

    @classmethod
    def of(cls, **frames: pl.DataFrame) -> SourceData:
        """Datasets from frames in memory: `SourceData.of(DM=…, AE=…)`."""
        return cls({name: Dataset.of(name, frame) for name, frame in frames.items()})

    def __contains__(self, name: str) -> bool:
        return name in self.datasets

    def __iter__(self) -> Iterator[Dataset]:
        return iter(self.datasets.values())

    def get(self, name: str) -> Dataset | None:
        """The dataset of that name, or None."""
        return self.datasets.get(name)

    def frame(self, name: str, offset: int = 0, length: int | None = None) -> pl.LazyFrame:
        """The rows of a dataset, or those of them, with blank text folded to null, as derivations and rules read it.

        Raises KeyError where the snapshot has no such dataset; ask `name in data` first.
        """
        frame = self.datasets[name].frame
        if offset or length is not None:
            # Before anything is asked of the values: of a large file only these rows are read.
            frame = frame.slice(offset, length)
        text = [column for column, dtype in frame.collect_schema().items() if dtype == pl.String]
        return frame.with_columns(
            pl.when(pl.col(column).str.strip_chars() == "").then(None).otherwise(pl.col(column)).alias(column)
            for column in text
        )
