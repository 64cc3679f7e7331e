"""What the snapshot store writes down about a snapshot and about a typed copy, and how it reads that again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import orjson

from connectors.readers.redcap import FormMap
from connectors.readers.typed_copy import READERS, ReadResult
from longwatch.evidence.snapshot import SourceFile, SourceSnapshot, compute_snapshot_id
from longwatch.standards.dataset import Variable
from longwatch.standards.hashing import canonical_json, sha256_of

LAYOUT = 1


@dataclass(frozen=True)
class Manifest:
    """A snapshot, and how its files were to be read: `declared` is the dataset name that the study file gave a file,
    `forms` how the export of a REDCap form becomes a dataset."""

    snapshot: SourceSnapshot
    declared: Mapping[str, str] = field(default_factory=dict)
    forms: Mapping[str, FormMap] = field(default_factory=dict)

    @property
    def reading(self) -> str:
        """The key of the typed copy: readers with their versions, and each file's format, encoding, given name and
        form.

        Source: CONTRACTS.md, typed copy = snapshot + reader version + column mapping.
        """
        return compute_reading(
            (file.name, file.format, file.encoding or "", self.declared.get(file.name), *self._form_of(file.name))
            for file in self.snapshot.files
        )

    def _form_of(self, name: str) -> tuple[dict[str, Any], ...]:
        form = self.forms.get(name)
        return (asdict(form),) if form else ()

    def to_bytes(self) -> bytes:
        """The canonical form."""
        return canonical_json(
            {
                "layout": LAYOUT,
                "id": self.snapshot.id,
                "data_cutoff": self.snapshot.data_cutoff,
                "files": [asdict(file) for file in self.snapshot.files],
                "declared": self.declared,
                **({"forms": {name: asdict(form) for name, form in self.forms.items()}} if self.forms else {}),
            }
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Manifest:
        """The manifest of these bytes. Raises ValueError where they are none, or where files and id do not agree."""
        try:
            value: dict[str, Any] = orjson.loads(content)
            if value["layout"] != LAYOUT:
                raise ValueError(f"layout {value['layout']}, this version reads {LAYOUT}")
            files = tuple(SourceFile(**file) for file in value["files"])
            cutoff = value["data_cutoff"]
            snapshot = SourceSnapshot(value["id"], files, date.fromisoformat(cutoff) if cutoff else None)
            declared = dict(value["declared"])
            forms = {name: _form(form) for name, form in value.get("forms", {}).items()}
        except (KeyError, TypeError) as broken:
            raise ValueError(f"{broken}") from broken
        if compute_snapshot_id((file.name, file.sha256) for file in files) != snapshot.id:
            raise ValueError("its id is not that of its files")
        return cls(snapshot, declared, forms)


def compute_reading(files: Any) -> str:
    """The key of a typed copy of files given as (name, format, encoding, given dataset name), with the form if any."""
    entries = sorted([list(entry) for entry in files], key=lambda entry: str(entry[0]))
    used = {entry[1] for entry in entries}
    return sha256_of({"readers": {name: reader for name, reader in READERS.items() if name in used}, "files": entries})


def _form(value: dict[str, Any]) -> FormMap:
    pairs = {name: tuple((str(ours), str(theirs)) for ours, theirs in value[name]) for name in ("columns", "constants")}
    return FormMap(str(value["form"]), **pairs)


@dataclass(frozen=True)
class TypedDataset:
    """One dataset of a typed copy: what was read, from which file, and the SHA-256 of its Parquet file."""

    file: str
    parquet: str
    sha256: str
    result: ReadResult


def typed_to_bytes(datasets: Sequence[TypedDataset]) -> bytes:
    """The list of a typed copy's datasets, canonical."""
    return canonical_json([asdict(dataset) for dataset in datasets])


def typed_from_bytes(content: bytes) -> list[TypedDataset]:
    """The datasets of these bytes. Raises ValueError where they are none."""
    try:
        return [_typed_dataset(value) for value in orjson.loads(content)]
    except (KeyError, TypeError) as broken:
        raise ValueError(f"{broken}") from broken


def _typed_dataset(value: dict[str, Any]) -> TypedDataset:
    result = dict(value["result"])
    variables = tuple(Variable(**variable) for variable in result.pop("variables"))
    return TypedDataset(value["file"], value["parquet"], value["sha256"], ReadResult(variables=variables, **result))
