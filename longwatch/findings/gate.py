"""The data gate: what the findings allow (CONTRACTS.md, Two gates; spec B.2)."""

from __future__ import annotations

from dataclasses import dataclass

from longwatch.findings.finding import Severity, ValidationOutcome


@dataclass(frozen=True)
class GateDecision:
    """`rejected`: rule ids that stop the run. `draft`: rule ids of open errors, for which the report is a DRAFT."""

    rejected: tuple[str, ...]
    draft: tuple[str, ...]

    @property
    def stops(self) -> bool:
        """Whether the run stops: nothing may be rendered or archived."""
        return bool(self.rejected)

    @property
    def is_draft(self) -> bool:
        """Whether a report made now carries the DRAFT mark."""
        return bool(self.draft)


def compute_gate(outcome: ValidationOutcome) -> GateDecision:
    """The gate's decision from the open findings: any `reject` stops; else any `error` makes DRAFT.

    A finding that is waived or a false positive does not count while that is in force. A rule that is not evaluable
    counts as a finding of the severity that the study gives that, where it gives one.
    """
    counting = outcome.open_findings

    def rules(severity: Severity) -> tuple[str, ...]:
        found = {finding.rule_id for finding in counting if finding.severity is severity}
        return tuple(sorted(found | {result.rule_id for result in outcome.results if result.gates is severity}))

    return GateDecision(rules(Severity.REJECT), rules(Severity.ERROR))
