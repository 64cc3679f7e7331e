"""The registers as the audit trail tells them: each event that changed a row says what the row became.

So the trail alone gives back accounts, roles, studies, snapshots, pulls, runs, reports and signatures; and what the
registers hold can be compared with it. `…_values` write what `replay` reads: one place for both.

Not told, on purpose or by nature: passwords and sessions; findings with the words that persons said of them, which may
name a patient; which process carried a run out; when an account was last seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from longwatch.evidence.accounts import AccountKind, AccountRow, Role, RoleGrant
from longwatch.evidence.audit import AuditEvent
from longwatch.evidence.registered import PullRow, ReportRow, ReportState, RunRow, RunState, SnapshotRow, StudyRow
from longwatch.evidence.signature import STEPS, Meaning, SignatureRow

ARCHIVED, SUPERSEDED, REMOVED = "report archived", "report superseded", "draft removed"
SIGNED: Mapping[str, Meaning] = {f"report {meaning}": meaning for meaning in Meaning}


@dataclass
class Registered:
    """Rows of the registers. `untold`: things of which an event tells too little, by kind (an earlier Longwatch said
    less)."""

    accounts: dict[str, AccountRow] = field(default_factory=dict)
    roles: list[RoleGrant] = field(default_factory=list)
    studies: dict[str, StudyRow] = field(default_factory=dict)
    snapshots: dict[tuple[str, str], SnapshotRow] = field(default_factory=dict)
    pulls: dict[str, PullRow] = field(default_factory=dict)
    runs: dict[str, RunRow] = field(default_factory=dict)
    reports: dict[str, ReportRow] = field(default_factory=dict)
    signatures: dict[str, SignatureRow] = field(default_factory=dict)
    findings: set[str] = field(default_factory=set)
    untold: dict[str, int] = field(default_factory=dict)


def account_values(account: AccountRow) -> dict[str, Any]:
    """What `account added` says."""
    return {"full_name": account.full_name, "kind": account.kind.value}


def grant_values(grant: RoleGrant) -> dict[str, Any]:
    """What `role granted` says, and each of `role ended`."""
    return {"role": grant.role.value, "study": grant.study_id}


def study_values(study: StudyRow) -> dict[str, Any]:
    """What `study seen` says."""
    return {"title": study.title, "content_sha256": study.content_sha256}


def pull_values(snapshot: SnapshotRow, pull: PullRow) -> dict[str, Any]:
    """What `data pulled` says."""
    return {
        "study": snapshot.study_id,
        "files": snapshot.files,
        "rows": snapshot.rows,
        "size": snapshot.size,
        "data_cutoff": snapshot.data_cutoff,
        "pull": pull.id,
        "sources": list(pull.sources),
        "tools": pull.tools,
    }


def report_values(row: ReportRow) -> dict[str, Any]:
    """What `report archived` says."""
    return {
        "state": row.state.value,
        "study": row.study_id,
        "template": row.template,
        "title": row.title,
        "cutoff": row.cutoff,
        "snapshot": row.snapshot_id,
        "run": row.run_id,
        "pages": row.pages,
        "pdf_key": row.pdf_key,
        "pdf_sha256": row.pdf_sha256,
        "manifest_key": row.manifest_key,
        "manifest_sha256": row.manifest_sha256,
    }


def signature_values(signature: SignatureRow) -> dict[str, Any]:
    """What `report reviewed` and `report released` say."""
    return {
        "state": STEPS[signature.meaning].after.value,
        "signature": signature.id,
        "full_name": signature.full_name,
        "pdf_sha256": signature.pdf_sha256,
        "manifest_sha256": signature.manifest_sha256,
    }


def replay(events: Iterable[AuditEvent]) -> Registered:
    """The rows after all these events, oldest first."""
    told = Registered()
    for event in events:
        step = _STEPS.get(event.action)
        if event.entity == "finding":
            told.findings.add(event.entity_id)
        if step is None:
            continue
        try:
            step(told, event)
        except KeyError:
            told.untold[event.entity] = told.untold.get(event.entity, 0) + 1
    return told


def _account_seen(told: Registered, event: AuditEvent) -> None:
    told.accounts.setdefault(event.entity_id, AccountRow(event.entity_id, False, event.at))


def _account_added(told: Registered, event: AuditEvent) -> None:
    known = told.accounts.get(event.entity_id)
    told.accounts[event.entity_id] = AccountRow(
        event.entity_id,
        True,
        known.created_at if known else event.at,
        event.new["full_name"],
        AccountKind(event.new["kind"]),
    )


def _account_disabled(told: Registered, event: AuditEvent) -> None:
    told.accounts[event.entity_id] = replace(told.accounts[event.entity_id], disabled_at=event.at)


def _account_enabled(told: Registered, event: AuditEvent) -> None:
    told.accounts[event.entity_id] = replace(told.accounts[event.entity_id], disabled_at=None)


def _role_granted(told: Registered, event: AuditEvent) -> None:
    role = Role(event.new["role"])
    told.roles.append(RoleGrant(event.entity_id, role, event.new["study"], event.at, event.actor))


def _role_ended(told: Registered, event: AuditEvent) -> None:
    ended = {(each["role"], each["study"]) for each in (event.old or {})["roles"]}
    told.roles = [
        replace(grant, ended_at=event.at, ended_by=event.actor)
        if grant.account == event.entity_id and grant.ended_at is None and (grant.role.value, grant.study_id) in ended
        else grant
        for grant in told.roles
    ]


def _study_seen(told: Registered, event: AuditEvent) -> None:
    new = event.new
    told.studies[event.entity_id] = StudyRow(event.entity_id, new["title"], new["content_sha256"], event.at)


def _data_pulled(told: Registered, event: AuditEvent) -> None:
    new, snapshot_id = event.new, event.entity_id
    cutoff = date.fromisoformat(new["data_cutoff"]) if new["data_cutoff"] else None
    row = SnapshotRow(snapshot_id, new["study"], new["files"], new["rows"], new["size"], cutoff, event.at)
    told.snapshots.setdefault((new["study"], snapshot_id), row)
    told.pulls[new["pull"]] = PullRow(
        new["pull"], new["study"], snapshot_id, event.at, event.actor, tuple(new["sources"]), new["tools"]
    )


def _run_started(told: Registered, event: AuditEvent) -> None:
    told.runs[event.entity_id] = RunRow(event.entity_id, event.new["study"], RunState.STARTED, event.actor, event.at)


def _run_ended(told: Registered, event: AuditEvent) -> None:
    told.runs[event.entity_id] = replace(
        told.runs[event.entity_id],
        state=RunState(event.action.removeprefix("run ")),
        finished_at=event.at,
        snapshot_id=event.new["snapshot"],
        reason=event.reason,
    )


def _report_archived(told: Registered, event: AuditEvent) -> None:
    new = event.new
    told.reports[event.entity_id] = ReportRow(
        key=event.entity_id,
        study_id=new["study"],
        template=new["template"],
        title=new["title"],
        state=ReportState(new["state"]),
        snapshot_id=new["snapshot"],
        cutoff=date.fromisoformat(new["cutoff"]),
        run_id=new["run"],
        pdf_key=new["pdf_key"],
        pdf_sha256=new["pdf_sha256"],
        manifest_key=new["manifest_key"],
        manifest_sha256=new["manifest_sha256"],
        pages=new["pages"],
        archived_at=event.at,
        archived_by=event.actor,
    )
    for key in new.get("supersedes", ()):
        _supersede(told, key, event.entity_id)


def _report_superseded(told: Registered, event: AuditEvent) -> None:
    _supersede(told, event.entity_id, event.new["by"])


def _supersede(told: Registered, key: str, by: str) -> None:
    told.reports[key] = replace(told.reports[key], state=ReportState.SUPERSEDED, superseded_by=by)
    told.reports[by] = replace(told.reports[by], supersedes=tuple(sorted({*told.reports[by].supersedes, key})))


def _draft_removed(told: Registered, event: AuditEvent) -> None:
    if told.reports.pop(event.entity_id, None) is None:
        raise KeyError(event.entity_id)
    for key, row in told.reports.items():
        if event.entity_id in row.supersedes:
            told.reports[key] = replace(
                row, supersedes=tuple(each for each in row.supersedes if each != event.entity_id)
            )


def _report_signed(told: Registered, event: AuditEvent) -> None:
    new, meaning = event.new, SIGNED[event.action]
    told.reports[event.entity_id] = replace(told.reports[event.entity_id], state=STEPS[meaning].after)
    told.signatures[new["signature"]] = SignatureRow(
        new["signature"],
        event.entity_id,
        meaning,
        event.actor,
        new["full_name"],
        event.at,
        new["pdf_sha256"],
        new["manifest_sha256"],
    )


_STEPS = {
    "account seen": _account_seen,
    "account added": _account_added,
    "account disabled": _account_disabled,
    "account enabled": _account_enabled,
    "role granted": _role_granted,
    "role ended": _role_ended,
    "study seen": _study_seen,
    "data pulled": _data_pulled,
    "run started": _run_started,
    **{f"run {state}": _run_ended for state in RunState if state is not RunState.STARTED},
    ARCHIVED: _report_archived,
    SUPERSEDED: _report_superseded,
    REMOVED: _draft_removed,
    **dict.fromkeys(SIGNED, _report_signed),
}


def event_of(entry: Mapping[str, Any]) -> AuditEvent:
    """The event of an entry of the log."""
    return AuditEvent(
        datetime.fromisoformat(entry["at"]),
        entry["actor"],
        entry["action"],
        entry["entity"],
        entry["entity_id"],
        entry["old"],
        entry["new"],
        entry["reason"],
    )
