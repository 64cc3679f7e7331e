"""Which program this is: version and lock file."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from longwatch.evidence.report_key import Engine
from longwatch.standards.hashing import sha256_of_bytes
from longwatch.version import __version__

LOCK_FILE = Path(__file__).with_name("requirements.lock")


@cache
def read_engine() -> Engine:
    """The version and the SHA-256 of the lock file that came with it; both enter each report key."""
    return Engine(__version__, sha256_of_bytes(LOCK_FILE.read_bytes()))
