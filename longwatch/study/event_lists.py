"""What a study file says of lists of terms: the files that hold them, and the AESIs made of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from longwatch.study.laboratory_criterion import LaboratoryCriterion
from longwatch.study.part import Part


class EventGroupsSpec(Part):
    """Lists of terms that the study brings. `kind`: OCMQ, SMQ or CQ (a sponsor's own). `file`: a CSV of lists, relative
    to the study file; SMQs without one are those of the folder `dictionaries: meddra_folder`."""

    kind: Literal["OCMQ", "SMQ", "CQ"]
    file: str = ""

    @model_validator(mode="after")
    def check_file(self) -> EventGroupsSpec:
        """Only SMQs are somewhere else."""
        if not self.file and self.kind != "SMQ":
            raise ValueError(f"name the file of these {self.kind}s")
        return self


class ByTerms(Part):
    """Adverse events by their terms: PTs (`terms`), whole SOCs (`socs`), and lists of `event_groups` by name or id
    (`groups`), of which `scope` takes the narrow terms or all."""

    terms: tuple[str, ...] = ()
    socs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    scope: Literal["narrow", "broad"] = "narrow"

    @property
    def has_terms(self) -> bool:
        """Whether adverse events can be of it."""
        return bool(self.terms or self.socs or self.groups)


class Terms(ByTerms):
    """The same, of which there is at least one."""

    @model_validator(mode="after")
    def check_some(self) -> Terms:
        """There is one."""
        if not self.has_terms:
            raise ValueError("name terms, socs or groups")
        return self


class AesiWindow(Part):
    """Which days count: from the first to the last of `days`, 0 being the day of the infusion. `after`: days since the
    last infusion before the event (`infusion`), or since the first of all (`first_infusion`)."""

    days: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]
    after: Literal["infusion", "first_infusion"] = "infusion"

    @model_validator(mode="after")
    def check_days(self) -> AesiWindow:
        """The last day is not before the first."""
        if self.days[1] < self.days[0]:
            raise ValueError(f"the window ends on day {self.days[1]}, before it begins on day {self.days[0]}")
        return self

    @property
    def condition(self) -> str:
        """Which records of ADAE and ADSI lie in it, as SQL."""
        variable = "ADYINF" if self.after == "infusion" else "ADYINF1"
        return f"{variable} >= {self.days[0]} AND {variable} <= {self.days[1]}"

    @property
    def words(self) -> str:
        """`days 0 to 14 from the last infusion, which is day 0`."""
        which = "the last infusion" if self.after == "infusion" else "the first infusion"
        return f"days {self.days[0]} to {self.days[1]} from {which}, which is day 0"


class AesiSpec(ByTerms):
    """An adverse event of special interest: by its terms, and by `laboratory`, criteria of which the first result that
    meets one is an event, too. `window`: which days count; none: every day. `denominator`: what its number
    is stated of beside subjects: infusions given (`procedures`) or all treatment-emergent events (`events`)."""

    name: Annotated[str, Field(min_length=1)]
    laboratory: tuple[LaboratoryCriterion, ...] = ()
    window: AesiWindow | None = None
    denominator: Literal["subjects", "procedures", "events"] = "subjects"

    @model_validator(mode="after")
    def check_terms(self) -> AesiSpec:
        """It has a term or a criterion; procedures are infusions, each with its own days; results are no share of
        adverse events."""
        if not (self.has_terms or self.laboratory):
            raise ValueError("name its terms, socs, groups or laboratory criteria")
        if len(set(self.laboratory)) != len(self.laboratory):
            raise ValueError("laboratory: a criterion stands twice")
        if self.denominator == "procedures" and self.window and self.window.after == "first_infusion":
            raise ValueError("of procedures each has its own days: write `after: infusion`")
        if self.denominator == "events" and not self.has_terms:
            raise ValueError("a share of adverse events needs terms, socs or groups")
        return self

    @property
    def is_by_terms(self) -> bool:
        """Whether its events are adverse events chosen by term alone, on any day."""
        return not (self.laboratory or self.window)
