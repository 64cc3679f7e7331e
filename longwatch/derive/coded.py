"""Text as integer codes: every variable is read once, as an Enum of the values it has, and counted by its codes.

A subject becomes the number of its row in ADSL (column `subject`), so that whatever is known of a subject is found by
position. A derivation from text (a date, say) runs once per different value, not once per record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive.in_parts import Collected, InOnePiece, NumbersOfWords, at_once, by_record, look_up
from longwatch.standards.dataset import CodedText, Dataset, SourceData
from longwatch.standards.dates import time_of, without_time

DataType = pl.DataType | type[pl.DataType]
TEXT = pl.col("text")
"""Text as it is, where `texts` may be derived from it."""


@dataclass(frozen=True)
class Subjects:
    """The subjects of an analysis. `keys`: USUBJID by row of ADSL, a Categorical whose code is that row.

    Other series of the same Categorical get the same codes for as long as `keys` is held: Polars forgets the codes of
    categories that no series holds.
    """

    keys: pl.Series

    @classmethod
    def of(cls, names: pl.Series) -> Subjects:
        """From USUBJIDs in the order of ADSL; one that stands there again is left out."""
        keys = names.rechunk().cast(pl.Categorical(pl.Categories.random())).alias("USUBJID")
        if np.array_equal(keys.to_physical().to_numpy(), np.arange(len(keys))):
            return cls(keys)
        # Polars codes a series from its start; should it ever not, the rows follow the codes.
        keys = keys.filter(keys.to_physical().is_first_distinct())
        return cls(keys.gather(keys.to_physical().arg_sort()))

    def __len__(self) -> int:
        return len(self.keys)

    def rows_of(self, names: CodedText) -> NDArray[np.uint32]:
        """By record, the row of the subject with this USUBJID; one that is none of these, or missing → len(self)."""
        return look_up(np.append(self._rows_of_words(names.words), np.uint32(len(self))), names.codes)

    def _rows_of_words(self, words: pl.Series) -> NDArray[np.uint32]:
        first = self._places(words.head(1)).to_list()
        # Mostly all of them, in the same order: to see that is quicker than to look each one up.
        if first and first[0] is not None and self._names.slice(first[0], len(words)).equals(words):
            return np.arange(first[0], first[0] + len(words), dtype=np.uint32)
        rows: NDArray[np.uint32] = self._places(words).fill_null(len(self)).clip(upper_bound=len(self)).to_numpy()
        return rows

    def _places(self, names: pl.Series) -> pl.Series:
        return names.cast(self.keys.dtype).to_physical()

    @cached_property
    def _names(self) -> pl.Series:
        return self.keys.cast(pl.String)

    def places_of(self, names: pl.Series) -> NDArray[np.uint32]:
        """The rows of USUBJIDs, as text, each of which is a subject."""
        rows: NDArray[np.uint32] = self._places(names).to_numpy()
        return rows

    def lay_out(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A frame with at most one row per `subject`, as one row per subject in their order; without one, missing."""
        place = pl.Series([None], dtype=pl.UInt32).new_from_index(0, len(self))
        place = place.scatter(frame["subject"], pl.int_range(frame.height, dtype=pl.UInt32, eager=True))
        return frame.select(pl.exclude("subject").gather(place))


def read_coded(
    data: SourceData,
    name: str,
    subjects: Subjects,
    texts: Sequence[str],
    numbers: Sequence[str] = (),
    *,
    days: Sequence[str] = (),
    times: Sequence[str] = (),
    identifiers: Sequence[str] = (),
    with_unknown: bool = False,
) -> pl.DataFrame:
    """The variables of a dataset that it has, in source order: `subject` for USUBJID, text as Enum, numbers as Float64.

    `days`: those of the texts that are dates of which a complete one is read without its time; of `times` the time
    stands in a column of its own (`AESTDTC.time`; missing where there is none). So large data has as many values as
    days, not as many as records. All other text is read as it is.
    `identifiers`: text of which hardly a value stands twice, as text.
    Cases: no such dataset → no rows and only `subject`; a variable it lacks → not in the result; blank text → null;
    numbers in a variable that is text by the standard (AETOXGR 3) → their digits; a record without USUBJID, or of a
    subject that is not in `subjects` → left out (rules ST05 and XR01 report it), or `with_unknown`, with
    len(subjects) as its subject.
    """
    if name not in data:
        return pl.DataFrame(schema={"subject": pl.UInt32})
    dataset = data.datasets[name]
    schema = dataset.frame.collect_schema()
    others: dict[str, DataType] = {column: pl.Float64() for column in numbers if column in schema}
    others |= {column: pl.String() for column in identifiers if column in schema}
    frame = _read(dataset, _columns_of(texts, schema, days, times), others, subjects)
    return frame if with_unknown else known_only(frame, subjects)


def read_whole(data: SourceData, name: str, subjects: Subjects) -> pl.DataFrame:
    """Every variable of a dataset, in source order: `subject` for USUBJID, text as Enum, numbers as Float64, dates and
    times as they are typed. Cases as `read_coded`."""
    schema = data.datasets[name].frame.collect_schema()
    names = [column for column in schema if column != "USUBJID"]
    return known_only(read_typed(data.datasets[name], names, subjects), subjects).select("subject", *names)


