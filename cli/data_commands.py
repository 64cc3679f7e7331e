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
def check_study(
    file: StudyFile,
    data: Annotated[bool, typer.Option("--data", help="Also whether it fits the study's last snapshot.")] = False,
    snapshot_id: Annotated[
        str | None, typer.Option("--snapshot", metavar="SNAPSHOT", help="Also whether it fits this snapshot.")
    ] = None,
) -> None:
    """Check a study file and the rule files that it names; every mistake is named with its line."""
    from operations.rules import read_rules
    from runtime.study_files import read_study, read_text

    checked, base = read_study(Path(file), wired().known_names)
    _, inputs = read_rules(wired(), checked, base)
    if data or snapshot_id:
        from operations.check_study import check_data

        fitting = check_data(wired(), checked, read_text(Path(file)), Path(file).name, snapshot_id)
        typer.echo(f"It fits snapshot {fitting.snapshot_id[:12]}.")
        for undecided in fitting.undecided:
            typer.echo(f"To decide: {undecided}")
    arms = ", ".join(arm.name for arm in checked.treatment.arms)
    own = f", {len(inputs.own_rules)} rules of its own" if inputs.own_rules else ""
    typer.echo(f"{file}: no mistake. Study {checked.id}, {len(checked.sources)} sources{own}, arms: {arms}.")


@study.command("init")
def init_study(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A folder, zip, file or s3://bucket/prefix.")],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The study file; it must not be there yet.")] = Path(
        "study.yaml"
    ),
) -> None:
    """Write a commented study file from what is found in a source."""
    from cli.progress import StageDisplay
    from operations.init_study import init_study
    from runtime.study_files import check_new, name_source, write_new

    check_new(to)
    display = StageDisplay()
    with display.shown("Look"):
        drafted = init_study(wired(), source, str(Path.cwd()), name_source(source, to), display.message)
    write_new(to, drafted.text)
    for file in drafted.not_taken:
        typer.echo(f"Not taken: {file}")
    typer.echo(f"{to}: {drafted.to_decide} things to decide, each marked TO DECIDE. Then:")
    typer.echo(f"longwatch pull {to} && longwatch study check {to} --data")


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
    variables: Annotated[
        bool, typer.Option("--variables", help="Every variable instead: label, type, length, format, missing values.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the files of a snapshot, or its variables; their bytes are hashed again first."""
    store = wired().snapshots
    frozen = store.get(snapshot_id)
    store.verify(frozen.id)
    if variables:
        from operations.list_variables import list_variables

        print_rows(list_variables(frozen, store.open(frozen.id)), as_json, "The snapshot has no dataset.")
        return
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
    slowest_first: Annotated[
        bool, typer.Option("--slowest-first", help="Rules by the seconds they took, not in their order.")
    ] = False,
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
        for result in sorted(validated.outcome.results, key=lambda result: -result.seconds if slowest_first else 0)
    ]
    print_rows(rows, as_json, "")
    if not as_json:
        typer.echo(f"Findings: {validated.findings_files[0]} ({sum(seconds.values()):.1f} s)")
