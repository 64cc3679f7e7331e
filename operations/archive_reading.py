"""Giving archived reports back, verified. Every read of the archive is audited."""

from __future__ import annotations

from dataclasses import dataclass

from longwatch.errors import IntegrityError, StudyError
from longwatch.evidence.manifest import read_manifest
from longwatch.evidence.registered import ReportRow
from longwatch.standards.hashing import sha256_of_bytes
from operations.audited import make_event
from operations.ports import Adapters, Progress

SHORTEST_KEY = 8


@dataclass(frozen=True)
class VerifiedReport:
    """A report whose every object was read back and found as it was archived."""

    row: ReportRow
    objects: int
    size: int


def list_reports(adapters: Adapters, study_id: str | None = None) -> list[ReportRow]:
    """The archived reports, newest first, and the audit event of having looked."""
    with adapters.registers.transaction() as register:
        rows = register.reports(study_id)
        register.record_read(
            make_event(adapters, "archive listed", "archive", study_id or "all", {"reports": len(rows)})
        )
    return rows


def find_report(adapters: Adapters, key: str) -> ReportRow:
    """The report whose key begins so.

    Raises StudyError LW-ARR-001 where the beginning is too short, LW-ARR-002 where no report or more than one has it.
    """
    if len(key) < SHORTEST_KEY:
        raise StudyError(
            "LW-ARR-001",
            "the report key is too short to be certain",
            where=key,
            expected=f"at least {SHORTEST_KEY} digits",
            found=str(len(key)),
            next_step="copy the key from `longwatch archive list`",
        )
    with adapters.registers.transaction() as register:
        rows = [row for row in register.reports() if row.key.startswith(key.lower())]
    if len(rows) != 1:
        raise StudyError(
            "LW-ARR-002",
            "no archived report has this key" if not rows else "several archived reports have keys that begin so",
            where=key,
            expected="one report",
            found=str(len(rows)),
            next_step="copy the key from `longwatch archive list`",
        )
    return rows[0]


def get_report(adapters: Adapters, key: str) -> tuple[ReportRow, bytes]:
    """The PDF of a report, its SHA-256 compared with the register's.

    Raises IntegrityError LW-ARR-003 where the bytes are others than the register names.
    """
    row = find_report(adapters, key)
    content = _read(adapters, row.pdf_key, row.pdf_sha256)
    with adapters.registers.transaction() as register:
        register.record_read(
            make_event(adapters, "report retrieved", "report", row.key, {"pdf_sha256": row.pdf_sha256})
        )
    return row, content


def verify_reports(adapters: Adapters, key: str | None, progress: Progress) -> list[VerifiedReport]:
    """Read every object of one report, or of all, back and compare it with the manifest and the register.

    Raises IntegrityError LW-ARR-003 at the first object that differs, StoreError where one is missing.
    """
    if key is not None:
        rows = [find_report(adapters, key)]
    else:
        with adapters.registers.transaction() as register:
            rows = register.reports()
    verified = []
    for row in rows:
        progress(f"{row.study_id} {row.template} {row.key[:12]}")
        verified.append(_verify(adapters, row))
    with adapters.registers.transaction() as register:
        register.record_read(
            make_event(adapters, "archive verified", "archive", key or "all", {"reports": len(verified)})
        )
    return verified


def check_still_archived(adapters: Adapters, row: ReportRow) -> None:
    """That the archive still has the PDF and the manifest that the register names; their content is not read.

    Raises IntegrityError LW-ARR-005 where one is gone or other bytes lie in its place.
    """
    for key, sha256 in ((row.pdf_key, row.pdf_sha256), (row.manifest_key, row.manifest_sha256)):
        receipt = adapters.archive.head(key)
        if receipt is None or receipt.sha256 != sha256:
            raise IntegrityError(
                "LW-ARR-005",
                "the register says that this report is archived, but the archive does not have it",
                where=key,
                expected=sha256[:12],
                found=receipt.sha256[:12] if receipt else "nothing",
                next_step="check that LONGWATCH_ARCHIVE names the right archive; else restore it from a backup",
            )


def _verify(adapters: Adapters, row: ReportRow) -> VerifiedReport:
    content = _read(adapters, row.manifest_key, row.manifest_sha256)
    manifest = read_manifest(content, row.manifest_key)
    folder = row.manifest_key.rpartition("/")[0]
    size = len(content)
    for file in manifest.files:
        size += len(_read(adapters, f"{folder}/{file.name}", file.sha256))
    pdf = {file.name: file.sha256 for file in manifest.files}.get(row.pdf_key.rpartition("/")[2])
    if manifest.report_key != row.key or pdf != row.pdf_sha256:
        raise IntegrityError(
            "LW-ARR-004",
            "manifest and register name different things",
            where=row.manifest_key,
            expected=f"report {row.key[:12]} with PDF {row.pdf_sha256[:12]}",
            found=f"report {manifest.report_key[:12]} with PDF {(pdf or 'none')[:12]}",
            next_step="stop using the archive, keep both as they are, and compare them with a backup",
        )
    return VerifiedReport(row, len(manifest.files) + 1, size)


def _read(adapters: Adapters, key: str, sha256: str) -> bytes:
    content = adapters.archive.get(key)
    found = sha256_of_bytes(content)
    if found != sha256:
        raise IntegrityError(
            "LW-ARR-003",
            "the archived bytes are not those that were archived",
            where=key,
            expected=sha256,
            found=found,
            next_step="stop using this object, keep it as it is, and restore it from a backup",
        )
    return content
