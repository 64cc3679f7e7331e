"""What the parts of a rule share: strict reading, names of columns, values, conditions."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal

import polars as pl
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    field_validator,
    model_validator,
)

ColumnName = Annotated[str, Field(pattern=r"^[A-Z0-9_*-]+$")]
Scalar = StrictStr | StrictInt | StrictFloat


class Part(BaseModel):
    """A piece of a rule: unknown keys are mistakes, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ValueSource(StrEnum):
    """Values that a rule takes from where it runs: the domain's letters, what the study file says, what the standard
    asks of the dataset, and what define.xml says of the dataset or of the variable that `*` stands for."""

    DOMAIN = "domain"
    STUDY_ID = "study.id"
    TREATED_ARMS = "study.treated_arms"
    UNTREATED_ARMS = "study.untreated_arms"
    RELATEDNESS = "study.relatedness"
    PRODUCTS = "study.products"
    REQUIRED = "model.required"
    TEXTS = "dataset.texts"
    KEYS = "define.keys"
    CLOSED = "codelists.closed"
    OPEN = "codelists.open"
    TERMS = "codelists.terms"


PARAMETER = "parameters."
"""What a reference to a parameter of the rule begins with."""


class Reference(Part):
    """`{from: study.id}`, `{from: parameters.days}`: values that are not written in the rule."""

    source: Annotated[str, Field(alias="from")]

    @field_validator("source")
    @classmethod
    def check_source(cls, value: str) -> str:
        """One of the sources, or a parameter of the rule."""
        if value not in set(ValueSource) and not (value.startswith(PARAMETER) and value != PARAMETER):
            raise ValueError(f"there is no source {value}; one of {', '.join(ValueSource)}, {PARAMETER}NAME")
        return value


Values = Annotated[tuple[Scalar | Reference, ...], Field(min_length=1)]


def literals(values: tuple[Scalar | Reference, ...]) -> list[str | int | float]:
    """The values of a bound check, in which no reference is left."""
    return [value for value in values if not isinstance(value, Reference)]


def number(value: float | Reference | None) -> float | None:
    """The number of a bound check, in which no reference is left."""
    if isinstance(value, Reference):
        raise TypeError(f"{value.source} is not bound")
    return value


def check_pattern(pattern: str) -> str:
    """The pattern, where Python and Polars both read it as a part of another (no look-around, no flags at its start).

    Raises ValueError.
    """
    try:
        re.compile(rf"\A(?:{pattern})\Z")
        pl.select(pl.lit("").str.contains(f"^(?:{pattern})$"))
    except (re.error, pl.exceptions.ComputeError) as unreadable:
        raise ValueError(f"the pattern cannot be read: {unreadable}") from unreadable
    return pattern


Pattern = Annotated[str, AfterValidator(check_pattern)]


class Condition(Part):
    """One test of one column, exactly one of `equals`, `in`, `not_in`, `is`, `at_least`, `at_most`.

    A missing value meets none of them but `is: missing`; with `missing: meets` it meets `not_in`, too.
    """

    column: ColumnName
    equals: Scalar | None = None
    within: Values | None = Field(None, alias="in")
    outside: Values | None = Field(None, alias="not_in")
    state: Literal["filled", "missing"] | None = Field(None, alias="is")
    at_least: float | Reference | None = None
    at_most: float | Reference | None = None
    missing: Literal["meets"] | None = None

    @property
    def is_on_text(self) -> bool:
        """Whether it compares with text; a test on `is` compares with nothing."""
        values = (self.equals, *literals(self.within or ()), *literals(self.outside or ()))
        references = any(isinstance(value, Reference) for value in (*(self.within or ()), *(self.outside or ())))
        return references or any(isinstance(value, str) for value in values)

    @model_validator(mode="after")
    def check_one_test(self) -> Condition:
        """One test, no more, no less."""
        tests = (self.equals, self.within, self.outside, self.state, self.at_least, self.at_most)
        if sum(test is not None for test in tests) != 1:
            raise ValueError("a condition has exactly one of equals, in, not_in, is, at_least, at_most")
        if self.missing and self.outside is None:
            raise ValueError("missing: meets belongs to not_in")
        return self
