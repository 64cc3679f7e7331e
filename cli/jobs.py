"""Long jobs from a terminal: with Prefect's record of the run, or directly."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cli.progress import StageDisplay
from longwatch.errors import StoreError

if TYPE_CHECKING:
    from operations.run_study import RunOutcome
    from operations.validate import Validated


def run_job(
    study_file: Path, cutoff: date | None, templates: tuple[str, ...], direct: bool, subject: str = ""
) -> tuple[RunOutcome, dict[str, float]]:
    """The whole job on a study, and the seconds of each stage.

    The study file is read first, so that a mistake in it is told at once and not after Prefect's start. A job about one
    `subject` is done directly: Prefect keeps parameters, and gets no patient data.
    """
    from runtime.study_files import read_study

    study, base = read_study(study_file)
    display = StageDisplay()
    if direct or subject:
        from cli.wired import wired

        wired().snapshots.prepare()
        from operations.run_study import run_study

        with display.shown("Load"):
            outcome = run_study(
                wired(),
                study,
                base,
                cutoff=cutoff,
                templates=templates,
                subject=subject,
                progress=display.message,
                stage=display.around,
            )
        return outcome, display.seconds
    with display.shown("Start Prefect"):
        prepare_prefect()
        from flows.safety_report import safety_report
        from flows.stages import watched_by

        with watched_by(display.message, display.around):
            return safety_report(str(study_file), cutoff, templates), display.seconds


def validate_job(study_file: Path, direct: bool) -> tuple[Validated, dict[str, float]]:
    """Pull and validate, and the seconds of each stage."""
    from runtime.study_files import read_study

    study, base = read_study(study_file)
    display = StageDisplay()
    if direct:
        from cli.wired import wired

        wired().snapshots.prepare()
        from operations.validate import validate_study

        with display.shown("Load"):
            validated = validate_study(wired(), study, base, progress=display.message, stage=display.around)
        return validated, display.seconds
    with display.shown("Start Prefect"):
        prepare_prefect()
        from flows.nightly_validation import nightly_pull_and_validate
        from flows.stages import watched_by

        with watched_by(display.message, display.around):
            return nightly_pull_and_validate(str(study_file)), display.seconds


def prepare_prefect() -> None:
    """Prefect keeps its own files below our home folder, unless PREFECT_HOME says otherwise; its server, if one is
    configured, answers."""
    from runtime.prefect_server import find_trouble
    from runtime.settings import read_settings

    address = os.environ.get("PREFECT_API_URL", "")
    trouble = find_trouble(address) if address else None
    if trouble:
        raise StoreError(
            "LW-CLI-007",
            f"the Prefect server does not answer: {trouble}",
            where=address,
            next_step="start it, unset PREFECT_API_URL to run without one, or use --direct",
        )
    home = Path(os.environ.setdefault("PREFECT_HOME", str(read_settings().folder / "prefect")))
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise StoreError(
            "LW-CLI-005",
            f"the folder for Prefect's own files cannot be made: {refused.strerror}",
            where=str(home),
            next_step="set LONGWATCH_HOME or PREFECT_HOME to a folder that can be written, or use --direct",
        ) from refused
