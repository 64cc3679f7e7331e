"""Great Expectations in a process of its own: it counts while Polars goes on to the next check.

Worth its start (the library takes seconds to import) only where there are many records. The process ends with the
validation, and with its parent however that ends.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from types import TracebackType

import polars as pl

from longwatch.errors import IntegrityError
from longwatch.findings.rule import Check
from validations.great_expectations_form import Count, GreatExpectationsJudge

_judge: list[GreatExpectationsJudge] = []


class BesideJudge:
    """A context manager; `ask` as that of `GreatExpectationsJudge`, answered later."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_start)
        self._pool.submit(os.getpid)

    def __enter__(self) -> BesideJudge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def ask(self, frame: pl.DataFrame, rule_id: str, check: Check) -> Future[tuple[Count, float]]:
        """The count and the seconds it took, in time.

        The answer raises IntegrityError as `GreatExpectationsJudge.count` does, and LW-VAL-009 where the process ended.
        """
        asked: Future[tuple[Count, float]] = Future()
        try:
            self._pool.submit(_count, frame, rule_id, check).add_done_callback(lambda done: _pass_on(done, asked))
        except BrokenProcessPool:
            asked.set_exception(_ended())
        return asked


def _pass_on(done: Future[tuple[Count, float]], asked: Future[tuple[Count, float]]) -> None:
    if done.cancelled():
        asked.cancel()
        return
    error = done.exception()
    if error is None:
        asked.set_result(done.result())
    else:
        asked.set_exception(_ended() if isinstance(error, BrokenProcessPool) else error)


def _ended() -> IntegrityError:
    return IntegrityError(
        "LW-VAL-009",
        "the process in which Great Expectations counts has ended before it had counted",
        where="validation",
        expected="a count of each check",
        next_step="see whether the machine ran out of memory, and validate again; nothing was judged as passed",
    )


def _start() -> None:
    """In the process: Great Expectations, and an end where the parent ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _judge.append(GreatExpectationsJudge())


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _count(frame: pl.DataFrame, rule_id: str, check: Check) -> tuple[Count, float]:
    return _judge[0].ask(frame, rule_id, check).result()
