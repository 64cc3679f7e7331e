"""The children of this process: as many as the limits say, kept warm between files, replaced when they have died or
served long enough."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from connectors.parsing.limits import ParseLimits, child_died
from connectors.parsing.process import Child

Result = TypeVar("Result")
Item = TypeVar("Item")


class Children:
    """Processes that parse foreign files. Threads may use them at the same time; who finds none free waits."""

    def __init__(self, limits: ParseLimits) -> None:
        self.limits = limits
        self._free = threading.Semaphore(limits.children)
        self._lock = threading.Lock()
        self._idle: list[Child] = []

    def start(self, count: int) -> None:
        """Have so many ready soon, as far as the limits allow: they load their libraries while others work."""
        while len(self._idle) < min(count, self.limits.children):
            child = Child(self.limits)
            with self._lock:
                self._idle.append(child)

    def call(
        self,
        kind: type[Result],
        where: str,
        size: int,
        function: Callable[..., Result],
        *arguments: Any,
        stop: threading.Event | None = None,
    ) -> Result:
        """`function(*arguments)`, carried out in a child; its result, a value of `kind`.

        `where`: what messages call the file; `size`: its bytes, which time and output are measured by.

        Raises what the function raises of ours, OSError, and SourceError LW-PAR-001 to 005, StoreError LW-PAR-006.
        """
        from pydantic import TypeAdapter, ValidationError

        with self.lent() as child:
            answer = b"".join(child.work(where, size, function, arguments, stop))
        try:
            return TypeAdapter(kind).validate_json(answer)
        except ValidationError as other:
            raise child_died(where, "an answer that is none") from other

    def stream(
        self, where: str, size: int, function: Callable[..., Iterator[bytes]], *arguments: Any
    ) -> Generator[bytes, None, None]:
        """The pieces that `function(*arguments)` gives in a child. Raises as `call`."""
        with self.lent() as child:
            yield from child.work(where, size, function, arguments)

    def together(
        self, items: Sequence[Item], begin: Callable[[Item], None], work: Callable[[Item, threading.Event], Result]
    ) -> Generator[Result, None, None]:
        """`work(item, stop)` of each item on as many threads as there are children; the results in their order.

        `begin(item)` is called here, before. Where several fail, the first in order is told, so that the same files
        give the same message. Work that has begun is then stopped, as it is by an interrupt: `stop` is set.
        """
        stop = threading.Event()
        waiting = list(enumerate(items))[::-1]
        running: dict[Future[Result], int] = {}
        done: dict[int, Future[Result]] = {}
        given = 0
        with ThreadPoolExecutor(self.limits.children) as threads:
            try:
                while waiting or running:
                    while waiting and len(running) < self.limits.children:
                        number, item = waiting.pop()
                        begin(item)
                        running[threads.submit(work, item, stop)] = number
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        done[running.pop(future)] = future
                        if future.exception():
                            waiting.clear()
                    while given in done:
                        yield done.pop(given).result()
                        given += 1
            finally:
                stop.set()

    @contextmanager
    def lent(self) -> Iterator[Child]:
        """A child for the block; given back afterwards if it is still good, else ended."""
        with self._free:
            with self._lock:
                child = self._idle.pop() if self._idle else None
            if child is None or not child.alive:
                if child is not None:
                    child.end()
                child = Child(self.limits)
            try:
                yield child
            except BaseException:
                self._give_back(child)
                raise
            self._give_back(child)

    def close(self) -> None:
        """End those that wait for work."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def _give_back(self, child: Child) -> None:
        # One that has grown is replaced: what it took would stay with it.
        if child.alive and child.files < self.limits.files and child.peak * 2 < self.limits.memory_bytes:
            with self._lock:
                self._idle.append(child)
            return
        child.end()


_made: dict[tuple[int, ParseLimits], Children] = {}


def children_of(limits: ParseLimits) -> Children:
    """The children of this process under these limits; the same ones again for the same limits."""
    return _made.setdefault((os.getpid(), limits), Children(limits))


@atexit.register
def close_children() -> None:
    """End all that wait for work. They start again when they are needed again."""
    for (pid, _), children in list(_made.items()):
        if pid == os.getpid():
            children.close()
