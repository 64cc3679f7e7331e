"""Bytes to text in the declared encoding, strictly: a byte that does not belong there is an error, never a guess."""

from __future__ import annotations

import codecs
from contextlib import suppress

import polars as pl

from longwatch.errors import IntegrityError, SourceError

UTF_8 = "utf-8"
REPLACEMENT = "\ufffd"
_ASCII = bytes(range(0x20, 0x7F))


def check_encoding(encoding: str, where: str) -> str:
    """The encoding's own name, where there is such an encoding. Raises SourceError LW-SRC-008."""
    try:
        with suppress(UnicodeError):
            # A binary codec (base64, zip) is no encoding of text: LookupError.
            b" ".decode(encoding)
        return codecs.lookup(encoding).name
    except LookupError as unknown:
        raise SourceError(
            "LW-SRC-008",
            "there is no such encoding of text",
            where=where,
            expected="utf-8, cp1252, shift_jis, …",
            found=repr(encoding),
            next_step="correct `encoding:` of this source in the study file",
        ) from unknown


def keeps_ascii(encoding: str) -> bool:
    """Whether bytes below 128 mean the same in this encoding as in US-ASCII (not so in UTF-16 or ISO-2022)."""
    return not encoding.startswith("iso2022") and _ASCII.decode(encoding, "replace") == _ASCII.decode("ascii")


def decode(
    column: pl.Series, encoding: str, where: str, first_record: int, *, ascii_only: bool, padded: bool
) -> pl.Series:
    """A column of bytes as text: trailing blanks and NULs removed, leading blanks kept, nothing left is null.

    Cases: UTF-8, and any text whose bytes are all ASCII, is validated and converted as a whole; another encoding value
    by value. `padded`: whether any value ends in a blank or NUL. `where` names file, dataset and variable;
    `first_record` is the record number of the first value.

    Raises SourceError LW-SRC-012 naming record and byte; IntegrityError LW-SNP-011 where decoding itself put in a
    replacement character.
    """
    if encoding == UTF_8 or (ascii_only and keeps_ascii(encoding)):
        try:
            text = column.cast(pl.String)
        except pl.exceptions.ComputeError:
            text = _decode_each(column, encoding, where, first_record)
    else:
        text = _decode_each(column, encoding, where, first_record)
    if not padded:
        return text
    trimmed = text.str.strip_chars_end(" \x00")
    return trimmed.set(trimmed == "", None)


def _decode_each(column: pl.Series, encoding: str, where: str, first_record: int) -> pl.Series:
    decoded: list[str | None] = []
    for position, value in enumerate(column):
        decoded.append(None if value is None else decode_value(value, encoding, where, first_record + position))
    return pl.Series(column.name, decoded, dtype=pl.String)


def decode_value(value: bytes, encoding: str, where: str, record: int | None = None) -> str:
    """One value as text; errors as in `decode`."""
    place = where if record is None else f"{where}, record {record:,}"
    try:
        text = value.decode(encoding)
    except UnicodeDecodeError as invalid:
        raise undecodable(value[invalid.start], invalid.start + 1, encoding, place) from invalid
    if REPLACEMENT in text and REPLACEMENT.encode() not in value:
        raise IntegrityError(
            "LW-SNP-011",
            f"decoding {encoding} put in a replacement character that the source does not have",
            where=place,
            next_step="keep the source file and report this",
        )
    return text


def undecodable(byte: int, position: int, encoding: str, where: str) -> SourceError:
    """SourceError LW-SRC-012: a byte that is not valid in the declared encoding."""
    other = "cp1252" if encoding in (UTF_8, "ascii") else "another encoding"
    return SourceError(
        "LW-SRC-012",
        f"byte 0x{byte:02X} at position {position:,} is not valid in {encoding}",
        where=where,
        expected=f"text in {encoding}",
        next_step=f"declare the true encoding of this source in the study file (`encoding:`, perhaps {other})",
    )
