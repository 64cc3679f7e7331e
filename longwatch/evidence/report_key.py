"""The report key: what makes two reports the same report (CONTRACTS.md, Things and their ids)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from longwatch.findings.finding import ValidationOutcome
from longwatch.standards.hashing import sha256_of


@dataclass(frozen=True)
class Engine:
    """The program that makes a report: its version and the SHA-256 of the lock file it is installed from.

    `python`: its minor version, since the lock file holds other packages for another one. `zlib`: the compressor, which
    comes with Python and decides the bytes of a PDF's streams. `source_sha256`: of the program's own files, since two
    commits can carry one version.
    """

    version: str
    lock_sha256: str
    python: str
    zlib: str
    source_sha256: str


@dataclass(frozen=True)
class ReportIdentity:
    """Everything a report depends on. Two reports with equal identity have the same key and the same bytes.

    `study_content`: what of the study file the report uses. `reading`: how the snapshot's files were read (name,
    dataset, encoding, mapping), since the same bytes in another encoding are other text. `template`: its content, not
    only its name.
    `findings_digest`: findings, severities and waivers as rendered, so that a waiver, its expiry or a fix gives a new
    key. `dictionaries`: dictionary versions by name.
    """

    study_content: Mapping[str, Any]
    snapshot_id: str
    reading: tuple[tuple[str, ...], ...]
    cutoff: date
    as_of: date
    template: Mapping[str, Any]
    parameters: Mapping[str, Any]
    ruleset_version: str
    dictionaries: Mapping[str, str]
    findings_digest: str
    engine: Engine

    @property
    def key(self) -> str:
        """SHA-256 over the canonical form, 64 hexadecimal digits."""
        return sha256_of(asdict(self))


def compute_findings_digest(outcome: ValidationOutcome) -> str:
    """SHA-256 of a validation as a report renders it: each rule's result, each finding with the last word on it; no
    seconds, no order."""
    rules = sorted(
        (result.rule_id, result.rule_version, result.severity, result.status, result.failed, result.reason,
         result.severity_reason)
        for result in outcome.results
    )  # fmt: skip
    findings = sorted(
        (finding.fingerprint, finding.rule_id, finding.severity, finding.message, finding.record_key, finding.records,
         sorted((name, value or "") for name, value in finding.values.items()))
        for finding in outcome.findings
    )  # fmt: skip
    decisions = {
        finding.fingerprint: (outcome.is_set_aside(finding), decision.in_words())
        for finding in outcome.findings
        if (decision := outcome.decisions.get(finding.fingerprint)) is not None
    }
    return sha256_of({"rules": rules, "findings": findings, "decisions": decisions})
