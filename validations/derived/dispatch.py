"""What computes a derived column, chosen by its kind."""

from __future__ import annotations

from functools import singledispatch

import polars as pl

from longwatch.findings.derived.part import Derived
from validations.lookups import Lookups


@singledispatch
def derive(derivation: Derived, frame: pl.LazyFrame, name: str, lookups: Lookups) -> pl.LazyFrame:
    """The frame with the column of that name. The order of its rows stays."""
    raise TypeError(f"nothing computes {type(derivation).__name__}")


@singledispatch
def lacks(derivation: Derived, lookups: Lookups) -> str | None:
    """What is missing beside the record to compute the column, in words; None where nothing is."""
    return None
