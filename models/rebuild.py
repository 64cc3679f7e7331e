"""Empty registers filled again with what the audit log tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

from sqlalchemy import Table, insert, select

from longwatch.errors import IntegrityError
from longwatch.evidence.audit import AuditEvent
from longwatch.evidence.registered import ReportRow
from longwatch.evidence.replay import Registered
from models import accounts as account_rows
from models import audit_log
from models.tables import (
    account_roles,
    accounts,
    audit_events,
    pulls,
    reports,
    runs,
    signatures,
    snapshots,
    studies,
)
from models.work import Work

_AT_A_TIME = 5_000


def write(work: Work, told: Registered, events: Iterator[AuditEvent]) -> None:
    """The rows, then the events in their order, which take the positions and hashes that they had.

    A reference to what the log does not tell (a report of a run that an earlier Longwatch started) is left out by the
    caller: the database would refuse it. Raises IntegrityError LW-REG-028 where the log is not empty.
    """
    for table in (audit_events, accounts, studies):
        if work.read(select(table).limit(1)):
            raise IntegrityError(
                "LW-REG-028",
                "these registers are not empty, and nothing is written over",
                where=work.place,
                next_step="name an empty database in LONGWATCH_DATABASE_URL",
            )
    _add(work, accounts, (account_rows.values_of(account) for account in told.accounts.values()))
    _add(work, account_roles, ({**asdict(grant), "role": grant.role.value} for grant in told.roles))
    _add(work, studies, (asdict(study) for study in told.studies.values()))
    _add(work, snapshots, (asdict(snapshot) for snapshot in told.snapshots.values()))
    _add(work, pulls, ({**asdict(pull), "sources": list(pull.sources)} for pull in told.pulls.values()))
    _add(work, runs, ({**asdict(run), "state": run.state.value} for run in told.runs.values()))
    # What supersedes comes first, since the superseded names it.
    waiting: list[ReportRow] = list(told.reports.values())
    there: set[str | None] = {None}
    while waiting:
        ready = [row for row in waiting if row.superseded_by in there]
        assert ready, "what is superseded names a report, and no circle"
        _add(work, reports, ({**_without(asdict(row), "supersedes"), "state": row.state.value} for row in ready))
        there |= {row.key for row in ready}
        waiting = [row for row in waiting if row.key not in there]
    signed = ({**asdict(signature), "meaning": signature.meaning.value} for signature in told.signatures.values())
    _add(work, signatures, signed)
    while batch := list(islice(events, _AT_A_TIME)):
        audit_log.append(work, batch)


def _without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


def _add(work: Work, table: Table, rows: Iterator[Mapping[str, Any]]) -> None:
    while batch := list(islice(rows, _AT_A_TIME)):
        work.change(insert(table), batch)
