"""`longwatch archive …`: evidence kept, and given back verified."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.output import AsJson, print_rows
from cli.wired import wired

archive = typer.Typer(
    help="Archived reports: list, show, get, verify, scrub, package; and the store itself: probe.", no_args_is_help=True
)

ReportKey = Annotated[str, typer.Argument(metavar="REPORT-KEY", help="The report key, or its first 8 digits or more.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(archive, name="archive")


@archive.command("list")
def list_archive(
    study: Annotated[str | None, typer.Option(help="Only this study's.")] = None, as_json: AsJson = False
) -> None:
    """List the archived reports, newest first."""
    from operations.archive_reading import list_reports
    from operations.probe_archive import last_probe

    adapters = wired()
    probe = last_probe(adapters)
    rows = [
        {
            "report_key": row.key if as_json else row.key[:12],
            "study": row.study_id,
            "report": row.template,
            "cut-off": row.cutoff.isoformat(),
            "state": row.state.value,
            "pages": row.pages,
            "archived": row.archived_at,
            "by": row.archived_by,
        }
        for row in list_reports(adapters, study)
    ]
    if as_json:
        said = probe.in_words() if probe else "never probed"
        rows = [{**row, "store": said} for row in rows]
    print_rows(rows, as_json, "No such report is archived. `longwatch demo` makes one.")
    if not as_json:
        typer.echo(f"The store is {probe.in_words()}." if probe else "The store was never probed: `archive probe`.")


@archive.command("show")
def show_report(key: ReportKey, as_json: AsJson = False) -> None:
    """Show one archived report: what it was made from and where its objects are."""
    from dataclasses import asdict

    from operations.archive_reading import find_report

    row = asdict(find_report(wired(), key))
    if as_json:
        print_rows([row], True, "")
    else:
        print_rows([{"what": name, "is": value} for name, value in row.items()], False, "")


@archive.command("get")
def get_archived(
    key: ReportKey,
    to: Annotated[
        Path | None, typer.Option("--to", help="File or folder to write; default the working folder.")
    ] = None,
    signed: Annotated[bool, typer.Option("--signed", help="The last signed copy instead of the unsigned one.")] = False,
) -> None:
    """Get a report's PDF out of the archive, its bytes compared with the register first."""
    from longwatch.errors import StoreError
    from operations.archive_reading import get_report
    from operations.sign_report import get_signed

    if signed:
        row, content, digest = get_signed(wired(), key)
    else:
        row, content = get_report(wired(), key)
        digest = row.pdf_sha256
    target = to or Path()
    if target.is_dir():
        target = (
            target
            / f"{row.study_id}-{row.template}-{row.cutoff}-{row.key[:12]}{'-signed' * signed}.pdf".lower().replace(
                "_", "-"
            )
        )
    try:
        target.write_bytes(content)
    except OSError as refused:
        raise StoreError(
            "LW-CLI-004",
            f"the copy cannot be written: {refused.strerror}",
            where=str(target),
            next_step="name another file with --to",
        ) from refused
    typer.echo(f"{target}\nSHA-256 {digest} (report archived {row.archived_at:%Y-%m-%d %H:%M:%S} UTC)")


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
            f"{found.reports:,} reports, {found.events:,} audit events."
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
