"""`longwatch pool …`: outputs of several studies counted together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson
from cli.table_commands import By, Code, Format, Group, Row, To, Where, With, parameters_of, show_cell, write_tables
from cli.wired import wired

if TYPE_CHECKING:
    from operations.make_pooled import PooledOutput
    from operations.ports import Adapters

pool = typer.Typer(help="Several studies counted together.", no_args_is_help=True)

PoolFile = Annotated[Path, typer.Argument(metavar="POOL.yaml", help="The pool file.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(pool, name="pool")


@pool.command("make")
def make_pooled(
    file: PoolFile,
    code: Code,
    fmt: Annotated[
        Format, typer.Option("--format", help="text, csv, json, ars, html, rtf or docx, as of `table make`.")
    ] = Format.TEXT,
    to: To = None,
    where: Where = None,
    by: By = "",
    with_: With = None,
) -> None:
    """Make one output of several studies, arms compared within studies; each number is computed twice."""
    adapters = wired()
    output = _make(adapters, file, code, parameters_of(code, where, by, with_))
    write_tables(output.tables, fmt, to, output.pooled.study, adapters)
    compared = sum(opinion.compared for opinion in output.opinions)
    typer.echo(f"The second opinion agrees on {compared:,} numbers.", err=True)


@pool.command("explain")
def explain_cell(
    file: PoolFile,
    code: Code,
    column: Annotated[str, typer.Option(help="The column: an arm, Total, `ARM, STUDY`, or `ARM vs CONTROL`.")],
    row: Row = "",
    group: Group = "",
    where: Where = None,
    with_: With = None,
    as_json: AsJson = False,
) -> None:
    """List the subjects and records behind a cell of a pooled output, each number counted again from them."""
    from operations.make_pooled import explain_pooled_cell

    output = _make(wired(), file, code, parameters_of(code, where, "", with_))
    show_cell(explain_pooled_cell(code, output, (group, row, column)), as_json)


def _make(adapters: Adapters, file: Path, code: str, parameters: dict[str, object]) -> PooledOutput:
    from cli.progress import StageDisplay
    from operations.make_pooled import make_pooled_output
    from runtime.study_files import read_pool

    asked, studies = read_pool(file)
    display = StageDisplay()
    with display.shown("Pool"):
        return make_pooled_output(adapters, asked, studies, code, parameters, display.message)
