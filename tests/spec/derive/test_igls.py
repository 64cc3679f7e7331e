"""Igls categories and C-peptide (spec D.4: the oracles; traps J.13 and J.14)."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from longwatch.derive.c_peptide import below_limit_to_ng_per_ml, to_ng_per_ml
from longwatch.derive.igls import BASELINE, INPUTS, derive_igls
from longwatch.study.graft import Tolerances

BEFORE = {
    "B_HBA1C": 8.3, "B_TIR": 48, "B_SEVERE": 5, "B_BELOW54": 4, "B_INSULIN": 35, "B_STIMULATED": 0.1, "WEIGHT": 70,
}  # fmt: skip
A = {**BEFORE, "HBA1C": 6.2, "TIR": 86, "SEVERE": 0, "BELOW54": 0, "INSULIN": 0, "STIMULATED": 1.1}
B = {**BEFORE, "HBA1C": 6.8, "TIR": 74, "SEVERE": 0, "BELOW54": 0.4, "INSULIN": 8, "STIMULATED": 0.9}
C = {**BEFORE, "HBA1C": 7.4, "TIR": 65, "SEVERE": 1, "BELOW54": 1.5, "INSULIN": 24, "STIMULATED": 0.4}
D = {**BEFORE, "HBA1C": 8.4, "TIR": 47, "SEVERE": 5, "BELOW54": 4, "INSULIN": 36, "STIMULATED": 0.1}
E = {**BEFORE, "HBA1C": 6.4, "TIR": 81, "SEVERE": 0, "BELOW54": 0.5}
F = {"HBA1C": 8.2, "STIMULATED": 0.1}


def igls(case: dict[str, Any], **tolerances: float) -> dict[str, Any]:
    frame = pl.DataFrame(
        {name: [case.get(name)] for name in (*INPUTS, *BASELINE)},
        schema=dict.fromkeys((*INPUTS, *BASELINE), pl.Float64),
        strict=False,
    )
    return derive_igls(frame, Tolerances(**tolerances)).row(0, named=True)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (A, ("OPTIMAL", "OPTIMAL", "OPTIMAL")),
        (B, ("GOOD", "GOOD", "GOOD")),
        (C, ("MARGINAL", "MARGINAL", "MARGINAL")),
        (D, ("FAILURE", "FAILURE", "FAILURE")),
        (F, ("NE", "NE", "NE")),
    ],
    ids="abcdf",
)
def test_the_oracles(case: dict[str, Any], expected: tuple[str, ...]) -> None:
    found = igls(case)
    assert (found["IGLS17"], found["IGLS2T"], found["IGLS2G"]) == expected


def test_some_time_below_54_is_good_at_best() -> None:
    """Oracle (e): 2.0 treatment Good."""
    assert igls(E)["IGLS2T"] == "GOOD"


def test_what_is_not_evaluable_still_has_a_best_category() -> None:
    """Oracle (f): neither optimal nor good. HbA1c of (a) alone can still be anything."""
    assert igls(F)["IGLS17BEST"] == "MARGINAL"
    assert igls({"HBA1C": 6.2})["IGLS17BEST"] == "OPTIMAL"


def test_no_graft_is_optimal_with_any_insulin() -> None:
    """Trap J.14; nor without insulin where the treatment fails."""
    assert igls({**A, "INSULIN": 0.5})["IGLS17"] == "GOOD"
    assert igls({**A, "INSULIN": 0.5})["IGLS2G"] == "GOOD"
    assert igls({**D, "INSULIN": 0, "STIMULATED": 1.1})["IGLS2G"] == "GOOD"


@pytest.mark.parametrize("name", ["HBA1C", "SEVERE", "INSULIN", "STIMULATED", "B_STIMULATED"])
def test_a_missing_component_is_never_guessed(name: str) -> None:
    """NE, unless another component is a failure already."""
    assert igls({**A, name: None})["IGLS17"] == "NE"
    assert igls({**D, name: None})["IGLS17"] == "FAILURE"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # the bounds themselves
        ({"HBA1C": 6.5}, "OPTIMAL"),
        ({"HBA1C": 7.0}, "MARGINAL"),
        ({"STIMULATED": 0.5}, "MARGINAL"),
        ({"INSULIN": 17.5}, "MARGINAL"),
        ({"INSULIN": 17.4, "WEIGHT": 30}, "MARGINAL"),
        ({"INSULIN": 17.4, "WEIGHT": None}, "NE"),
        # better by no more than the tolerance is as baseline
        ({"HBA1C": 8.0}, "FAILURE"),
        ({"HBA1C": 7.9}, "MARGINAL"),
        ({"SEVERE": 4}, "FAILURE"),
        ({"SEVERE": 3.9}, "MARGINAL"),
        # fasting where stimulated is not known, beside its own baseline
        ({"STIMULATED": None, "FASTING": 0.6, "B_FASTING": 0.1}, "OPTIMAL"),
        ({"STIMULATED": None, "FASTING": 0.6}, "NE"),
    ],
)
def test_bounds(change: dict[str, Any], expected: str) -> None:
    assert igls({**A, **change})["IGLS17"] == expected


@pytest.mark.parametrize(
    ("stimulated", "fasting", "expected"),
    [(0.51, None, "GOOD"), (0.5, 0.9, "MARGINAL"), (0.3, None, "MARGINAL"), (0.29, None, "FAILURE"),
     (None, 0.2, "GOOD"), (None, 0.1, "MARGINAL"), (None, 0.09, "FAILURE"), (None, None, "NE")],
)  # fmt: skip
def test_graft_function_by_c_peptide(stimulated: float | None, fasting: float | None, expected: str) -> None:
    """Stimulated counts where it is known."""
    assert igls({**B, "STIMULATED": stimulated, "FASTING": fasting})["IGLS2G"] == expected


def test_the_study_file_sets_what_is_as_baseline() -> None:
    assert igls({**A, "HBA1C": 8.0}, hba1c=0.1)["IGLS17"] == "MARGINAL"


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(0.5, "ng/mL", 0.5), (0.1655, "nmol/L", 0.5), (165.5, "pmol/L", 0.5), (0.5, "µg/L", 0.5), (0.5, "NG/ML", 0.5),
     (0.5, "mg/L", None), (0.5, None, None)],
)  # fmt: skip
def test_c_peptide_in_ng_per_ml(value: float, unit: str | None, expected: float | None) -> None:
    """0.5 ng/mL = 0.17 nmol/L = 166 pmol/L; an unknown unit is not guessed."""
    frame = pl.DataFrame({"v": [value], "u": [unit]}, schema={"v": pl.Float64, "u": pl.String})
    found = frame.select(to_ng_per_ml(pl.col("v"), pl.col("u"))).item()
    assert found == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(("text", "unit", "expected"), [
    ("<0.0166", "nmol/L", 0.0), ("<0.1", "ng/mL", 0.0), ("< 0.3", "ng/mL", None), ("0.2", "ng/mL", None),
    ("<0.05", None, None),
])  # fmt: skip
def test_below_a_limit_that_is_low_enough_there_is_none(text: str, unit: str | None, expected: float | None) -> None:
    frame = pl.DataFrame({"t": [text], "u": [unit]}, schema={"t": pl.String, "u": pl.String})
    assert frame.select(below_limit_to_ng_per_ml(pl.col("t"), pl.col("u"))).item() == expected
