"""A zip of dataset files: opened in a child process, its files streamed from there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from connectors.parsing.children import Children, children_of
from connectors.parsing.limits import ParseLimits
from connectors.places.folder import source_readable
from connectors.places.zip_members import bytes_in_zip, names_in_zip
from longwatch.errors import SourceError


@dataclass(frozen=True)
class ZipLimits:
    """How far a zip may unpack: bytes in all, and bytes per byte of the zip (not asked below `small_bytes`).

    Transport files are padded with blanks and shrink well, seldom below a hundredth; deflate cannot do better than
    a thousandth, which only bombs come near.
    """

    total_bytes: int = 50 * 1024**3
    ratio: int = 400
    small_bytes: int = 64 * 1024**2


@dataclass
class ZipPlace:
    """The files of a zip. Where all of them lie in one folder of the zip, that folder is the place.

    `shown`: what messages call it where that is not its path.
    """

    path: Path
    limits: ZipLimits = field(default_factory=ZipLimits)
    children: Children = field(default_factory=lambda: children_of(ParseLimits()))
    shown: str = ""
    _unpacked: int = 0

    @property
    def where(self) -> str:
        """The path of the zip, or the address that it was fetched from."""
        return self.shown or str(self.path)

    def names(self) -> tuple[str, ...]:
        """The names of its files. Raises SourceError as `names_in_zip`, and those of the children."""
        names = self.children.call(list[str], self.where, self._size(), names_in_zip, self.path.absolute(), self.where)
        return tuple(names)

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a file. Raises SourceError as `names`, and LW-SRC-023 (the zip unpacks to too much)."""
        size = self._size()
        arriving = self.children.stream(self.where, size, bytes_in_zip, self.path.absolute(), self.where, name)
        with closing(arriving):
            for chunk in arriving:
                self._unpacked += len(chunk)
                self._check_size(size)
                yield chunk

    def _size(self) -> int:
        with source_readable(self.where):
            return self.path.stat().st_size

    def _check_size(self, size: int) -> None:
        allowed = min(self.limits.total_bytes, max(self.limits.small_bytes, self.limits.ratio * size))
        if self._unpacked > allowed:
            raise SourceError(
                "LW-SRC-023",
                "the zip unpacks to more than a zip of datasets does",
                where=self.where,
                expected=f"at most {allowed:,} bytes",
                found="more; unpacking was stopped",
                next_step="if it is genuine, unpack it yourself and give the folder as source",
            )
