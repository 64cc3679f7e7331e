"""Which program this is: version, lock file, Python and compressor."""

from __future__ import annotations

import sys
import zlib
from functools import cache
from pathlib import Path

from longwatch.evidence.report_key import Engine
from longwatch.standards.hashing import sha256_of_bytes
from longwatch.version import __version__

LOCK_FILE = Path(__file__).with_name("requirements.lock")


@cache
def read_engine() -> Engine:
    """What this program is; all of it enters each report key."""
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Engine(__version__, sha256_of_bytes(LOCK_FILE.read_bytes()), minor, zlib.ZLIB_RUNTIME_VERSION)
