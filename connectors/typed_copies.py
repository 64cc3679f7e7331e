"""Typed copies of snapshots: Parquet with the metadata of the source, made from raw bytes, and made again any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event

import polars as pl

from connectors.parsing.children import Children
from connectors.places.sources import CATALOGUE, DEFINE, ODM
from connectors.raw_bytes import sha256_of_file
from connectors.readers.text import UTF_8
from connectors.readers.typed_copy import ReadResult, read_dataset
from connectors.snapshot_manifest import Manifest, TypedDataset, typed_from_bytes, typed_to_bytes
from connectors.staging import flush, store_writable, write_flushed
from connectors.stored_columns import StoredColumns
from longwatch.errors import IntegrityError, SourceError
from longwatch.evidence.snapshot import SourceFile
from longwatch.standards.dataset import Dataset, SourceData

LIST = "datasets.json"
LARGE = 32 * 1024 * 1024
"""Bytes from which on files are hashed at the same time."""


class TypedCopies:
    """The part of a snapshot store that holds them: `root/typed/<snapshot id>/<reading>/`."""

    def __init__(self, root: Path, children: Children) -> None:
        self.root = root
        self.children = children

    def path(self, manifest: Manifest) -> Path:
        """Where the typed copy of a snapshot is, as the readers of this version make it."""
        return self.root / "typed" / manifest.snapshot.id / manifest.reading

    def make(
        self, manifest: Manifest, raw_of: Callable[[SourceFile], Path], folder: Path, progress: Callable[[str], None]
    ) -> list[TypedDataset]:
        """Read every dataset file of a snapshot into a new folder, each in a child process, several at the same time.

        `raw_of` says where a file's bytes are.

        Raises SourceError: those of the readers and of the children, LW-SRC-006 (one dataset from two files).
        StoreError LW-SNP-004/005.
        """
        made: dict[str, TypedDataset] = {}
        files = manifest.snapshot.files
        define = next((raw_of(file).absolute() for file in files if file.format == DEFINE), None)
        catalogues = [(file.name, raw_of(file).absolute()) for file in files if file.format == CATALOGUE]
        parts = [(file, name) for file in files for name in manifest.names_in(file)]

        def say(part: tuple[SourceFile, str | None]) -> None:
            file, name = part
            progress(f"reading {file.name}" + (f" ({name})" if file.format == ODM else ""))

        def read(part: tuple[SourceFile, str | None], stop: Event) -> TypedDataset:
            file, name = part
            arriving = (folder / f"arriving {file.sha256} {parts.index(part)}").absolute()
            result = self.children.call(
                ReadResult,
                file.name,
                file.size,
                read_dataset,
                raw_of(file).absolute(),
                file.format,
                file.encoding or UTF_8,
                name,
                arriving,
                file.name,
                define,
                manifest.shape_of(file),
                catalogues,
                manifest.forms.get(file.name),
                stop=stop,
            )
            arriving.chmod(0o444)
            flush(arriving)
            return TypedDataset(file.name, arriving.name, sha256_of_file(arriving), result)

        with store_writable(self.root):
            folder.mkdir()
            reading = self.children.together(parts, say, read)
            with closing(reading):
                for each in reading:
                    name = each.result.dataset
                    _check_once(name, made, each.file)
                    (folder / each.parquet).rename(folder / f"{name}.parquet")
                    made[name] = replace(each, parquet=f"{name}.parquet")
            datasets = [made[name] for name in sorted(made)]
            write_flushed(folder / LIST, typed_to_bytes(datasets))
        return datasets

    def verified(self, manifest: Manifest) -> list[TypedDataset]:
        """The datasets of a typed copy, none of which has changed since it was made.

        Raises IntegrityError LW-SNP-009.
        """
        folder = self.path(manifest)
        try:
            datasets = typed_from_bytes((folder / LIST).read_bytes())
            hashes = _hashes([folder / each.parquet for each in datasets])
            changed = [each.parquet for each in datasets if hashes[folder / each.parquet] != each.sha256]
        except (FileNotFoundError, ValueError) as broken:
            raise _altered(folder, str(broken)) from broken
        if changed:
            raise _altered(folder, ", ".join(changed))
        return datasets

    def open(self, manifest: Manifest) -> SourceData:
        """The datasets, lazy. Raises IntegrityError LW-SNP-009 where one has changed."""
        folder = self.path(manifest)
        return SourceData(
            {
                each.result.dataset: Dataset(
                    name=each.result.dataset,
                    frame=pl.scan_parquet(folder / each.parquet),
                    rows=each.result.rows,
                    label=each.result.label,
                    variables=each.result.variables,
                    file=each.file,
                    parquet=str(folder / each.parquet),
                    read_parts=StoredColumns(folder / each.parquet),
                )
                for each in self.verified(manifest)
            }
        )


def _hashes(paths: Sequence[Path]) -> dict[Path, str]:
    """SHA-256 by file. Of large files the largest first, and beside it the others."""
    sizes = {path: path.stat().st_size for path in paths}
    if sum(sizes.values()) < LARGE:
        return {path: sha256_of_file(path) for path in paths}
    largest = sorted(paths, key=lambda path: sizes[path], reverse=True)
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(largest, pool.map(sha256_of_file, largest), strict=True))


def _check_once(dataset: str, made: Mapping[str, TypedDataset], file: str) -> None:
    if dataset in made:
        raise SourceError(
            "LW-SRC-006",
            f"two files deliver the dataset {dataset}",
            where=f"{made[dataset].file} and {file}",
            expected="one file per dataset",
            next_step="choose one by `include:`, or give a file a source of its own with `dataset:`",
        )


def _altered(folder: Path, what: str) -> IntegrityError:
    return IntegrityError(
        "LW-SNP-009",
        f"the typed copy is not what was written ({what})",
        where=str(folder),
        next_step="find out what changed it; remove the folder, and it is made again from the raw bytes",
    )
