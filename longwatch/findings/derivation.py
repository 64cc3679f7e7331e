"""Columns that a check derives before it judges: every kind there is. A new kind is a class in a module of
`longwatch.findings.derived`, a line here, and what computes it in `validations.derived`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from longwatch.findings.derived.dates import DateFact, StudyDay
from longwatch.findings.derived.matches import Contains, CountMet, NamesMet
from longwatch.findings.derived.records import CountRows
from longwatch.findings.derived.values import Constant, FirstPresent

Derivation = Annotated[
    CountMet  # derived/matches.py
    | NamesMet
    | Contains
    | DateFact  # derived/dates.py
    | StudyDay
    | CountRows  # derived/records.py
    | Constant  # derived/values.py
    | FirstPresent,
    Field(discriminator="type"),
]
