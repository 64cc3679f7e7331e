"""Documents that a command names, read from disk."""

from __future__ import annotations

from pathlib import Path

from longwatch.errors import StudyError


def read_document(path: Path) -> bytes:
    """The bytes of a file. Raises StudyError LW-CLI-016 where they cannot be read."""
    try:
        return path.read_bytes()
    except OSError as unreadable:
        raise StudyError(
            "LW-CLI-016",
            f"the file cannot be read: {unreadable.strerror}",
            where=str(path),
            next_step="give the path of a file",
        ) from unreadable
