"""One transaction of the registers: named reads and changes. Each change takes the audit event that records it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from longwatch.errors import IntegrityError
from longwatch.evidence.audit import EVERY_EVENT, AuditEvent, AuditRecord, EventFilter, StoredEvent
from longwatch.evidence.registered import (
    RUN_TRANSITIONS,
    FindingRow,
    LocatedFinding,
    PullRow,
    ReportFilter,
    ReportRow,
    ReportState,
    RunRow,
    RunState,
    SnapshotRow,
    StudyRow,
)
from longwatch.evidence.replay import Registered, report_values
from longwatch.evidence.signature import STEPS, SignatureRow
from longwatch.findings.life import FindingChange, HistoryLine, KnownFinding
from models import audit_log, finding_changes, finding_log, finding_reads, rebuild, report_reads
from models.account_transaction import SqlAccountTransaction
from models.rows import run_of, snapshot_of
from models.tables import pulls, reports, runs, signatures, snapshots, studies

_UNSIGNED = (ReportState.ARCHIVED_DRAFT, ReportState.SUPERSEDED)
_FIRST_STATES = (ReportState.ARCHIVED_DRAFT, ReportState.ARCHIVED_CANDIDATE)


class SqlTransaction(SqlAccountTransaction):
    """Reads and changes that hold together or not at all.

    The audit events are written at the end, just before commit: the log's lock is then held for the shortest time,
    and positions follow the order of commits.
    """

    def commit(self) -> None:
        """Write the audit events, then make everything last."""
        self._write_events()
        self._work.commit()

    # Changes

    def ensure_study(self, study: StudyRow, event: AuditEvent) -> None:
        """Register a study, or that its title or content changed.

        Cases: unknown → added; known with the same title and content → nothing is changed or recorded, `seen_at` stays
        the moment this content was first seen; known with another → changed, and the event gets the old values.
        """
        same = select(studies).where(studies.c.id == study.id)
        known = self._work.read(same)
        if not known and self._work.add_if_absent(studies, asdict(study)):
            self._record(event)
            return
        if known and _study_content(known[0]._asdict()) == _study_content(asdict(study)):
            return
        (before,) = self._work.lock(same.with_for_update(key_share=True))
        if _study_content(before._asdict()) == _study_content(asdict(study)):
            return
        self._work.change(update(studies).where(studies.c.id == study.id).values(asdict(study)))
        self._record(_with_old(event, _study_content(before._asdict())))

    def add_snapshot(self, snapshot: SnapshotRow, pull: PullRow, event: AuditEvent) -> None:
        """Register a pull and, where the study does not have it yet, its snapshot."""
        self._work.add_if_absent(snapshots, asdict(snapshot))
        self._work.change(insert(pulls), {**asdict(pull), "sources": list(pull.sources)})
        self._record(event)

    def start_run(self, run: RunRow, event: AuditEvent) -> None:
        """Register a run that starts. Raises IntegrityError LW-REG-018 where its state is another."""
        if run.state is not RunState.STARTED:
            raise _not_a_transition(run.id, "no run", run.state)
        self._work.change(insert(runs), {**asdict(run), "state": run.state.value})
        self._record(event)

    def finish_run(
        self,
        run_id: str,
        state: RunState,
        reason: str,
        finished_at: datetime,
        snapshot_id: str | None,
        event: AuditEvent,
    ) -> None:
        """Move a run to its end (RUN_TRANSITIONS). `snapshot_id` None: it never had one, or keeps the one it has.

        Raises IntegrityError LW-REG-017 where the run is not registered, LW-REG-018 where the move is not allowed:
        of two processes that end one run, the second.
        """
        from_states = [before for before, after in RUN_TRANSITIONS.items() if state in after]
        values = {"state": state.value, "reason": reason, "finished_at": finished_at}
        if snapshot_id is not None:
            values["snapshot_id"] = snapshot_id
        moved = self._work.change(
            update(runs).where(runs.c.id == run_id, runs.c.state.in_([before.value for before in from_states])),
            values,
        )
        if not moved:
            raise _not_a_transition(run_id, self._known_run(run_id).state, state)
        self._record(_with_old(event, {"state": " or ".join(before.value for before in from_states)}))

    def record_findings(
        self,
        run_id: str,
        rows: Sequence[FindingRow],
        event: AuditEvent,
        *,
        snapshot_id: str | None = None,
        evaluated: Collection[str] = (),
        carried: Mapping[str, str] | None = None,
    ) -> None:
        """Register what a validation found (`finding_log`); the event gets how many are new, changed, reopened, fixed,
        carried.

        `snapshot_id`: the data that was validated; by default that of the rows, else that of the run. `evaluated`:
        ids of the rules that passed or failed on it; an open finding of such a rule that is not among `rows` is closed
        as fixed, with this snapshot as its proof. By default none is closed. `carried`: by fingerprint, the one under
        which a known finding goes on, since its record has another identity in this snapshot.

        Raises IntegrityError LW-REG-017 (no such run), LW-REG-020 (two findings of one fingerprint), LW-REG-021 (a
        finding of another study), LW-REG-022 (the rows do not agree on one snapshot).
        """
        run = self._known_run(run_id)
        named = {row.last_snapshot for row in rows if row.last_snapshot} | ({snapshot_id} if snapshot_id else set())
        validated = named.pop() if len(named) == 1 else run.snapshot_id if not named else None
        if validated is None and (rows or evaluated):
            raise IntegrityError(
                "LW-REG-022",
                "it is not certain which snapshot the findings are of",
                where=f"run {run_id}",
                expected="one snapshot",
                found=str(len(named) + 1) if named else "none",
                next_step="send this message to the developers; nothing was recorded",
            )
        self._lock_study(run.study_id)
        recorded = finding_log.record(self._work, run, rows, event, validated or "", evaluated, carried or {})
        self._record(replace(event, new={**event.new, "recorded": asdict(recorded)}))

    def change_findings(self, study_id: str, changes: Sequence[FindingChange], events: Sequence[AuditEvent]) -> None:
        """Write what persons or time do with findings (`finding_changes`); each change has its event beside it.

        Call `lock_study` before reading what the changes rest on. Raises StoreError LW-REG-024 where a finding is not
        at the version that its change names.
        """
        if not changes:
            return
        self._lock_study(study_id)
        finding_changes.write(self._work, study_id, changes, events[0])
        for event in events:
            self._record(event)

    def lock_study(self, study_id: str) -> bool:
        """Others that change findings or reports of this study wait until we end. False: there is no such study."""
        return self._lock_study(study_id)

    def add_report(self, report: ReportRow, event: AuditEvent) -> bool:
        """Register an archived report; False, and nothing changed or recorded, where one of its key is there.

        It supersedes the open drafts of the same study, template and cut-off; the event then names them. The fields
        `superseded_by` and `supersedes` of the value handed in are not read: the register finds out.

        Raises IntegrityError LW-REG-019 where its state is not one that a report begins in.
        """
        if report.state not in _FIRST_STATES:
            raise IntegrityError(
                "LW-REG-019",
                "a report cannot begin in this state",
                where=f"report {report.key[:12]}",
                expected=" or ".join(state.value for state in _FIRST_STATES),
                found=report.state.value,
                next_step="send this message to the developers; nothing was registered",
            )
        self._lock_study(report.study_id)
        values = {**asdict(report), "state": report.state.value, "superseded_by": None}
        del values["supersedes"]
        if not self._work.add_if_absent(reports, values):
            return False
        drafts = (
            reports.c.study_id == report.study_id,
            reports.c.template == report.template,
            reports.c.cutoff == report.cutoff,
            reports.c.state == ReportState.ARCHIVED_DRAFT.value,
            reports.c.key != report.key,
        )
        superseded = [row.key for row in self._work.read(select(reports.c.key).where(*drafts).order_by("key"))]
        if superseded:
            self._work.change(
                update(reports).where(*drafts).values(state=ReportState.SUPERSEDED.value, superseded_by=report.key)
            )
            event = _with_old(event, {"state": dict.fromkeys(superseded, ReportState.ARCHIVED_DRAFT.value)})
            event = replace(event, new={**event.new, "supersedes": superseded})
        self._record(event)
        return True

    def sign_report(self, signature: SignatureRow, event: AuditEvent) -> bool:
        """A signature, and the state that the report is in by it; False, and nothing changed, where it is not in the
        state that this signature needs: of two that sign at the same time, the second."""
        step = STEPS[signature.meaning]
        row = self._known_report(signature.report_key)
        self._lock_study(row.study_id)
        moved = self._work.change(
            update(reports)
            .where(reports.c.key == row.key, reports.c.state == step.before.value)
            .values(state=step.after.value)
        )
        if not moved:
            return False
        self._work.change(insert(signatures), {**asdict(signature), "meaning": signature.meaning.value})
        self._record(_with_old(event, {"state": step.before.value}))
        return True

    def supersede_report(self, key: str, by: str, judged: tuple[ReportState, ReportState], event: AuditEvent) -> bool:
        """A report is superseded by another one. `judged`: the states by which that was found right; False, and nothing
        changed, where one of the two is in another one by now."""
        row = self._known_report(key)
        self._lock_study(row.study_id)
        if (self._known_report(key).state, self._known_report(by).state) != judged:
            return False
        superseded = {"state": ReportState.SUPERSEDED.value, "superseded_by": by}
        self._work.change(update(reports).where(reports.c.key == key).values(superseded))
        self._record(_with_old(event, {"state": judged[0].value}))
        return True

    def remove_draft(self, key: str, event: AuditEvent) -> bool:
        """Take the row of a draft away, superseded or not; the event gets what it was. Others that register reports of
        its study wait until the transaction ends.

        False, and nothing changed, where there is no such row, or another report's row names it. Raises IntegrityError
        LW-REG-029 where it is a candidate, or was signed: no draft ever is.
        """
        row = self.report_by_key(key)
        if row is None:
            return False
        self._lock_study(row.study_id)
        if self._work.read(select(reports.c.key).where(reports.c.superseded_by == key).limit(1)):
            return False
        if row.state not in _UNSIGNED or self.signatures(key):
            raise IntegrityError(
                "LW-REG-029",
                "a candidate, or a report that was signed, is not removed",
                where=f"report {key[:12]}",
                next_step="see `longwatch archive show` for who signed it; nothing was changed",
            )
        if not self._work.change(delete(reports).where(reports.c.key == key)):
            return False
        self._record(_with_old(event, report_values(row)))
        return True

    def rebuild(self, told: Registered, events: Iterator[AuditEvent], event: AuditEvent) -> None:
        """Fill empty registers with rows and the audit log that tells them (`rebuild`), and record that.

        Raises IntegrityError LW-REG-028 where something is there already.
        """
        rebuild.write(self._work, told, events)
        self._record(event)

    def record_read(self, event: AuditEvent) -> None:
        """Record that the archive was read."""
        self._record(event)

    # Reads

    def report_by_key(self, key: str) -> ReportRow | None:
        """The report of a key."""
        found = report_reads.chosen(self._work, ReportFilter(key=key))
        return found[0] if found and found[0].key == key else None

    def reports(self, study_id: str | None = None) -> list[ReportRow]:
        """All reports, or those of a study, newest first."""
        return report_reads.chosen(self._work, ReportFilter(study_id=study_id))

    def reports_meant(self, wanted: ReportFilter, limit: int | None = None) -> list[ReportRow]:
        """The reports that a filter means, newest first; at most `limit`."""
        return report_reads.chosen(self._work, wanted, limit)

    def signatures(self, key: str | None = None) -> list[SignatureRow]:
        """The signatures on a report, or all of them, oldest first."""
        return report_reads.signatures_of(self._work, key)

    def pulls(self, study_id: str, snapshot_id: str) -> list[PullRow]:
        """The acts of fetching that gave a snapshot, oldest first."""
        same = (pulls.c.study_id == study_id, pulls.c.snapshot_id == snapshot_id)
        rows = self._work.read(select(pulls).where(*same).order_by(pulls.c.at, pulls.c.id))
        return [PullRow(**{**row._mapping, "sources": tuple(row.sources)}) for row in rows]

    def runs(self, study_id: str | None = None, limit: int = 100) -> list[RunRow]:
        """The newest runs, of all studies or one, newest first."""
        query = select(runs).order_by(runs.c.started_at.desc(), runs.c.id).limit(limit)
        rows = self._work.read(query if study_id is None else query.where(runs.c.study_id == study_id))
        return [run_of(row) for row in rows]

    def started_runs(self) -> list[RunRow]:
        """The runs that have not ended, oldest first."""
        started = runs.c.state == RunState.STARTED.value
        return [run_of(row) for row in self._work.read(select(runs).where(started).order_by(runs.c.started_at))]

    def run(self, run_id: str) -> RunRow | None:
        """The run of an id."""
        rows = self._work.read(select(runs).where(runs.c.id == run_id))
        return run_of(rows[0]) if rows else None

    def snapshots(self, study_id: str | None = None) -> list[SnapshotRow]:
        """All snapshots, or those of a study, newest first."""
        query = select(snapshots).order_by(snapshots.c.first_pulled_at.desc(), snapshots.c.id)
        rows = self._work.read(query if study_id is None else query.where(snapshots.c.study_id == study_id))
        return [snapshot_of(row) for row in rows]

    def findings(self, study_id: str, run_id: str | None = None) -> list[FindingRow]:
        """The findings of a study as they are now, or of one of its runs as they were in it."""
        if run_id is None:
            return finding_reads.of_study(self._work, study_id)
        return finding_reads.of_run(self._work, study_id, run_id)

    def known_findings(
        self,
        study_id: str,
        *,
        fingerprints: Collection[str] | None = None,
        beginning: str | None = None,
        decided: bool = False,
    ) -> list[KnownFinding]:
        """Findings of a study as they are now: all, those of some fingerprints, those whose fingerprint begins so, or
        those with a last word on them."""
        return finding_reads.known(
            self._work, study_id, fingerprints=fingerprints, beginning=beginning, decided=decided
        )

    def located_findings(self, study_id: str) -> list[LocatedFinding]:
        """Where every finding of a study was last seen."""
        return finding_reads.located(self._work, study_id)

    def finding_history(self, study_id: str, fingerprint: str) -> list[HistoryLine]:
        """All lines of a finding's history, oldest first; none where there is no such finding."""
        return finding_reads.history(self._work, study_id, fingerprint)

    def finding_snapshots(self, study_id: str, fingerprint: str) -> list[str]:
        """The snapshots in which runs found it, oldest run first."""
        return finding_reads.snapshots_of(self._work, study_id, fingerprint)

    def events(self, limit: int | None = 100, wanted: EventFilter = EVERY_EVENT) -> list[AuditRecord]:
        """The last `limit` events of the audit log that are meant, newest first; those of this transaction included."""
        self._write_events()
        return audit_log.records(self._work, limit, wanted)

    def hold_still(self) -> None:
        """Call before the first read: all reads of this transaction then see the registers as at one moment."""
        self._work.hold_still()

    def log_size(self) -> int:
        """How many events the audit log has."""
        return audit_log.size(self._work)

    def stored_events(self, positions: Collection[int] | None = None) -> Iterator[StoredEvent]:
        """Events as they are stored, in order: all, or those of some positions."""
        return audit_log.stored(self._work, positions)

    def tree_node(self, level: int, number: int) -> bytes:
        """The hash of a complete subtree of the audit log's tree."""
        return audit_log.node(self._work, level, number)

    def tree_level(self, level: int) -> bytes:
        """The hashes of all complete subtrees of a level, one after the other; nothing where there are none."""
        return audit_log.level(self._work, level)

    def _write_events(self) -> None:
        if self._events:
            audit_log.append(self._work, self._events)
            self._events = []

    def _lock_study(self, study_id: str) -> bool:
        return bool(
            self._work.lock(select(studies.c.id).where(studies.c.id == study_id).with_for_update(key_share=True))
        )

    def _known_report(self, key: str) -> ReportRow:
        row = self.report_by_key(key)
        if row is None:
            raise IntegrityError(
                "LW-REG-027",
                "no such report is registered",
                where=f"report {key[:12]}",
                next_step="see `longwatch archive list` for the reports there are; nothing was changed",
            )
        return row

    def _known_run(self, run_id: str) -> RunRow:
        run = self.run(run_id)
        if run is None:
            raise IntegrityError(
                "LW-REG-017",
                "no such run is registered",
                where=f"run {run_id}",
                next_step="see `longwatch audit list` for the runs there are; nothing was changed",
            )
        return run


def _study_content(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"title": values["title"], "content_sha256": values["content_sha256"]}


def _with_old(event: AuditEvent, old: Mapping[str, Any]) -> AuditEvent:
    """The event with what was there before, where the caller could not know it (spec F.1: old value, new value)."""
    return event if event.old is not None else replace(event, old=old)


def _not_a_transition(run_id: str, found: str, wanted: RunState) -> IntegrityError:
    return IntegrityError(
        "LW-REG-018",
        f"the run cannot become {wanted.value}",
        where=f"run {run_id}",
        expected="a run moves from started to gated, failed or done, once",
        found=str(found),
        next_step="see `longwatch audit list` for who ended it; nothing was changed",
    )
