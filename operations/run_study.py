"""The whole job: pull, freeze, validate, derive, tabulate, render, archive, register.

A run is always registered, whatever the outcome, and ends in one state: `done`, `gated` (a reject rule failed) or
`failed` (with its reason). Nothing is half made: a stage hands over a whole value or raises.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from longwatch.derive import check_fit, derive, resolve_cutoff
from longwatch.errors import GateStopped, LongwatchError
from longwatch.evidence.registered import FindingRow, PullRow, RunRow, RunState, SnapshotRow, StudyRow
from longwatch.evidence.snapshot import SourceSnapshot
from longwatch.findings.finding import Severity, ValidationOutcome
from longwatch.findings.gate import compute_gate
from longwatch.standards.hashing import sha256_of
from longwatch.study import ReportRequest, Study
from operations.audited import make_event
from operations.make_report import ReportMade, make_report
from operations.ports import Adapters, Progress
from operations.stages import StageRunner, run_directly


@dataclass(frozen=True)
class RunOutcome:
    """What a finished run came to."""

    run_id: str
    study_id: str
    snapshot: SourceSnapshot
    cutoff: date
    outcome: ValidationOutcome
    reports: tuple[ReportMade, ...]
    findings_files: tuple[str, ...]


@dataclass(frozen=True)
class Validated:
    """What pulling and validating came to."""

    run_id: str
    snapshot: SourceSnapshot
    outcome: ValidationOutcome
    findings_files: tuple[str, ...]


@dataclass
class _Run:
    id: str
    snapshot_id: str | None = None


def run_study(
    adapters: Adapters,
    study: Study,
    base: str,
    *,
    cutoff: date | None = None,
    templates: tuple[str, ...] = (),
    progress: Progress,
    stage: StageRunner = run_directly,
) -> RunOutcome:
    """Make the reports of a study from its sources.

    `base`: the folder that relative source paths start from. `cutoff`: over that of the study file. `templates`: only
    these of the study's reports; empty means all. The archive is tried before anything is fetched: a job of an hour
    must not end at a full disk that was full before it began. Raises GateStopped (LW-GATE-001) where a reject rule failed, else
    what the failing stage raised; the run is registered either way.
    """
    requests = _requests(study, templates)
    with registered_run(adapters, study) as run:
        adapters.archive.check()
        snapshot = stage("pull", lambda: _pull(adapters, study, base, run, progress))
        data = adapters.snapshots.open(snapshot.id)
        day = resolve_cutoff(cutoff, study, data)
        check_fit(data, study, day)
        outcome, files = stage("validate", lambda: _validate(adapters, study, snapshot, run, progress))
        _stop_at_gate(outcome, files)
        datasets = stage("derive", lambda: derive(data, study, day))
        made = tuple(
            make_report(adapters, study, snapshot, day, request, outcome, datasets, run.id, progress, stage)
            for request in requests
        )
    return RunOutcome(run.id, study.id, snapshot, day, outcome, made, files)


def pull_study(adapters: Adapters, study: Study, base: str, *, progress: Progress) -> SourceSnapshot:
    """Fetch, freeze and register a study's data, without any further stage."""
    with registered_run(adapters, study) as run:
        return _pull(adapters, study, base, run, progress)


def validate_study(
    adapters: Adapters, study: Study, base: str, *, progress: Progress, stage: StageRunner = run_directly
) -> Validated:
    """Pull and validate. Raises GateStopped as `run_study` does; findings are committed and written first."""
    with registered_run(adapters, study) as run:
        snapshot = stage("pull", lambda: _pull(adapters, study, base, run, progress))
        outcome, files = stage("validate", lambda: _validate(adapters, study, snapshot, run, progress))
        _stop_at_gate(outcome, files)
    return Validated(run.id, snapshot, outcome, files)


