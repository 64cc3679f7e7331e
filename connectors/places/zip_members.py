"""What is in a zip, read without trusting it; runs in a child process (see `zipped.py`)."""

from __future__ import annotations

import errno
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from connectors.places.folder import source_readable
from connectors.places.place import CHUNK_BYTES
from longwatch.errors import SourceError

MEMBERS = 10_000
_ENCRYPTED = 0x1
_DRIVE = re.compile(r"[A-Za-z]:")
_LOCAL_HEADER = 30
_END = b"PK\x05\x06"
_TAIL = 22 + 65_535
_IN_ZIP64 = 0xFFFF


def names_in_zip(path: Path, where: str) -> list[str]:
    """The names of the files. Where all of them lie in one folder of the zip, that folder is the place.

    Raises SourceError LW-SRC-001/004 (missing, unreadable), LW-SRC-020 (no zip, or damaged; members that overlap),
    LW-SRC-021 (a name that leads out of the zip), LW-SRC-022 (a link or device), LW-SRC-024 (encrypted), LW-SRC-025
    (too many members), LW-SRC-005 (a name twice).
    """
    with _opened(path, where) as archive:
        return sorted(_members(archive, where))


def bytes_in_zip(path: Path, where: str, name: str) -> Iterator[bytes]:
    """The bytes of a file, compared with the checksum that the zip has of them. Raises as `names_in_zip`."""
    with _opened(path, where) as archive, archive.open(_members(archive, where)[name]) as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


@contextmanager
def _opened(path: Path, where: str) -> Iterator[zipfile.ZipFile]:
    try:
        with source_readable(where), _places_that_are(where), zipfile.ZipFile(path) as archive:
            yield archive
    except (
        # What zipfile says of a damaged one: its own error, and those of names and lengths that are none.
        zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError, struct.error, ValueError,
        OverflowError, RuntimeError,
    ) as damaged:  # fmt: skip
        raise _damaged(where, str(damaged) if isinstance(damaged, zipfile.BadZipFile) else "its tables") from damaged


@contextmanager
def _places_that_are(where: str) -> Iterator[None]:
    """A place in the file that cannot be: what the zip's tables say is wrong, not the disk."""
    try:
        yield
    except OSError as refused:
        if refused.errno != errno.EINVAL:
            raise
        raise _damaged(where, "its tables") from refused


def _damaged(where: str, what: str) -> SourceError:
    return SourceError(
        "LW-SRC-020",
        f"the zip is damaged, cut off or none ({what[:120]})",
        where=where,
        next_step="transfer it again and compare its size with the sender's; `unzip -t` tests it",
    )


def _members(archive: zipfile.ZipFile, where: str) -> dict[str, zipfile.ZipInfo]:
    """The members that lie side by side at the top, by name."""
    every = archive.infolist()
    if len(every) > MEMBERS:
        raise SourceError(
            "LW-SRC-025",
            "the zip has more members than a delivery has",
            where=where,
            expected=f"at most {MEMBERS:,}",
            found=f"{len(every):,}",
            next_step="if it is genuine, unpack it yourself and give the folder as source",
        )
    _check_side_by_side(every, where)
    files = [(_checked_path(member, where), member) for member in every if not member.is_dir()]
    _check_tables(archive, every, where)
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
                where=where,
                found="two members of that name in the zip",
                next_step="ask for a zip with each file once",
            )
        members[path.name] = member
    return members


def _check_tables(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], where: str) -> None:
    """The table at the end lists as many members as it counts, by the names that stand before their bytes.

    Python's reader ends at the first entry that it does not know, and compares names only of what is unpacked; a member
    that is lost, or in another folder by one flipped bit, would be passed over without a word.
    """
    file = archive.fp
    assert file is not None
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - _TAIL))
    tail = file.read()
    (counted,) = struct.unpack_from("<H", tail, tail.rindex(_END) + 10)
    if counted not in (len(members), _IN_ZIP64):
        raise _damaged(where, f"it counts {counted:,} members and lists {len(members):,}")
    for member in members:
        archive.open(member).close()


def _check_side_by_side(members: list[zipfile.ZipInfo], where: str) -> None:
    """No two members share bytes: bombs that grow a millionfold are made of members that do.

    Source: D. Fifield, "A better zip bomb", WOOT 2019.
    """
    end = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset < end:
            raise _damaged(where, "two members overlap")
        end = member.header_offset + _LOCAL_HEADER + member.compress_size


def _checked_path(member: zipfile.ZipInfo, where: str) -> PurePosixPath:
    # Some programs write Windows separators, which Python leaves as they are.
    name = member.filename.replace("\\", "/")
    path = PurePosixPath(name)
    if path.is_absolute() or _DRIVE.match(name) or ".." in path.parts or not path.parts:
        raise SourceError(
            "LW-SRC-021",
            "a name in the zip leads out of the zip",
            where=where,
            expected="names without .., drive or leading /",
            found=repr(member.filename[:80]),
            next_step="do not unpack it; ask the sender what this is",
        )
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise SourceError(
            "LW-SRC-022",
            "the zip holds something that is neither file nor folder",
            where=where,
            found=f"{'a link' if kind == stat.S_IFLNK else 'a device'}, {path.name}",
            next_step="ask for a zip of the files themselves",
        )
    if member.flag_bits & _ENCRYPTED:
        raise SourceError(
            "LW-SRC-024",
            "the zip is encrypted",
            where=where,
            next_step="decrypt it first; Longwatch keeps no passwords of files",
        )
    return path
