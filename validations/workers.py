"""Several processes judge one large dataset, each a part of its rows by both engines.

Worth their start (Great Expectations takes seconds to import) only where there are many records. The processes end with
the validation, and with their parent however that ends.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from types import TracebackType

from longwatch.errors import IntegrityError
from longwatch.standards.dataset import SourceData
from longwatch.standards.meddra import Meddra
from validations.agreement import Agreement
from validations.applicability import Instance
from validations.great_expectations_form import GreatExpectationsJudge
from validations.judge import Judgement, Part, add_up, judge_part
from validations.lookups import Lookups

WORKERS = 4
"""How many processes at most: memory grows with this, not with the data."""


@dataclass
class _Tools:
    """What a process needs for its parts."""

    data: SourceData
    lookups: Lookups
    judge: GreatExpectationsJudge


_tools: list[_Tools] = []


class Workers:
    """A context manager; called, it is `Judging`, with every count confirmed.

    Raises IntegrityError: what `Agreement.confirm` raises, and LW-VAL-009 where a process ended before its answer.
    """

    def __init__(self, data: SourceData, dictionary: Meddra | None) -> None:
        self.count = min(os.cpu_count() or 1, WORKERS)
        self._pool = ProcessPoolExecutor(
            self.count, mp_context=get_context("spawn"), initializer=_start, initargs=(data, dictionary)
        )
        for _ in range(self.count):
            self._pool.submit(os.getpid)

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __call__(self, dataset: str, instances: Sequence[Instance], parts: Iterable[Part]) -> Iterator[Judgement]:
        """The judgement of each part, in their order; a few parts ahead of what is taken."""
        asked: deque[Future[Judgement]] = deque()
        try:
            for part in parts:
                asked.append(self._pool.submit(_judge, dataset, instances, part))
                if len(asked) > 2 * self.count:
                    yield asked.popleft().result()
            while asked:
                yield asked.popleft().result()
        except BrokenProcessPool as ended:
            raise IntegrityError(
                "LW-VAL-009",
                f"a process that judged {dataset} has ended before it had done so",
                where="validation",
                expected="a judgement of every part",
                next_step="see whether the machine ran out of memory, and validate again; nothing was judged as passed",
            ) from ended


def _start(data: SourceData, dictionary: Meddra | None) -> None:
    """In the process: Great Expectations, and an end where the parent ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _tools.append(_Tools(data, Lookups(data, dictionary), GreatExpectationsJudge()))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _judge(dataset: str, instances: Sequence[Instance], part: Part) -> Judgement:
    tools = _tools[0]
    agreement = Agreement(tools.judge)
    judgement = judge_part(tools.data, dataset, instances, part, tools.lookups, agreement)
    agreement.confirm()
    add_up(judgement.seconds, agreement.seconds)
    return judgement
