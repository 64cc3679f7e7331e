"""What an archive says of itself and of each object it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True)
class ArchiveDescription:
    """`kind`: `local folder` or `s3`. `place`: where. `object_lock`: whether the store itself enforces write-once.
    `note`: what a reader must know (a local folder is not WORM). `keeps_locks`: whether retention and legal holds are
    kept with each object."""

    kind: str
    place: str
    object_lock: bool
    note: str = ""
    keeps_locks: bool = True


@dataclass(frozen=True)
class ArchiveReceipt:
    """One stored object: its key, the SHA-256 read back from the store, size, the store's version id (empty where it
    keeps none), until when its deletion is refused (None: no lock), and whether it is on legal hold."""

    key: str
    sha256: str
    size: int
    version: str = ""
    retain_until: datetime | None = None
    stored_at: datetime | None = None
    held: bool = False


class StoredKind(StrEnum):
    """What a store holds under a name."""

    OBJECT = "object"
    WITHOUT_RECEIPT = "object without a receipt"
    RECEIPT_ONLY = "receipt without an object"
    OLDER_VERSION = "older version"
    DELETE_MARKER = "delete marker"
    STRANGE = "something that no archive puts there"


@dataclass(frozen=True)
class StoredObject:
    """One thing that a store holds. `version`: the store's id of it, where it keeps versions."""

    key: str
    kind: StoredKind
    size: int = 0
    version: str = ""


@dataclass(frozen=True)
class ProbeCall:
    """One hostile call of a probe: what was tried, whether the object withstood it, and what the store said."""

    name: str
    held: bool
    said: str


PROBE_CALLS = 12
"""WORM is verified where an object withstood so many of so many."""

PROBES = "probes/"
"""Where probes put their own objects; nothing below it is evidence."""


@dataclass(frozen=True)
class ProbeResult:
    """What a store withstood at a moment."""

    place: str
    at: datetime
    held: int
    of: int = PROBE_CALLS

    @property
    def is_worm(self) -> bool:
        """Only at twelve of twelve."""
        return self.held == self.of == PROBE_CALLS

    def in_words(self) -> str:
        """One line for a person."""
        verdict = "WORM verified" if self.is_worm else "not WORM"
        return f"{verdict}: withstood {self.held} of {self.of} hostile calls on {self.at:%Y-%m-%d %H:%M} UTC"
