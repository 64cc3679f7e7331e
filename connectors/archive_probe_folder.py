"""What a file of the archive folder withstands: twelve hostile calls, each against an object of its own.

They are what somebody with the rights of this process could do. A call is withstood where the archive still gives the
bytes back that were put. On a common file system most are not; on one that enforces write-once they are.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from longwatch.errors import LongwatchError
from longwatch.evidence.archived import PROBES, ProbeCall

if TYPE_CHECKING:
    from connectors.archive_folder import FolderArchive

_CONTENT = b"Put by `longwatch archive probe`, which tries to change and delete it. No evidence."
_OTHER = b"changed by the probe"
_MEDIA_TYPE = "text/plain"


def probe_folder(archive: FolderArchive, root: Path, progress: Callable[[str], None]) -> tuple[ProbeCall, ...]:
    """Each call and whether it was withstood; what the probe put is taken away afterwards. Raises OSError."""
    folder = f"{PROBES}{uuid.uuid4().hex}"
    made = []
    try:
        for number, (name, call) in enumerate(_CALLS.items(), start=1):
            progress(name)
            key = f"{folder}/{number:02d}"
            archive.put(key, _CONTENT, media_type=_MEDIA_TYPE)
            said = _tried(lambda call=call, key=key: call(archive, root, key))  # type: ignore[misc]
            made.append(ProbeCall(name, _is_kept(archive, key), said))
    finally:
        for place in (root / folder, root / ".receipts" / folder):
            _make_writable(place)
            shutil.rmtree(place, ignore_errors=True)
    return tuple(made)


def _tried(call: Callable[[], object]) -> str:
    try:
        call()
    except OSError as refused:
        return f"refused: {refused.strerror}"
    except LongwatchError as refused:
        return f"refused: {refused.error_id}"
    return "done"


def _is_kept(archive: FolderArchive, key: str) -> bool:
    try:
        return archive.get(key) == _CONTENT
    except LongwatchError:
        return False


def _make_writable(folder: Path) -> None:
    for place in (folder, *folder.rglob("*")):
        with suppress(OSError):
            place.chmod(0o755)


def _receipt(root: Path, key: str) -> Path:
    return root / ".receipts" / f"{key}.json"


def _change(_archive: FolderArchive, root: Path, key: str) -> None:
    (root / key).write_bytes(_OTHER)


def _permit_and_change(_archive: FolderArchive, root: Path, key: str) -> None:
    (root / key).chmod(0o644)
    (root / key).write_bytes(_OTHER)


def _append(_archive: FolderArchive, root: Path, key: str) -> None:
    with (root / key).open("ab") as opened:
        opened.write(_OTHER)


def _replace(_archive: FolderArchive, root: Path, key: str) -> None:
    other = (root / key).with_name(f"other-{uuid.uuid4().hex}")
    other.write_bytes(_OTHER)
    os.replace(other, root / key)


def _move(_archive: FolderArchive, root: Path, key: str) -> None:
    (root / key).rename((root / key).with_name("moved"))


def _change_receipt(_archive: FolderArchive, root: Path, key: str) -> None:
    _receipt(root, key).chmod(0o644)
    _receipt(root, key).write_bytes(_OTHER)


def _move_receipt(_archive: FolderArchive, root: Path, key: str) -> None:
    _receipt(root, key).rename(_receipt(root, key).with_name("moved.json"))


_CALLS: dict[str, Callable[[FolderArchive, Path, str], object]] = {
    "archive other bytes under its key": lambda archive, _root, key: archive.put(key, _OTHER, media_type=_MEDIA_TYPE),
    "write into the file": _change,
    "permit writing, then write": _permit_and_change,
    "append to the file": _append,
    "truncate the file": lambda _archive, root, key: os.truncate(root / key, 1),
    "replace the file": _replace,
    "move the file away": _move,
    "delete the file": lambda _archive, root, key: (root / key).unlink(),
    "change its receipt": _change_receipt,
    "move its receipt away": _move_receipt,
    "delete its receipt": lambda _archive, root, key: _receipt(root, key).unlink(),
    "delete its folder": lambda _archive, root, key: shutil.rmtree((root / key).parent),
}
