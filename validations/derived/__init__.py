"""Computing the columns that checks derive. Each kind is registered in the module that is named as that of its
declaration in `longwatch.findings.derived`."""

from validations.derived import (
    arithmetic,
    dates,
    matches,
    names,
    numbers,
    parents,
    records,
    related,
    sets,
    tables,
    values,
)
from validations.derived.dispatch import derive, lacks

__all__ = [
    "arithmetic",
    "dates",
    "derive",
    "lacks",
    "matches",
    "names",
    "numbers",
    "parents",
    "records",
    "related",
    "sets",
    "tables",
    "values",
]
