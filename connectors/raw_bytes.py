"""The raw bytes of source files, each under its SHA-256, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from connectors.places.fetching import Budget, check_sha256
from connectors.places.sources import REDCAP, Delivery
from connectors.staging import store_writable
from longwatch.errors import IntegrityError, SourceError
from longwatch.evidence.snapshot import SourceFile

_HASH_BYTES = 4 * 1024 * 1024


class RawBytes:
    """The part of a snapshot store that holds them: `root/raw/ab/<SHA-256>`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, file: SourceFile) -> Path:
        """Where the bytes of a file are."""
        return self.root / "raw" / file.sha256[:2] / file.sha256

    def fetch(self, delivery: Delivery, folder: Path, budget: Budget) -> SourceFile:
        """The bytes of a delivered file into a working folder, under their SHA-256. `budget`: of the whole pull.

        Raises SourceError: those of the place, LW-SRC-003 (the file is empty), LW-SRC-100 (the pull takes too much),
        LW-SRC-101 (not the file that the study file names). StoreError LW-SNP-004/005.
        """
        digest, size = hashlib.sha256(), 0
        arriving = folder / "arriving"
        # A piece is hashed while it is written and the next one is fetched.
        with store_writable(self.root), arriving.open("xb") as target, ThreadPoolExecutor(1) as hashing:
            for chunk in delivery.place.chunks(delivery.name):
                hashed = hashing.submit(digest.update, chunk)
                budget.spend(len(chunk), delivery.where)
                target.write(chunk)
                size += len(chunk)
                hashed.result()
        # REDCap answers with nothing where a form has no records yet.
        if not size and delivery.format != REDCAP:
            raise SourceError(
                "LW-SRC-003",
                "the file is empty",
                where=delivery.where,
                next_step="transfer it again, or leave it out by `include:`",
            )
        if delivery.sha256:
            check_sha256(digest.hexdigest(), delivery.sha256, delivery.where)
        with store_writable(self.root):
            arriving.rename(folder / digest.hexdigest())
        encoding = delivery.encoding if delivery.is_dataset else None
        return SourceFile(
            delivery.name,
            digest.hexdigest(),
            size,
            delivery.format,
            encoding=encoding,
            mapping=delivery.shape.digest,
        )

    def verify(self, file: SourceFile) -> None:
        """Hash the bytes of a file again. Raises IntegrityError LW-SNP-006 (gone), LW-SNP-007 (altered)."""
        for _ in self.chunks(file):
            pass

    def chunks(self, file: SourceFile) -> Iterator[bytes]:
        """The bytes of a file, piece by piece, hashed on the way; who uses them must take them to the end.

        Raises IntegrityError LW-SNP-006 (gone) before the first piece, LW-SNP-007 (altered) after the last one.
        """
        path = self.path(file)
        if not path.exists():
            raise IntegrityError(
                "LW-SNP-006",
                f"the raw bytes of {file.name} are gone",
                where=str(path),
                expected=f"SHA-256 {file.sha256}",
                next_step="restore the file from a backup, or pull the same files again",
            )
        digest = hashlib.sha256()
        with path.open("rb") as stored:
            while chunk := stored.read(_HASH_BYTES):
                digest.update(chunk)
                yield chunk
        if digest.hexdigest() != file.sha256:
            raise IntegrityError(
                "LW-SNP-007",
                f"the raw bytes of {file.name} are not those that were stored",
                where=str(path),
                expected=f"SHA-256 {file.sha256}",
                found=digest.hexdigest(),
                next_step="find out what changed it, and restore the file from a backup",
            )


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASH_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
