"""Validate a study's data, and the data gate."""

from __future__ import annotations

from dataclasses import dataclass

from longwatch.errors import GateStopped
from longwatch.evidence.registered import FindingRow
from longwatch.evidence.snapshot import SourceSnapshot
from longwatch.findings.finding import RuleStatus, ValidationOutcome
from longwatch.findings.gate import compute_gate
from longwatch.findings.inputs import RuleInputs
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from operations.audited import make_event
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
    adapters: Adapters, study: Study, base: str, *, progress: Progress, stage: StageRunner = run_directly
) -> Validated:
    """Pull and validate. Raises GateStopped as `run_study` does; findings are committed and written first."""
    _, inputs = read_rules(adapters, study, base)
    with registered_run(adapters, study) as run:
        snapshot = stage("pull", lambda: pull(adapters, study, base, run, progress))
        data = adapters.snapshots.open(snapshot.id)
        outcome, files = stage("validate", lambda: validate(adapters, study, snapshot, data, run, progress, inputs))
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
    """The validate stage of a run: every finding committed and written, whatever the gate makes of them."""
    outcome = adapters.validate(data, study, progress, inputs)
    rows = [
        FindingRow(finding, study.id, "new", run.id, run.id, snapshot.id, snapshot.id) for finding in outcome.findings
    ]
    counts = {severity.value: count for severity, count in outcome.counts().items()}
    evaluated = {item.rule_id for item in outcome.results if item.status in (RuleStatus.PASS, RuleStatus.FAIL)}
    event = make_event(adapters, "data validated", "run", run.id, {"findings": counts})
    with adapters.registers.transaction() as register:
        register.record_findings(run.id, rows, event, snapshot_id=snapshot.id, evaluated=evaluated)
    return outcome, adapters.findings_files(run.id, study.id, outcome)


def stop_at_gate(outcome: ValidationOutcome, files: tuple[str, ...]) -> None:
    """Raise GateStopped LW-GATE-001 where a rule of severity reject failed (CONTRACTS.md, Two gates).

    The message names rules and counts, never a record: Prefect and the audit trail keep it.
    """
    gate = compute_gate(outcome)
    if not gate.stops:
        return
    failed = [item for item in outcome.results if item.rule_id in gate.rejected]
    what = "; ".join(
        f"{item.title} (not evaluable: {item.reason})"
        if item.gates
        else f"{item.title} ({_counted(item.failed)} against it)"
        for item in failed
    )
    raise GateStopped(
        "LW-GATE-001",
        f"the data gate stopped the run at {', '.join(gate.rejected)}: {what}",
        next_step=f"every finding, with its record and what to do, is in {files[0]}; "
        "a study may lower a rule's severity with a reason",
    )


def _counted(count: int) -> str:
    return f"{count:,} record{'s' * (count != 1)}"
