"""The workbook of findings as its readers know it: how to fill it, datasets, issues, details, rules.

Who knows Pinnacle 21's or CDISC CORE's report finds each sheet's role here; the details are whole, never the first
thousand. Source of the roles: the two engines' reports (spec B.1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from longwatch.findings.exchange import COLUMNS, SETTABLE, row_of
from longwatch.findings.finding import Severity
from longwatch.findings.groups import FindingGroup
from longwatch.findings.life import KnownFinding

DETAILS = "Details"
HOW_TO = "How to fill"

_FILLING = (
    ("state", f"one of {', '.join(state.value for state in SETTABLE)}; leave it where nothing changes"),
    ("assignee", "whom the finding is given to; emptied, it is nobody's"),
    ("answer", "what was found out; the state becomes answered"),
    ("comment", "a remark; the state stays"),
    ("reason", "why it is waived, a false positive or reopened"),
    ("waive until", "the waiver's last day, such as 2026-12-31"),
)


@dataclass(frozen=True)
class Sheet:
    """A sheet of text: header, rows, widths of its columns in characters."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]
    widths: tuple[int, ...]


@dataclass(frozen=True)
class FindingsBook:
    """Findings given out. `rows`: the cells of the details, by COLUMNS."""

    study_id: str
    sheets: tuple[Sheet, ...]
    rows: tuple[tuple[str, ...], ...]


def make_book(
    study_id: str,
    findings: Sequence[KnownFinding],
    groups: Sequence[FindingGroup],
    group_of: Mapping[str, str],
    rules: Mapping[str, tuple[str, str]],
    facts: Sequence[tuple[str, str]],
) -> FindingsBook:
    """All sheets but the details, and the details' rows in the order given.

    `groups`: those of these findings. `group_of`: fingerprint to group id. `rules`: title and explanation by rule id,
    as far as they are known. `facts`: what was given out, when, by which filters.
    """
    rows = tuple(
        tuple(cells[name] for name in COLUMNS)
        for cells in (row_of(item, group_of.get(item.finding.fingerprint, "")) for item in findings)
    )
    sheets = (_how_to(facts), _datasets(findings), _issues(findings), _groups(groups), _rules(findings, rules))
    return FindingsBook(study_id, sheets, rows)


def _how_to(facts: Sequence[tuple[str, str]]) -> Sheet:
    rows = [
        *facts,
        ("How to", f"Fill the white columns of {DETAILS}, save, and give the file to `longwatch findings import`."),
        ("", "A row that is left as it is does nothing. All others are protected: a row in which one was edited"),
        ("", "is refused, and so is a row whose finding changed meanwhile. The refusal names the cell."),
        *_FILLING,
    ]  # fmt: skip
    return Sheet(HOW_TO, ("What", "Is"), tuple(rows), (22, 110))


def _datasets(findings: Sequence[KnownFinding]) -> Sheet:
    by_dataset: dict[str, Counter[Severity]] = {}
    open_ones: Counter[str] = Counter()
    subjects: dict[str, set[str]] = {}
    for item in findings:
        name = item.finding.dataset
        by_dataset.setdefault(name, Counter())[item.finding.severity] += 1
        open_ones[name] += item.is_open
        if item.finding.subject:
            subjects.setdefault(name, set()).add(item.finding.subject)
    rows: tuple[tuple[str | int, ...], ...] = tuple(
        (name, sum(counts.values()), open_ones[name], len(subjects.get(name, ())), *(counts[each] for each in Severity))
        for name, counts in sorted(by_dataset.items())
    )
    header = ("Dataset", "Findings", "Open", "Subjects", *(each.value.capitalize() for each in Severity))
    return Sheet("Dataset Summary", header, rows, (12,))


def _issues(findings: Sequence[KnownFinding]) -> Sheet:
    counts: Counter[tuple[str, str, str]] = Counter()
    open_ones: Counter[tuple[str, str, str]] = Counter()
    examples: dict[tuple[str, str, str], str] = {}
    for item in findings:
        finding = item.finding
        key = (finding.dataset, finding.rule_id, finding.severity.value)
        counts[key] += 1
        open_ones[key] += item.is_open
        examples.setdefault(key, finding.message)
    rows = tuple((*key, counts[key], open_ones[key], examples[key]) for key in sorted(counts))
    return Sheet(
        "Issue Summary", ("Dataset", "Rule", "Severity", "Found", "Open", "For example"), rows, (12, 14, 10, 9, 9, 100)
    )


def _groups(groups: Sequence[FindingGroup]) -> Sheet:
    rows = tuple(
        (
            group.id, ", ".join(group.rules), group.severity.value, len(group.findings), group.subjects,
            ", ".join(group.sites), group.cause, group.action,
        )
        for group in groups
    )  # fmt: skip
    header = ("Group", "Rules", "Severity", "Findings", "Subjects", "Sites", "Cause", "What to do")
    return Sheet("Groups", header, rows, (13, 16, 10, 9, 9, 24, 70, 70))


def _rules(findings: Sequence[KnownFinding], rules: Mapping[str, tuple[str, str]]) -> Sheet:
    counts = Counter(item.finding.rule_id for item in findings)
    actions = {item.finding.rule_id: item.finding.action for item in findings}
    rows = tuple(
        (rule_id, *rules.get(rule_id, ("", "")), actions[rule_id], count) for rule_id, count in sorted(counts.items())
    )
    return Sheet("Rules", ("Rule", "Title", "Why", "What to do", "Findings"), rows, (14, 44, 90, 60, 9))
