"""Rows of the registers, as values. The tables behind them are in `models/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum

from longwatch.findings.finding import Finding


class RunState(StrEnum):
    """States of a run (CONTRACTS.md): started → gated · failed · done."""

    STARTED = "started"
    GATED = "gated"
    FAILED = "failed"
    DONE = "done"


RUN_TRANSITIONS: Mapping[RunState, frozenset[RunState]] = {
    RunState.STARTED: frozenset({RunState.GATED, RunState.FAILED, RunState.DONE}),
    RunState.GATED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.DONE: frozenset(),
}


class ReportState(StrEnum):
    """States of a report (CONTRACTS.md)."""

    ARCHIVED_DRAFT = "archived-draft"
    ARCHIVED_CANDIDATE = "archived-candidate"
    REVIEWED = "reviewed"
    RELEASED = "released"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class StudyRow:
    """A study as last seen: its id, title, and the digest of its study file's content."""

    id: str
    title: str
    content_sha256: str
    seen_at: datetime


@dataclass(frozen=True)
class SnapshotRow:
    """A registered snapshot (without its files, which its manifest lists)."""

    id: str
    study_id: str
    files: int
    rows: int
    size: int
    data_cutoff: date | None
    first_pulled_at: datetime


@dataclass(frozen=True)
class PullRow:
    """One act of fetching."""

    id: str
    study_id: str
    snapshot_id: str
    at: datetime
    actor: str
    sources: tuple[str, ...]
    tools: str


@dataclass(frozen=True)
class RunRow:
    """One execution of the job. `process`: which process carries it out, where it is known."""

    id: str
    study_id: str
    state: RunState
    actor: str
    started_at: datetime
    finished_at: datetime | None = None
    snapshot_id: str | None = None
    reason: str = ""
    process: str | None = None


@dataclass(frozen=True)
class FindingRow:
    """A finding of one run, with the state it is in and where it was first and last seen. `site`: of its subject."""

    finding: Finding
    study_id: str
    state: str = "new"
    first_run: str = ""
    last_run: str = ""
    first_snapshot: str = ""
    last_snapshot: str = ""
    site: str | None = None


@dataclass(frozen=True)
class LocatedFinding:
    """Where a finding was last seen: the rows of its records in a snapshot."""

    fingerprint: str
    rule_id: str
    dataset: str
    snapshot_id: str
    rows: tuple[int, ...]
    is_fixed: bool


@dataclass(frozen=True)
class ReportRow:
    """An archived report."""

    key: str
    study_id: str
    template: str
    title: str
    state: ReportState
    snapshot_id: str
    cutoff: date
    run_id: str
    pdf_key: str
    pdf_sha256: str
    manifest_key: str
    manifest_sha256: str
    pages: int
    archived_at: datetime
    archived_by: str
    superseded_by: str | None = None
    supersedes: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class ReportFilter:
    """Which reports are meant; what is not given does not matter.

    `key`, `snapshot_id`: begins so. `who`: made or signed it. `states`: in one of them. `since`, `until`: archived from
    the one, until before the other. `cutoff_from`, `cutoff_to`: both days included. `text`: stands in study, study
    title, report or its title, whatever the case of ASCII letters. `among`: of one of these studies.
    """

    key: str | None = None
    study_id: str | None = None
    template: str | None = None
    cutoff_from: date | None = None
    cutoff_to: date | None = None
    snapshot_id: str | None = None
    who: str | None = None
    states: tuple[ReportState, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    among: tuple[str, ...] | None = None

    def in_words(self) -> str:
        """What is meant, for a person; `all` where nothing is left out."""
        said = {name: value for name, value in asdict(self).items() if value not in (None, ()) and name != "among"}
        if self.states:
            said["states"] = " or ".join(self.states)
        return ", ".join(f"{name} {value}" for name, value in said.items()) or "all"


EVERY_REPORT = ReportFilter()
