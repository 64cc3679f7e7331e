"""One report: its key, its numbers, its pages, its place in the archive, its row in the registers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from longwatch.derive import AnalysisDatasets
from longwatch.evidence.audit import AuditEvent
from longwatch.evidence.manifest import make_manifest
from longwatch.evidence.registered import ReportRow, ReportState
from longwatch.evidence.replay import ARCHIVED, report_values
from longwatch.evidence.report_key import Engine, ReportIdentity, compute_findings_digest
from longwatch.evidence.snapshot import SourceSnapshot
from longwatch.findings.finding import ValidationOutcome
from longwatch.findings.rulebook import RuleInForce
from longwatch.reports.assemble import assemble
from longwatch.reports.contents import RenderedReport, ReportContents
from longwatch.reports.template import SUBJECT, ReportTemplate
from longwatch.standards.hashing import sha256_of_bytes
from longwatch.study import ReportRequest, Study
from longwatch.tables.ars import results_ars
from longwatch.tables.catalogue import make_tables
from longwatch.tables.export import results_csv, results_json
from longwatch.tables.result import TableResult
from operations.archive_reading import check_still_archived
from operations.listings import make_draft_reasons, make_facts, make_fields, make_listings
from operations.ports import Adapters, Progress
from operations.remove_drafts import was_removed
from operations.report_gate import ReportGate, check_report_gate
from operations.retention import locked_until
from operations.stages import StageRunner

PDF, MANIFEST = "report.pdf", "manifest.json"
RESULTS_CSV, RESULTS_JSON, RESULTS_ARS = "results.csv", "results.json", "results.ars.json"


@dataclass(frozen=True)
class ReportMade:
    """A report of a run. `already_archived`: it was there before, and nothing was made again."""

    row: ReportRow
    already_archived: bool


def make_report(
    adapters: Adapters,
    study: Study,
    snapshot: SourceSnapshot,
    cutoff: date,
    request: ReportRequest,
    rules: Sequence[RuleInForce],
    outcome: ValidationOutcome,
    datasets: AnalysisDatasets,
    run_id: str,
    progress: Progress,
    stage: StageRunner,
) -> ReportMade:
    """The archived report of a request.

    Cases: 1. a report of the same key is archived: that one, and nothing is made; 2. else it is tabulated, passed
    through the report gate, rendered, archived and registered; 3. another run registered the same key meanwhile: that
    one (the bytes are equal). The archive is written before the register: a crash between the two leaves bytes that
    the next run of the same key finds equal and registers.
    """
    template = adapters.templates(request.template)
    identity = identify(study, snapshot, cutoff, template, outcome, datasets, adapters.engine, request.subject)
    key = identity.key
    with adapters.registers.transaction() as register:
        present = register.report_by_key(key)
    if present is not None:
        check_still_archived(adapters, present)
        progress(f"{request.template}: already archived as {key[:12]}")
        return ReportMade(present, already_archived=True)

    tables, gate = stage(
        "tabulate",
        lambda: tabulate_and_check(
            adapters, study, snapshot, cutoff, template, rules, datasets, progress, request.subject
        ),
    )
    contents = compose(
        study, snapshot, cutoff, template, outcome, datasets, tables, gate, key, adapters.engine, request.subject
    )
    rendered = stage("render", lambda: adapters.render(contents))
    row, put_all = stage(
        "archive",
        lambda: _archive(
            adapters,
            study,
            snapshot,
            identity,
            template,
            tuple(by_name(tables).values()),
            rendered,
            contents.is_draft,
            run_id,
        ),
    )
    return _register(adapters, row, put_all)


def compose(
    study: Study,
    snapshot: SourceSnapshot,
    cutoff: date,
    template: ReportTemplate,
    outcome: ValidationOutcome,
    datasets: AnalysisDatasets,
    tables: Mapping[str, tuple[TableResult, ...]],
    gate: ReportGate,
    key: str,
    engine: Engine,
    subject: str = "",
) -> ReportContents:
    """What a report prints. `key`, `engine`: what it says of itself. `subject`: whom it is about, if about one."""
    return assemble(
        template,
        study_id=study.id,
        study_title=study.study.title,
        sponsor=study.study.sponsor,
        report_key=key,
        snapshot_id=snapshot.id,
        cutoff=cutoff,
        fields={**make_fields(study, snapshot, cutoff, engine), "subject": subject},
        tables=tables,
        listings=make_listings(study, snapshot, outcome, gate),
        facts=make_facts(study, snapshot, datasets, outcome, engine),
        draft_reasons=make_draft_reasons(outcome, gate),
    )


def identify(
    study: Study,
    snapshot: SourceSnapshot,
    cutoff: date,
    template: ReportTemplate,
    outcome: ValidationOutcome,
    datasets: AnalysisDatasets,
    engine: Engine,
    subject: str = "",
) -> ReportIdentity:
    """Everything that a report depends on."""
    lists = {"event_groups": datasets.groups.digest} if datasets.groups.digest else {}
    return ReportIdentity(
        study_content=study.content_used_by_reports(),
        snapshot_id=snapshot.id,
        reading=snapshot.reading(),
        cutoff=cutoff,
        as_of=cutoff,
        template=template.model_dump(mode="json"),
        parameters={"subject": subject} if subject else {},
        ruleset_version=outcome.ruleset_version,
        dictionaries={**study.dictionaries.model_dump(mode="json"), **lists},
        findings_digest=compute_findings_digest(outcome),
        engine=engine,
    )


def tabulate(
    study: Study, template: ReportTemplate, datasets: AnalysisDatasets, subject: str = ""
) -> dict[str, tuple[TableResult, ...]]:
    """Every output of a template, by its key there, in the template's order; several where a block asks for one per
    subgroup. `subject`: whom a report is about."""

    def given(parameters: Mapping[str, object]) -> dict[str, object]:
        return {name: subject if value == SUBJECT else value for name, value in parameters.items()}

    return {
        block.key: make_tables(block.table, datasets, study, given(block.parameters))
        for block in template.table_blocks()
    }


def by_name(tables: Mapping[str, tuple[TableResult, ...]]) -> dict[str, TableResult]:
    """Each output by its name in the report: its key, and what it is restricted to."""
    return {
        f"{key}{table.name.removeprefix(table.code)}": table for key, outputs in tables.items() for table in outputs
    }


def tabulate_and_check(
    adapters: Adapters,
    study: Study,
    snapshot: SourceSnapshot,
    cutoff: date,
    template: ReportTemplate,
    rules: Sequence[RuleInForce],
    datasets: AnalysisDatasets,
    progress: Progress,
    subject: str = "",
) -> tuple[dict[str, tuple[TableResult, ...]], ReportGate]:
    """The outputs by key, and what the report gate found; it raises where they must not be printed."""
    tables = tabulate(study, template, datasets, subject)
    named = by_name(tables)
    progress(f"{template.id}: {len(named)} outputs counted; hashing the snapshot again, asking the second opinion")
    gate = check_report_gate(
        rules,
        study,
        named,
        datasets,
        verify=lambda: adapters.snapshots.verify(snapshot.id),
        ask=lambda: adapters.second_opinion(tuple(named.values()), datasets.data, study, cutoff, datasets.groups),
    )
    return tables, gate


def _archive(
    adapters: Adapters,
    study: Study,
    snapshot: SourceSnapshot,
    identity: ReportIdentity,
    template: ReportTemplate,
    tables: tuple[TableResult, ...],
    rendered: RenderedReport,
    draft: bool,
    run_id: str,
) -> tuple[ReportRow, Callable[[], None]]:
    """Objects first, manifest last: a manifest in the archive means that all it names is there. The row, and what puts
    the objects again."""
    state = ReportState.ARCHIVED_DRAFT if draft else ReportState.ARCHIVED_CANDIDATE
    now = adapters.clock()
    locked = None if draft else locked_until(adapters)
    files = {
        PDF: (rendered.pdf, "application/pdf"),
        RESULTS_CSV: (results_csv(tables), "text/csv"),
        RESULTS_JSON: (results_json(tables), "application/json"),
        RESULTS_ARS: (results_ars(tables, study, PDF), "application/json"),
    }
    manifest = make_manifest(
        identity, study_id=study.id, title=template.title, state=state.value, snapshot=snapshot, files=files
    )
    folder = f"reports/{study.id}/{template.id}/{identity.cutoff.isoformat()}/{identity.key}"
    files[MANIFEST] = (manifest, "application/json")

    def put_all() -> None:
        for name, (content, media_type) in files.items():
            adapters.archive.put(f"{folder}/{name}", content, media_type=media_type, retain_until=locked)

    put_all()
    row = ReportRow(
        key=identity.key,
        study_id=study.id,
        template=template.id,
        title=template.title,
        state=state,
        snapshot_id=snapshot.id,
        cutoff=identity.cutoff,
        run_id=run_id,
        pdf_key=f"{folder}/{PDF}",
        pdf_sha256=rendered.sha256,
        manifest_key=f"{folder}/{MANIFEST}",
        manifest_sha256=sha256_of_bytes(manifest),
        pages=rendered.pages,
        archived_at=now,
        archived_by=adapters.actor.name,
    )
    return row, put_all


def _register(adapters: Adapters, row: ReportRow, put_all: Callable[[], None]) -> ReportMade:
    """The row. A draft of this key that was removed before may lose its objects to that removal until it is registered:
    they are put again while the study is locked, which a removal waits for."""
    event = AuditEvent(row.archived_at, row.archived_by, ARCHIVED, "report", row.key, None, report_values(row))
    with adapters.registers.transaction() as register:
        register.lock_study(row.study_id)
        if was_removed(register, row.key):
            put_all()
        added = register.add_report(row, event)
        present = register.report_by_key(row.key)
    assert present is not None, "add_report leaves a row of that key, ours or the winner's"
    return ReportMade(present, already_archived=not added)
