"""Columns of a typed copy as they are stored: Parquet keeps text as the words of a part and, by record, their codes.

Handed on as they are, text is neither made nor hashed again record by record. One part is one row group; some are read
ahead, at the same time. Text that is stored without codes, since hardly a value stands twice, is its own words.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from longwatch.standards.dataset import CodedText, Part

AHEAD = min(4, os.cpu_count() or 1)
"""Row groups read at the same time: each is a few megabytes."""


class StoredColumns:
    """Reads columns of a Parquet file, row group by row group.

    The end of the file, which describes every row group, is read once: of a large file that takes longer than its
    columns.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _described(self) -> tuple[Any, Any]:
        metadata = pq.read_metadata(self._path)
        return metadata, metadata.schema.to_arrow_schema()

    def __call__(self, columns: Sequence[str]) -> Iterator[Part]:
        """Those of the columns, which the file has."""
        metadata, schema = self._described
        texts = {
            name: place
            for place, name in enumerate(schema.names)
            if name in columns and _is_text(schema.field(place).type)
        }
        yield from _read_groups(self._path, metadata, list(columns), texts)


def _read_groups(path: Path, metadata: Any, columns: list[str], texts: Mapping[str, int]) -> Iterator[Part]:
    read = partial(_read_group, path, metadata, columns, texts)
    if metadata.num_row_groups == 1:
        yield read(0)
        return
    with ThreadPoolExecutor(AHEAD) as pool:
        ahead: deque[Future[Part]] = deque()
        for group in range(metadata.num_row_groups):
            ahead.append(pool.submit(read, group))
            if len(ahead) > AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    # Arrow keeps for later what it no longer needs; nobody comes back to it soon.
    pa.default_memory_pool().release_unused()


def _read_group(path: Path, metadata: Any, names: list[str], texts: Mapping[str, int], group: int) -> Part:
    stored = metadata.row_group(group)
    coded = [name for name, place in texts.items() if "RLE_DICTIONARY" in stored.column(place).encodings]
    with pq.ParquetFile(path, read_dictionary=coded, memory_map=True, metadata=metadata) as file:
        table = file.read_row_group(group, columns=names, use_threads=False)
        return {name: _part(table.column(name), name in texts) for name in names}


def _is_text(kind: Any) -> bool:
    is_a = pa.types
    return bool(is_a.is_string(kind) or is_a.is_large_string(kind) or is_a.is_string_view(kind))


def _part(column: Any, is_text: bool) -> CodedText | pl.Series:
    if not pa.types.is_dictionary(column.type):
        values = pl.Series(values=column)
        return CodedText.each(values) if is_text else values
    whole = column.chunk(0) if column.num_chunks == 1 else column.unify_dictionaries().combine_chunks()
    return CodedText.of(pl.Series(values=whole.dictionary), pl.Series(values=whole.indices))
