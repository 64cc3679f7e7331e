"""`longwatch report …`: review and release, by two persons."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.output import AsJson, print_rows
from cli.secrets import ask_account, ask_password
from cli.wired import wired
from longwatch.evidence.signature import Meaning

report = typer.Typer(help="Reports on their way to release: list, review, release.", no_args_is_help=True)

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
    for other in signed.beside:
        typer.echo(
            f"Beside it stands {other.key[:12]} ({other.state.value}) of the same cut-off: "
            f"`longwatch archive supersede {other.key[:12]} {signed.row.key[:12]} --reason …`"
        )
