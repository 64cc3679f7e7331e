"""Reports of other tools, read: Pinnacle 21 (XLSX, or the details as CSV) and CDISC CORE (JSON).

Pinnacle 21 lists at most 1,000 issues of a rule in a dataset; where its issue summary (a sheet of the workbook, or a
CSV file beside the details whose name has `issue_summary` for `details`) counts more, the rule is marked as cut short
there. Without a summary 1,000 lines are taken to be cut short. Source: reports of Pinnacle 21 Community 4.0 as
published; the JSON report of cdisc-rules-engine (its sections are read whatever the case of their names).
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from connectors.readers.xlsx import check_parts, open_workbook
from longwatch.errors import StudyError
from longwatch.findings.elsewhere import ForeignIssue, ForeignReport, ids_in
from longwatch.standards.hashing import sha256_of_bytes

MOST_LISTED = 1000
_P21_ID = ("pinnacle 21 id", "p21_id")
_HEADER_ROWS = 10


def read_foreign_report(file: str) -> ForeignReport:
    """The report of a file.

    Raises StudyError LW-ELS-001 where it cannot be read as one, SourceError LW-SRC-080 and -087 (no workbook).
    """
    path = Path(file)
    try:
        content = path.read_bytes()
        if path.suffix.lower() == ".json":
            return _core(content, path)
        if path.suffix.lower() == ".xlsx":
            return _pinnacle(_sheets(path), content)
        if path.suffix.lower() == ".csv":
            return _pinnacle(_csv_files(path, content), content)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError, KeyError, TypeError, AttributeError) as refused:
        raise _no_report(path, str(getattr(refused, "strerror", None) or refused)) from refused
    raise _no_report(path, f"a file that ends in {path.suffix or 'nothing'}")


def _no_report(path: Path, why: str) -> StudyError:
    return StudyError(
        "LW-ELS-001",
        "it cannot be read as a report of another tool",
        where=str(path),
        expected="a Pinnacle 21 report (.xlsx, or its details as .csv) or a CDISC CORE report (.json)",
        found=why,
        next_step="have the tool write its report anew, and give that file",
    )


Rows = list[dict[str, str]]


def _pinnacle(tables: Mapping[str, Rows], content: bytes) -> ForeignReport:
    details = tables.get("details")
    if details is None:
        raise ValueError("it has no details with a column Pinnacle 21 ID")
    summary = tables.get("issue summary", [])
    counted: Counter[tuple[str, str]] = Counter()
    same: dict[str, tuple[str, ...]] = {}
    for row in summary:
        rule = _of(row, *_P21_ID)
        counted[rule, _of(row, "source", "domain").upper()] += int(_of(row, "found") or 0)
        same[rule] = ids_in(_of(row, "publisher id", "publisher_id"))
    issues = tuple(_pinnacle_issue(row, same) for row in details if _of(row, *_P21_ID))
    listed: Counter[tuple[str, str]] = Counter()
    lines: Counter[tuple[str, str]] = Counter()
    for issue in issues:
        listed[issue.rule_id, issue.dataset] += issue.count
        lines[issue.rule_id, issue.dataset] += 1
    cut = {key for key, count in counted.items() if lines[key] >= MOST_LISTED and listed[key] < count}
    if not summary:
        cut = {key for key, count in lines.items() if count >= MOST_LISTED}
    datasets = frozenset(_of(row, "domain", "dataset").upper() for row in tables.get("dataset summary", ())) - {""}
    return ForeignReport("P21", "Pinnacle 21", sha256_of_bytes(content), issues, datasets or None, frozenset(cut))


def _pinnacle_issue(row: Mapping[str, str], same: Mapping[str, tuple[str, ...]]) -> ForeignIssue:
    rule, record, count = _of(row, *_P21_ID), _of(row, "record"), _of(row, "count")
    return ForeignIssue(
        rule_id=rule,
        dataset=_of(row, "domain", "dataset").upper(),
        message=_of(row, "message"),
        record=int(record) if record.isdigit() else None,
        values=_pairs(_of(row, "variables", "variable"), row.get("values") or ""),
        severity=_of(row, "severity"),
        count=int(count) if count.isdigit() else 1,
        same_as=same.get(rule, ()),
    )


def _pairs(names: str, values: str) -> dict[str, str]:
    """Names and values that stand in one cell each. Where a value holds a comma itself, all are kept as one."""
    keys, found = names.split(", ") if names else [], values.split(", ")
    if len(keys) == 1:
        return {keys[0]: values}
    if len(keys) == len(found):
        return dict(zip(keys, found, strict=True))
    return {names: values} if names else {}


def _of(row: Mapping[str, str], *names: str) -> str:
    return next((row[name].strip() for name in names if row.get(name)), "")


def _csv_files(path: Path, content: bytes) -> dict[str, Rows]:
    tables = {"details": _csv_rows(content)}
    if not any(name in tables["details"][0] for name in _P21_ID) if tables["details"] else True:
        raise ValueError("its header has no Pinnacle 21 ID")
    for title in ("issue summary", "dataset summary"):
        beside = path.with_name(re.sub("details", title.replace(" ", "_"), path.name))
        if beside != path and beside.is_file():
            tables[title] = _csv_rows(beside.read_bytes())
    return tables


def _csv_rows(content: bytes) -> Rows:
    lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    header = [name.strip().lower() for name in next(lines, [])]
    return [dict(zip(header, cells, strict=False)) for cells in lines if any(cells)]


def _sheets(path: Path) -> dict[str, Rows]:
    check_parts(path, path.name)
    tables: dict[str, Rows] = {}
    with open_workbook(path, path.name, values=True) as book:
        for sheet in book.worksheets:
            title = sheet.title.strip().lower()
            if title in ("details", "issue summary", "dataset summary"):
                tables[title] = list(_sheet_rows(sheet.iter_rows(values_only=True)))
    return tables


def _sheet_rows(rows: Iterator[Sequence[Any]]) -> Iterator[dict[str, str]]:
    """The rows below the first that has a header's words; a dataset that is named once stands for the rows below it."""
    header: list[str] = []
    last = ""
    for number, values in enumerate(rows):
        cells = ["" if value is None else str(value) for value in values]
        if not header:
            names = [cell.strip().lower() for cell in cells]
            if {"domain", "source", "dataset"} & set(names):
                header = names
            elif number >= _HEADER_ROWS:
                return
            continue
        row = dict(zip(header, cells, strict=False))
        key = next(name for name in ("domain", "source", "dataset") if name in row)
        last = row[key] = row[key] or last
        if any(cells):
            yield row


