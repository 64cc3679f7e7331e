"""`longwatch demo` and `longwatch run`: the whole job."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import AsJson, StudyFile
from longwatch.errors import StoreError

if TYPE_CHECKING:
    from operations.run_study import RunOutcome

Direct = Annotated[bool, typer.Option("--direct", help="Without Prefect's record of the run; starts faster.")]
DEMO_SEED = 1


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("demo")(demo)
    app.command("run")(run)


def demo(direct: Direct = False, as_json: AsJson = False) -> None:
    """The whole job on the bundled synthetic study ISLET-1."""
    from cli.jobs import run_job
    from runtime.settings import read_settings
    from simulation import write

    folder = read_settings().folder / "demo" / "islet-1"
    try:
        write(folder, seed=DEMO_SEED)
    except OSError as refused:
        raise StoreError(
            "LW-CLI-006",
            f"the bundled study cannot be written: {refused.strerror}",
            where=str(folder),
            next_step="set LONGWATCH_HOME to a folder that can be written",
        ) from refused
    outcome, seconds = run_job(folder / "study.yaml", None, (), direct)
    _print_outcome(outcome, seconds, as_json)


def run(
    file: StudyFile,
    cutoff: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The data cut-off, over that of the study file.")
    ] = None,
    report: Annotated[
        list[str] | None, typer.Option(help="Only this report (template name); may be given again. Default: all.")
    ] = None,
    subject: Annotated[
        str, typer.Option(help="The USUBJID that a report about one subject is about. Runs without Prefect's record.")
    ] = "",
    direct: Direct = False,
    as_json: AsJson = False,
) -> None:
    """The whole job on a study: pull, freeze, validate, tabulate, render, archive."""
    from cli.jobs import run_job

    day = cutoff.date() if cutoff else None
    outcome, seconds = run_job(Path(file), day, tuple(report or ()), direct, subject)
    _print_outcome(outcome, seconds, as_json)


def _print_outcome(outcome: RunOutcome, seconds: dict[str, float], as_json: bool) -> None:
    from cli.wired import wired

    place = wired().archive.describe().place
    reports: list[dict[str, Any]] = [
        {
            "report_key": made.row.key,
            "template": made.row.template,
            "state": made.row.state.value,
            "already_archived": made.already_archived,
            "pdf": f"{place.rstrip('/')}/{made.row.pdf_key}",
            "pages": made.row.pages,
            "sha256": made.row.pdf_sha256,
        }
        for made in outcome.reports
    ]
    counts = {severity.value: count for severity, count in outcome.outcome.counts().items()}
    if as_json:
        from longwatch.standards.hashing import canonical_json

        value = {
            "run": outcome.run_id,
            "study": outcome.study_id,
            "snapshot": outcome.snapshot.id,
            "cutoff": outcome.cutoff,
            "findings": counts,
            "open_findings": {severity.value: count for severity, count in outcome.outcome.open_counts().items()},
            "findings_files": outcome.findings_files,
            "reports": reports,
            "seconds": {name: round(value, 3) for name, value in seconds.items()},
        }
        typer.echo(canonical_json(value).decode())
        return
    for item in reports:
        state = f"already archived ({item['state']})" if item["already_archived"] else item["state"]
        typer.echo(f"{item['pdf']}\n  report key {item['report_key']}\n  {state}, {item['pages']} pages")
    typer.echo(f"Run       {outcome.run_id}")
    typer.echo(f"Snapshot  {outcome.snapshot.id[:12]} (cut-off {outcome.cutoff})")
    typer.echo("Findings  " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    if outcome.outcome.set_aside:
        typer.echo(f"          of these {len(outcome.outcome.set_aside):,} waived or false positives")
    typer.echo(f"          {outcome.findings_files[0]}")
    typer.echo("Stages    " + ", ".join(f"{name} {value:.1f} s" for name, value in seconds.items()))
    key = reports[0]["report_key"][:12] if reports else ""
    command = _command()
    typer.echo("Try next:")
    typer.echo(f"  {command} archive list")
    typer.echo(f"  {command} archive get {key}")
    typer.echo(f"  {command} findings list {outcome.study_id} --severity error")


def _command() -> str:
    """How to call this program from here: by its name where the shell finds it, else by its path."""
    program = Path(sys.argv[0])
    if program.name != "longwatch" or shutil.which("longwatch"):
        return "longwatch"
    return os.path.relpath(program)
