"""`longwatch study | pull | snapshot | validate …`: data in, data right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.output import AsJson, StudyFile, print_rows
from cli.wired import wired

study = typer.Typer(help="Study files.", no_args_is_help=True)
snapshot = typer.Typer(help="Frozen data.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(study, name="study")
    app.command("pull")(pull)
    app.add_typer(snapshot, name="snapshot")
    app.command("validate")(validate)


@study.command("check")
def check_study(file: StudyFile) -> None:
    """Check a study file; every mistake is named with its line."""
    from runtime.study_files import read_study

    checked, _ = read_study(Path(file))
    arms = ", ".join(arm.name for arm in checked.treatment.arms)
    typer.echo(f"{file}: no mistake. Study {checked.id}, {len(checked.sources)} sources, arms: {arms}.")


def pull(file: StudyFile, as_json: AsJson = False) -> None:
    """Fetch a study's data and freeze it as a snapshot."""
    from cli.progress import StageDisplay
    from operations.pull import pull_study
    from runtime.study_files import read_study

    checked, base = read_study(Path(file))
    display = StageDisplay()
    with display.shown("Pull and freeze"):
        frozen = pull_study(wired(), checked, base, progress=display.message)
    rows = [
        {"file": item.name, "dataset": item.dataset, "records": item.rows, "sha256": item.sha256}
        for item in frozen.files
    ]
    if not as_json:
        typer.echo(f"Snapshot {frozen.id}")
    print_rows(rows, as_json, "")


@snapshot.command("list")
def list_snapshots(
    of_study: Annotated[str | None, typer.Option("--study", help="Only this study's.")] = None, as_json: AsJson = False
) -> None:
    """List the snapshots, newest first."""
    with wired().registers.transaction() as registers:
        rows = [
            {
                "snapshot": row.id if as_json else row.id[:12],
                "study": row.study_id,
                "files": row.files,
                "records": row.rows,
                "bytes": row.size,
                "data cut": row.data_cutoff,
                "first pulled": row.first_pulled_at,
            }
            for row in registers.snapshots(of_study)
        ]
    print_rows(rows, as_json, "No data is frozen yet. `longwatch pull STUDY.yaml` freezes some.")


@snapshot.command("show")
def show_snapshot(
    snapshot_id: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="Its id, or the first 8 digits or more.")],
    as_json: AsJson = False,
) -> None:
    """Show the files of a snapshot; their bytes are hashed again first."""
    store = wired().snapshots
    frozen = store.get(snapshot_id)
    store.verify(frozen.id)
    rows = [
        {
            "file": item.name,
            "dataset": item.dataset,
            "records": item.rows,
            "bytes": item.size,
            "format": item.format,
            "sha256": item.sha256,
        }
        for item in frozen.files
    ]
    if not as_json:
        typer.echo(f"Snapshot {frozen.id}: every file is as it was frozen.")
    print_rows(rows, as_json, "")


def validate(
    file: StudyFile,
    direct: Annotated[bool, typer.Option("--direct", help="Without Prefect's record of the run.")] = False,
    as_json: AsJson = False,
) -> None:
    """Pull a study's data and validate it; exit 1 where a reject rule failed."""
    from cli.jobs import validate_job

    validated, seconds = validate_job(Path(file), direct)
    rows = [
        {
            "rule": result.rule_id,
            "severity": result.severity.value,
            "status": result.status.value,
            "failed": result.failed,
            "checked": result.checked,
            "seconds": f"{result.seconds:.2f}",
            "title": result.title,
        }
        for result in validated.outcome.results
    ]
    print_rows(rows, as_json, "")
    if not as_json:
        typer.echo(f"Findings: {validated.findings_files[0]} ({sum(seconds.values()):.1f} s)")
