"""ATOXGR: the grade of a laboratory result, as the data has it, else by the numeric criteria of CTCAE (spec A.3, C.3).

The criteria are data (`standards/laboratory/ctcae_5_0.csv`), not code. They are those of CTCAE 5.0 that need nothing
but numbers; what a grade asks of the patient (transfusion, symptoms) cannot be read from a result. They were written
down from general knowledge and not checked against the publication: confirm them before a grade is relied on.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from longwatch.derive.coded import by_value
from longwatch.derive.decimals import as_decimal
from longwatch.standards.laboratory.reading import CRITERIA, as_number, read_rows, read_units

GRADES = ("0", "1", "2", "3", "4", "5")
_GRADE = pl.Enum(GRADES)


def derive_atoxgr(results: pl.DataFrame, version: str = "") -> pl.DataFrame:
    """Adds ATOXGR, an Enum of 0 to 5, and BTOXGR, that of the baseline.

    Cases of a test, in order: 1. the data grades any of its results (--TOXGR) → as graded, without the sign that says
    the direction; another value is missing; 2. the study file states a version of CTCAE other than 5 (`version`), or
    CTCAE has no numeric criterion for the test → missing: grades of two versions are never mixed; 3. no number, or a
    result in a unit that is not known → missing; 4. else the highest grade of which the criterion is met, 0 where none
    is; a criterion whose limit (ULN, LLN, baseline) is missing is not met, and without any limit the grade is missing.
    `abnormal_baseline` holds in place of `uln` where BNRIND is HIGH. Expects BASE, BNRIND, R2ANRHI.
    Source: CTCAE 5.0 (unverified).
    """
    results = _grade(results, has_criteria(version))
    if "BTOXGR" in results.columns:
        return results
    key = ("subject", "PARAM", "ATPT")
    base = results.filter(pl.col("ABLFL") == "Y").select(*key, BTOXGR=pl.col("ATOXGR"))
    return results.join(
        base.unique(key, keep="last", maintain_order=True), on=key, how="left", nulls_equal=True, maintain_order="left"
    )


def has_criteria(version: str) -> bool:
    """Whether the criteria here are of that version of CTCAE; none stated → they are used, and the footnote says so."""
    return not version or version.split(".")[0] == "5"


def _grade(results: pl.DataFrame, by_number: bool) -> pl.DataFrame:
    code = results["PARAMCD"].cast(pl.String)
    given = set(code.filter(results["ATOXGR"].is_not_null()).unique())
    said = by_value(results["ATOXGR"], pl.col("text").str.strip_chars_start("-").alias("grade"))["grade"]
    grade = said.cast(_GRADE, strict=False)
    present = set(code.unique())
    for test, expression in _by_test() if by_number else ():
        if test in present and test not in given:
            rows = (code == test).arg_true()
            of_test = results[rows].select(expression.cast(pl.String).cast(_GRADE)).to_series()
            grade = grade.scatter(rows, of_test)
    return results.with_columns(grade.alias("ATOXGR"))


def _by_test() -> Iterator[tuple[str, pl.Expr]]:
    """By test the grade of a result as a whole number."""
    rows = read_rows(CRITERIA)
    for test in dict.fromkeys(row["test"] for row in rows):
        parts = [_criterion(row, test) for row in rows if row["test"] == test]
        yield test, pl.max_horizontal(*parts)


def _criterion(row: dict[str, str], test: str) -> pl.Expr:
    limits = [as_number(row[f"grade{grade}"]) for grade in (1, 2, 3, 4)]
    factors = read_units().get(test, {})
    factor = pl.col("AVALU").cast(pl.String).replace_strict(factors, default=None, return_dtype=pl.Float64)
    value = as_decimal(pl.col("AVAL") * factor)
    high = (pl.col("BNRIND").cast(pl.String) == "HIGH").fill_null(False)
    against_base = as_decimal(pl.col("AVAL") / pl.when(pl.col("BASE") > 0).then(pl.col("BASE")))
    measure = {
        "uln": pl.when(~high | pl.col("ABLFL").is_not_null()).then(pl.col("R2ANRHI")),
        "abnormal_baseline": pl.when(high & pl.col("ABLFL").is_null()).then(against_base),
        "baseline": against_base,
        "lln": pl.when(pl.col("ANRLO").is_not_null()).then(value),
        "uln_value": pl.when(pl.col("ANRHI").is_not_null()).then(value),
    }[row["basis"]]
    first = {"lln": pl.col("AVAL") < pl.col("ANRLO"), "uln_value": pl.col("AVAL") > pl.col("ANRHI")}.get(row["basis"])
    begun = pl.lit(0) if first is None else pl.when(first).then(1).otherwise(0)
    grade: pl.Expr = pl.when(measure.is_not_null()).then(begun)
    for number, limit in enumerate(limits, start=1):
        if limit is not None:
            beyond = measure < limit if row["direction"] == "low" else measure > limit
            grade = pl.when(beyond).then(number).otherwise(grade)
    return grade
