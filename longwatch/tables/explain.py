"""What is behind a printed number: the records that its provenance picks, and the number counted again from them.

Nothing but the provenance is used: if it were wrong, the count would differ, and the explanation would say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.errors import IntegrityError, StudyError
from longwatch.tables.filters import select_rows, variables_of
from longwatch.tables.layout import NOT_AVAILABLE
from longwatch.tables.result import Provenance, Statistic, TableResult

SUBJECTS = ("n", "N", "Ns", "change_n", "n_in_interval", "deaths", "at_risk", "base", "outliers")
RECORDS = ("events", "events_in_interval", "records", "change_records", "infusions", "infusions_followed")
"""Statistics that count the subjects, or the records, that the provenance picks; others are computed from such."""


@dataclass(frozen=True)
class Explanation:
    """`records`: the rows of the analysis dataset behind the number, in source order. `subjects`: how many different
    ones. `counted`: the number counted again from them; None where the number is no count."""

    statistic: Statistic
    records: pl.DataFrame
    subjects: int
    counted: int | None


def find_cell(table: TableResult, row_group: str, row: str, column: str) -> tuple[Statistic, ...]:
    """The numbers of a cell: all statistics of one row group, row and column (CONTRACTS.md, Numbers as data).

    A row alone is enough where it is the only one of that name. Raises StudyError LW-TAB-004 where the output has no
    such cell, naming the nearest part that is there; LW-TAB-005 where several rows have that name.
    """
    in_row = [item for item in table.statistics if item.row == row and row_group in ("", item.row_group)]
    if not row_group and row:
        groups = sorted({item.row_group for item in in_row})
        if len(groups) > 1:
            raise StudyError(
                "LW-TAB-005",
                f"{table.code} has {len(groups)} rows {row}",
                where=f"cell {row!r}, {column!r}",
                found=", ".join(groups),
                next_step="name the row group, too",
            )
    elif not row:
        in_row = [item for item in in_row if item.row_group == row_group]
    found = tuple(item for item in in_row if item.column == column)
    if not found:
        columns = dict.fromkeys(item.column for item in (in_row or table.statistics))
        rows = dict.fromkeys(item.row or item.row_group for item in table.statistics if item.row or item.row_group)
        raise StudyError(
            "LW-TAB-004",
            f"{table.code} has no such cell",
            where=f"row group {row_group!r}, row {row!r}, column {column!r}",
            expected=f"columns {', '.join(columns)}" if in_row else f"rows such as {', '.join(list(rows)[:8])}",
            next_step="`longwatch table make STUDY.yaml CODE --format csv` lists row groups, rows and columns",
        )
    return found


def explain(datasets: AnalysisDatasets, statistic: Statistic) -> Explanation:
    """The records behind a number, and the number again. A number that is not available has none.

    Raises IntegrityError LW-TAB-006 where a count, counted again, is another: a fault of the program.
    """
    provenance = statistic.provenance
    if statistic.text == NOT_AVAILABLE:
        return Explanation(statistic, datasets.dataset(provenance.dataset).clear(), 0, None)
    records = records_behind(datasets, provenance)
    subjects = records["USUBJID"].drop_nulls().n_unique()
    if statistic.statistic not in (*SUBJECTS, *RECORDS) or statistic.value is None:
        return Explanation(statistic, records, subjects, None)
    counted = records.height if statistic.statistic in RECORDS else subjects
    if counted != statistic.value:
        raise IntegrityError(
            "LW-TAB-006",
            "a printed number is not what its source gives",
            where=f"{statistic.row_group} {statistic.row} {statistic.column} {statistic.statistic}".strip(),
            expected=f"{counted} by {provenance.filter}",
            found=str(statistic.value),
            next_step="do not use this output; send the study file and this message to the developers",
        )
    return Explanation(statistic, records, subjects, counted)


def choose_widest(explanations: Sequence[Explanation]) -> Explanation:
    """Of the numbers of a cell the one with the most records behind it, which hold those of the others; a denominator
    (N, Ns) only where there is nothing else. Expects at least one."""
    counted = [item for item in explanations if item.statistic.statistic not in ("N", "Ns")]
    return max(counted or explanations, key=lambda item: item.records.height)


def columns_to_show(explanation: Explanation) -> list[str]:
    """The variables that a reader needs: what names the record, what the filter looks at, and its dates."""
    provenance = explanation.statistic.provenance
    asked = variables_of(f"{provenance.filter} {provenance.having}")
    first = ("USUBJID", "AESEQ", "LBSEQ", "VSSEQ", *provenance.variables)
    dates = _TELLING.get(provenance.dataset, ("TRTSDT",))
    columns = explanation.records.columns
    return [name for name in dict.fromkeys((*first, *sorted(asked), *dates)) if name in columns]


_TELLING = {
    "ADAE": ("ASTDT", "AENDT"),
    "ADLB": ("ADT",),
    "ADSI": ("ADT", "INFNO", "ADYINF", "CRIT", "AVAL"),
    "ADVS": ("ADT",),
    "ADAQ": ("CRIT", "SRCDOM", "SRCSEQ", "ADT"),
    "ADTTE": ("STARTDT", "ADT", "AVAL", "CNSR", "EVNTDESC", "CNSDTDSC", "SRCDOM", "SRCSEQ"),
}
"""What says when and how, by dataset."""


def records_behind(datasets: AnalysisDatasets, provenance: Provenance) -> pl.DataFrame:
    """The rows that a provenance picks. `having`: those of the subjects whose rows together meet it. A record of no
    subject (a test of a lot) is not restricted by a condition on subjects. Expects USUBJID of every dataset as ADSL
    codes it."""
    frame = datasets.dataset(provenance.dataset)
    rows = select_rows(frame, provenance.filter)
    if provenance.subjects:
        inside = np.append(select_rows(datasets.adsl, provenance.subjects), True)
        rows = rows & inside[frame["USUBJID"].to_physical().fill_null(datasets.adsl.height).to_numpy()]
    chosen = frame.filter(pl.Series(rows))
    if not provenance.having:
        return chosen
    text = chosen.with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String))
    met = pl.SQLContext(chosen=text).execute(
        f"SELECT USUBJID FROM chosen GROUP BY USUBJID HAVING {provenance.having}", eager=True
    )
    return chosen.filter(chosen["USUBJID"].cast(pl.String).is_in(met["USUBJID"].implode()))