def read_typed(dataset: Dataset, names: Sequence[str], subjects: Subjects | None = None) -> pl.DataFrame:
    """Those of the variables that a dataset has, of all its records, as `read_whole` has them; `subject` where subjects
    are given."""
    schema = {name: dtype for name, dtype in dataset.frame.collect_schema().items() if name in names}
    texts = {name: (name, TEXT) for name, dtype in schema.items() if dtype == pl.String}
    others = {
        name: pl.Float64() if dtype.is_numeric() else dtype for name, dtype in schema.items() if dtype != pl.String
    }
    return _read(dataset, texts, others, subjects)


def read_values(dataset: Dataset, texts: Sequence[str], numbers: Sequence[str] = ()) -> pl.DataFrame:
    """The variables of all records of a dataset, as `read_coded` reads them, without their subject."""
    schema = dataset.frame.collect_schema()
    numeric = {column: pl.Float64() for column in numbers if column in schema}
    return _read(dataset, _columns_of(texts, schema, (), ()), numeric, None)


def read_words(dataset: Dataset, variable: str) -> list[str]:
    """The different values of a variable that is text, sorted."""
    return read_values(dataset, (variable,))[variable].unique().drop_nulls().cast(pl.String).sort().to_list()


def read_numbers(
    data: SourceData, name: str, subjects: Subjects, texts: Sequence[str], derived: pl.Expr, missing: int
) -> Iterator[tuple[pl.Series, list[NDArray[np.int32]]]]:
    """Part by part of a dataset, by record of known subjects: `subject`, and of each of the texts that it has an
    integer or a day (as its number) over `pl.col("text")`, `missing` where there is none. For large data of which no
    more is wanted: it is not kept."""
    dataset = data.datasets.get(name)
    wanted = [text for text in texts if dataset is not None and text in dataset.frame.collect_schema()]
    if dataset is None or not wanted:
        return
    numbers = NumbersOfWords(derived, missing)
    for part in dataset.parts(["USUBJID", *wanted]):
        subject = subjects.rows_of(_as_coded(part["USUBJID"]))
        known = subject < len(subjects)
        found = [numbers.of(_as_text(part[text])) for text in wanted]
        if known.all():
            yield pl.Series("subject", subject), found
        else:
            yield pl.Series("subject", subject[known]), [each[known] for each in found]


