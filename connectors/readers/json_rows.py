"""The rows of a Dataset-JSON document, a stretch of the file at a time, so that memory stays flat as the file grows.

The file is never scanned character by character. A stretch is cut after the last `]` that a `,` and a `[` follow; if
what stands before is valid JSON, the cut is between two rows, since JSON means the same whatever follows it; if not,
the cut was within a text or a value, and an earlier one is tried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from connectors.readers.json_text import BYTE_ORDER_MARK, json_value, not_as_specified
from longwatch.errors import SourceError

BLOCK_BYTES = 4 * 1024 * 1024
# What stands before the rows, after them, and one row: each at most this long.
PART_BYTES = 16 * 1024 * 1024
_TRIES = 20
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_AFTER_ROWS = re.compile(rb"\s*:\s*(\[)?")
_BETWEEN = re.compile(rb"\](\s*,)\s*\[")
_END = re.compile(rb"\]()\s*[,}]")


@dataclass(frozen=True)
class JsonDocument:
    """A document without its rows, and where these begin, None where it has none; the attributes `before` them."""

    path: Path
    where: str
    attributes: dict[str, Any]
    start: int | None
    before: dict[str, Any] = field(default_factory=dict)

    def rows(self) -> Iterator[list[Any]]:
        """The rows in stretches. Raises SourceError LW-SRC-012, LW-SRC-050, LW-SRC-051 as they are read."""
        if self.start is not None:
            with self.path.open("rb") as source:
                yield from _Rows(source, self.where, self.start, self.before).stretches()


def open_document(path: Path, where: str, required: tuple[str, ...]) -> JsonDocument:
    """The attributes of a document. Where a required one is not before the rows, the file is read to its end for it.

    Raises SourceError LW-SRC-012 (not UTF-8), LW-SRC-050 (not JSON), LW-SRC-051 (no object, or an attribute twice),
    LW-SRC-056 (no rows within the first 16 MB).
    """
    with path.open("rb") as source:
        head, start = _head(source, where)
        if start is None:
            whole = json_value(head.removeprefix(BYTE_ORDER_MARK), where)
            if not isinstance(whole, dict):
                raise not_as_specified(where, "the document", "an object", type(whole).__name__)
            check_once(head.removeprefix(BYTE_ORDER_MARK), where)
            if not isinstance(whole.pop("rows", None) or [], list):
                raise not_as_specified(where, "rows", "an array of arrays", "something else")
            return JsonDocument(path, where, whole, None)
        text = head.removeprefix(BYTE_ORDER_MARK) + b"null}"
        attributes = json_value(text, where)
        check_once(text, where)
        del attributes["rows"]
        before = dict(attributes)
        if not all(name in attributes for name in required):
            rows = _Rows(source, where, start, attributes)
            for _ in rows.stretches():
                pass
            attributes |= rows.after
    return JsonDocument(path, where, attributes, start, before)


def check_once(text: bytes, where: str) -> None:
    """No attribute stands twice in an object: which one counts would be anyone's guess.

    Raises SourceError LW-SRC-051.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            raise not_as_specified(where, _twice(names), "each attribute once", "it stands twice")
        return found

    try:
        json.loads(text, object_pairs_hook=once)
    except RecursionError:
        raise not_as_specified(where, "the document", "attributes and columns", "arrays nested deep") from None


def _twice(names: list[str]) -> str:
    return next(repr(name[:40]) for name in names if names.count(name) > 1)


def _head(source: BinaryIO, where: str) -> tuple[bytes, int | None]:
    """The bytes up to the value of `rows`, and where its first row begins; all bytes and None where it is no array."""
    head = source.read(PART_BYTES)
    depth, key_at = 0, False
    for token in _TOKEN.finditer(head):
        mark = token[0]
        if mark in b"{[":
            depth += 1
        elif mark in b"}]":
            depth -= 1
        elif depth == 1 and mark == b'"rows"':
            key_at = True
            follows = _AFTER_ROWS.match(head, token.end())
            if follows is not None:
                if follows[1] is None:
                    break
                return head[: follows.start(1)], follows.end(1)
    if len(head) == PART_BYTES and source.read(1):
        raise SourceError(
            "LW-SRC-056",
            "the document has no array of rows where a dataset has it",
            where=where,
            expected=f"`rows` within the first {PART_BYTES:,} bytes",
            found="a value that is none" if key_at else "other content",
            next_step="check that it is Dataset-JSON 1.1",
        )
    return head, None


class _Rows:
    """Reads the rows of an open file, and what stands after them."""

    def __init__(self, source: BinaryIO, where: str, start: int, before: dict[str, Any]) -> None:
        self.source, self.where, self.before = source, where, before
        self.after: dict[str, Any] = {}
        source.seek(0)
        self.line = 1 + source.read(start).count(b"\n")
        self.offset = start

    def stretches(self) -> Iterator[list[Any]]:
        rest = b""
        while block := self.source.read(BLOCK_BYTES):
            rest += block
            found = self._cut(rest, _BETWEEN, b"]")
            if found is not None:
                rows, end = found
                rest = self._go_on(rest, end)
                yield rows
            elif len(rest) > PART_BYTES:
                break
        yield self._last(rest)

    def _last(self, rest: bytes) -> list[Any]:
        """The rows that are left; what follows them are attributes."""
        found = self._cut(rest, _END, b"")
        if found is None:
            # It is not JSON, or ends too early: the parser says where.
            json_value(b"[" + rest, self.where, self.line, self.offset - 1)
            raise not_as_specified(self.where, "the document", "an object to its end", "its beginning only")
        rows, end = found
        rest = self._go_on(rest, end)
        tail = b'{"rows":null' + rest
        after = json_value(tail, self.where, self.line, self.offset - len(tail) + len(rest))
        check_once(tail, self.where)
        del after["rows"]
        both = sorted(self.before.keys() & after.keys())
        if both:
            raise not_as_specified(self.where, repr(both[0][:40]), "each attribute once", "it stands twice")
        self.after = after
        return rows

    def _cut(self, rest: bytes, pattern: re.Pattern[bytes], closing: bytes) -> tuple[list[Any], int] | None:
        """The rows before the last place of this pattern that is no part of a value; where the next thing begins."""
        end = len(rest)
        for _ in range(_TRIES):
            end = rest.rfind(b"]", 0, end)
            if end < 0:
                return None
            match = pattern.match(rest, end)
            if match is None:
                continue
            with suppress(orjson.JSONDecodeError):
                return orjson.loads(b"[" + rest[: end + 1] + closing), match.end(1)
        return None

    def _go_on(self, rest: bytes, end: int) -> bytes:
        self.line += rest.count(b"\n", 0, end)
        self.offset += end
        return rest[end:]
