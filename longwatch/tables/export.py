"""Outputs as machine-readable files: the tidy CSV and JSON with provenance."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from longwatch.standards.hashing import canonical_json
from longwatch.tables.result import TIDY_HEADER, Provenance, TableResult


def results_csv(tables: Iterable[TableResult]) -> bytes:
    """All outputs as one tidy CSV (CONTRACTS.md, Numbers as data), UTF-8, one line per statistic."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TIDY_HEADER)
    for table in tables:
        writer.writerows(table.tidy())
    return text.getvalue().encode()


def results_json(tables: Iterable[TableResult]) -> bytes:
    """All outputs as canonical JSON: titles, footnotes, and each statistic with its provenance.

    Provenances repeat; each stands once in `provenance` and statistics point to it by position.
    """
    return canonical_json([_table(table) for table in tables])


def _table(table: TableResult) -> dict[str, object]:
    positions: dict[Provenance, int] = {}
    for item in table.statistics:
        positions.setdefault(item.provenance, len(positions))
    return {
        "output": table.name,
        "number": table.number,
        "title": table.title,
        "subtitle": table.subtitle,
        "population": table.population,
        "parameters": table.parameters,
        "footnotes": table.footnotes,
        "provenance": [
            {
                "dataset": item.dataset,
                "filter": item.filter,
                "variables": item.variables,
                "denominator": item.denominator,
                **({"having": item.having} if item.having else {}),
                **({"subjects": item.subjects} if item.subjects else {}),
            }
            for item in positions
        ],
        "statistics": [
            {
                "row_group": item.row_group,
                "row": item.row,
                "column": item.column,
                "statistic": item.statistic,
                "value": item.value,
                "text": item.text,
                "provenance": positions[item.provenance],
            }
            for item in table.statistics
        ],
    }
