"""A submission's files in a new folder: the whole folder, or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from longwatch.errors import StoreError


def write_submission(folder: str, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files by their paths below a folder that is not there yet, or is empty.

    Raises StoreError LW-STG-005 where something is in it already, LW-STG-006 where it cannot be written.
    """
    place = Path(folder).resolve()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise StoreError(
            "LW-STG-005",
            "there is something already, and a submission is never written over another",
            where=str(place),
            next_step="name a new or an empty folder with --to",
        )
    aside: Path | None = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=place.parent, prefix=".staging-"))
        aside.chmod(0o755)
        for path, content in files:
            (aside / path).parent.mkdir(parents=True, exist_ok=True)
            (aside / path).write_bytes(content)
        if place.exists():
            place.rmdir()
        aside.rename(place)
    except OSError as refused:
        raise StoreError(
            "LW-STG-006",
            f"the submission cannot be written there ({refused.strerror or refused})",
            where=str(place),
            next_step="check who may write the folder and its room, or name another one with --to",
        ) from refused
    finally:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)
