"""What is done with one file, in a child: it is read as a pull reads it, and what was read is told by its hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from connectors.places.zip_members import bytes_in_zip, names_in_zip
from connectors.readers.typed_copy import read_dataset
from longwatch.standards.define_xml import parse_define
from longwatch.standards.odm import read_odm

LARGEST = 64 * 1024 * 1024


def read_file(path: Path, kind: str, name: str, encoding: str, target: Path) -> str:
    """A file of a format; SHA-256 of what it holds. Raises what the reader raises."""
    if kind == "zip":
        return _read_zip(path, name)
    if kind == "define":
        return _hash(repr(parse_define(path.read_bytes(), name)).encode())
    if kind == "odm":
        with path.open("rb") as source:
            snapshot = read_odm(source, name)
        return _hash(repr(snapshot.metadata).encode(), *map(str.encode, map(repr, snapshot.values.rows())))
    target.unlink(missing_ok=True)
    read_dataset(path, "xpt" if kind == "xpt8" else kind, encoding, None, target, name)
    frame = pl.read_parquet(target)
    return _hash(repr(frame.schema).encode(), *(each.hash().to_numpy().tobytes() for each in frame))


def _read_zip(path: Path, where: str) -> str:
    hashes = []
    for name in names_in_zip(path, where):
        digest, size = hashlib.sha256(), 0
        for chunk in bytes_in_zip(path, where, name):
            digest.update(chunk)
            size += len(chunk)
            if size > LARGEST:
                # A pull stops here, in the parent (LW-SRC-023).
                from longwatch.errors import SourceError

                raise SourceError("LW-SRC-023", "the zip unpacks to more than a zip of datasets does", where=where)
        hashes.append(digest.digest())
    return _hash(*sorted(hashes))


def _hash(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()