def _core(content: bytes, path: Path) -> ForeignReport:
    sections = {str(name).lower(): value for name, value in orjson.loads(content).items()}
    about, rules = sections["conformance_details"], sections.get("rules_report") or []
    same = {
        str(rule["core_id"]): ids_in(f"{rule.get('cdisc_rule_id') or ''} {rule.get('fda_rule_id') or ''}")
        for rule in rules
    }
    issues = tuple(_core_issue(item, same) for item in sections["issue_details"])
    datasets = frozenset(_stem(str(item["filename"])) for item in sections.get("dataset_details") or ())
    name = f"CDISC CORE {about.get('CORE_Engine_Version') or ''}".strip()
    return ForeignReport("CORE", name, sha256_of_bytes(content), issues, datasets or None)


def _core_issue(item: Mapping[str, Any], same: Mapping[str, tuple[str, ...]]) -> ForeignIssue:
    rule, row = str(item["core_id"]), str(item.get("row") or "")
    names: Iterable[Any] = item.get("variables") or ()
    values = ("" if value is None else str(value) for value in item.get("values") or ())
    return ForeignIssue(
        rule_id=rule,
        dataset=_stem(str(item["dataset"])),
        message=str(item["message"]),
        record=int(row) if row.isdigit() else None,
        values=dict(zip(map(str, names), values, strict=False)),
        same_as=same.get(rule, ()),
    )


def _stem(name: str) -> str:
    return name.partition(".")[0].upper()
