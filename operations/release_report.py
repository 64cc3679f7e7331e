"""Review and release of a report by two persons, each with an electronic signature; and what supersedes what.

A signature (21 CFR 11.50, 11.70, 11.200(a)(1)): the person is logged in, types account and password again for each
signature, and is neither who made the report nor who signed it before (`longwatch.evidence.signature`). The archived
bytes are read back first; the signature names their SHA-256, the printed name, the time and the meaning. Row, state and
audit event are one transaction, with a release also the promise of its retention (`keep_reports`); a signed checkpoint
of the audit trail is archived after it, then the objects are locked.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from longwatch.errors import AccessError, StudyError
from longwatch.evidence.accounts import Right
from longwatch.evidence.audit import AuditEvent
from longwatch.evidence.registered import ReportFilter, ReportRow, ReportState
from longwatch.evidence.replay import SUPERSEDED, signature_values
from longwatch.evidence.retention import RetainedUntil
from longwatch.evidence.signature import STEPS, Meaning, SignatureRow, check_may_sign
from operations.archive_reading import check_still_archived, find_report, list_reports
from operations.audit_checkpoint import make_checkpoint
from operations.audited import make_event
from operations.keep_reports import begin_retention, keep_released
from operations.ports import Adapters
from operations.sessions import check_is_person, prove_password


@dataclass(frozen=True)
class Signed:
    """A signature that was given. `beside`: other reports of the same study, template and cut-off that stand. `kept`:
    how long a release lets the report be kept."""

    row: ReportRow
    signature: SignatureRow
    beside: tuple[ReportRow, ...]
    kept: RetainedUntil | None = None


@dataclass(frozen=True)
class Standing:
    """A report that is not superseded, with its signatures."""

    row: ReportRow
    signatures: tuple[SignatureRow, ...]

    @property
    def waits_for(self) -> str:
        """What it needs next, in words."""
        return WAITS_FOR[self.row.state]


WAITS_FOR = {
    ReportState.ARCHIVED_DRAFT: "open errors to be settled, and another run",
    ReportState.ARCHIVED_CANDIDATE: "a review",
    ReportState.REVIEWED: "its release",
    ReportState.RELEASED: "",
    ReportState.SUPERSEDED: "",
}


def reports_and_signatures(adapters: Adapters, study_id: str | None) -> list[Standing]:
    """The reports that stand, newest first, and the audit event of having looked."""
    rows = list_reports(adapters, ReportFilter(study_id=study_id, states=_STANDING))
    with adapters.registers.transaction() as register:
        signatures = register.signatures()
    return [Standing(row, tuple(each for each in signatures if each.report_key == row.key)) for row in rows]


def check_can_sign(adapters: Adapters, key: str, meaning: Meaning) -> ReportRow:
    """The report that the acting person may sign now: asked before the password is.

    Raises AccessError LW-ACC-007 (no person), LW-ACC-003 (no right), StudyError LW-RLS-001 to LW-RLS-003.
    """
    row = find_report(adapters, key)
    acting = adapters.access.account
    check_is_person(acting)
    adapters.access.require(STEPS[meaning].right, row.study_id)
    with adapters.registers.transaction() as register:
        check_may_sign(row, meaning, acting.name, register.signatures(row.key))
    return row


def sign_report(adapters: Adapters, key: str, meaning: Meaning, name: str, password: str) -> Signed:
    """Sign a report as reviewed or released. `name`, `password`: typed for this signature.

    Raises what `check_can_sign`, `check_still_archived` and `prove_password` raise; AccessError LW-RLS-004 where
    another account is typed than is logged in; StudyError LW-RLS-005 where the report changed meanwhile; StoreError
    LW-RET-001 where it is released, but the store does not keep all of it yet.
    """
    row = check_can_sign(adapters, key, meaning)
    acting = adapters.access.account
    if name != acting.name:
        event = make_event(adapters, "signature refused", "report", row.key, {"meaning": meaning}, "another account")
        with adapters.registers.transaction() as register:
            register.record_read(event)
        raise AccessError(
            "LW-RLS-004",
            "a signature is given by who is logged in",
            where=f"report {row.key[:12]}",
            expected=acting.name,
            found=name,
            next_step="type the own account, or log out and let the other person log in",
        )
    check_still_archived(adapters, row)
    prove_password(adapters, name, password)
    now, ids = adapters.clock(), (uuid.uuid4().hex, row.key)
    signature = SignatureRow(*ids, meaning, acting.name, acting.full_name, now, row.pdf_sha256, row.manifest_sha256)
    said = signature_values(signature)
    event = AuditEvent(now, acting.name, f"report {meaning}", "report", row.key, None, said)
    kept: RetainedUntil | None = None
    with adapters.registers.transaction() as register:
        done = register.sign_report(signature, event)
        if done and meaning is Meaning.RELEASED:
            kept = begin_retention(adapters, register, row, now)
    if not done:
        raise _changed_meanwhile(row)
    make_checkpoint(adapters)
    if kept is not None:
        keep_released(adapters, row, kept)
    same = ReportFilter(
        study_id=row.study_id, template=row.template, cutoff_from=row.cutoff, cutoff_to=row.cutoff, states=_STANDING
    )
    with adapters.registers.transaction() as register:
        beside = tuple(other for other in register.reports_meant(same) if other.key != row.key)
        after = register.report_by_key(row.key)
    assert after is not None, "a report that was signed is registered"
    return Signed(after, signature, beside, kept)


def supersede_report(adapters: Adapters, old: str, new: str, reason: str) -> tuple[ReportRow, ReportRow]:
    """Say that a report is superseded by another one of its study; both, as they are then.

    Cases: a released report is superseded by a released one only; any other by one that is no DRAFT, a draft also by a
    draft. Raises AccessError LW-ACC-003, StudyError LW-RLS-005, LW-RLS-006.
    """
    before, after = find_report(adapters, old), find_report(adapters, new)
    adapters.access.require(Right.RELEASE, before.study_id)
    wrong = ""
    if before.key == after.key:
        wrong = "it is the same report"
    elif before.study_id != after.study_id:
        wrong = f"the other one is of study {after.study_id}"
    elif ReportState.SUPERSEDED in (before.state, after.state):
        wrong = f"{(before if before.state is ReportState.SUPERSEDED else after).key[:12]} is superseded already"
    elif before.state is ReportState.RELEASED and after.state is not ReportState.RELEASED:
        wrong = f"the other one is {after.state.value}, and a released report must be followed by a released one"
    elif after.state is ReportState.ARCHIVED_DRAFT and before.state is not ReportState.ARCHIVED_DRAFT:
        wrong = "the other one is a draft"
    elif not reason.strip():
        wrong = "no reason is given"
    if wrong:
        raise StudyError(
            "LW-RLS-006",
            f"this report cannot be superseded by that one: {wrong}",
            where=f"report {before.key[:12]} by {after.key[:12]}",
            next_step="see `longwatch archive list` for both",
        )
    event = make_event(adapters, SUPERSEDED, "report", before.key, {"by": after.key}, reason.strip())
    with adapters.registers.transaction() as register:
        done = register.supersede_report(before.key, after.key, (before.state, after.state), event)
    if not done:
        raise _changed_meanwhile(before)
    make_checkpoint(adapters)
    return find_report(adapters, before.key), find_report(adapters, after.key)


_STANDING = tuple(state for state in ReportState if state is not ReportState.SUPERSEDED)


def _changed_meanwhile(row: ReportRow) -> StudyError:
    return StudyError(
        "LW-RLS-005",
        "somebody signed or superseded this report at the same time",
        where=f"report {row.key[:12]}",
        next_step="look at it again (`longwatch archive show`); nothing was changed",
    )
