"""Text as integer codes: every variable is read once, as an Enum of the values it has, and counted by its codes.

A subject becomes the number of its row in ADSL (column `subject`), so that whatever is known of a subject is found by
position. A derivation from text (a date, say) runs once per different value, not once per record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.standards.dataset import SourceData

CELLS_AT_ONCE = 32_000_000
"""Values read together: a bound on memory. Small data is read in one go."""


@dataclass(frozen=True)
class Subjects:
    """The subjects of an analysis: `keys` is USUBJID by row of ADSL (an Enum), the rest finds the row of a USUBJID.

    The Categorical is kept as a series: Polars forgets the codes of categories that no series holds.
    """

    keys: pl.Series
    _coded: pl.Series
    _row_of_code: NDArray[np.uint32]

    @classmethod
    def of(cls, names: pl.Series) -> Subjects:
        """From different USUBJIDs, in the order of ADSL."""
        coded = names.cast(pl.Categorical(pl.Categories.random()))
        rows = np.full(len(names) + 1, len(names), dtype=np.uint32)
        rows[coded.to_physical().to_numpy()] = np.arange(len(names), dtype=np.uint32)
        return cls(names.cast(pl.Enum(names)).alias("USUBJID"), coded, rows)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def as_code(self) -> pl.Expr:
        """The expression that reads USUBJID for `rows_of`."""
        return pl.col("USUBJID").cast(pl.String).cast(self._coded.dtype)

    def rows_of(self, codes: pl.Series) -> pl.Series:
        """The row of each subject that `as_code` read; a subject that is none of these, or none, → len(self)."""
        found = codes.to_physical().fill_null(len(self)).to_numpy()
        return pl.Series("subject", self._row_of_code[np.minimum(found, len(self))])

    def lay_out(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A frame with at most one row per `subject`, as one row per subject in their order; without one, missing."""
        place = pl.Series([None], dtype=pl.UInt32).new_from_index(0, len(self))
        place = place.scatter(frame["subject"], pl.int_range(frame.height, dtype=pl.UInt32, eager=True))
        return frame.select(pl.exclude("subject").gather(place))


def read_coded(
    data: SourceData, name: str, subjects: Subjects, texts: Sequence[str], numbers: Sequence[str] = ()
) -> pl.DataFrame:
    """The variables of a dataset that it has, in source order: `subject` for USUBJID, text as Enum, numbers as Float64.

    Cases: no such dataset → no rows and only `subject`; a variable it lacks → not in the result; blank text → null;
    numbers in a variable that is text by the standard (AETOXGR 3) → their digits; a record without USUBJID, or of a
    subject that is not in `subjects` → left out (rules ST05 and XR01 report it).
    """
    if name not in data:
        return pl.DataFrame(schema={"subject": pl.UInt32})
    dataset = data.datasets[name]
    schema = dataset.frame.collect_schema()
    expressions = [subjects.as_code]
    expressions += [_as_category(column, schema[column]) for column in texts if column in schema]
    expressions += [pl.col(column).cast(pl.Float64, strict=False) for column in numbers if column in schema]
    columns: list[pl.Series] = []
    for batch in _batches(expressions, max(1, CELLS_AT_ONCE // max(dataset.rows, 1))):
        columns += dataset.frame.select(batch).collect(engine="streaming").get_columns()
    subject = subjects.rows_of(columns[0])
    frame = pl.DataFrame([subject, *(_as_enum(column) for column in columns[1:])])
    known = subject < len(subjects)
    return frame if known.all() else frame.filter(known)


def code_text(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with each text variable as the Enum of its values; blank → null."""
    return frame.with_columns(
        _as_enum(frame[column].cast(pl.Categorical(pl.Categories.random())))
        for column, dtype in frame.schema.items()
        if dtype == pl.String
    )


def by_value(texts: pl.Series, *derived: pl.Expr) -> pl.DataFrame:
    """Expressions over `pl.col("text")`, computed once per different value and laid out by record.

    Expects an Enum or text; missing text gives null in every column.
    """
    if not isinstance(texts.dtype, pl.Enum):
        texts = code_text(texts.to_frame("text"))["text"]
    values = pl.DataFrame({"text": texts.dtype.categories}).select(*derived)  # type: ignore[attr-defined]
    return values.select(pl.all().gather(texts.to_physical()))


def _as_category(column: str, dtype: pl.DataType) -> pl.Expr:
    text = pl.col(column)
    if dtype.is_numeric():
        text = text.cast(pl.Int64, strict=False)
    return text.cast(pl.String).cast(pl.Categorical(pl.Categories.random()))


def _as_enum(column: pl.Series) -> pl.Series:
    """A Categorical as the Enum of its sorted values that are not blank; other columns as they are.

    Sorted, so that equal data gives equal codes, whatever order the reader met the values in.
    """
    if not isinstance(column.dtype, pl.Categorical):
        return column
    words = column.dtype.categories.to_series()
    blank = words.str.strip_chars() == ""
    if blank.any():
        words = words.set(blank, None)
    values = words.cast(pl.Enum(words.drop_nulls().sort()))
    return values.gather(column.to_physical()).alias(column.name)


def _batches(expressions: Sequence[pl.Expr], size: int) -> Iterator[Sequence[pl.Expr]]:
    for start in range(0, len(expressions), size):
        yield expressions[start : start + size]
