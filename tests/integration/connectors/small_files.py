"""Small dataset files that tests make: XPT written by another program (pyreadstat), Dataset-JSON, CSV."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat

from connectors.snapshot_store import FolderSnapshotStore
from longwatch.study import SourceSpec

OBSERVATIONS = b"HEADER RECORD*******OBS     HEADER RECORD!!!!!!!"

DM = {"USUBJID": ["S-001", "S-002"], "ARMCD": ["A", "B"], "AGE": [34.0, 51.0]}
AE = {
    "USUBJID": ["S-001", "S-001", "S-002"],
    "AESEQ": [1.0, 2.0, 1.0],
    "AETERM": ["Headache", "Nausea", "Fever"],
}


def write_xpt(
    path: Path,
    columns: Mapping[str, Sequence[Any]],
    *,
    dataset: str | None = None,
    label: str = "",
    labels: Mapping[str, str] | None = None,
    formats: Mapping[str, str] | None = None,
) -> Path:
    """A version 5 transport file of these columns; its dataset is named as the file."""
    frame = pd.DataFrame({name: list(values) for name, values in columns.items()})
    pyreadstat.write_xport(
        frame,
        str(path),
        file_format_version=5,
        table_name=dataset or path.stem.upper(),
        file_label=label,
        column_labels=[(labels or {}).get(name, "") for name in columns],
        variable_format=dict(formats or {}),
    )
    return path


def observations_at(path: Path) -> int:
    """The byte at which the observations of a transport file begin."""
    return path.read_bytes().index(OBSERVATIONS) + 80


def patch(path: Path, offset: int, content: bytes) -> Path:
    """The file with these bytes written over what stood at the offset."""
    whole = bytearray(path.read_bytes())
    whole[offset : offset + len(content)] = content
    path.write_bytes(whole)
    return path


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """The file with its bytes changed."""
    path.write_bytes(change(path.read_bytes()))
    return path


def write_dataset_json(
    path: Path, columns: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[Any]], /, **attributes: Any
) -> Path:
    """A Dataset-JSON 1.1 file; `attributes` replace those of the document, None leaves one out."""
    document = {
        "datasetJSONCreationDateTime": "2026-01-31T09:00:00",
        "datasetJSONVersion": "1.1.0",
        "itemGroupOID": "IG",
        "records": len(rows),
        "name": path.stem.upper(),
        "label": "A dataset",
        "columns": [{"itemOID": f"IT.{column['name']}", "label": column["name"], **column} for column in columns],
        "rows": rows,
    }
    document.update(attributes)
    path.write_text(json.dumps({name: value for name, value in document.items() if value is not None}))
    return path


def small_study(folder: Path) -> Path:
    """A folder with DM, AE and TS as transport files and a define.xml."""
    folder.mkdir(parents=True, exist_ok=True)
    write_xpt(folder / "dm.xpt", DM, label="Demographics", labels={"AGE": "Age"})
    write_xpt(folder / "ae.xpt", AE, label="Adverse Events", labels={"AETERM": "Reported Term"})
    write_xpt(folder / "ts.xpt", {"TSSEQ": [1.0], "TSPARMCD": ["DCUTDTC"], "TSVAL": ["2026-01-31"]})
    (folder / "define.xml").write_text("<ODM/>")
    return folder


def freeze_in_child(root: str, source: str) -> str:
    """Freeze a folder into a store; the snapshot's id. For processes of their own."""
    return FolderSnapshotStore(Path(root)).freeze([SourceSpec(path=source)], "/", lambda _message: None).id
