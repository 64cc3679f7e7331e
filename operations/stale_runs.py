"""Runs whose process ended without a word (SIGKILL, power): closed as failed, by evidence."""

from __future__ import annotations

from longwatch.errors import IntegrityError
from longwatch.evidence.registered import RunRow, RunState
from operations.audited import make_event
from operations.ports import Adapters

REASON = "the process that ran it ended without a word (killed, or the machine stopped)"


def close_stale_runs(adapters: Adapters) -> list[RunRow]:
    """Close as failed each started run whose process is gone; which they were.

    A run of another host, and one of a Longwatch that did not write its process down, stays as it is: nobody here can
    know. Of two processes that close one run, the second leaves it.
    """
    closed = []
    for run in find_stale_runs(adapters):
        event = make_event(adapters, "run failed", "run", run.id, {"snapshot": run.snapshot_id}, REASON)
        try:
            with adapters.registers.transaction() as register:
                register.finish_run(run.id, RunState.FAILED, REASON, event.at, None, event)
        except IntegrityError as ended:
            if ended.error_id != "LW-REG-018":
                raise
            continue
        closed.append(run)
    return closed


def find_stale_runs(adapters: Adapters) -> list[RunRow]:
    """The started runs whose process is gone, by evidence."""
    with adapters.registers.transaction() as register:
        started = register.started_runs()
    return [run for run in started if run.process and adapters.processes.is_gone(run.process) is True]
