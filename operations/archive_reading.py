"""Giving archived reports back, verified. Every read of the archive is audited."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from longwatch.errors import IntegrityError, LongwatchError, StudyError
from longwatch.evidence.accounts import Right
from longwatch.evidence.manifest import read_manifest
from longwatch.evidence.registered import EVERY_REPORT, ReportFilter, ReportRow
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


def list_reports(adapters: Adapters, wanted: ReportFilter = EVERY_REPORT, limit: int | None = None) -> list[ReportRow]:
    """The archived reports that are meant and may be seen, newest first, and the audit event of having looked."""
    with adapters.registers.transaction() as register:
        rows = register.reports_meant(wanted, limit)
        said = {"reports": len(rows), "meant": wanted.in_words()}
        register.record_read(make_event(adapters, "archive listed", "archive", wanted.study_id or "all", said))
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
        rows = register.reports_meant(ReportFilter(key=key.lower()), limit=9)
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

    Raises AccessError LW-ACC-003, IntegrityError LW-ARR-003 where the bytes are others than the register names.
    """
    row = find_report(adapters, key)
    adapters.access.require(Right.READ, row.study_id)
    with failure_recorded(adapters, "report retrieval failed", row.key):
        content = read_verified(adapters, row.pdf_key, row.pdf_sha256)
    with adapters.registers.transaction() as register:
        register.record_read(
            make_event(adapters, "report retrieved", "report", row.key, {"pdf_sha256": row.pdf_sha256})
        )
    return row, content


@contextmanager
def failure_recorded(adapters: Adapters, action: str, key: str) -> Iterator[None]:
    """A read of the archive that fails is an audit event, too, with the error's id as its reason."""
    try:
        yield
    except LongwatchError as failed:
        with adapters.registers.transaction() as register:
            register.record_read(make_event(adapters, action, "report", key, reason=failed.error_id))
        raise


def verify_reports(adapters: Adapters, key: str | None, progress: Progress) -> list[VerifiedReport]:
    """Read every object of one report, or of all, back and compare it with the manifest and the register; of all, also
    the other way: that every object below `reports/` belongs to a registered report.

    Every report is looked at before the first failure is raised, and each failure is an audit event. Raises
    IntegrityError LW-ARR-003 or LW-ARR-004 where something differs, LW-ARR-006 where an object belongs to no report,
    StoreError where one is missing.
    """
    if key is not None:
        rows = [find_report(adapters, key)]
        adapters.access.require(Right.READ, rows[0].study_id)
    else:
        adapters.access.require(Right.CARE)
        with adapters.registers.transaction() as register:
            rows = register.reports()
    verified: list[VerifiedReport] = []
    failures: list[LongwatchError] = []
    for row in rows:
        progress(f"{row.study_id} {row.template} {row.key[:12]}")
        try:
            with failure_recorded(adapters, "report verification failed", row.key):
                verified.append(_verify(adapters, row))
        except LongwatchError as failed:
            failures.append(failed)
    if failures:
        raise failures[0]
    if key is None:
        _check_all_registered(adapters, rows)
    with adapters.registers.transaction() as register:
        register.record_read(
            make_event(adapters, "archive verified", "archive", key or "all", {"reports": len(verified)})
        )
    return verified


def check_still_archived(adapters: Adapters, row: ReportRow) -> None:
    """That the archive still has every object of a report as it was archived.

    Raises IntegrityError LW-ARR-005 where PDF or manifest is gone, and what `verify_reports` raises where one differs.
    """
    for key in (row.pdf_key, row.manifest_key):
        if adapters.archive.head(key) is None:
            raise IntegrityError(
                "LW-ARR-005",
                "the register says that this report is archived, but the archive does not have it",
                where=key,
                next_step="check that LONGWATCH_ARCHIVE names the right archive; else restore it from a backup",
            )
    _verify(adapters, row)


def _check_all_registered(adapters: Adapters, rows: list[ReportRow]) -> None:
    folders = {row.manifest_key.rpartition("/")[0] for row in rows}
    strangers = [key for key in adapters.archive.keys("reports/") if key.rpartition("/")[0] not in folders]
    if strangers:
        raise IntegrityError(
            "LW-ARR-006",
            f"{len(strangers)} objects of the archive belong to no report of the registers",
            where=strangers[0],
            next_step="run the study again if a run was interrupted, which registers them; else compare the registers "
            "with a backup: they have lost a report",
        )


def _verify(adapters: Adapters, row: ReportRow) -> VerifiedReport:
    content = read_verified(adapters, row.manifest_key, row.manifest_sha256)
    manifest = read_manifest(content, row.manifest_key)
    folder = row.manifest_key.rpartition("/")[0]
    size = len(content)
    for file in manifest.files:
        size += len(read_verified(adapters, f"{folder}/{file.name}", file.sha256))
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


def read_verified(adapters: Adapters, key: str, sha256: str) -> bytes:
    """An object's bytes. IntegrityError LW-ARR-003 where they are not those of this SHA-256."""
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
