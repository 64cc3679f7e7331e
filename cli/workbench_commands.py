"""`longwatch findings groups | export | import`: findings in bulk."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.finding_commands import StudyId
from cli.finding_filters import filtered
from cli.output import AsJson, StudyFile, print_rows
from cli.wired import wired
from longwatch.errors import StudyError
from longwatch.findings.selection import FindingFilter

MOST_REFUSED = 40
"""Refused cells on a terminal; --json prints all."""
MOST_SITES = 6


def register(group: typer.Typer) -> None:
    """Add these commands to `longwatch findings`."""
    group.command("groups")(groups)
    group.command("export")(export)
    group.command("import")(import_file)
    group.command("adopt")(adopt)
    group.command("letters")(letters)
    group.command("report")(report)


@filtered
def groups(
    study_id: StudyId,
    wanted: FindingFilter,
    closed: Annotated[bool, typer.Option("--all", help="Also findings that are fixed or set aside.")] = False,
    as_json: AsJson = False,
) -> None:
    """List root-cause groups: one line for each thing to correct. `--group ID` of any act means all of it."""
    from operations.group_findings import findings_meant, make_groups

    meant = [item for item in findings_meant(wired(), study_id, wanted) if closed or item.is_open]
    rows = [
        {
            "group": group.id,
            "rules": ", ".join(group.rules),
            "severity": group.severity.value,
            "findings": len(group.findings),
            "subjects": group.subjects,
            "sites": list(group.sites) if as_json else _few(group.sites),
            "cause": group.cause,
            "example": group.example.record_key,
            "do": group.action,
        }
        for group in make_groups(meant)
    ]
    print_rows(rows, as_json, f"No such findings of {study_id} are open.")
    if rows and not as_json:
        typer.echo(f"{len(meant):,} findings in {len(rows):,} groups.")


@filtered
def export(
    study_id: StudyId,
    wanted: FindingFilter,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="A new file: .xlsx, .csv or .json.")],
) -> None:
    """Give findings out as a workbook that people fill (or CSV, JSON): all that the filters mean, never capped."""
    from cli.progress import StageDisplay
    from operations.exchange_findings import export_findings

    display = StageDisplay()
    with display.shown("Export"):
        count = export_findings(wired(), study_id, wanted, str(to), progress=display.message)
    typer.echo(f"{to}: {count:,} findings. Fill the white columns, then `longwatch findings import {study_id} {to}`.")


def import_file(
    study_id: StudyId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that was exported and filled.")],
    as_json: AsJson = False,
) -> None:
    """Take back what people filled in; a row that changed meanwhile or was edited elsewhere is refused by its cell."""
    from cli.progress import StageDisplay
    from operations.exchange_findings import import_findings

    display = StageDisplay()
    with display.shown("Import"):
        done = import_findings(wired(), study_id, str(file))
    refused = [
        {"cell": cell.address, "rule": cell.rule_id, "record": cell.record, "why": cell.reason} for cell in done.refused
    ]
    if as_json:
        from longwatch.standards.hashing import canonical_json

        counts = {"rows": done.rows, "untouched": done.untouched, "changed": done.changed}
        typer.echo(canonical_json({**counts, "refused": refused}).decode())
    else:
        typer.echo(
            f"{done.rows:,} rows: {done.changed:,} findings changed, {done.untouched:,} rows left as they were, "
            f"{len(refused):,} refused."
        )
        if refused:
            print_rows(refused[:MOST_REFUSED], False, "")
        if len(refused) > MOST_REFUSED:
            typer.echo(f"… and {len(refused) - MOST_REFUSED:,} more; --json prints all.")
    if refused and not done.changed:
        raise StudyError(
            "LW-XCH-006",
            "nothing of the file was taken",
            where=str(file),
            found=f"{len(refused):,} refused cells, the first {refused[0]['cell']}: {refused[0]['why']}",
            next_step="correct the cells named above, or export anew where findings changed meanwhile",
        )


def adopt(
    study: StudyFile,
    report_file: Annotated[
        Path, typer.Argument(metavar="REPORT", help="Pinnacle 21: .xlsx, or its details as .csv; CDISC CORE: .json.")
    ],
    snapshot: Annotated[
        str | None, typer.Option(help="The snapshot that the tool looked at; default the newest.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take the findings of a Pinnacle 21 or CDISC CORE report into the queue; what our rules found too is linked."""
    from cli.progress import StageDisplay
    from operations.adopt_findings import adopt_findings
    from runtime.study_files import read_study

    checked, _ = read_study(Path(study))
    display = StageDisplay()
    with display.shown("Adopt"):
        done = adopt_findings(wired(), checked, str(report_file), snapshot_id=snapshot, progress=display.message)
    if as_json:
        from longwatch.standards.hashing import canonical_json

        value = {
            "tool": done.report.name,
            "report_sha256": done.report.sha256,
            "snapshot": done.snapshot_id,
            "run": done.run_id,
            "issues": len(done.report.issues),
            "findings": done.findings,
            "linked": done.linked,
            "left_out": done.left_out,
            "kept_open": done.kept_open,
        }
        typer.echo(canonical_json(value).decode())
        return
    typer.echo(
        f"{done.report.name}: {len(done.report.issues):,} issues, {done.findings:,} findings in the queue, "
        f"{sum(done.linked.values()):,} linked to findings of our own rules, {sum(done.left_out.values()):,} left out."
    )
    for rule, count in sorted(done.linked.items()):
        typer.echo(f"  linked    {rule}: {count:,}")
    for why, count in done.left_out.items():
        typer.echo(f"  left out  {count:,} {why}")
    if done.kept_open:
        typer.echo(f"  not closed, since the report does not list all: {', '.join(done.kept_open)}")


@filtered
def letters(
    study: StudyFile,
    wanted: FindingFilter,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the letters are written.")],
    by: Annotated[datetime, typer.Option("--by", formats=["%Y-%m-%d"], help="The day to answer by.")],
    sender: Annotated[str, typer.Option("--sender", help="Who asks; default the acting account.")] = "",
) -> None:
    """Write a letter to each site with its open findings, as PDF and as text."""
    from operations.site_letters import write_letters
    from runtime.study_files import read_study

    checked, _ = read_study(Path(study))
    written = write_letters(wired(), checked, wanted, str(to), due=by.date(), sender=sender)
    for file in written.files:
        typer.echo(file)
    count = sum(len(letter.questions) for letter in written.letters)
    typer.echo(
        f"{len(written.letters):,} sites are asked about {count:,} findings; {written.without_site:,} open findings "
        f"have no site and {written.no_query:,} are not for a site to settle: they are in no letter."
    )


def report(
    study: StudyFile,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the two files are written.")],
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The day ages count to; default today.")
    ] = None,
) -> None:
    """Write the data-quality report as PDF and HTML: trend, ages, causes, sites, rules, overdue contacts."""
    from cli.progress import StageDisplay
    from operations.quality_report import make_quality_report
    from runtime.study_files import read_study

    checked, _ = read_study(Path(study))
    display = StageDisplay()
    with display.shown("Data quality"):
        made = make_quality_report(
            wired(), checked, str(to), as_of=as_of.date() if as_of else None, progress=display.message
        )
    for file in made.files:
        typer.echo(file)


def _few(sites: tuple[str, ...]) -> str:
    more = f" +{len(sites) - MOST_SITES}" if len(sites) > MOST_SITES else ""
    return ", ".join(sites[:MOST_SITES]) + more
