"""What the study file says of exposure: how the product is given, classes of drugs, and the periods of the study."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from longwatch.study.part import Part


class DrugClass(Part):
    """A class of concomitant drugs whose exposure is counted: its name as printed, and its drugs as CMDECOD, CMTRT or
    EXTRT has them, whatever their case."""

    name: Annotated[str, Field(min_length=1)]
    drugs: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class Exposure(Part):
    """How the study product is given: in single `infusions` (the default), or `continuing` over time; and the classes
    of concomitant drugs, immunosuppression above all. `troughs`: of a drug, the laboratory test (LBTESTCD) that
    measures its trough level."""

    product: Literal["infusions", "continuing"] = "infusions"
    classes: tuple[DrugClass, ...] = ()
    troughs: dict[Annotated[str, Field(min_length=1)], Annotated[str, Field(min_length=1)]] = Field(
        default_factory=dict
    )

    @property
    def drugs(self) -> tuple[str, ...]:
        """The drugs of all classes, in capitals, each once."""
        return tuple(dict.fromkeys(drug.upper() for item in self.classes for drug in item.drugs))

    @property
    def is_continuing(self) -> bool:
        """Whether the product is given over time."""
        return self.product == "continuing"

    @field_validator("classes")
    @classmethod
    def check_names(cls, value: tuple[DrugClass, ...]) -> tuple[DrugClass, ...]:
        """No name twice. (A drug may be in two classes.)"""
        names = [item.name for item in value]
        if len(set(names)) != len(names):
            raise ValueError("a class stands twice")
        return value


class PeriodSpec(Part):
    """A period of the study, and when a subject enters it: on a day of follow-up (`from_day`), or with the first record
    of SE of an epoch or an element (ETCD). The first period begins with follow-up."""

    name: Annotated[str, Field(min_length=1)]
    from_day: Annotated[int, Field(ge=2)] | None = None
    from_epoch: str = ""
    from_element: str = ""

    @property
    def source(self) -> tuple[str, str]:
        """The variable of SE and its value."""
        return ("EPOCH", self.from_epoch) if self.from_epoch else ("ETCD", self.from_element)

    @property
    def starts(self) -> int:
        """In how many ways it says when it begins."""
        return (self.from_day is not None) + bool(self.from_epoch) + bool(self.from_element)
