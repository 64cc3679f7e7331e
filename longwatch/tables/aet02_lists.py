"""AET02_OCMQ, AET02_SMQ, AET02_CQ: adverse events by list of terms (FDA guide v2.0, table 17; spec A.4).

AET02_OCMQ_SER and AET02_OCMQ_WD: serious, and leading to withdrawal of study treatment, narrow terms only (FDA tables
11 and 13).

Lines: all events together; each organ system as a heading, in it the lists that a subject has an event of, narrow and
broad, and by its algorithm where a list has one; at the end the events that are in no list, and their PTs. Broad
includes narrow. A PT may be in several lists, so lists are never added up. Lists by falling number of subjects (one
comparison: by falling risk difference), organ systems and ties by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.standards.event_groups import EventGroup, Scope
from longwatch.stats.counting import compute_distinct_pairs, compute_events
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.events import EmergentEvents, select_emergent
from longwatch.tables.filters import both, equals, is_one_of
from longwatch.tables.groups import condition_of, having_of, say_lists
from longwatch.tables.layout import CountLine, Layout
from longwatch.tables.ranking import Ranking
from longwatch.tables.result import TableResult
from longwatch.tables.subsets import Subset, find_subset, select_subset

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Shell:
    """One output of this shape: the kind of its lists, the subset of events it counts, and how lists are read."""

    code: str
    kind: str
    title: str
    number: str = ""
    only: str = ""
    scopes: tuple[Scope, ...] = (Scope.NARROW, Scope.BROAD, Scope.ALGORITHM)


SHELLS: Mapping[str, Shell] = {
    shell.code: shell
    for shell in (
        Shell("AET02_OCMQ", "OCMQ", "Adverse events by organ system and OCMQ, narrow and broad", "17"),
        Shell(
            "AET02_OCMQ_SER", "OCMQ", "Serious adverse events by organ system and OCMQ (narrow)", "11", "serious",
            (Scope.NARROW,),
        ),
        Shell(
            "AET02_OCMQ_WD", "OCMQ",
            "Adverse events leading to withdrawal of study treatment by organ system and OCMQ (narrow)", "13",
            "withdrawn", (Scope.NARROW,),
        ),
        Shell("AET02_SMQ", "SMQ", "Adverse events by Standardised MedDRA Query, narrow and broad"),
        Shell("AET02_CQ", "CQ", "Adverse events by the sponsor's own query, narrow and broad"),
    )
}  # fmt: skip


def make_aet02_lists(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameters: `shell` (fixed by the code), `events` (the column of events, default no).

    The study has no list of the kind → no rows, and a note. No event → no rows, and a note. A subset whose variable is
    not collected → no rows, and a note that says so.
    """
    return make_lists(datasets, study, SHELLS[str(parameters["shell"])], bool(parameters.get("events", False)))


def make_lists(datasets: AnalysisDatasets, study: Study, shell: Shell, with_events: bool) -> TableResult:
    """The table of a shell."""
    subset = find_subset(shell.only)
    arms = make_arms(datasets, study)
    layout = Layout(arms, study.comparison, with_events)
    groups = datasets.groups.of_kind(shell.kind)
    events = select_emergent(datasets, "AEDECOD", "AEBODSYS", *(subset.variables if subset else ()))
    chosen = select_subset(events, subset)
    note = "No events met the criteria"
    lines: list[CountLine] = []
    if not groups:
        note = f"The study file names no file of {shell.kind}s (event_groups)"
    elif chosen is None and subset:
        note = subset.note()
    elif chosen:
        lines = _Lines(events, arms, shell, *chosen).all(groups, subset)
    rows, statistics = layout.lines(lines)
    columns = layout.columns()
    rows = rows if len(lines) > 1 else ()
    return TableResult(
        code=shell.code,
        title=shell.title,
        population="Safety population",
        stub=f"Organ system / {shell.kind}",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            footnotes.say_counts(with_events),
            *say_kind(shell, groups, study),
            footnotes.say_treatment_emergence(study),
            *footnotes.say_subset(datasets, study, subset),
            footnotes.say_dictionary(study),
            f"{shell.kind}s within their organ system, and PTs, by {Ranking(arms).words}; organ systems and ties by "
            "name.",
            footnotes.say_observation(datasets),
            *footnotes.say_statistics(study, arms),
            *footnotes.say_abbreviations(columns, rows, "PT", "TEAE", shell.kind),
        ),
        number=shell.number,
        subtitle="Treatment-emergent adverse events",
        empty_note=note,
        parameters={"shell": shell.code, "events": str(with_events).lower()},
    )


