"""Entry frames: rows that a rule names itself (datasets, TS parameters, variables) with what the data has of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from longwatch.findings.identity import ROW
from longwatch.standards.dataset import SourceData
from longwatch.standards.sdtm import is_supplemental, variable_prefix

ENTRY = "_ENTRY"
"""The column that identifies an entry, the same in every snapshot."""

ENTRY_LOCATORS = {"DATASETS": (), "TSPARM": ("TSPARMCD",), "VARIABLES": ("VARIABLE",)}


def build_entries(frame: str, rows: Sequence[str], data: SourceData) -> pl.DataFrame:
    """The rows of an entry frame, with `_ROW`, `_ENTRY`, DATASET (where a finding on the entry stands) and PRESENT (Y,
    N).

    - `DATASETS`: RECORDS, how many it has.
    - `TSPARM`: TSPARMCD, TSVAL; a parameter that stands in TS several times has a row for each. Where TS is missing,
      each parameter is not present.
    - `VARIABLES` (`AE.AETERM`; `--.DOMAIN` and `SUPP--.QNAM` for each such dataset): VARIABLE; only of datasets that
      the data has.
    """
    if frame == "DATASETS":
        entries = pl.DataFrame(
            [(name, _yes(name in data), data.datasets[name].rows if name in data else 0) for name in rows],
            schema={"DATASET": pl.String, "PRESENT": pl.String, "RECORDS": pl.Int64},
            orient="row",
        ).with_columns(ENTRY=pl.col("DATASET"))
    elif frame == "TSPARM":
        entries = _parameters(rows, data).with_columns(ENTRY=pl.concat_str(pl.lit("TS."), "TSPARMCD"))
    else:
        entries = pl.DataFrame(
            list(_variables(rows, data)),
            schema={"DATASET": pl.String, "VARIABLE": pl.String, "PRESENT": pl.String},
            orient="row",
        ).with_columns(ENTRY=pl.concat_str("DATASET", pl.lit("."), "VARIABLE"))
    return entries.rename({"ENTRY": ENTRY}).with_row_index(ROW)


def _yes(present: bool) -> str:
    return "Y" if present else "N"


def _parameters(rows: Sequence[str], data: SourceData) -> pl.DataFrame:
    wanted = pl.DataFrame({"TSPARMCD": list(rows)}, schema={"TSPARMCD": pl.String})
    if "TS" in data and {"TSPARMCD", "TSVAL"} <= set(data.datasets["TS"].columns):
        found = data.frame("TS").select(pl.col("TSPARMCD", "TSVAL").cast(pl.String)).collect()
    else:
        found = pl.DataFrame(schema={"TSPARMCD": pl.String, "TSVAL": pl.String})
    return wanted.join(
        found.with_columns(PRESENT=pl.lit("Y")), on="TSPARMCD", how="left", maintain_order="left_right"
    ).with_columns(pl.col("PRESENT").fill_null("N"), DATASET=pl.lit("TS"))


def _variables(rows: Sequence[str], data: SourceData) -> Iterator[tuple[str, str, str]]:
    for row in rows:
        owner, _, variable = row.partition(".")
        for dataset in data:
            fits = {"--": bool(variable_prefix(dataset.name)), "SUPP--": is_supplemental(dataset.name)}
            if fits.get(owner, dataset.name == owner):
                yield dataset.name, variable, _yes(variable in dataset.columns)
