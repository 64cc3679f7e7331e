"""Archived reports, chosen by what is known of them; and their signatures."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select

from longwatch.evidence.registered import ReportFilter, ReportRow
from longwatch.evidence.signature import Meaning, SignatureRow
from longwatch.standards.hashing import SHA256_DIGITS
from models.rows import report_of
from models.tables import reports, signatures, studies
from models.work import Work

_AT_A_TIME = 500


def chosen(work: Work, wanted: ReportFilter, limit: int | None = None) -> list[ReportRow]:
    """The reports that are meant, newest first, each with the keys of those that it superseded."""
    query = select(reports).where(*_conditions(wanted)).order_by(reports.c.archived_at.desc(), reports.c.key)
    rows = work.read(query.limit(limit))
    before: dict[str, list[str]] = {}
    # Few: by their keys; many: all that were ever superseded, in one go.
    keys = [row.key for row in rows] if len(rows) <= _AT_A_TIME else None
    superseded = select(reports.c.key, reports.c.superseded_by).where(reports.c.superseded_by.is_not(None))
    if keys is not None:
        superseded = superseded.where(reports.c.superseded_by.in_(keys))
    for row in work.read(superseded.order_by(reports.c.key)) if rows else ():
        before.setdefault(row.superseded_by, []).append(row.key)
    return [report_of(row, before.get(row.key, ())) for row in rows]


def signatures_of(work: Work, key: str | None) -> list[SignatureRow]:
    """The signatures on a report, or on all, oldest first."""
    query = select(signatures).order_by(signatures.c.at, signatures.c.id)
    rows = work.read(query if key is None else query.where(signatures.c.report_key == key))
    return [SignatureRow(**{**row._mapping, "meaning": Meaning(row.meaning)}) for row in rows]


def _conditions(wanted: ReportFilter) -> list[ColumnElement[bool]]:
    columns = reports.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.key is not None:
        # A whole key is found by the index; its beginning needs a look at every row.
        whole = len(wanted.key) == SHA256_DIGITS
        conditions.append(columns.key == wanted.key if whole else columns.key.startswith(wanted.key, autoescape=True))
    if wanted.snapshot_id is not None:
        conditions.append(columns.snapshot_id.startswith(wanted.snapshot_id, autoescape=True))
    if wanted.study_id is not None:
        conditions.append(columns.study_id == wanted.study_id)
    if wanted.among is not None:
        conditions.append(columns.study_id.in_(wanted.among))
    if wanted.template is not None:
        conditions.append(columns.template == wanted.template)
    if wanted.cutoff_from is not None:
        conditions.append(columns.cutoff >= wanted.cutoff_from)
    if wanted.cutoff_to is not None:
        conditions.append(columns.cutoff <= wanted.cutoff_to)
    if wanted.since is not None:
        conditions.append(columns.archived_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(columns.archived_at < wanted.until)
    if wanted.states:
        conditions.append(columns.state.in_([state.value for state in wanted.states]))
    if wanted.who is not None:
        signed = select(signatures.c.report_key).where(signatures.c.account == wanted.who)
        conditions.append(or_(columns.archived_by == wanted.who, columns.key.in_(signed)))
    if wanted.text is not None:
        titled = select(studies.c.id).where(studies.c.title.icontains(wanted.text, autoescape=True))
        texts = (columns.study_id, columns.template, columns.title)
        here = (each.icontains(wanted.text, autoescape=True) for each in texts)
        conditions.append(or_(*here, columns.study_id.in_(titled)))
    return conditions
