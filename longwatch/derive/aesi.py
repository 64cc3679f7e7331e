"""Adverse events of special interest: the terms that the study file says they are (spec D.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from longwatch.standards.event_groups import AESI, EventGroup, EventGroups, Scope
from longwatch.study import AesiSpec, EventKind, Parameter
from longwatch.study.event_lists import ByTerms


def find_terms(groups: EventGroups, spec: ByTerms) -> tuple[frozenset[str], frozenset[str]]:
    """The PTs and the SOCs that are meant, in capitals. Raises StudyError LW-GRP-003 where a list is not there."""
    named = [groups.find(name) for name in spec.groups]
    terms = {term.upper() for term in spec.terms}.union(*(group.terms(Scope(spec.scope)) for group in named))
    return frozenset(terms), frozenset(soc.upper() for soc in spec.socs)


def add_aesi(groups: EventGroups, specs: Iterable[AesiSpec]) -> EventGroups:
    """The lists, and after them one of kind AESI for each of the study's, in its order.

    Its terms: `terms`, those of the lists that it names in its scope, and all of the SOCs that it names. Raises
    StudyError LW-GRP-003 where it names a list that is not there.
    """
    found = []
    for spec in specs:
        versions = sorted({group.version for name in spec.groups if (group := groups.find(name)).version})
        terms, socs = find_terms(groups, spec)
        found.append(EventGroup(AESI, spec.name, spec.name, "", ", ".join(versions), terms, socs=socs))
    return replace(groups, groups=(*groups.groups, *found)) if found else groups


def times_to_aesis(groups: Sequence[EventGroup], adae: pl.DataFrame) -> Mapping[str, Parameter]:
    """By code (AESI1 …) the time to the first event of each list of kind AESI, by the PTs and SOCs that ADAE has of it;
    of one that it has no event of, by all of its own. Expects AEDECOD, AEBODSYS of ADAE where there is a list."""
    seen = {name: adae[name].unique().drop_nulls().cast(pl.String).sort().to_list() for name in adae.columns}
    found = {}
    for place, group in enumerate(groups, start=1):
        terms = tuple(pt for pt in seen.get("AEDECOD", ()) if pt.upper() in group.narrow)
        socs = tuple(soc for soc in seen.get("AEBODSYS", ()) if soc.upper() in group.socs)
        if not (terms or socs):
            terms, socs = tuple(sorted(group.narrow)), tuple(sorted(group.socs))
        code = f"{AESI}{place}"
        found[code] = Parameter(
            code=code,
            name=group.name,
            event=EventKind.ADVERSE_EVENT,
            terms=terms or (group.name,) * (not socs),
            socs=socs,
        )
    return found


def measured_aesi(specs: Sequence[AesiSpec], code: str) -> AesiSpec | None:
    """The AESI of a code, where it is not simply made by its terms: it has a window, or laboratory criteria."""
    by_code = {f"{AESI}{place}": spec for place, spec in enumerate(specs, start=1)}
    spec = by_code.get(code)
    return spec if spec is not None and not spec.is_by_terms else None
