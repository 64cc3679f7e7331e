"""What parent and child say to each other, through two pipes.

A message is a kind (one letter), a length (four bytes) and a body. The parent trusts itself: a job is pickled. It
does not trust the child: answers are JSON or plain bytes, of bounded length, checked against the type asked for.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any

from longwatch.errors import GateStopped, IntegrityError, LongwatchError, SourceError, StoreError, StudyError

READY, RESULT, CHUNK, END, REFUSED, SYSTEM, TOO_MUCH, FAULT = (letter.encode() for letter in "YRCEXSOF")
"""Child: it is ready; a result; a piece of a stream; its end; a LongwatchError; an OSError; the limit of what may be
written was met; any other exception."""
JOB = b"J"
HEAD = struct.Struct(">cI")
LARGEST = 64 * 1024 * 1024
_SHOWN = 500

_ERRORS: dict[str, type[LongwatchError]] = {
    kind.__name__: kind for kind in (SourceError, IntegrityError, StudyError, StoreError, GateStopped)
}
_PARTS = ("error_id", "what", "where", "expected", "found", "next_step")


def send(handle: int, kind: bytes, body: bytes) -> None:
    """Write a message whole."""
    content = memoryview(HEAD.pack(kind, len(body)) + body)
    while content:
        content = content[os.write(handle, content) :]


def error_to_json(error: LongwatchError) -> bytes:
    """A LongwatchError, to be told on the other side."""
    return json.dumps([type(error).__name__, *(getattr(error, part)[:_SHOWN] for part in _PARTS)]).encode()


def error_from_json(body: bytes) -> LongwatchError:
    """The error that was told. Raises ValueError where it is none."""
    told: Any = json.loads(body)
    if not isinstance(told, list) or len(told) != 1 + len(_PARTS) or not all(isinstance(part, str) for part in told):
        raise ValueError("no error of ours")
    name, error_id, what, where, expected, found, next_step = told
    if name not in _ERRORS:
        raise ValueError("no error of ours")
    return _ERRORS[name](error_id, what, where=where, expected=expected, found=found, next_step=next_step)
