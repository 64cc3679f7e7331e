"""`longwatch archive …`: evidence kept, and given back verified."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.moments import read_days, read_moment
from cli.option_groups import expanding
from cli.output import AsJson, print_rows
from cli.wired import wired
from longwatch.evidence.registered import ReportFilter, ReportRow, ReportState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from longwatch.evidence.retention import LegalHold
    from operations.rebuild_registers import Rebuilt
    from operations.report_chain import ReportChain

archive = typer.Typer(
    help="Archived reports: list, show, get, supersede, verify, scrub, package; kept how long: retain, extend, hold, "
    "remove-drafts; the store: probe; drill and rebuild.",
    no_args_is_help=True,
)


class Status(StrEnum):
    """What a person asks for: kinds of states, or one state."""

    FINAL = "final"
    UNRELEASED = "unreleased"
    DRAFT = "draft"
    CANDIDATE = "candidate"
    REVIEWED = "reviewed"
    RELEASED = "released"
    SUPERSEDED = "superseded"


_UNRELEASED = (ReportState.ARCHIVED_CANDIDATE, ReportState.REVIEWED)
STATES = {
    Status.FINAL: (ReportState.RELEASED,),
    Status.UNRELEASED: _UNRELEASED,
    Status.DRAFT: (ReportState.ARCHIVED_DRAFT,),
    Status.CANDIDATE: (ReportState.ARCHIVED_CANDIDATE,),
    Status.REVIEWED: (ReportState.REVIEWED,),
    Status.RELEASED: (ReportState.RELEASED,),
    Status.SUPERSEDED: (ReportState.SUPERSEDED,),
}
_PARTS = (
    ("Released", STATES[Status.FINAL]),
    ("Not released", _UNRELEASED),
    ("Drafts", STATES[Status.DRAFT]),
    ("Superseded", STATES[Status.SUPERSEDED]),
)

ReportKey = Annotated[str, typer.Argument(metavar="REPORT-KEY", help="The report key, or its first 8 digits or more.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(archive, name="archive")


def make_report_filter(
    study: Annotated[str | None, typer.Option(help="Only this study's.")] = None,
    report: Annotated[str | None, typer.Option(help="Only this report (template name).")] = None,
    cutoff: Annotated[str | None, typer.Option(help="Only this cut-off: a day, or DAY..DAY.")] = None,
    data: Annotated[str | None, typer.Option(help="Only those made from this snapshot; its first digits do.")] = None,
    who: Annotated[str | None, typer.Option(help="Only those that this account made or signed.")] = None,
    status: Annotated[
        list[Status] | None, typer.Option(help="Only in this status; may be given again. Default: all.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Archived from this day or moment on (UTC).")] = None,
    until: Annotated[str | None, typer.Option(help="Archived before this day or moment (UTC).")] = None,
    text: Annotated[str | None, typer.Option(help="Only where this stands in study, report or their titles.")] = None,
) -> ReportFilter:
    """The filter that the options name."""
    first, last = read_days(cutoff)
    states = tuple(dict.fromkeys(state for each in status or () for state in STATES[each]))
    return ReportFilter(
        study_id=study,
        template=report,
        cutoff_from=first,
        cutoff_to=last,
        snapshot_id=data.lower() if data else None,
        who=who,
        states=states,
        since=read_moment(since),
        until=read_moment(until),
        text=text,
    )


selecting = expanding({ReportFilter: make_report_filter})


@archive.command("list")
@selecting
def list_archive(
    wanted: ReportFilter,
    limit: Annotated[int | None, typer.Option(min=1, help="How many, newest first. Default: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """List archived reports, released ones apart from those that are not, newest first. Filters hold together."""
    from operations.archive_reading import list_reports
    from operations.probe_archive import last_probe
    from operations.standing_holds import standing_holds

    adapters = wired()
    probe = last_probe(adapters)
    reports = list_reports(adapters, wanted, limit)
    held = standing_holds(adapters)
    if as_json:
        said = probe.in_words() if probe else "never probed"
        print_rows([{**_row(row, held, whole=True), "store": said} for row in reports], True, "")
        return
    if not reports:
        print_rows([], False, "No such report is archived. `longwatch demo` makes one.")
    for heading, states in _PARTS:
        rows = [_row(row, held, whole=False) for row in reports if row.state in states]
        if rows:
            typer.echo(heading)
            print_rows(rows, False, "")
    typer.echo(f"The store is {probe.in_words()}." if probe else "The store was never probed: `archive probe`.")


def _row(row: ReportRow, held: Mapping[str, LegalHold], *, whole: bool) -> dict[str, Any]:
    hold = held.get(row.key)
    return {
        "report_key": row.key if whole else row.key[:12],
        "study": row.study_id,
        "report": row.template,
        "cut-off": row.cutoff.isoformat(),
        "state": row.state.value,
        "data": row.snapshot_id if whole else row.snapshot_id[:12],
        "pages": row.pages,
        "archived": row.archived_at,
        "by": row.archived_by,
        **({"hold": hold.why if hold else ""} if held or whole else {}),
        **({"title": row.title, "superseded_by": row.superseded_by} if whole else {}),
    }


@archive.command("show")
def show_report(key: ReportKey, as_json: AsJson = False) -> None:
    """Show a report's chain from its PDF back to the bytes of the sources, each link computed again; exit 5 where one
    does not hold."""
    from cli.progress import StageDisplay
    from operations.report_chain import trace_report

    display = StageDisplay()
    with display.shown("Chain"):
        chain = trace_report(wired(), key, display.message)
    links = [{"link": link.what, "name": link.name, "holds": link.holds, "said": link.said} for link in chain.links]
    events = [
        {"position": each.position, "at": each.event.at, "who": each.event.actor, "what": each.event.action}
        for each in chain.events
    ]
    pulls = [
        {"at": pull.at, "who": pull.actor, "from": ", ".join(pull.sources), "read by": pull.tools}
        for pull in chain.pulls
    ]
    if as_json:
        signed = [asdict(each) for each in chain.signatures]
        told = {"chain": links, "made_from": chain.made_from, "signatures": signed, "pulls": pulls, "events": events}
        kept = {
            "retain_until": chain.retention.until if chain.retention else None,
            "retention": chain.retention.rule if chain.retention else None,
            "hold": chain.hold.in_words() if chain.hold else None,
        }
        print_rows([{**asdict(chain.row), "holds": chain.holds, **kept, **told}], True, "")
    else:
        _print_chain(chain, links, pulls, events)
    if not chain.holds:
        raise typer.Exit(5)


def _print_chain(
    chain: ReportChain, links: list[dict[str, Any]], pulls: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    print_rows([{"what": name, "is": value} for name, value in asdict(chain.row).items()], False, "")
    for name, value in chain.made_from.items():
        typer.echo(f"made from: {name} {value}")
    if chain.run:
        started = f"{chain.run.started_at:%Y-%m-%d %H:%M:%S} UTC"
        typer.echo(f"made by: run {chain.run.id[:12]} of {chain.run.actor}, {started}")
    typer.echo("\nChain")
    short = [{**link, "name": link["name"][:12], "holds": "yes" if link["holds"] else "NO"} for link in links]
    print_rows(short, False, "")
    typer.echo("\nPulls of its data")
    print_rows(pulls, False, "None is registered.")
    typer.echo("\nAudit trail")
    print_rows(events, False, "Nothing is recorded.")
    typer.echo("")
    for kept in (chain.retention, chain.hold):
        if kept is not None:
            typer.echo(f"Keeping: {kept.in_words()}")
    for signature in chain.signatures:
        typer.echo(f"Signed: {signature.in_words()}")
    typer.echo("Every link holds." if chain.holds else "NOT every link holds.")


@archive.command("get")
def get_archived(
    key: ReportKey,
    to: Annotated[
        Path | None, typer.Option("--to", help="File or folder to write; default the working folder.")
    ] = None,
    signed: Annotated[bool, typer.Option("--signed", help="The last signed copy instead of the unsigned one.")] = False,
) -> None:
    """Get a certified copy of a report's PDF: bytes compared with the register, and a signed certificate beside it."""
    from longwatch.errors import StoreError
    from operations.certified_copy import certify
    from operations.seal_report import get_sealed

    if signed:
        row, content, said = get_sealed(wired(), key)
    else:
        copy = certify(wired(), key)
        row, content = copy.row, copy.pdf
    target = to or Path()
    if target.is_dir():
        mark = "" if row.state is ReportState.RELEASED else f"-{row.state.value.removeprefix('archived-')}"
        name = f"{row.study_id}-{row.template}-{row.cutoff}-{row.key[:12]}{mark}{'-signed' * signed}.pdf"
        target = target / name.lower().replace("_", "-")
    certificate = target.with_name(f"{target.name}.certificate.txt")
    try:
        target.write_bytes(content)
        if not signed:
            certificate.write_bytes(copy.certificate)
    except OSError as refused:
        raise StoreError(
            "LW-CLI-004",
            f"the copy cannot be written: {refused.strerror}",
            where=str(target),
            next_step="name another file with --to",
        ) from refused
    if signed:
        typer.echo(f"{target}\nSHA-256 {said} (signed copy)\n{row.state.value}")
        return
    typer.echo(
        f"{target}\nSHA-256 {row.pdf_sha256} (as archived {row.archived_at:%Y-%m-%d %H:%M:%S} UTC)\n"
        f"{row.state.value}; certificate {certificate}"
    )


