"""Filters hold together; within one, any value will do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from longwatch.findings.finding import Finding, Severity
from longwatch.findings.life import KnownFinding
from longwatch.findings.selection import FindingFilter, select_findings
from longwatch.findings.states import FindingState

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)


def known(
    number: str,
    rule: str,
    dataset: str,
    site: str | None,
    state: FindingState,
    days: int,
    who: str | None = None,
    severity: Severity = Severity.ERROR,
) -> KnownFinding:
    finding = Finding(
        number * 64, rule, 1, severity, dataset, f"{dataset}: what", "query", f"S-{number}",
        {"USUBJID": f"S-{number}"}, {"AETERM": "Rash"},
    )  # fmt: skip
    first = NOW - timedelta(days=days)
    return KnownFinding(finding, "ISLET-1", state, 1, first, first, f"run-{number}", "r", "s", "s", site, who)


FINDINGS = [
    known("1", "SR02", "AE", "701", FindingState.NEW, 30),
    known("2", "SR02", "AE", "702", FindingState.WAIVED, 20, "bo"),
    known("3", "DT01", "CM", None, FindingState.OPEN, 10, "bo", Severity.WARNING),
]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (FindingFilter(), "123"),
        (FindingFilter(rules=("SR02",)), "12"),
        (FindingFilter(rules=("SR02", "DT01"), datasets=("CM",)), "3"),
        (FindingFilter(severities=(Severity.WARNING,)), "3"),
        (FindingFilter(states=(FindingState.NEW, FindingState.OPEN)), "13"),
        (FindingFilter(sites=("702",)), "2"),
        (FindingFilter(subjects=("S-1",)), "1"),
        (FindingFilter(assignees=("bo",)), "23"),
        (FindingFilter(assignees=("",)), "1"),
        (FindingFilter(findings=("33333333",)), "3"),
        (FindingFilter(text="RASH cm"), "3"),
        (FindingFilter(text="rash nowhere"), ""),
        (FindingFilter(older_than=20), "12"),
        (FindingFilter(run="run-2"), "2"),
        (FindingFilter(groups=("g",)), "13"),
    ],
)
def test_filters(wanted: FindingFilter, found: str) -> None:
    groups = {"1": "g", "2": "h", "3": "g"}
    chosen = select_findings(FINDINGS, wanted, NOW, lambda finding: groups[finding.fingerprint[0]])
    assert "".join(item.finding.fingerprint[0] for item in chosen) == found
    assert wanted.is_empty == (wanted == FindingFilter())


def test_groups_need_a_function_that_names_them() -> None:
    with pytest.raises(TypeError):
        select_findings(FINDINGS, FindingFilter(groups=("g",)), NOW)
