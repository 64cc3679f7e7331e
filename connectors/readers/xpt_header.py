"""The headers of a SAS transport file, version 5: what is in it, and whether all of it arrived.

The file is a chain of 80-byte records: library header (3 records), member header (5), one 140-byte description per
variable, then the observations one after the other, blanks up to the next multiple of 80.
Source: SAS TS-140, "The Record Layout of a SAS Transport Data Set"; spec A.9.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from connectors.readers.reading import check_variables
from connectors.readers.text import decode_value
from longwatch.errors import SourceError

RECORD = 80
LIBRARY = b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!"
LIBRARY_V8 = b"HEADER RECORD*******LIBV8   HEADER RECORD!!!!!!!"
MEMBER = b"HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!"
DESCRIPTOR = b"HEADER RECORD*******DSCRPTR HEADER RECORD!!!!!!!"
VARIABLES = b"HEADER RECORD*******NAMESTR HEADER RECORD!!!!!!!"
OBSERVATIONS = b"HEADER RECORD*******OBS     HEADER RECORD!!!!!!!"
NUMERIC, CHARACTER = 1, 2
# ntype, nlng, nname, nlabel, nform, nfl, nfd, npos of one variable's description.
_DESCRIPTION = struct.Struct(">h2xh2x8s40s8shh16xl")


@dataclass(frozen=True)
class Field:
    """One variable: where it stands in an observation, and its metadata. `format` as SAS writes it (`DATE9.`)."""

    name: str
    label: str
    numeric: bool
    position: int
    length: int
    format_name: str
    format: str | None


@dataclass(frozen=True)
class Layout:
    """How a file is laid out: the dataset, its fields in order, and where its observations begin."""

    dataset: str
    label: str
    fields: tuple[Field, ...]
    start: int
    record_length: int
    records: int


def read_layout(path: Path, encoding: str, where: str) -> Layout:
    """The layout of a version 5 transport file, all of whose observations are there.

    Trailing blanks: the end is padded with fewer than 80 of them. An observation of blanks only that lies within the
    last 79 bytes cannot be told from padding and counts as padding; a number is never all blanks.

    Raises SourceError: LW-SRC-040 (no transport file), LW-SRC-041 (version 8), LW-SRC-042 (a header is damaged),
    LW-SRC-043 (cut off in the headers), LW-SRC-045 (cut off in the observations), LW-SRC-013/014 (no variables, one
    twice), LW-SRC-012 (a name or label is not valid in the encoding).
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        _check_kind(file.read(RECORD), where)
        file.seek(0)
        head = _Head(file, size, where)
        head.expect(LIBRARY)
        head.take(2 * RECORD)
        described = head.expect(MEMBER)
        head.expect(DESCRIPTOR)
        member = head.take(2 * RECORD)
        declared = head.expect(VARIABLES)
        width = head.number(described[74:78], "length of a variable's description")
        if width not in (136, 140):
            raise head.damaged("length of a variable's description", "140 or 136", str(width))
        count = head.number(declared[54:58], "number of variables")
        packed = head.take(-(-count * width // RECORD) * RECORD)
        head.expect(OBSERVATIONS)
        start = head.offset
    fields = tuple(_field(packed[i * width : (i + 1) * width], encoding, where, head) for i in range(count))
    check_variables([field.name for field in fields], where)
    record_length = _check_positions(fields, head)
    return Layout(
        dataset=_plain(member[8:16], encoding, f"{where}, name of the dataset"),
        label=_plain(member[RECORD + 32 : RECORD + 72], encoding, f"{where}, label of the dataset"),
        fields=fields,
        start=start,
        record_length=record_length,
        records=_count_records(path, size, start, record_length, where),
    )


class _Head:
    """Reads header records one after the other and knows the offset, for messages."""

    def __init__(self, file: BinaryIO, size: int, where: str) -> None:
        self.file = file
        self.size = size
        self.where = where
        self.offset = 0

    def take(self, length: int) -> bytes:
        content = self.file.read(length)
        if len(content) < length:
            raise SourceError(
                "LW-SRC-043",
                f"the file is cut off in its headers, at byte {self.size:,}",
                where=self.where,
                expected=f"headers up to byte {self.offset + length:,} at least",
                next_step="transfer the file again (in binary mode) and compare its size with the sender's",
            )
        self.offset += length
        return content

    def expect(self, header: bytes) -> bytes:
        at = self.offset
        record = self.take(RECORD)
        if not record.startswith(header):
            raise self.damaged(f"header at byte {at:,}", repr(header.decode()), "something else")
        return record

    def number(self, digits: bytes, what: str) -> int:
        if not digits.isdigit():
            raise self.damaged(what, "digits", "something else")
        return int(digits)

    def damaged(self, what: str, expected: str, found: str) -> SourceError:
        return SourceError(
            "LW-SRC-042",
            f"the {what} is not as in a SAS transport file",
            where=self.where,
            expected=expected,
            found=found,
            next_step="ask the data provider for the file anew, written by the XPORT engine",
        )


def _check_kind(first: bytes, where: str) -> None:
    if first and LIBRARY.startswith(first[: len(LIBRARY)]):
        return
    if first.startswith(LIBRARY_V8):
        raise SourceError(
            "LW-SRC-041",
            "this is a SAS transport file of version 8",
            where=where,
            expected="version 5, as authorities take it",
            next_step="write it with the XPORT engine, or deliver Dataset-JSON 1.1",
        )
    if first[:2] == b"PK":
        found = "a zip"
    elif all(32 <= byte < 127 or byte in b"\t\r\n" for byte in first):
        found = "text"
    else:
        found = "other binary data"
    raise SourceError(
        "LW-SRC-040",
        "this is no SAS transport file",
        where=where,
        expected="'HEADER RECORD*******LIBRARY' at byte 0",
        found=found,
        next_step="name the file by what it is (.csv, .json, .zip), or ask for a version 5 transport file",
    )


def _field(packed: bytes, encoding: str, where: str, head: _Head) -> Field:
    kind, length, raw_name, raw_label, raw_format, width, decimals, position = _DESCRIPTION.unpack_from(packed)
    name = _plain(raw_name, encoding, f"{where}, name of a variable")
    label = _plain(raw_label, encoding, f"{where}, label of {name}")
    format_name = _plain(raw_format, encoding, f"{where}, format of {name}").upper()
    if kind not in (NUMERIC, CHARACTER):
        raise head.damaged(f"type of {name}", "1 (number) or 2 (text)", str(kind))
    if length < 1 or (kind == NUMERIC and not 2 <= length <= 8):
        raise head.damaged(f"length of {name}", "2 to 8 bytes for a number, 1 or more for text", str(length))
    shown = f"{format_name}{width or ''}.{decimals or ''}" if format_name or width else None
    return Field(name, label, kind == NUMERIC, position, length, format_name.lstrip("$"), shown)


def _check_positions(fields: tuple[Field, ...], head: _Head) -> int:
    """The fields cover an observation without gap or overlap; its length."""
    at = 0
    for field in sorted(fields, key=lambda each: each.position):
        if field.position != at:
            raise head.damaged(f"position of {field.name}", str(at), str(field.position))
        at += field.length
    return at


def _count_records(path: Path, size: int, start: int, length: int, where: str) -> int:
    if size % RECORD:
        raise _cut_off(where, size, f"a size that is a multiple of {RECORD}", f"{size % RECORD} bytes too many")
    available = size - start
    records, rest = divmod(available, length)
    tail_length = min(available, rest + (RECORD // length + 1) * length)
    with path.open("rb") as file:
        file.seek(size - tail_length)
        tail = file.read(tail_length)
    if rest >= RECORD or tail[len(tail) - rest :].strip(b" "):
        raise _cut_off(
            where, size, f"whole observations of {length:,} bytes", f"{records:,} and {rest:,} bytes of another"
        )
    padding = rest
    while records and padding + length < RECORD and not tail[len(tail) - padding - length :].strip(b" "):
        records, padding = records - 1, padding + length
    return records


def _cut_off(where: str, size: int, expected: str, found: str) -> SourceError:
    return SourceError(
        "LW-SRC-045",
        f"the file is cut off in its observations, at byte {size:,}",
        where=where,
        expected=expected,
        found=found,
        next_step="transfer the file again (in binary mode) and compare its size with the sender's",
    )


def find_second_dataset(observations: bytes, offset: int) -> int | None:
    """Where another member header stands in a stretch of the observations, counted from their beginning, or None.

    `offset`: where the stretch begins. Headers stand at multiples of 80 only; the same words in a text do not count.
    """
    skip = -offset % RECORD
    count = (len(observations) - skip) // RECORD
    if count <= 0:
        return None
    beginnings = np.frombuffer(observations, dtype=np.uint64, offset=skip, count=count * RECORD // 8)[:: RECORD // 8]
    for index in np.flatnonzero(beginnings == np.frombuffer(MEMBER, dtype=np.uint64, count=1)):
        at = skip + int(index) * RECORD
        if observations.startswith(MEMBER, at):
            return offset + at
    return None


def _plain(raw: bytes, encoding: str, where: str) -> str:
    return decode_value(raw.rstrip(b" \x00"), encoding, where).strip()
