"""Ten thousand findings given out as a workbook and taken back, with the registers: docs/bench-exchange.md.

The findings are those of CDISCPILOT01 as published, validated by our rules; of them those of the most frequent rules,
10,000 or a few more. Out: read from the registers, grouped, written. Back, twice: as it went out, where every cell is
compared and nothing is asked; and with an assignee and a comment in every row, which is 20,000 audited changes. Beside
it, openpyxl alone: the same cells into one plain sheet, and read. Imports are in none of the seconds.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl

from bench.watched import ROOT, timed
from connectors.findings_exchange import FileFindingsExchange
from longwatch.findings.selection import FindingFilter, select_findings
from operations.exchange_findings import export_findings, import_findings
from operations.group_findings import findings_and_groups
from operations.validate import validate_study
from runtime.settings import Settings
from runtime.study_files import read_study
from runtime.wiring import Wiring

PILOT = ROOT / "tests" / "studies" / "cdiscpilot01.yaml"
FINDINGS = 10_000
SAID = {"assignee": "bea", "comment": "Asked at the site."}


def rules_of(wiring: Wiring, study_id: str) -> tuple[str, ...]:
    """So many rules that their findings are 10,000 at least, the most frequent first."""
    known, _ = findings_and_groups(wiring, study_id)
    counts: dict[str, int] = {}
    for item in known:
        counts[item.finding.rule_id] = counts.get(item.finding.rule_id, 0) + 1
    chosen: list[str] = []
    for rule in sorted(counts, key=lambda rule: -counts[rule]):
        if sum(counts[each] for each in chosen) < FINDINGS:
            chosen.append(rule)
    return tuple(chosen)


def fill(file: Path) -> None:
    """An assignee and a comment in every row, as a person fills them."""
    book = openpyxl.load_workbook(file)
    sheet = book["Details"]
    columns = {cell.value: number for number, cell in enumerate(sheet[1], start=1)}
    for row in range(2, sheet.max_row + 1):
        for name, value in SAID.items():
            sheet.cell(row, columns[name]).value = value
    book.save(file)


def plain(file: Path, again: Path) -> Iterator[str]:
    """The same cells by openpyxl alone."""
    sheet, read, _ = timed(lambda: list(openpyxl.load_workbook(file, read_only=True)["Details"].values))

    def write() -> None:
        book = openpyxl.Workbook(write_only=True)
        page = book.create_sheet("Details")
        for row in sheet:
            page.append(row)
        book.save(again)

    _, written, _ = timed(write)
    yield f"| openpyxl alone: writing the same cells | {written:.1f} s | – | {len(sheet) - 1:,} |"
    yield f"| openpyxl alone: reading them | {read:.1f} s | – | {len(sheet) - 1:,} |"


def lines_in(folder: Path) -> Iterator[str]:
    """Each measurement, as a line of the table."""
    wiring = Wiring(Settings(home=folder / "home", user="ada"))
    study, place = read_study(PILOT)
    validate_study(wiring, study, place, progress=lambda _: None)
    wanted = FindingFilter(rules=rules_of(wiring, study.id))
    file = folder / "findings.xlsx"
    count, out, cpu = timed(lambda: export_findings(wiring, study.id, wanted, str(file), progress=lambda _: None))
    yield f"| out | **{out:.1f} s** | {cpu:.1f} s | {count:,} |"
    done, back, cpu = timed(lambda: import_findings(wiring, study.id, str(file)))
    assert (done.rows, done.untouched, done.changed, done.refused) == (count, count, 0, ())
    yield f"| back, as it went out | **{back:.1f} s** | {cpu:.1f} s | {done.rows:,} |"
    fill(file)
    done, back, cpu = timed(lambda: import_findings(wiring, study.id, str(file)))
    assert (done.changed, done.refused) == (count, ())
    known = select_findings(findings_and_groups(wiring, study.id)[0], wanted, wiring.clock())
    assert {item.assignee for item in known} == {SAID["assignee"]}
    assert len(FileFindingsExchange().read(str(file))) == count
    yield f"| back, two acts in every row | **{back:.1f} s** | {cpu:.1f} s | {done.changed:,} |"
    yield from plain(file, folder / "plain.xlsx")
    wiring.close()


def main() -> None:
    """Measure, print, and write docs/bench-exchange.md."""
    if not (ROOT.parent / "shared" / "data" / "MANIFEST.csv").is_file():
        raise SystemExit("CDISCPILOT01 is not beside this folder (../shared/data)")
    lines = [
        "# Findings out and back, measured",
        "",
        f"By `python -m bench exchange`, on {os.cpu_count()} cores: findings of CDISCPILOT01 as an XLSX workbook, with",
        "the registers (SQLite, every act audited). Imports are in none of the seconds.",
        "",
        "| what | seconds | processor | findings |",
        "|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for line in lines_in(Path(folder)):
            lines.append(line)
            sys.stdout.write(line + "\n")
    (ROOT / "docs" / "bench-exchange.md").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
