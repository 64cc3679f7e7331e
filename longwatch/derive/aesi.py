"""Adverse events of special interest: the terms that the study file says they are (spec D.5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from longwatch.standards.event_groups import AESI, EventGroup, EventGroups, Scope
from longwatch.study import AesiSpec, Terms


def find_terms(groups: EventGroups, spec: Terms | AesiSpec) -> tuple[frozenset[str], frozenset[str]]:
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
