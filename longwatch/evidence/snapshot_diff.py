"""What changed between two snapshots: domains, variables, records, values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from longwatch.evidence.record_values import CHANGE_SCHEMA, compare_values
from longwatch.evidence.snapshot_match import DatasetPair, MatchedDataset, match_snapshots, pair_datasets
from longwatch.reports.contents import PlainTable
from longwatch.standards.dataset import SourceData, Variable


class DomainState(StrEnum):
    """Whether a dataset is in both snapshots, in the newer only, or in the older only."""

    KEPT = "kept"
    ADDED = "added"
    REMOVED = "removed"


class VariableEvent(StrEnum):
    """What happened to a variable."""

    ADDED = "added"
    REMOVED = "removed"
    RETYPED = "retyped"
    RELABELLED = "relabelled"


@dataclass(frozen=True)
class VariableChange:
    """One change of a variable.

    `old`, `new`: of a retyped one its types, else its labels. `records`: in how many records an added or removed one
    is filled. Its values there are no changed values of these records.
    """

    name: str
    event: VariableEvent
    old: str = ""
    new: str = ""
    records: int = 0


@dataclass(frozen=True)
class DomainDiff:
    """What changed in one dataset.

    `before`, `after`: its records in the two snapshots. `added`, `removed`, `changed`, `unchanged`: of a kept dataset,
    by record identity (before = removed + changed + unchanged, after = added + changed + unchanged); of a dataset that
    came or went, its records are all added or all removed.
    `study_days_only`: of the changed, those in --DY, --STDY or --ENDY alone. Never changes: `renumbered`, records of
    which nothing but --SEQ (or a pointer by it) is another; `moved`, the fewest records that would have to move for the
    matched ones to stand in their old order.
    """

    name: str
    state: DomainState
    before: int
    after: int
    added: int
    removed: int
    changed: int = 0
    unchanged: int = 0
    study_days_only: int = 0
    renumbered: int = 0
    moved: int = 0
    variables: tuple[VariableChange, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether records, values or variables are others; numbers and order do not count."""
        return bool(self.added or self.removed or self.changed or self.variables) or self.state is not DomainState.KEPT


