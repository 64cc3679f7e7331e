"""The state of a study's data as numbers: over snapshots, by site, by rule, by age.

A finding is *present* in a snapshot where the last validation of that snapshot found it. In each snapshot: `open` are
those present that nobody had set aside then; `new` are present here and not in the snapshot before; `gone` were present
in the snapshot before and are not here (the data no longer has them; a rule that could not be judged any more would
show here too, and is named among those that could not be evaluated). A finding that comes back is new again here.

Age: whole days from the day on which a finding was found first to the day as of which the report speaks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from longwatch.findings.finding import Severity
from longwatch.findings.life import KnownFinding
from longwatch.findings.states import SET_ASIDE

BANDS: tuple[tuple[str, int], ...] = (("0 to 7 days", 7), ("8 to 30 days", 30), ("31 to 90 days", 90))
LAST_BAND = "over 90 days"
NO_SITE = "no site"


@dataclass(frozen=True)
class Presence:
    """A snapshot's findings: severity and state of each by fingerprint."""

    snapshot_id: str
    day: date
    findings: Mapping[str, tuple[Severity, str]]


@dataclass(frozen=True)
class TrendPoint:
    """One snapshot: how many are open, new and gone, by severity."""

    snapshot_id: str
    day: date
    open: Mapping[Severity, int]
    new: Mapping[Severity, int]
    gone: Mapping[Severity, int]


def compute_trend(snapshots: Sequence[Presence]) -> tuple[TrendPoint, ...]:
    """A point for each snapshot, in the order given (oldest first); all severities named."""
    before = Presence("", date.min, {})
    points: list[TrendPoint] = []
    for old, now in pairwise([before, *snapshots]):
        aside = {state.value for state in SET_ASIDE}
        points.append(
            TrendPoint(
                now.snapshot_id,
                now.day,
                _counted(severity for severity, state in now.findings.values() if state not in aside),
                _counted(severity for key, (severity, _) in now.findings.items() if key not in old.findings),
                _counted(severity for key, (severity, _) in old.findings.items() if key not in now.findings),
            )
        )
    return tuple(points)


def compute_ageing(findings: Iterable[KnownFinding], as_of: date) -> dict[str, dict[Severity, int]]:
    """Open findings by age band and severity; every band and severity is named."""
    found: dict[str, list[Severity]] = {name: [] for name in (*(band for band, _ in BANDS), LAST_BAND)}
    for item in findings:
        if item.is_open:
            found[band_of((as_of - item.first_seen.date()).days)].append(item.finding.severity)
    return {name: _counted(severities) for name, severities in found.items()}


def band_of(days: int) -> str:
    """The band of an age; a finding of the day itself, or of a later one, is in the first."""
    return next((name for name, most in BANDS if days <= most), LAST_BAND)


def open_by_site(findings: Iterable[KnownFinding]) -> dict[str, dict[Severity, int]]:
    """Open findings by site, the most first; those without a subject's site stand under `NO_SITE`, last."""
    found: dict[str, list[Severity]] = {}
    for item in findings:
        if item.is_open:
            found.setdefault(item.site or NO_SITE, []).append(item.finding.severity)
    order = sorted(found, key=lambda site: (site == NO_SITE, -len(found[site]), site))
    return {site: _counted(found[site]) for site in order}


def _counted(severities: Iterable[Severity]) -> dict[Severity, int]:
    counts = Counter(severities)
    return {severity: counts[severity] for severity in Severity}
