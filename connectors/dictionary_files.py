"""The files of a MedDRA release, in the folder where its licence holder has them."""

from __future__ import annotations

from pathlib import Path

from longwatch.errors import StudyError
from longwatch.standards.meddra import HIERARCHY, Meddra, parse_hierarchy


def read_dictionary(folder: Path) -> Meddra:
    """The hierarchy. Raises StudyError LW-DIC-002 (it cannot be read), LW-DIC-001 (it does not fit)."""
    return parse_hierarchy(read_release_file(folder, HIERARCHY), str(folder / HIERARCHY))


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
