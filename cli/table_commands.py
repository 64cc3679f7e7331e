"""`longwatch table …`: one output alone."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, StudyFile, print_rows
from cli.wired import wired

if TYPE_CHECKING:
    from longwatch.study import Study
    from longwatch.tables.explain import Explanation
    from longwatch.tables.result import TableResult
    from operations.ports import Adapters

table = typer.Typer(help="Outputs: list them, make one.", no_args_is_help=True)


class Format(StrEnum):
    """What an output can be printed as."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"
    ARS = "ars"
    HTML = "html"
    RTF = "rtf"
    DOCX = "docx"


Parameters = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="NAME=VALUE", help="A parameter of the output (parameter=TTDEATH); repeatable."),
]


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
        Format,
        typer.Option(
            "--format", help="text, csv (one tidy row per statistic), json, ars (CDISC ARS v1), html, rtf or docx."
        ),
    ] = Format.TEXT,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write it there, over a file of that name; else print.")
    ] = None,
    with_: Parameters = None,
    cutoff: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The data cut-off.")] = None,
    snapshot: Annotated[str | None, typer.Option(help="Of this snapshot; default: pull the data now.")] = None,
) -> None:
    """Make one output of a study, and print it or write it to a file."""
    from cli.progress import StageDisplay
    from operations.make_output import make_output
    from runtime.study_files import read_study

    if fmt is Format.DOCX and to is None and sys.stdout.isatty():
        raise typer.BadParameter("a Word document is no text: name a file", param_hint="--to")
    study, base = read_study(Path(file))
    day = cutoff.date() if cutoff else None
    adapters = wired()
    display = StageDisplay()
    with display.shown("Tabulate"):
        result = make_output(adapters, study, base, code, day, snapshot, display.message, with_ or ())
    content = _printed(result, fmt, study, adapters)
    if to is None:
        sys.stdout.buffer.write(content)
        return
    for place in adapters.documents(str(to.parent), {to.name: content}):
        typer.echo(place)


@table.command("explain")
def explain_cell(
    file: StudyFile,
    code: Annotated[str, typer.Argument(metavar="CODE", help="An output code, such as AET02.")],
    column: Annotated[str, typer.Option(help="The column: an arm, Total, or `ARM vs CONTROL`.")],
    row: Annotated[str, typer.Option(help="The row, such as a PT; without it the line of the row group.")] = "",
    group: Annotated[
        str, typer.Option(help="The row group, such as a SOC; without it and a row, the first line.")
    ] = "",
    with_: Parameters = None,
    cutoff: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The data cut-off.")] = None,
    snapshot: Annotated[str | None, typer.Option(help="Of this snapshot; default: pull the data now.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the subjects and records behind a cell, each number counted again from them."""
    from cli.progress import StageDisplay
    from operations.make_output import explain_cell
    from runtime.study_files import read_study

    study, base = read_study(Path(file))
    day = cutoff.date() if cutoff else None
    display = StageDisplay()
    with display.shown("Explain"):
        found = explain_cell(
            wired(), study, base, code, (group, row, column), day, snapshot, display.message, with_ or ()
        )
    numbers = [
        {
            "statistic": item.statistic.statistic,
            "text": item.statistic.text,
            "counted again": "" if item.counted is None else item.counted,
            "dataset": item.statistic.provenance.dataset,
            "filter": " HAVING ".join(
                part for part in (item.statistic.provenance.filter, item.statistic.provenance.having) if part
            ),
            "denominator": item.statistic.provenance.denominator,
        }
        for item in found
    ]
    widest = max(found, key=lambda item: item.records.height)
    records = _records(widest)
    if as_json:
        print_rows([{"numbers": numbers, "subjects": widest.subjects, "records": records}], as_json, "")
        return
    print_rows(numbers, as_json, "")
    plural = ("subject" if widest.subjects == 1 else "subjects", "record" if len(records) == 1 else "records")
    typer.echo(f"Behind it: {widest.subjects:,} {plural[0]}, {len(records):,} {plural[1]}")
    print_rows(records, as_json, "No record.")


def _records(explanation: Explanation) -> list[dict[str, object]]:
    """The records with what names them and what the filter looks at."""
    from longwatch.tables.explain import columns_to_show

    shown = explanation.records.select(columns_to_show(explanation))
    return [
        {name: f"{value:g}" if isinstance(value, float) else value for name, value in row.items()}
        for row in shown.to_dicts()
    ]


def _printed(result: TableResult, fmt: Format, study: Study, adapters: Adapters) -> bytes:
    if fmt is Format.DOCX:
        return adapters.render_docx(result)
    if fmt is Format.ARS:
        from longwatch.tables.ars import results_ars

        return results_ars([result], study) + b"\n"
    if fmt is Format.HTML:
        return adapters.render_html_table(result)
    if fmt is Format.RTF:
        from longwatch.tables.rtf import as_rtf

        return as_rtf(result).encode("ascii")
    if fmt is Format.TEXT:
        from longwatch.tables.text import as_text

        return as_text(result).encode() + b"\n"
    from longwatch.tables.export import results_csv, results_json

    return results_csv([result]) if fmt is Format.CSV else results_json([result]) + b"\n"
