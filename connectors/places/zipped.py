"""A zip of dataset files, read without trusting it."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from connectors.places.folder import source_readable
from connectors.places.place import CHUNK_BYTES
from longwatch.errors import SourceError

_ENCRYPTED = 0x1
_DRIVE = re.compile(r"[A-Za-z]:")


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
    shown: str = ""
    _unpacked: int = 0

    @property
    def where(self) -> str:
        """The path of the zip, or the address that it was fetched from."""
        return self.shown or str(self.path)

    def names(self) -> tuple[str, ...]:
        """The names of its files.

        Raises SourceError LW-SRC-001/004 (missing, unreadable), LW-SRC-020 (no zip, or damaged), LW-SRC-021 (a name
        that leads out of the zip), LW-SRC-022 (a link or device), LW-SRC-024 (encrypted), LW-SRC-005 (a name twice).
        """
        with self._opened() as archive:
            members = self._members(archive)
        return tuple(sorted(members))

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a file. Raises SourceError as `names`, and LW-SRC-023 (the zip unpacks to too much)."""
        with self._opened() as archive, archive.open(self._members(archive)[name]) as file:
            while chunk := file.read(CHUNK_BYTES):
                self._unpacked += len(chunk)
                self._check_size()
                yield chunk

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        try:
            with source_readable(self.where), zipfile.ZipFile(self.path) as archive:
                yield archive
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as damaged:
            raise SourceError(
                "LW-SRC-020",
                f"the zip is damaged, cut off or none ({damaged})",
                where=self.where,
                next_step="transfer it again and compare its size with the sender's; `unzip -t` tests it",
            ) from damaged

    def _members(self, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
        """The members that lie side by side at the top, by name."""
        files = [(self._checked_path(member), member) for member in archive.infolist() if not member.is_dir()]
        files = [(path, member) for path, member in files if path.parts[0] != "__MACOSX"]
        while len({path.parts[0] for path, _ in files}) == 1 and all(len(path.parts) > 1 for path, _ in files):
            files = [(PurePosixPath(*path.parts[1:]), member) for path, member in files]
        members: dict[str, zipfile.ZipInfo] = {}
        for path, member in files:
            if len(path.parts) > 1:
                continue
            if path.name in members:
                raise SourceError(
                    "LW-SRC-005",
                    f"the file name {path.name} is delivered twice",
                    where=self.where,
                    found="two members of that name in the zip",
                    next_step="ask for a zip with each file once",
                )
            members[path.name] = member
        return members

    def _checked_path(self, member: zipfile.ZipInfo) -> PurePosixPath:
        # Some programs write Windows separators, which Python leaves as they are.
        name = member.filename.replace("\\", "/")
        path = PurePosixPath(name)
        if path.is_absolute() or _DRIVE.match(name) or ".." in path.parts or not path.parts:
            raise SourceError(
                "LW-SRC-021",
                "a name in the zip leads out of the zip",
                where=self.where,
                expected="names without .., drive or leading /",
                found=repr(member.filename[:80]),
                next_step="do not unpack it; ask the sender what this is",
            )
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise SourceError(
                "LW-SRC-022",
                "the zip holds something that is neither file nor folder",
                where=self.where,
                found=f"{'a link' if kind == stat.S_IFLNK else 'a device'}, {path.name}",
                next_step="ask for a zip of the files themselves",
            )
        if member.flag_bits & _ENCRYPTED:
            raise SourceError(
                "LW-SRC-024",
                "the zip is encrypted",
                where=self.where,
                next_step="decrypt it first; Longwatch keeps no passwords of files",
            )
        return path

    def _check_size(self) -> None:
        by_ratio = max(self.limits.small_bytes, self.limits.ratio * self.path.stat().st_size)
        allowed = min(self.limits.total_bytes, by_ratio)
        if self._unpacked > allowed:
            raise SourceError(
                "LW-SRC-023",
                "the zip unpacks to more than a zip of datasets does",
                where=self.where,
                expected=f"at most {allowed:,} bytes",
                found="more; unpacking was stopped",
                next_step="if it is genuine, unpack it yourself and give the folder as source",
            )
