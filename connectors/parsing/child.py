"""The child: takes jobs from its parent, one after the other, and answers.

It is started with nothing of its parent's environment but the language, belongs to a session of its own (an interrupt
at the terminal is the parent's to handle), and ends when the parent does, even in the midst of C code: the system sends
it SIGIO, which ends a process, when the other end of its lifeline is closed.
"""

from __future__ import annotations

import errno
import fcntl
import gc
import os
import pickle
import resource
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from connectors.parsing.messages import (
    CHUNK,
    END,
    FAULT,
    HEAD,
    READY,
    REFUSED,
    RESULT,
    SYSTEM,
    TOO_MUCH,
    error_to_json,
    send,
)  # fmt: skip
from longwatch.errors import LongwatchError

FILES_OPEN = 256
NICENESS = 5
ROOT = str(Path(__file__).resolve().parents[2])


def serve(lifeline: int) -> None:
    """Answer jobs until the parent is gone."""
    _end_with_the_parent(lifeline)
    _give_up_rights()
    answers = os.dup(1)
    # What a C library prints must not come between the answers.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    import connectors.readers.typed_copy  # noqa: F401 - loaded before the first file is there

    gc.freeze()
    send(answers, READY, b"")
    with os.fdopen(0, "rb") as jobs:
        while head := jobs.read(HEAD.size):
            _, length = HEAD.unpack(head)
            limit, function, arguments = pickle.loads(jobs.read(length))
            _forget_peak()
            allowed = _limit_output(limit)
            _answer(answers, function, arguments, output_is_ours=allowed)


def _answer(answers: int, function: Any, arguments: tuple[Any, ...], *, output_is_ours: bool) -> None:
    try:
        result = function(*arguments)
        if isinstance(result, Iterator):
            for chunk in result:
                send(answers, CHUNK, chunk)
            kind, body = END, b""
        else:
            kind, body = RESULT, orjson.dumps(result)
    except LongwatchError as refused:
        kind, body = REFUSED, error_to_json(refused)
    except OSError as refused:
        if refused.errno == errno.EFBIG and output_is_ours:
            kind, body = TOO_MUCH, b""
        else:
            kind, body = SYSTEM, orjson.dumps([refused.errno or 0, str(refused.strerror or "")])
    except BaseException as fault:  # noqa: BLE001 - what a foreign file does to a reader must come back as an answer
        kind, body = FAULT, orjson.dumps(_place_of(fault))
    send(answers, kind, HEAD.pack(b"P", _peak() >> 10) + body)


def _place_of(fault: BaseException) -> str:
    """The kind of an exception and the last place of ours that it came through: no values of the file."""
    places = [
        f"{Path(frame.filename).name}, line {frame.lineno}"
        for frame in traceback.extract_tb(fault.__traceback__)
        if frame.filename.startswith(ROOT) and "site-packages" not in frame.filename
    ]
    return f"{type(fault).__name__} in {places[-1] if places else 'a library'}"


def _end_with_the_parent(lifeline: int) -> None:
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        # It may have gone before the signal was asked for.
        if os.read(lifeline, 1) == b"":
            os._exit(0)


def _give_up_rights() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = FILES_OPEN if hard == resource.RLIM_INFINITY else min(FILES_OPEN, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with suppress(OSError):
        os.nice(NICENESS)
    with suppress(OSError):
        # Where memory runs out, the system ends this process first.
        Path("/proc/self/oom_score_adj").write_text("1000")


def _limit_output(limit: int) -> bool:
    """No file may grow over so many bytes. Returns whether that is the limit in force, and not one set from outside."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    ours = hard == resource.RLIM_INFINITY or limit < hard
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit if ours else hard, hard))
    return ours


def _forget_peak() -> None:
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """The largest resident memory since it was last forgotten, in bytes."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


if __name__ == "__main__":
    serve(int(sys.argv[1]))
