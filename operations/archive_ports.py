"""What operations need from the archive and what goes with it, as Protocols (see `operations.ports`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from longwatch.evidence.archived import ArchiveDescription, ArchiveReceipt, ProbeCall, StoredObject
    from longwatch.evidence.package import PackedFile
    from longwatch.evidence.signed_note import VerifierKey


class Archive(Protocol):
    """A write-once store of objects by key."""

    @property
    def place(self) -> str:
        """Where it is; nothing is asked of the store."""
        ...

    def describe(self) -> ArchiveDescription:
        """Kind, place, and whether it enforces write-once itself."""
        ...

    def check(self) -> None:
        """StoreError where it cannot be reached or written."""
        ...

    def put(self, key: str, content: bytes, *, media_type: str, retain_until: datetime | None = None) -> ArchiveReceipt:
        """Store and read back. The same bytes again: the first receipt. Other bytes under the key: IntegrityError."""
        ...

    def get(self, key: str) -> bytes:
        """The bytes. StoreError where there are none."""
        ...

    def head(self, key: str) -> ArchiveReceipt | None:
        """What is stored under the key, or None."""
        ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin so, sorted."""
        ...

    def survey(self) -> Iterator[StoredObject]:
        """Everything that the store holds, older versions and delete markers included."""
        ...

    def measure(self, key: str, version: str = "") -> tuple[str, int]:
        """SHA-256 and size of the bytes, read as a stream. StoreError where there are none."""
        ...

    def retain(self, key: str, until: datetime) -> ArchiveReceipt:
        """Keep an object at least so long; StudyError LW-ARC-027 where it is kept longer already."""
        ...

    def hold(self, key: str, on: bool) -> ArchiveReceipt:
        """Put an object on legal hold, or lift it."""
        ...

    def remove(self, key: str, now: datetime) -> bool:
        """Take an object away for good; False where there is none. StudyError LW-ARC-028 where it is kept."""
        ...

    def probe(self, now: datetime, progress: Callable[[str], None]) -> tuple[ProbeCall, ...]:
        """Twelve hostile calls against an object of its own, and what it withstood."""
        ...


class Signer(Protocol):
    """The key of this Longwatch, and the signatures of any."""

    @property
    def key(self) -> VerifierKey:
        """The public key, made at first use."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature."""
        ...

    def is_signed(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether a public key signed a message."""
        ...


class PackageWriter(Protocol):
    """Where an evidence package is written."""

    def __call__(
        self,
        file: str,
        entries: Iterable[tuple[str, bytes]],
        seal: Callable[[tuple[PackedFile, ...]], tuple[str, bytes]],
    ) -> str:
        """The entries, the program that verifies them, and last what `seal` makes of their list; its SHA-256."""
        ...


class ProgramParts(Protocol):
    """What this program is made of."""

    def __call__(self) -> Mapping[str, bytes]:
        """Bill of materials and lock file, by file name."""
        ...
