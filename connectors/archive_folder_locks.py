"""Retention and legal holds of the objects of a folder archive: a row beside each object that has one.

A row is replaced whole, in one step that is on the disk. Changes take turns by a lock that the operating system keeps
and gives back when a process dies, so a hold and a longer retention at the same moment both stay.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from connectors.archive_refusals import not_shortened, still_kept
from longwatch.errors import IntegrityError


@dataclass(frozen=True)
class Kept:
    """Until when an object is retained (None: not), and whether it is on legal hold."""

    until: datetime | None = None
    held: bool = False


class FolderLocks:
    """The rows. `stage`: gives a whole file, on the disk, that a row is made of by a rename."""

    def __init__(self, folder: Path, stage: Callable[[bytes], Path]) -> None:
        self.folder = folder
        self._stage = stage

    def read(self, key: str) -> Kept:
        """The row of an object. IntegrityError LW-ARC-029 where it is damaged."""
        try:
            text = self._file(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return Kept()
        try:
            fields = json.loads(text)
            until = datetime.fromisoformat(fields["retain_until"]) if fields["retain_until"] else None
            return Kept(until, bool(fields["held"]))
        except (ValueError, KeyError, TypeError) as damaged:
            raise IntegrityError(
                "LW-ARC-029",
                "the retention row of this object is damaged",
                where=key,
                found=type(damaged).__name__,
                next_step="keep it as it is, find out who changed it, and restore it from a backup",
            ) from damaged

    def retain(self, key: str, until: datetime) -> None:
        """A longer retention. StudyError LW-ARC-027 where it would be shorter."""
        with self._turn():
            kept = self.read(key)
            if kept.until is not None and until < kept.until:
                raise not_shortened(key, kept.until, until)
            self._write(key, kept, replace(kept, until=until.astimezone(UTC)))

    def hold(self, key: str, on: bool) -> None:
        """On legal hold, or no longer."""
        with self._turn():
            kept = self.read(key)
            self._write(key, kept, replace(kept, held=on))

    @contextmanager
    def removable(self, key: str, now: datetime) -> Iterator[None]:
        """While an object is removed nobody retains or holds it; its row goes with it. StudyError LW-ARC-028."""
        with self._turn():
            kept = self.read(key)
            if kept.held:
                raise still_kept(key, "it is on legal hold")
            if kept.until is not None and now < kept.until:
                raise still_kept(key, f"it is retained until {kept.until:%Y-%m-%d %H:%M:%S} UTC")
            yield
            self._file(key).unlink(missing_ok=True)

    def _write(self, key: str, before: Kept, after: Kept) -> None:
        if before == after:
            return
        fields = {"key": key, "retain_until": after.until.isoformat() if after.until else None, "held": after.held}
        file = self._file(key)
        file.parent.mkdir(parents=True, exist_ok=True)
        staged = self._stage(json.dumps(fields, indent=1).encode())
        try:
            os.rename(staged, file)
        except OSError:
            staged.unlink(missing_ok=True)
            raise
        descriptor = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / ".turn", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.json"
