"""The headers of a SAS transport file, versions 5 and 8: what is in it, and whether all of it arrived.

The file is a chain of 80-byte records: library header (3 records), member header (5), one 140-byte description per
variable, then the observations one after the other, blanks up to the next multiple of 80.
Source: SAS TS-140, "The Record Layout of a SAS Transport Data Set"; spec A.9.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import numpy as np

from connectors.readers.reading import check_variables
from connectors.readers.xpt_labels import LongLabel, read_labels
from connectors.readers.xpt_records import RECORD, VERSION_5, VERSION_8, HeaderNames, HeaderRecords, plain
from longwatch.errors import SourceError

NUMERIC, CHARACTER = 1, 2
# ntype, nlng, nname, nlabel, nform, nfl, nfd, npos of one variable's description; in version 8, its long name.
_DESCRIPTION = struct.Struct(">h2xh2x8s40s8shh16xl")
_LONG_NAME = slice(88, 120)


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
    """The layout of a transport file, all of whose observations are there.

    Trailing blanks: the end is padded with fewer than 80 of them. Where the file does not say how many observations it
    has (version 5), one of blanks only that lies within the last 79 bytes cannot be told from padding and counts as
    padding; a number is never all blanks.

    Raises SourceError: LW-SRC-040 (no transport file), LW-SRC-042 (a header is damaged), LW-SRC-043 (cut off in the
    headers), LW-SRC-044 (a second dataset), LW-SRC-045 (cut off in the observations), LW-SRC-046 (more of them than
    declared), LW-SRC-013/014 (no variables, one twice), LW-SRC-012 (a name or label is not valid in the encoding).
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        names = _check_kind(file.read(RECORD), where)
        file.seek(0)
        head = HeaderRecords(file, size, where)
        head.expect(names.library)
        head.take(2 * RECORD)
        described = head.expect(names.member)
        head.expect(names.descriptor)
        member = head.take(2 * RECORD)
        declared = head.expect(names.variables)
        width = head.number(described[74:78], "length of a variable's description")
        if width not in (136, 140):
            raise head.damaged("length of a variable's description", "140 or 136", str(width))
        count = head.number(declared[54:58], "number of variables")
        packed = head.take(-(-count * width // RECORD) * RECORD)
        last = head.expect(*names.labels, names.observations)
        labels: dict[int, LongLabel] = {}
        if not last.startswith(names.observations):
            labels = read_labels(head, last)
            last = head.expect(names.observations)
        start = head.offset
    fields = tuple(
        _field(packed[i * width : (i + 1) * width], names, labels.get(i + 1), encoding, head) for i in range(count)
    )
    check_variables([field.name for field in fields], where)
    if names is VERSION_8:
        fields = _one_after_the_other(fields)
    record_length = _check_positions(fields, head)
    return Layout(
        dataset=plain(member[8 : 40 if names is VERSION_8 else 16], encoding, f"{where}, name of the dataset"),
        label=plain(member[RECORD + 32 : RECORD + 72], encoding, f"{where}, label of the dataset"),
        fields=fields,
        start=start,
        record_length=record_length,
        records=_count_records(path, size, start, record_length, _declared(last, names), where),
    )


def _check_kind(first: bytes, where: str) -> HeaderNames:
    """The version of the format, by the first record."""
    for names in (VERSION_5, VERSION_8):
        if first and names.library.startswith(first[: len(names.library)]):
            return names
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
        next_step="name the file by what it is (.csv, .json, .zip), or ask for a transport file",
    )


def _field(packed: bytes, names: HeaderNames, long: LongLabel | None, encoding: str, head: HeaderRecords) -> Field:
    kind, length, raw_name, raw_label, raw_format, width, decimals, position = _DESCRIPTION.unpack_from(packed)
    if names is VERSION_8:
        raw_name = packed[_LONG_NAME].strip(b" \x00") or raw_name
    name = plain(raw_name, encoding, f"{head.where}, name of a variable")
    if long is not None:
        if plain(long.name, encoding, f"{head.where}, name of a long label") != name:
            raise head.damaged(f"long label of {name}", "the label of that variable", "another's")
        raw_label, raw_format = long.label, long.format_name or raw_format
    label = plain(raw_label, encoding, f"{head.where}, label of {name}")
    format_name = plain(raw_format, encoding, f"{head.where}, format of {name}").upper()
    if kind not in (NUMERIC, CHARACTER):
        raise head.damaged(f"type of {name}", "1 (number) or 2 (text)", str(kind))
    if length < 1 or (kind == NUMERIC and not 2 <= length <= 8):
        raise head.damaged(f"length of {name}", "2 to 8 bytes for a number, 1 or more for text", str(length))
    shown = f"{format_name}{width or ''}.{decimals or ''}" if format_name or width else None
    return Field(name, label, kind == NUMERIC, position, length, format_name.lstrip("$"), shown)


def _one_after_the_other(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The fields where they stand in version 8: in the order of their descriptions.

    The positions that the descriptions give are those of the SAS data set that the file was made from, which keeps its
    numbers first; the published file shows it.
    """
    ends = accumulate(field.length for field in fields)
    return tuple(replace(field, position=end - field.length) for field, end in zip(fields, ends, strict=True))


def _check_positions(fields: tuple[Field, ...], head: HeaderRecords) -> int:
    """The fields cover an observation without gap or overlap; its length."""
    at = 0
    for field in sorted(fields, key=lambda each: each.position):
        if field.position != at:
            raise head.damaged(f"position of {field.name}", str(at), str(field.position))
        at += field.length
    return at


def _declared(observations: bytes, names: HeaderNames) -> int | None:
    """How many observations a version 8 file says it has; None where it does not say."""
    digits = observations[48:63].strip(b" \x00")
    return int(digits) if names is VERSION_8 and digits.isdigit() else None


def _count_records(path: Path, size: int, start: int, length: int, declared: int | None, where: str) -> int:
    if size % RECORD:
        raise _cut_off(where, size, f"a size that is a multiple of {RECORD}", f"{size % RECORD} bytes too many")
    if declared is not None:
        _check_declared(path, size, start + declared * length, declared, where)
        return declared
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


def _check_declared(path: Path, size: int, end: int, declared: int, where: str) -> None:
    if end > size:
        raise _cut_off(where, size, f"{declared:,} observations up to byte {end:,}", "fewer")
    with path.open("rb") as file:
        file.seek(end)
        padding = file.read(-end % RECORD)
        after = file.read(RECORD)
    if after.startswith(VERSION_8.member):
        raise second_dataset(end + len(padding), where)
    if after or padding.strip(b" "):
        raise SourceError(
            "LW-SRC-046",
            "the file holds more than the observations that it declares",
            where=where,
            expected=f"{declared:,} observations up to byte {end:,}",
            found=f"{size - end:,} bytes more",
            next_step="ask the data provider for the file anew, written by SAS",
        )


def second_dataset(at: int, where: str) -> SourceError:
    """SourceError LW-SRC-044."""
    return SourceError(
        "LW-SRC-044",
        f"a second dataset begins at byte {at:,}",
        where=where,
        expected="one dataset per transport file",
        next_step="ask the data provider for one file per dataset",
    )


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
    for index in np.flatnonzero(beginnings == np.frombuffer(VERSION_5.member, dtype=np.uint64, count=1)):
        at = skip + int(index) * RECORD
        if observations.startswith((VERSION_5.member, VERSION_8.member), at):
            return offset + at
    return None
