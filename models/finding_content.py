"""A finding's attributes as columns of its history, in one order for all who write them."""

from __future__ import annotations

from typing import Any

import orjson

from longwatch.findings.finding import Finding

FINDING_COLUMNS = (
    "study_id", "fingerprint", "rule_id", "state", "version", "content_sha256", "first_run", "last_run",
    "first_snapshot", "last_snapshot", "site",
)  # fmt: skip
CONTENT_COLUMNS = (
    "rule_version", "severity", "dataset", "message", "action", "subject", "locator", "found", "records",
)  # fmt: skip
LINE_COLUMNS = (
    "finding_id", "version", "change", "at", "actor", "run_id", "snapshot_id", "state", "act", "text", "until",
    "assignee", "act_id", *CONTENT_COLUMNS,
)  # fmt: skip


def content_of(finding: Finding) -> tuple[Any, ...]:
    """The finding's attributes in the order of CONTENT_COLUMNS.

    The locator keeps its order, which is how the record is read. A NUL, which PostgreSQL's text cannot hold, is
    written as its symbol (inside JSON it is escaped anyway).
    """
    return (
        finding.rule_version,
        finding.severity.value,
        finding.dataset,
        storable(finding.message),
        storable(finding.action),
        None if finding.subject is None else storable(finding.subject),
        orjson.dumps(dict(finding.locator)).decode(),
        orjson.dumps(dict(finding.values)).decode(),
        finding.records,
    )


def storable(text: str) -> str:
    """The text with each NUL as its symbol."""
    return text.replace("\x00", "␀")
