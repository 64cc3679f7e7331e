"""The whole job: pull, freeze, validate, derive, tabulate, render, archive, register.

A run ends in one state: `done`, `gated` (a reject rule failed) or `failed` (with its reason). Nothing is half made: a
stage hands over a whole value or raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from longwatch.derive import check_fit, derive, resolve_cutoff
from longwatch.errors import StudyError
from longwatch.evidence.snapshot import SourceSnapshot
from longwatch.findings.finding import ValidationOutcome
from longwatch.study import ReportRequest, Study
from operations.audit_checkpoint import sign_archived_reports
from operations.event_lists import read_event_lists
from operations.make_report import ReportMade, make_report
from operations.notify import Told, notice_of
from operations.ports import Adapters, Progress
from operations.pull import pull
from operations.registered_run import registered_run
from operations.rules import read_rules
from operations.stages import StageRunner, run_directly
from operations.validate import stop_at_gate, validate


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


def run_study(
    adapters: Adapters,
    study: Study,
    base: str,
    *,
    cutoff: date | None = None,
    templates: tuple[str, ...] = (),
    progress: Progress,
    stage: StageRunner = run_directly,
    told: Told | None = None,
) -> RunOutcome:
    """Make the reports of a study from its sources.

    `base`: the folder that relative source paths start from. `cutoff`: over that of the study file. `templates`: only
    these of the study's reports; empty means all. The archive is tried before anything is fetched: a job of an hour
    must not end at a full disk that was full before it began. A run ends with every archived report
    under a signed checkpoint of the audit log. `told`: gets the validation in counts, before the gate.

    Raises GateStopped where a reject rule failed (LW-GATE-001 on the data, LW-GATE-002 on a report), else what
    the failing stage raised; the run is registered either way.
    """
    requests = _requests(study, templates)
    for request in requests:
        adapters.templates(request.template)
    rules, inputs = read_rules(adapters, study, base)
    groups = read_event_lists(adapters, study, base)
    with registered_run(adapters, study) as run:
        adapters.archive.check()
        snapshot = stage("pull", lambda: pull(adapters, study, base, run, progress))
        data = adapters.snapshots.open(snapshot.id)
        day = resolve_cutoff(cutoff, study, data)
        if day > adapters.clock().astimezone(ZoneInfo(study.study.timezone)).date():
            raise StudyError(
                "LW-RUN-001",
                "the cut-off lies in the future: nothing is known of it yet",
                where="cut-off",
                found=day.isoformat(),
                next_step="give a cut-off of today or before",
            )
        check_fit(data, study, day)
        outcome, files = stage("validate", lambda: validate(adapters, study, snapshot, data, run, progress, inputs))
        if told is not None:
            told(notice_of(adapters, study.id, run.id, snapshot.id, outcome))
        stop_at_gate(outcome, files)
        datasets = stage("derive", lambda: derive(data, study, day, groups=groups))
        made = tuple(
            make_report(adapters, study, snapshot, day, request, rules, outcome, datasets, run.id, progress, stage)
            for request in requests
        )
        sign_archived_reports(adapters)
    return RunOutcome(run.id, study.id, snapshot, day, outcome, made, files)


def _requests(study: Study, templates: tuple[str, ...]) -> tuple[ReportRequest, ...]:
    if not templates:
        return study.reports
    named = {request.template: request for request in study.reports}
    return tuple(named.get(name, ReportRequest(template=name)) for name in templates)
