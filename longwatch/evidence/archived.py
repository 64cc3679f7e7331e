"""What an archive says of itself and of each object it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ArchiveDescription:
    """`kind`: `local folder` or `s3`. `place`: where. `object_lock`: whether the store itself enforces write-once.
    `note`: what a reader must know (a local folder is not WORM)."""

    kind: str
    place: str
    object_lock: bool
    note: str = ""


@dataclass(frozen=True)
class ArchiveReceipt:
    """One stored object: its key, the SHA-256 read back from the store, size, the store's version id (empty where it
    keeps none), and until when the store refuses its deletion (None: no lock)."""

    key: str
    sha256: str
    size: int
    version: str = ""
    retain_until: datetime | None = None
    stored_at: datetime | None = None
