"""`longwatch report …`: checked, made again, reviewed and released by two persons, sealed, staged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.output import AsJson, print_rows
from cli.secrets import ask_account, ask_password
from cli.wired import wired
from longwatch.evidence.signature import Meaning

report = typer.Typer(help="Reports: check, reproduce, list, review, release, seal, stage.", no_args_is_help=True)

ReportKey = Annotated[str, typer.Argument(metavar="REPORT-KEY", help="The report key, or its first 8 digits or more.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(report, name="report")


@report.command("list")
def list_reports(
    study: Annotated[str | None, typer.Option(help="Only this study's.")] = None, as_json: AsJson = False
) -> None:
    """List the reports that stand, with who signed what, and what each waits for."""
    from operations.release_report import reports_and_signatures

    rows = [
        {
            "report_key": standing.row.key if as_json else standing.row.key[:12],
            "study": standing.row.study_id,
            "report": standing.row.template,
            "cut-off": standing.row.cutoff.isoformat(),
            "state": standing.row.state.value,
            "made by": standing.row.archived_by,
            "signed": [each.in_words() for each in standing.signatures]
            if as_json
            else "; ".join(each.in_words() for each in standing.signatures),
            "waits for": standing.waits_for,
        }
        for standing in reports_and_signatures(wired(), study)
    ]
    print_rows(rows, as_json, "No report stands.")


@report.command("review")
def review(key: ReportKey) -> None:
    """Sign a report as reviewed. Account and password are asked for again."""
    _sign(key, Meaning.REVIEWED)


@report.command("release")
def release(key: ReportKey) -> None:
    """Sign a reviewed report as released. Account and password are asked for again."""
    _sign(key, Meaning.RELEASED)


def _sign(key: str, meaning: Meaning) -> None:
    from operations.release_report import check_can_sign, sign_report

    adapters = wired()
    row = check_can_sign(adapters, key, meaning)
    typer.echo(f"{row.title} of {row.study_id}, cut-off {row.cutoff}, report key {row.key}\nSHA-256 {row.pdf_sha256}")
    typer.echo(f"By account and password you sign this report as {meaning}; it is the same as by hand.", err=True)
    name = ask_account("Account")
    signed = sign_report(adapters, row.key, meaning, name, ask_password(f"Password of {name}"))
    typer.echo(f"{signed.signature.in_words()}. The report is {signed.row.state.value}.")
    if signed.kept is not None:
        typer.echo(f"It is {signed.kept.in_words()}.")
    for other in signed.beside:
        typer.echo(
            f"Beside it stands {other.key[:12]} ({other.state.value}) of the same cut-off: "
            f"`longwatch archive supersede {other.key[:12]} {signed.row.key[:12]} --reason …`"
        )


@report.command("check")
def check_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A PDF file.")], as_json: AsJson = False
) -> None:
    """Hold a PDF file to the rules for submission, line by line; exit 1 where one does not hold."""
    from runtime.document_files import read_document

    found = wired().check_pdf(read_document(file), str(file))
    rows = [
        {"holds": "yes" if each.held else "NO", "rule": each.rule, "means": each.title, "found": each.said}
        for each in found.verdicts
    ]
    print_rows(rows, as_json, "")
    if not as_json:
        typer.echo(f"{len(found.verdicts) - len(found.broken)} of {len(found.verdicts)} rules hold.")
    if not found.holds:
        raise typer.Exit(1)


@report.command("reproduce")
def reproduce(
    key: ReportKey,
    study: Annotated[
        Path | None,
        typer.Option("--study", metavar="STUDY.yaml", help="Where rule files and dictionary are read from."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an archived report again from its snapshot and compare the bytes; exit 1 or 5 where they differ."""
    from dataclasses import asdict

    from cli.progress import StageDisplay
    from operations.reproduce_report import reproduce_report
    from runtime.study_files import read_study

    display = StageDisplay()
    with display.shown("Reproduce"):
        made = reproduce_report(wired(), key, display.message, read_study(study) if study else None)
    inputs = [asdict(each) for each in made.inputs]
    if as_json:
        value = {
            "report_key": made.row.key, "same": made.is_same, "archived": made.row.pdf_sha256, "made": made.sha256,
            "numbers_same": made.numbers, "inputs": inputs, "pages": list(made.pages),
        }  # fmt: skip
        print_rows([value], True, "")
    else:
        typer.echo(f"Archived  {made.row.pdf_sha256}\nMade now  {made.sha256}")
        typer.echo("The same bytes." if made.is_same else "OTHER BYTES.")
        typer.echo(f"The numbers (results.csv) are {'the same' if made.numbers else 'OTHERS'}.")
        print_rows(inputs, False, "Everything that it was made from is as it was.")
        for line in made.pages:
            typer.echo(line)
    if not made.is_same:
        raise typer.Exit(1 if made.is_explained else 5)


@report.command("seal")
def seal(key: ReportKey, as_json: AsJson = False) -> None:
    """Archive a signed copy beside a report: its signatures on pages of their own, and a PAdES seal."""
    from operations.seal_report import seal_report

    made = seal_report(wired(), key)
    if as_json:
        value = {"report_key": made.row.key, "object": made.object_key, "sha256": made.sha256, "level": made.level,
                 "note": made.note, "demonstration": made.is_demo}  # fmt: skip
        print_rows([value], True, "")
        return
    typer.echo(f"{made.object_key}\nSHA-256 {made.sha256}\n{made.level}")
    if made.note:
        typer.echo(f"No time stamp: {made.note}.")
    if made.is_demo:
        typer.echo("Sealed with a certificate made for demonstration: it proves nobody's identity.")


@report.command("stage")
def stage(
    keys: Annotated[list[str], typer.Argument(metavar="REPORT-KEY…", help="Report keys, or their first 8 digits.")],
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="A new or empty folder.")],
    indication: Annotated[str, typer.Option(help="The indication, which names the folder of study reports.")],
    data: Annotated[
        bool, typer.Option("--data", help="The transport files and define.xml of the snapshot, too.")
    ] = False,
    rehearsal: Annotated[bool, typer.Option("--rehearsal", help="Reports that are not released, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write reports into the folders of an eCTD submission, names checked, with a list of leaves."""
    from dataclasses import asdict

    from cli.progress import StageDisplay
    from operations.stage_report import stage_reports

    display = StageDisplay()
    with display.shown("Stage"):
        leaves = stage_reports(wired(), keys, str(to), indication, display.message, with_data=data, rehearsal=rehearsal)
    if as_json:
        print_rows([asdict(leaf) for leaf in leaves], True, "")
        return
    rows = [{"path": leaf.path, "title": leaf.title, "bytes": leaf.size, "state": leaf.state} for leaf in leaves]
    print_rows(rows, False, "")
    typer.echo(f"{len(leaves):,} files and leaf-list.csv in {to}")
