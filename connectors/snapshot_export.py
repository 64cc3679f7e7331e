"""A snapshot given out as files: what was delivered, byte for byte, with what proves it.

    data/ae.xpt …     the raw files under their own names
    manifest.json     the snapshot's manifest: its id, and each file's name, SHA-256 and what was read from it
    SHA256SUMS        one line a file; `sha256sum -c SHA256SUMS` checks them. Written last: without it, the rest is
                      not whole

The raw files have a folder to themselves, so that no delivered name meets ours, and a pull of `data/` is the same
snapshot again.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.raw_bytes import RawBytes
from connectors.snapshot_manifest import Manifest
from connectors.staging import flush, store_readable
from longwatch.errors import IntegrityError, StoreError, StudyError
from longwatch.evidence.snapshot import SourceFile

DATA, MANIFEST, SUMS = "data", "manifest.json", "SHA256SUMS"


def export_snapshot(
    manifest: Manifest, raw: RawBytes, folder: Path, progress: Callable[[str], None]
) -> tuple[str, ...]:
    """The files of a snapshot into a folder, each hashed while it is written; the paths written, `SHA256SUMS` last.

    Cases: the folder is not there → made; it is empty → used; anything is in it, hidden files included → refused. After
    any failure nothing of the export is left in it.

    Raises StudyError LW-SNX-001 (the folder is not empty, or is no folder), StoreError LW-SNX-002 (it cannot be
    written), IntegrityError LW-SNX-003 (a file name of the manifest leads elsewhere), LW-SNP-006 and -007 (raw bytes
    are gone, were altered).
    """
    for file in manifest.snapshot.files:
        if Path(file.name).name != file.name:
            raise IntegrityError(
                "LW-SNX-003",
                "the manifest names a file that would lie outside its folder",
                where=f"snapshot {manifest.snapshot.id[:12]}",
                expected="a file name without a folder",
                found=repr(file.name[:80]),
                next_step="do not use this snapshot; find out who wrote its manifest, and pull the files again",
            )
    check_empty(folder)
    with _writable(folder), _whole_or_nothing(folder):
        sums = []
        for file in manifest.snapshot.files:
            progress(f"writing {file.name}")
            target = folder / DATA / file.name
            with target.open("xb") as written:
                for chunk in _stored(raw, file):
                    written.write(chunk)
            flush(target)
            sums.append(_line(file.sha256, f"{DATA}/{file.name}"))
        content = manifest.to_bytes()
        sums.append(_line(hashlib.sha256(content).hexdigest(), MANIFEST))
        for name, text in ((MANIFEST, content), (SUMS, "".join(sums).encode())):
            with (folder / name).open("xb") as written:
                written.write(text)
            flush(folder / name)
    names = (*(f"{DATA}/{file.name}" for file in manifest.snapshot.files), MANIFEST, SUMS)
    return tuple(str(folder / name) for name in names)


def check_empty(folder: Path) -> None:
    """Raise StudyError LW-SNX-001 where something is in the folder, or where it is none; a missing one will do."""
    with _writable(folder):
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return
    raise StudyError(
        "LW-SNX-001",
        "a snapshot is exported into a folder of its own",
        where=str(folder),
        expected="an empty folder, or one that is not there yet",
        found="a folder with something in it" if folder.is_dir() else "a file",
        next_step="name another folder with --to",
    )


@contextmanager
def _whole_or_nothing(folder: Path) -> Iterator[None]:
    """Where the block fails, what it wrote goes, and the folder too if it was not there before."""
    was_there = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    # Of two exports at once one fails here, and touches nothing of the other's.
    (folder / DATA).mkdir()
    try:
        yield
    except BaseException:
        shutil.rmtree(folder / DATA, ignore_errors=True)
        for name in (MANIFEST, SUMS):
            (folder / name).unlink(missing_ok=True)
        if not was_there:
            folder.rmdir()
        raise


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as refused:
        raise StoreError(
            "LW-SNX-002",
            f"the snapshot cannot be written there ({refused.strerror or refused})",
            where=str(folder),
            next_step="check who may write the folder and its room, or name another one with --to",
        ) from refused


def _stored(raw: RawBytes, file: SourceFile) -> Iterator[bytes]:
    with store_readable(raw.root):
        yield from raw.chunks(file)


def _line(sha256: str, name: str) -> str:
    """A line as `sha256sum` writes it; a name with a line break or a backslash is marked and escaped, as there."""
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == name else chr(92)}{sha256}  {escaped}\n"
