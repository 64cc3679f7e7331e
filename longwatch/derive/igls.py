"""Igls criteria of graft function: the definition of 2017, and what was proposed as 2.0 in 2021 (spec D.4).

A category is the worst of its components; each component is one of OPTIMAL, GOOD, MARGINAL, FAILURE (0 to 3).

| 2017 | HbA1c % | severe hypoglycaemia per year | insulin | C-peptide ng/mL |
|---|---|---|---|---|
| optimal | ≤ 6.5 | none | none | > baseline and > 0.5 |
| good | < 7.0 | none | < 50 % of baseline and < 0.5 U/kg/day | the same |
| marginal | better than baseline | fewer than at baseline | less than baseline | > baseline |
| failure | as baseline or worse | as baseline or more | baseline or more | not > baseline |

| 2.0, treatment | HbA1c | time in range % | severe hypoglycaemia per year | time < 54 mg/dL % |
|---|---|---|---|---|
| optimal | ≤ 6.5 | ≥ 80 | none | 0 |
| good | < 7.0 | ≥ 70 | none | < 1 |
| marginal, failure | as 2017 | more than baseline, or not | as 2017 | less than baseline, or not |

2.0, graft: OPTIMAL without insulin, where the treatment is a success (optimal or good); else by C-peptide: GOOD
stimulated > 0.5 or fasting ≥ 0.2, MARGINAL stimulated ≥ 0.3 or fasting ≥ 0.1, else FAILURE. It needs the category
of the treatment.

"As baseline": better by no more than the tolerance (0.3 % HbA1c, 1 event a year, 5 points of time in range, 1 point of
time below 54; the study file may set others). A missing component gives NE, unless another one is FAILURE. With NE goes
the best category that is still possible. Interpretations of ours: worst component, as baseline, success before
OPTIMAL graft. Sources: PMC5867272 table 3; PMC8571711 tables 1 and 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from longwatch.derive.decimals import as_decimal
from longwatch.study.graft import Tolerances

VERSION = "Igls 2017; Igls 2.0 as proposed in 2021"
CATEGORIES = ("OPTIMAL", "GOOD", "MARGINAL", "FAILURE")
NOT_EVALUABLE = "NE"
OPTIMAL, GOOD, MARGINAL, FAILURE = range(4)
INPUTS = ("HBA1C", "SEVERE", "INSULIN", "WEIGHT", "STIMULATED", "FASTING", "TIR", "BELOW54")
BASELINE = tuple(f"B_{name}" for name in ("HBA1C", "SEVERE", "INSULIN", "STIMULATED", "FASTING", "TIR", "BELOW54"))


@dataclass(frozen=True)
class _Component:
    """`rank`: 0 to 3, missing where not known; `bound`: the best it can be."""

    rank: pl.Expr
    bound: pl.Expr


def derive_igls(frame: pl.DataFrame, tolerances: Tolerances) -> pl.DataFrame:
    """Adds IGLS17, IGLS2T, IGLS2G (a category or NE) and, with BEST at their ends, the best category possible.

    Expects INPUTS and BASELINE as Float64, missing where not known: HbA1c in %, SEVERE events per year, INSULIN units
    per day (0: none), WEIGHT in kg, C-peptide in ng/mL, TIR and BELOW54 in % of time.
    """
    hba1c = _low("HBA1C", 6.5, 7.0, tolerances.hba1c)
    severe = _severe(tolerances)
    in_2017 = (hba1c, severe, _insulin(), _c_peptide())
    in_2_0 = (hba1c, _in_range(tolerances), severe, _below(tolerances))
    made = frame.with_columns(*_category("IGLS17", in_2017), *_category("IGLS2T", in_2_0))
    return made.with_columns(*_category("IGLS2G", (_graft(),)))


def _category(name: str, components: tuple[_Component, ...]) -> tuple[pl.Expr, pl.Expr]:
    ranks = [component.rank for component in components]
    bounds = [pl.coalesce(component.rank, component.bound) for component in components]
    known = pl.all_horizontal(rank.is_not_null() for rank in ranks)
    worst = pl.max_horizontal(*ranks)
    rank = pl.when(known | (worst == FAILURE)).then(worst)
    return (
        _word(rank).fill_null(NOT_EVALUABLE).alias(name),
        _word(pl.max_horizontal(*bounds)).alias(f"{name}BEST"),
    )


def _word(rank: pl.Expr) -> pl.Expr:
    return rank.replace_strict(dict(enumerate(CATEGORIES)), default=None, return_dtype=pl.String)


def _ranked(*cases: tuple[pl.Expr, int | None], otherwise: int | None) -> pl.Expr:
    """The rank of the first case that holds; None: not known."""
    rank = pl.lit(otherwise, pl.Int64)
    for condition, value in reversed(cases):
        rank = pl.when(condition.fill_null(False)).then(pl.lit(value, pl.Int64)).otherwise(rank)
    return rank


def _low(name: str, optimal: float, good: float, tolerance: float) -> _Component:
    """Lower is better: HbA1c."""
    value, baseline = pl.col(name), pl.col(f"B_{name}")
    rank = _ranked(
        (value.is_null(), None),
        (value <= optimal, OPTIMAL),
        (value < good, GOOD),
        (value < baseline - tolerance, MARGINAL),
        (baseline.is_not_null(), FAILURE),
        otherwise=None,
    )
    return _Component(rank, _ranked((value >= good, MARGINAL), otherwise=OPTIMAL))


def _severe(tolerances: Tolerances) -> _Component:
    value, baseline = pl.col("SEVERE"), pl.col("B_SEVERE")
    rank = _ranked(
        (value.is_null(), None),
        (value == 0, OPTIMAL),
        (value < baseline - tolerances.severe, MARGINAL),
        (baseline.is_not_null(), FAILURE),
        otherwise=None,
    )
    return _Component(rank, _ranked((value > 0, MARGINAL), otherwise=OPTIMAL))


def _insulin() -> _Component:
    value, baseline, weight = pl.col("INSULIN"), pl.col("B_INSULIN"), pl.col("WEIGHT")
    little = value < 0.5 * baseline
    rank = _ranked(
        (value.is_null(), None),
        (value == 0, OPTIMAL),
        (baseline.is_null(), None),
        (value >= baseline, FAILURE),
        (~little, MARGINAL),
        (weight.is_null(), None),
        (as_decimal(value / weight) < 0.5, GOOD),
        otherwise=MARGINAL,
    )
    return _Component(rank, _ranked((value > 0, GOOD), otherwise=OPTIMAL))


def _c_peptide() -> _Component:
    """Stimulated where it is known, else fasting, each beside its own baseline."""
    stimulated = pl.col("STIMULATED").is_not_null()
    value = pl.coalesce("STIMULATED", "FASTING")
    baseline = pl.when(stimulated).then("B_STIMULATED").otherwise("B_FASTING")
    rank = _ranked(
        (value.is_null() | baseline.is_null(), None),
        (value <= baseline, FAILURE),
        (value > 0.5, OPTIMAL),
        otherwise=MARGINAL,
    )
    return _Component(rank, _ranked((value <= 0.5, MARGINAL), otherwise=OPTIMAL))


def _in_range(tolerances: Tolerances) -> _Component:
    value, baseline = pl.col("TIR"), pl.col("B_TIR")
    rank = _ranked(
        (value.is_null(), None),
        (value >= 80, OPTIMAL),
        (value >= 70, GOOD),
        (value > baseline + tolerances.time_in_range, MARGINAL),
        (baseline.is_not_null(), FAILURE),
        otherwise=None,
    )
    return _Component(rank, _ranked((value < 70, MARGINAL), otherwise=OPTIMAL))


def _below(tolerances: Tolerances) -> _Component:
    value, baseline = pl.col("BELOW54"), pl.col("B_BELOW54")
    rank = _ranked(
        (value.is_null(), None),
        (value == 0, OPTIMAL),
        (value < 1, GOOD),
        (value < baseline - tolerances.below_54, MARGINAL),
        (baseline.is_not_null(), FAILURE),
        otherwise=None,
    )
    return _Component(rank, _ranked((value >= 1, MARGINAL), otherwise=OPTIMAL))


def _graft() -> _Component:
    """Needs the category of the treatment; without insulin known, only OPTIMAL is open."""
    treatment, insulin = pl.col("IGLS2T"), pl.col("INSULIN")
    stimulated, fasting = pl.col("STIMULATED"), pl.col("FASTING")
    success = treatment.is_in(CATEGORIES[:MARGINAL])
    rank = _ranked(
        (treatment == NOT_EVALUABLE, None),
        (success & insulin.is_null(), None),
        (success & (insulin == 0), OPTIMAL),
        (stimulated.is_null() & fasting.is_null(), None),
        ((stimulated > 0.5) | (stimulated.is_null() & (fasting >= 0.2)), GOOD),
        ((stimulated >= 0.3) | (stimulated.is_null() & (fasting >= 0.1)), MARGINAL),
        otherwise=FAILURE,
    )
    return _Component(rank, _ranked((~success | (insulin > 0), GOOD), otherwise=OPTIMAL))
