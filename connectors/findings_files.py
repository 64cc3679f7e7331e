"""Findings as files that a data manager opens: CSV and JSON, one pair per run."""

from __future__ import annotations

from pathlib import Path

from connectors.inert_text import inert_csv
from longwatch.errors import StoreError
from longwatch.findings.finding import Finding, ValidationOutcome
from longwatch.standards.hashing import canonical_json

HEADER = (
    "rule", "severity", "dataset", "subject", "record", "message", "values", "action", "records", "fingerprint",
)  # fmt: skip


class FindingsFolder:
    """Writes `findings-<run>.csv` and `.json` into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, run_id: str, study_id: str, outcome: ValidationOutcome) -> tuple[str, ...]:
        """Where the two files are. Every finding is in both; nothing is capped.

        Raises StoreError LW-FND-001 where the folder cannot be written.
        """
        contents = {
            f"findings-{run_id}.csv": _as_csv(outcome),
            f"findings-{run_id}.json": _as_json(run_id, study_id, outcome),
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name, content in contents.items():
                unfinished = self.folder / f".{name}"
                unfinished.write_bytes(content)
                unfinished.replace(self.folder / name)
        except OSError as refused:
            raise StoreError(
                "LW-FND-001",
                f"the findings cannot be written: {refused.strerror}",
                where=str(self.folder),
                next_step="make the folder writable, or set LONGWATCH_HOME to one that is",
            ) from refused
        return tuple(str(self.folder / name) for name in contents)


def _as_csv(outcome: ValidationOutcome) -> bytes:
    return inert_csv(HEADER, map(_row, outcome.findings)).encode("utf-8-sig")


def _row(item: Finding) -> tuple[str, ...]:
    values = "; ".join(f"{name}={value if value is not None else ''}" for name, value in item.values.items())
    return (
        item.rule_id, item.severity.value, item.dataset, item.subject or "", item.record_key, item.message, values,
        item.action, str(item.records), item.fingerprint,
    )  # fmt: skip


def _as_json(run_id: str, study_id: str, outcome: ValidationOutcome) -> bytes:
    return canonical_json(
        {
            "run": run_id,
            "study": study_id,
            "ruleset": outcome.ruleset_version,
            "rules": [
                {
                    "rule": result.rule_id,
                    "version": result.rule_version,
                    "title": result.title,
                    "severity": result.severity,
                    "status": result.status,
                    "failed": result.failed,
                    "checked": result.checked,
                    "reason": result.reason,
                    "severity_reason": result.severity_reason,
                    "seconds": round(result.seconds, 3),
                }
                for result in outcome.results
            ],
            "findings": [
                {
                    "fingerprint": item.fingerprint,
                    "rule": item.rule_id,
                    "severity": item.severity,
                    "dataset": item.dataset,
                    "subject": item.subject,
                    "locator": item.locator,
                    "values": item.values,
                    "message": item.message,
                    "action": item.action,
                    "records": item.records,
                }
                for item in outcome.findings
            ],
        }
    )
