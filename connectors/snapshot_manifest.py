"""What the snapshot store writes down about a snapshot and about a typed copy, and how it reads that again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import orjson

from connectors.readers.redcap import FormMap
from connectors.readers.typed_copy import READERS, ReadResult
from longwatch.evidence.snapshot import FileDataset, SourceFile, SourceSnapshot, compute_snapshot_id
from longwatch.standards.dataset import variable_from
from longwatch.standards.hashing import canonical_json, sha256_of
from longwatch.study import PLAIN, Shape

LAYOUT = 2
_FIRST_LAYOUT = 1


@dataclass(frozen=True)
class Manifest:
    """A snapshot, and how its files were to be read, by file name: `declared` is the dataset name that the study file
    gave a file, `shapes` the column map or ODM mapping, where it gave one, `forms` how the export of a REDCap form
    becomes a dataset."""

    snapshot: SourceSnapshot
    declared: Mapping[str, str] = field(default_factory=dict)
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    forms: Mapping[str, FormMap] = field(default_factory=dict)

    @property
    def reading(self) -> str:
        """The key of the typed copy: readers with their versions, and each file's format, encoding, given name and
        mapping or form.

        Source: CONTRACTS.md, typed copy = snapshot + reader version + column mapping.
        """
        return compute_reading(
            (
                file.name,
                file.format,
                file.encoding or "",
                self.declared.get(file.name),
                self.shape_of(file).digest,
                *self._form_of(file.name),
            )
            for file in self.snapshot.files
        )

    def _form_of(self, name: str) -> tuple[dict[str, Any], ...]:
        form = self.forms.get(name)
        return (asdict(form),) if form else ()

    def shape_of(self, file: SourceFile) -> Shape:
        """How a file becomes SDTM-shaped."""
        return self.shapes.get(file.name, PLAIN)

    def names_in(self, file: SourceFile) -> tuple[str | None, ...]:
        """The datasets to read from a file: those of an ODM mapping, else the one (None where the file names it)."""
        if file.encoding is None:
            return ()
        return tuple(self.shape_of(file).odm) or (self.declared.get(file.name),)

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
                "shapes": {name: shape.text for name, shape in self.shapes.items()},
            }
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Manifest:
        """The manifest of these bytes. Raises ValueError where they are none, or where files and id do not agree."""
        try:
            value: dict[str, Any] = orjson.loads(content)
            if value["layout"] not in (_FIRST_LAYOUT, LAYOUT):
                raise ValueError(f"layout {value['layout']}, this version reads up to {LAYOUT}")
            files = tuple(_source_file(dict(file)) for file in value["files"])
            cutoff = value["data_cutoff"]
            snapshot = SourceSnapshot(value["id"], files, date.fromisoformat(cutoff) if cutoff else None)
            declared = dict(value["declared"])
            forms = {name: _form(form) for name, form in value.get("forms", {}).items()}
            shapes = {name: Shape.model_validate_json(text) for name, text in value.get("shapes", {}).items()}
        except (KeyError, TypeError) as broken:
            raise ValueError(f"{broken}") from broken
        if compute_snapshot_id((file.name, file.sha256) for file in files) != snapshot.id:
            raise ValueError("its id is not that of its files")
        return cls(snapshot, declared, shapes, forms)


def _source_file(value: dict[str, Any]) -> SourceFile:
    """The first layout had one dataset a file, with its rows."""
    if "datasets" in value:
        datasets = tuple(FileDataset(**each) for each in value.pop("datasets"))
    else:
        name, rows = value.pop("dataset"), value.pop("rows")
        datasets = (FileDataset(name, rows),) if name is not None else ()
    return SourceFile(datasets=datasets, **value)


def compute_reading(files: Any) -> str:
    """The key of a typed copy of files given as (name, format, encoding, given dataset name, mapping, form if any)."""
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
    variables = tuple(variable_from(variable) for variable in result.pop("variables"))
    return TypedDataset(value["file"], value["parquet"], value["sha256"], ReadResult(variables=variables, **result))
