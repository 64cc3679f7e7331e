"""A run in the registers: always registered, whatever the outcome, and ended in one state."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from longwatch.errors import GateStopped, LongwatchError
from longwatch.evidence.registered import RunRow, RunState, StudyRow
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
    started = adapters.clock()
    content = sha256_of(study.content_used_by_reports())
    with adapters.registers.transaction() as register:
        register.ensure_account(adapters.actor, make_event(adapters, "account seen", "account", adapters.actor.name))
        register.ensure_study(
            StudyRow(study.id, study.study.title, content, started),
            make_event(adapters, "study seen", "study", study.id, {"content_sha256": content}),
        )
        register.start_run(
            RunRow(run.id, study.id, RunState.STARTED, adapters.actor.name, started, process=adapters.processes.mark()),
            make_event(adapters, "run started", "run", run.id, {"study": study.id}),
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
    with adapters.registers.transaction() as register:
        register.finish_run(
            run.id,
            state,
            reason,
            adapters.clock(),
            run.snapshot_id,
            make_event(adapters, f"run {state.value}", "run", run.id, {"snapshot": run.snapshot_id}, reason),
        )
