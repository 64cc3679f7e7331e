"""The report gate: totals agree between tables and analysis datasets before anything is rendered (rule RP02)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.errors import IntegrityError
from longwatch.tables.result import TableResult


def check_report_gate(tables: Mapping[str, TableResult], datasets: AnalysisDatasets) -> None:
    """Every N printed is the number of safety subjects of its arm in ADSL (spec B.3, RP02).

    Raises IntegrityError LW-RPT-001 where a table prints another N: a fault of the program, not of the data.
    """
    safety = datasets.adsl.filter(pl.col("SAFFL") == "Y")
    sizes = dict(safety.group_by(datasets.treatment_variable).len().iter_rows())
    sizes["Total"] = safety.height
    for name, table in tables.items():
        for item in table.statistics:
            if (
                item.statistic == "N"
                and not item.row_group
                and not item.row
                and item.value != sizes.get(item.column, 0)
            ):
                raise IntegrityError(
                    "LW-RPT-001",
                    f"{name} prints another number of subjects in {item.column} than the safety population has",
                    where="report gate (RP02)",
                    expected=str(sizes.get(item.column, 0)),
                    found=str(item.value),
                    next_step="do not use this report; send the study file and this message to the developers",
                )
