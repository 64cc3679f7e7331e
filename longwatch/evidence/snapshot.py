"""A snapshot: the source files as they were, and the id that names them (CONTRACTS.md)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from longwatch.standards.hashing import sha256_of


@dataclass(frozen=True)
class SourceFile:
    """One file of a snapshot: its name as delivered, the SHA-256 and size of its bytes, and what was read from it.

    `dataset` is None for a file that is no dataset (define.xml). `rows` is None likewise. `encoding` is the one the
    text was decoded with. `reader` names program and version that made the typed copy.
    """

    name: str
    sha256: str
    size: int
    format: str
    dataset: str | None = None
    rows: int | None = None
    encoding: str | None = None
    reader: str = ""


@dataclass(frozen=True)
class SourceSnapshot:
    """The files of one cut, unchanged. `data_cutoff` is the data's own cut (TS.DCUTDTC), None where it has none."""

    id: str
    files: tuple[SourceFile, ...]
    data_cutoff: date | None = None

    @property
    def rows(self) -> int:
        """Records over all datasets."""
        return sum(file.rows or 0 for file in self.files)

    @property
    def size(self) -> int:
        """Bytes over all files."""
        return sum(file.size for file in self.files)

    def reading(self) -> tuple[tuple[str, str, str], ...]:
        """How each file was read: name, dataset and encoding, empty where it has none. Sorted."""
        return tuple(sorted((file.name, file.dataset or "", file.encoding or "") for file in self.files))


def compute_snapshot_id(files: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over the sorted pairs (dataset file name, SHA-256 of the file).

    Where the files lay (folder, zip, bucket), their order and their dates do not enter: the same bytes under the same
    names are the same snapshot. Source: CONTRACTS.md, Things and their ids.
    """
    return sha256_of(sorted([name, digest] for name, digest in files))
