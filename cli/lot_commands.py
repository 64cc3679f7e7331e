"""`longwatch lot …`: who got which lot, what followed, and who else got cells of the same bank."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.option_groups import expanding
from cli.output import AsJson, StudyFile, print_rows
from cli.wired import wired

if TYPE_CHECKING:
    from longwatch.derive.lot_trace import Trace
    from longwatch.standards.dataset import SourceData
    from longwatch.study import Study

lot = typer.Typer(help="Product lots: who got them, what followed.", no_args_is_help=True)

Snapshot = Annotated[str | None, typer.Option(help="In this snapshot; default: pull the data now.")]
To = Annotated[
    Path | None, typer.Option("--to", metavar="FILE", help="Write the lines there as CSV, over a file of that name.")
]


@dataclass(frozen=True)
class Asked:
    """Of which snapshot, and where the answer goes."""

    snapshot: str | None
    to: Path | None
    as_json: bool


def make_asked(snapshot: Snapshot = None, to: To = None, as_json: AsJson = False) -> Asked:
    """What the options name."""
    return Asked(snapshot, to, as_json)


asking = expanding({Asked: make_asked})


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(lot, name="lot")


@lot.command("list")
@asking
def list_lots(file: StudyFile, asked: Asked) -> None:
    """List the lots: subjects who got each, tests not passed, cell bank, status."""
    from longwatch.derive.lot_trace import list_lots

    _answer(file, asked, list_lots)


@lot.command("trace")
@asking
def trace_lot(
    file: StudyFile,
    lot_id: Annotated[str, typer.Argument(metavar="LOT", help="The lot, as in EXLOT.")],
    asked: Asked,
) -> None:
    """Trace a lot forward: each subject who got it, and each adverse event from that day on."""
    from longwatch.derive.lot_trace import trace_lot

    _answer(file, asked, lambda data, study: trace_lot(data, study, lot_id))


@lot.command("origin")
@asking
def trace_subject(
    file: StudyFile,
    subject: Annotated[str, typer.Argument(metavar="USUBJID", help="The subject.")],
    asked: Asked,
    event: Annotated[int | None, typer.Option(metavar="AESEQ", help="Only lots given by this adverse event.")] = None,
) -> None:
    """Trace a subject, or one adverse event, back: lots, their cell banks, and who else got cells of those banks."""
    from longwatch.derive.lot_trace import trace_subject

    _answer(file, asked, lambda data, study: trace_subject(data, study, subject, event))


@lot.command("recall")
@asking
def recall_bank(
    file: StudyFile,
    bank: Annotated[str, typer.Argument(metavar="CELLBANK", help="A cell bank, whole or a part: MCB-01.")],
    asked: Asked,
) -> None:
    """List who got a lot from a cell bank, dose by dose."""
    from longwatch.derive.lot_trace import recall_bank

    _answer(file, asked, lambda data, study: recall_bank(data, study, bank))


def _answer(
    file: str,
    asked: Asked,
    question: Callable[[SourceData, Study], Trace],
) -> None:
    """Lines on standard output or in a file. What cannot be traced is said on standard error, in JSON beside them."""
    from cli.progress import StageDisplay
    from operations.trace_lots import trace
    from runtime.study_files import read_study

    study, base = read_study(Path(file))
    adapters = wired()
    display = StageDisplay()
    with display.shown("Trace"):
        found = trace(adapters, study, base, asked.snapshot, question, display.message)
    if asked.to is not None:
        names = list(found.rows[0]) if found.rows else []
        lines = adapters.csv_text(names, ([_text(row[name]) for name in names] for row in found.rows))
        for place in adapters.documents(str(asked.to.parent), {asked.to.name: lines.encode()}):
            typer.echo(place)
    elif asked.as_json:
        print_rows([{"rows": found.rows, "not_traced": list(found.not_traced)}], True, "")
    else:
        print_rows(found.rows, False, "Nobody.")
        if found.rows and "USUBJID" in found.rows[0]:
            subjects = len({row["USUBJID"] for row in found.rows})
            typer.echo(f"{subjects:,} subject{'s' if subjects != 1 else ''}, {len(found.rows):,} lines")
    for said in found.not_traced:
        typer.echo(f"Not traced: {said}", err=True)


def _text(value: object) -> str:
    return "" if value is None else str(value)
