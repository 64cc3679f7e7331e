"""Results on standard output: a table for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
StudyFile = Annotated[str, typer.Argument(metavar="STUDY.yaml", help="The study file.")]


def print_rows(rows: Sequence[Mapping[str, Any]], as_json: bool, nothing: str) -> None:
    """Rows as aligned columns, or as a JSON list. `nothing` is printed where there are none."""
    if as_json:
        from longwatch.standards.hashing import canonical_json

        typer.echo(canonical_json(list(rows)).decode())
        return
    if not rows:
        typer.echo(nothing)
        return
    names = list(rows[0])
    lines = [[_text(row[name]) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[index]) for line in lines)) for index, name in enumerate(names)]
    for line in [[name.replace("_", " ") for name in names], *lines]:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _text(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "tzinfo"):
        return str(value.strftime("%Y-%m-%d %H:%M:%S UTC"))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
