"""An archived report made again from its archived snapshot, its bytes compared, a difference explained."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date

from longwatch.derive import derive
from longwatch.evidence.accounts import Right
from longwatch.evidence.audit import EventFilter
from longwatch.evidence.manifest import read_manifest
from longwatch.evidence.registered import ReportRow
from longwatch.evidence.report_key import Engine
from longwatch.evidence.reproduction import Difference, compare_identities
from longwatch.findings.decision import Decision
from longwatch.findings.finding import ValidationOutcome
from longwatch.findings.life import decide_at
from longwatch.reports.template import ReportTemplate
from longwatch.standards.hashing import sha256_of_bytes
from longwatch.study import Study
from longwatch.tables.export import results_csv
from operations.archive_reading import failure_recorded, find_report, read_verified
from operations.audited import make_event
from operations.event_lists import read_event_lists
from operations.make_report import RESULTS_CSV, by_name, compose, identify, tabulate_and_check
from operations.ports import Adapters, Progress
from operations.rules import read_rules


@dataclass(frozen=True)
class Reproduced:
    """What making a report again came to.

    `sha256`: of the bytes made now. `inputs`: what the report was made from that is not so any more. `pages`: where
    the two files differ, in words. `numbers`: whether results.csv is the same.
    """

    row: ReportRow
    sha256: str
    inputs: tuple[Difference, ...]
    pages: tuple[str, ...]
    numbers: bool

    @property
    def is_same(self) -> bool:
        """Whether the bytes are those that were archived."""
        return self.sha256 == self.row.pdf_sha256

    @property
    def is_explained(self) -> bool:
        """Whether something that it was made from explains that the bytes are others."""
        return bool(self.inputs)


def reproduce_report(
    adapters: Adapters, key: str, progress: Progress, files: tuple[Study, str] | None = None
) -> Reproduced:
    """The report of a key, made again.

    All comes from the archive's manifest (study file as it was used, template, cut-off), the frozen snapshot (hashed
    again first) and the words on findings as they were when the report's run validated. It says the same of itself as
    the archived one: key and program. `files`: a study and its folder, for rule files, term lists and dictionary: no
    manifest has them. Nothing is archived or registered but that it was done.

    Raises what the archive, the snapshot store, the rules and the report gate raise.
    """
    row = find_report(adapters, key)
    adapters.access.require(Right.READ, row.study_id)
    with failure_recorded(adapters, "report reproduction failed", row.key):
        made = _reproduce(adapters, row, progress, files)
    said = {"pdf_sha256": made.sha256, "same": made.is_same}
    with adapters.registers.transaction() as register:
        register.record_read(make_event(adapters, "report reproduced", "report", row.key, said))
    return made


def _reproduce(adapters: Adapters, row: ReportRow, progress: Progress, files: tuple[Study, str] | None) -> Reproduced:
    manifest = read_manifest(read_verified(adapters, row.manifest_key, row.manifest_sha256), row.manifest_key)
    archived = read_verified(adapters, row.pdf_key, row.pdf_sha256)
    then = manifest.identity
    study = _with_files(Study.from_content(then["study_content"]), files)
    template = ReportTemplate.model_validate(then["template"])
    cutoff = date.fromisoformat(then["cutoff"])
    engine, subject = Engine(**then["engine"]), str(then["parameters"].get("subject", ""))
    adapters.snapshots.verify(row.snapshot_id)
    snapshot = adapters.snapshots.get(row.snapshot_id)
    data = adapters.snapshots.open(row.snapshot_id)
    progress("validating the snapshot again")
    rules, inputs = read_rules(adapters, study, files[1] if files else ".")
    outcome = _with_decisions(adapters, row, adapters.validate(data, study, progress, inputs))
    datasets = derive(data, study, cutoff, groups=read_event_lists(adapters, study, files[1] if files else "."))
    tables, gate = tabulate_and_check(adapters, study, snapshot, cutoff, template, rules, datasets, progress, subject)
    progress("rendering")
    contents = compose(study, snapshot, cutoff, template, outcome, datasets, tables, gate, row.key, engine, subject)
    rendered = adapters.render(contents)
    now = asdict(identify(study, snapshot, cutoff, template, outcome, datasets, adapters.engine, subject))
    folder = row.manifest_key.rpartition("/")[0]
    numbers = {file.name: file.sha256 for file in manifest.files}.get(RESULTS_CSV)
    assert numbers is not None, f"{folder} has {RESULTS_CSV}"
    return Reproduced(
        row,
        rendered.sha256,
        compare_identities(then, now),
        () if rendered.sha256 == row.pdf_sha256 else adapters.compare_pdfs(archived, rendered.pdf),
        numbers == sha256_of_bytes(results_csv(tuple(by_name(tables).values()))),
    )


def _with_files(study: Study, files: tuple[Study, str] | None) -> Study:
    """The study as it was, with the rule files, term lists and the dictionary's folder that the given one names."""
    if files is None:
        return study
    given = files[0]
    rules = study.rules.model_copy(update={"files": given.rules.files})
    dictionaries = study.dictionaries.model_copy(update={"meddra_folder": given.dictionaries.meddra_folder})
    update = {"rules": rules, "dictionaries": dictionaries, "event_groups": given.event_groups}
    return study.model_copy(update=update)


def _with_decisions(adapters: Adapters, row: ReportRow, outcome: ValidationOutcome) -> ValidationOutcome:
    """The outcome with the last word on each finding as it stood when the report's run had validated."""
    decisions: dict[str, Decision] = {}
    with adapters.registers.transaction() as register:
        events = register.events(None, EventFilter(entity="run", entity_id=row.run_id))
        moment = max((each.event.at for each in events if each.event.action == "data validated"), default=None)
        if moment is None:
            return outcome
        found = {finding.fingerprint for finding in outcome.findings}
        touched = [
            known.finding.fingerprint
            for known in register.known_findings(row.study_id)
            if known.version > 1 and known.finding.fingerprint in found
        ]
        for fingerprint in touched:
            decision = decide_at(register.finding_history(row.study_id, fingerprint), moment, row.run_id)
            if decision is not None:
                decisions[fingerprint] = decision
    return replace(outcome, decisions=decisions)
