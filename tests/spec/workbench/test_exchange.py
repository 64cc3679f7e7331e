"""Findings given out as a file, filled by people, and taken back."""

from __future__ import annotations

import csv
import random
import re
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest

from connectors.findings_exchange import FileFindingsExchange
from connectors.inert_text import as_written, inert
from longwatch.errors import StoreError, StudyError
from longwatch.findings.exchange import COLUMNS, FilledRow, ask, cell_text, row_of
from longwatch.findings.exchange_sheets import FindingsBook, make_book
from longwatch.findings.inputs import RuleInputs
from longwatch.findings.life import KnownFinding
from longwatch.findings.selection import FindingFilter
from longwatch.findings.states import Act, FindingState
from longwatch.study import Study
from operations.exchange_findings import export_findings, import_findings
from operations.finding_acts import carry_out, findings_of, history_of, requests_for
from operations.ports import Adapters
from tests.spec.workbench.known_findings import finding, known

ENDINGS = [".xlsx", ".csv", ".json"]
LATER = (date.today() + timedelta(days=90)).isoformat()  # noqa: DTZ011 - a waiver's last day, in any zone
STARTS = (
    "=", "+", "-", "@", "\t", "\r", "\n", "'", "''=", " =", "\u00a0=", "\u200b=", "\ufeff@", "＝", "＋", "－", "＠",
    "﹦", "−", "|", "%", "=cmd|' /C calc'!A0", "=HYPERLINK(\"http://x\")", "http://x", "mailto:a@b", "_x0041_", "\x00=",
    "<b>&", "مر=", "漢",
)  # fmt: skip


def hostile(count: int) -> list[str]:
    """Strings that a spreadsheet program could take for more than text."""
    chance = random.Random(5)
    signs = "=+-@\t\r\n'\"<>&;,|%! \u202e\u200b\ud7ff漢א\x01\x7f_x00＝0A"
    return [chance.choice(STARTS) + "".join(chance.choices(signs, k=chance.randint(0, 12))) for _ in range(count)]


def book_of(findings: list[KnownFinding]) -> FindingsBook:
    return make_book("S", findings, (), {}, {}, [("Study", "S")])


def rows_asked(file: Path, findings: list[KnownFinding]) -> list[object]:
    rows = FileFindingsExchange().read(str(file))
    return list(ask(rows, {item.finding.fingerprint: item for item in findings}))


@pytest.mark.parametrize("ending", ENDINGS)
def test_ten_thousand_hostile_strings_are_text_and_come_back_as_they_were(tmp_path: Path, ending: str) -> None:
    """No formula, no link, no cell that a program evaluates; what is read back is what was written."""
    texts = hostile(10_000)
    findings = [
        known(finding("SR01", "AE", "S", str(place), {"AETERM": text}, message=text))
        for place, text in enumerate(texts)
    ]
    file = tmp_path / f"findings{ending}"
    book = book_of(findings)
    FileFindingsExchange().write(str(file), book)
    if ending == ".xlsx":
        with zipfile.ZipFile(file) as archive:
            sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/" in name]
            assert not any(re.search(r"<f[ >/]|<hyperlink|t=\"str\"", text) for text in sheets)
            assert not any("externalLink" in name or "hyperlink" in name for name in archive.namelist())
    elif ending == ".csv":
        with file.open(encoding="utf-8-sig", newline="") as lines:
            cells = [cell for row in csv.reader(lines) for cell in row]
        assert [
            cell for cell in cells if cell.lstrip("\u200b\ufeff\u202e\x01 \u00a0").startswith(tuple("=+-@＝＋－＠\t\r"))
        ] == []
    rows = FileFindingsExchange().read(str(file))
    assert [row.cells["message"] for row in rows] == [cell_text(text) for text in texts]
    asked = ask(rows, {item.finding.fingerprint: item for item in findings})
    assert [row for row in asked if row.requests or row.refused] == []


