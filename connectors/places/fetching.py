"""Fetching from another machine: patience, limits and checksums, in one place for every kind of source.

Patience: a broken transfer is taken up where it broke, a refused one that may pass is asked for again, each time after
a longer wait. The count of attempts begins anew only where a mebibyte came through, so that all of it is bounded.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol, TypeVar

from longwatch.errors import SourceError

Result = TypeVar("Result")

LONGEST_WAIT = 30.0
PROGRESS_BYTES = 1024 * 1024


@dataclass(frozen=True)
class FetchLimits:
    """How long and how much: the settings LONGWATCH_SOURCE_… (docs/commands.md).

    `total_bytes`: of one pull, over all its sources. `rows`: of one table or query. `attempts`: in a row without
    progress. `wait_seconds`: before the second attempt; doubled for each one more.
    """

    total_bytes: int = 50 * 1024**3
    rows: int = 500_000_000
    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    statement_seconds: float = 900.0
    attempts: int = 4
    wait_seconds: float = 1.0


class Passing(Exception):
    """What may pass: a broken connection, a busy server. `error`: what it becomes where it does not pass. `after`: how
    long the server asked to wait."""

    def __init__(self, error: SourceError, after: float = 0.0) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after


def persist(work: Callable[[], Result], limits: FetchLimits) -> Result:
    """What the work returns, asked for again while it raises `Passing`; then the error that this holds."""
    patience = _Patience(limits)
    while True:
        try:
            return work()
        except Passing as failed:
            patience.wait(failed)


def resume(pieces_from: Callable[[int], Iterator[bytes]], limits: FetchLimits) -> Iterator[bytes]:
    """The pieces of a file, from the byte where they last broke off; `pieces_from` begins at a byte.

    Raises what `Passing` holds where the attempts are used up.
    """
    patience = _Patience(limits)
    received = 0
    while True:
        try:
            for piece in pieces_from(received):
                received += len(piece)
                patience.progress(len(piece))
                yield piece
            return
        except Passing as failed:
            patience.wait(failed)


class _Patience:
    def __init__(self, limits: FetchLimits) -> None:
        self._limits = limits
        self._failed = 0
        self._since = 0

    def progress(self, size: int) -> None:
        self._since += size
        if self._since >= PROGRESS_BYTES:
            self._failed = 0

    def wait(self, failed: Passing) -> None:
        self._failed += 1
        self._since = 0
        if self._failed >= self._limits.attempts:
            raise failed.error from None
        time.sleep(min(LONGEST_WAIT, max(failed.after, self._limits.wait_seconds * 2 ** (self._failed - 1))))


@dataclass
class Budget:
    """The bytes that may still arrive."""

    limits: FetchLimits
    arrived: int = 0

    def spend(self, size: int, where: str) -> None:
        """These bytes arrived, or are about to. Raises SourceError LW-SRC-100 where they are too many."""
        self.arrived += size
        if self.arrived > self.limits.total_bytes:
            raise SourceError(
                "LW-SRC-100",
                "the sources deliver more than one pull may take",
                where=where,
                expected=f"at most {self.limits.total_bytes:,} bytes in all",
                found="more; the transfer was stopped",
                next_step="check that it is the right place; LONGWATCH_SOURCE_BYTES allows more",
            )


def check_sha256(found: str, expected: str, where: str) -> None:
    """Raises SourceError LW-SRC-101 where a file is not the one of the study file's `sha256:`."""
    if found != expected:
        raise SourceError(
            "LW-SRC-101",
            "the file is not the one that the study file names",
            where=where,
            expected=f"SHA-256 {expected}",
            found=found,
            next_step="ask the sender which file is right; then correct `sha256:`, or transfer the file again",
        )


class _Running(Protocol):
    def update(self, content: Any, /) -> None: ...
    def digest(self) -> bytes: ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, content: Any, /) -> None:
        self._value = zlib.crc32(content, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


_ALGORITHMS: dict[str, Callable[[], _Running]] = {
    "sha-512": hashlib.sha512,
    "sha-256": hashlib.sha256,
    "sha": lambda: hashlib.sha1(usedforsecurity=False),
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "crc32": _Crc32,
}
_LISTED = re.compile(r"\s*([A-Za-z0-9-]+)=:?([A-Za-z0-9+/]+=*):?\s*")


@dataclass
class StatedChecksums:
    """What a server says that the bytes of a whole file come to, compared as they arrive.

    Cases: `Repr-Digest` and `Content-Digest` (RFC 9530), `Digest` (RFC 3230), `Content-MD5` (RFC 1864),
    `x-amz-checksum-sha256|sha1|crc32` (a composite one, of parts, ends in `-N` and is passed over) and `x-goog-hash`.
    An algorithm that is not known here, or a value that cannot be one of it, is passed over: nothing is claimed of it.
    """

    stated: Mapping[str, bytes]
    _running: dict[str, _Running] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._running = {name: _ALGORITHMS[name]() for name in self.stated}

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> StatedChecksums:
        """Those of an answer that holds the whole file. Names of headers in small letters."""
        said: list[tuple[str, str]] = []
        for name in ("repr-digest", "content-digest", "digest", "x-goog-hash"):
            found = (_LISTED.fullmatch(part) for part in headers.get(name, "").split(","))
            said += [(each[1], each[2]) for each in found if each]
        said.append(("md5", headers.get("content-md5", "")))
        said += [(name, headers.get(f"x-amz-checksum-{name}", "")) for name in ("sha256", "sha1", "crc32")]
        stated: dict[str, bytes] = {}
        for name, text in said:
            algorithm = {"sha256": "sha-256", "sha512": "sha-512", "sha1": "sha", "sha-1": "sha"}.get(
                name.lower(), name.lower()
            )
            value = _decoded(text)
            if algorithm in _ALGORITHMS and len(value) == len(_ALGORITHMS[algorithm]().digest()):
                stated.setdefault(algorithm, value)
        return cls(stated)

    def update(self, piece: bytes) -> None:
        """The next bytes of the file."""
        for running in self._running.values():
            running.update(piece)

    def check(self, where: str) -> None:
        """All bytes have arrived. Raises SourceError LW-SRC-102 where they are not what the server said."""
        for name, stated in self.stated.items():
            found = self._running[name].digest()
            if found != stated:
                raise_mismatch(where, f"{name} {stated.hex()}", found.hex())


def raise_mismatch(where: str, expected: str, found: str) -> NoReturn:
    """SourceError LW-SRC-102."""
    raise SourceError(
        "LW-SRC-102",
        "what arrived is not what the server says it sent",
        where=where,
        expected=expected,
        found=found,
        next_step="pull again; if it stays so, the file is damaged at the sender's or on the way",
    )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
