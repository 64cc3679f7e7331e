"""A folder, or one file of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.places.place import CHUNK_BYTES
from longwatch.errors import SourceError


@dataclass(frozen=True)
class FolderPlace:
    """The files of a folder, or only that one of them. Links are followed: sponsors' folders are often made of them."""

    folder: Path
    only: str | None = None

    @property
    def where(self) -> str:
        """The path."""
        return str(self.folder / self.only if self.only else self.folder)

    def names(self) -> tuple[str, ...]:
        """The names of the regular files.

        Raises SourceError LW-SRC-001 (there is no such path), LW-SRC-004 (it cannot be read).
        """
        with source_readable(self.where):
            if self.only is not None:
                (self.folder / self.only).stat()
                return (self.only,)
            return tuple(sorted(path.name for path in self.folder.iterdir() if path.is_file()))

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a file. Raises SourceError LW-SRC-001, LW-SRC-004."""
        path = self.folder / name
        with source_readable(str(path)), path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


@contextmanager
def source_readable(where: str) -> Iterator[None]:
    """What the operating system refuses inside becomes LW-SRC-001 (not there) or LW-SRC-004 (cannot be read)."""
    try:
        yield
    except FileNotFoundError as missing:
        raise SourceError(
            "LW-SRC-001",
            "there is no such file or folder",
            where=where,
            next_step="correct `path:` of this source in the study file (it starts from the study file's folder)",
        ) from missing
    except OSError as refused:
        raise SourceError(
            "LW-SRC-004",
            f"it cannot be read ({refused.strerror or type(refused).__name__})",
            where=where,
            next_step="check the permissions and the disk or share that it lies on",
        ) from refused
