"""Typed copies of snapshots: Parquet with the metadata of the source, made from raw bytes, and made again any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from connectors.places.sources import CATALOGUE, DEFINE, ODM
from connectors.raw_bytes import sha256_of_file
from connectors.readers.text import UTF_8
from connectors.readers.typed_copy import read_dataset
from connectors.snapshot_manifest import Manifest, TypedDataset, typed_from_bytes, typed_to_bytes
from connectors.staging import flush, store_writable, write_flushed
from longwatch.errors import IntegrityError, SourceError
from longwatch.evidence.snapshot import SourceFile
from longwatch.standards.dataset import Dataset, SourceData

LIST = "datasets.json"


class TypedCopies:
    """The part of a snapshot store that holds them: `root/typed/<snapshot id>/<reading>/`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, manifest: Manifest) -> Path:
        """Where the typed copy of a snapshot is, as the readers of this version make it."""
        return self.root / "typed" / manifest.snapshot.id / manifest.reading

    def make(
        self, manifest: Manifest, raw_of: Callable[[SourceFile], Path], folder: Path, progress: Callable[[str], None]
    ) -> list[TypedDataset]:
        """Read every dataset file of a snapshot into a new folder. `raw_of` says where a file's bytes are.

        Raises SourceError: those of the readers, LW-SRC-006 (one dataset from two files). StoreError LW-SNP-004/005.
        """
        made: dict[str, TypedDataset] = {}
        define = next((raw_of(file) for file in manifest.snapshot.files if file.format == DEFINE), None)
        catalogues = [(file.name, raw_of(file)) for file in manifest.snapshot.files if file.format == CATALOGUE]
        with store_writable(self.root):
            folder.mkdir()
            for file in manifest.snapshot.files:
                for name in manifest.names_in(file):
                    progress(f"reading {file.name}" + (f" ({name})" if file.format == ODM else ""))
                    arriving = folder / "arriving"
                    result = read_dataset(
                        raw_of(file),
                        file.format,
                        file.encoding or UTF_8,
                        name,
                        arriving,
                        file.name,
                        define,
                        manifest.shape_of(file),
                        catalogues,
                        manifest.forms.get(file.name),
                    )
                    _check_once(result.dataset, made, file)
                    parquet = folder / f"{result.dataset}.parquet"
                    arriving.rename(parquet)
                    parquet.chmod(0o444)
                    flush(parquet)
                    made[result.dataset] = TypedDataset(file.name, parquet.name, sha256_of_file(parquet), result)
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
            changed = [each.parquet for each in datasets if sha256_of_file(folder / each.parquet) != each.sha256]
        except (FileNotFoundError, ValueError) as broken:
            raise _altered(folder, str(broken)) from broken
        if changed:
            raise _altered(folder, ", ".join(changed))
        return datasets

    def open(self, manifest: Manifest) -> SourceData:
        """The datasets, lazy. Raises IntegrityError LW-SNP-009 where one has changed."""
        return SourceData(
            {
                each.result.dataset: Dataset(
                    name=each.result.dataset,
                    frame=pl.scan_parquet(self.path(manifest) / each.parquet),
                    rows=each.result.rows,
                    label=each.result.label,
                    variables=each.result.variables,
                    file=each.file,
                    parquet=str(self.path(manifest) / each.parquet),
                )
                for each in self.verified(manifest)
            }
        )


def _check_once(dataset: str, made: Mapping[str, TypedDataset], file: SourceFile) -> None:
    if dataset in made:
        raise SourceError(
            "LW-SRC-006",
            f"two files deliver the dataset {dataset}",
            where=f"{made[dataset].file} and {file.name}",
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
