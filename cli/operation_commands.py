"""`longwatch doctor` and `longwatch runs`: is everything in order, and what ran."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.output import AsJson, print_rows
from cli.wired import wired


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("runs")(runs)
    app.command("doctor")(doctor)


def runs(
    study: Annotated[str | None, typer.Option(help="Only this study's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first: what ran, when, how it ended and why."""
    with wired().registers.transaction() as registers:
        rows = [
            {
                "run": row.id if as_json else row.id[:12],
                "study": row.study_id,
                "state": row.state.value,
                "by": row.actor,
                "started": row.started_at,
                "finished": row.finished_at,
                "snapshot": (row.snapshot_id or "") if as_json else (row.snapshot_id or "")[:12],
                "reason": row.reason,
            }
            for row in registers.runs(study, limit)
        ]
    print_rows(rows, as_json, "Nothing has run yet.")


def doctor(as_json: AsJson = False) -> None:
    """Say what is configured, what is reachable and what is not; exit 4 where something needed is not."""
    from runtime.doctor import Health, examine
    from runtime.settings import read_settings

    checks = examine(read_settings())
    if as_json:
        rows = [
            {"check": item.name, "health": item.health.value, "found": item.found, "next": item.next_step}
            for item in checks
        ]
        print_rows(rows, True, "")
    else:
        for item in checks:
            typer.echo(f"{item.health.value:<5} {item.name:<14} {item.found}")
            if item.next_step:
                typer.echo(f"{'':<20} Next: {item.next_step}")
    if any(item.health is Health.FAIL for item in checks):
        raise typer.Exit(4)
