"""Review and release by two persons, each with a signature on the exact bytes."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from longwatch.errors import AccessError, IntegrityError, LongwatchError, StudyError
from longwatch.evidence.accounts import AccountKind, Role
from longwatch.evidence.audit import EventFilter
from longwatch.evidence.registered import ReportFilter, ReportRow, ReportState
from longwatch.evidence.signature import STEPS, Meaning
from longwatch.evidence.signed_note import open_note, parse_key
from operations.accounts import add_account, grant_role, make_token
from operations.archive_reading import list_reports
from operations.audit_trail import verify_audit
from operations.certified_copy import certify
from operations.package_report import package_report
from operations.release_report import reports_and_signatures, sign_report, supersede_report
from operations.report_chain import trace_report
from operations.scrub_archive import scrub_archive
from tests.integration.access.conftest import ADMIN, PASSWORD, House
from tools.tampering.home import STUDY


def report(house: House, number: int = 0) -> ReportRow:
    """One of the three candidates, which `ada` made unauthenticated, before there were accounts."""
    return list_reports(house.at("sten"))[number]


def sign(
    house: House, who: str, meaning: Meaning, row: ReportRow, name: str = "", password: str = PASSWORD
) -> ReportRow:
    """As a person does at the own terminal."""
    return sign_report(house.at(who), row.key, meaning, name or who, password).row


def released(house: House, number: int = 0) -> ReportRow:
    """Reviewed by Sten, released by Rita."""
    row = report(house, number)
    sign(house, "sten", Meaning.REVIEWED, row)
    return sign(house, "rita", Meaning.RELEASED, row)


def test_two_persons_release_a_report(staffed: House) -> None:
    """State, signatures with printed name, time and meaning, events in the trail, a checkpoint over them."""
    row = released(staffed)
    assert row.state is ReportState.RELEASED
    with staffed.at("otto").registers.transaction() as register:
        first, second = register.signatures(row.key)
        told = register.events(2, EventFilter(entity="report", entity_id=row.key))
    assert [(each.meaning, each.account, each.full_name) for each in (first, second)] == [
        (Meaning.REVIEWED, "sten", "Sten"),
        (Meaning.RELEASED, "rita", "Rita"),
    ]
    assert {first.pdf_sha256, second.pdf_sha256} == {row.pdf_sha256}
    assert [(each.event.action, each.event.actor, each.event.old) for each in reversed(told)] == [
        ("report reviewed", "sten", {"state": "archived-candidate"}),
        ("report released", "rita", {"state": "reviewed"}),
    ]
    assert told[0].event.at == second.at
    examined = verify_audit(staffed.at("otto"), lambda _: None, {})
    assert examined.covered >= told[0].position
    assert scrub_archive(staffed.at("otto"), lambda _: None).problems == []


def test_every_step_leads_on_and_none_skips() -> None:
    """The table: a release is of what was reviewed; nothing is signed as a draft (21 CFR 11.10(f))."""
    assert {step.before for step in STEPS.values()} == {ReportState.ARCHIVED_CANDIDATE, ReportState.REVIEWED}
    assert STEPS[Meaning.REVIEWED].after is STEPS[Meaning.RELEASED].before


def test_who_signs_is_neither_its_maker_nor_who_signed_before(staffed: House) -> None:
    """`ada` made the reports; as administrator she is given a role that may review, and is refused all the same."""
    grant_role(staffed.at(ADMIN), "otto", Role.ADMINISTRATOR, [], "deputy")
    grant_role(staffed.at("otto"), ADMIN, Role.REGULATORY, [STUDY], "covers")
    row = report(staffed)
    with pytest.raises(StudyError, match=r"LW-RLS-002: .*who made a report does not approve it"):
        sign(staffed, ADMIN, Meaning.REVIEWED, row)
    sign(staffed, "rita", Meaning.REVIEWED, row)
    with pytest.raises(StudyError, match=r"LW-RLS-003: .*two persons"):
        sign(staffed, "rita", Meaning.RELEASED, row)
    assert report(staffed).state is ReportState.REVIEWED


def test_a_state_that_does_not_fit_is_refused_with_what_comes_next(staffed: House) -> None:
    row = report(staffed)
    with pytest.raises(StudyError, match=r"LW-RLS-001: .*expected reviewed; found archived-candidate.*report review"):
        sign(staffed, "rita", Meaning.RELEASED, row)
    released(staffed)
    with pytest.raises(StudyError, match=r"LW-RLS-001: .*found released"):
        sign(staffed, "sten", Meaning.REVIEWED, row)


def test_a_signature_needs_the_right_the_password_and_the_own_name(staffed: House) -> None:
    """A session is not enough (11.200(a)(1)); each failure is in the trail, and nothing is signed."""
    row = report(staffed)
    with pytest.raises(AccessError, match=r"LW-ACC-003: .*may not sign as reviewed"):
        sign(staffed, "dana", Meaning.REVIEWED, row)
    with pytest.raises(AccessError, match="LW-ACC-004"):
        sign(staffed, "sten", Meaning.REVIEWED, row, password="wrong")
    with pytest.raises(AccessError, match="LW-RLS-004"):
        sign(staffed, "sten", Meaning.REVIEWED, row, name="rita")
    with staffed.at("otto").registers.transaction() as register:
        told = {(each.event.action, each.event.actor) for each in register.events(30)}
    assert {("access refused", "dana"), ("login failed", "sten"), ("signature refused", "sten")} <= told
    assert report(staffed).state is ReportState.ARCHIVED_CANDIDATE


def test_wrong_passwords_at_signing_lock_the_account(staffed: House) -> None:
    row = report(staffed)
    for _ in range(5):
        with pytest.raises(AccessError, match="LW-ACC-004"):
            sign(staffed, "sten", Meaning.REVIEWED, row, password="wrong")
    with pytest.raises(AccessError, match="LW-ACC-005"):
        sign(staffed, "sten", Meaning.REVIEWED, row)


def test_neither_a_service_nor_who_is_not_known_signs(staffed: House, house: House) -> None:
    ada = staffed.at(ADMIN)
    add_account(ada, "robot", "Robot", AccountKind.SERVICE, [Role.REGULATORY], [STUDY])
    staffed.at("robot").session_file.write(make_token(ada, "robot", timedelta(days=1)))
    with pytest.raises(AccessError, match="LW-ACC-007"):
        sign(staffed, "robot", Meaning.REVIEWED, report(staffed))
    (row, *_) = list_reports(house.at("nobody"))
    with pytest.raises(AccessError, match=r"LW-ACC-007: .*longwatch account init"):
        sign_report(house.at("nobody"), row.key, Meaning.REVIEWED, "ada", PASSWORD)


def test_what_is_signed_is_read_back_first(staffed: House) -> None:
    """Bytes that are not those that were archived are never signed."""
    row = report(staffed)
    file = staffed.home / "archive" / row.pdf_key
    file.chmod(0o644)
    file.write_bytes(b"%PDF forged")
    with pytest.raises(IntegrityError, match="LW-ARC-008"):
        sign(staffed, "sten", Meaning.REVIEWED, row)
    assert report(staffed).state is ReportState.ARCHIVED_CANDIDATE


def test_of_two_reviewers_at_once_one_has_signed(staffed: House) -> None:
    row = report(staffed)

    def review(who: str) -> str:
        try:
            sign(staffed, who, Meaning.REVIEWED, row)
        except LongwatchError as refused:
            return refused.error_id
        return "signed"

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(review, ("sten", "rita")))
    assert said[1] == "signed"
    assert said[0] in ("LW-RLS-001", "LW-RLS-005")
    with staffed.at("otto").registers.transaction() as register:
        assert len(register.signatures(row.key)) == 1


@pytest.mark.parametrize(
    ("by_hand", "problem"),
    [
        ("UPDATE reports SET state = 'released'", "LW-SCR-009"),
        ("UPDATE signatures SET full_name = 'Somebody Else'", "LW-SCR-010"),
        ("DELETE FROM signatures", "LW-SCR-010"),
        (
            "INSERT INTO signatures SELECT 'x', report_key, 'released', 'dana', 'Dana', at, pdf_sha256, "
            "manifest_sha256 FROM signatures",
            "LW-SCR-010",
        ),
    ],
)
def test_a_signature_that_was_made_by_hand_is_found(staffed: House, by_hand: str, problem: str) -> None:
    """The database refuses it while its triggers are there; who drops them is found by the next scrub."""
    sign(staffed, "sten", Meaning.REVIEWED, report(staffed))
    with closing(sqlite3.connect(staffed.home / "registers.sqlite3")) as database:
        if "INSERT" not in by_hand and "reports" not in by_hand:
            with pytest.raises(sqlite3.IntegrityError, match="rows are kept"):
                database.execute(by_hand)
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute(by_hand)
        database.commit()
    problems = scrub_archive(staffed.at("otto"), lambda _: None).problems
    assert problem in {each.error_id for each in problems}


def test_a_released_report_is_followed_by_a_released_one(staffed: House) -> None:
    """Same study, reason given; both stay archived, and each says what became of it."""
    rita = staffed.at("rita")
    old = released(staffed, 2)
    new = report(staffed, 0)
    for before, after, reason, wrong in (
        (old, old, "x", "the same report"),
        (old, new, "x", "must be followed by a released one"),
        (report(staffed, 1), new, " ", "no reason"),
    ):
        with pytest.raises(StudyError, match=f"LW-RLS-006: .*{wrong}"):
            supersede_report(rita, before.key, after.key, reason)
    with pytest.raises(AccessError, match="LW-ACC-003"):
        supersede_report(staffed.at("sten"), old.key, new.key, "x")
    released(staffed, 0)
    before, after = supersede_report(rita, old.key, new.key, "a death was added")
    assert (before.state, before.superseded_by, after.supersedes) == (ReportState.SUPERSEDED, new.key, (old.key,))
    with pytest.raises(StudyError, match="superseded already"):
        supersede_report(rita, old.key, new.key, "again")
    assert scrub_archive(staffed.at("otto"), lambda _: None).problems == []
    assert [standing.waits_for for standing in reports_and_signatures(rita, STUDY)] == ["", "a review"]


def test_the_signatures_go_where_the_report_goes(staffed: House, tmp_path: Path) -> None:
    """Into the certified copy, the chain and the evidence package, where `verify.py` compares them with the PDF."""
    row = released(staffed)
    copy = certify(staffed.at("sten"), row.key[:12])
    key = staffed.at("otto").signer.key
    text = open_note(copy.certificate, parse_key(key.text), staffed.at("otto").signer.is_signed)
    assert f"SHA-256 {row.pdf_sha256}\n" in text
    assert "signed: reviewed by Sten (sten) on " in text
    assert "not released" not in text
    with pytest.raises(LongwatchError):
        trace_report(staffed.at("elsa"), row.key, lambda _: None)
    chain = trace_report(staffed.at("sten"), row.key, lambda _: None)
    assert [(link.what, link.holds) for link in chain.links if link.what == "signature"] == [("signature", True)] * 2
    made = package_report(staffed.at("sten"), row.key, str(tmp_path / "evidence.zip"), lambda _: None)
    with zipfile.ZipFile(made.file) as package:
        package.extractall(tmp_path / "unpacked")
        events = [json.loads(line) for line in package.read("audit/events.ndjson").splitlines()]
        assert b"released by Rita (rita) on " in package.read("README.html")
    assert {"report reviewed", "report released"} <= {event["action"] for event in events}
    command = [sys.executable, "-I", "-S", str(tmp_path / "unpacked" / "verify.py")]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert said.returncode == 0, said.stdout
    assert "Signed as reviewed by Sten (sten)" in said.stdout
    assert "Signed as released by Rita (rita)" in said.stdout


def test_every_read_of_the_archive_is_an_event(staffed: House) -> None:
    """Listed, shown, copied, packed, verified: by whom, of what."""
    sten, row = staffed.at("sten"), report(staffed)
    certify(sten, row.key)
    trace_report(sten, row.key, lambda _: None)
    list_reports(sten, ReportFilter(template="report_1", states=(ReportState.ARCHIVED_CANDIDATE,)))
    with staffed.at("otto").registers.transaction() as register:
        told = [each.event for each in register.events(3)]
    assert [(each.action, each.actor) for each in told] == [
        ("archive listed", "sten"),
        ("report shown", "sten"),
        ("report retrieved", "sten"),
    ]
    assert told[0].new["meant"] == "template report_1, states archived-candidate"


def test_a_chain_that_is_broken_says_which_link(staffed: House) -> None:
    """The raw data of this home is not on disk, and a file of the archive is changed."""
    row = report(staffed)
    results = row.pdf_key.replace("report.pdf", "results.csv")
    (staffed.home / "archive" / results).chmod(0o644)
    (staffed.home / "archive" / results).write_bytes(b"forged")
    chain = trace_report(staffed.at("sten"), row.key, lambda _: None)
    held = {link.what: link.holds for link in chain.links}
    assert held == {
        "PDF": True, "manifest": True, "results.csv": False, "report key": True, "PDF in the manifest": True,
        "snapshot": True, "raw file ae.xpt": False, "raw file dm.xpt": False,
    }  # fmt: skip
    assert not chain.holds