class _Lines:
    """Counts of the chosen events by PT, and the lines made of them."""

    def __init__(
        self, events: EmergentEvents, arms: Arms, shell: Shell, chosen: NDArray[np.bool_], condition: str
    ) -> None:
        self._arms, self._shell, self._only = arms, shell, condition
        self._names = events.names("AEDECOD")
        pts, count = max(len(self._names), 1), len(arms.names)
        subject, pt = events.subject[chosen], events.codes("AEDECOD")[chosen]
        pairs = compute_distinct_pairs(subject, pt, pts)
        self._subject, self._pt = pairs // pts, pairs % pts
        self._events = compute_events(subject, pt, pts, arms.arm_of_subject, count)
        self._present = np.unique(self._pt).tolist()
        self._rank = Ranking(arms)

    def all(self, groups: Sequence[EventGroup], subset: Subset | None) -> list[CountLine]:
        words = f"{subset.adjective.lower()} TEAE{subset.clause}".strip() if subset else "TEAE"
        every = self._members(self._names)
        label = f"Subjects with at least one {words}"
        lines = [self._line(label, "", "", self._only, every)]
        found: dict[str, list[tuple[tuple[int, str], list[CountLine]]]] = {}
        for group in groups:
            made = list(self._of_group(group))
            counted = max((line.subjects for line in made if line.subjects is not None), key=np.sum, default=None)
            if counted is not None:
                found.setdefault(group.organ_system, []).append((self._rank(counted, group.name), made))
        for organ_system in sorted(found):
            if organ_system:
                lines.append(CountLine(organ_system, organ_system, "", "", None, is_heading=True))
            for _, made in sorted(found[organ_system], key=lambda item: item[0]):
                lines += made
        return [*lines, *self._in_none(groups)] if self._present else lines

    def _of_group(self, group: EventGroup) -> Iterator[CountLine]:
        """A line per scope that anybody has an event in; a scope equal to none is not printed."""
        level = 1 if group.organ_system else 0
        for scope in self._shell.scopes:
            if scope is Scope.ALGORITHM and group.algorithm is None:
                continue
            members = self._members(group.terms(scope))
            if not members.any() or (scope is Scope.BROAD and not group.broad):
                continue
            name = f"{group.name} ({scope})"
            condition = both(condition_of(group, scope, (), self._names), self._only)
            having = having_of(group, self._names) if scope is Scope.ALGORITHM else ""
            only = self._meeting(group) if scope is Scope.ALGORITHM else None
            yield self._line(name, group.organ_system, name, condition, members, level, having, only)

    def _in_none(self, groups: Sequence[EventGroup]) -> Iterator[CountLine]:
        scope = Scope.BROAD if Scope.BROAD in self._shell.scopes else Scope.NARROW
        listed = frozenset[str]().union(*(group.terms(scope) for group in groups))
        outside = [place for place in self._present if self._names[place].upper() not in listed]
        if not outside:
            return
        title = f"In no {self._shell.kind} ({scope})"
        names = [self._names[place] for place in outside]
        condition = both(is_one_of("AEDECOD", names), self._only)
        yield self._line(title, title, "", condition, self._members(names))
        lines = [
            self._line(name, title, name, both(equals("AEDECOD", name), self._only), self._members([name]), 1)
            for name in names
        ]
        yield from sorted(lines, key=lambda line: self._rank(line.subjects, line.label))  # type: ignore[arg-type]

    def _members(self, terms: Sequence[str] | frozenset[str]) -> NDArray[np.bool_]:
        """By PT, whether it is one of these and occurs."""
        wanted = {term.upper() for term in terms}
        found = np.zeros(max(len(self._names), 1), dtype=np.bool_)
        found[[place for place in self._present if self._names[place].upper() in wanted]] = True
        return found

    def _meeting(self, group: EventGroup) -> NDArray[np.bool_]:
        """By row of ADSL, whether the subject's terms together meet the list's algorithm."""
        assert group.algorithm is not None

        def has(letter: str) -> NDArray[np.bool_]:
            found = np.zeros(len(self._arms.arm_of_subject), dtype=np.bool_)
            found[self._subject[self._members(group.categories[letter])[self._pt]]] = True
            return found

        return group.algorithm.fold(
            has, lambda operator, parts: (np.logical_and if operator == "and" else np.logical_or).reduce(parts)
        )

    def _line(
        self,
        label: str,
        row_group: str,
        row: str,
        condition: str,
        members: NDArray[np.bool_],
        level: int = 0,
        having: str = "",
        only: NDArray[np.bool_] | None = None,
    ) -> CountLine:
        subject = self._subject[members[self._pt]]
        if only is not None:
            subject = subject[only[subject]]
        events = None if having else self._events[:, members].sum(axis=1)
        counted = self._arms.compute_subjects(subject)
        return CountLine(label, row_group, row, condition, counted, events, level, having=having)


def say_kind(shell: Shell, groups: Sequence[EventGroup], study: Study) -> tuple[str, ...]:
    """How lists are read, and for which version they were made; no note where there is none."""
    if not groups:
        return ()
    read = "Broad includes narrow. " if Scope.BROAD in shell.scopes else "Counted are the narrow terms. "
    if Scope.ALGORITHM in shell.scopes and any(group.algorithm for group in groups):
        read += "Algorithm: subjects whose terms together meet the combination that the list defines; no events. "
    return (
        f"{read}A PT may be in several {shell.kind}s: their numbers are not to be added up. Printed are {shell.kind}s "
        "that a subject has an event of. Terms are compared in capitals.",
        *say_lists(groups, study),
    )
