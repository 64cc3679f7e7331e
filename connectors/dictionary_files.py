"""The files of a MedDRA release, in the folder where its licence holder has them."""

from __future__ import annotations

from pathlib import Path

from longwatch.errors import StudyError
from longwatch.standards.hashing import sha256_of_bytes
from longwatch.standards.meddra import HIERARCHY, ORDER, Meddra, parse_hierarchy, parse_order


def read_dictionary(folder: Path) -> Meddra:
    """The hierarchy. Raises StudyError LW-DIC-002 (it cannot be read), LW-DIC-001 (it does not fit)."""
    return parse_hierarchy(read_release_file(folder, HIERARCHY), str(folder / HIERARCHY))


def read_soc_order(folder: Path) -> tuple[tuple[str, ...], str]:
    """The SOCs of the release in the internationally agreed order, and the digest of that file; nothing where the
    release has no such file. Raises StudyError LW-DIC-001, LW-DIC-002, LW-DIC-003."""
    if not any((folder / name).is_file() for name in (ORDER, ORDER.upper())):
        return (), ""
    content = read_release_file(folder, ORDER)
    return parse_order(content, read_dictionary(folder), str(folder / ORDER)), sha256_of_bytes(content)


def read_release_file(folder: Path, name: str) -> bytes:
    """The bytes of a file of the release, its name in small letters or capitals. Raises StudyError LW-DIC-002."""
    found = next((folder / each for each in (name, name.upper()) if (folder / each).is_file()), folder / name)
    try:
        return found.read_bytes()
    except OSError as unreadable:
        raise StudyError(
            "LW-DIC-002",
            f"the dictionary cannot be read: {unreadable.strerror}",
            where=str(found),
            expected=f"{name} of the ASCII release",
            next_step="correct dictionaries: meddra_folder in the study file, or remove it",
        ) from unreadable
