"""Validate a study's data, and the data gate."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from longwatch.errors import GateStopped
from longwatch.evidence.registered import FindingRow
from longwatch.evidence.snapshot import SourceSnapshot
from longwatch.findings.finding import RuleStatus, ValidationOutcome
from longwatch.findings.gate import compute_gate
from longwatch.findings.inputs import RuleInputs
from longwatch.findings.sites import sites_of
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from operations.audited import make_event
from operations.carry_findings import carried
from operations.expire_waivers import expire_waivers
from operations.notify import Told, notice_of
from operations.ports import Adapters, Progress
from operations.pull import pull
from operations.registered_run import Run, registered_run
from operations.rules import read_rules
from operations.stages import StageRunner, run_directly


@dataclass(frozen=True)
class Validated:
    """What pulling and validating came to."""

    run_id: str
    snapshot: SourceSnapshot
    outcome: ValidationOutcome
    findings_files: tuple[str, ...]


def validate_study(
    adapters: Adapters,
    study: Study,
    base: str,
    *,
    progress: Progress,
    stage: StageRunner = run_directly,
    told: Told | None = None,
) -> Validated:
    """Pull and validate. Raises GateStopped as `run_study` does; findings are committed and written, and `told` is
    called, first."""
    _, inputs = read_rules(adapters, study, base)
    with registered_run(adapters, study) as run:
        snapshot = stage("pull", lambda: pull(adapters, study, base, run, progress))
        data = adapters.snapshots.open(snapshot.id)
        outcome, files = stage("validate", lambda: validate(adapters, study, snapshot, data, run, progress, inputs))
        if told is not None:
            told(notice_of(adapters, study.id, run.id, snapshot.id, outcome))
        stop_at_gate(outcome, files)
    return Validated(run.id, snapshot, outcome, files)


def validate(
    adapters: Adapters,
    study: Study,
    snapshot: SourceSnapshot,
    data: SourceData,
    run: Run,
    progress: Progress,
    inputs: RuleInputs,
) -> tuple[ValidationOutcome, tuple[str, ...]]:
    """The validate stage of a run: every finding committed and written, whatever the gate makes of them.

    In one transaction, in this order: findings go on under the identities that their records have now (`carried`), what
    was found and what is fixed is recorded, and waivers end whose last day is before the run's day in the study's zone.
    The outcome then knows the last word on each finding.
    """
    outcome = adapters.validate(data, study, progress, inputs)
    sites = sites_of(data)
    rows = [
        FindingRow(
            item, study.id, "new", run.id, run.id, snapshot.id, snapshot.id,
            sites.get(item.subject) if item.subject else None,
        )
        for item in outcome.findings
    ]  # fmt: skip
    counts = {severity.value: count for severity, count in outcome.counts().items()}
    evaluated = {item.rule_id for item in outcome.results if item.status in (RuleStatus.PASS, RuleStatus.FAIL)}
    moves = carried(adapters, study.id, snapshot, data, outcome, progress)
    event = make_event(adapters, "data validated", "run", run.id, {"findings": counts})
    today = adapters.clock().astimezone(ZoneInfo(study.study.timezone)).date()
    with adapters.registers.transaction() as register:
        register.record_findings(run.id, rows, event, snapshot_id=snapshot.id, evaluated=evaluated, carried=moves)
        expire_waivers(adapters, register, study.id, today, run.id)
        found = {item.fingerprint for item in outcome.findings}
        decisions = {
            item.finding.fingerprint: item.decision
            for item in register.known_findings(study.id, decided=True)
            if item.decision is not None and item.finding.fingerprint in found
        }
    outcome = replace(outcome, decisions=decisions)
    return outcome, adapters.findings_files(run.id, study.id, outcome)


def stop_at_gate(outcome: ValidationOutcome, files: tuple[str, ...]) -> None:
    """Raise GateStopped LW-GATE-001 where a rule of severity reject failed (CONTRACTS.md, Two gates).

    The message names rules and counts, never a record: Prefect and the audit trail keep it.
    """
    gate = compute_gate(outcome)
    if not gate.stops:
        return
    by_rule = {item.rule_id: item for item in outcome.results}
    against: Counter[str] = Counter()
    for finding in outcome.open_findings:
        against[finding.rule_id] += finding.records
    what = "; ".join(
        f"{by_rule[rule].title} (not evaluable: {by_rule[rule].reason})"
        if by_rule[rule].gates
        else f"{by_rule[rule].title} ({_counted(against[rule])} against it)"
        for rule in gate.rejected
    )
    raise GateStopped(
        "LW-GATE-001",
        f"the data gate stopped the run at {', '.join(gate.rejected)}: {what}",
        next_step=f"every finding, with its record and what to do, is in {files[0]}; "
        "a study may lower a rule's severity with a reason",
    )


def _counted(count: int) -> str:
    return f"{count:,} record{'s' * (count != 1)}"
