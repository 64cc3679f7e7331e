"""Accounts, roles, sessions and signatures in the registers: kept for good, on both databases; reports by filter."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier
from time import sleep

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from longwatch.errors import IntegrityError
from longwatch.evidence.accounts import ALL_STUDIES, AccountKind, AccountRow, Role, RoleGrant, SessionRow
from longwatch.evidence.registered import ReportFilter, ReportState
from longwatch.evidence.signature import Meaning, SignatureRow
from models import SqlRegisters
from tests.integration.models.register_values import NOON, REPORT, SNAPSHOT, event, open_study

GRACE = AccountRow(
    "grace", True, NOON, "Grace Hopper", AccountKind.PERSON, "$argon2id$…", NOON, failures=2,
    locked_until=NOON + timedelta(minutes=15),
)  # fmt: skip
ROLE = RoleGrant("grace", Role.STATISTICIAN, "ISLET-1", NOON, "ada")
SESSION = SessionRow("5" * 64, "grace", NOON, NOON, NOON + timedelta(hours=12))
CANDIDATE = replace(REPORT, state=ReportState.ARCHIVED_CANDIDATE)
STAND = (ReportState.ARCHIVED_CANDIDATE, ReportState.ARCHIVED_CANDIDATE)


def signature(who: str, meaning: Meaning = Meaning.REVIEWED, key: str = REPORT.key) -> SignatureRow:
    return SignatureRow(f"{who}-{meaning}", key, meaning, who, who.title(), NOON, "d" * 64, "e" * 64)


def fill(registers: SqlRegisters) -> None:
    """A candidate, Grace with a role and a session, and Rita."""
    open_study(registers)
    with registers.transaction() as register:
        register.add_report(CANDIDATE, event("report archived"))
        assert register.add_account(GRACE, event("account added", "grace"))
        assert register.add_account(replace(GRACE, name="rita"), event("account added", "rita"))
        register.grant_role(ROLE, event("role granted", "grace"))
        register.open_session(SESSION, event("logged in", "grace"))


def test_they_come_back(registers: SqlRegisters) -> None:
    fill(registers)
    with registers.transaction() as register:
        assert register.account("grace") == GRACE
        assert [account.name for account in register.accounts()] == ["dana", "grace", "rita"]
        assert register.roles("grace") == [ROLE]
        assert register.session(SESSION.id) == SESSION
        assert register.is_closed()
        assert register.sign_report(signature("grace"), event("report reviewed"))
    with registers.transaction() as register:
        assert register.signatures(REPORT.key) == register.signatures() == [signature("grace")]
        row = register.report_by_key(REPORT.key)
    assert row is not None
    assert row.state is ReportState.REVIEWED


def test_a_name_is_used_once_but_an_unauthenticated_one_becomes_an_account(registers: SqlRegisters) -> None:
    fill(registers)
    with registers.transaction() as register:
        assert not register.add_account(replace(GRACE, full_name="Another"), event("account added", "grace"))
        assert register.add_account(replace(GRACE, name="dana", created_at=NOON + timedelta(1)), event("account added"))
    with registers.transaction() as register:
        dana = register.account("dana")
    assert dana is not None
    assert (dana.authenticated, dana.created_at) == (True, NOON)


def test_roles_and_sessions_end_and_stay(registers: SqlRegisters) -> None:
    fill(registers)
    later = replace(event("role ended", "grace"), at=NOON + timedelta(1))
    with registers.transaction() as register:
        register.end_roles("grace", [ROLE], later)
        assert register.end_sessions("grace", later) == 1
        assert register.end_sessions("grace", later) == 0
    with registers.transaction() as register:
        assert register.roles("grace") == [replace(ROLE, ended_at=later.at, ended_by="dana")]
        assert register.is_closed()
        session = register.session(SESSION.id)
    assert session is not None
    assert session.ended_at == later.at


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM accounts WHERE name = 'rita'",
        "DELETE FROM account_roles",
        "DELETE FROM signatures",
        "UPDATE signatures SET account = 'rita'",
        "INSERT INTO signatures SELECT 'x', report_key, meaning, 'rita', 'Rita', at, pdf_sha256, manifest_sha256 "
        "FROM signatures",
        "INSERT INTO signatures SELECT 'x', report_key, 'released', account, 'G', at, pdf_sha256, manifest_sha256 "
        "FROM signatures",
    ],
)
def test_nothing_is_taken_away_or_signed_twice(registers: SqlRegisters, url: str, attack: str) -> None:
    """By hand, past Longwatch: a second signature of one meaning or of one person is refused, too."""
    fill(registers)
    with registers.transaction() as register:
        register.sign_report(signature("grace"), event("report reviewed"))
    engine = create_engine(make_url(url))
    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(text(attack))
    engine.dispose()
    with registers.transaction() as register:
        assert register.signatures() == [signature("grace")]
        assert len(register.accounts()) == 3


def test_of_two_signatures_at_once_one_counts(url: str) -> None:
    """Both reviewers see a candidate; the second changes nothing and leaves no event."""
    with closing(SqlRegisters(url)) as registers:
        fill(registers)
        start = Barrier(2)

        def review(who: str) -> bool:
            with registers.transaction() as register:
                assert register.report_by_key(REPORT.key) == CANDIDATE
                start.wait(20)
                return register.sign_report(signature(who), event("report reviewed"))

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(review, ("grace", "rita"))) == [False, True]
        with registers.transaction() as register:
            assert len(register.signatures()) == 1
            assert [record.event.action for record in register.events()].count("report reviewed") == 1


def test_a_report_that_is_not_there_is_neither_signed_nor_superseded(registers: SqlRegisters) -> None:
    fill(registers)
    with pytest.raises(IntegrityError, match="LW-REG-027"), registers.transaction() as register:
        register.sign_report(signature("grace", key="9" * 64), event("report reviewed"))
    with pytest.raises(IntegrityError, match="LW-REG-027"), registers.transaction() as register:
        register.supersede_report(REPORT.key, "9" * 64, STAND, event("report superseded"))


def test_a_report_that_moved_since_it_was_judged_is_not_superseded(registers: SqlRegisters) -> None:
    """A candidate may follow a candidate; not one that was reviewed meanwhile, by what was judged before."""
    fill(registers)
    other = replace(CANDIDATE, key="9" * 64)
    with registers.transaction() as register:
        register.add_report(other, event("report archived"))
        assert register.sign_report(signature("grace"), event("report reviewed"))
        assert not register.supersede_report(REPORT.key, other.key, STAND, event("report superseded"))
        assert not register.supersede_report(other.key, REPORT.key, STAND, event("report superseded"))
        judged = (ReportState.REVIEWED, ReportState.ARCHIVED_CANDIDATE)
        assert register.supersede_report(REPORT.key, other.key, judged, event("report superseded"))
    with registers.transaction() as register:
        assert [record.event.action for record in register.events()].count("report superseded") == 1


def test_of_two_who_add_one_name_at_once_one_adds_it(url: str) -> None:
    """The other one is told that the name was used; nothing of its account is left."""
    with closing(SqlRegisters(url)) as registers:
        open_study(registers)
        start = Barrier(2)

        def add(full_name: str) -> bool:
            start.wait(20)
            with registers.transaction() as register:
                return register.add_account(replace(GRACE, full_name=full_name), event("account added", full_name))

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(add, ("Grace Hopper", "Grace Kelly"))) == [False, True]
        with registers.transaction() as register:
            (added,) = [each.event for each in register.events() if each.event.action == "account added"]
            account = register.account("grace")
        assert account is not None
        assert account.full_name == added.entity_id


def test_of_two_first_administrators_at_once_one_is_made(url: str) -> None:
    """There is no row yet that the second could wait for: it waits for the table."""
    with closing(SqlRegisters(url)) as registers:
        open_study(registers)
        start = Barrier(2)

        def begin(who: str) -> bool:
            start.wait(20)
            with registers.transaction() as register:
                register.accounts(for_change=True)
                if register.is_closed():
                    return False
                assert register.add_account(replace(GRACE, name=who), event("account added", who))
                sleep(0.2)
                grant = replace(ROLE, account=who, role=Role.ADMINISTRATOR, study_id=ALL_STUDIES)
                register.grant_role(grant, event("role granted", who))
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(begin, ("grace", "rita"))) == [False, True]


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (ReportFilter(), "123"),
        (ReportFilter(key="2222"), "2"),
        (ReportFilter(study_id="ISLET-1", template="dsur"), "3"),
        (ReportFilter(cutoff_from=date(2026, 3, 2)), "2"),
        (ReportFilter(cutoff_to=date(2026, 3, 1)), "13"),
        (ReportFilter(snapshot_id=SNAPSHOT.id[:8]), "123"),
        (ReportFilter(snapshot_id="ffff"), ""),
        (ReportFilter(who="dana"), "123"),
        (ReportFilter(who="grace"), "1"),
        (ReportFilter(states=(ReportState.REVIEWED, ReportState.ARCHIVED_DRAFT)), "13"),
        (ReportFilter(since=NOON + timedelta(hours=1)), "2"),
        (ReportFilter(until=NOON + timedelta(hours=1)), "13"),
        (ReportFilter(text="SAFETY rep"), "12"),
        (ReportFilter(text="islets in"), "123"),
        (ReportFilter(text="100%"), "3"),
        (ReportFilter(among=("OTHER",)), ""),
        (ReportFilter(template="dsur", who="grace"), ""),
    ],
)
def test_reports_are_found_by_what_is_known_of_them(registers: SqlRegisters, wanted: ReportFilter, keys: str) -> None:
    """The first is reviewed by Grace, the second later and of another cut-off, the third a draft of another report."""
    fill(registers)
    later = replace(CANDIDATE, key="2" * 64, cutoff=date(2026, 4, 1), archived_at=NOON + timedelta(hours=2))
    dsur = replace(REPORT, key="3" * 64, template="dsur", title="DSUR, 100% of tables")
    with registers.transaction() as register:
        register.sign_report(signature("grace"), event("report reviewed"))
        register.add_report(later, event("report archived"))
        register.add_report(dsur, event("report archived"))
    with registers.transaction() as register:
        found = register.reports_meant(wanted)
        first = register.reports_meant(wanted, limit=1)
    assert sorted(row.key[0] for row in found) == sorted(keys)
    assert first == found[:1]
