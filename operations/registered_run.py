"""A run in the registers: always registered, whatever the outcome, and ended in one state."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from longwatch.errors import GateStopped, LongwatchError
from longwatch.evidence.audit import AuditEvent
from longwatch.evidence.registered import RunRow, RunState, StudyRow
from longwatch.evidence.replay import study_values
from longwatch.standards.hashing import sha256_of
from longwatch.study import Study
from operations.audited import make_event
from operations.ports import Adapters
from operations.stale_runs import close_stale_runs


@dataclass
class Run:
    """A run under way: its id, and its snapshot once there is one."""

    id: str
    snapshot_id: str | None = None


@contextmanager
def registered_run(adapters: Adapters, study: Study) -> Iterator[Run]:
    """A run in the registers: started here, finished in the state that the block ends in.

    Cases: the block ends → done; GateStopped → gated; anything else, an interrupt included → failed with its reason.
    The exception passes on. Runs that a killed process left as started are closed first (`stale_runs`).
    """
    run = Run(uuid.uuid4().hex)
    close_stale_runs(adapters)
    started, actor = adapters.clock(), adapters.actor
    row = StudyRow(study.id, study.study.title, sha256_of(study.content_used_by_reports()), started)

    def event(action: str, entity: str, entity_id: str, said: dict[str, str]) -> AuditEvent:
        return AuditEvent(started, actor.name, action, entity, entity_id, None, said)

    with adapters.registers.transaction() as register:
        register.ensure_account(actor, event("account seen", "account", actor.name, {}))
        register.ensure_study(row, event("study seen", "study", study.id, study_values(row)))
        register.start_run(
            RunRow(run.id, study.id, RunState.STARTED, actor.name, started, process=adapters.processes.mark()),
            event("run started", "run", run.id, {"study": study.id}),
        )
    try:
        yield run
    except GateStopped as stopped:
        _finish(adapters, run, RunState.GATED, stopped.one_line())
        raise
    except LongwatchError as failed:
        _finish(adapters, run, RunState.FAILED, failed.one_line())
        raise
    except (KeyboardInterrupt, SystemExit):
        _finish(adapters, run, RunState.FAILED, "interrupted")
        raise
    except BaseException as fault:
        _finish(adapters, run, RunState.FAILED, f"a fault of Longwatch ({type(fault).__name__})")
        raise
    _finish(adapters, run, RunState.DONE, "")


def _finish(adapters: Adapters, run: Run, state: RunState, reason: str) -> None:
    """Record the end. Where the database ended the connection meanwhile, once more: it is there again, or the error is
    the second one's. That the first attempt was recorded after all is no error."""
    event = make_event(adapters, f"run {state.value}", "run", run.id, {"snapshot": run.snapshot_id}, reason)

    def record() -> None:
        with adapters.registers.transaction() as register:
            register.finish_run(run.id, state, reason, event.at, run.snapshot_id, event)

    try:
        record()
    except LongwatchError as lost:
        if lost.error_id != "LW-REG-012":
            raise
        try:
            record()
        except LongwatchError as ended:
            if ended.error_id != "LW-REG-018":
                raise
