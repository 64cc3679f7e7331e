"""The data-quality report: the state of a study's findings as a document, for the desk."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from longwatch.errors import StudyError
from longwatch.evidence.registered import RunState
from longwatch.findings.elsewhere import tool_of
from longwatch.findings.finding import RuleStatus, Severity, ValidationOutcome
from longwatch.findings.groups import FindingGroup
from longwatch.findings.life import KnownFinding
from longwatch.findings.quality import (
    Presence,
    TrendPoint,
    compute_ageing,
    compute_trend,
    open_by_site,
)
from longwatch.reports.assemble import assemble
from longwatch.reports.contents import BarChart, Listing, PlainTable, ReportContents
from longwatch.standards.hashing import sha256_of
from longwatch.study import Study
from operations.audited import make_event
from operations.finding_acts import findings_of
from operations.group_findings import make_groups
from operations.listings import make_fields, make_listings
from operations.ports import Adapters, Progress, RegisterTransaction

TEMPLATE = "data_quality"
OVERDUE_CONTACT = "FU03"
NEEDS_PLAN = "not evaluable: needs a follow-up plan in the study file"
MOST_SNAPSHOTS = 12
"""So many snapshots, the newest, are in the trend: more bars would not be read."""


@dataclass(frozen=True)
class QualityReport:
    """What was made: contents, and where its files are."""

    contents: ReportContents
    files: tuple[str, ...]


def make_quality_report(
    adapters: Adapters, study: Study, folder: str, *, as_of: date | None, progress: Progress
) -> QualityReport:
    """Write the data-quality report as PDF and HTML into a folder, and the audit event of it.

    `as_of`: the day from which ages count; default today in UTC. The newest validated snapshot is judged once more,
    without being registered, so that rules that cannot be evaluated are named with their reason.
    Raises StudyError LW-DQR-001 where no snapshot of the study has been validated.
    """
    day = as_of or adapters.clock().date()
    with adapters.registers.transaction() as register:
        presences = _presences(register, study.id)
    if not presences:
        raise StudyError(
            "LW-DQR-001",
            "no snapshot of this study has been validated",
            where=study.id,
            next_step="`longwatch validate STUDY.yaml` pulls and validates; the report shows what it finds",
        )
    known = findings_of(adapters, study.id)
    snapshot = adapters.snapshots.get(presences[-1].snapshot_id)
    outcome = adapters.validate(adapters.snapshots.open(snapshot.id), study, progress)
    still_open = [item for item in known if item.is_open]
    trend = compute_trend(presences)[-MOST_SNAPSHOTS:]
    listings: dict[str, Listing] = {
        **make_listings(study, snapshot, outcome, gate=None),
        **_trend(trend),
        **_ageing(still_open, day),
        "quality_sites": _sites(still_open),
        "quality_rules": _rules(still_open, outcome),
        "quality_groups": _groups(make_groups(still_open)),
        "quality_contacts": _contacts(still_open, outcome),
    }
    counts = Counter(item.finding.severity for item in still_open)
    aside = Counter(item.state.value for item in known if item.is_set_aside)
    facts = (
        ("Snapshots validated", f"{len(presences):,}, the newest of {presences[-1].day.isoformat()}"),
        ("Open findings", ", ".join(f"{counts[each]:,} {each.value}" for each in Severity)),
        ("Set aside", f"{aside['waived']:,} waived, {aside['false positive']:,} false positive"),
        ("Fixed by the data", f"{sum(item.state.value == 'fixed' for item in known):,}"),
        ("Rule set", outcome.ruleset_version[:12]),
        ("Status", "A working document; it is not archived"),
    )
    key = sha256_of([study.id, day, TEMPLATE, facts, [[name, repr(item)] for name, item in sorted(listings.items())]])
    contents = assemble(
        adapters.templates(TEMPLATE),
        study_id=study.id,
        study_title=study.study.title,
        sponsor=study.study.sponsor,
        report_key=key,
        snapshot_id=snapshot.id,
        cutoff=day,
        fields=make_fields(study, snapshot, day, adapters.engine),
        tables={},
        listings=listings,
        facts=facts,
        date_label="As of",
    )
    progress("writing PDF and HTML")
    documents = {"data-quality.pdf": adapters.render(contents).pdf, "data-quality.html": adapters.render_html(contents)}
    files = adapters.documents(folder, documents)
    with adapters.registers.transaction() as register:
        register.record_read(
            make_event(adapters, "data-quality report made", "study", study.id, {"open": len(still_open)})
        )
    return QualityReport(contents, files)


def _presences(register: RegisterTransaction, study_id: str) -> list[Presence]:
    """What is known of each snapshot, oldest first: the findings of its last validation, and of the last report of each
    other tool. A run that registered no finding (a pull) says nothing, where another run of the snapshot does."""
    snapshots = {row.id: row for row in register.snapshots(study_id)}
    found: dict[str, dict[str, tuple[Severity, str]]] = {}
    told: set[tuple[str, str]] = set()
    for run in register.runs(study_id, limit=1_000_000):
        if run.snapshot_id is None or run.state not in (RunState.DONE, RunState.GATED):
            continue
        present = found.setdefault(run.snapshot_id, {})
        rows = register.findings(study_id, run.id)
        tools = {tool_of(row.finding.rule_id) for row in rows}
        for row in rows:
            if (run.snapshot_id, tool_of(row.finding.rule_id)) not in told:
                present[row.finding.fingerprint] = (row.finding.severity, row.state)
        told |= {(run.snapshot_id, tool) for tool in tools}
    points = (Presence(key, snapshots[key].first_pulled_at.date(), present) for key, present in found.items())
    return sorted(points, key=lambda item: snapshots[item.snapshot_id].first_pulled_at)


def _trend(points: tuple[TrendPoint, ...]) -> dict[str, Listing]:
    names = tuple(f"{point.day.isoformat()}\n{point.snapshot_id[:8]}" for point in points)
    series = tuple((each.value, tuple(point.open[each] for point in points)) for each in Severity)
    rows = tuple(
        (
            point.day.isoformat(), point.snapshot_id[:12],
            *(f"{point.open[each]:,} / {point.new[each]:,} / {point.gone[each]:,}" for each in Severity),
        )
        for point in points
    )  # fmt: skip
    header = ("Pulled", "Snapshot", *(each.value.capitalize() for each in Severity))
    return {
        "quality_trend_picture": BarChart("Open findings by snapshot and severity", names, series, "findings"),
        "quality_trend": PlainTable("Open / new / gone by snapshot", header, rows, (1.1, 1.4, 1.4, 1.4, 1.4, 1.4)),
    }


def _ageing(still_open: list[KnownFinding], day: date) -> dict[str, Listing]:
    bands = compute_ageing(still_open, day)
    series = tuple((each.value, tuple(counts[each] for counts in bands.values())) for each in Severity)
    header = ("Open for", *(each.value.capitalize() for each in Severity), "All")
    return {
        "quality_ageing_picture": BarChart("Open findings by age", tuple(bands), series, "findings"),
        "quality_ageing": PlainTable(
            "Age of open findings", header, tuple(_counted(name, counts) for name, counts in bands.items()),
            (1.6, 1.0, 1.0, 1.0, 1.0, 1.0),
        ),
    }  # fmt: skip


def _counted(name: str, counts: dict[Severity, int]) -> tuple[str, ...]:
    return (name, *(f"{counts[each]:,}" for each in Severity), f"{sum(counts.values()):,}")


def _sites(still_open: list[KnownFinding]) -> PlainTable:
    rows = tuple(_counted(site, counts) for site, counts in open_by_site(still_open).items())
    header = ("Site", *(each.value.capitalize() for each in Severity), "All")
    return PlainTable("Open findings by site", header, rows, (1.6, 1.0, 1.0, 1.0, 1.0, 1.0), "No finding is open.")


def _rules(still_open: list[KnownFinding], outcome: ValidationOutcome) -> PlainTable:
    titles = {result.rule_id: result.title for result in outcome.results}
    counts = Counter((item.finding.severity, item.finding.rule_id) for item in still_open)
    order = list(Severity)
    rows = tuple(
        (rule, severity.value, f"{count:,}", titles.get(rule, ""))
        for (severity, rule), count in sorted(
            counts.items(), key=lambda item: (order.index(item[0][0]), -item[1], item[0][1])
        )
    )
    return PlainTable(
        "Open findings by rule",
        ("Rule", "Severity", "Findings", "Title"),
        rows,
        (1.2, 0.9, 0.8, 4.6),
        "No finding is open.",
    )


def _groups(groups: tuple[FindingGroup, ...]) -> PlainTable:
    rows = tuple(
        (
            group.id, ", ".join(group.rules), group.severity.value, f"{len(group.findings):,}", f"{group.subjects:,}",
            f"{len(group.sites):,}", group.cause, group.action,
        )
        for group in groups
    )  # fmt: skip
    return PlainTable(
        "Root-cause groups of open findings",
        ("Group", "Rules", "Severity", "Findings", "Subjects", "Sites", "Cause", "What to do"),
        rows,
        (1.1, 1.0, 0.9, 0.9, 0.9, 0.6, 3.2, 3.0),
        "No finding is open.",
    )


def _contacts(still_open: list[KnownFinding], outcome: ValidationOutcome) -> PlainTable:
    """Overdue follow-up contacts, by the rule that knows the plan; its reason where it cannot be judged."""
    result = next((item for item in outcome.results if item.rule_id == OVERDUE_CONTACT), None)
    note = "No contact is overdue."
    if result is None:
        note = NEEDS_PLAN
    elif result.status in (RuleStatus.NOT_EVALUABLE, RuleStatus.NOT_APPLICABLE):
        note = f"{result.status.value}: {result.reason}"
    rows = tuple(
        (item.finding.subject or "", item.site or "", item.finding.message, item.assignee or "")
        for item in still_open
        if item.finding.rule_id == OVERDUE_CONTACT
    )
    return PlainTable(
        "Follow-up contacts overdue",
        ("Subject", "Site", "What is overdue", "Assigned to"),
        rows,
        (1.4, 0.7, 4.0, 1.2),
        note,
    )
