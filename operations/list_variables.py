"""The variables of a snapshot, as its sources describe them."""

from __future__ import annotations

from typing import Any

from longwatch.evidence.snapshot import SourceSnapshot
from longwatch.standards.dataset import SourceData


def list_variables(snapshot: SourceSnapshot, data: SourceData) -> list[dict[str, Any]]:
    """Every variable of a snapshot's typed copy: what the source says of it, and how many records miss it.

    `missing` counts records without a value; `special` those of them that say why, by their letter (SAS `.A` to `.Z`,
    `._`). `value_labels` are those of the catalogue delivered with it.
    """
    encodings = {dataset.name: file.encoding for file in snapshot.files for dataset in file.datasets}
    rows: list[dict[str, Any]] = []
    for dataset in data:
        frame = dataset.frame.collect()
        for variable in dataset.variables:
            letters = variable.name + "__MISSING"
            special = frame[letters].value_counts(sort=True).drop_nulls() if letters in frame.columns else None
            rows.append(
                {
                    "dataset": dataset.name,
                    "variable": variable.name,
                    "label": variable.label,
                    "type": variable.type,
                    "length": variable.length,
                    "format": variable.format,
                    "missing": frame[variable.name].null_count(),
                    "special": ", ".join(f".{letter}: {count}" for letter, count in special.iter_rows())
                    if special is not None
                    else "",
                    "value_labels": ", ".join(f"{value} = {label}" for value, label in variable.value_labels),
                    "encoding": encodings.get(dataset.name),
                }
            )
    return rows
