"""Work in a process of its own, forked from this one, which has loaded every library and used none of them."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from longwatch.errors import LongwatchError

MOST_SECONDS = 300
"""After so long a process hangs, which is a fault."""
FINISHED, KILLED, REFUSED, FAULT = "finished", "killed", "refused", "fault"


LIBRARIES = (
    "alembic.command", "connectors.readers.typed_copy", "connectors.signing", "crosscheck.second_opinion", "duckdb",
    "great_expectations", "models.registers", "pandas", "psutil", "pyarrow.parquet", "report_templates.render",
    "reportlab.platypus", "scipy.stats", "tools.faults.small_study",
)  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """How a process ended: finished, killed, refused (an error of ours, by id) or with a fault; and what it said."""

    how: str
    said: str = ""


def load_libraries() -> None:
    """Load what a run loads. Polars and Arrow start their threads at first use, so a fork before
    that is safe."""
    for name in LIBRARIES:
        importlib.import_module(name)


def in_child(work: Callable[[], str]) -> Ended:
    """Carry work out in a fork; what it returns is what it said."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(MOST_SECONDS)
        code, said = 70, ""
        try:
            said, code = work(), 0
        except LongwatchError as refused:
            said, code = f"{refused.error_id} {refused}", 1
        except BaseException:  # noqa: BLE001 - whatever it is, the parent is to know
            said = traceback.format_exc()
        with suppress(OSError):
            os.write(writing, said.encode()[-60_000:])
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        ended_by = os.WTERMSIG(status)
        return Ended(KILLED if ended_by == signal.SIGKILL else FAULT, f"signal {ended_by}")
    how = {0: FINISHED, 1: REFUSED}.get(os.WEXITSTATUS(status), FAULT)
    return Ended(how, said)


def side_by_side(
    works: Iterator[Callable[[], None]], at_once: int, when_all_began: Callable[[], None] | None = None
) -> None:
    """Carry works out in forks, so many at the same time. Where one fails, no other begins, and the program ends."""
    running: set[int] = set()
    failed = 0

    def wait() -> None:
        nonlocal failed
        pid, status = os.wait()
        running.discard(pid)
        failed = failed or status

    for work in works:
        if failed:
            break
        child = os.fork()
        if child == 0:
            try:
                work()
            except BaseException:  # noqa: BLE001 - told here; the parent sees the code
                sys.stderr.write(traceback.format_exc())
                os._exit(70)
            os._exit(0)
        running.add(child)
        if len(running) >= at_once:
            wait()
    if when_all_began is not None:
        when_all_began()
    while running:
        wait()
    if failed:
        raise SystemExit("a worker failed; what it said is above, and what was done is in the journal")
