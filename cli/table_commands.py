"""`longwatch table …`: one output alone."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.output import AsJson, StudyFile, print_rows
from cli.wired import wired

table = typer.Typer(help="Outputs: list them, make one.", no_args_is_help=True)


class Format(StrEnum):
    """What an output can be printed as."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(table, name="table")


@table.command("list")
def list_tables(as_json: AsJson = False) -> None:
    """List the outputs there are."""
    from longwatch.tables.catalogue import OUTPUTS

    rows = [
        {"output": output.code, "FDA guide v2.0": output.number, "title": output.title} for output in OUTPUTS.values()
    ]
    print_rows(rows, as_json, "")


@table.command("make")
def make_table(
    file: StudyFile,
    code: Annotated[str, typer.Argument(metavar="CODE", help="An output code, such as AET02.")],
    fmt: Annotated[
        Format, typer.Option("--format", help="text, csv (one tidy row per statistic) or json.")
    ] = Format.TEXT,
    cutoff: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The data cut-off.")] = None,
    snapshot: Annotated[str | None, typer.Option(help="Of this snapshot; default: pull the data now.")] = None,
) -> None:
    """Make one output of a study and print it."""
    from cli.progress import StageDisplay
    from operations.make_output import make_output
    from runtime.study_files import read_study

    study, base = read_study(Path(file))
    day = cutoff.date() if cutoff else None
    display = StageDisplay()
    with display.shown("Tabulate"):
        result = make_output(wired(), study, base, code, day, snapshot, display.message)
    sys.stdout.buffer.write(_printed(result, fmt))


def _printed(result: object, fmt: Format) -> bytes:
    from longwatch.tables.export import results_csv, results_json
    from longwatch.tables.result import TableResult
    from longwatch.tables.text import as_text

    assert isinstance(result, TableResult)
    if fmt is Format.CSV:
        return results_csv([result])
    if fmt is Format.JSON:
        return results_json([result]) + b"\n"
    return as_text(result).encode() + b"\n"
