"""CDISC Dataset-JSON 1.1 line by line: as NDJSON, and as the zlib stream of that (`.dsjc`).

The first line is the document without its rows; every other line is one row. Only one batch of rows is held.

Source: CDISC Dataset-JSON 1.1, "Representing Dataset-JSON as NDJSON"; CDISC Compressed Dataset-JSON 1.1 (2025-06-19).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from connectors.readers.dataset_json import JsonColumns, check_count, check_document, check_widths
from connectors.readers.json_rows import check_once
from connectors.readers.json_text import BYTE_ORDER_MARK, json_value, not_as_specified
from connectors.readers.reading import Reading
from connectors.readers.text import UTF_8
from longwatch.errors import SourceError

NDJSON_READER = f"longwatch-dataset-ndjson 1 (orjson {version('orjson')})"
COMPRESSED_READER = f"longwatch-dsjc 1 (orjson {version('orjson')})"
CHUNK_BYTES = 1024 * 1024
LINE_BYTES = 16 * 1024 * 1024
BATCH_VALUES = 500_000
# A zlib stream can grow a thousandfold; rows of a dataset come nowhere near this.
RATIO = 400
SMALL_BYTES = 64 * 1024 * 1024

Chunks = Callable[[], Iterator[bytes]]


def read_dataset_ndjson(path: Path, where: str) -> Reading:
    """A Dataset-JSON file in NDJSON; values as `read_dataset_json` types them. Empty lines are no rows.

    Raises SourceError: LW-SRC-012 (not UTF-8), LW-SRC-050 (a line is not JSON), LW-SRC-051 (an attribute is missing or
    is not as in Dataset-JSON 1.1), LW-SRC-056 (a line that is too long), LW-SRC-013/014 (no columns, one twice); and,
    as the rows are read, LW-SRC-053 (a row is too long or short), LW-SRC-055 (a value is not of its declared type),
    LW-SRC-052 (records differ from rows).
    """
    return _reading(partial(_plain, path), where, NDJSON_READER)


def read_dataset_dsjc(path: Path, where: str) -> Reading:
    """A compressed Dataset-JSON file: one zlib stream of NDJSON, nothing before or after it.

    Raises SourceError as `read_dataset_ndjson`, and LW-SRC-057 (the stream is damaged, cut off or none), LW-SRC-058 (it
    unpacks to too much).
    """
    return _reading(partial(_unpacked, path, where), where, COMPRESSED_READER)


def _reading(chunks: Chunks, where: str, reader: str) -> Reading:
    first = next(_lines(chunks, where), (1, b""))[1]
    document = check_document(json_value(first, where), where)
    check_once(first, where)
    if "rows" in document:
        raise not_as_specified(where, "the first line", "the document without rows", "rows")
    columns = JsonColumns.of(document, where)
    records: int = document["records"]
    return Reading(
        dataset=document["name"],
        label=document["label"],
        variables=columns.variables,
        schema=columns.schema,
        batches=partial(_batches, chunks, columns, records, where),
        encoding=UTF_8,
        reader=reader,
        rows=records,
    )


def _batches(chunks: Chunks, columns: JsonColumns, records: int, where: str) -> Iterator[pl.DataFrame]:
    step = max(1, BATCH_VALUES // len(columns.columns))
    rows: list[Any] = []
    before = 0
    lines = _lines(chunks, where)
    next(lines)
    for number, line in lines:
        rows.append(json_value(line, where, number))
        if len(rows) == step:
            yield _frame(rows, columns, before + 1, where)
            before += len(rows)
            rows = []
            if before > records:
                break
    check_count(before + len(rows), records, where)
    yield _frame(rows, columns, before + 1, where)


def _frame(rows: list[Any], columns: JsonColumns, first: int, where: str) -> pl.DataFrame:
    check_widths(rows, len(columns.columns), where, first)
    return columns.frame(rows, where, first)


def _lines(chunks: Chunks, where: str) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers."""
    number, rest = 0, b""
    for chunk in chunks():
        if not rest and not chunk.strip(b"\r\n"):
            # A compressed file can hold very many empty lines.
            number += chunk.count(b"\n")
            continue
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            number += 1
            if line and (text := _content(line, number, where)):
                yield number, text
        if len(rest) > LINE_BYTES:
            raise _too_long(number + 1, where)
    if text := _content(rest, number + 1, where):
        yield number + 1, text


def _content(line: bytes, number: int, where: str) -> bytes:
    if len(line) > LINE_BYTES:
        raise _too_long(number, where)
    return (line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line).strip()


def _too_long(number: int, where: str) -> SourceError:
    return SourceError(
        "LW-SRC-056",
        f"line {number:,} is longer than a row of a dataset is",
        where=where,
        expected=f"at most {LINE_BYTES:,} bytes per line",
        next_step="check that it is NDJSON, one row per line; a whole Dataset-JSON object is named .json",
    )


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _unpacked(path: Path, where: str) -> Iterator[bytes]:
    allowed = max(SMALL_BYTES, RATIO * path.stat().st_size)
    stream, total = zlib.decompressobj(), 0
    with path.open("rb") as file:
        while not stream.eof and (packed := stream.unconsumed_tail or file.read(CHUNK_BYTES)):
            try:
                chunk = stream.decompress(packed, CHUNK_BYTES)
            except zlib.error as damaged:
                raise _damaged(where, "other bytes") from damaged
            total += len(chunk)
            if total > allowed:
                raise SourceError(
                    "LW-SRC-058",
                    "the file unpacks to more than a dataset does",
                    where=where,
                    expected=f"at most {allowed:,} bytes",
                    found="more; unpacking was stopped",
                    next_step="if it is genuine, ask for the same dataset as .ndjson",
                )
            yield chunk
        if not stream.eof:
            raise _damaged(where, "its beginning only")
        if stream.unused_data or file.read(1):
            raise _damaged(where, "more bytes after it")


def _damaged(where: str, found: str) -> SourceError:
    return SourceError(
        "LW-SRC-057",
        "the compressed Dataset-JSON is damaged, cut off or none",
        where=where,
        expected="one whole zlib stream",
        found=found,
        next_step="transfer it again (in binary mode) and compare its size with the sender's",
    )