@contextmanager
def registered_run(adapters: Adapters, study: Study) -> Iterator[_Run]:
    """A run in the registers: started here, finished in the state that the block ends in.

    Cases: the block ends → done; GateStopped → gated; anything else, an interrupt included → failed with its reason.
    The exception passes on.
    """
    run = _Run(uuid.uuid4().hex)
    started = adapters.clock()
    content = sha256_of(study.content_used_by_reports())
    with adapters.registers.transaction() as register:
        register.ensure_account(adapters.actor, make_event(adapters, "account seen", "account", adapters.actor.name))
        register.ensure_study(
            StudyRow(study.id, study.study.title, content, started),
            make_event(adapters, "study seen", "study", study.id, {"content_sha256": content}),
        )
        register.start_run(
            RunRow(run.id, study.id, RunState.STARTED, adapters.actor.name, started),
            make_event(adapters, "run started", "run", run.id, {"study": study.id}),
        )
    try:
        yield run
    except GateStopped as stopped:
        _finish(adapters, run, RunState.GATED, stopped.one_line())
        raise
    except LongwatchError as failed:
        _finish(adapters, run, RunState.FAILED, failed.one_line())
        raise
    except BaseException as fault:
        _finish(adapters, run, RunState.FAILED, f"{type(fault).__name__} (see the log)")
        raise
    _finish(adapters, run, RunState.DONE, "")


def _finish(adapters: Adapters, run: _Run, state: RunState, reason: str) -> None:
    with adapters.registers.transaction() as register:
        register.finish_run(
            run.id,
            state,
            reason,
            adapters.clock(),
            run.snapshot_id,
            make_event(adapters, f"run {state.value}", "run", run.id, {"snapshot": run.snapshot_id}, reason),
        )


def _pull(adapters: Adapters, study: Study, base: str, run: _Run, progress: Progress) -> SourceSnapshot:
    snapshot = adapters.snapshots.freeze(study.sources, base, progress)
    now = adapters.clock()
    readers = sorted({file.reader for file in snapshot.files if file.reader})
    with adapters.registers.transaction() as register:
        register.add_snapshot(
            SnapshotRow(
                snapshot.id, study.id, len(snapshot.files), snapshot.rows, snapshot.size, snapshot.data_cutoff, now
            ),
            PullRow(
                uuid.uuid4().hex,
                study.id,
                snapshot.id,
                now,
                adapters.actor.name,
                tuple(source.path for source in study.sources),
                ", ".join((f"longwatch {adapters.engine.version}", *readers)),
            ),
            make_event(
                adapters, "data pulled", "snapshot", snapshot.id, {"files": len(snapshot.files), "rows": snapshot.rows}
            ),
        )
    run.snapshot_id = snapshot.id
    return snapshot


def _validate(
    adapters: Adapters, study: Study, snapshot: SourceSnapshot, run: _Run, progress: Progress
) -> tuple[ValidationOutcome, tuple[str, ...]]:
    outcome = adapters.validate(adapters.snapshots.open(snapshot.id), study, progress)
    rows = [
        FindingRow(finding, study.id, "new", run.id, run.id, snapshot.id, snapshot.id) for finding in outcome.findings
    ]
    counts = {severity.value: count for severity, count in outcome.counts().items()}
    with adapters.registers.transaction() as register:
        register.record_findings(
            run.id, rows, make_event(adapters, "data validated", "run", run.id, {"findings": counts})
        )
    return outcome, adapters.findings_files(run.id, study.id, outcome)


def _stop_at_gate(outcome: ValidationOutcome, files: tuple[str, ...]) -> None:
    gate = compute_gate(outcome)
    if not gate.stops:
        return
    first = outcome.findings_of(Severity.REJECT)[0]
    raise GateStopped(
        "LW-GATE-001",
        f"the data gate stopped the run at {', '.join(gate.rejected)}: {first.message}",
        where=first.dataset,
        found=f"{len(outcome.findings_of(Severity.REJECT))} findings of severity reject",
        next_step=f"{first.action}; all findings are in {files[0]}; a study may lower a rule's severity with a reason",
    )


def _requests(study: Study, templates: tuple[str, ...]) -> tuple[ReportRequest, ...]:
    if not templates:
        return study.reports
    named = {request.template: request for request in study.reports}
    return tuple(named.get(name, ReportRequest(template=name)) for name in templates)
