"""What all tests share: where the public trial data is, and sockets off outside loopback."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pilot import pilot, pilot_adam, pilot_adam_study, pilot_data, pilot_study, read_xpt  # noqa: F401
from tests.postgres import postgres_url  # noqa: F401
from tests.s3_server import real_s3  # noqa: F401

if TYPE_CHECKING:
    from longwatch.findings.finding import ValidationOutcome
    from simulation import Trial

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The public trial data beside the checkout; tests that need it skip, with this reason, where it is absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not (folder / "MANIFEST.csv").is_file():
        if os.environ.get("CI"):
            pytest.fail("in CI nothing is skipped: ../shared/data is missing")
        pytest.skip("the public trial data (../shared/data) is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def validated() -> Callable[[Trial], ValidationOutcome]:
    """A generated trial under all rules, with its own study file, define.xml and dictionary."""
    from longwatch.findings.inputs import RuleInputs
    from longwatch.standards.dataset import SourceData
    from longwatch.standards.define_xml import parse_define
    from longwatch.standards.meddra import parse_hierarchy
    from longwatch.study import parse_study
    from simulation import mockdra
    from simulation.define_xml import define_xml
    from simulation.study_file import study_file
    from validations import validate

    def judged(trial: Trial) -> ValidationOutcome:
        study = parse_study(study_file(trial.design.parameters), "study.yaml")
        data = replace(SourceData.of(**trial.frames), read_define=lambda: parse_define(define_xml(trial.frames)))
        inputs = RuleInputs(dictionary=parse_hierarchy(mockdra.hierarchy().encode(), "mdhier.asc"))
        return validate(data, study, lambda _: None, inputs)

    return judged


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """No test talks to anything but this machine."""
    from pytest_socket import socket_allow_hosts

    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