def read_pieces(dataset: Dataset, texts: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Text as `read_values` reads it, some records after the other, for who may not need all."""
    wanted = [name for name in texts if name in dataset.frame.collect_schema()]
    for part in dataset.parts(wanted):
        places = [_places_of({name: TEXT}, [_as_text(part[name])])[0] for name in wanted]
        yield pl.DataFrame(_as_enums(places))


def known_only(frame: pl.DataFrame, subjects: Subjects) -> pl.DataFrame:
    """The records of known subjects."""
    known = frame["subject"] < len(subjects)
    return frame if known.all() else frame.filter(known)


TextColumns = Mapping[str, tuple[str, pl.Expr]]
"""By column of the result: the variable it is read from, and what of its `text`."""


def _columns_of(texts: Sequence[str], schema: pl.Schema, days: Sequence[str], times: Sequence[str]) -> TextColumns:
    text = TEXT
    found: dict[str, tuple[str, pl.Expr]] = {}
    for name in texts:
        if name in schema:
            found[name] = (name, without_time(text) if name in days else text)
    return found | {f"{name}.time": (name, time_of(text)) for name in times if name in schema}


def _read(
    dataset: Dataset, texts: TextColumns, others: Mapping[str, DataType], subjects: Subjects | None
) -> pl.DataFrame:
    """The columns, those of text as Enum, after `subject` where subjects are given. What is no longer needed of the
    parts is let go column by column."""
    found: dict[str, list[pl.Series]] = {name: [] for name in others}
    coded = {name: Collected(dataset.rows) for name, _ in texts.values()}
    rows = InOnePiece(0 if subjects is None else dataset.rows, np.uint32)
    wanted = (*(() if subjects is None else ("USUBJID",)), *coded, *others)
    for part in dataset.parts(list(dict.fromkeys(wanted))):
        if subjects is not None:
            rows.add(subjects.rows_of(_as_coded(part["USUBJID"])))
        for name, collected in coded.items():
            collected.add(_as_text(part[name]))
        for name, dtype in others.items():
            found[name].append(_typed(part[name], dtype))
    columns = []
    if subjects is not None:
        columns.append(pl.Series("subject", rows.all(), pl.UInt32))

    def code(source: str) -> list[Places]:
        read = {name: what for name, (variable, what) in texts.items() if variable == source}
        return _places_of(read, coded.pop(source).parts())

    every = at_once(dataset.rows, *(partial(code, source) for source in list(coded)))
    columns += _as_enums([each for read in every for each in read])
    return pl.DataFrame([*columns, *(_joined(name, found.pop(name), dtype) for name, dtype in others.items())])


def _joined(name: str, parts: list[pl.Series], dtype: DataType) -> pl.Series:
    return pl.concat(parts, rechunk=True).alias(name) if parts else pl.Series(name, [], dtype)


def _typed(part: CodedText | pl.Series, dtype: DataType) -> pl.Series:
    if isinstance(part, pl.Series):
        if dtype != pl.String:
            return part.cast(dtype)
        part = _digits(part)
    read = part.words.set(part.words.str.strip_chars() == "", None).cast(dtype, strict=False)
    return read.append(pl.Series([None], dtype=dtype)).gather(part.codes)


def _as_text(column: CodedText | pl.Series) -> CodedText:
    return _digits(column) if isinstance(column, pl.Series) else column


def _digits(numbers: pl.Series) -> CodedText:
    return _as_coded(numbers.cast(pl.Int64, strict=False))


def _as_coded(column: CodedText | pl.Series) -> CodedText:
    if isinstance(column, CodedText):
        return column
    coded = column.cast(pl.String).cast(pl.Categorical(pl.Categories.random()))
    return CodedText.of(coded.dtype.categories.to_series(), coded.to_physical())  # type: ignore[attr-defined]


def code_text(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with each text variable as the Enum of its values; blank → null."""
    return frame.with_columns(as_enum(frame[name]) for name, dtype in frame.schema.items() if dtype == pl.String)


def by_value(texts: pl.Series, *derived: pl.Expr) -> pl.DataFrame:
    """Expressions over `pl.col("text")`, computed once per different value and laid out by record.

    Expects an Enum or text; missing text gives null in every column.
    """
    texts = as_enum(texts)
    codes = texts.to_physical()
    return values_of(texts).select(expression.gather(codes) for expression in derived)


def numbers_by_value(texts: pl.Series, derived: pl.Expr, missing: int) -> NDArray[np.int32]:
    """An integer or a day (as its number) over `pl.col("text")`, computed once per different value, by record;
    `missing` where there is none. Expects an Enum or text."""
    texts = as_enum(texts)
    numbers = derived.to_physical().cast(pl.Int32).fill_null(missing)
    values = values_of(texts).select(numbers).to_series().to_numpy()
    codes = texts.to_physical()
    codes = codes.fill_null(len(values)) if texts.null_count() else codes
    return look_up(np.append(values, np.int32(missing)), codes.to_numpy())


def as_enum(texts: pl.Series) -> pl.Series:
    """Text as the Enum of its values; an Enum as it is."""
    if isinstance(texts.dtype, pl.Enum):
        return texts
    return _as_enums(_places_of({texts.name: TEXT}, [_as_coded(texts)]))[0]


def values_of(texts: pl.Series) -> pl.DataFrame:
    """The different values of an Enum as `text`, in the order of their codes."""
    categories: pl.Series = texts.dtype.categories  # type: ignore[attr-defined]
    return categories.to_frame("text")


_VALUES = TEXT.filter(TEXT.str.strip_chars() != "").unique().sort()
"""The values among words: sorted, without blanks."""

Places = tuple[pl.Series, pl.Enum]
"""By record the place of its value among those of an Enum; missing where there is none."""


def _as_enums(places: Sequence[Places]) -> list[pl.Series]:
    codes = pl.DataFrame([codes for codes, _ in places])
    return codes.select_seq(pl.col(each.name).cat.to(kind) for each, kind in places).get_columns()


def _places_of(read: Mapping[str, pl.Expr], parts: Sequence[CodedText]) -> list[Places]:
    """The text of the parts, one after the other, as places among its sorted values that are not blank. `read`: by
    column of the result, what of `text` is taken.

    Sorted, so that equal data gives equal codes, whatever order the reader met the values in.
    """
    words = _words_of(parts)
    derived = {name: what for name, what in read.items() if what is not TEXT}
    taken: dict[str, pl.Series] = {}
    if len(derived) > 1:
        # What they have in common is worked out once.
        taken = words.lazy().select(**derived).collect().to_dict()
    elif derived:
        taken = words.select(**derived).to_dict()
    taken |= {name: words["text"].alias(name) for name, what in read.items() if what is TEXT}
    return [_places(taken[name], parts) for name in read]


def _words_of(parts: Sequence[CodedText]) -> pl.DataFrame:
    every = [part.words for part in parts] or [pl.Series([], dtype=pl.String)]
    return (pl.concat(every) if len(every) > 1 else every[0]).to_frame("text")


def _places(words: pl.Series, parts: Sequence[CodedText]) -> Places:
    """By record, the value that stands in `words` for the word of its part."""
    kind = pl.Enum(words.to_frame("text").select(_VALUES).to_series())
    missing = len(kind.categories)
    # One cast for the words of all parts: each cast makes a table of all values. A blank is none of them: missing.
    places = words.cast(kind, strict=False).to_physical()
    values = (places.fill_null(missing) if places.null_count() else places).to_numpy()
    codes = pl.Series(words.name, by_record(values.astype(np.min_scalar_type(missing)), missing, parts))
    absent = codes == missing
    return (codes.set(absent, None) if absent.any() else codes), kind
