"""A study with findings in its registers, and the adapters that operations get."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from longwatch.study import Study
from operations.ports import Adapters
from operations.validate import validate_study
from runtime.settings import Settings
from runtime.study_files import read_study
from runtime.wiring import Wiring
from simulation import write


@pytest.fixture(scope="session")
def made_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ISLET-1 with one planted error of each kind that the default plan has."""
    folder = tmp_path_factory.mktemp("islet")
    write(folder, seed=1)
    return folder / "study.yaml"


@pytest.fixture
def study(made_study: Path) -> tuple[Study, str]:
    """The study and the folder of its data."""
    return read_study(made_study)


@pytest.fixture
def adapters(tmp_path: Path, study: tuple[Study, str]) -> Adapters:
    """Registers in which the study was validated once."""
    wiring = Wiring(Settings(home=tmp_path / "home", user="ada"))
    validate_study(wiring, *study, progress=lambda _: None)
    return wiring


@pytest.fixture
def quiet() -> Callable[[str], None]:
    """No progress."""
    return lambda _: None
