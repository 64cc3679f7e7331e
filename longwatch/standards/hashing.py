"""What is hashed, is hashed here: one canonical form, one digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import orjson

SHA256_DIGITS = 64
"""Hexadecimal digits of a whole one."""


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of a value: JSON, keys sorted, no white space, UTF-8, dates as ISO text.

    The same value gives the same bytes on any machine. Cases: mapping (keys as text), sequence, set (sorted),
    date/datetime (ISO 8601), Enum (its value), Decimal (its text), str, int, bool, None; a float in its shortest
    round-trip form. Anything else raises TypeError.
    """
    return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)


def _plain(value: Any) -> Any:
    if value is None or (isinstance(value, (bool, int, float, str)) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(item) for item in value), key=orjson.dumps)
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    raise TypeError(f"no canonical form for {type(value).__name__}")


def sha256_of_bytes(content: bytes) -> str:
    """SHA-256 of bytes, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_of(value: Any) -> str:
    """SHA-256 of a value's canonical form, 64 hexadecimal digits."""
    return sha256_of_bytes(canonical_json(value))
