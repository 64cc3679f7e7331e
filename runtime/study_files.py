"""Study files on disk."""

from __future__ import annotations

from pathlib import Path

from longwatch.errors import StudyError
from longwatch.study import Study, parse_study


def read_study(path: Path) -> tuple[Study, str]:
    """The study of a file, and the folder that its relative source paths start from.

    Raises StudyError LW-STU-010 where the file cannot be read, and what `parse_study` raises.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        reason = unreadable.strerror if isinstance(unreadable, OSError) else "its text is not UTF-8"
        raise StudyError(
            "LW-STU-010",
            f"the study file cannot be read: {reason}",
            where=str(path),
            next_step="give the path of a study file; the README shows one",
        ) from unreadable
    return parse_study(text, path.name), str(path.resolve().parent)
