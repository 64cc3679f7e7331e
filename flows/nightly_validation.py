"""The nightly flow: pull and validate, so that a data manager finds new findings in the morning."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from flows.gate_artifact import show_gate
from flows.stages import check_place, run_as_task, tell_progress
from longwatch.findings.notice import Notice
from operations.notify import send_notice
from operations.validate import Validated, validate_study
from runtime.settings import read_settings
from runtime.study_files import read_study
from runtime.wiring import make_adapters


@flow(name="nightly-pull-and-validate", persist_result=False)
def nightly_pull_and_validate(study_file: str) -> Validated:
    """Pull and validate a study. The outcome stays in this process: Prefect keeps no result.

    A failed gate fails the flow run, so that it shows in Prefect, and its counts are an artifact there; its findings
    are in our registers. Whoever the settings name is told what is new.
    """
    settings = read_settings()
    check_place("the study file", Path(study_file))
    check_place("LONGWATCH_HOME", settings.home.expanduser())
    study, base = read_study(Path(study_file))
    adapters = make_adapters(settings)

    def tell(notice: Notice) -> None:
        show_gate(notice)
        send_notice(adapters, notice, tell_progress)

    return validate_study(adapters, study, base, progress=tell_progress, stage=run_as_task, told=tell)
