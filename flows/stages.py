"""A stage of a job as a Prefect task, and who watches its progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE

from longwatch.errors import StudyError
from operations.ports import Progress
from operations.stages import StageRunner, run_directly

Result = TypeVar("Result")


def _unwatched(message: str) -> None:
    """Under a worker nobody watches a terminal; Prefect shows the tasks."""


_watcher: ContextVar[tuple[Progress, StageRunner]] = ContextVar("watcher", default=(_unwatched, run_directly))


@contextmanager
def watched_by(progress: Progress, around: StageRunner) -> Iterator[None]:
    """Show the progress of flows run in this block: `progress` takes messages, `around` is called around each stage.

    A flow's parameters go to Prefect's database, so what watches it cannot be one of them.
    """
    token = _watcher.set((progress, around))
    try:
        yield
    finally:
        _watcher.reset(token)


def check_place(what: str, path: Path) -> None:
    """Refuse a relative path where nobody watches: a worker runs in a folder of its own that is deleted afterwards.

    Raises StudyError LW-FLW-001.
    """
    if _watcher.get()[0] is _unwatched and not path.is_absolute():
        raise StudyError(
            "LW-FLW-001",
            f"{what} is a relative path, and a worker's working folder is deleted after the run",
            where=str(path),
            expected="an absolute path",
            next_step="set LONGWATCH_HOME where the worker runs, and give the study file's absolute path",
        )


def tell_progress(message: str) -> None:
    """A message to whoever watches."""
    _watcher.get()[0](message)


def run_as_task(name: str, work: Callable[[], Result]) -> Result:
    """The stage as a Prefect task of that name, in this process.

    The work takes no arguments and its result is not kept: no patient data reaches Prefect as a parameter or result.
    What counts as done is in our registers, so a task is never cached (DESIGN.md, decision 1).
    """
    as_task = task(name=name, cache_policy=NO_CACHE, persist_result=False)(work)
    return _watcher.get()[1](name, lambda: as_task())
