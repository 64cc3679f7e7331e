"""Study files on disk."""

from __future__ import annotations

import os
from pathlib import Path

from longwatch.errors import StudyError
from longwatch.study import KnownNames, Study, parse_study
from longwatch.study.pool import Pool, parse_pool


def read_study(path: Path, known: KnownNames | None = None) -> tuple[Study, str]:
    """The study of a file, and the folder that its relative source paths start from. `known`: names it may use.

    Raises StudyError LW-STU-010 where the file cannot be read, and what `parse_study` raises.
    """
    return parse_study(read_text(path), path.name, known or KnownNames()), str(path.resolve().parent)


def read_pool(path: Path) -> tuple[Pool, tuple[tuple[Study, str], ...]]:
    """The pool of a file, and each of its studies with the folder that its relative paths start from.

    Raises StudyError LW-STU-010 where a file cannot be read, and what `parse_pool` and `parse_study` raise.
    """
    pool = parse_pool(read_text(path), path.name)
    return pool, tuple(read_study(path.resolve().parent / study.file) for study in pool.studies)


def read_text(path: Path) -> str:
    """The text of a study file. Raises StudyError LW-STU-010 where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        reason = unreadable.strerror if isinstance(unreadable, OSError) else "its text is not UTF-8"
        raise StudyError(
            "LW-STU-010",
            f"the study file cannot be read: {reason}",
            where=str(path),
            next_step="give the path of a study file; `longwatch study init SOURCE` writes one",
        ) from unreadable


def name_source(source: str, study_file: Path) -> str:
    """A source as a study file there names it: relative to its folder where it is a path, else as it is."""
    if "://" in source:
        return source
    path = Path(source).expanduser()
    return source if path.is_absolute() else os.path.relpath(path, study_file.resolve().parent)


def check_new(path: Path) -> None:
    """Raise StudyError LW-STU-011 where something is there already."""
    if path.exists() or path.is_symlink():
        raise StudyError(
            "LW-STU-011",
            "there is a file already, and a study file is never overwritten",
            where=str(path),
            next_step="name another one with --to, or move it away",
        )


def write_new(path: Path, text: str) -> None:
    """Write a new study file. Raises StudyError LW-STU-011 (something is there), LW-STU-014 (it cannot be written)."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        check_new(path)
    except OSError as refused:
        raise StudyError(
            "LW-STU-014",
            f"the study file cannot be written: {refused.strerror}",
            where=str(path),
            next_step="name a file in a folder that is there and can be written, with --to",
        ) from refused
