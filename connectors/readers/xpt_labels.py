"""Labels and formats of a version 8 transport file that are too long for the description of their variable.

They follow the descriptions: LABELV8 for labels over 40 bytes, LABELV9 where a format's name is over 8 bytes, too.
Source: SAS, "The Extended SAS Transport Format" (TS-140, versions 8 and 9).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from connectors.readers.xpt_records import RECORD, VERSION_8, HeaderRecords

_ENTRY_V8 = struct.Struct(">hhh")
_ENTRY_V9 = struct.Struct(">hhhhh")


@dataclass(frozen=True)
class LongLabel:
    """What stands there for one variable, as bytes; `format_name` is None where only the label does."""

    name: bytes
    label: bytes
    format_name: bytes | None


def read_labels(head: HeaderRecords, record: bytes) -> dict[int, LongLabel]:
    """The labels by the number of their variable, counted from 1. `record`: the header that was read last.

    Raises SourceError LW-SRC-042, LW-SRC-043.
    """
    count = head.number(record[48:RECORD].strip(b" \x00"), "number of long labels")
    with_formats = record.startswith(VERSION_8.labels[1])
    entry = _ENTRY_V9 if with_formats else _ENTRY_V8
    packed = _Packed(head)
    labels = {}
    for _ in range(count):
        number, *lengths = entry.unpack(packed.take(entry.size))
        if min(lengths) < 0:
            raise head.damaged("length of a long label", "0 or more", str(min(lengths)))
        parts = [packed.take(length) for length in lengths]
        labels[number] = LongLabel(parts[0], parts[1], parts[2] if with_formats else None)
    return labels


class _Packed:
    """Bytes that run on over the records."""

    def __init__(self, head: HeaderRecords) -> None:
        self._head = head
        self._rest = b""

    def take(self, length: int) -> bytes:
        if missing := max(0, length - len(self._rest)):
            self._rest += self._head.take(-(-missing // RECORD) * RECORD)
        content, self._rest = self._rest[:length], self._rest[length:]
        return content
