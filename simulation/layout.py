"""The variables of each dataset: order, type, label and key, from variables.csv; and frames shaped by them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from simulation.parameters import STUDY_ID

Values = pl.Series | npt.NDArray[np.generic] | str | float | None


@dataclass(frozen=True)
class Column:
    """One variable. `key`: its place among the keys that define.xml states, 0 where it is none."""

    name: str
    label: str
    is_number: bool
    key: int


@dataclass(frozen=True)
class DatasetLayout:
    """One dataset: its label, SDTM class (empty where the dataset is not SDTM) and variables in order."""

    name: str
    label: str
    sdtm_class: str
    columns: tuple[Column, ...]


@cache
def layouts() -> dict[str, DatasetLayout]:
    """All datasets of ISLET-1, in the order in which they are listed."""
    with (Path(__file__).parent / "variables.csv").open(encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    found: dict[str, DatasetLayout] = {}
    for name in dict.fromkeys(row["dataset"] for row in rows):
        own = [row for row in rows if row["dataset"] == name]
        columns = tuple(Column(r["variable"], r["label"], r["type"] == "number", int(r["key"] or 0)) for r in own)
        found[name] = DatasetLayout(name, own[0]["dataset_label"], own[0]["class"], columns)
    return found


def shape(dataset: str, height: int, columns: Mapping[str, Values]) -> pl.DataFrame:
    """A frame with the variables of a dataset in order: text as String, numbers as Float64.

    `columns`: a series or array of `height` rows, or one value for all rows. STUDYID and DOMAIN fill themselves; a
    variable that is not given is null. Raises KeyError where a column given is no variable of the dataset.
    """
    layout = layouts()[dataset]
    known = {column.name for column in layout.columns}
    unknown = sorted(set(columns) - known)
    if unknown:
        raise KeyError(f"{dataset} has no variable {', '.join(unknown)}")
    given: dict[str, Values] = {"STUDYID": STUDY_ID, "DOMAIN": dataset, **columns}
    series = []
    for column in layout.columns:
        dtype = pl.Float64 if column.is_number else pl.String
        values = given.get(column.name)
        if isinstance(values, (pl.Series, np.ndarray)):
            made = pl.Series(column.name, values).cast(dtype)
            if len(made) != height:
                raise ValueError(f"{dataset}.{column.name} has {len(made)} values for {height} rows")
        else:
            made = pl.Series(column.name, [values], dtype=dtype).new_from_index(0, height)
        series.append(made)
    return pl.DataFrame(series)


def choose(words: tuple[str, ...] | list[str], index: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> pl.Series:
    """The word of each index, as text; an index of -1 gives null."""
    position = pl.Series(index.astype(np.int64)).cast(pl.UInt32, strict=False)
    return pl.Series(words, dtype=pl.String).gather(position)
