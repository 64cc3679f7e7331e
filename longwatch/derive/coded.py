"""Text as integer codes: every variable is read once, as an Enum of the values it has, and counted by its codes.

A subject becomes the number of its row in ADSL (column `subject`), so that whatever is known of a subject is found by
position. A derivation from text (a date, say) runs once per different value, not once per record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from longwatch.standards.dataset import Dataset, SourceData

CELLS_AT_ONCE = 8_000_000
"""Values read together: a bound on memory. Small data is read in one go."""


@dataclass(frozen=True)
class Subjects:
    """The subjects of an analysis. `keys`: USUBJID by row of ADSL, a Categorical whose code is that row.

    Other series of the same Categorical get the same codes for as long as `keys` is held: Polars forgets the codes of
    categories that no series holds.
    """

    keys: pl.Series

    @classmethod
    def of(cls, names: pl.Series) -> Subjects:
        """From different USUBJIDs, in the order of ADSL."""
        keys = names.rechunk().cast(pl.Categorical(pl.Categories.random())).alias("USUBJID")
        # Polars codes a series from its start; should it ever not, the rows follow the codes.
        return cls(keys if keys.to_physical().is_sorted() else keys.gather(keys.to_physical().arg_sort()))

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def as_code(self) -> pl.Expr:
        """The expression that reads USUBJID for `rows_of`."""
        return pl.col("USUBJID").cast(pl.String).cast(self.keys.dtype)

    def rows_of(self, codes: pl.Series) -> pl.Series:
        """The row of each subject that `as_code` read; a subject that is none of these, or missing → len(self)."""
        return codes.to_physical().fill_null(len(self)).clip(upper_bound=len(self)).alias("subject")

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
    columns = _read(dataset, [subjects.as_code, *_expressions(dataset, texts, numbers)])
    subject = subjects.rows_of(next(columns))
    frame = pl.DataFrame([subject, *map(_as_enum, columns)])
    known = subject < len(subjects)
    return frame if known.all() else frame.filter(known)


def read_whole(data: SourceData, name: str, subjects: Subjects) -> pl.DataFrame:
    """Every variable of a dataset, in source order: `subject` for USUBJID, text as Enum, numbers as Float64, dates and
    times as they are typed. Cases as `read_coded`."""
    schema = data.datasets[name].frame.collect_schema()
    others = {column: dtype for column, dtype in schema.items() if column != "USUBJID"}
    expressions = [
        _as_category(column, dtype)
        if dtype == pl.String
        else pl.col(column).cast(pl.Float64)
        if dtype.is_numeric()
        else pl.col(column)
        for column, dtype in others.items()
    ]
    columns = _read(data.datasets[name], [subjects.as_code, *expressions])
    frame = pl.DataFrame([subjects.rows_of(next(columns)), *map(_as_enum, columns)])
    return frame.filter(pl.col("subject") < len(subjects))


def read_values(dataset: Dataset, texts: Sequence[str]) -> pl.DataFrame:
    """The text variables of all records of a dataset, as `read_coded` reads them, without their subject."""
    return pl.DataFrame(list(map(_as_enum, _read(dataset, _expressions(dataset, texts, ())))))


def _expressions(dataset: Dataset, texts: Sequence[str], numbers: Sequence[str]) -> list[pl.Expr]:
    schema = dataset.frame.collect_schema()
    found = [_as_category(column, schema[column]) for column in texts if column in schema]
    return found + [pl.col(column).cast(pl.Float64, strict=False) for column in numbers if column in schema]


def _read(dataset: Dataset, expressions: Sequence[pl.Expr]) -> Iterator[pl.Series]:
    """The columns, a few at a time where the dataset is large."""
    size = max(1, CELLS_AT_ONCE // max(dataset.rows, 1))
    for start in range(0, len(expressions), size):
        yield from dataset.frame.select(expressions[start : start + size]).collect(engine="streaming")


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
