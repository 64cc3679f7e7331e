"""`longwatch report …`: one report held to the rules, made again, and given out for submission."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.output import AsJson, print_rows
from cli.wired import wired

report = typer.Typer(help="Reports: check a PDF against the rules for submission.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(report, name="report")


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
