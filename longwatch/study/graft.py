"""What a study says of graft function: which drugs are insulin, and what counts as like baseline (spec D.4)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from longwatch.study.part import Part


class Tolerances(Part):
    """By how much a value may be better than at baseline and still be as at baseline: HbA1c in %, severe hypoglycaemia
    in events a year, time in range and time below 54 mg/dL in points."""

    hba1c: Annotated[float, Field(ge=0)] = 0.3
    severe: Annotated[float, Field(ge=0)] = 1.0
    time_in_range: Annotated[float, Field(ge=0)] = 5.0
    below_54: Annotated[float, Field(ge=0)] = 1.0


class Antibodies(Part):
    """What of IS counts. `donor`, `auto`: ISTESTCD of donor-specific antibodies and of autoantibodies; none: those that
    start with DSA, and those whose ISCAT says AUTOANTIBODY. `positive`: from which value on a donor-specific antibody
    is positive (MFI). `rise`: how many times its baseline an autoantibody is when it has risen."""

    donor: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    auto: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    positive: Annotated[float, Field(gt=0)] = 1000.0
    rise: Annotated[float, Field(gt=1)] = 2.0


class Engraftment(Part):
    """What the protocol takes for evidence that the graft works (GRAFTFL): a C-peptide of at least `c_peptide` ng/mL,
    at most `within_days` after the first infusion, of the `sample` after a meal (`stimulated`), `fasting`, or of any of
    both. The defaults are no authority's: confirm them by the protocol."""

    c_peptide: Annotated[float, Field(gt=0)] = 0.3
    within_days: Annotated[int, Field(ge=1)] = 90
    sample: Literal["any", "stimulated", "fasting"] = "any"

    @property
    def words(self) -> str:
        """As a footnote says it."""
        samples = {"any": "", "stimulated": " after a meal", "fasting": ", fasting,"}[self.sample]
        return (
            f"infused, and a C-peptide{samples} of at least {self.c_peptide:g} ng/mL within {self.within_days} days "
            "after the first infusion, above the subject's own before it where that is known"
        )


class Graft(Part):
    """`insulins`: CMDECOD (or CMTRT) of insulin, in any case; none: whatever contains INSULIN. `free_days`: how many
    days without insulin make an episode of independence. `as_baseline`: tolerances of the Igls criteria. `antibodies`:
    what a de-novo donor-specific antibody, and a rise of an autoantibody, is. `c_peptide_fall`: by how many percent of
    the highest earlier value the stimulated C-peptide has fallen when it counts. `red_cell_terms`: PTs (AEDECOD,
    MHDECOD) of what shortens the life of red cells and makes HbA1c say too little: from its start on the glucose
    management indicator of the sensor's readings stands in its place. `loss_terms`: what CE (CEDECOD, else CETERM)
    calls the loss of the graft, in any case. `engraftment`: what the protocol takes for evidence that a graft works;
    none: there is no such population. `peri_hospital_insulin_days`: insulin of at most so many days around a stay in
    hospital does not end an episode of independence (`insulin`; 14 in the specification, to be confirmed); none: any
    insulin does."""

    insulins: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    free_days: Annotated[int, Field(ge=1)] = 14
    as_baseline: Tolerances = Tolerances()
    antibodies: Antibodies = Antibodies()
    c_peptide_fall: Annotated[float, Field(gt=0, lt=100)] = 50.0
    red_cell_terms: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    loss_terms: tuple[Annotated[str, Field(min_length=1)], ...] = ("ISLET GRAFT LOSS", "GRAFT LOSS")
    engraftment: Engraftment | None = None
    peri_hospital_insulin_days: Annotated[int, Field(ge=1)] | None = None
