"""What a study says of graft function: which drugs are insulin, and what counts as like baseline (spec D.4)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from longwatch.study.part import Part


class Tolerances(Part):
    """By how much a value may be better than at baseline and still be as at baseline: HbA1c in %, severe hypoglycaemia
    in events a year, time in range and time below 54 mg/dL in points."""

    hba1c: Annotated[float, Field(ge=0)] = 0.3
    severe: Annotated[float, Field(ge=0)] = 1.0
    time_in_range: Annotated[float, Field(ge=0)] = 5.0
    below_54: Annotated[float, Field(ge=0)] = 1.0


class Graft(Part):
    """`insulins`: CMDECOD (or CMTRT) of insulin, in any case; none: whatever contains INSULIN. `free_days`: how many
    days without insulin make an episode of independence. `as_baseline`: tolerances of the Igls criteria."""

    insulins: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    free_days: Annotated[int, Field(ge=1)] = 14
    as_baseline: Tolerances = Tolerances()
