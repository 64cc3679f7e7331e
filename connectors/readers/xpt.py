"""SAS transport files, versions 5 and 8: observations to typed rows.

The observations are cut from the bytes here. Of the two readers at hand, one makes a byte that is not UTF-8 a
replacement character, and a time of 24 hours or more, or a special missing value, null; the other drops undecodable
bytes and has no special missing values for this format; both lose observations of blanks at the end. All of it without
a word. They are the oracles of the tests, on files with none of these. Sources: SAS TS-140; spec A.9.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from connectors.readers.reading import Reading
from connectors.readers.sas_values import FRAME_TYPES, MISSING_SUFFIX, beside, fits, kind_by_format, typed
from connectors.readers.text import check_encoding, decode
from connectors.readers.xpt_header import Field, Layout, find_second_dataset, read_layout, second_dataset
from connectors.readers.xpt_numbers import (
    Bytes,
    cut_out,
    find_missing,
    ibm_to_ieee,
    letters_of,
    words_of,
)
from longwatch.standards.dataset import Variable

READER = "longwatch-xpt 1"
BATCH_BYTES = 16 * 1024 * 1024
WORKERS = 2


@dataclass(frozen=True)
class _Number:
    """What the values of a number turn out to be, and whether any of them is a special missing value."""

    kind: str
    special: bool


def read_xpt(path: Path, encoding: str, where: str) -> Reading:
    """A transport file as a dataset. `where` names the file in messages.

    Text: trailing blanks removed, leading blanks kept, blank is null. Numbers: `Float64`, missing (`.`) is null. Of a
    special missing value (`.A` to `.Z`, `._`) the number is null, and the letter stands in a text column beside it,
    `<variable>__MISSING`, which is there only where the file has one. A number with a date, datetime or time format
    gets that type if every value of the file fits it (whole days, a time below 24 hours), else it stays a number: no
    value is lost.

    Raises SourceError: those of `read_layout`; LW-SRC-008 (no such encoding); LW-SRC-044 (a second dataset among
    the observations); and, as the rows are read, LW-SRC-012 (a byte that is not valid in the encoding: dataset,
    variable, record, byte).
    """
    encoding = check_encoding(encoding, where)
    layout = read_layout(path, encoding, where)
    numbers = _survey(path, layout, where)
    schema, variables = _columns(layout, numbers)
    return Reading(
        dataset=layout.dataset,
        label=layout.label,
        variables=variables,
        schema=schema,
        batches=partial(_batches, path, layout, numbers, encoding, f"{where}: {layout.dataset}"),
        encoding=encoding,
        reader=READER,
        rows=layout.records,
    )


def _survey(path: Path, layout: Layout, where: str) -> dict[str, _Number]:
    """What each number of the file is, from all of its values; and that no second dataset follows."""
    fields = [field for field in layout.fields if field.numeric]
    kinds = {field.name: kind_by_format(field.format_name) for field in fields}
    special = dict.fromkeys(kinds, False)
    with path.open("rb") as source:
        for first, count in _steps(layout):
            content = _observations(source.fileno(), layout, first, count)
            _check_one_dataset(content, first, layout, where)
            records = _matrix(content, layout)
            for field in fields:
                words = words_of(records, field)
                missing, special_here = find_missing(words)
                special[field.name] |= bool(special_here.any())
                if kinds[field.name] != "number" and not fits(ibm_to_ieee(words[~missing]), kinds[field.name]):
                    kinds[field.name] = "number"
    return {name: _Number(kinds[name], special[name]) for name in kinds}


def _check_one_dataset(observations: bytes, first: int, layout: Layout, where: str) -> None:
    found = find_second_dataset(observations, first * layout.record_length)
    if found is not None:
        raise second_dataset(layout.start + found, where)


def _columns(layout: Layout, numbers: dict[str, _Number]) -> tuple[pl.Schema, tuple[Variable, ...]]:
    schema = pl.Schema()
    variables = []
    for field in layout.fields:
        kind = numbers[field.name].kind if field.numeric else "text"
        schema[field.name] = FRAME_TYPES.get(kind, pl.String())
        variables.append(Variable(field.name, field.label, kind, field.length, field.format))
        if field.numeric and numbers[field.name].special:
            variables.append(beside(variables[-1]))
            schema[variables[-1].name] = pl.String()
    return schema, tuple(variables)


def _batches(
    path: Path, layout: Layout, numbers: dict[str, _Number], encoding: str, where: str
) -> Iterator[pl.DataFrame]:
    """The observations in order; while one batch is used, the next ones are decoded."""
    with path.open("rb") as source, ThreadPoolExecutor(WORKERS) as pool:

        def decoded(first: int, count: int) -> pl.DataFrame:
            records = _matrix(_observations(source.fileno(), layout, first, count), layout)
            return _frame(records, first + 1, layout, numbers, encoding, where)

        waiting: deque[Future[pl.DataFrame]] = deque()
        for first, count in _steps(layout):
            waiting.append(pool.submit(decoded, first, count))
            if len(waiting) > WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _steps(layout: Layout) -> Iterator[tuple[int, int]]:
    """First observation and number of observations of each batch."""
    step = max(1, BATCH_BYTES // layout.record_length)
    for first in range(0, layout.records, step):
        yield first, min(step, layout.records - first)


def _observations(source: int, layout: Layout, first: int, count: int) -> bytes:
    return os.pread(source, count * layout.record_length, layout.start + first * layout.record_length)


def _matrix(observations: bytes, layout: Layout) -> Bytes:
    """One row per observation, one column per byte."""
    return np.frombuffer(observations, dtype=np.uint8).reshape(-1, layout.record_length)


def _frame(
    records: Bytes, first_record: int, layout: Layout, numbers: dict[str, _Number], encoding: str, where: str
) -> pl.DataFrame:
    # One OR over all observations tells of each byte position whether it is always blank, and always ASCII.
    ored = np.bitwise_or.reduce(records, axis=0)
    columns: list[pl.Series] = []
    for field in layout.fields:
        if field.numeric:
            words = words_of(records, field)
            missing, special = find_missing(words)
            columns.append(typed(field.name, ibm_to_ieee(words), missing, numbers[field.name].kind))
            if numbers[field.name].special:
                columns.append(letters_of(field.name + MISSING_SUFFIX, words, special))
        else:
            columns.append(_text(records, ored, field, encoding, f"{where}.{field.name}", first_record))
    return pl.DataFrame(columns)


def _text(records: Bytes, ored: Bytes, field: Field, encoding: str, where: str, first_record: int) -> pl.Series:
    used = ored[field.position : field.position + field.length]
    # Blanks and NULs alone make 0x20 or 0x00.
    filled = np.flatnonzero(used & ~np.uint8(0x20))
    if not filled.size:
        return pl.Series(field.name, [None], dtype=pl.String).new_from_index(0, len(records))
    width = int(filled[-1]) + 1
    packed = cut_out(records, field.position, width)
    array = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(packed), [None, pa.py_buffer(packed)])
    ascii_only = not bool((used & 0x80).any())
    padded = not bool((packed[:, -1] & ~np.uint8(0x20)).all())
    return decode(pl.Series(field.name, array), encoding, where, first_record, ascii_only=ascii_only, padded=padded)
