"""The registers are lost: rebuilt from the archive alone, and the archive checked against them (docs/backup.md)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from longwatch.errors import AccessError, IntegrityError, LongwatchError, StudyError
from longwatch.evidence.accounts import ALL_STUDIES, AccountKind, Role
from longwatch.evidence.registered import ReportState
from longwatch.evidence.signature import Meaning
from longwatch.standards.hashing import sha256_of_bytes
from operations.accounts import add_account, grant_role, reset_password
from operations.archive_reading import list_reports
from operations.audit_checkpoint import EVENTS, find_checkpoint, make_checkpoint
from operations.audit_trail import verify_audit
from operations.rebuild_registers import drill_rebuild, rebuild_registers
from operations.release_report import sign_report, supersede_report
from operations.scrub_archive import scrub_archive
from operations.sessions import change_password, login
from runtime.wiring import Wiring
from tests.integration.access.conftest import ADMIN, HALF_A_DAY, NEVER, PASSWORD, House


def quiet(_message: str) -> None:
    """Nobody watches."""


def at_work(house: House) -> None:
    """One report released, one superseded by it."""
    keep, old, _ = list_reports(house.at("sten"))
    sign_report(house.at("sten"), keep.key, Meaning.REVIEWED, "sten", PASSWORD)
    sign_report(house.at("rita"), keep.key, Meaning.RELEASED, "rita", PASSWORD)
    supersede_report(house.at("rita"), old.key, keep.key, "typing error")


def lose_the_registers(house: House) -> None:
    """All that is left is the archive, the snapshots and the signing key."""
    for wiring in house.opened:
        wiring.close()
    for file in house.home.glob("registers.sqlite3*"):
        file.unlink()


def test_the_drill_rebuilds_everything_beside_and_changes_nothing(staffed: House) -> None:
    at_work(staffed)
    before = sorted(staffed.at("otto").archive.keys(""))
    drilled = drill_rebuild(staffed.at("otto"), quiet)
    assert (drilled.differences, drilled.problems) == ((), ())
    assert drilled.same == {
        "accounts": 6, "roles": 6, "snapshots": 1, "pulls": 1, "runs": 1, "reports": 3, "signatures": 2,
    }  # fmt: skip
    assert sorted(staffed.at("otto").archive.keys("")) == before
    with staffed.at("otto").registers.transaction() as register:
        (record,) = register.events(1)
    assert (record.event.action, record.event.new["passed"]) == ("restore drilled", True)
    with pytest.raises(AccessError, match="LW-ACC-003"):
        drill_rebuild(staffed.at("dana"), quiet)


def test_lost_registers_come_back_with_the_same_trail(staffed: House) -> None:
    """The same positions and root: checkpoints of before still hold, states and signatures are as they were, an
    administrator gets in again, and the next runs go on."""
    at_work(staffed)
    kept = find_checkpoint(staffed.at("otto"))
    assert kept is not None
    lose_the_registers(staffed)
    rebuilt = rebuild_registers(staffed.at("nobody"), quiet, (ADMIN,))
    assert rebuilt.checkpoint == kept.checkpoint
    with staffed.at("nobody").access.unguarded.transaction() as register:
        assert [row.state for row in register.reports()] == [
            ReportState.RELEASED, ReportState.SUPERSEDED, ReportState.ARCHIVED_CANDIDATE,
        ]  # fmt: skip
        assert [each.full_name for each in register.signatures()] == ["Sten", "Rita"]
    with pytest.raises(AccessError, match="LW-ACC-002"):
        list_reports(staffed.at("sten"))
    assert login(staffed.at("nobody"), ADMIN, rebuilt.passwords[ADMIN], HALF_A_DAY, NEVER).token is None
    change_password(staffed.at("nobody"), ADMIN, rebuilt.passwords[ADMIN], PASSWORD)
    staffed.log_in(ADMIN)
    assert scrub_archive(staffed.at(ADMIN), quiet).problems == []

    grant_role(staffed.at(ADMIN), "otto", Role.AUDITOR, [ALL_STUDIES], "as before")
    change_password(staffed.at("nobody"), "otto", str(reset_password(staffed.at(ADMIN), "otto", "rebuilt")), PASSWORD)
    staffed.log_in("otto")
    examined = verify_audit(staffed.at("otto"), quiet, {"kept": kept.note})
    assert examined.problems == []
    with pytest.raises(IntegrityError, match="LW-REG-028"):
        rebuild_registers(staffed.at(ADMIN), quiet)


def test_what_cannot_be_rebuilt_is_said(staffed: House) -> None:
    at_work(staffed)
    lost = drill_rebuild(staffed.at("otto"), quiet).rebuilt.lost
    assert [line.split(" ")[0] for line in lost] == ["everything", "the", "the"]
    assert "the passwords of 6 persons" in lost[1]
    assert "the raw data of 1 snapshots" in lost[2]


def test_what_came_after_the_last_checkpoint_is_lost_and_no_difference(staffed: House) -> None:
    make_checkpoint(staffed.at("otto"))
    add_account(staffed.at(ADMIN), "late", "Late", AccountKind.SERVICE, [Role.AUDITOR], ["*"])
    drilled = drill_rebuild(staffed.at("otto"), quiet)
    assert drilled.passed
    assert "late" not in drilled.rebuilt.told.accounts


def test_an_account_made_by_hand_is_a_difference(staffed: House) -> None:
    """A role that no event granted is in the registers and not in what is rebuilt."""
    make_checkpoint(staffed.at("otto"))
    with closing(sqlite3.connect(staffed.home / "registers.sqlite3")) as database:
        database.execute(
            "INSERT INTO account_roles (account, role, study_id, granted_at, granted_by) "
            "VALUES ('dana', 'regulatory', '*', '2020-01-01 00:00:00.000000', 'ada')"
        )
        database.commit()
    drilled = drill_rebuild(staffed.at("otto"), quiet)
    assert not drilled.passed
    assert len(drilled.differences) == 1
    assert "roles dana regulatory" in drilled.differences[0]


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_changed_events_are_refused(staffed: House, place: str) -> None:
    """A byte of any of them: nothing is written."""
    make_checkpoint(staffed.at("otto"))
    names = sorted(staffed.at("otto").archive.keys(EVENTS))
    name = {"first": names[0], "middle": names[len(names) // 2], "last": names[-1]}[place]
    file, receipt = staffed.home / "archive" / name, staffed.home / "archive" / ".receipts" / f"{name}.json"
    lose_the_registers(staffed)
    content = file.read_bytes().replace(b'"actor":"ada"', b'"actor":"eve"', 1)
    old, new = (sha256_of_bytes(each).encode() for each in (file.read_bytes(), content))
    for path, text in ((receipt, receipt.read_bytes().replace(old, new)), (file, content)):
        path.chmod(0o644)
        path.write_bytes(text)
    with pytest.raises(LongwatchError, match=r"LW-RBD-00[34]"):
        rebuild_registers(staffed.at("nobody"), quiet)
    with staffed.at("nobody").access.unguarded.transaction() as register:
        assert register.log_size() == 0


def test_missing_events_and_an_empty_archive_are_told(staffed: House, tmp_path: Path) -> None:
    make_checkpoint(staffed.at("otto"))
    first, *_ = sorted(staffed.at("otto").archive.keys(EVENTS))
    lose_the_registers(staffed)
    with pytest.raises(StudyError, match="LW-RBD-005"):
        rebuild_registers(staffed.at("nobody"), quiet, ("sten",))
    (staffed.home / "archive" / first).unlink()
    (staffed.home / "archive" / ".receipts" / f"{first}.json").unlink()
    with pytest.raises(IntegrityError, match="LW-RBD-002"):
        rebuild_registers(staffed.at("nobody"), quiet)
    empty = House(tmp_path / "empty")
    with pytest.raises(LongwatchError, match="LW-RBD-001"):
        rebuild_registers(empty.at("nobody"), quiet)
    empty.opened[0].close()


@pytest.mark.postgres
def test_they_come_back_on_postgresql_too(staffed: House, postgres_database: str) -> None:
    """From an SQLite database into PostgreSQL: the trail's entries and root are the same."""
    at_work(staffed)
    kept = find_checkpoint(staffed.at("otto"))
    assert kept is not None
    staffed.database_url = postgres_database
    wiring: Wiring = staffed.at("nobody")
    rebuilt = rebuild_registers(wiring, quiet, (ADMIN,))
    assert rebuilt.checkpoint == kept.checkpoint
    with wiring.access.unguarded.transaction() as register:
        assert len(register.signatures()) == 2
        assert register.log_size() == rebuilt.checkpoint.size + 1
    wiring.close()
