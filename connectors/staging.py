"""Writing into a store so that a failure leaves nothing behind: work aside, then move in.

Locks are `flock` on directories: they end with the process that holds them, and leave no files.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from longwatch.errors import StoreError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def store_writable(root: Path) -> Iterator[None]:
    """What the operating system refuses inside becomes StoreError LW-SNP-005 (no room), LW-SNP-004 (anything else)."""
    try:
        yield
    except OSError as refused:
        if refused.errno in _FULL:
            raise StoreError(
                "LW-SNP-005",
                "there is no room left in the snapshot store",
                where=str(root),
                next_step="free space or set LONGWATCH_HOME to a larger disk; nothing was half stored",
            ) from refused
        raise StoreError(
            "LW-SNP-004",
            f"the snapshot store cannot be written ({refused.strerror or refused})",
            where=str(root),
            next_step="check that the folder exists and who may write it, or set LONGWATCH_HOME to another one",
        ) from refused


@contextmanager
def store_readable(root: Path) -> Iterator[None]:
    """What the operating system refuses inside becomes StoreError LW-SNP-012."""
    try:
        yield
    except OSError as refused:
        raise StoreError(
            "LW-SNP-012",
            f"the snapshot store cannot be read ({refused.strerror or refused})",
            where=str(root),
            next_step="check who may read the folder, and the disk or share that it lies on",
        ) from refused


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Only one process or thread is inside for this folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def staging_folder(root: Path) -> Iterator[Path]:
    """A folder of one's own below `root/staging`, gone afterwards whatever happens.

    What a killed process left there goes first: nobody holds its lock any more.
    """
    with store_writable(root):
        place = root / "staging"
        place.mkdir(parents=True, exist_ok=True)
        with locked(root):
            _remove_abandoned(place)
            folder = Path(tempfile.mkdtemp(dir=place))
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _remove_abandoned(place: Path) -> None:
    for folder in place.iterdir():
        handle = os.open(folder, os.O_RDONLY)
        try:
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)


def flush(path: Path) -> None:
    """What was written to a file, or a folder's list of names, is on the disk when this returns."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_flushed(path: Path, content: bytes) -> None:
    """A new file with that content, on the disk, readable only."""
    with path.open("xb") as file:
        file.write(content)
    path.chmod(0o444)
    flush(path)
