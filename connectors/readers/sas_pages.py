"""How many rows the pages of a SAS data set hold, counted from the pages themselves.

ReadStat takes the count of the row size subheader on trust, and where it is too high makes rows of the zeros that
follow the last one. Each page says how many blocks it holds, and how many of them are subheaders; the others are rows.
It holds for every published file at hand. Source: M. Shotwell and C. Cummins, "SAS7BDAT Database Binary Format",
SAS7BDAT Pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

_PAGES_AT = 204
_COMPRESSED = (b"SASYZCRL", b"SASYZCR2")
_META, _DATA, _MIX, _AMD = 0x0000, 0x0100, 0x0200, 0x0400
_FIRST = 64 * 1024
_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True)
class _Numbers:
    """How the file writes them: on 64-bit systems the head of a page is longer; the lowest byte first or last."""

    wide: bool
    shift: int
    order: Literal["little", "big"]

    def at(self, content: bytes, place: int, width: int) -> int:
        """The number of so many bytes there."""
        return int.from_bytes(content[place : place + width], self.order)


def count_rows(path: Path) -> int | None:
    """The rows; None where rows are compressed or were deleted, or a page is of another kind: they are not counted."""
    with path.open("rb") as file:
        head = file.read(_FIRST)
        if len(head) < 288:
            return None
        numbers = _Numbers(head[32:33] == b"3", 4 if head[35:36] == b"3" else 0, "little" if head[37] == 1 else "big")
        size = numbers.at(head, _PAGES_AT - 8 + numbers.shift, 4)
        page_size = numbers.at(head, _PAGES_AT - 4 + numbers.shift, 4)
        pages = numbers.at(head, _PAGES_AT + numbers.shift, 8 if numbers.wide else 4)
        if not 0 < page_size <= _LARGEST or size + pages * page_size > path.stat().st_size:
            return None
        return _rows_of_pages(file, numbers, size, page_size, pages)


def _rows_of_pages(file: BinaryIO, numbers: _Numbers, start: int, page_size: int, pages: int) -> int | None:
    rows = 0
    place = 32 if numbers.wide else 16
    for page in range(pages):
        file.seek(start + page * page_size)
        content = file.read(page_size if not rows else place + 6)
        kind, blocks, subheaders = (numbers.at(content, place + offset, 2) for offset in (0, 2, 4))
        if kind not in (_META, _DATA, _MIX, _AMD) or (not rows and any(mark in content for mark in _COMPRESSED)):
            return None
        if kind in (_DATA, _MIX):
            rows += max(0, blocks - subheaders)
    return rows
