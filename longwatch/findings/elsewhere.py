"""Findings of other tools in the same queue: Pinnacle 21 and CDISC CORE (spec B.1).

A finding from elsewhere has the rule id `<tool>:<the tool's own id>` (`P21:SD0021`, `CORE:CORE-000266`), so it never
meets one of ours. What becomes of an issue that a report names, by the first case that fits:

1. its dataset is not in the snapshot, its record is not in the dataset, or the record holds other values than the
   report says: the report is of other data; the issue is left out, and how many were is told;
2. one of our rules names the tool's id as its own (`elsewhere` in the rule), and our queue has a finding of that rule
   on the same record or entry: it is *linked*, not listed a second time;
3. else it is a finding. Fingerprint: rule id and record identity as with ours (CONTRACTS.md); an issue without a record
   is known by its dataset and the names that it gives, without numbers that change from report to report.

Severity: Reject → reject, Error → error, Warning → warning, Notice and Info → note; a report that gives none (CORE
never does) → that of our rule of the same id, else warning. Findings from elsewhere do not enter the data gate, which
judges by our own rules; they are in every list, workbook and letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from longwatch.findings.finding import Finding, Severity
from longwatch.findings.identity import compute_fingerprint
from longwatch.findings.rule import Rule

SEVERITIES: Mapping[str, Severity] = {
    "reject": Severity.REJECT,
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "notice": Severity.NOTE,
    "info": Severity.NOTE,
}
NO_VALUE = frozenset({"", "null", "none", "not in dataset"})
_CHANGING = frozenset({"EXCESS", "LENGTH"})
_ID = re.compile(r"[A-Z]{2,5}-?\d+[A-Z]?")


@dataclass(frozen=True)
class ForeignIssue:
    """One line of a report. `rule_id`: the tool's own; `same_as`: ids of the same rule that the report names beside it.
    `record`: the row in the dataset, from 1; None where it is about no record. `values`: by variable, as written.
    `count`: how many records it stands for."""

    rule_id: str
    dataset: str
    message: str
    record: int | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    severity: str = ""
    count: int = 1
    same_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class ForeignReport:
    """A report as read. `tool`: `P21` or `CORE`. `name`: tool and version in words. `datasets`: those that the tool
    looked at; None where the report does not say. `cut_short`: rule and dataset of which the report does not list every
    issue."""

    tool: str
    name: str
    sha256: str
    issues: tuple[ForeignIssue, ...]
    datasets: frozenset[str] | None = None
    cut_short: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Located:
    """A record of the snapshot that an issue is about: its identity, where it is, and what stands in it."""

    identity: str
    locator: Mapping[str, str]
    values: Mapping[str, str | None]


def rules_elsewhere(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    """Our rules by the ids that other tools have for them."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        for other in rule.elsewhere:
            found.setdefault(other, []).append(rule)
    return found


def ours_of(issue: ForeignIssue, by_id: Mapping[str, list[Rule]]) -> list[Rule]:
    """Our rules that are the same as the one of an issue."""
    ids = (issue.rule_id, *issue.same_as)
    return list({rule.id: rule for name in ids for rule in by_id.get(name, ())}.values())


def severity_of(issue: ForeignIssue, ours: list[Rule]) -> Severity:
    """The severity; the cases are those of the module."""
    return SEVERITIES.get(issue.severity.strip().lower(), ours[0].severity if ours else Severity.WARNING)


def agrees(issue: ForeignIssue, located: Located) -> bool:
    """Whether the record holds what the report says of it; what the report names and the record lacks is not compared.

    Numbers are compared as numbers, texts without blanks around them, `null` and `Not in dataset` are no value.
    """
    for name, said in issue.values.items():
        if name not in located.values:
            continue
        stands = (located.values[name] or "").strip()
        said = "" if said.strip().lower() in NO_VALUE else said.strip()
        if stands != said and not _same_number(stands, said):
            return False
    return True


def _same_number(left: str, right: str) -> bool:
    try:
        return float(left) == float(right)
    except ValueError:
        return False


def make_finding(tool: str, name: str, issue: ForeignIssue, located: Located | None, severity: Severity) -> Finding:
    """The finding that an issue is in our queue."""
    rule_id = f"{tool}:{issue.rule_id}"
    if located is None:
        shown = {key: value for key, value in issue.values.items() if key.upper() not in _CHANGING}
        identity = "\x1f".join(("entry", issue.dataset, *(f"{key}={value}" for key, value in sorted(shown.items()))))
        entry = ", ".join(dict.fromkeys(value for value in shown.values() if value != issue.dataset))
        locator = {"entry": entry} if entry else {}
    else:
        identity, locator = located.identity, dict(located.locator)
    return Finding(
        fingerprint=compute_fingerprint(rule_id, [identity]),
        rule_id=rule_id,
        rule_version=1,
        severity=severity,
        dataset=issue.dataset,
        message=f"{issue.dataset}: {issue.message}",
        action=f"See rule {issue.rule_id} of {name}; correct the data, or waive the finding with a reason.",
        subject=located.locator.get("USUBJID") if located else None,
        locator=locator,
        values={key: None if value.lower() in NO_VALUE else value for key, value in issue.values.items()},
        records=issue.count,
    )


def merge(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for each fingerprint: messages joined, values together, in the order of first appearance."""
    merged: dict[str, Finding] = {}
    for finding in findings:
        first = merged.setdefault(finding.fingerprint, finding)
        if first is finding:
            continue
        more = finding.message.removeprefix(f"{finding.dataset}: ")
        message = first.message if more in first.message else f"{first.message}; {more}"
        merged[finding.fingerprint] = replace(
            first,
            message=message,
            values={**first.values, **finding.values},
            records=max(first.records, finding.records),
        )
    return list(merged.values())


def tool_of(rule_id: str) -> str:
    """The tool whose rule it is: `P21`, `CORE`; empty for one of ours."""
    return rule_id.partition(":")[0] if ":" in rule_id else ""


def ids_in(text: str) -> tuple[str, ...]:
    """The rule ids that stand in a text (`CG0042, FB0101`)."""
    return tuple(_ID.findall(text))