@dataclass(frozen=True, eq=False)
class SnapshotDiff:
    """What changed between two snapshots: one entry per dataset by name, and all values in long form.

    `changes`: columns dataset, USUBJID, record (its locator, `AESEQ=4`), variable, old, new, kind (changed, added,
    removed), record_before (its locator in the older snapshot). Datasets that came or went are only counted: their
    values stand in their one snapshot.
    """

    domains: tuple[DomainDiff, ...]
    changes: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed but numbers and order."""
        return not any(domain.is_changed for domain in self.domains)

    def domain(self, name: str) -> DomainDiff:
        """The dataset of that name; KeyError where neither snapshot has it."""
        found = next((domain for domain in self.domains if domain.name == name), None)
        if found is None:
            raise KeyError(name)
        return found


def diff_snapshots(old: SourceData, new: SourceData, keys: Mapping[str, tuple[str, ...]] | None = None) -> SnapshotDiff:
    """What changed from `old` to `new`, by record identity (CONTRACTS.md, Record identity across snapshots).

    Cases:

    1. a dataset that one snapshot lacks → added or removed, counted;
    2. a variable that one snapshot lacks → added or removed; one with another declared type → retyped, with another
       label → relabelled; their order is no change;
    3. a record matched with one of the other snapshot → unchanged, or changed with a line for each variable that both
       have and whose value is another. Missing against a value is a change; blank text is missing; a retyped value is
       compared as text;
    4. a record without a partner → added or removed, with a line for each filled variable;
    5. --SEQ alone, the pointer of a link to a renumbered parent, and order → counted apart, never changes.

    `keys`: by dataset, the key that define.xml declares. Returns the same for the same input.
    """
    matched = {dataset.name: _kept(dataset) for dataset in match_snapshots(old, new, keys)}
    domains = []
    for pair in pair_datasets(old, new):
        domains.append(matched[pair.name][0] if pair.is_in_both else _one_sided(pair, old, new))
    lines = [matched[domain.name][1] for domain in domains if domain.name in matched]
    return SnapshotDiff(tuple(domains), pl.concat([pl.DataFrame(schema=CHANGE_SCHEMA), *lines]))


def _kept(dataset: MatchedDataset) -> tuple[DomainDiff, pl.DataFrame]:
    values = compare_values(dataset)
    match = dataset.match
    domain = DomainDiff(
        dataset.name,
        DomainState.KEPT,
        before=dataset.old.height,
        after=dataset.new.height,
        added=len(match.added),
        removed=len(match.removed),
        changed=values.changed,
        unchanged=match.pairs.height - values.changed,
        study_days_only=values.study_days_only,
        renumbered=values.renumbered,
        moved=values.moved,
        variables=_variable_changes(dataset),
    )
    return domain, values.lines


def _one_sided(pair: DatasetPair, old: SourceData, new: SourceData) -> DomainDiff:
    before = sum(old.datasets[name].rows for name in pair.old)
    after = sum(new.datasets[name].rows for name in pair.new)
    state = DomainState.ADDED if pair.new else DomainState.REMOVED
    return DomainDiff(pair.name, state, before, after, added=after, removed=before)


def _variable_changes(dataset: MatchedDataset) -> tuple[VariableChange, ...]:
    """The changed variables: those of the newer snapshot in its order, then the removed ones."""
    before = {variable.name: variable for variable in dataset.old_variables}
    found: list[VariableChange] = []
    for variable in dataset.new_variables:
        known = before.pop(variable.name, None)
        if known is None:
            filled = dataset.new[variable.name].count()
            found.append(VariableChange(variable.name, VariableEvent.ADDED, new=variable.label, records=filled))
        else:
            found += _declared_changes(known, variable)
    for variable in before.values():
        filled = dataset.old[variable.name].count()
        found.append(VariableChange(variable.name, VariableEvent.REMOVED, old=variable.label, records=filled))
    return tuple(found)


def _declared_changes(old: Variable, new: Variable) -> list[VariableChange]:
    found = []
    if old.type != new.type:
        found.append(VariableChange(new.name, VariableEvent.RETYPED, old.type, new.type))
    if old.label != new.label:
        found.append(VariableChange(new.name, VariableEvent.RELABELLED, old.label, new.label))
    return found


def as_csv(diff: SnapshotDiff) -> bytes:
    """All changes as one CSV, UTF-8, one line per change, missing values empty.

    Columns: those of `SnapshotDiff.changes`. First datasets and variables (kind `dataset added`, `variable retyped` …,
    with counts or labels as old and new), then the values of records. Values stand as they are: who opens it in a
    spreadsheet takes the XLSX, which is formula-safe.
    """
    structure = [line for domain in diff.domains for line in _structure_lines(domain)]
    lines = pl.DataFrame(structure, schema=CHANGE_SCHEMA, orient="row")
    return pl.concat([lines, diff.changes]).write_csv(line_terminator="\n").encode()


def _structure_lines(domain: DomainDiff) -> list[tuple[str | None, ...]]:
    if domain.state is not DomainState.KEPT:
        counts = (None, str(domain.after)) if domain.state is DomainState.ADDED else (str(domain.before), None)
        return [(domain.name, None, None, None, *counts, f"dataset {domain.state}", None)]
    return [
        (domain.name, None, None, item.name, item.old or None, item.new or None, f"variable {item.event}", None)
        for item in domain.variables
    ]


def summary_table(diff: SnapshotDiff) -> PlainTable:
    """One row per dataset: records before and after, added, removed, changed, unchanged, renumbered, moved."""
    header = ("Dataset", "State", "Before", "After", "Added", "Removed", "Changed", "of these study day only",
              "Unchanged", "Renumbered", "Moved", "Variables changed")  # fmt: skip
    rows = tuple(
        (
            domain.name,
            domain.state.value,
            *(
                f"{number:,}"
                for number in (
                    domain.before, domain.after, domain.added, domain.removed, domain.changed, domain.study_days_only,
                    domain.unchanged, domain.renumbered, domain.moved, len(domain.variables),
                )
            ),
        )
        for domain in diff.domains
    )  # fmt: skip
    return PlainTable("What changed, by dataset", header, rows, (1.2, 1.1, *(1.0 for _ in header[2:])))


def variables_table(diff: SnapshotDiff) -> PlainTable:
    """One row per changed variable: dataset, variable, what happened, old and new type or label, filled records."""
    rows = tuple(
        (domain.name, item.name, item.event.value, item.old, item.new, f"{item.records:,}")
        for domain in diff.domains
        for item in domain.variables
    )
    header = ("Dataset", "Variable", "What happened", "Old", "New", "Filled in records")
    return PlainTable("Changed variables", header, rows, (1.0, 1.2, 1.2, 3.0, 3.0, 1.0), note="No variable changed.")
