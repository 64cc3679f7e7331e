"""In which encoding the bytes of an XML document are: what its first bytes say, checked, never guessed.

Cases, by the first bytes: a UTF-8 or UTF-16 byte order mark, or the first tag written in two bytes a character: that
encoding. Else the encoding that the XML declaration names, else UTF-8. expat itself reads UTF-8, UTF-16, ASCII and
ISO-8859-1; the other encodings for text are decoded here, strictly, and handed on as UTF-8.

Source: XML 1.0 (fifth edition), 4.3.3 and appendix F.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from longwatch.errors import SourceError

UTF8 = "utf-8"
_CHUNK = 256 * 1024
_DECLARED = re.compile(rb"""\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']([^"'<>]{0,60})["']""")
_BY_EXPAT = {"utf-8": UTF8, "ascii": "us-ascii", "iso8859-1": "iso-8859-1"}
_DECODED_HERE = frozenset(
    {f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)}
    | {f"cp{page}" for page in (1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258, 874, 932, 936, 949, 950)}
    | {"shift_jis", "euc_jp", "euc_kr", "gb2312", "gbk", "gb18030", "big5", "koi8-r", "tis-620"}
)
"""What sponsors' tools write besides; encodings with escape states (UTF-7, ISO-2022) can hide tags and stay out."""

_ALSO_KNOWN_AS = {"windows-31j": "cp932", "x-sjis": "shift_jis", "x-euc-jp": "euc_jp"}
"""Names in use that Python's codecs do not know."""


@dataclass(frozen=True)
class EncodedBytes:
    """The document's bytes as expat shall have them, chunk by chunk, and the encoding that expat must be told."""

    parser_encoding: str
    chunks: Iterator[bytes]


def open_encoded(source: bytes | BinaryIO, where: str) -> EncodedBytes:
    """The bytes of a document in an encoding that expat reads.

    Raises SourceError LW-XML-005 (the first bytes contradict the declaration; as the chunks are read: a byte that does
    not belong to the encoding), LW-XML-006 (an encoding that is unknown or not for XML).
    """
    chunks = _chunks(source)
    first = next(chunks, b"")
    whole = chain((first,), chunks)
    found = _DECLARED.match(first.removeprefix(codecs.BOM_UTF8))
    declared = found.group(1).decode("ascii", "replace") if found else ""
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return EncodedBytes("utf-16", whole)
    if first.startswith(b"<\x00"):
        return EncodedBytes("utf-16le", whole)
    if first.startswith(b"\x00<"):
        return EncodedBytes("utf-16be", whole)
    name = _codec_name(declared, where) if found else UTF8
    written_in_bytes = name not in ("utf-16", "utf-16-le", "utf-16-be")
    if not written_in_bytes or (first.startswith(codecs.BOM_UTF8) and name != UTF8):
        raise SourceError(
            "LW-XML-005",
            "the first bytes are not in the encoding that the document declares",
            where=where,
            expected=declared,
            found="one byte per character" if not written_in_bytes else "the byte order mark of UTF-8",
            next_step="ask the data provider to declare the encoding that the file is really in",
        )
    if name in _BY_EXPAT:
        return EncodedBytes(_BY_EXPAT[name], whole)
    return EncodedBytes(UTF8, _as_utf8(whole, name, where))


def is_undecodable(window: bytes, encoding: str) -> bool:
    """Whether the first character of these bytes (at most four of them) is none in this encoding."""
    try:
        window.decode(encoding)
    except UnicodeDecodeError as invalid:
        return invalid.start == 0
    return False


def _codec_name(declared: str, where: str) -> str:
    try:
        name = codecs.lookup(_ALSO_KNOWN_AS.get(declared.lower(), declared)).name
    except (LookupError, ValueError):
        name = ""
    if name in _BY_EXPAT or name in _DECODED_HERE or name in ("utf-16", "utf-16-le", "utf-16-be"):
        return name
    raise SourceError(
        "LW-XML-006",
        "the document declares an encoding that is unknown or not for XML",
        where=where,
        expected="UTF-8, UTF-16, ISO-8859-1, windows-1252, Shift_JIS, EUC-JP, GB18030, …",
        found=repr(declared),
        next_step="ask the data provider for the file in UTF-8",
    )


def _chunks(source: bytes | BinaryIO) -> Iterator[bytes]:
    if isinstance(source, bytes):
        for start in range(0, len(source), _CHUNK):
            yield source[start : start + _CHUNK]
        return
    while chunk := source.read(_CHUNK):
        yield chunk


def _as_utf8(chunks: Iterator[bytes], name: str, where: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(name)("strict")
    before = 0
    for chunk, is_last in chain(((each, False) for each in chunks), ((b"", True),)):
        waiting = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, is_last)
        except UnicodeDecodeError as invalid:
            raise SourceError(
                "LW-XML-005",
                f"byte {before - waiting + invalid.start + 1:,} does not belong to the declared encoding",
                where=where,
                expected=f"text in {name}",
                next_step="ask the data provider to declare the encoding that the file is really in",
            ) from invalid
        before += len(chunk)
        if text:
            yield text.encode(UTF8)
