"""The archive as a local folder: written once, hashed, read back; not WORM, and it says so.

    <key>                   the bytes, read-only, under their own name: the archive can be read with any file browser
    .receipts/<key>.json    key, SHA-256, size, media type, when: written last, so what has none was never confirmed
    .kept/<key>.json        until when it is retained, whether it is on legal hold (`archive_folder_locks`)
    .incoming/              what is being written; nothing here is archived

An object appears under its key in one step, whole and on the disk (`link` of a synced file, which never replaces), and
its receipt after it in the same way. A process that dies between the two leaves bytes without a receipt; putting the
same bytes again completes it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.archive_folder_locks import FolderLocks
from connectors.archive_keys import check_key, is_key
from connectors.archive_refusals import (
    changed_bytes,
    differs_when_read_back,
    nothing_there,
    other_bytes,
    without_receipt,
)
from longwatch.errors import IntegrityError, StoreError
from longwatch.evidence.archived import ArchiveDescription, ArchiveReceipt, ProbeCall, StoredKind, StoredObject
from longwatch.standards.hashing import sha256_of_bytes

LEFTOVER_SECONDS = 24 * 3600
"""A file in `.incoming/` that is so much older than a new one was left by a process that was killed."""

_READ_BLOCK = 1 << 20


class FolderArchive:
    """A folder that keeps what is put into it. Fits the port `Archive`.

    It cannot refuse deletion by whoever owns the folder: retention and holds bind Longwatch, and a row of them that was
    taken away is found by the scrub.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._receipts = root / ".receipts"
        self._incoming = root / ".incoming"
        self._locks = FolderLocks(root / ".kept", self._stage)

    @property
    def place(self) -> str:
        """Where it is."""
        return str(self._root)

    def describe(self) -> ArchiveDescription:
        """A folder, without Object Lock."""
        return ArchiveDescription(
            "local folder",
            str(self._root),
            object_lock=False,
            note="not WORM: whoever may write this folder can delete what is in it; a change is found by its hash",
        )

    def check(self) -> None:
        """Make the folder if need be, write a file and take it away. StoreError LW-ARC-002 to LW-ARC-005."""
        with self._refusals("the archive folder"):
            self._stage(b"check").unlink()

    def put(self, key: str, content: bytes, *, media_type: str, retain_until: datetime | None = None) -> ArchiveReceipt:
        """Store bytes once, synced to the disk and read back from it.

        Cases: nothing under the key → stored; the same bytes → the first receipt; other bytes → IntegrityError
        LW-ARC-007, also for the loser of a race. `retain_until` is a row beside it.

        Raises StudyError LW-ARC-001 (the key), StoreError LW-ARC-002 to LW-ARC-005 (the folder, nothing is left
        behind), IntegrityError LW-ARC-009 (what was read back differs).
        """
        digest = sha256_of_bytes(content)
        before = self.head(key)
        if before is not None and before.sha256 != digest:
            raise other_bytes(key, before.sha256, digest)
        with self._refusals(key):
            staged = self._stage(content)
            try:
                found = _sha256_of_file(staged)
                if found != digest:
                    raise differs_when_read_back(key, digest, found)
                kept = self._root / key
                if not _link_once(staged, kept):
                    found = _sha256_of_file(kept)
                    if found != digest:
                        raise other_bytes(key, found, digest)
                self._write_receipt(key, digest, len(content), media_type, staged.stat().st_mtime)
                if retain_until is not None and before is None:
                    self._locks.retain(key, retain_until)
            finally:
                staged.unlink()
        receipt = self.head(key)
        if receipt is None or receipt.sha256 != digest:
            raise other_bytes(key, receipt.sha256 if receipt else "nothing", digest)
        return receipt

    def get(self, key: str) -> bytes:
        """The bytes, their hash compared with the receipt.

        Raises StoreError LW-ARC-006 where there are none; IntegrityError LW-ARC-008 where they are not those of the
        receipt, LW-ARC-010 where there is no receipt, LW-ARC-011 where there is only a receipt.
        """
        receipt = self.head(key)
        with self._refusals(key):
            try:
                content = (self._root / key).read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                if receipt is None:
                    raise nothing_there(key) from None
                raise IntegrityError(
                    "LW-ARC-011",
                    "the archive has a receipt of this object, but not the object",
                    where=key,
                    expected=receipt.sha256,
                    found="no file",
                    next_step="find out who deleted it, and restore it from a backup",
                ) from None
        if receipt is None:
            raise without_receipt(key)
        found = sha256_of_bytes(content)
        if found != receipt.sha256:
            raise changed_bytes(key, receipt.sha256, found)
        return content

    def head(self, key: str) -> ArchiveReceipt | None:
        """The receipt, or None where the key was never confirmed. IntegrityError LW-ARC-012 where it is unreadable."""
        check_key(key)
        with self._refusals(key):
            try:
                text = self._receipt_file(key).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None
        try:
            fields: dict[str, Any] = json.loads(text)
            if fields["key"] != key:
                raise ValueError("a receipt of another key")
            stored_at = datetime.fromisoformat(fields["stored_at"])
            receipt = ArchiveReceipt(key, str(fields["sha256"]), int(fields["size"]), stored_at=stored_at)
        except (ValueError, KeyError, TypeError) as damaged:
            raise IntegrityError(
                "LW-ARC-012",
                "the receipt of this object is damaged",
                where=key,
                found=type(damaged).__name__,
                next_step="keep it as it is, find out who changed it, and restore it from a backup",
            ) from damaged
        with self._refusals(key):
            kept = self._locks.read(key)
        return replace(receipt, retain_until=kept.until, held=kept.held)

    def retain(self, key: str, until: datetime) -> ArchiveReceipt:
        """Keep an object at least so long. StudyError LW-ARC-027 where it is kept longer already; what `head` raises,
        StoreError LW-ARC-006 where there is none."""
        self._confirmed(key)
        with self._refusals(key):
            self._locks.retain(key, until)
        return self._confirmed(key)

    def hold(self, key: str, on: bool) -> ArchiveReceipt:
        """Put an object on legal hold, or lift it. StoreError LW-ARC-006 where there is none."""
        self._confirmed(key)
        with self._refusals(key):
            self._locks.hold(key, on)
        return self._confirmed(key)

    def remove(self, key: str, now: datetime) -> bool:
        """Take an object away, its receipt last; False where there is none. StudyError LW-ARC-028 where it is kept."""
        check_key(key)
        with self._refusals(key), self._locks.removable(key, now):
            try:
                (self._root / key).unlink()
                _sync_folder((self._root / key).parent)
                gone = True
            except (FileNotFoundError, NotADirectoryError):
                gone = False
            try:
                self._receipt_file(key).unlink()
                _sync_folder(self._receipt_file(key).parent)
            except (FileNotFoundError, NotADirectoryError):
                return gone
        return True

    def _confirmed(self, key: str) -> ArchiveReceipt:
        receipt = self.head(key)
        if receipt is None:
            raise nothing_there(key)
        return receipt

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys with a receipt that begin so, sorted."""
        with self._refusals("the archive folder"):
            found = sorted(key for key in self._all_keys() if key.startswith(prefix))
        yield from found

    def survey(self) -> Iterator[StoredObject]:
        """Every file of the folder, sorted by key, and every receipt that has none."""
        with self._refusals("the archive folder"):
            receipts = set(self._all_keys())
            found = sorted(self._all_files(receipts), key=lambda stored: stored.key)
        yield from found
        for key in sorted(receipts - {stored.key for stored in found}):
            yield StoredObject(key, StoredKind.RECEIPT_ONLY)

    def measure(self, key: str, version: str = "") -> tuple[str, int]:
        """SHA-256 and size of the bytes as they are, whatever the receipt says.

        Raises StoreError LW-ARC-006 where there are none, LW-ARC-002 to LW-ARC-005.
        """
        check_key(key)
        with self._refusals(key):
            try:
                return _sha256_of_file(self._root / key), (self._root / key).stat().st_size
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                raise nothing_there(key) from None

    def probe(self, now: datetime, progress: Callable[[str], None]) -> tuple[ProbeCall, ...]:
        """What a file of this folder withstands (`archive_probe_folder`)."""
        from connectors.archive_probe_folder import probe_folder

        with self._refusals("the archive folder"):
            return probe_folder(self, self._root, progress)

    def _all_files(self, receipts: Collection[str]) -> Iterator[StoredObject]:
        ours = (self._receipts, self._incoming, self._locks.folder)
        for folder, folders, names in os.walk(self._root, onerror=_raise_unless_absent):
            folders[:] = [name for name in folders if Path(folder, name) not in ours]
            for name in [*names, *(each for each in folders if Path(folder, each).is_symlink())]:
                file = Path(folder, name)
                key = file.relative_to(self._root).as_posix()
                if file.is_symlink() or not is_key(key):
                    kind = StoredKind.STRANGE
                else:
                    kind = StoredKind.OBJECT if key in receipts else StoredKind.WITHOUT_RECEIPT
                yield StoredObject(key, kind, file.lstat().st_size)

    def _all_keys(self) -> Iterator[str]:
        for folder, _folders, names in os.walk(self._receipts, onerror=_raise_unless_absent):
            inside = Path(folder).relative_to(self._receipts)
            yield from ((inside / name).as_posix().removesuffix(".json") for name in names)

    def _receipt_file(self, key: str) -> Path:
        return self._receipts / f"{key}.json"

    def _stage(self, content: bytes) -> Path:
        """A read-only file in `.incoming/`, whole and on the disk; what a killed process left there is removed."""
        _make_folder(self._incoming)
        staged = self._incoming / f"{uuid.uuid4().hex}.part"
        try:
            descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            newest = staged.stat().st_mtime
            for leftover in self._incoming.glob("*.part"):
                if _age(leftover, newest) > LEFTOVER_SECONDS:
                    leftover.unlink(missing_ok=True)
        except OSError:
            staged.unlink(missing_ok=True)
            raise
        return staged

    def _write_receipt(self, key: str, digest: str, size: int, media_type: str, stored: float) -> None:
        fields = {
            "key": key,
            "sha256": digest,
            "size": size,
            "media_type": media_type,
            "stored_at": datetime.fromtimestamp(stored, UTC).isoformat(),
        }
        if self._receipt_file(key).exists():
            return
        staged = self._stage(json.dumps(fields, indent=1).encode())
        try:
            _link_once(staged, self._receipt_file(key))
        finally:
            staged.unlink()

    @contextmanager
    def _refusals(self, where: str) -> Iterator[None]:
        """What the operating system refuses, by cause."""
        try:
            yield
        except OSError as refused:
            raise self._error_of(refused, where) from refused

    def _error_of(self, refused: OSError, where: str) -> StoreError:
        found = refused.strerror or type(refused).__name__
        place = f"{self._root} ({where})"
        match refused.errno:
            case errno.EACCES | errno.EPERM | errno.EROFS:
                return StoreError(
                    "LW-ARC-002",
                    "the archive folder may not be written",
                    where=place,
                    found=found,
                    next_step="give the account that runs Longwatch the right to write and link there",
                )
            case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
                return StoreError(
                    "LW-ARC-003",
                    "there is no room in the archive folder",
                    where=place,
                    found=found,
                    next_step="free space or raise the quota, then run again; nothing half-written was left",
                )
            case errno.ENOTDIR | errno.EEXIST | errno.EISDIR:
                return StoreError(
                    "LW-ARC-004",
                    "a file is where the archive needs a folder, or a folder where it needs a file",
                    where=place,
                    found=refused.filename or found,
                    next_step="name another folder in LONGWATCH_ARCHIVE, or move what is in the way",
                )
        return StoreError(
            "LW-ARC-005",
            "the archive folder cannot be used",
            where=place,
            found=found,
            next_step="check the disk; the folder must be on a file system with hard links",
        )


def _link_once(staged: Path, target: Path) -> bool:
    """Give the staged file its name, on the disk; False where the name is taken. Never replaces."""
    _make_folder(target.parent)
    try:
        os.link(staged, target)
    except FileExistsError:
        return False
    _sync_folder(target.parent)
    return True


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each known to the disk."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        _sync_folder(each.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _age(file: Path, now: float) -> float:
    try:
        return now - file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _sha256_of_file(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(_READ_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _raise_unless_absent(refused: OSError) -> None:
    if not isinstance(refused, FileNotFoundError):
        raise refused
