"""Where a rule applies: its checks bound to the datasets and variables of one study, and what it lacks otherwise."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass, field

from longwatch.findings.binding import InputMissing, Place, bind
from longwatch.findings.identity import SUBJECT
from longwatch.findings.rule import Check, Rule
from longwatch.findings.rule_parts import Reference, ValueSource
from longwatch.findings.rulebook import RuleInForce
from longwatch.standards.dataset import SourceData
from longwatch.standards.sdtm import is_supplemental, variable_prefix
from validations.derived import lacks
from validations.facts import Facts
from validations.follow_up_entries import FOLLOW_UP_FRAMES, lacks_follow_up
from validations.lookups import DM_PREFIX, TS_PREFIX, Lookups

CORE_DATASETS = frozenset({"DM", "TS", "AE", "LB", "VS", "EX", "DS"})
"""Datasets that every study must have (rules ST01, ST02, ST12). Where one is missing, a rule on it is not evaluable; a
rule on another dataset that the study does not have is not applicable (CONTRACTS.md, Two gates)."""


@dataclass(frozen=True)
class Instance:
    """A check of a rule, bound to one dataset (or to the entries that it names): nothing is left open."""

    rule: Rule
    dataset: str
    check: Check


@dataclass
class Application:
    """Where one rule applies; `missing`: inputs that a check of it lacks; `absent`: datasets the study does not
    have."""

    instances: list[Instance] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    @property
    def needs(self) -> str:
        """`needs AE.AESER, TS.DCUTDTC`; empty where nothing is missing."""
        return f"needs {', '.join(dict.fromkeys(self.missing))}" if self.missing else ""


def apply_rule(entry: RuleInForce, facts: Facts, lookups: Lookups) -> Application:
    """The instances of a rule on this data.

    1. A check on entries (`DATASETS`, `TSPARM`, `VARIABLES`, …) always applies; what its derived columns look into must
       be there.
    2. A check on a named dataset needs the dataset and its columns; what is missing is reported. A variable that `each`
       names and the dataset lacks is passed over.
    3. A check on a pattern of datasets applies to those that have its columns.
    4. In both, DM, TS and other datasets that it looks into must be there, and columns that must be `filled` not empty.
    """
    application, data = Application(), facts.data
    if entry.rule.needs:
        application.missing.append(entry.rule.needs)
    for check in entry.rule.checks:
        for dataset in _datasets(check, data, application):
            for stem in _stems(check, facts, dataset, application):
                columns = frozenset(data.datasets[dataset].columns) if dataset in data else frozenset()
                values = facts.values(entry, dataset, stem)
                needs = facts.needs(entry, dataset)
                place = Place(dataset, variable_prefix(dataset), stem, columns, values, needs)
                try:
                    bound = bind(check, place)
                    lacking = _lacking_entries(dataset, facts) if bound.is_on_entries else _lacking(bound, place)
                    if lacking and (check.each is not None or dataset != check.frame) and _is_by_name(check):
                        continue
                    _require(lacking, bound, lookups)
                except InputMissing as missing:
                    application.missing.extend(missing.args)
                else:
                    application.instances.append(Instance(entry.rule, dataset, bound))
    return application


def _is_by_name(check: Check) -> bool:
    """Whether the rule itself names the columns judged; those that define.xml names must be there."""
    return bool(check.expect.judged)


def _datasets(check: Check, data: SourceData, application: Application) -> Iterator[str]:
    if check.is_on_entries or check.frame in data:
        yield check.frame
    elif check.frame.isalnum():
        (application.missing if check.frame in CORE_DATASETS else application.absent).append(check.frame)
    else:
        for name in data.datasets:
            fits = check.frame == "*" or (
                is_supplemental(name) if check.frame == "SUPP--" else bool(variable_prefix(name))
            )
            if fits and name not in check.excluding:
                yield name


def _stems(check: Check, facts: Facts, dataset: str, application: Application) -> Iterator[str]:
    for stem in _all_stems(check, facts, dataset, application):
        if not check.unlisted or facts.codelist(dataset, stem) is None:
            yield stem


def _all_stems(check: Check, facts: Facts, dataset: str, application: Application) -> Iterator[str]:
    data = facts.data
    if check.each is None:
        yield ""
    elif isinstance(check.each, Reference):
        if check.each.source in (ValueSource.CLOSED, ValueSource.OPEN) and facts.define is None:
            application.missing.append(facts.define_needed)
        else:
            yield from facts.each(check.each.source, dataset)
    elif isinstance(check.each, str):
        head, _, tail = check.each.partition("*")
        for name in fnmatch.filter(data.datasets[dataset].columns, check.each):
            yield name[len(head) : len(name) - len(tail)]
    else:
        yield from (name for name in check.each if name in data.datasets[dataset].columns)


def _lacking(check: Check, place: Place) -> list[str]:
    """The dataset's own variables that the check cannot do without and that are not there."""
    own = {name for name in check.essential if not name.startswith((DM_PREFIX, TS_PREFIX))}
    if own != check.essential and any(name.startswith(DM_PREFIX) for name in check.essential):
        own.add(SUBJECT)
    lacking = [f"{place.dataset}.{name}" for name in sorted(own - place.columns)]
    groups = (group for group in check.alternatives if not set(group) & place.columns)
    return lacking + [f"one of {', '.join(f'{place.dataset}.{name}' for name in group)}" for group in groups]


def _lacking_entries(frame: str, facts: Facts) -> list[str]:
    return lacks_follow_up(frame, facts) if frame in FOLLOW_UP_FRAMES else []


def _require(lacking: list[str], check: Check, lookups: Lookups) -> None:
    """Raises InputMissing naming all that is missing for the check, in the dataset and beside it."""
    looked_up = sorted(name for name in check.essential if name.startswith((DM_PREFIX, TS_PREFIX)))
    missing = lacking + [need for name in looked_up if (need := lookups.lacks(name)) is not None]
    for derivation in check.derive.values():
        if (need := lacks(derivation, lookups)) is not None:
            missing.append(need)
    for name in check.filled:
        column = name if name.startswith(DM_PREFIX) else f"{DM_PREFIX}{name}"
        if not missing and lookups.is_empty(column):
            missing.append(f"DM.{column.removeprefix(DM_PREFIX)}, which is empty")
    if missing:
        raise InputMissing(*dict.fromkeys(missing))
