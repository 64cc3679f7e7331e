"""A home with three archived candidates of ISLET-1, its people, and a clock that a test moves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from longwatch.evidence.accounts import ALL_STUDIES, AccountKind, Role
from operations.accounts import add_account, close_registers
from operations.sessions import change_password, login
from runtime.settings import Settings
from runtime.wiring import Wiring
from tests.integration.models.conftest import postgres_database  # noqa: F401
from tools.tampering.home import STUDY, Evidence, make_evidence

ADMIN, PASSWORD = "ada", "correct horse battery staple"
HALF_A_DAY, NEVER = timedelta(hours=12), timedelta(0)


class MovedClock:
    """Now, and what a test added to it."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        """In UTC."""
        return datetime.now(UTC) + self.ahead


class TimedWiring(Wiring):
    """The adapters, with a clock that a test moves."""

    moved: MovedClock

    @property
    def clock(self) -> Any:
        """The moved one."""
        return self.moved


@dataclass
class House:
    """The home, opened by each person in a wiring of their own, as each has a terminal of their own."""

    home: Path
    database_url: str = ""
    clock: MovedClock = field(default_factory=MovedClock)
    opened: list[Wiring] = field(default_factory=list)

    def at(self, person: str) -> Wiring:
        """The adapters as a person's commands use them."""
        settings = Settings(
            home=self.home,
            archive=str(self.home / "archive"),
            database_url=self.database_url,
            user="ada",
            session=str(self.home / "sessions" / f"{person}.token"),
        )
        wiring = TimedWiring(settings)
        wiring.moved = self.clock
        self.opened.append(wiring)
        return wiring

    def close_with(self, *people: tuple[str, Role, str]) -> None:
        """The first administrator, and people with one role each; all logged in with passwords of their own."""
        close_registers(self.at("nobody"), ADMIN, "Ada Lovelace", PASSWORD)
        self.log_in(ADMIN)
        for name, role, study in people:
            _, password = add_account(self.at(ADMIN), name, name.title(), AccountKind.PERSON, [role], [study])
            assert password is not None
            change_password(self.at("nobody"), name, password, PASSWORD)
            self.log_in(name)

    def log_in(self, person: str, password: str = PASSWORD) -> None:
        """As `longwatch login`."""
        wiring = self.at(person)
        done = login(wiring, person, password, HALF_A_DAY, NEVER)
        assert done.token is not None
        wiring.session_file.write(done.token)


@pytest.fixture(scope="session")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Three archived reports. Do not write into it."""
    return make_evidence(tmp_path_factory.mktemp("evidence"))


@pytest.fixture
def house(evidence: Evidence, tmp_path: Path) -> Iterator[House]:
    """A copy of that home; its registers are open."""
    made = House(Path(shutil.copytree(evidence.home, tmp_path / "home")))
    yield made
    for wiring in made.opened:
        wiring.close()


@pytest.fixture(scope="session")
def staffed_home(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Closed, with its people logged in: hashing passwords is slow on purpose, so this is done once."""
    made = House(Path(shutil.copytree(evidence.home, tmp_path_factory.mktemp("staffed") / "home")))
    made.close_with(
        ("dana", Role.DATA_MANAGER, STUDY),
        ("sten", Role.STATISTICIAN, STUDY),
        ("rita", Role.REGULATORY, STUDY),
        ("otto", Role.AUDITOR, ALL_STUDIES),
        ("elsa", Role.STATISTICIAN, "OTHER-2"),
    )
    for wiring in made.opened:
        wiring.close()
    return made.home


@pytest.fixture
def staffed(staffed_home: Path, tmp_path: Path) -> Iterator[House]:
    """Closed, with one person of each role for ISLET-1, and a statistician of another study."""
    made = House(Path(shutil.copytree(staffed_home, tmp_path / "staffed")))
    yield made
    for wiring in made.opened:
        wiring.close()
