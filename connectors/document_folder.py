"""Documents for people, written into a folder that they name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from longwatch.errors import StoreError


def write_documents(folder: str, documents: Mapping[str, bytes]) -> tuple[str, ...]:
    """Where the documents are: all of them, or none after an error. One of the same name is replaced: it is made, not
    filled in.

    Raises StoreError LW-DOC-001 where the folder cannot be made or written.
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place, prefix=".writing-") as aside:
            for name, content in documents.items():
                (Path(aside) / name).write_bytes(content)
            for name in documents:
                os.replace(Path(aside) / name, place / name)
    except OSError as refused:
        raise StoreError(
            "LW-DOC-001",
            f"the documents cannot be written there ({refused.strerror or refused})",
            where=str(place),
            next_step="check who may write the folder and its room, or name another one with --to",
        ) from refused
    return tuple(str(place / name) for name in documents)
