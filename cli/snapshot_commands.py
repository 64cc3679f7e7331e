"""`longwatch snapshot diff | export`: what changed between two cuts, and a cut given out as it was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import AsJson, print_rows
from cli.wired import wired

if TYPE_CHECKING:
    from longwatch.evidence.table_diff import MovedNumber
    from operations.compare_snapshots import ReportMoves, SnapshotComparison

MOST_NUMBERS = 40
"""Moved numbers on a terminal; all are in the files."""


def register(group: typer.Typer) -> None:
    """Add these commands to `longwatch snapshot`."""
    group.command("diff")(diff)
    group.command("export")(export)


def diff(
    older: Annotated[str, typer.Argument(metavar="A", help="The older snapshot: its id, or 8 digits or more.")],
    newer: Annotated[str, typer.Argument(metavar="B", help="The newer snapshot.")],
    study: Annotated[
        Path | None,
        typer.Option("--study", metavar="STUDY.yaml", help="Also say which numbers of its last archived report move."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FOLDER", help="Also write every change there, as CSV and XLSX.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what changed between two snapshots: domains, variables, records, and the numbers that move."""
    from cli.progress import StageDisplay
    from operations.compare_snapshots import compare_snapshots
    from runtime.study_files import read_study

    checked, base = read_study(study) if study else (None, "")
    display = StageDisplay()
    with display.shown("Compare"):
        compared = compare_snapshots(
            wired(), older, newer, study=checked, base=base, folder=str(to) if to else None, progress=display.message
        )
    if as_json:
        from longwatch.standards.hashing import canonical_json

        typer.echo(canonical_json(_as_value(compared)).decode())
    else:
        _print(compared)


def export(
    snapshot_id: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="Its id, or the first 8 digits or more.")],
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="An empty folder, or one that is not there yet.")],
) -> None:
    """Write a snapshot's raw files as they were, with their checksums and manifest."""
    from cli.progress import StageDisplay
    from operations.export_snapshot import export_snapshot

    display = StageDisplay()
    with display.shown("Export"):
        snapshot, files = export_snapshot(wired(), snapshot_id, str(to), progress=display.message)
    typer.echo(f"Snapshot {snapshot.id}: {len(snapshot.files):,} files, {snapshot.size:,} bytes, as they were frozen.")
    typer.echo(f"{files[-1]} (`sha256sum -c SHA256SUMS` in that folder checks them)")


def _print(compared: SnapshotComparison) -> None:
    for label, text in compared.facts():
        typer.echo(f"{label:<24} {text}")
    typer.echo("")
    print_rows(_domains(compared), False, "Neither snapshot has a dataset.")
    variables = _variables(compared)
    if variables:
        typer.echo("")
        print_rows(variables, False, "")
    if compared.moves is not None:
        typer.echo("")
        _print_moves(compared.moves)
    if compared.files:
        typer.echo("")
    for file in compared.files:
        typer.echo(file)


def _print_moves(moves: ReportMoves) -> None:
    from longwatch.evidence.table_diff import moves_table

    table = moves_table(moves.numbers)
    rows = [dict(zip(table.header, row, strict=True)) for row in table.rows]
    print_rows(rows, False, "No number of the last archived report moves.")
    printed = [item for item in moves.numbers if item.is_printed]
    if not printed:
        return
    typer.echo("")
    print_rows([_number_shown(item) for item in printed[:MOST_NUMBERS]], False, "")
    if len(printed) > MOST_NUMBERS:
        typer.echo(f"… and {len(printed) - MOST_NUMBERS:,} more; --to FOLDER writes all of them.")


def _number_shown(item: MovedNumber) -> dict[str, Any]:
    row = " / ".join(part for part in (item.row_group, item.row) if part)
    return {
        "output": item.output,
        "row": row,
        "column": item.column,
        "statistic": item.statistic,
        "was": item.texts[0],
        "is": item.texts[1],
    }


def _domains(compared: SnapshotComparison) -> list[dict[str, Any]]:
    return [
        {
            "dataset": domain.name,
            "state": domain.state.value,
            "before": domain.before,
            "after": domain.after,
            "added": domain.added,
            "removed": domain.removed,
            "changed": domain.changed,
            "study_days_only": domain.study_days_only,
            "renumbered": domain.renumbered,
            "moved": domain.moved,
            "variables": len(domain.variables),
        }
        for domain in compared.diff.domains
    ]


def _variables(compared: SnapshotComparison) -> list[dict[str, Any]]:
    return [
        {
            "dataset": domain.name,
            "variable": item.name,
            "what": item.event.value,
            "old": item.old,
            "new": item.new,
            "filled_in": item.records,
        }
        for domain in compared.diff.domains
        for item in domain.variables
    ]


def _as_value(compared: SnapshotComparison) -> dict[str, Any]:
    moves = compared.moves
    return {
        "older": compared.older.id,
        "newer": compared.newer.id,
        "keys_from": compared.keys_from,
        "domains": _domains(compared),
        "variables": _variables(compared),
        "report": None
        if moves is None
        else {
            "report_key": moves.report.key,
            "template": moves.report.template,
            "cutoffs": list(moves.cutoffs),
            "moved_numbers": _numbers(moves.numbers),
        },
        "files": list(compared.files),
    }


def _numbers(numbers: Sequence[MovedNumber]) -> list[dict[str, Any]]:
    return [
        {
            "output": item.output,
            "row_group": item.row_group,
            "row": item.row,
            "column": item.column,
            "statistic": item.statistic,
            "kind": item.move.value,
            "old_value": item.values[0],
            "new_value": item.values[1],
            "old_text": item.texts[0],
            "new_text": item.texts[1],
        }
        for item in numbers
    ]
