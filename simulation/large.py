"""The same trial with any number of subjects, part by part, in flat memory: data for benchmarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import polars as pl

from simulation.generate import Making
from simulation.layout import layouts
from simulation.parameters import Design, Parameters

PART = 20_000
"""Treated subjects made at a time."""


def write_large(
    folder: Path,
    subjects: int,
    domains: Iterable[str] = ("DM", "EX", "AE"),
    format: Literal["parquet", "xpt"] = "parquet",
    *,
    seed: int = 1,
    parameters: Parameters | None = None,
) -> dict[str, int]:
    """Writes one file for each dataset, with `subjects` treated subjects (two in three FULL); returns rows by dataset.

    Parquet is written part by part; XPT needs the dataset in memory. No cases are scripted and no errors planted.
    Datasets that do not depend on subjects (TS, TA, TE, TV, TI, LTFUPLAN) are written once. Subjects are in order
    within each part.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [name for name in layouts() if name in set(domains)]
    if format == "xpt":
        return {name: _write_one_xpt(folder, name, subjects, seed, parameters) for name in names}
    return _write_parquet(folder, names, subjects, seed, parameters)


def _write_parquet(
    folder: Path, names: list[str], subjects: int, seed: int, parameters: Parameters | None
) -> dict[str, int]:
    from pyarrow import parquet

    writers: dict[str, parquet.ParquetWriter] = {}
    rows = dict.fromkeys(names, 0)
    try:
        for making in _parts(subjects, seed, parameters):
            for name in names:
                if making.design.part and not _of_subjects(name):
                    continue
                table = making.frame(name).to_arrow()
                if name not in writers:
                    writers[name] = parquet.ParquetWriter(folder / f"{name.lower()}.parquet", table.schema)
                writers[name].write_table(table)
                rows[name] += table.num_rows
    finally:
        for writer in writers.values():
            writer.close()
    return rows


def _write_one_xpt(folder: Path, name: str, subjects: int, seed: int, parameters: Parameters | None) -> int:
    from simulation.xpt import write_xpt

    makings = _parts(subjects, seed, parameters)
    frame = pl.concat(making.frame(name) for making in makings if _of_subjects(name) or not making.design.part)
    write_xpt(folder / f"{name.lower()}.xpt", frame, layouts()[name])
    return frame.height


def _of_subjects(name: str) -> bool:
    return name not in {"TS", "TA", "TE", "TV", "TI", "LTFUPLAN"}


def _parts(subjects: int, seed: int, parameters: Parameters | None) -> Iterator[Making]:
    p = parameters or Parameters(sites=min(899, max(5, subjects // 1000)))
    first = 1
    for part, start in enumerate(range(0, subjects, PART)):
        count = min(PART, subjects - start)
        full = -(-count * 2 // 3)
        design = Design(seed, {"FULL": full, "HALF": count - full}, False, part, first, 7, p)
        making = Making(design)
        yield making
        first += making.cohort.count
