"""The levels of laboratory values are those that the specification takes from the guide (spec C.3)."""

from __future__ import annotations

from collections.abc import Callable

from longwatch.study import Study
from longwatch.tables.levels import read_analytes

SPECIFIED = {
    "Creatinine": ">= 1.5, 2, 3 x baseline",
    "eGFR": "<= -25, -50, -75 % of baseline",
    "ALT": "> 3, 5, 10 x ULN",
    "AST": "> 3, 5, 10 x ULN",
    "ALP": "> 1.5, 2, 3 x ULN",
    "Total bilirubin": "> 1.5, 2, 3 x ULN",
    "Leukocytes": "< 3.5, 3, 1 10^9/L",
    "Neutrophils": "< 2, 1, 0.5 10^9/L",  # 2000, 1000, 500 per microlitre
    "Lymphocytes": "< 1, 0.75, 0.5 10^9/L",  # 1000, 750, 500 per microlitre
    "Platelets": "< 140, 125, 100 10^9/L",
    "Haemoglobin, decrease": "< -1.5, -2 g/dL",  # levels 2 and 3: the guide has no level 1
    "Potassium, high": "> 5.5, 6, 6.5 mmol/L",
    "Glucose, low": "< 70, 54 mg/dL",
    "Glucose, high, fasting": ">= 100, 126 mg/dL",
    "Glucose, high, random": ">= 200 mg/dL",  # level 2 alone
    "LDL cholesterol": "> 130, 160, 190 mg/dL",
    "Triglycerides": "> 150, 300, 500 mg/dL",
}


def test_the_levels_are_those_of_the_specification(make_study: Callable[..., Study]) -> None:
    found = {
        item.name: f"{item.sign} {', '.join(f'{limit:g}' for limit in item.limits if limit is not None)} {item.unit}"
        for item in read_analytes(make_study())
    }
    assert found == SPECIFIED
    levels = {item.name: item.levels for item in read_analytes(make_study())}
    assert levels["Haemoglobin, decrease"] == [2, 3]
    assert levels["Glucose, high, random"] == [2]
    assert levels["Glucose, low"] == [1, 2]
