"""An evidence package as one ZIP: whole under its name, or not there."""

from __future__ import annotations

import hashlib
import os
import uuid
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from longwatch.errors import StoreError, StudyError
from longwatch.evidence.package import PackedFile

VERIFIER = Path(__file__).with_name("verify.py")
_READ_BLOCK = 1 << 20
_MOMENT = (1980, 1, 1, 0, 0, 0)


def write_package(
    file: str, entries: Iterable[tuple[str, bytes]], seal: Callable[[tuple[PackedFile, ...]], tuple[str, bytes]]
) -> str:
    """Write the entries, the program that verifies them, and last what `seal` makes of the list; the ZIP's SHA-256.

    One entry is in memory at a time. The file is on the disk before it has its name, and never replaces another.

    Raises StudyError LW-PKG-001 where there is a file of that name; StoreError LW-PKG-002 where it cannot be written.
    """
    target = Path(file)
    staged = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            raise FileExistsError
        try:
            with zipfile.ZipFile(staged, "x", zipfile.ZIP_DEFLATED) as package:
                packed = []
                for name, content in (*entries, ("verify.py", VERIFIER.read_bytes())):
                    _add(package, name, content)
                    packed.append(PackedFile(name, hashlib.sha256(content).hexdigest(), len(content)))
                _add(package, *seal(tuple(packed)))
            with staged.open("rb") as written:
                os.fsync(written.fileno())
                digest = hashlib.sha256()
                while block := written.read(_READ_BLOCK):
                    digest.update(block)
            os.link(staged, target)
        finally:
            staged.unlink(missing_ok=True)
    except FileExistsError as there:
        raise StudyError(
            "LW-PKG-001",
            "a file of that name is there already, and is not written over",
            where=file,
            next_step="name another file with --to, or move this one",
        ) from there
    except OSError as refused:
        raise StoreError(
            "LW-PKG-002",
            f"the package cannot be written there ({refused.strerror or refused})",
            where=file,
            next_step="check who may write the folder and its room, or name another file with --to",
        ) from refused
    return digest.hexdigest()


def _add(package: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _MOMENT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    package.writestr(entry, content)
