"""A second process that draws pages, as the first one sees it: started, given pages, listened to, ended.

Nothing here waits for it but `wait`: what a pipe does not take or has not yet is seen to the next time. A process that
does not start, dies or says something else is `lost`, and who gave it pages draws them; there is no error of its own.
"""

from __future__ import annotations

import os
import pickle
import select
import subprocess
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path

from report_templates.drawing_messages import HEAD, Job, packed
from report_templates.ink import DrawnPage

_ROOT = Path(__file__).resolve().parents[1]
_START = """
import sys, types
sys.path.insert(0, sys.argv[1])
package = sys.modules["report_templates"] = types.ModuleType("report_templates")
package.__path__ = [sys.argv[1] + "/report_templates"]
from report_templates.drawing_child import serve
serve()
"""
# The package is not imported as one: that would load all that renders, for three times as long and twice the memory.
# Where libraries are; a drawn page depends on nothing of the environment.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH")
_PIECE = 1 << 20
_MOST_GIVEN = 2


class SecondDrawer:
    """The process. It draws one block of pages and has the next one ready, so that it never waits for the first.

    `python`: what runs it; `patience`: seconds after which a process that says nothing is given up.
    """

    def __init__(self, python: str = sys.executable, patience: float = 10.0) -> None:
        self.patience = patience
        self.lost = False
        self.given: deque[int] = deque()
        """The blocks that it was given and has not answered, in order."""
        self._unsent = bytearray()
        self._heard = bytearray()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = subprocess.Popen(
                [python, "-I", "-c", _START, str(_ROOT)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
                env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
                start_new_session=True, cwd="/",
            )  # fmt: skip
        except OSError:
            self.lost = True
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._jobs, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._jobs, False)
        os.set_blocking(self._answers, False)

    @property
    def pid(self) -> int | None:
        """Its process id, while it is there."""
        return None if self._process is None else self._process.pid

    @property
    def wants_more(self) -> bool:
        """Whether it should be given another block."""
        return not self.lost and len(self.given) < _MOST_GIVEN

    def give(self, block: int, job: Job) -> None:
        """Have a block drawn."""
        self.given.append(block)
        self._unsent += packed(job)

    def look(self) -> list[tuple[int, list[DrawnPage]]]:
        """Send on what the pipe takes; the blocks that have come since the last look."""
        if self.lost:
            return []
        try:
            self._send()
            self._hear()
            return self._take_answers()
        except (OSError, EOFError, ValueError, pickle.UnpicklingError):
            self.lost = True
            return []

    def wait(self) -> None:
        """Wait until there is something to send or to hear; give it up where there is not in time."""
        if self.lost:
            return
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        if self._unsent:
            poll.register(self._jobs, select.POLLOUT)
        self.lost = not poll.poll(self.patience * 1000)

    def end(self) -> None:
        """End it, whatever it is at."""
        self.lost = True
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process = None

    def _send(self) -> None:
        with suppress(BlockingIOError):
            while self._unsent:
                del self._unsent[: os.write(self._jobs, self._unsent[:_PIECE])]

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            while piece := os.read(self._answers, _PIECE):
                self._heard += piece
            raise EOFError

    def _take_answers(self) -> list[tuple[int, list[DrawnPage]]]:
        taken = []
        while len(self._heard) >= HEAD.size:
            end = HEAD.size + HEAD.unpack_from(self._heard)[0]
            if len(self._heard) < end:
                break
            taken.append((self.given.popleft(), pickle.loads(self._heard[HEAD.size : end])))
            del self._heard[:end]
        return taken
