"""A study with findings in its registers, and the adapters that operations get."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
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


@pytest.fixture(scope="session")
def validated_home(tmp_path_factory: pytest.TempPathFactory, made_study: Path) -> Path:
    """A home folder in which the study was validated once."""
    home = tmp_path_factory.mktemp("home")
    wiring = Wiring(Settings(home=home, user="ada"))
    validate_study(wiring, *read_study(made_study), progress=lambda _: None)
    wiring.close()
    return home


@pytest.fixture
def adapters(tmp_path: Path, validated_home: Path) -> Iterator[Adapters]:
    """Registers of a test's own, in which the study was validated once."""
    shutil.copytree(validated_home, tmp_path / "home")
    wiring = Wiring(Settings(home=tmp_path / "home", user="ada"))
    yield wiring
    wiring.close()


@pytest.fixture
def quiet() -> Callable[[str], None]:
    """No progress."""
    return lambda _: None
