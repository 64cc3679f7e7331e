"""A finding's whole life on the bundled study: draft, waived, candidate, waiver over, draft, data corrected, fixed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from pypdf import PdfReader

import runtime.wiring
from longwatch.standards.hashing import sha256_of_bytes
from simulation import generate, write
from simulation.layout import layouts
from simulation.xpt import write_xpt

pytestmark = pytest.mark.xdist_group("e2e")

REASON = "the site confirmed the source document"


def run_of(longwatch: Any, study: Path) -> dict[str, Any]:
    said = longwatch("run", study / "study.yaml", "--direct", "--json")
    assert said.code == 0, said.err
    return dict(json.loads(said.out))


def listed(longwatch: Any, *filters: object) -> list[dict[str, Any]]:
    return list(json.loads(longwatch("findings", "list", "ISLET-1", *filters, "--json").out))


def text_of(report: dict[str, Any]) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(report["pdf"]).pages).split())


def pass_days(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """The clock goes on by so many days."""
    monkeypatch.setattr(runtime.wiring, "read_clock", lambda: datetime.now(UTC) + timedelta(days=days))


def reports_by_key(longwatch: Any) -> dict[str, dict[str, Any]]:
    rows = json.loads(longwatch("archive", "list", "--json").out)
    return {
        row["report_key"]: json.loads(longwatch("archive", "show", row["report_key"], "--json").out)[0] for row in rows
    }


def test_from_draft_to_clean(longwatch, islet1, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    # A waiver's last day is one of the study's own zone.
    until = datetime.now(ZoneInfo("Europe/Zurich")).date() + timedelta(days=2)

    # Day 1: errors are open, so the report is a draft, and its appendix lists them.
    first = run_of(longwatch, islet1)
    (draft,) = first["reports"]
    errors = first["open_findings"]["error"]
    assert draft["state"] == "archived-draft"
    assert errors > 0
    assert "No finding is waived or marked false positive." in text_of(draft)

    # They are waived: one false positive, all others until the day after tomorrow.
    one = listed(longwatch, "--severity", "error")[0]["finding"]
    said = longwatch("findings", "false-positive", "ISLET-1", "--finding", one[:12], "--reason", "the rule misreads it")
    assert said.code == 0, said.err
    waive = ("findings", "waive", "ISLET-1", "--severity", "error", "--state", "new", "--until", until,
             "--reason", REASON)  # fmt: skip
    assert longwatch(*waive).code == 2, "many findings, and nobody confirms"
    done = longwatch(*waive, "--yes", "--json")
    assert done.code == 0, done.err
    assert len(json.loads(done.out)["changed"]) == errors - 1
    assert json.loads(done.out)["refused"] == []

    # The next report is a candidate under another key; it supersedes the draft and names every waiver.
    second = run_of(longwatch, islet1)
    (candidate,) = second["reports"]
    assert candidate["state"] == "archived-candidate"
    assert second["findings"] == first["findings"]
    assert second["open_findings"]["error"] == 0
    printed = text_of(candidate)
    assert printed.count(REASON) == errors - 1
    assert until.isoformat() in printed
    assert "the rule misreads it" in printed
    assert "DRAFT" not in printed.replace("makes this report a DRAFT", "")
    kept = reports_by_key(longwatch)
    assert kept[draft["report_key"]]["superseded_by"] == candidate["report_key"]

    # Through its last day a waiver holds.
    pass_days(monkeypatch, 2)
    (same,) = run_of(longwatch, islet1)["reports"]
    assert (same["report_key"], same["already_archived"]) == (candidate["report_key"], True)

    # The day after, waivers are over: a draft again, and no earlier one, for it says what ended.
    pass_days(monkeypatch, 3)
    third = run_of(longwatch, islet1)
    (again,) = third["reports"]
    assert again["state"] == "archived-draft"
    assert again["report_key"] not in {draft["report_key"], candidate["report_key"]}
    assert third["open_findings"]["error"] == errors - 1
    assert f"the waiver of ada ended on {until}" in text_of(again)
    assert {row["state"] for row in listed(longwatch, "--severity", "error")} == {"reopened", "false positive"}

    # The data is corrected: everything closes itself, and the proof is the new snapshot.
    write(islet1, seed=1, plan=None)
    pass_days(monkeypatch, 4)
    fourth = run_of(longwatch, islet1)
    (clean,) = fourth["reports"]
    assert clean["state"] == "archived-candidate"
    fixed = listed(longwatch, "--severity", "error", "--state", "fixed")
    assert len(fixed) == errors - 1
    assert {row["proof"] for row in fixed} == {fourth["snapshot"]}
    assert reports_by_key(longwatch)[again["report_key"]]["superseded_by"] == clean["report_key"]

    # One finding tells its life, and so does the audit trail, without a patient's words.
    shown = json.loads(longwatch("findings", "show", "ISLET-1", fixed[0]["finding"][:10], "--json").out)
    assert [line["act"] for line in shown["history"]] == ["seen", "waive", "expired", "fixed"]
    assert shown["snapshots"] == [first["snapshot"]]
    assert shown["rule_in_words"]
    events = json.loads(longwatch("audit", "list", "--limit", "1000", "--json").out)
    told = [row["what"] for row in events if row["id"] == fixed[0]["finding"]]
    assert told == ["waiver expired", "finding waived"]
    assert [row["what"] for row in events].count("finding waived") == errors - 1
    assert [row["reason"] for row in events if row["what"] == "finding marked false positive"] == [
        "the rule misreads it"
    ]
    for report in (draft, candidate, again, clean):
        assert sha256_of_bytes(Path(report["pdf"]).read_bytes()) == report["sha256"]


def test_acts_say_what_they_mean_and_refuse_by_name(longwatch, reported) -> None:  # type: ignore[no-untyped-def]
    (first, second) = listed(longwatch, "--severity", "error")[:2]
    acts = ("findings", "assign", "ISLET-1", "--finding", first["finding"], "--to", "bo")
    assert longwatch(*acts, "--dry-run").out.strip().endswith("1 findings are meant; nothing was done.")
    assert longwatch(*acts).code == 0
    assert [row["finding"] for row in listed(longwatch, "--assignee", "bo")] == [first["finding"]]
    assert listed(longwatch, "--assignee", "bo")[0]["state"] == "open"
    both = ("--finding", first["finding"], "--finding", second["finding"])
    said = longwatch("findings", "open", "ISLET-1", *both, "--yes", "--json")
    assert said.code == 0
    assert [(row["finding"], row["reason"]) for row in json.loads(said.out)["refused"]] == [
        (first["finding"], "it is open already")
    ]
    assert longwatch("findings", "comment", "ISLET-1", *both, "--say", "asked by phone", "--yes").code == 0
    assert longwatch("findings", "answer", "ISLET-1", *both, "--say", "will be corrected", "--yes").code == 0
    assert {row["state"] for row in listed(longwatch, *both)} == {"answered"}
    shown = longwatch("findings", "show", "ISLET-1", first["finding"][:8]).out
    for words in ("asked by phone", "will be corrected", "assigned to", "in words", "History"):
        assert words in shown
    # The words of people stay in the history: the audit trail has none.
    assert "asked by phone" not in longwatch("audit", "list", "--json").out


@pytest.mark.parametrize(
    ("arguments", "error_id"),
    [
        (("waive", "ISLET-1", "--reason", "x", "--until", "2030-01-01"), "LW-CLI-009"),
        (("waive", "ISLET-1", "--rule", "ZZ99", "--reason", "x", "--until", "2030-01-01"), "LW-CLI-010"),
        (("comment", "ISLET-1", "--rule", "SR02", "--say", " ", "--yes"), "LW-CLI-012"),
        (("waive", "ISLET-1", "--rule", "SR02", "--reason", "x", "--until", "2020-01-01", "--yes"), "LW-CLI-012"),
        (("reopen", "ISLET-1", "--severity", "error", "--reason", "x"), "LW-CLI-011"),
        (("show", "ISLET-1", "abc"), "LW-FND-004"),
        (("show", "ISLET-1", "0000000000"), "LW-FND-005"),
        (("list", "ISLET-1", "--run", "nothing"), "LW-FND-006"),
    ],
)
def test_wrong_use_is_told(longwatch, reported, arguments, error_id) -> None:  # type: ignore[no-untyped-def]
    """Exit 2, one line, and nothing is written."""
    said = longwatch("findings", *arguments)
    assert said.code == 2
    assert said.err.startswith(error_id)
    assert {row["version"] for row in listed(longwatch)} == {1}


def write_events(study: Path, frame: pl.DataFrame) -> None:
    write_xpt(study / "data" / "ae.xpt", frame, layouts()["AE"])


def test_a_corrected_start_date_keeps_the_waiver(longwatch, islet1) -> None:  # type: ignore[no-untyped-def]
    """Events without the sponsor's ids: a waived finding's record gets another start date; all are shuffled."""
    events = generate(1, plan="default").frames["AE"].with_columns(AESPID=pl.lit(None, pl.String))
    write_events(islet1, events)
    run_of(longwatch, islet1)
    before = listed(longwatch, "--rule", "SR02")[0]
    act = ("--finding", before["finding"], "--reason", REASON, "--until", "2999-12-31")
    assert longwatch("findings", "waive", "ISLET-1", *act).code == 0

    its = (pl.col("USUBJID") == before["subject"]) & (pl.col("AESEQ") == float(before["locator"]["AESEQ"]))
    day = pl.col("AESTDTC").str.slice(0, 10).str.to_date(strict=False) - pl.duration(days=1)
    corrected = events.with_columns(
        AESTDTC=pl.when(its).then(day.dt.to_string("%Y-%m-%d")).otherwise("AESTDTC"),
        AESEQ=pl.int_range(pl.len(), 0, -1).over("USUBJID").cast(pl.Float64),
    )
    write_events(islet1, corrected[::-1])
    run_of(longwatch, islet1)
    assert listed(longwatch, "--finding", before["finding"]) == [], "its identity is another now"
    (after,) = listed(longwatch, "--rule", "SR02", "--state", "waived")
    assert (after["subject"], after["last_word"]["reason"]) == (before["subject"], REASON)
    shown = json.loads(longwatch("findings", "show", "ISLET-1", after["finding"], "--json").out)
    assert [line["act"] for line in shown["history"]][:3] == ["seen", "waive", "carried"]
    assert f"identity {before['finding'][:12]} is {after['finding'][:12]}" in shown["history"][2]["text"]
    assert len(shown["snapshots"]) == 2
