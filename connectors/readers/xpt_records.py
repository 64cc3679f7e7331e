"""The records of 80 bytes that the headers of a SAS transport file are made of, in its two versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from connectors.readers.text import decode_value
from longwatch.errors import SourceError

RECORD = 80
_PATTERN = "HEADER RECORD*******{:8}HEADER RECORD!!!!!!!"


@dataclass(frozen=True)
class HeaderNames:
    """How a version of the format names its headers. `labels`: those that hold long labels, and long formats too."""

    library: bytes
    member: bytes
    descriptor: bytes
    variables: bytes
    observations: bytes
    labels: tuple[bytes, ...] = ()


def _name(name: str) -> bytes:
    return _PATTERN.format(name).encode()


VERSION_5 = HeaderNames(_name("LIBRARY"), _name("MEMBER"), _name("DSCRPTR"), _name("NAMESTR"), _name("OBS"))
VERSION_8 = HeaderNames(
    _name("LIBV8"), _name("MEMBV8"), _name("DSCPTV8"), _name("NAMSTV8"), _name("OBSV8"),
    labels=(_name("LABELV8"), _name("LABELV9")),
)  # fmt: skip


class HeaderRecords:
    """Reads header records one after the other and knows the offset, for messages."""

    def __init__(self, file: BinaryIO, size: int, where: str) -> None:
        self.file = file
        self.size = size
        self.where = where
        self.offset = 0

    def take(self, length: int) -> bytes:
        """The next bytes. Raises SourceError LW-SRC-043 where the file ends before them."""
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

    def expect(self, *headers: bytes) -> bytes:
        """The next record, which is one of these. Raises SourceError LW-SRC-042, LW-SRC-043."""
        at = self.offset
        record = self.take(RECORD)
        if not record.startswith(headers):
            raise self.damaged(f"header at byte {at:,}", repr(headers[-1].decode()), "something else")
        return record

    def number(self, digits: bytes, what: str) -> int:
        """The number in these digits. Raises SourceError LW-SRC-042."""
        if not digits.isdigit():
            raise self.damaged(what, "digits", "something else")
        return int(digits)

    def damaged(self, what: str, expected: str, found: str) -> SourceError:
        """SourceError LW-SRC-042."""
        return SourceError(
            "LW-SRC-042",
            f"the {what} is not as in a SAS transport file",
            where=self.where,
            expected=expected,
            found=found,
            next_step="ask the data provider for the file anew, written by the XPORT engine",
        )


def plain(raw: bytes, encoding: str, where: str) -> str:
    """Text of a header without the blanks and NULs around it. Raises SourceError LW-SRC-012."""
    return decode_value(raw.rstrip(b" \x00"), encoding, where).strip()
