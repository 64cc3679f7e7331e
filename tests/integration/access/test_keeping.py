"""How long reports are kept: retention from release on, legal hold, drafts that may go; each with its audit event."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from longwatch.errors import AccessError, IntegrityError, LongwatchError, StoreError, StudyError
from longwatch.evidence.audit import EventFilter
from longwatch.evidence.registered import ReportRow, ReportState
from longwatch.evidence.retention import HOLD, RETENTION
from longwatch.evidence.signature import Meaning
from longwatch.study import Retention, RetentionRule
from operations.archive_reading import list_reports
from operations.audit_trail import verify_audit
from operations.audited import make_event
from operations.keep_reports import extend_retention, retain_reports, set_rules
from operations.legal_hold import hold_report
from operations.rebuild_registers import drill_rebuild
from operations.release_report import sign_report
from operations.remove_drafts import old_drafts, remove_drafts
from operations.report_chain import trace_report
from operations.scrub_archive import scrub_archive
from operations.standing_holds import standing_holds
from tests.integration.access.conftest import PASSWORD, House, MovedClock
from tools.faults.small_study import SmallWiring, run_small, write_small_study
from tools.tampering.home import STUDY

ATMP = RetentionRule(name="ATMP traceability", anchor="expiry of the last lot", years=30, on=date(2023, 6, 30))
TMF = RetentionRule(name="trial master file", anchor="trial end", years=25)
YEAR = timedelta(days=365)


def quiet(_message: str) -> None:
    """Nobody watches."""


def release(house: House, number: int = 0) -> tuple[ReportRow, Any]:
    """Reviewed by Sten, released by Rita."""
    row = list_reports(house.at("sten"))[number]
    sign_report(house.at("sten"), row.key, Meaning.REVIEWED, "sten", PASSWORD)
    signed = sign_report(house.at("rita"), row.key, Meaning.RELEASED, "rita", PASSWORD)
    return signed.row, signed.kept


def receipts(house: House, row: ReportRow) -> dict[str, Any]:
    archive = house.at("rita").archive
    folder = row.manifest_key.rpartition("/")[0]
    return {key.rpartition("/")[2]: archive.head(key) for key in archive.keys(f"{folder}/")}


def kept_until(house: House, row: ReportRow) -> set[date]:
    """The days until which the store keeps the objects of a report."""
    return {receipt.retain_until.date() if receipt.retain_until else None for receipt in receipts(house, row).values()}


def problems(house: House) -> list[str]:
    return [each.error_id for each in scrub_archive(house.at("otto"), quiet).problems]


def later(house: House, days: int) -> None:
    """So many days after the beginning; who acts has logged in again."""
    house.clock.ahead = timedelta(days=days)
    house.log_in("otto")
    house.log_in("rita")


def years_on(years: int) -> date:
    today = datetime.now(UTC).date()
    return today.replace(year=today.year + years)


def test_retention_begins_at_release_by_the_rules_of_the_study(staffed: House) -> None:
    """The longest rule counts: 25 years from today while the trial goes on, against 30 years from 2023."""
    assert set_rules(staffed.at("rita"), STUDY, Retention(rules=(ATMP, TMF)))
    assert not set_rules(staffed.at("rita"), STUDY, Retention(rules=(ATMP, TMF)))
    before = list_reports(staffed.at("sten"))[0]
    assert kept_until(staffed, before) == {None}
    row, kept = release(staffed)
    assert (kept.until.date(), kept.rule, kept.rolls) == (date(2053, 6, 30), "ATMP traceability", True)
    assert kept_until(staffed, row) == {date(2053, 6, 30)}
    assert len(receipts(staffed, row)) == 3
    chain = trace_report(staffed.at("sten"), row.key, quiet)
    assert [(link.name, link.holds) for link in chain.links if link.what == "retention"] == [("2053-06-30", True)]
    assert "retention begun" in [record.event.action for record in chain.events]
    assert problems(staffed) == []


def test_without_a_rule_it_is_kept_until_the_next_review(staffed: House) -> None:
    row, kept = release(staffed)
    assert kept.rule == "until the next review: no rule is set for this study"
    assert kept_until(staffed, row) == {years_on(1)}


def test_while_an_event_is_open_the_lock_rolls_forward(staffed: House) -> None:
    """An auditor's weekly look does it, once it gains a month. The event known: its anniversary, and no roll more."""
    set_rules(staffed.at("rita"), STUDY, Retention(rules=(TMF,)))
    row, kept = release(staffed)
    later(staffed, 7)
    assert [each.changed for each in retain_reports(staffed.at("otto"), quiet)] == [False]
    assert kept_until(staffed, row) == {kept.until.date()}
    later(staffed, 40)
    (rolled,) = retain_reports(staffed.at("otto"), quiet)
    assert (rolled.changed, rolled.objects) == (True, 3)
    assert kept_until(staffed, row) == {(kept.until + timedelta(days=40)).date()}
    ended = (datetime.now(UTC) + timedelta(days=90)).date()
    set_rules(staffed.at("rita"), STUDY, Retention(rules=(TMF.model_copy(update={"on": ended}),)))
    (fixed,) = retain_reports(staffed.at("rita"), quiet)
    assert (fixed.until.rolls, fixed.until.until.date()) == (False, ended.replace(year=ended.year + 25))
    later(staffed, 41)
    assert [each.changed for each in retain_reports(staffed.at("otto"), quiet)] == [False]


