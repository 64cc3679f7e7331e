"""Times to an event that a study analyses: which event, in which unit, with which interval (spec A.8, C.4)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from longwatch.study.part import Part

PARAMETER_CODE = r"^[A-Z][A-Z0-9_]{0,7}$"


class EventKind(StrEnum):
    """What ends the time (the rules: `longwatch/derive/adtte.py`)."""

    ADVERSE_EVENT = "adverse_event"
    CLINICAL_EVENT = "clinical_event"
    DEATH = "death"
    DISCONTINUATION = "discontinuation"
    LAST_FOLLOW_UP = "last_follow_up"


class Parameter(Part):
    """One parameter of ADTTE. `code`: PARAMCD; `name`: as printed. `event`: what ends the time; left out for a
    parameter that the sponsor's own ADTTE has. `terms` (PTs), `socs`, `serious`: which adverse events, of those that
    are treatment-emergent; a term or a SOC is enough; of a clinical event, `terms` (CEDECOD, else CETERM) say which
    records of CE. `landmarks`: times in the unit at which the table prints the
    share without the event; none → the usual ones within the longest time observed."""

    code: Annotated[str, Field(pattern=PARAMETER_CODE)]
    name: Annotated[str, Field(min_length=1)]
    event: EventKind | None = None
    terms: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    socs: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    serious: bool = False
    unit: Literal["days", "months"] = "days"
    landmarks: tuple[Annotated[float, Field(gt=0)], ...] = ()

    @model_validator(mode="after")
    def check_parts(self) -> Parameter:
        """Only adverse and clinical events are chosen by term, these always; landmarks rise."""
        clinical = self.event is EventKind.CLINICAL_EVENT
        if clinical and (not self.terms or self.socs or self.serious):
            raise ValueError(f"{self.code}: a clinical event is chosen by `terms` (CEDECOD), and by nothing else")
        if (self.terms or self.socs or self.serious) and not clinical and self.event is not EventKind.ADVERSE_EVENT:
            raise ValueError(
                f"{self.code}: terms, socs and serious choose adverse events; write `event: adverse_event`"
            )
        if list(self.landmarks) != sorted(set(self.landmarks)):
            raise ValueError(f"{self.code}: landmarks rise, such as [90, 180, 365]")
        return self


STANDARD_PARAMETERS = (
    Parameter(code="TTDISC", name="Time to discontinuation of study", event=EventKind.DISCONTINUATION),
    Parameter(code="TTLFU", name="Time to last follow-up", event=EventKind.LAST_FOLLOW_UP),
    Parameter(code="TTAE", name="Time to first adverse event", event=EventKind.ADVERSE_EVENT),
    Parameter(code="TTSAE", name="Time to first serious adverse event", event=EventKind.ADVERSE_EVENT, serious=True),
    Parameter(code="TTDEATH", name="Time to death", event=EventKind.DEATH),
)
"""Parameters that every study has; a study file may give one of them otherwise, by its code."""


class TimeToEvent(Part):
    """`interval`: on which scale the limits of Kaplan–Meier are symmetric. `ties`: how Cox's model takes events at one
    time. `parameters`: further ones, or others for the standard codes."""

    interval: Literal["log-log", "log", "linear"] = "log-log"
    ties: Literal["efron", "breslow"] = "efron"
    parameters: tuple[Parameter, ...] = ()

    @model_validator(mode="after")
    def check_codes(self) -> TimeToEvent:
        """No code twice."""
        codes = [item.code for item in self.parameters]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands twice")
        return self

    def all_parameters(self) -> tuple[Parameter, ...]:
        """The study's own, then the standard ones that it does not give otherwise."""
        own = {item.code for item in self.parameters}
        return (*self.parameters, *(item for item in STANDARD_PARAMETERS if item.code not in own))
