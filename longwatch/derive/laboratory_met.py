"""Which results of ADLB meet a laboratory criterion of the study file.

A result can be compared where it was taken after the first dose and is not baseline (ONTRTFL = Y), is of the analyte,
not of urine, and has what is compared: the measure (for `x LLN` of a lower limit above 0), or a value in a unit that
can be converted to the criterion's (`units.csv`), else in that very unit, whatever its capitals. Any other result says
nothing, neither for nor against. Values are compared as `decimals`.
"""

from __future__ import annotations

import polars as pl

from longwatch.derive.decimals import as_decimal
from longwatch.standards.laboratory.reading import factors_to
from longwatch.study import LaboratoryCriterion


def measured(criterion: LaboratoryCriterion) -> pl.Expr:
    """What is compared with the criterion's value; missing where a result cannot be."""
    of_analyte = (pl.col("PARAMCD").cast(pl.String) == criterion.analyte) & (pl.col("ONTRTFL") == "Y")
    of_blood = (pl.col("SPEC").cast(pl.String) != "URINE").fill_null(True)
    value = in_unit("AVAL", criterion) if criterion.measure == "AVAL" else pl.sql_expr(criterion.measure)
    return pl.when(of_analyte & of_blood & value.is_finite()).then(value)


def in_unit(variable: str, criterion: LaboratoryCriterion) -> pl.Expr:
    """A variable that is in AVALU, in the unit of the criterion; missing where that unit is not known."""
    factors = dict(factors_to(criterion.analyte, criterion.unit))
    unit = pl.col("AVALU").cast(pl.String).str.to_lowercase()
    return as_decimal(pl.col(variable) * unit.replace_strict(factors, default=None, return_dtype=pl.Float64))


def meets(value: pl.Expr, criterion: LaboratoryCriterion) -> pl.Expr:
    """Whether what was measured meets it."""
    limit = criterion.value
    return {"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit}[
        criterion.comparison.sign
    ]
