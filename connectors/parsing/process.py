"""One child as its parent sees it: started, given a job, watched while it works, ended."""

from __future__ import annotations

import os
import pickle
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from connectors.parsing.limits import (
    ParseLimits,
    child_died,
    reader_failed,
    too_long,
    too_much_memory,
    too_much_output,
)
from connectors.parsing.messages import (
    CHUNK,
    END,
    FAULT,
    HEAD,
    JOB,
    LARGEST,
    READY,
    REFUSED,
    RESULT,
    SYSTEM,
    TOO_MUCH,
    error_from_json,
    send,
)  # fmt: skip
from longwatch.errors import StoreError

if TYPE_CHECKING:
    import psutil

LOOK_SECONDS = 0.02
START_SECONDS = 120.0
_ROOT = Path(__file__).resolve().parents[2]
_START = (
    "import sys; sys.path.insert(0, sys.argv[2]); from connectors.parsing.child import serve; serve(int(sys.argv[1]))"
)
# What a child gets to know of the environment: where libraries are and what language is spoken. No secrets.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ")
_SINGLE = dict.fromkeys(
    ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_IO_THREADS"), "1"
)


class Stopped(Exception):
    """The parent itself gave up what the child was at."""


class Child:
    """A process that parses. Only one thread uses it at a time."""

    def __init__(self, limits: ParseLimits) -> None:
        self.limits = limits
        self.files = 0
        self.peak = 0
        """The largest resident memory during the last job, in bytes."""
        self._ready = False
        lifeline, self._lifeline = os.pipe()
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | _SINGLE
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, str(lifeline), str(_ROOT)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
                env=environment, pass_fds=(lifeline,), start_new_session=True, cwd="/",
            )  # fmt: skip
        except OSError as refused:
            os.close(self._lifeline)
            raise _no_start(refused.strerror or str(refused)) from refused
        finally:
            os.close(lifeline)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._jobs, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._answers, select.POLLIN | select.POLLHUP)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can be given another job."""
        return self._process.poll() is None

    def work(
        self, where: str, size: int, function: Callable[..., Any], arguments: tuple[Any, ...], stop: Event | None = None
    ) -> Iterator[bytes]:
        """Call a function in the child: the pieces of the stream that it gives, else its result as one piece of JSON.

        `where` and `size` are of the file, for messages and limits. Where the answer is not taken to its end, and
        wherever anything but an answer comes, the child is ended.

        Raises SourceError LW-PAR-001 to 005, what the function raises of ours, OSError; Stopped once `stop` is set.
        """
        self._wait_until_ready(stop)
        self.files += 1
        watch = _Watch(self.pid, self.limits, where, size)
        done = False
        try:
            job = pickle.dumps((self.limits.output_for(size), function, arguments))
            try:
                send(self._jobs, JOB, job)
            except BrokenPipeError:
                raise child_died(where, self._how_it_ended()) from None
            while True:
                kind, body = self._answer(watch, where, stop)
                if kind == CHUNK:
                    yield body
                    watch.begin()
                    continue
                self.peak = max(watch.seen, HEAD.unpack(body[: HEAD.size])[1] << 10)
                body = body[HEAD.size :]
                done = True
                if kind == RESULT:
                    yield body
                elif kind != END:
                    _raise(kind, body, where, self.limits.output_for(size))
                return
        finally:
            if not done:
                self.peak = watch.seen
                self.end()

    def end(self) -> None:
        """End it, whatever it is at."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def _wait_until_ready(self, stop: Event | None) -> None:
        if self._ready:
            return
        end = time.monotonic() + START_SECONDS
        while not self._poll.poll(LOOK_SECONDS * 1000):
            if stop is not None and stop.is_set():
                raise Stopped
            if time.monotonic() > end:
                self.end()
                raise _no_start(f"it is not ready after {START_SECONDS:.0f} s")
        if self._read(HEAD.size)[:1] != READY:
            how = self._how_it_ended()
            self.end()
            raise _no_start(how)
        self._ready = True

    def _answer(self, watch: _Watch, where: str, stop: Event | None) -> tuple[bytes, bytes]:
        while not self._poll.poll(LOOK_SECONDS * 1000):
            if stop is not None and stop.is_set():
                raise Stopped
            watch.look()
        head = self._read(HEAD.size)
        if len(head) < HEAD.size:
            raise child_died(where, self._how_it_ended())
        kind, length = HEAD.unpack(head)
        if length > LARGEST:
            raise child_died(where, "an answer that is none")
        body = self._read(length)
        if len(body) < length or (kind != CHUNK and length < HEAD.size):
            raise child_died(where, self._how_it_ended())
        return kind, body

    def _read(self, length: int) -> bytes:
        content = b""
        while len(content) < length and (piece := os.read(self._answers, length - len(content))):
            content += piece
        return content

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return "it closed its answers"
        if code >= 0:
            return f"exit code {code}"
        if code == -signal.SIGKILL:
            return "SIGKILL: the machine ran out of memory, or someone ended it"
        return signal.Signals(-code).name


class _Watch:
    """Looks at a child at work."""

    def __init__(self, pid: int, limits: ParseLimits, where: str, size: int) -> None:
        import psutil

        self.seen = 0
        self._limits, self._where, self._size = limits, where, size
        self._spent = 0.0
        self._moved = -1
        try:
            self._process: psutil.Process | None = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self._process = None
        self.begin()

    def begin(self) -> None:
        """The child goes on after it has said something: it has moved."""
        self._last_look = self._last_move = time.monotonic()

    def look(self) -> None:
        """Raises SourceError LW-PAR-002, LW-PAR-003."""
        import psutil

        now = time.monotonic()
        self._spent += now - self._last_look
        self._last_look = now
        if self._process is not None:
            # Where it has just died, the pipe says so.
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                self.seen = max(self.seen, self._process.memory_info().rss)
                moved = _bytes_moved(self._process)
                if moved != self._moved:
                    self._moved, self._last_move = moved, now
        if self.seen > self._limits.memory_bytes:
            raise too_much_memory(self._where, self._limits)
        if now - self._last_move > self._limits.still_seconds:
            raise too_long(self._where, self._limits.still_seconds, still=True)
        if self._spent > self._limits.seconds_for(self._size):
            raise too_long(self._where, self._limits.seconds_for(self._size), still=False)


def _bytes_moved(process: psutil.Process) -> int:
    """Bytes read and written so far; without a system that counts them, processor time stands for them."""
    if hasattr(process, "io_counters"):
        counted = process.io_counters()
        return int(getattr(counted, "read_chars", 0) + getattr(counted, "write_chars", 0))
    return int(sum(process.cpu_times()[:2]) * 100)


def _raise(kind: bytes, body: bytes, where: str, allowed: int) -> None:
    import orjson

    try:
        if kind == REFUSED:
            error: Exception = error_from_json(body)
        elif kind == TOO_MUCH:
            error = too_much_output(where, allowed)
        elif kind == SYSTEM:
            number, words = orjson.loads(body)
            error = OSError(int(number), str(words)) if number else reader_failed(where, "OSError")
        elif kind == FAULT:
            error = reader_failed(where, str(orjson.loads(body))[:200])
        else:
            raise ValueError(kind)
    except (ValueError, TypeError):
        error = child_died(where, "an answer that is none")
    raise error


def _no_start(how: str) -> StoreError:
    return StoreError(
        "LW-PAR-006",
        "the process that is to read the data does not start",
        where=sys.executable,
        found=how,
        next_step="check the machine's memory and its limit of processes; `make clean demo` makes the environment anew",
    )
