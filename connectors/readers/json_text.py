"""JSON from people we do not know, and what is said where it is not as Dataset-JSON 1.1 has it."""

from __future__ import annotations

from typing import Any

import orjson

from connectors.readers.text import UTF_8, undecodable
from longwatch.errors import SourceError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def json_value(content: bytes, where: str, line: int = 1, offset: int = 0) -> Any:
    """The JSON value of these bytes, which begin at a line and an offset of the file.

    Raises SourceError LW-SRC-012 (not UTF-8), LW-SRC-050 (not JSON).
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as broken:
        try:
            content.decode()
        except UnicodeDecodeError as invalid:
            place = where if line == 1 else f"{where}, line {line:,}"
            raise undecodable(content[invalid.start], offset + invalid.start + 1, UTF_8, place) from invalid
        raise SourceError(
            "LW-SRC-050",
            f"line {line - 1 + broken.lineno}, column {broken.colno}: this is not JSON",
            where=where,
            expected="a Dataset-JSON 1.1 object",
            next_step="transfer the file again and compare its size with the sender's",
        ) from broken


def not_as_specified(where: str, what: str, expected: str, found: str) -> SourceError:
    """SourceError LW-SRC-051."""
    return SourceError(
        "LW-SRC-051",
        f"{what} is not as in Dataset-JSON 1.1",
        where=where,
        expected=expected,
        found=found,
        next_step="ask the data provider for Dataset-JSON 1.1, or leave the file out by `include:`",
    )