def test_a_cell_of_csv_comes_back_as_it_was() -> None:
    texts = hostile(2_000)
    assert [as_written(inert(text)) for text in texts] == texts


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_filled_in_becomes_acts(
    tmp_path: Path, ending: str, adapters: Adapters, study: tuple[Study, str], quiet: Callable[[str], None]
) -> None:
    """Assignee, comment and waiver in one row; an answer in another; all other rows are left alone."""
    file = tmp_path / f"out{ending}"
    count = export_findings(adapters, study[0].id, FindingFilter(), str(file), progress=quiet)
    rows = FileFindingsExchange().read(str(file))
    assert len(rows) == count == len(findings_of(adapters, study[0].id))
    waived, answered = (row.cells["id"] for row in rows[:2])
    fill(
        file,
        {
            waived: {
                "state": "waived",
                "reason": "=confirmed",
                "waive until": LATER,
                "assignee": "bea",
                "comment": "<b>&",
            },
            answered: {"answer": "The site says no."},
        },
    )
    done = import_findings(adapters, study[0].id, str(file))
    assert (done.changed, done.untouched, done.refused) == (2, count - 2, ())
    shown = history_of(adapters, study[0].id, waived, RuleInputs())
    assert [line.act for line in shown.history] == [Act.SEEN, Act.ASSIGN, Act.COMMENT, Act.WAIVE]
    assert (shown.known.state, shown.known.assignee) == (FindingState.WAIVED, "bea")
    assert shown.history[-1].text == "=confirmed"
    assert history_of(adapters, study[0].id, answered, RuleInputs()).known.state is FindingState.ANSWERED
    again = import_findings(adapters, study[0].id, str(file))
    assert again.changed == 0
    assert [cell.reason.partition(":")[0] for cell in again.refused] == ["it changed meanwhile"] * 2


def test_a_row_whose_finding_changed_meanwhile_is_refused_by_name(
    tmp_path: Path, adapters: Adapters, study: tuple[Study, str], quiet: Callable[[str], None]
) -> None:
    file = tmp_path / "out.xlsx"
    export_findings(adapters, study[0].id, FindingFilter(), str(file), progress=quiet)
    first, second = findings_of(adapters, study[0].id)[:2]
    carry_out(adapters, study[0].id, requests_for([first], Act.COMMENT, "meanwhile"))
    fill(file, {item.finding.fingerprint: {"answer": "yes"} for item in (first, second)})
    done = import_findings(adapters, study[0].id, str(file))
    assert done.changed == 1
    (cell,) = done.refused
    assert (cell.rule_id, cell.record) == (first.finding.rule_id, first.finding.record_key)
    assert cell.address.startswith("Details!A")
    assert "you saw version 1, now it is version 2" in cell.reason
    assert history_of(adapters, study[0].id, first.finding.fingerprint, RuleInputs()).known.version == 2


def test_a_row_is_done_whole_or_not_at_all(
    tmp_path: Path, adapters: Adapters, study: tuple[Study, str], quiet: Callable[[str], None]
) -> None:
    """An assignee with a waiver whose last day is over: neither is done."""
    file = tmp_path / "out.csv"
    export_findings(adapters, study[0].id, FindingFilter(), str(file), progress=quiet)
    item = findings_of(adapters, study[0].id)[0]
    wanted = {"assignee": "bea", "state": "waived", "reason": "because", "waive until": "2020-01-01"}
    fill(file, {item.finding.fingerprint: wanted})
    done = import_findings(adapters, study[0].id, str(file))
    assert [cell.reason for cell in done.refused] == ["the waiver's last day, 2020-01-01, is over"]
    assert history_of(adapters, study[0].id, item.finding.fingerprint, RuleInputs()).known.version == 1


ITEM = known(finding("SR01", "AE", "S-1", "1", {"AESER": "Y"}))
NOT_SETTABLE = "is none that a person can set (open, answered, waived, false positive, reopened)"
NO_DATE = "is no date such as 2026-12-31"
NO_REASON = "a reason belongs to waived, false positive or reopened, not to open"
ADDRESSES = {name: f"Details!{name}" for name in COLUMNS}


