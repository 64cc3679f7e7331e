"""The flow of a safety report: pull, validate, derive, tabulate, render, archive."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from prefect import flow

from flows.gate_artifact import show_gate
from flows.stages import check_place, run_as_task, tell_progress
from operations.run_study import RunOutcome, run_study
from runtime.settings import read_settings
from runtime.study_files import read_study
from runtime.wiring import make_adapters


@flow(name="safety-report", persist_result=False)
def safety_report(study_file: str, cutoff: date | None = None, templates: tuple[str, ...] = ()) -> RunOutcome:
    """Make a study's reports; each stage is a task. The outcome stays in this process: Prefect keeps no result."""
    settings = read_settings()
    check_place("the study file", Path(study_file))
    check_place("LONGWATCH_HOME", settings.home.expanduser())
    study, base = read_study(Path(study_file))
    return run_study(
        make_adapters(settings),
        study,
        base,
        cutoff=cutoff,
        templates=templates,
        progress=tell_progress,
        stage=run_as_task,
        told=show_gate,
    )
