"""Accounts: who is known, what a role allows, and that all else is refused."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta

import pytest

from longwatch.errors import AccessError, StoreError, StudyError
from longwatch.evidence.accounts import ALL_STUDIES, MOST_FAILURES, RIGHTS, AccountKind, Right, Role, check_new_password
from longwatch.evidence.audit import AuditEvent, EventFilter
from longwatch.evidence.registered import ReportFilter, RunRow, RunState, StudyRow
from longwatch.findings.life import FindingChange
from longwatch.findings.states import Act, FindingState
from operations.accounts import (
    add_account,
    close_registers,
    disable_account,
    enable_account,
    end_role,
    grant_role,
    list_accounts,
    make_token,
    reset_password,
    unlock_account,
)
from operations.archive_ports import Archive
from operations.archive_reading import get_report, list_reports, verify_reports
from operations.audit_export import list_events
from operations.audited import make_event
from operations.guarded import OF_ARCHIVE, OF_SNAPSHOTS, OF_TRANSACTION
from operations.ports import RegisterTransaction, SnapshotStore
from operations.scrub_archive import scrub_archive
from operations.sessions import change_password, login, logout, prove_password
from runtime.wiring import Wiring
from tests.integration.access.conftest import ADMIN, HALF_A_DAY, NEVER, PASSWORD, House
from tools.tampering.home import STUDY

NOT_FOR_OPERATIONS = {
    "account", "accounts", "add_account", "change_account", "end_roles", "end_sessions", "grant_role", "open_session",
    "rebuild", "roles", "session", "use_session",
}  # fmt: skip
"""Of a transaction: no rule names them, so that the guard refuses them; accounts and sessions ask for themselves."""


def actions(wiring: Wiring, name: str) -> list[str]:
    """What the audit trail says of an account, oldest first."""
    with wiring.access.unguarded.transaction() as register:
        found = register.events(None, EventFilter(entity="account", entity_id=name))
    return [record.event.action for record in reversed(found)]


# Open and closed


def test_registers_without_accounts_are_for_whoever_uses_them(house: House) -> None:
    """As the name of the settings, unauthenticated; the first use needs no account."""
    wiring = house.at("nobody")
    assert len(list_reports(wiring)) == 3
    assert (wiring.actor.name, wiring.actor.authenticated) == ("ada", False)
    with pytest.raises(StudyError, match=r"LW-ACC-022: .*`longwatch account init`"):
        add_account(wiring, "dana", "Dana", AccountKind.PERSON, [Role.AUDITOR], [STUDY])


def test_the_first_administrator_closes_them_for_good(house: House) -> None:
    """Registers, snapshots and archive are refused to who is not logged in; there is no second first one."""
    close_registers(house.at("nobody"), ADMIN, "Ada Lovelace", PASSWORD)
    stranger = house.at("nobody")
    for use in (
        lambda: list_reports(stranger),
        lambda: stranger.snapshots.get("0" * 8),
        lambda: next(stranger.archive.keys("reports/")),
        lambda: stranger.actor,
    ):
        with pytest.raises(AccessError, match=r"LW-ACC-001: .*Next: `longwatch login`"):
            use()
    with pytest.raises(StudyError, match="LW-ACC-013"):
        close_registers(stranger, "eve", "Eve", PASSWORD)
    assert stranger.archive.describe().kind == "local folder"


def test_a_name_that_acted_unauthenticated_keeps_its_history(house: House) -> None:
    """CONTRACTS.md, Who: passwords come later without changing account ids."""
    house.close_with()
    with house.at(ADMIN).access.unguarded.transaction() as register:
        account = register.account(ADMIN)
    assert account is not None
    assert account.authenticated
    assert actions(house.at(ADMIN), ADMIN)[:3] == ["account seen", "account added", "role granted"]


# What a role allows


def study_seen(wiring: Wiring, study_id: str = STUDY) -> tuple[StudyRow, AuditEvent]:
    """Its file, changed, and the event of that."""
    row = StudyRow(study_id, "Islets, amended", "d" * 64, wiring.clock())
    return row, make_event(wiring, "study seen", "study", study_id)


def begin_run(wiring: Wiring) -> None:
    run = RunRow("run-9", STUDY, RunState.STARTED, wiring.actor.name, wiring.clock())
    with wiring.registers.transaction() as register:
        register.ensure_study(*study_seen(wiring))
        register.start_run(run, make_event(wiring, "run started", "run", "run-9"))


def decide_on_a_finding(wiring: Wiring) -> None:
    """None has this fingerprint: whoever may decide is told that, by an error of its own."""
    change = FindingChange("0" * 64, 1, Act.WAIVE, FindingState.WAIVED, "as agreed")
    with suppress(StoreError), wiring.registers.transaction() as register:
        register.change_findings(STUDY, [change], [make_event(wiring, "finding waived", "finding", "0" * 64)])


class NothingToRead(Exception):
    """The list of reports is empty."""


def read_a_report(wiring: Wiring) -> None:
    rows = list_reports(wiring)
    if not rows:
        raise NothingToRead
    get_report(wiring, rows[0].key)


ACTS: dict[str, Callable[[Wiring], object]] = {
    "read": read_a_report,
    "run": begin_run,
    "decide": decide_on_a_finding,
    "archive": lambda wiring: wiring.archive.put(f"reports/{STUDY}/x/y", b"1", media_type="text/plain"),
    "scrub": lambda wiring: scrub_archive(wiring, lambda _: None),
    "trail": lambda wiring: list_events(wiring, EventFilter(), 5),
    "accounts": lambda wiring: add_account(wiring, "new", "New", AccountKind.SERVICE, [Role.AUDITOR], [STUDY]),
}


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("dana", {"read", "run", "decide"}),
        ("sten", {"read", "run", "archive"}),
        ("rita", {"read", "run", "archive"}),
        ("otto", {"read", "scrub", "trail"}),
        ("ada", {"scrub", "accounts"}),
        ("elsa", set[str]()),
    ],
)
def test_each_role_may_what_the_table_says_and_nothing_else(staffed: House, who: str, may: set[str]) -> None:
    """Data manager, statistician, regulatory, auditor, administrator of ISLET-1; and a statistician of another study,
    who finds no report there. What is refused is an audit event, and changes nothing."""
    done = set()
    for name, act in ACTS.items():
        with suppress(AccessError, NothingToRead):
            act(staffed.at(who))
            done.add(name)
    assert done == may
    refusals = actions(staffed.at(who), who).count("access refused")
    assert refusals == len(ACTS) - len(may) - (1 if who == "elsa" else 0)


def test_what_is_not_of_the_own_study_is_not_seen(staffed: House) -> None:
    """Not by list, key, run, snapshot or signature; the own study is empty and not an error."""
    elsa = staffed.at("elsa")
    assert list_reports(elsa) == []
    assert list_reports(elsa, ReportFilter(study_id=STUDY)) == []
    (row, *_) = list_reports(staffed.at("dana"))
    with elsa.registers.transaction() as register:
        assert register.report_by_key(row.key) is None
        assert (register.runs(), register.snapshots(), register.signatures()) == ([], [], [])
        assert register.run(row.run_id) is None
    with pytest.raises(StudyError, match="LW-ARR-002"):
        get_report(elsa, row.key)
    with pytest.raises(AccessError, match="LW-ACC-003"):
        elsa.archive.get(row.pdf_key)
    with pytest.raises(AccessError, match="LW-ACC-003"):
        elsa.snapshots.open(row.snapshot_id)
    with pytest.raises(AccessError, match="LW-ACC-003"), elsa.registers.transaction() as register:
        register.known_findings(STUDY)


def test_an_administrator_sees_no_study_data(staffed: House) -> None:
    ada = staffed.at(ADMIN)
    (row, *_) = list_reports(staffed.at("dana"))
    for use in (
        lambda: get_report(ada, row.key),
        lambda: ada.snapshots.open(row.snapshot_id),
        lambda: list_events(ada, EventFilter(), 5),
    ):
        with pytest.raises(AccessError, match="LW-ACC-003"):
            use()


def test_a_refusal_undoes_the_whole_transaction(staffed: House) -> None:
    dana = staffed.at("dana")

    def write_two() -> None:
        with dana.registers.transaction() as register:
            register.ensure_study(*study_seen(dana))
            register.ensure_study(*study_seen(dana, "OTHER-2"))

    with pytest.raises(AccessError, match="LW-ACC-003"):
        write_two()
    with dana.access.unguarded.transaction() as register:
        told = [record.event.entity_id for record in register.events(3)]
    assert told[0] == "dana"
    assert STUDY not in told
    assert len(list_reports(dana)) == 3


@pytest.mark.parametrize(
    ("port", "rules", "unruled"),
    [
        (RegisterTransaction, OF_TRANSACTION, NOT_FOR_OPERATIONS),
        (Archive, OF_ARCHIVE, set[str]()),
        (SnapshotStore, OF_SNAPSHOTS, set[str]()),
    ],
)
def test_every_call_of_a_port_has_its_rule(port: type, rules: dict[str, object], unruled: set[str]) -> None:
    """A new method is refused until somebody says who may call it."""
    methods = {name for name, _ in inspect.getmembers(port) if not name.startswith("_")}
    assert methods == set(rules) | unruled
    assert not set(rules) & unruled


def test_what_no_rule_names_is_refused(staffed: House) -> None:
    with (
        pytest.raises(AccessError, match="which no rule allows"),
        staffed.at("otto").registers.transaction() as register,
    ):
        register.accounts()


def test_no_role_may_both_change_accounts_and_study_data() -> None:
    """Spec F.1: admin (no data change), auditor (read-only)."""
    changes = {Right.RUN, Right.FINDINGS, Right.REPORT, Right.REVIEW, Right.RELEASE}
    for rights in RIGHTS.values():
        assert not (Right.ACCOUNTS in rights and rights & (changes | {Right.READ}))
        assert not (Right.AUDIT in rights and rights & changes)


# Passwords, locks, sessions


def test_five_wrong_passwords_lock_the_account_for_a_while(staffed: House) -> None:
    wiring = staffed.at("nobody")
    for _ in range(5):
        with pytest.raises(AccessError, match="LW-ACC-004: login: name or password is wrong"):
            login(wiring, "dana", "wrong", HALF_A_DAY, NEVER)
    with pytest.raises(AccessError, match=r"LW-ACC-005: .*locked until"):
        login(wiring, "dana", PASSWORD, HALF_A_DAY, NEVER)
    staffed.clock.ahead += timedelta(minutes=16)
    assert login(wiring, "dana", PASSWORD, HALF_A_DAY, NEVER).token
    assert actions(wiring, "dana")[-8:] == [*["login failed"] * 5, "account locked", "login refused", "logged in"]
    with pytest.raises(AccessError, match="LW-ACC-004"):
        login(wiring, "dana", "wrong", HALF_A_DAY, NEVER)
    assert login(wiring, "dana", PASSWORD, HALF_A_DAY, NEVER).token


def test_an_administrator_unlocks(staffed: House) -> None:
    for _ in range(5):
        with pytest.raises(AccessError):
            prove_password(staffed.at("nobody"), "dana", "wrong")
    unlock_account(staffed.at(ADMIN), "dana", "she called, number known")
    assert prove_password(staffed.at("nobody"), "dana", PASSWORD).name == "dana"


def test_many_guesses_at_once_are_many_guesses(staffed: House) -> None:
    """Each is counted, and the fifth locks, before it is judged: of twelve at the same time five are looked at."""

    def guess(_number: int) -> str:
        try:
            prove_password(staffed.at("nobody"), "dana", "wrong")
        except AccessError as refused:
            return refused.error_id
        return "in"

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(guess, range(12)))
    assert set(said) <= {"LW-ACC-004", "LW-ACC-005"}
    with staffed.at(ADMIN).access.unguarded.transaction() as register:
        account = register.account("dana")
    assert account is not None
    assert account.failures == said.count("LW-ACC-004") == MOST_FAILURES
    assert account.is_locked(staffed.clock())


def test_an_unknown_name_is_told_nothing_and_not_written_down(staffed: House) -> None:
    """It may be a password, typed into the wrong field."""
    with pytest.raises(AccessError, match="LW-ACC-004: login: name or password is wrong"):
        login(staffed.at("nobody"), "my secret", PASSWORD, HALF_A_DAY, NEVER)
    assert actions(staffed.at("nobody"), "unknown") == ["login failed"]
    assert actions(staffed.at("nobody"), "my secret") == []


def test_a_one_time_password_opens_nothing_until_it_is_changed(staffed: House) -> None:
    password = reset_password(staffed.at(ADMIN), "dana", "lost")
    assert password is not None
    with pytest.raises(AccessError, match="LW-ACC-002"):
        list_reports(staffed.at("dana"))
    assert login(staffed.at("nobody"), "dana", password, HALF_A_DAY, NEVER).token is None
    with pytest.raises(StudyError, match="LW-ACC-012"):
        change_password(staffed.at("nobody"), "dana", password, password)
    change_password(staffed.at("nobody"), "dana", password, "another long one")
    staffed.log_in("dana", "another long one")
    late = reset_password(staffed.at(ADMIN), "dana", "lost again")
    staffed.clock.ahead += timedelta(days=8)
    with pytest.raises(AccessError, match="LW-ACC-006"):
        login(staffed.at("nobody"), "dana", str(late), HALF_A_DAY, NEVER)


def test_an_old_password_must_be_changed(staffed: House) -> None:
    staffed.clock.ahead += timedelta(days=366)
    assert login(staffed.at("nobody"), "dana", PASSWORD, HALF_A_DAY, timedelta(days=365)).token is None
    assert login(staffed.at("nobody"), "dana", PASSWORD, HALF_A_DAY, NEVER).token


@pytest.mark.parametrize("password", ["short", "dana and more words", "aaaabbbbccccaaaa", "x" * 300])
def test_a_password_that_is_easy_to_guess_is_refused(password: str) -> None:
    with pytest.raises(StudyError, match="LW-ACC-011"):
        check_new_password(password, "dana")


def test_a_session_ends_by_time_idleness_and_logout(staffed: House) -> None:
    """Two hours without a command; twelve hours in any case."""
    for minutes in (100, 100, 100, 100, 100, 100):
        staffed.clock.ahead += timedelta(minutes=minutes)
        list_reports(staffed.at("dana"))
    staffed.clock.ahead += timedelta(minutes=121)
    with pytest.raises(AccessError, match="LW-ACC-002"):
        list_reports(staffed.at("dana"))
    staffed.log_in("dana")
    for _ in range(7):
        staffed.clock.ahead += timedelta(minutes=100)
        list_reports(staffed.at("dana"))
    staffed.clock.ahead += timedelta(minutes=100)
    with pytest.raises(AccessError, match="LW-ACC-002"):
        list_reports(staffed.at("dana"))
    staffed.log_in("dana")
    token = staffed.at("dana").session_file.read()
    assert token is not None
    assert logout(staffed.at("dana"), token)
    assert not logout(staffed.at("dana"), token)
    with pytest.raises(AccessError, match="LW-ACC-002"):
        list_reports(staffed.at("dana"))


def test_no_password_and_no_token_is_kept(staffed: House) -> None:
    """In the database: Argon2id, and the SHA-256 of a token. The token's file is its owner's."""
    token = staffed.at("dana").session_file.read()
    with closing(sqlite3.connect(staffed.home / "registers.sqlite3")) as database:
        dump = "\n".join(database.iterdump())
    assert "$argon2id$" in dump
    assert PASSWORD not in dump
    assert str(token) not in dump
    mode = (staffed.home / "sessions" / "dana.token").stat().st_mode
    assert mode & 0o077 == 0


# Accounts at work


def test_a_service_acts_by_a_token_until_its_end(staffed: House) -> None:
    """It needs no command to stay awake, and has no password."""
    ada = staffed.at(ADMIN)
    made, password = add_account(ada, "nightly", "Nightly run", AccountKind.SERVICE, [Role.DATA_MANAGER], [STUDY])
    assert (made.name, password) == ("nightly", None)
    staffed.at("nightly").session_file.write(make_token(ada, "nightly", timedelta(days=90)))
    staffed.clock.ahead += timedelta(days=89)
    begin_run(staffed.at("nightly"))
    staffed.clock.ahead += timedelta(days=2)
    with pytest.raises(AccessError, match="LW-ACC-002"):
        begin_run(staffed.at("nightly"))
    staffed.log_in(ADMIN)
    with pytest.raises(StudyError, match="LW-ACC-019"):
        make_token(staffed.at(ADMIN), "dana", timedelta(days=1))


def test_who_leaves_is_disabled_at_once_and_stays_in_the_history(staffed: House) -> None:
    before = staffed.clock()
    list_reports(staffed.at("dana"))
    disable_account(staffed.at(ADMIN), "dana", "left the company")
    with pytest.raises(AccessError, match="LW-ACC-002"):
        list_reports(staffed.at("dana"))
    with pytest.raises(AccessError, match="LW-ACC-004"):
        login(staffed.at("nobody"), "dana", PASSWORD, HALF_A_DAY, NEVER)
    now = {shown.account.name: shown for shown in list_accounts(staffed.at(ADMIN))}
    then = {shown.account.name: shown for shown in list_accounts(staffed.at("otto"), before)}
    assert (now["dana"].account.state(staffed.clock()), now["dana"].roles) == ("disabled", ())
    assert (then["dana"].account.state(before), [str(role.role) for role in then["dana"].roles]) == (
        "active",
        ["data manager"],
    )
    with pytest.raises(StudyError, match="LW-ACC-015"):
        add_account(staffed.at(ADMIN), "dana", "Another Dana", AccountKind.PERSON, [Role.AUDITOR], [STUDY])
    assert enable_account(staffed.at(ADMIN), "dana", "came back")
    assert "account disabled" in actions(staffed.at(ADMIN), "dana")


def test_roles_come_and_go_with_reason(staffed: House) -> None:
    grant_role(staffed.at(ADMIN), "elsa", Role.STATISTICIAN, [STUDY, "OTHER-2"], "covers for Sten")
    assert len(list_reports(staffed.at("elsa"))) == 3
    end_role(staffed.at(ADMIN), "elsa", Role.STATISTICIAN, [STUDY], "Sten is back")
    assert list_reports(staffed.at("elsa")) == []
    with pytest.raises(StudyError, match=r"LW-ACC-018: .*found statistician of OTHER-2"):
        end_role(staffed.at(ADMIN), "elsa", Role.STATISTICIAN, [STUDY], "again")
    with staffed.at(ADMIN).access.unguarded.transaction() as register:
        (last, first) = register.events(2, EventFilter(entity="account", entity_id="elsa"))
    assert (first.event.action, first.event.new, first.event.reason) == (
        "role granted", {"role": "statistician", "study": STUDY}, "covers for Sten",
    )  # fmt: skip
    assert (last.event.old, last.event.reason) == (
        {"roles": [{"role": "statistician", "study": STUDY}]},
        "Sten is back",
    )


def test_nobody_helps_themselves_and_an_administrator_is_left(staffed: House) -> None:
    ada = staffed.at(ADMIN)
    for act in (
        lambda: grant_role(ada, ADMIN, Role.REGULATORY, [STUDY], "x"),
        lambda: disable_account(ada, ADMIN, "x"),
        lambda: end_role(ada, ADMIN, Role.ADMINISTRATOR, [ALL_STUDIES], "x"),
    ):
        with pytest.raises(StudyError, match="LW-ACC-017"):
            act()
    with pytest.raises(StudyError, match="LW-ACC-016"):
        disable_account(ada, "nobody", "x")
    grant_role(ada, "otto", Role.ADMINISTRATOR, [], "deputy")
    disable_account(staffed.at("otto"), ADMIN, "left")
    with pytest.raises(AccessError, match="LW-ACC-002"):
        disable_account(staffed.at(ADMIN), "otto", "x")


def test_verifying_all_of_the_archive_is_care_one_report_is_reading(staffed: House) -> None:
    (row, *_) = list_reports(staffed.at("dana"))
    assert verify_reports(staffed.at("dana"), row.key, lambda _: None)
    with pytest.raises(AccessError, match="LW-ACC-003"):
        verify_reports(staffed.at("dana"), None, lambda _: None)
    assert len(verify_reports(staffed.at("otto"), None, lambda _: None)) == 3
