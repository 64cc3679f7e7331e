"""Which program this is: version, lock file, Python, compressor and its own files."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from longwatch.evidence.report_key import Engine
from longwatch.standards.hashing import sha256_of, sha256_of_bytes
from longwatch.version import __version__

MAKES_REPORTS = ("connectors", "longwatch", "operations", "report_templates", "validations")
LOCK_FILE = Path(__file__).with_name("requirements.lock")


@cache
def read_engine() -> Engine:
    """What this program is; all of it enters each report key."""
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    lock, source = sha256_of_bytes(LOCK_FILE.read_bytes()), sha256_of(sorted(_source_files()))
    return Engine(__version__, lock, minor, zlib.ZLIB_RUNTIME_VERSION, source)


def _source_files() -> Iterator[tuple[str, str]]:
    """Every file of the rooms that decide what a report holds: its name and SHA-256."""
    root = Path(__file__).resolve().parents[1]
    for room in MAKES_REPORTS:
        for path in (root / room).rglob("*"):
            if path.suffix in (".py", ".yaml", ".csv"):
                yield path.relative_to(root).as_posix(), sha256_of_bytes(path.read_bytes())
