"""Findings made by hand, for what needs no registers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from longwatch.findings.finding import Finding, Severity
from longwatch.findings.identity import compute_fingerprint
from longwatch.findings.life import KnownFinding
from longwatch.findings.states import FindingState

SEEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def finding(
    rule: str, dataset: str, subject: str, record: str, values: Mapping[str, str | None], **more: Any
) -> Finding:
    """A finding on one record of a subject."""
    locator = {"USUBJID": subject, f"{dataset}SEQ": record}
    return Finding(
        fingerprint=compute_fingerprint(rule, [f"{dataset} {subject} {record}"]),
        rule_id=rule,
        rule_version=1,
        severity=Severity.ERROR,
        dataset=dataset,
        message=more.pop("message", f"{dataset}: something is wrong"),
        action=more.pop("action", "Query the site."),
        subject=subject,
        locator=locator,
        values=dict(values),
        **more,
    )


def known(item: Finding, site: str | None = "701", state: FindingState = FindingState.NEW, **more: Any) -> KnownFinding:
    """A finding as the registers know it."""
    seen = more.pop("first_seen", SEEN)
    return KnownFinding(item, "S", state, more.pop("version", 1), seen, seen, "r", "r", "s", "s", site=site, **more)
