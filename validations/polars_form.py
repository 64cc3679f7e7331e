"""A check as Polars expressions: which rows are concerned, which are judged, which fail."""

from __future__ import annotations

import polars as pl

from longwatch.findings.expectation import (
    Between,
    ColumnLe,
    EqualColumns,
    Expectation,
    InSet,
    Matches,
    NotInSet,
    NotNull,
    Null,
    Unique,
)
from longwatch.findings.rule import Check
from longwatch.findings.rule_parts import Condition, literals, number


def meets(condition: Condition) -> pl.Expr:
    """Whether a row meets a condition, never null: a missing value meets none but `is: missing`."""
    column = pl.col(condition.column)
    if condition.state is not None:
        return column.is_null() if condition.state == "missing" else column.is_not_null()
    if condition.equals is not None:
        test = column == pl.lit(condition.equals)
    elif condition.within is not None:
        test = column.is_in(literals(condition.within))
    elif condition.outside is not None:
        test = ~column.is_in(literals(condition.outside))
    elif condition.at_least is not None:
        test = column >= number(condition.at_least)
    else:
        test = column <= number(condition.at_most)
    return test.fill_null(condition.missing == "meets")


def concerned(check: Check) -> pl.Expr:
    """Whether a row meets all conditions of a check; without conditions, every row does."""
    every_row = pl.repeat(True, pl.len(), dtype=pl.Boolean)
    return pl.all_horizontal([every_row, *(meets(condition) for condition in check.when)])


def judged_and_failing(check: Check) -> tuple[pl.Expr, pl.Expr]:
    """Whether a row is judged, and whether it fails; neither is ever null.

    Judged is what is concerned, less the rows that miss a value where the expectation passes over missing values.
    """
    rows = concerned(check)
    expect: Expectation = check.expect
    if isinstance(expect, Unique):
        return rows, rows & (pl.len().over([rows.alias("_CONCERNED"), *expect.judged]) > 1)
    if isinstance(expect, NotNull):
        return rows, rows & pl.col(expect.column).is_null()
    if isinstance(expect, Null):
        return rows, rows & pl.col(expect.column).is_not_null()
    column = pl.col(expect.column)
    if isinstance(expect, EqualColumns | ColumnLe):
        other = pl.col(expect.other)
        wrong = column != other if isinstance(expect, EqualColumns) else column > other
        judged = rows & other.is_not_null()
        if isinstance(expect, EqualColumns) and expect.missing == "fails":
            return judged, judged & wrong.fill_null(True)
        judged = judged & column.is_not_null()
        return judged, judged & wrong.fill_null(False)
    filled = column.is_not_null()
    judged = rows & filled if expect.missing == "passes" else rows
    return judged, judged & ~(_holds(expect).fill_null(False) & filled)


def _holds(expect: InSet | NotInSet | Matches | Between) -> pl.Expr:
    column = pl.col(expect.column)
    if isinstance(expect, InSet):
        return column.is_in(literals(expect.values))
    if isinstance(expect, NotInSet):
        return ~column.is_in(literals(expect.values))
    if isinstance(expect, Matches):
        return column.str.contains(f"^(?:{expect.text})$")
    tests = [column >= number(expect.min)] if expect.min is not None else []
    if expect.max is not None:
        tests.append(column <= number(expect.max))
    return pl.all_horizontal(tests)
