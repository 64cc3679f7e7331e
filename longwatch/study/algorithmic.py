"""Algorithmic queries: who had hypoglycaemia, or hyperglycaemia, by terms and laboratory results together.

A query is data: criteria, and the terms, drugs and clinical events that they speak of. `GUIDE` has those of tables 47
and 48 of FDA's guide v2.0 as a public implementation has them (Johnson & Johnson's `junco` and `pharmaverseadamjnj`,
tables TSFAE18b and TSFAE18c and dataset ADAGOCMQ); the guide's own text could not be read, so every output that uses
them says that they are to be confirmed. Of that implementation two lists are not taken over: the PTs of
hypoglycaemia's symptoms (MedDRA's), for which all broad terms of the OCMQ stand, and indications of drugs.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from longwatch.study.event_lists import Terms
from longwatch.study.laboratory_criterion import Comparison, LaboratoryCriterion
from longwatch.study.part import Part

Text = Annotated[str, Field(min_length=1)]


class Query(StrEnum):
    """The queries there are: FDA's tables 47 and 48."""

    HYPOGLYCAEMIA = "hypoglycaemia"
    HYPERGLYCAEMIA = "hyperglycaemia"


class Results(LaboratoryCriterion):
    """Laboratory results after the first dose that meet a criterion. `rise`: which are higher than the baseline by at
    least so much, in the criterion's unit. `fasting`: those flagged LBFAST = Y alone. `at_least`: how many of a
    subject's."""

    rise: Annotated[float, Field(gt=0)] | None = None
    fasting: bool = False
    at_least: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def check_rise(self) -> Results:
        """A rise is in a unit of results."""
        if self.rise is not None and self.measure != "AVAL":
            raise ValueError(f"rise is in the unit of a result, and {self.unit!r} is none")
        return self


class Drugs(Part):
    """Concomitant drugs (CM): by name (`names`: CMDECOD, else CMTRT), or by a text that the name or the class (CMCLAS)
    contains (`containing`); in any case."""

    names: tuple[Text, ...] = ()
    containing: tuple[Text, ...] = ()


class Criterion(Part):
    """What meets a query by itself, by its `name` as printed. All of what it asks for must be there: so many TEAEs of
    the query's `terms`, so many of its `symptoms`, `results`, so many drugs that are new (`drugs`), so many clinical
    events. `within_days`: one of each within so many days of one another; it is for two parts of one record each."""

    name: Text
    terms: Annotated[int, Field(ge=0)] = 0
    symptoms: Annotated[int, Field(ge=0)] = 0
    results: Results | None = None
    drugs: Annotated[int, Field(ge=0)] = 0
    clinical_events: Annotated[int, Field(ge=0)] = 0
    within_days: Annotated[int, Field(ge=0)] | None = None

    @property
    def parts(self) -> Mapping[str, int]:
        """How many records it asks for, by what they are of."""
        asked = {
            "terms": self.terms,
            "symptoms": self.symptoms,
            "results": self.results.at_least if self.results else 0,
            "drugs": self.drugs,
            "clinical_events": self.clinical_events,
        }
        return {name: count for name, count in asked.items() if count}

    @model_validator(mode="after")
    def check_parts(self) -> Criterion:
        """It asks for something; days are between two records."""
        if not self.parts:
            raise ValueError(f"{self.name}: ask for terms, symptoms, results, drugs or clinical_events")
        if self.within_days is not None and list(self.parts.values()) != [1, 1]:
            raise ValueError(f"{self.name}: within_days is for two parts of one record each")
        return self


def _glucose(
    comparison: Comparison, value: float, *, rise: float | None = None, fasting: bool = False, at_least: int = 1
) -> Results:
    return Results(
        analyte="GLUC",
        comparison=comparison,
        value=value,
        unit="mg/dL",
        rise=rise,
        fasting=fasting,
        at_least=at_least,
    )


def _hba1c(value: float, rise: float | None = None) -> Results:
    return Results(analyte="HBA1C", comparison=Comparison.AT_LEAST, value=value, unit="%", rise=rise)


