"""The keys of archived objects: what every archive accepts, so that a key means the same in each."""

from __future__ import annotations

import re

from longwatch.errors import StudyError

_PART = r"[A-Za-z0-9_=+@-][A-Za-z0-9._=+@-]*"
_KEY = re.compile(rf"{_PART}(/{_PART})*")
LONGEST_KEY = 700
LONGEST_PART = 180


def check_key(key: str) -> None:
    """StudyError LW-ARC-001 unless the key is `part/part/…` of letters, digits and `. _ = + @ -`.

    No part begins with a dot or is longer than 180 characters, the whole is no longer than 700: every file system and
    every store can keep it under its own name, and it cannot lead out of the archive or into what the archive keeps
    for itself.
    """
    if not is_key(key):
        raise StudyError(
            "LW-ARC-001",
            "this is no key of an archive",
            where=repr(key[:80]),
            expected="parts of letters, digits and . _ = + @ - with / between them, none beginning with a dot",
            next_step="copy the key from `longwatch archive list`, or correct the study's id",
        )


def is_key(key: str) -> bool:
    """Whether `check_key` accepts it."""
    parts = key.split("/")
    return bool(_KEY.fullmatch(key)) and len(key) <= LONGEST_KEY and all(len(part) <= LONGEST_PART for part in parts)
