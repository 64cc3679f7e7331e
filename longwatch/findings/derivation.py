"""Columns that a check derives before it judges: every kind there is. A new kind is a class in a module of
`longwatch.findings.derived`, a line here, and what computes it in `validations.derived`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from longwatch.findings.derived.arithmetic import DaysBetween, Percent
from longwatch.findings.derived.dates import DateFact, StudyDay
from longwatch.findings.derived.matches import Contains, CountMet, NamesMet
from longwatch.findings.derived.names import NamesWhere
from longwatch.findings.derived.numbers import (
    DayFrom,
    FirstFilled,
    Joined,
    Number,
    OfTwo,
    Scaled,
    Total,
    Where,
)
from longwatch.findings.derived.parents import Parent
from longwatch.findings.derived.records import CountDistinct, CountRows, Extreme
from longwatch.findings.derived.related import Related
from longwatch.findings.derived.sets import Among, InOrder
from longwatch.findings.derived.tables import FromTable
from longwatch.findings.derived.values import Constant, FirstPresent

Derivation = Annotated[
    CountMet  # derived/matches.py
    | NamesMet
    | Contains
    | NamesWhere  # derived/names.py
    | DateFact  # derived/dates.py
    | StudyDay
    | CountRows  # derived/records.py
    | CountDistinct
    | Extreme
    | Parent  # derived/parents.py
    | Percent  # derived/arithmetic.py
    | DaysBetween
    | Constant  # derived/values.py
    | FirstPresent
    | Related  # derived/related.py
    | Among  # derived/sets.py
    | InOrder
    | Number  # derived/numbers.py
    | Scaled
    | OfTwo
    | Total
    | DayFrom
    | Joined
    | Where
    | FirstFilled
    | FromTable,  # derived/tables.py
    Field(discriminator="type"),
]
