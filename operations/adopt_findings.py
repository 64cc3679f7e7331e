"""Findings of other tools, taken into the queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from longwatch.errors import StudyError
from longwatch.evidence.registered import FindingRow
from longwatch.findings.elsewhere import (
    ForeignIssue,
    ForeignReport,
    Located,
    agrees,
    make_finding,
    merge,
    ours_of,
    rules_elsewhere,
    severity_of,
)
from longwatch.findings.finding import Finding
from longwatch.findings.identity import IDENTITY, ROW, as_text, compute_identities, locator_columns
from longwatch.findings.inputs import RuleInputs
from longwatch.findings.sites import sites_of
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from operations.audited import make_event
from operations.ports import Adapters, Progress
from operations.registered_run import registered_run


@dataclass(frozen=True)
class Adopted:
    """What a report came to. `findings`: those of the report that are in the queue; `linked`: issues that the queue had
    already, by our rules; `left_out`: issues that do not fit the snapshot; `kept_open`: rules of which nothing was
    closed, since the report does not list all of their issues, or not all of their datasets."""

    report: ForeignReport
    snapshot_id: str
    run_id: str
    findings: int
    linked: Mapping[str, int]
    left_out: Mapping[str, int]
    kept_open: tuple[str, ...]


def adopt_findings(
    adapters: Adapters, study: Study, file: str, *, snapshot_id: str | None, progress: Progress
) -> Adopted:
    """Take the findings of another tool's report on a snapshot into the queue, as a run of its own.

    `snapshot_id`: the snapshot that the tool looked at; default the study's newest. The same report again adds
    nothing. A later report of the tool on a later snapshot closes what it no longer has as fixed: the run of that
    import, whose audit event names the report's SHA-256, stands in the finding's history as the proof.

    Raises StudyError LW-ELS-001 (no report), LW-ELS-002 (the study has no snapshot), LW-ELS-003 (no issue of the report
    fits the snapshot: it is of other data; nothing is recorded).
    """
    report = adapters.foreign_report(file)
    if snapshot_id is None:
        with adapters.registers.transaction() as register:
            rows = register.snapshots(study.id)
        if not rows:
            raise StudyError(
                "LW-ELS-002",
                "the study has no snapshot that a report could be on",
                where=study.id,
                next_step="`longwatch pull STUDY.yaml` freezes the data that the other tool looked at",
            )
        snapshot_id = rows[0].id
    snapshot = adapters.snapshots.get(snapshot_id)
    data = adapters.snapshots.open(snapshot.id)
    progress(f"finding the records of {len(report.issues):,} issues")
    located, left_out = _locate_all(data, report.issues)
    with adapters.registers.transaction() as register:
        known = register.known_findings(study.id)
    present = [item.finding for item in known if item.last_snapshot == snapshot.id and item.state.value != "fixed"]
    by_id, ours = rules_elsewhere(adapters.rules(RuleInputs())), _index(present)
    linked: dict[str, int] = {}
    found: list[Finding] = []
    for issue, place in located:
        same = ours_of(issue, by_id)
        match = next((rule.id for rule in same if _is_known(ours, rule.id, issue, place)), None)
        if match is not None:
            linked[match] = linked.get(match, 0) + 1
        else:
            found.append(make_finding(report.tool, report.name, issue, place, severity_of(issue, same)))
    if not located:
        raise StudyError(
            "LW-ELS-003",
            "no issue of the report fits the snapshot: the report is of other data",
            where=file,
            found=", ".join(f"{count:,} {why}" for why, count in left_out.items()) or "no issue",
            next_step="name the snapshot that the tool looked at with --snapshot, or pull that data first",
        )
    findings = merge(found)
    evaluated, kept_open = _evaluated(report, [item.finding for item in known if item.is_open], findings)
    sites = sites_of(data)
    with registered_run(adapters, study) as run:
        run.snapshot_id = snapshot.id
        rows_found = [
            FindingRow(
                item, study.id, "new", run.id, run.id, snapshot.id, snapshot.id,
                sites.get(item.subject) if item.subject else None,
            )
            for item in findings
        ]  # fmt: skip
        said = {
            "tool": report.name,
            "report_sha256": report.sha256,
            "findings": len(findings),
            "linked": sum(linked.values()),
        }
        event = make_event(adapters, "report of another tool imported", "run", run.id, said)
        with adapters.registers.transaction() as register:
            register.record_findings(run.id, rows_found, event, snapshot_id=snapshot.id, evaluated=evaluated)
    return Adopted(report, snapshot.id, run.id, len(findings), linked, left_out, kept_open)


def _evaluated(
    report: ForeignReport, known: Iterable[Finding], found: Iterable[Finding]
) -> tuple[set[str], tuple[str, ...]]:
    """Rules of the tool whose absent findings are closed, and those of which none is."""
    prefix = f"{report.tool}:"
    datasets: dict[str, set[str]] = {}
    for finding in (*known, *found):
        if finding.rule_id.startswith(prefix):
            datasets.setdefault(finding.rule_id, set()).add(finding.dataset)
    cut = {f"{prefix}{rule}" for rule, _ in report.cut_short}
    unseen = {
        rule
        for rule, names in datasets.items()
        if report.datasets is not None and not names <= {*report.datasets, "GLOBAL"}
    }
    kept = sorted((cut | unseen) & set(datasets))
    return set(datasets) - set(kept), tuple(kept)


def _locate_all(
    data: SourceData, issues: Iterable[ForeignIssue]
) -> tuple[list[tuple[ForeignIssue, Located | None]], dict[str, int]]:
    """Each issue that fits the data with its record, and how many do not fit, by reason."""
    by_dataset: dict[str, list[ForeignIssue]] = {}
    for issue in issues:
        by_dataset.setdefault(issue.dataset, []).append(issue)
    located: list[tuple[ForeignIssue, Located | None]] = []
    left_out: dict[str, int] = {}
    for name, members in by_dataset.items():
        if name not in data and name != "GLOBAL":
            _count(left_out, f"in {name}, which the snapshot does not have", len(members))
            continue
        wanted = sorted({issue.record - 1 for issue in members if issue.record is not None})
        records = _records(data, name, wanted) if wanted else {}
        for issue in members:
            place = records.get(issue.record - 1) if issue.record is not None else None
            if issue.record is not None and place is None:
                _count(left_out, f"on records that {name} does not have", 1)
            elif place is not None and not agrees(issue, place):
                _count(left_out, f"in {name}, whose record holds other values", 1)
            else:
                located.append((issue, place))
    return located, left_out


def _count(counts: dict[str, int], why: str, more: int) -> None:
    counts[why] = counts.get(why, 0) + more


def _records(data: SourceData, name: str, rows: list[int]) -> dict[int, Located]:
    """The records at these rows. Identities are judged among all records of their subjects."""
    frame = data.frame(name).with_row_index(ROW).collect()
    concerned = frame
    if "USUBJID" in frame.columns:
        subjects = frame.filter(pl.col(ROW).is_in(rows))["USUBJID"].unique()
        concerned = frame.filter(pl.col("USUBJID").is_in(subjects.implode()) | pl.col("USUBJID").is_null())
    identities = dict(compute_identities(name, concerned).select(ROW, IDENTITY).iter_rows())
    texts = concerned.filter(pl.col(ROW).is_in(rows)).select(
        pl.col(ROW), *(as_text(column, dtype) for column, dtype in frame.schema.items() if column != ROW)
    )
    names = locator_columns(name, frame.columns)
    found: dict[int, Located] = {}
    for row in texts.iter_rows(named=True):
        number = int(row[ROW])
        locator = {column: row[column] for column in names if row[column] is not None}
        found[number] = Located(identities[number], locator or {"record": str(number + 1)}, row)
    return found


Index = dict[tuple[str, str], list[Mapping[str, str]]]


def _index(findings: Iterable[Finding]) -> Index:
    """Our findings by rule and dataset: where each is."""
    found: Index = {}
    for finding in findings:
        found.setdefault((finding.rule_id, finding.dataset), []).append(finding.locator)
    return found


def _is_known(ours: Index, rule_id: str, issue: ForeignIssue, place: Located | None) -> bool:
    """Whether a finding of our rule is about the same record (every value of its locator stands in the record), or
    about an entry that the issue names."""
    for locator in ours.get((rule_id, issue.dataset), ()):
        if place is None:
            if locator and set(locator.values()) <= set(issue.values.values()):
                return True
        elif locator and all(place.values.get(name) == value for name, value in locator.items()):
            return True
    return False