@pytest.mark.parametrize(
    ("edits", "refused"),
    [
        # a protected cell, or the seal
        ({"message": "better"}, {"message": "a protected cell was edited"}),
        ({"id": "0" * 64, "severity": "note"}, dict.fromkeys(("id", "severity"), "a protected cell was edited")),
        ({"seal": "x", "answer": "yes"}, {"seal": "the seal of this row was changed or is of another row"}),
        # states
        ({"state": "fixed"}, {"state": f"'fixed' {NOT_SETTABLE}"}),
        ({"state": ""}, {"state": f"'no state' {NOT_SETTABLE}"}),
        ({"state": "answered"}, {"answer": "answered needs an answer"}),
        ({"state": "waived", "reason": "why"}, {"waive until": "a waiver needs its last day"}),
        ({"state": "waived", "waive until": "2030-01-01"}, {"reason": "waived needs a reason"}),
        ({"state": "waived", "reason": "why", "waive until": "soon"}, {"waive until": f"'soon' {NO_DATE}"}),
        ({"state": "waived", "reason": "why", "waive until": "2030-02-30"}, {"waive until": f"'2030-02-30' {NO_DATE}"}),
        ({"state": "open", "reason": "why"}, {"reason": NO_REASON}),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_by_its_cell(edits: dict[str, str], refused: dict[str, str]) -> None:
    row = FilledRow({**row_of(ITEM, ""), **edits}, ADDRESSES)
    (answer,) = ask([row], {ITEM.finding.fingerprint: ITEM})
    assert answer.requests == ()
    assert {cell.address.removeprefix("Details!"): cell.reason for cell in answer.refused} == refused


def test_a_finding_in_two_rows_is_taken_once() -> None:
    row = FilledRow({**row_of(ITEM, ""), "answer": "yes"}, ADDRESSES)
    first, second = ask([row, row], {ITEM.finding.fingerprint: ITEM})
    assert [request.act for request in first.requests] == [Act.ANSWER]
    assert second.refused[0].reason == "the same finding is filled in at Details!id already"


def test_the_workbook_protects_all_but_what_is_filled(tmp_path: Path) -> None:
    file = tmp_path / "findings.xlsx"
    FileFindingsExchange().write(str(file), book_of([ITEM]))
    book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["How to fill", "Dataset Summary", "Issue Summary", "Groups", "Rules", "Details"]
    sheet = book["Details"]
    assert sheet.protection.sheet
    free = [cell.value for cell in sheet[1] if not sheet.cell(2, cell.column).protection.locked]
    assert free == ["state", "assignee", "answer", "comment", "reason", "waive until"]
    assert sheet.freeze_panes == "A2"
    assert [rule.formula1 for rule in sheet.data_validations.dataValidation if rule.type == "list"] == [
        '"open,answered,waived,false positive,reopened"'
    ]


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.findings_workbook.SHEET_ROWS", 4)
    findings = [known(finding("SR01", "AE", "S", str(place), {})) for place in range(8)]
    file = tmp_path / "findings.xlsx"
    FileFindingsExchange().write(str(file), book_of(findings))
    rows = FileFindingsExchange().read(str(file))
    assert [row.cells["record"][-1] for row in rows] == list("01234567")
    assert [row.addresses["id"] for row in rows][2:4] == ["Details!A4", "Details 2!A2"]


def test_a_file_that_people_filled_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "findings.csv"
    FileFindingsExchange().write(str(file), book_of([ITEM]))
    with pytest.raises(StoreError, match="LW-XCH-002"):
        FileFindingsExchange().write(str(file), book_of([ITEM]))


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.txt", b"", "LW-XCH-001"),
        ("a.json", b"{", "LW-XCH-004"),
        ("a.json", b'{"rows": []}', "LW-XCH-004"),
        ("a.csv", b"id,version\n", "LW-XCH-005"),
        ("a.xlsx", b"PK", "LW-SRC-080"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, name: str, content: bytes, error: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(Exception, match=error):
        FileFindingsExchange().read(str(file))


def test_an_unknown_column_is_named_by_its_address(tmp_path: Path) -> None:
    file = tmp_path / "findings.xlsx"
    FileFindingsExchange().write(str(file), book_of([ITEM]))
    book = openpyxl.load_workbook(file)
    book["Details"]["V1"] = "my remark"
    book.save(file)
    with pytest.raises(StudyError, match=r"LW-XCH-005.*V1 'my remark'"):
        FileFindingsExchange().read(str(file))


def fill(file: Path, edits: dict[str, dict[str, str]]) -> None:
    """Fill in cells as a person does: in the workbook by openpyxl, elsewhere in the text."""
    if file.suffix == ".xlsx":
        book = openpyxl.load_workbook(file)
        sheet = book["Details"]
        columns = {cell.value: cell.column for cell in sheet[1]}
        for row in range(2, sheet.max_row + 1):
            for name, value in edits.get(str(sheet.cell(row, columns["id"]).value), {}).items():
                cell = sheet.cell(row, columns[name])
                cell.value, cell.data_type = value, "s"
        book.save(file)
        return
    exchange = FileFindingsExchange()
    rows = [{**row.cells, **edits.get(row.cells["id"], {})} for row in exchange.read(str(file))]
    file.unlink()
    exchange.write(str(file), FindingsBook("S", (), tuple(tuple(row[name] for name in COLUMNS) for row in rows)))
