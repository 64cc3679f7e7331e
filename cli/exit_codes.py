"""Error class → exit code, in one place (DESIGN.md, The command line)."""

from __future__ import annotations

from longwatch.errors import (
    AccessError,
    GateStopped,
    IntegrityError,
    LongwatchError,
    SourceError,
    StoreError,
    StudyError,
)

DONE, FAULT, INTERRUPTED = 0, 70, 130
EXIT_CODES: dict[type[LongwatchError], int] = {
    GateStopped: 1,
    StudyError: 2,
    SourceError: 3,
    StoreError: 4,
    IntegrityError: 5,
    AccessError: 6,
}


def exit_code_of(error: LongwatchError) -> int:
    """1 gate, 2 wrong use or study file, 3 source, 4 archive or database, 5 integrity, 6 not allowed, else 70."""
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), FAULT)