GUIDE: Mapping[Query, tuple[Criterion, ...]] = {
    Query.HYPOGLYCAEMIA: (
        Criterion(name="Any hypoglycaemia term", terms=1),
        Criterion(name="Glucose < 54 mg/dL", results=_glucose(Comparison.BELOW, 54)),
        Criterion(
            name="Symptom, and glucose < 70 mg/dL within 7 days",
            symptoms=1,
            results=_glucose(Comparison.BELOW, 70),
            within_days=7,
        ),
        Criterion(
            name="At least 2 symptoms, and at least 2 glucoses < 70 mg/dL",
            symptoms=2,
            results=_glucose(Comparison.BELOW, 70, at_least=2),
        ),
    ),
    Query.HYPERGLYCAEMIA: (
        Criterion(name="Any hyperglycaemia term", terms=1),
        Criterion(name="Fasting glucose >= 126 mg/dL", results=_glucose(Comparison.AT_LEAST, 126, fasting=True)),
        Criterion(name="At least 2 glucoses > 180 mg/dL", results=_glucose(Comparison.ABOVE, 180, at_least=2)),
        Criterion(name="Any new drug for diabetes", drugs=1),
        Criterion(name="HbA1c >= 6.5%", results=_hba1c(6.5)),
        Criterion(name="HbA1c higher by >= 0.3 points, and >= 5.7%", results=_hba1c(5.7, 0.3)),
        Criterion(
            name="Fasting glucose higher by >= 20 mg/dL, and > 100 mg/dL",
            results=_glucose(Comparison.ABOVE, 100, rise=20, fasting=True),
        ),
    ),
}
FOR_DIABETES = Drugs(
    containing=(
        "INSULIN", "METFORM", "GLIPTIN", "GLUTIDE", "GLITAZ", "GLIFLOZIN", "SULFONYL", "BIGUANIDE", "GLUCOSE LOWERING",
        "DIABET",
    )
)  # fmt: skip
"""What names or classes of drugs for diabetes contain, of the words that the public implementation looks for."""
LISTS: Mapping[Query, str] = {Query.HYPOGLYCAEMIA: "Hypoglycemia", Query.HYPERGLYCAEMIA: "Hyperglycemia"}
"""The OCMQ of each query: `terms` are its narrow terms, `symptoms` its broad ones, where nothing is declared."""


class AlgorithmicQuery(Part):
    """What a study says of a query. `terms`, `symptoms`: by PT, SOC or list; none: of the OCMQ of that name.
    `drugs`: the drugs that a new one is of. `clinical_events`: terms of CE (CEDECOD, else CETERM). `criteria`: further
    ones after the guide's, or, with `guide: false`, in their place."""

    query: Query
    terms: Terms | None = None
    symptoms: Terms | None = None
    drugs: Drugs = FOR_DIABETES
    clinical_events: tuple[Text, ...] = ()
    guide: bool = True
    criteria: tuple[Criterion, ...] = ()

    @property
    def every_criterion(self) -> tuple[Criterion, ...]:
        """The criteria in the order printed."""
        return (*(GUIDE[self.query] if self.guide else ()), *self.criteria)

    @model_validator(mode="after")
    def check_criteria(self) -> AlgorithmicQuery:
        """There is one; no name twice; clinical events are named where a criterion asks for them."""
        names = [item.name for item in self.every_criterion]
        if not names:
            raise ValueError("without the guide's criteria give `criteria` of the study")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the criterion {', '.join(twice)} stands twice")
        if any(item.clinical_events for item in self.every_criterion) and not self.clinical_events:
            raise ValueError("name the terms of CE (clinical_events) that a criterion asks for")
        return self


Kind = Literal["TERMS", "RESULTS", "OTHER"]


def kind_of(criterion: Criterion) -> Kind:
    """What a criterion is made of: adverse events alone, laboratory results alone, or anything else."""
    parts = set(criterion.parts)
    if parts <= {"terms", "symptoms"}:
        return "TERMS"
    return "RESULTS" if parts == {"results"} else "OTHER"
