"""Filters as text: which records are behind a number, as an SQL condition in the field's names."""

from __future__ import annotations

from collections.abc import Iterable

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


def both(*conditions: str) -> str:
    """The conditions joined by AND; empty ones are left out."""
    return " AND ".join(condition for condition in conditions if condition)
