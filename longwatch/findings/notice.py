"""What a validation tells whoever is not looking: the gate, what is new, what is open. Counts only, no values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from longwatch.findings.finding import Finding, Severity, ValidationOutcome
from longwatch.findings.gate import compute_gate


class GateState(StrEnum):
    """What the data gate says."""

    STOPS = "stops"
    DRAFT = "draft"
    CLEAR = "clear"


@dataclass(frozen=True)
class RuleCount:
    """How many findings of a rule are new, open and set aside."""

    rule: str
    title: str
    severity: Severity
    new: int
    open: int
    set_aside: int


@dataclass(frozen=True)
class Notice:
    """One validation in counts. `rules`: those with a finding, the gravest first, then by id."""

    study_id: str
    run_id: str
    snapshot_id: str
    gate: GateState
    rules: tuple[RuleCount, ...]

    @property
    def new(self) -> int:
        """How many findings nobody has seen before."""
        return sum(item.new for item in self.rules)

    @property
    def subject(self) -> str:
        """The notice in one line."""
        return f"{self.study_id}: {self.new:,} new findings, the data gate {_SAYS[self.gate]}"

    def as_value(self) -> dict[str, Any]:
        """The notice for programs."""
        return {
            "study": self.study_id,
            "run": self.run_id,
            "snapshot": self.snapshot_id,
            "gate": self.gate,
            "new": self.new,
            "rules": [
                {"rule": item.rule, "title": item.title, "severity": item.severity, "new": item.new, "open": item.open,
                 "set_aside": item.set_aside}
                for item in self.rules
            ],
        }  # fmt: skip

    def as_markdown(self) -> str:
        """The notice for people: a line, and a table of rules."""
        head = ("Rule", "Severity", "New", "Open", "Set aside", "Title")
        rows = [
            (item.rule, item.severity.value, f"{item.new:,}", f"{item.open:,}", f"{item.set_aside:,}", item.title)
            for item in self.rules
        ]
        lines = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in (head, ("---",) * 6, *rows)]
        facts = f"Run {self.run_id}, snapshot {self.snapshot_id[:12]}."
        return "\n".join((f"**{self.subject}**", "", facts, "", *(lines if rows else ["No finding."]), ""))


_SAYS = {
    GateState.STOPS: "stops reports",
    GateState.DRAFT: "makes reports a DRAFT",
    GateState.CLEAR: "is clear",
}
_GRAVEST_FIRST = {severity: place for place, severity in enumerate(Severity)}


def make_notice(
    study_id: str, run_id: str, snapshot_id: str, outcome: ValidationOutcome, new: Collection[str]
) -> Notice:
    """The notice of a validation. `new`: fingerprints that were found for the first time."""
    gate = compute_gate(outcome)
    state = GateState.STOPS if gate.stops else GateState.DRAFT if gate.is_draft else GateState.CLEAR

    def count(findings: Collection[Finding]) -> Counter[str]:
        return Counter(finding.rule_id for finding in findings)

    fresh = count([finding for finding in outcome.findings if finding.fingerprint in new])
    still, aside = count(outcome.open_findings), count(outcome.set_aside)
    rules = [
        RuleCount(rule, item.title, item.severity, fresh[rule], still[rule], aside[rule])
        for item in outcome.results
        if still[rule := item.rule_id] or aside[rule]
    ]
    rules.sort(key=lambda item: (_GRAVEST_FIRST[item.severity], item.rule))
    return Notice(study_id, run_id, snapshot_id, state, tuple(rules))
