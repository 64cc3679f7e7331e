"""Which findings of a study are meant: the filters of every list, act and export."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from longwatch.findings.finding import Finding, Severity
from longwatch.findings.life import KnownFinding
from longwatch.findings.states import FindingState

SHORTEST_FINGERPRINT = 8
"""Fewer digits of a fingerprint do not name a finding."""


@dataclass(frozen=True)
class FindingFilter:
    """Filters that hold together: a finding is meant where each that is set names it.

    Within one filter any of its values will do. `findings`: beginnings of fingerprints. `assignees`: an empty text
    stands for nobody. `groups`: root-cause groups, by id. `text`: words that all stand in rule, record, message, action
    or values, whatever their case. `older_than`: at least so many days since it was first found. `run`: found first in
    this run.
    """

    findings: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    states: tuple[FindingState, ...] = ()
    sites: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    text: str = ""
    older_than: int | None = None
    run: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is filtered: every finding of the study is meant."""
        return all(getattr(self, part.name) in ((), "", None) for part in fields(self))


def select_findings(
    known: Iterable[KnownFinding],
    wanted: FindingFilter,
    now: datetime,
    group_of: Callable[[Finding], str] | None = None,
) -> list[KnownFinding]:
    """The findings that a filter means, in their order.

    `now`: from when the age counts. `group_of`: the root-cause group of a finding; needed where `groups` is set.
    """
    return [item for item in known if _is_meant(item, wanted, now, group_of)]


def _is_meant(
    item: KnownFinding, wanted: FindingFilter, now: datetime, group_of: Callable[[Finding], str] | None
) -> bool:
    finding = item.finding
    one_of = (
        (wanted.rules, finding.rule_id),
        (wanted.severities, finding.severity),
        (wanted.states, item.state),
        (wanted.sites, item.site),
        (wanted.subjects, finding.subject),
        (wanted.datasets, finding.dataset),
        (wanted.assignees, item.assignee or ""),
    )
    if any(values and value not in values for values, value in one_of):
        return False
    if wanted.findings and not finding.fingerprint.startswith(wanted.findings):
        return False
    if wanted.run is not None and item.first_run != wanted.run:
        return False
    if wanted.older_than is not None and now - item.first_seen < timedelta(days=wanted.older_than):
        return False
    if wanted.text and not _says(finding, wanted.text):
        return False
    if not wanted.groups:
        return True
    if group_of is None:
        raise TypeError("groups are filtered by a function that names them")
    return group_of(finding) in wanted.groups


def _says(finding: Finding, words: str) -> bool:
    values = " ".join(f"{name}={value or ''}" for name, value in finding.values.items())
    said = " ".join((finding.rule_id, finding.record_key, finding.message, finding.action, values)).casefold()
    return all(word in said for word in words.casefold().split())
