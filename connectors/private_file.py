"""A file with a secret in it: made once, whole, and read by its owner only."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from pathlib import Path


def make_private_file(file: Path, content: bytes) -> None:
    """Write a file under its name in one step: of two processes that make it, both use the one that came first. Raises
    OSError, and then there is none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    staged = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    try:
        with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        with suppress(FileExistsError):
            os.link(staged, file)
    finally:
        staged.unlink(missing_ok=True)
