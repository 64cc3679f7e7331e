"""A finding: one rule not met by one record, or by one set of records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from longwatch.findings.decision import Decision
from longwatch.findings.states import SET_ASIDE


class Severity(StrEnum):
    """What a failed rule does (spec B.2): `reject` stops the run; an open `error` makes the report a DRAFT; a
    `warning` is listed in the report; a `note` is counted only."""

    REJECT = "reject"
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One rule not met.

    `fingerprint`: SHA-256 of rule id and record identities, the same in every snapshot that has the record.
    `locator`: where the record is in this snapshot (USUBJID, --SEQ …). `values`: what was found, by variable.
    `message`: what is wrong, in words. `action`: what the data manager does. `rows`: positions of its records in the
    dataset of this snapshot, in source order; empty where it is not about records of it. They say where, never what:
    two findings that differ in them alone are equal.
    """

    fingerprint: str
    rule_id: str
    rule_version: int
    severity: Severity
    dataset: str
    message: str
    action: str
    subject: str | None = None
    locator: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str | None] = field(default_factory=dict)
    records: int = 1
    rows: tuple[int, ...] = field(default=(), compare=False)

    @property
    def record_key(self) -> str:
        """`USUBJID=… AESEQ=…`: the locator as one readable text."""
        return " ".join(f"{name}={value}" for name, value in self.locator.items())


class RuleStatus(StrEnum):
    """The result of one rule (CONTRACTS.md, Two gates)."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"
    NOT_EVALUABLE = "not evaluable"


@dataclass(frozen=True)
class RuleResult:
    """What one rule came to: status, severity in force (after the study's change), failing and checked rows, the
    reason where it is not applicable or not evaluable, the study's reason for a changed severity, seconds taken.

    `not_evaluable`: what the study has it do where it is not evaluable, None for nothing."""

    rule_id: str
    rule_version: int
    title: str
    severity: Severity
    status: RuleStatus
    failed: int = 0
    checked: int = 0
    reason: str = ""
    severity_reason: str = ""
    default_severity: Severity | None = None
    seconds: float = 0.0
    not_evaluable: Severity | None = None

    @property
    def gates(self) -> Severity | None:
        """The severity of its not being evaluable, where it is not and the study gives that one."""
        return self.not_evaluable if self.status is RuleStatus.NOT_EVALUABLE else None


@dataclass(frozen=True)
class ValidationOutcome:
    """Verdicts and findings of one validation, and what the registers say of them.

    `decisions`: by fingerprint, the last word on a finding (a waiver, `false positive`, opened again). Empty until the
    findings are registered: then every finding is open.
    """

    results: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]
    ruleset_version: str
    decisions: Mapping[str, Decision] = field(default_factory=dict)

    def is_set_aside(self, finding: Finding) -> bool:
        """Whether a person's word, in force, keeps a finding from counting at the gate."""
        decision = self.decisions.get(finding.fingerprint)
        return decision is not None and decision.state in SET_ASIDE

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """The findings that count at the gate."""
        return tuple(finding for finding in self.findings if not self.is_set_aside(finding))

    @property
    def set_aside(self) -> tuple[Finding, ...]:
        """The findings that are waived or false positives."""
        return tuple(finding for finding in self.findings if self.is_set_aside(finding))

    def findings_of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity, in rule and record order."""
        return tuple(finding for finding in self.findings if finding.severity is severity)

    def counts(self) -> dict[Severity, int]:
        """How many findings there are of each severity, all four named."""
        return {severity: len(self.findings_of(severity)) for severity in Severity}

    def open_counts(self) -> dict[Severity, int]:
        """How many of them count at the gate, all four severities named."""
        found = Counter(finding.severity for finding in self.open_findings)
        return {severity: found[severity] for severity in Severity}
