"""Columns of a typed copy as they are stored: Parquet keeps text as the words of a part and, by record, their codes.

Handed on as they are, text is neither made nor hashed again record by record. One part is one row group; some are read
ahead, at the same time. Text that is stored without codes gets them as it is read.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from longwatch.standards.dataset import CodedText, Part

AHEAD = min(4, os.cpu_count() or 1)
"""Row groups read at the same time: each is a few megabytes."""


def read_stored(path: Path, columns: Sequence[str]) -> Iterator[Part]:
    """The columns of a Parquet file, row group by row group."""
    names = list(columns)
    schema = pq.read_schema(path)
    texts = [name for name in names if _is_text(schema.field(name).type)]
    with pq.ParquetFile(path) as file:
        groups = file.num_row_groups
    if groups == 1:
        yield _read_group(path, names, texts, 0)
        return
    with ThreadPoolExecutor(AHEAD) as pool:
        ahead: deque[Future[Part]] = deque()
        for group in range(groups):
            ahead.append(pool.submit(_read_group, path, names, texts, group))
            if len(ahead) > AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    # Arrow keeps for later what it no longer needs; nobody comes back to it soon.
    pa.default_memory_pool().release_unused()


def _read_group(path: Path, names: list[str], texts: list[str], group: int) -> Part:
    with pq.ParquetFile(path, read_dictionary=texts, memory_map=True) as file:
        table = file.read_row_group(group, columns=names, use_threads=False)
        return {name: _part(table.column(name)) for name in names}


def _is_text(kind: Any) -> bool:
    is_a = pa.types
    return bool(is_a.is_string(kind) or is_a.is_large_string(kind) or is_a.is_string_view(kind))


def _part(column: Any) -> CodedText | pl.Series:
    if not pa.types.is_dictionary(column.type):
        return pl.Series(values=column)
    whole = column.chunk(0) if column.num_chunks == 1 else column.unify_dictionaries().combine_chunks()
    return CodedText.of(pl.Series(values=whole.dictionary), pl.Series(values=whole.indices))
