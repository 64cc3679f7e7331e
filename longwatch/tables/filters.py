"""Filters as text: which records are behind a number, as an SQL condition in the field's names."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray

SAFETY = "SAFFL = 'Y'"
EMERGENT = f"{SAFETY} AND TRTEMFL = 'Y'"


def quote(value: str) -> str:
    """A value as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def equals(variable: str, value: str) -> str:
    """`AEDECOD = 'NAUSEA'`."""
    return f"{variable} = {quote(value)}"


def is_one_of(variable: str, values: Iterable[str]) -> str:
    """`AEREL IN ('POSSIBLE', 'PROBABLE')`."""
    return f"{variable} IN ({', '.join(quote(value) for value in values)})"


def worst_is(variable: str, scale: Iterable[str], value: str, missing: str = "") -> str:
    """Of a subject's records together: the worst value of a scale whose order is that of its texts; empty: none.
    `missing`: the value that a record without one counts as; empty: none."""
    instead = f" ELSE {quote(missing)}" if missing else ""
    worst = f"MAX(CASE WHEN {is_one_of(variable, scale)} THEN {variable}{instead} END)"
    return f"{worst} = {quote(value)}" if value else f"{worst} IS NULL"


def both(*conditions: str) -> str:
    """The conditions joined by AND; empty ones are left out."""
    return " AND ".join(condition for condition in conditions if condition)


def variables_of(condition: str) -> set[str]:
    """The variables that a condition names."""
    return set(re.findall(r"[A-Z][A-Z0-9]+", re.sub(r"'(?:[^']|'')*'", "", condition)))


def select_rows(frame: pl.DataFrame, condition: str) -> NDArray[np.bool_]:
    """Which rows meet a condition: by row of the frame. No condition → every row. A condition that is unknown for a row
    (a missing value) does not hold, as in SQL."""
    if not condition:
        return np.ones(frame.height, dtype=np.bool_)
    return frame.select(pl.sql_expr(condition).fill_null(False)).to_series().to_numpy()
