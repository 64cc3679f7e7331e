"""Lists of terms where tables meet them: which terms of the data belong, as a mask and as SQL."""

from __future__ import annotations

from collections.abc import Iterable

from longwatch.derive import AnalysisDatasets
from longwatch.standards.event_groups import EventGroup, Scope
from longwatch.study import Study
from longwatch.tables.filters import is_one_of

KINDS = ("AESI", "OCMQ", "SMQ", "CQ")


def condition_of(group: EventGroup, scope: Scope, socs: Iterable[str], pts: Iterable[str]) -> str:
    """Which records belong to a list, as SQL in the spelling of the data; where no term of the data does, in that of
    the list. `socs`, `pts`: those of the data."""
    of_pts = is_one_of("AEDECOD", _in(pts, group.terms(scope)))
    if not group.socs:
        return of_pts
    of_socs = is_one_of("AEBODSYS", _in(socs, group.socs))
    return f"({of_pts} OR {of_socs})" if group.terms(scope) else of_socs


def having_of(group: EventGroup, pts: Iterable[str]) -> str:
    """What the records of a subject must come to together, by the list's algorithm."""
    assert group.algorithm is not None
    known = list(pts)

    def met(letter: str) -> str:
        chosen = is_one_of("AEDECOD", _in(known, group.categories[letter]))
        return f"MAX(CASE WHEN {chosen} THEN 1 ELSE 0 END) = 1"

    return group.algorithm.fold(met, lambda operator, parts: f"({f' {operator.upper()} '.join(parts)})")


def say_lists(groups: Iterable[EventGroup], study: Study) -> tuple[str, ...]:
    """The versions of the lists, beside that of the data where it is another."""
    stated = study.dictionaries.meddra_name
    versions = sorted({group.version for group in groups if group.version})
    if not versions:
        return ("The lists do not say for which version of the dictionary they were made.",)
    text = f"Lists made for version {' and '.join(versions)} of the dictionary"
    if stated and [stated.split()[-1]] != versions:
        return (f"{text}; the data is coded with {stated}: terms that changed may be missed.",)
    return (f"{text}.",)


def names_of(datasets: AnalysisDatasets, variable: str) -> list[str]:
    """The values of a variable of ADAE, missing left out."""
    return sorted(datasets.adae_with([variable])[variable].drop_nulls().unique().cast(str))


def _in(names: Iterable[str], terms: frozenset[str]) -> list[str]:
    found = [name for name in names if name.upper() in terms]
    return found or sorted(terms)
