"""Parquet: names and types as the file has them.

Source: Apache Parquet's logical types, as Arrow reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.readers.reading import Reading, check_variables
from connectors.readers.sas_values import FRAME_TYPES
from connectors.readers.text import UTF_8
from longwatch.errors import SourceError
from longwatch.standards.dataset import Variable

READER = f"longwatch-parquet 1 (pyarrow {version('pyarrow')})"
BATCH_VALUES = 2_000_000
BATCH_ROWS = 65_536
# Columns of one value alone take next to nothing; whole datasets come nowhere near this.
VALUES_PER_BYTE = 400
SMALL_VALUES = 50_000_000
EXACT = 2**53


def read_parquet(path: Path, dataset: str, where: str) -> Reading:
    """A Parquet file as the dataset of that name.

    Text: an empty text stays empty and differs from missing (null); trailing blanks are removed. Numbers of every width
    and decimals become `Float64`; NaN is missing. Booleans are the text true or false. Dates, times and datetimes
    without a zone keep their type, to the microsecond.

    Raises SourceError: LW-SRC-072 (no Parquet, damaged or cut off), LW-SRC-073 (a type that no variable has: nested,
    binary, with a time zone), LW-SRC-076 (more values than such a file holds), LW-SRC-013/014 (no variables, one
    twice); and, as the rows are read, LW-SRC-074 (a whole number that a double cannot hold exactly), LW-SRC-075 (an
    infinite number).
    """
    with _readable(where), pq.ParquetFile(path, page_checksum_verification=True) as file:
        schema = file.schema_arrow
        rows = int(file.metadata.num_rows)
    _check_size(rows * len(schema.names), path.stat().st_size, where)
    check_variables(schema.names, where)
    variables = tuple(Variable(field.name, type=_kind(field, where)) for field in schema)
    return Reading(
        dataset=dataset,
        label="",
        variables=variables,
        schema=pl.Schema({each.name: FRAME_TYPES.get(each.type, pl.String()) for each in variables}),
        batches=partial(_batches, path, variables, where),
        encoding=UTF_8,
        reader=READER,
        rows=rows,
    )


def _check_size(values: int, size: int, where: str) -> None:
    allowed = max(SMALL_VALUES, VALUES_PER_BYTE * size)
    if values > allowed:
        raise SourceError(
            "LW-SRC-076",
            "the file claims to hold more values than a file of its size does",
            where=where,
            expected=f"at most {allowed:,}",
            found=f"{values:,}",
            next_step="if it is genuine, ask for it in parts",
        )


def _kind(field: Any, where: str) -> str:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    is_a = pa.types
    if is_a.is_string(kind) or is_a.is_large_string(kind) or is_a.is_boolean(kind) or is_a.is_null(kind):
        return "text"
    if is_a.is_integer(kind) or is_a.is_floating(kind) or is_a.is_decimal(kind):
        return "number"
    if is_a.is_date(kind):
        return "date"
    if is_a.is_time(kind):
        return "time"
    if is_a.is_timestamp(kind) and kind.tz is None:
        return "datetime"
    raise SourceError(
        "LW-SRC-073",
        f"{field.name} is of a type that no variable has",
        where=where,
        expected="text, a number, a boolean, a date, a time, or a datetime without zone",
        found=str(kind)[:80],
        next_step="ask the data provider to write it as one of these",
    )


def _batches(path: Path, variables: tuple[Variable, ...], where: str) -> Iterator[pl.DataFrame]:
    first = 1
    with _readable(where), pq.ParquetFile(path, page_checksum_verification=True) as file:
        for batch in file.iter_batches(max(1, min(BATCH_ROWS, BATCH_VALUES // len(variables)))):
            # Text that is not UTF-8 would otherwise get through.
            batch.validate(full=True)
            columns = [
                _typed(pl.Series(each.name, batch.column(position)), each, first, where)
                for position, each in enumerate(variables)
            ]
            yield pl.DataFrame(columns)
            first += batch.num_rows


def _typed(column: pl.Series, variable: Variable, first: int, where: str) -> pl.Series:
    if variable.type == "text":
        return column.cast(pl.String).str.strip_chars_end(" ")
    if variable.type != "number":
        return column.cast(FRAME_TYPES[variable.type])
    if column.dtype in (pl.Int64, pl.UInt64):
        wrong = column > EXACT if column.dtype == pl.UInt64 else ~column.is_between(-EXACT, EXACT)
        _check(
            wrong,
            "LW-SRC-074",
            "a whole number is too large to be kept exactly",
            variable,
            first,
            where,
            next_step="ask the data provider to write it as text",
        )
    numbers = column.cast(pl.Float64)
    _check(
        numbers.is_infinite(),
        "LW-SRC-075",
        "a number is infinite",
        variable,
        first,
        where,
        next_step="ask the data provider to correct the value",
    )
    return numbers.fill_nan(None)


def _check(
    wrong: pl.Series, error_id: str, what: str, variable: Variable, first: int, where: str, *, next_step: str
) -> None:
    found = wrong.fill_null(False).arg_true()
    if found.len():
        raise SourceError(
            error_id,
            f"{variable.name}, record {first + int(found[0]):,}: {what}",
            where=where,
            expected=f"a number up to {EXACT:,} if it is whole, or null",
            next_step=next_step,
        )


@contextmanager
def _readable(where: str) -> Iterator[None]:
    """What Arrow cannot read inside becomes LW-SRC-072, a column's name that is no UTF-8 among it; what the operating
    system refuses stays what it is."""
    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError, OSError) as refused:
        if isinstance(refused, OSError) and refused.errno is not None:
            raise
        raise SourceError(
            "LW-SRC-072",
            "it cannot be read as Parquet",
            where=where,
            expected="a whole Parquet file, not encrypted",
            next_step="transfer it again (in binary mode) and compare its size with the sender's",
        ) from refused
