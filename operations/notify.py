"""Telling people what a validation found. A notice that cannot be sent is told, and never fails the run."""

from __future__ import annotations

from collections.abc import Callable

from longwatch.errors import LongwatchError
from longwatch.findings.finding import ValidationOutcome
from longwatch.findings.notice import Notice, make_notice
from operations.audited import make_event
from operations.ports import Adapters, Progress

Told = Callable[[Notice], None]
"""Who is told of a validation, before the gate ends the run."""


def notice_of(adapters: Adapters, study_id: str, run_id: str, snapshot_id: str, outcome: ValidationOutcome) -> Notice:
    """What a validation that is registered tells: new is what this run was the first to find."""
    with adapters.registers.transaction() as register:
        new = {item.finding.fingerprint for item in register.findings(study_id, run_id) if item.first_run == run_id}
    return make_notice(study_id, run_id, snapshot_id, outcome, new)


def send_notice(adapters: Adapters, notice: Notice, progress: Progress) -> tuple[str, ...]:
    """Send a notice to every target that is set; which took it. Each attempt's end is an audit event.

    A target that refuses, after its retries, is told with the error's id, and the others are still served.
    """
    served: list[str] = []
    try:
        targets = adapters.notice_targets
    except LongwatchError as wrong:
        progress(f"no notice was sent: {wrong.one_line()}")
        with adapters.registers.transaction() as register:
            register.record_read(make_event(adapters, "notice failed", "run", notice.run_id, reason=wrong.one_line()))
        return ()
    for target in targets:
        event = make_event(adapters, "notice sent", "run", notice.run_id, {"to": target.name, "new": notice.new})
        try:
            target.send(notice)
            served.append(target.name)
        except LongwatchError as failed:
            progress(f"the notice was not sent: {failed.one_line()}")
            event = make_event(
                adapters, "notice failed", "run", notice.run_id, {"to": target.name}, reason=failed.one_line()
            )
        with adapters.registers.transaction() as register:
            register.record_read(event)
    return tuple(served)