def test_what_an_earlier_longwatch_released_is_kept_from_the_next_look_on(
    staffed: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It recorded no promise: the next `retain` gives one."""
    from operations import release_report

    monkeypatch.setattr(release_report, "begin_retention", lambda *_: None)
    row, kept = release(staffed)
    assert (kept, kept_until(staffed, row)) == (None, {None})
    (begun,) = retain_reports(staffed.at("otto"), quiet)
    assert (begun.changed, begun.objects) == (True, 3)
    assert kept_until(staffed, row) == {years_on(1)}


def test_a_shorter_rule_shortens_nothing(staffed: House) -> None:
    set_rules(staffed.at("rita"), STUDY, Retention(rules=(ATMP,)))
    row, _ = release(staffed)
    set_rules(staffed.at("rita"), STUDY, Retention(rules=(ATMP.model_copy(update={"years": 2}),)))
    retain_reports(staffed.at("rita"), quiet)
    assert kept_until(staffed, row) == {date(2053, 6, 30)}
    assert problems(staffed) == []


def test_it_is_extended_at_will_by_who_may_release(staffed: House) -> None:
    set_rules(staffed.at("rita"), STUDY, Retention(rules=(ATMP,)))
    row, _ = release(staffed)
    rita = staffed.at("rita")
    for key, until, why, wrong in (
        (row.key, date(2050, 1, 1), "x", "LW-RET-005"),
        (row.key, date(2060, 1, 1), " ", "LW-RET-004"),
        (list_reports(rita)[1].key, date(2060, 1, 1), "x", "LW-RET-003"),
    ):
        with pytest.raises(StudyError, match=wrong):
            extend_retention(rita, key, until, why)
    with pytest.raises(AccessError, match="LW-ACC-003"):
        extend_retention(staffed.at("sten"), row.key, date(2060, 1, 1), "x")
    assert extend_retention(rita, row.key, date(2060, 1, 1), "an appeal").objects == 3
    retain_reports(rita, quiet)
    assert kept_until(staffed, row) == {date(2060, 1, 1)}
    with rita.registers.transaction() as register:
        told = register.events(1, EventFilter(entity=RETENTION))[0].event
    assert (told.action, told.actor, told.reason) == ("retention extended", "rita", "an appeal")


def test_what_a_crash_left_undone_is_named_and_done(staffed: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store stops after two objects: the report is released, the scrub names the others, `retain` ends it."""
    from connectors.archive_folder import FolderArchive

    keep, calls = FolderArchive.retain, []

    def fail_third(archive: Any, key: str, until: datetime) -> Any:
        calls.append(key)
        if len(calls) > 2:
            raise StoreError("LW-ARC-005", "the archive folder cannot be used", where=key, next_step="wait")
        return keep(archive, key, until)

    set_rules(staffed.at("rita"), STUDY, Retention(rules=(ATMP,)))
    monkeypatch.setattr(FolderArchive, "retain", fail_third)
    with pytest.raises(StoreError, match=r"LW-RET-001: .*is released, but"):
        release(staffed)
    row = list_reports(staffed.at("sten"))[0]
    assert row.state is ReportState.RELEASED
    assert set(problems(staffed)) == {"LW-SCR-011"}
    assert calls[0] == row.manifest_key
    monkeypatch.undo()
    (done,) = retain_reports(staffed.at("otto"), quiet)
    assert (done.changed, done.objects) == (False, 1)
    assert problems(staffed) == []


def test_a_legal_hold_is_placed_shown_and_lifted(staffed: House) -> None:
    """On any report, by who may release; who, when and why are in the trail; the drill rebuilds it."""
    row, rita = list_reports(staffed.at("sten"))[1], staffed.at("rita")
    with pytest.raises(StudyError, match="LW-HLD-002"):
        hold_report(rita, row.key, False, "none there")
    with pytest.raises(StudyError, match="LW-HLD-001"):
        hold_report(rita, row.key, True, " ")
    for who in ("sten", "otto", "dana"):
        with pytest.raises(AccessError, match="LW-ACC-003"):
            hold_report(staffed.at(who), row.key, True, "x")
    placed = hold_report(rita, row.key, True, "inspection 2026-17")
    assert (placed.before, placed.objects, placed.kept_by_store) == (None, 3, True)
    again = hold_report(rita, row.key, True, "another reason")
    assert again.before is not None
    assert (again.before.why, again.objects) == ("inspection 2026-17", 0)
    assert {key: each.why for key, each in standing_holds(rita).items()} == {row.key: "inspection 2026-17"}
    chain = trace_report(staffed.at("sten"), row.key, quiet)
    assert chain.hold is not None
    assert (chain.hold.by, chain.hold.why) == ("rita", "inspection 2026-17")
    found = scrub_archive(staffed.at("otto"), quiet)
    assert (found.problems, len(found.held)) == ([], 1)
    drilled = drill_rebuild(staffed.at("otto"), quiet)
    assert (drilled.differences, drilled.problems) == ((), ())
    lifted = hold_report(rita, row.key, False, "inspection closed")
    assert (lifted.before is not None, lifted.objects) == (True, 3)
    assert standing_holds(rita) == {}
    with rita.registers.transaction() as register:
        told = [(each.event.action, each.event.reason) for each in register.events(9, EventFilter(entity=HOLD))]
    assert told == [("legal hold lifted", "inspection closed"), ("legal hold placed", "inspection 2026-17")]
    assert problems(staffed) == []
    verify_audit(staffed.at("otto"), quiet, {})


def test_a_hold_taken_away_by_hand_is_found(staffed: House) -> None:
    """And so is a shortened retention."""
    set_rules(staffed.at("rita"), STUDY, Retention(rules=(ATMP,)))
    row, _ = release(staffed)
    hold_report(staffed.at("rita"), row.key, True, "inspection")
    kept = staffed.home / "archive" / ".kept"
    os.unlink(kept / f"{row.pdf_key}.json")
    manifest = kept / f"{row.manifest_key}.json"
    text = manifest.read_text().replace('"held": true', '"held": false')
    manifest.chmod(0o644)
    manifest.write_text(text)
    assert sorted(problems(staffed)) == ["LW-SCR-011", "LW-SCR-012"]


class Drafting(SmallWiring):
    """A small study whose reports are drafts, with a clock that a test moves."""

    moved: MovedClock

    @property
    def clock(self) -> Any:
        """The moved one."""
        return self.moved


@pytest.fixture
def drafting(tmp_path: Path) -> Iterator[tuple[Drafting, Path]]:
    from runtime.settings import Settings

    home = tmp_path / "home"
    wiring = Drafting(Settings(home=home, archive=str(home / "archive"), user="ada"))
    wiring.moved = MovedClock()
    yield wiring, write_small_study(tmp_path / "study")
    wiring.close()


def make_draft(wiring: Drafting, study_file: Path, term: str = "headache") -> ReportRow:
    """A draft of the data with another term."""
    file = study_file.parent / "data" / "ae.csv"
    file.write_text(file.read_text().replace("S1,1,headache", f"S1,1,{term}"))
    return run_small(wiring, study_file).reports[0].row


def test_drafts_past_their_period_are_removed(drafting: tuple[Drafting, Path]) -> None:
    """A superseded one and one on hold: row and objects go, the trail says what it was, what is held stays, and so
    does what a held one names. Then the same draft is made again."""
    wiring, study_file = drafting
    first = make_draft(wiring, study_file)
    assert first.state is ReportState.ARCHIVED_DRAFT
    second = make_draft(wiring, study_file, "migraine")
    assert old_drafts(wiring, None) == []
    wiring.moved.ahead = 2 * YEAR
    assert [(draft.row.key, draft.stays) for draft in old_drafts(wiring, None)] == [(first.key, ""), (second.key, "")]
    hold_report(wiring, first.key, True, "inspection")
    stays = {draft.row.key: draft.stays for draft in old_drafts(wiring, "SMALL-1")}
    assert stays[first.key].startswith("legal hold since")
    assert stays[second.key] == f"draft {first.key[:12]}, which it superseded, stays"
    assert remove_drafts(wiring, None, quiet).rows == ()
    hold_report(wiring, first.key, False, "inspection closed")
    done = remove_drafts(wiring, None, quiet)
    assert ({row.key for row in done.rows}, done.objects) == ({first.key, second.key}, 10)
    assert list_reports(wiring) == []
    assert list(wiring.archive.keys("reports/")) == []
    with wiring.registers.transaction() as register:
        told = register.events(1, EventFilter(action="draft removed", entity="report", entity_id=first.key))[0].event
    assert (told.old or {})["pdf_sha256"] == first.pdf_sha256
    assert scrub_archive(wiring, quiet).problems == []
    assert drill_rebuild(wiring, quiet).passed
    remade = make_draft(wiring, study_file)
    assert (remade.key, remade.pdf_sha256) == (second.key, second.pdf_sha256)
    assert scrub_archive(wiring, quiet).problems == []
    assert remove_drafts(wiring, None, quiet).rows == ()


def test_a_removal_that_was_interrupted_goes_on(
    drafting: tuple[Drafting, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is gone, some objects are not: the scrub says so, and the next removal ends it."""
    from connectors.archive_folder import FolderArchive

    wiring, study_file = drafting
    make_draft(wiring, study_file)
    wiring.moved.ahead = 2 * YEAR
    remove, calls = FolderArchive.remove, []

    def fail_third(archive: Any, key: str, now: datetime) -> bool:
        calls.append(key)
        if len(calls) > 2:
            raise StoreError("LW-ARC-005", "the archive folder cannot be used", where=key, next_step="wait")
        return bool(remove(archive, key, now))

    monkeypatch.setattr(FolderArchive, "remove", fail_third)
    with pytest.raises(LongwatchError, match="LW-ARC-005"):
        remove_drafts(wiring, None, quiet)
    assert calls[0].endswith("/manifest.json")
    monkeypatch.undo()
    assert {each.error_id for each in scrub_archive(wiring, quiet).problems} == {"LW-SCR-013"}
    done = remove_drafts(wiring, None, quiet)
    assert (done.rows, done.objects) == ((), 3)
    assert scrub_archive(wiring, quiet).problems == []


def test_no_final_report_is_ever_a_draft_to_remove(staffed: House) -> None:
    """Candidates and released ones stay, however old; and only who may release removes drafts."""
    release(staffed)
    staffed.clock.ahead = 20 * YEAR
    staffed.log_in("rita")
    staffed.log_in("sten")
    assert old_drafts(staffed.at("rita"), STUDY) == []
    for row in list_reports(staffed.at("rita")):
        event = make_event(staffed.at("rita"), "draft removed", "report", row.key, {"folder": "x"})
        with pytest.raises(IntegrityError, match="LW-REG-029"), staffed.at("rita").registers.transaction() as register:
            register.remove_draft(row.key, event)
    assert remove_drafts(staffed.at("rita"), STUDY, quiet).rows == ()
    with pytest.raises(AccessError, match="LW-ACC-003"):
        remove_drafts(staffed.at("sten"), STUDY, quiet)