@archive.command("supersede")
def supersede(
    old: Annotated[str, typer.Argument(metavar="OLD-KEY", help="The report that stands no more.")],
    new: Annotated[str, typer.Argument(metavar="NEW-KEY", help="The one that stands in its place.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit trail.")],
) -> None:
    """Say that a report is superseded by another one of its study; both stay archived."""
    from operations.release_report import supersede_report

    before, after = supersede_report(wired(), old, new, reason)
    typer.echo(f"{before.key[:12]} is superseded by {after.key[:12]} ({after.state.value}).")


@archive.command("verify")
def verify_archive(
    key: Annotated[str | None, typer.Argument(metavar="[REPORT-KEY]", help="One report; default all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read every archived object back and compare it with its manifest and the register."""
    from cli.progress import StageDisplay
    from operations.archive_reading import verify_reports

    display = StageDisplay()
    with display.shown("Verify"):
        verified = verify_reports(wired(), key, display.message)
    rows = [
        {
            "report_key": item.row.key if as_json else item.row.key[:12],
            "study": item.row.study_id,
            "objects": item.objects,
            "bytes": item.size,
            "result": "as archived",
        }
        for item in verified
    ]
    print_rows(rows, as_json, "No report is archived yet, so there is nothing to verify.")


@archive.command("probe")
def probe_store(as_json: AsJson = False) -> None:
    """Try twelve times to change or delete an object of the store; exit 4 unless it withstood all: then it is WORM."""
    from cli.progress import StageDisplay
    from operations.probe_archive import probe_archive

    display = StageDisplay()
    with display.shown("Probe"):
        probed = probe_archive(wired(), display.message)
    rows = [{"call": call.name, "withstood": "yes" if call.held else "NO", "store": call.said} for call in probed.calls]
    print_rows(rows, as_json, "")
    if not as_json:
        typer.echo(f"{probed.result.place} is {probed.result.in_words()}.")
    if not probed.result.is_worm:
        raise typer.Exit(4)


@archive.command("scrub")
def scrub_store(
    snapshots: Annotated[
        bool, typer.Option("--snapshots", help="Hash the raw data of each report again, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Hash everything in the archive again and compare it with the registers, both ways; exit 5 where they differ."""
    from cli.progress import StageDisplay
    from operations.scrub_archive import scrub_archive

    display = StageDisplay()
    with display.shown("Scrub"):
        found = scrub_archive(wired(), display.message, snapshots=snapshots)
    rows = [
        {"problem": problem.error_id, "where": problem.where, "what": problem.what, "expected": problem.expected,
         "found": problem.found, "next": problem.next_step}
        for problem in found.problems
    ]  # fmt: skip
    if as_json:
        print_rows(rows, True, "")
    else:
        for problem in found.problems:
            typer.echo(problem.one_line())
        typer.echo(
            f"{len(found.problems) or 'No'} problems in {found.objects:,} objects ({found.size:,} bytes), "
            f"{found.reports:,} reports ({len(found.retained):,} retained, {len(found.held):,} on legal hold), "
            f"{found.events:,} audit events."
        )
    if found.problems:
        raise typer.Exit(5)


@archive.command("package")
def package_archived(
    key: ReportKey,
    to: Annotated[Path | None, typer.Option("--to", help="The file; default a .zip in the working folder.")] = None,
    inputs: Annotated[bool, typer.Option("--inputs", help="The raw data, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write all evidence of a report into one file that verifies itself: offline, with nothing but Python."""
    from cli.progress import StageDisplay
    from operations.archive_reading import find_report
    from operations.package_report import package_report

    adapters = wired()
    row = find_report(adapters, key)
    name = f"{row.study_id}-{row.template}-{row.cutoff}-{row.key[:12]}-evidence.zip".lower().replace("_", "-")
    file = to or Path(name)
    if file.is_dir():
        file = file / name
    display = StageDisplay()
    with display.shown("Package"):
        made = package_report(adapters, row.key, str(file), display.message, with_inputs=inputs)
    if as_json:
        print_rows([{"file": made.file, "sha256": made.sha256, "signed_by": made.key_line}], True, "")
        return
    typer.echo(f"{made.file}\nSHA-256 {made.sha256}\nSigned by {made.key_line}")
    typer.echo("Whoever gets it runs `python3 verify.py` in it, and compares the line of the key with this one.")


@archive.command("drill")
def drill_restore(as_json: AsJson = False) -> None:
    """Rebuild the registers beside, from the archive alone; compare; exit 5 where something is missing or differs."""
    from cli.progress import StageDisplay
    from operations.rebuild_registers import drill_rebuild

    display = StageDisplay()
    with display.shown("Drill"):
        drilled = drill_rebuild(wired(), display.message)
    checkpoint = drilled.rebuilt.checkpoint
    if as_json:
        value = {
            "passed": drilled.passed,
            "events": checkpoint.size,
            "signed": checkpoint.at,
            "same": drilled.same,
            "differences": drilled.differences,
            "problems": [problem.one_line() for problem in drilled.problems],
            "not_rebuilt": drilled.rebuilt.lost,
            "seconds": drilled.seconds,
        }
        print_rows([value], True, "")
    else:
        _print_rebuilt(drilled.rebuilt)
        for kind, count in drilled.same.items():
            typer.echo(f"the same  {count:,} {kind}")
        for line in (*drilled.differences, *(problem.one_line() for problem in drilled.problems)):
            typer.echo(f"WRONG     {line}")
        typer.echo(f"{'Passed' if drilled.passed else 'NOT passed'}, in {drilled.seconds:.1f} s. Nothing was changed.")
    if not drilled.passed:
        raise typer.Exit(5)


@archive.command("rebuild")
def rebuild(
    administrator: Annotated[
        list[str] | None,
        typer.Option("--administrator", help="Give this administrator a one-time password; may be given again."),
    ] = None,
) -> None:
    """Fill empty registers (LONGWATCH_DATABASE_URL) from the archive alone; says what could not be rebuilt."""
    from cli.progress import StageDisplay
    from operations.rebuild_registers import rebuild_registers

    display = StageDisplay()
    with display.shown("Rebuild"):
        rebuilt = rebuild_registers(wired(), display.message, tuple(administrator or ()))
    _print_rebuilt(rebuilt)
    for name, password in rebuilt.passwords.items():
        typer.echo(f"One-time password of {name}, good for 7 days: {password}")
    typer.echo("Next: `longwatch archive scrub`, then `longwatch audit verify`")


def _print_rebuilt(rebuilt: Rebuilt) -> None:
    told, checkpoint = rebuilt.told, rebuilt.checkpoint
    typer.echo(f"rebuilt   {checkpoint.size:,} audit events, signed up to {checkpoint.at}")
    for kind, count in (
        ("accounts", len(told.accounts)),
        ("studies", len(told.studies)),
        ("snapshots", len(told.snapshots)),
        ("runs", len(told.runs)),
        ("reports", len(told.reports)),
        ("signatures", len(told.signatures)),
    ):
        typer.echo(f"rebuilt   {count:,} {kind}")
    for line in rebuilt.lost:
        typer.echo(f"not       {line}")
