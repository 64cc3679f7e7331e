"""The data gate: what open findings allow (spec B.2)."""

from __future__ import annotations

import pytest

from longwatch.findings.finding import Finding, Severity, ValidationOutcome
from longwatch.findings.gate import compute_gate


def outcome(**severities: Severity) -> ValidationOutcome:
    """One finding of each rule, with its severity."""
    findings = (
        Finding(
            fingerprint=rule_id,
            rule_id=rule_id,
            rule_version=1,
            severity=severity,
            dataset="AE",
            message="-",
            action="-",
        )
        for rule_id, severity in severities.items()
    )
    return ValidationOutcome((), tuple(findings), "")


@pytest.mark.parametrize(
    ("found", "stops", "is_draft"),
    [
        ({}, False, False),
        ({"SR14": Severity.WARNING, "DT06": Severity.NOTE}, False, False),
        ({"SR02": Severity.ERROR, "SR14": Severity.WARNING}, False, True),
        ({"ST02": Severity.REJECT}, True, False),
        ({"ST02": Severity.REJECT, "SR02": Severity.ERROR}, True, True),
    ],
)
def test_gate(found: dict[str, Severity], stops: bool, is_draft: bool) -> None:
    """A reject stops; an open error makes a draft; warnings and notes do neither."""
    decision = compute_gate(outcome(**found))
    assert (decision.stops, decision.is_draft) == (stops, is_draft)


def test_rules_are_named_once() -> None:
    """Each rule once, in order of its id."""
    decision = compute_gate(outcome(SR02=Severity.ERROR, DT03=Severity.ERROR, ST01=Severity.REJECT))
    assert decision.draft == ("DT03", "SR02")
    assert decision.rejected == ("ST01",)


def test_counts_name_all_severities() -> None:
    """Nought is said, not left out."""
    counts = outcome(SR02=Severity.ERROR).counts()
    assert counts == {Severity.REJECT: 0, Severity.ERROR: 1, Severity.WARNING: 0, Severity.NOTE: 0}
