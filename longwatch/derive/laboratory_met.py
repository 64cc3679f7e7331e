"""Which results of ADLB meet a laboratory criterion of the study file, as SQL in the field's names.

A result is usable where it was taken after the first dose and is not baseline (ONTRTFL = Y), is of the analyte, not of
urine, and has what is compared: the measure, above a lower limit of normal of 0 for `x LLN`, or a value in a unit that
the criterion's unit can be converted to (`units.csv`), else in that very unit, whatever its capitals. Any other result
says nothing, neither for nor against.
"""

from __future__ import annotations

from collections.abc import Iterable

from longwatch.derive.adaq import factors_to
from longwatch.study import LaboratoryCriterion

_OF_BLOOD = "(SPEC IS NULL OR SPEC NOT IN ('URINE'))"


def usable(criterion: LaboratoryCriterion, units: Iterable[str]) -> str:
    """Which results can be compared. `units`: of the results of the analyte."""
    parts = [f"PARAMCD = '{criterion.analyte}'", "ONTRTFL = 'Y'", _OF_BLOOD]
    if criterion.measure == "AVAL":
        known = ", ".join(_quote(unit) for unit in _limits(criterion, units)) or "'none'"
        parts += ["AVAL IS NOT NULL", f"AVALU IN ({known})"]
    elif criterion.measure == "AVAL / ANRLO":
        parts += ["AVAL IS NOT NULL", "ANRLO > 0"]
    else:
        parts.append(f"{criterion.measure} IS NOT NULL")
    return " AND ".join(parts)


def met(criterion: LaboratoryCriterion, units: Iterable[str]) -> str:
    """Which usable results meet it."""
    if criterion.measure != "AVAL":
        return f"{criterion.measure} {criterion.comparison.sign} {_literal(criterion.value)}"
    by_unit = _limits(criterion, units).items()
    return (
        " OR ".join(
            f"(AVALU = {_quote(unit)} AND AVAL {criterion.comparison.sign} {_literal(limit)})"
            for unit, limit in by_unit
        )
        or "AVALU = 'none'"
    )


def _limits(criterion: LaboratoryCriterion, units: Iterable[str]) -> dict[str, float]:
    """By unit of results the limit in it."""
    factors = factors_to(criterion.analyte, criterion.unit)
    return {unit: criterion.value / factors[unit.lower()] for unit in units if unit.lower() in factors}


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _literal(value: float) -> str:
    text = repr(float(value))
    return text if "e" not in text else f"{value:.12f}"
