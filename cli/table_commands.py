"""`longwatch table …`: one output alone."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
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

Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        help="Of these subjects or events alone: SEX=F, 'AGE>=65', related, serious, 'AETOXGR>=3'; may be repeated.",
    ),
]
By = Annotated[str, typer.Option(help="One table per value of a variable of ADSL, such as SEX or AGEGR1.")]
With = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        "--set",
        metavar="NAME=VALUE",
        help="A parameter of the output (at_least=5, parameter=TTDEATH); may be repeated.",
    ),
]
Code = Annotated[str, typer.Argument(metavar="CODE", help="An output code, such as AET02.")]
To = Annotated[
    Path | None, typer.Option("--to", metavar="FILE", help="Write it there, over a file of that name; else print.")
]
Row = Annotated[str, typer.Option(help="The row, such as a PT; without it the line of the row group.")]
Group = Annotated[str, typer.Option(help="The row group, such as a SOC; without it and a row, the first line.")]

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
    code: Code,
    fmt: Annotated[
        Format,
        typer.Option(
            "--format", help="text, csv (one tidy row per statistic), json, ars (CDISC ARS v1), html, rtf or docx."
        ),
    ] = Format.TEXT,
    to: To = None,
    where: Where = None,
    by: By = "",
    with_: With = None,
    cutoff: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The data cut-off.")] = None,
    snapshot: Annotated[str | None, typer.Option(help="Of this snapshot; default: pull the data now.")] = None,
) -> None:
    """Make one output of a study, and print it or write it to a file; several HTML, RTF or Word are a file each."""
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
        parameters = parameters_of(code, where, by, with_)
        results = make_output(adapters, study, base, code, parameters, day, snapshot, display.message)
    write_tables(results, fmt, to, study, adapters)


def write_tables(
    results: Sequence[TableResult], fmt: Format, to: Path | None, study: Study, adapters: Adapters
) -> None:
    """Print outputs, or write them to a file; several HTML, RTF or Word are a file each."""
    if to is None:
        if fmt in ALONE and len(results) > 1:
            raise typer.BadParameter(f"there are {len(results)} documents: name a file", param_hint="--to")
        sys.stdout.buffer.write(_printed(results, fmt, study, adapters))
        sys.stdout.buffer.flush()
        return
    files = _files(to, results, alone=fmt in ALONE)
    documents = {name: _printed(tables, fmt, study, adapters) for name, tables in files.items()}
    for place in adapters.documents(str(to.parent), documents):
        typer.echo(place)


@table.command("explain")
def explain_cell(
    file: StudyFile,
    code: Code,
    column: Annotated[str, typer.Option(help="The column: an arm, Total, or `ARM vs CONTROL`.")],
    row: Row = "",
    group: Group = "",
    where: Where = None,
    with_: With = None,
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
        parameters = parameters_of(code, where, "", with_)
        cell = (group, row, column)
        found = explain_cell(wired(), study, base, code, parameters, cell, day, snapshot, display.message)
    show_cell(found, as_json)


def show_cell(found: Sequence[Explanation], as_json: bool) -> None:
    """The numbers of a cell, and the subjects and records behind it."""
    from longwatch.tables.explain import choose_widest

    numbers = [
        {
            "statistic": item.statistic.statistic,
            "text": item.statistic.text,
            "counted again": "" if item.counted is None else item.counted,
            "dataset": item.statistic.provenance.dataset,
            "filter": _filter_of(item),
            "denominator": item.statistic.provenance.denominator,
        }
        for item in found
    ]
    widest = choose_widest(found)
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


def _filter_of(item: Explanation) -> str:
    source = item.statistic.provenance
    picked = " AND ".join(part for part in (source.subjects, source.filter) if part)
    return " HAVING ".join(part for part in (picked, source.having) if part)


ALONE = (Format.HTML, Format.RTF, Format.DOCX)
"""Formats whose file holds one output."""


def parameters_of(code: str, where: list[str] | None, by: str, texts: list[str] | None) -> dict[str, object]:
    """The parameters of an output as the command line gives them."""
    from longwatch.tables.catalogue import BY, WHERE, read_parameters

    found = read_parameters(code, texts or ())
    if where:
        found[WHERE] = tuple(where)
    if by:
        found[BY] = by
    return found


def _files(to: Path, results: Sequence[TableResult], *, alone: bool) -> dict[str, Sequence[TableResult]]:
    """Which outputs stand in which file: all in one; or, where a file holds one, `aet02-1-SEX-F.html` and so on."""
    if not alone or len(results) == 1:
        return {to.name: results}
    found: dict[str, Sequence[TableResult]] = {}
    for number, result in enumerate(results, start=1):
        asked = re.sub("[^A-Za-z0-9]+", "-", "-".join(item.asked for item in result.restrictions)).strip("-")
        found[f"{to.stem}-{number}-{asked}{to.suffix}"] = [result]
    return found


def _printed(results: Sequence[TableResult], fmt: Format, study: Study, adapters: Adapters) -> bytes:
    if fmt is Format.DOCX:
        return adapters.render_docx(results[0])
    if fmt is Format.ARS:
        from longwatch.tables.ars import results_ars

        return results_ars(results, study) + b"\n"
    if fmt is Format.HTML:
        return adapters.render_html_table(results[0])
    if fmt is Format.RTF:
        from longwatch.tables.rtf import as_rtf

        return as_rtf(results[0]).encode("ascii")
    if fmt is Format.TEXT:
        from longwatch.tables.text import as_text

        return "\n".join(map(as_text, results)).encode() + b"\n"
    from longwatch.tables.export import results_csv, results_json

    return results_csv(results) if fmt is Format.CSV else results_json(results) + b"\n"
