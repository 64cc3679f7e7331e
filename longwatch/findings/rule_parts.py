"""What the parts of a rule share: strict reading, names of columns, values, conditions."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr, model_validator

ColumnName = Annotated[str, Field(pattern=r"^[A-Z0-9_*-]+$")]
Scalar = StrictStr | StrictInt | StrictFloat


class Part(BaseModel):
    """A piece of a rule: unknown keys are mistakes, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ValueSource(StrEnum):
    """Values that a rule takes from where it runs: the domain's letters, or what the study file says."""

    DOMAIN = "domain"
    STUDY_ID = "study.id"
    TREATED_ARMS = "study.treated_arms"
    UNTREATED_ARMS = "study.untreated_arms"
    RELATEDNESS = "study.relatedness"


class Reference(Part):
    """`{from: study.id}`: values that are not written in the rule."""

    source: ValueSource = Field(alias="from")


Values = Annotated[tuple[Scalar | Reference, ...], Field(min_length=1)]


def literals(values: tuple[Scalar | Reference, ...]) -> list[str | int | float]:
    """The values of a bound check, in which no reference is left."""
    return [value for value in values if not isinstance(value, Reference)]


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

    A missing value meets none of them but `is: missing`.
    """

    column: ColumnName
    equals: Scalar | None = None
    within: Values | None = Field(None, alias="in")
    outside: Values | None = Field(None, alias="not_in")
    state: Literal["filled", "missing"] | None = Field(None, alias="is")
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def check_one_test(self) -> Condition:
        """One test, no more, no less."""
        tests = (self.equals, self.within, self.outside, self.state, self.at_least, self.at_most)
        if sum(test is not None for test in tests) != 1:
            raise ValueError("a condition has exactly one of equals, in, not_in, is, at_least, at_most")
        return self
