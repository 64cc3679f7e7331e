"""A snapshot: the source files as they were, and the id that names them (CONTRACTS.md)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from longwatch.standards.hashing import sha256_of


@dataclass(frozen=True)
class FileDataset:
    """A dataset that was read from a file, and its number of records."""

    name: str
    rows: int


@dataclass(frozen=True)
class SourceFile:
    """One file of a snapshot: its name as delivered, the SHA-256 and size of its bytes, and what was read from it.

    `datasets`: one for most files, several for ODM, none for a file that is no dataset (define.xml, a catalogue of
    formats), whose `encoding` is None. `encoding` is the one the text was decoded with. `reader` names program and
    version that made the typed copy. `mapping`: the SHA-256 of the column map or ODM mapping, empty where there is
    none.
    """

    name: str
    sha256: str
    size: int
    format: str
    datasets: tuple[FileDataset, ...] = ()
    encoding: str | None = None
    reader: str = ""
    mapping: str = ""

    @property
    def dataset(self) -> str | None:
        """The dataset's name, of several their names; None where there is none."""
        return ", ".join(dataset.name for dataset in self.datasets) or None

    @property
    def rows(self) -> int | None:
        """The number of records, over all its datasets; None where there is none."""
        return sum(dataset.rows for dataset in self.datasets) if self.datasets else None


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

    def reading(self) -> tuple[tuple[str, ...], ...]:
        """How each file was read: name, dataset and encoding, empty where it has none; its mapping, where it has one.
        Sorted."""
        return tuple(
            sorted(
                (file.name, file.dataset or "", file.encoding or "", *([file.mapping] if file.mapping else []))
                for file in self.files
            )
        )


def compute_snapshot_id(files: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over the sorted pairs (dataset file name, SHA-256 of the file).

    Where the files lay (folder, zip, bucket), their order and their dates do not enter: the same bytes under the same
    names are the same snapshot. Source: CONTRACTS.md, Things and their ids.
    """
    return sha256_of(sorted([name, digest] for name, digest in files))
