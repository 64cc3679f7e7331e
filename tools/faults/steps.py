"""The steps of a process that leave a trace outside it, counted as they come, and the one at which it is killed.

No step is marked by hand, so none can be forgotten, and the program knows nothing of it. Seen are:

- files: every opening for writing, link, rename, removal, folder made or removed, change of rights (audit events of
  Python, PEP 578), and every `fsync`;
- the registers: every statement that changes and every commit (events of SQLAlchemy); a commit is named by what it
  records;
- a bucket: every request before it is sent and once it is answered.

A step is told before it happens, so that a process that is killed at it has done all steps before and not this one. The
last step is the end: all is done, the process is still there. *Marked* steps are those that make something appear or go
to others: links, renames, commits, requests that write, and the end.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

MARKED = ("link", "rename", "commit", "ask", "answered", "end")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_PLACES = {
    "os.link": ("link", 1),
    "os.rename": ("rename", 1),
    "os.remove": ("remove", 0),
    "os.mkdir": ("mkdir", 0),
    "os.rmdir": ("rmdir", 0),
    "os.chmod": ("chmod", 0),
    "os.truncate": ("truncate", 0),
}
_RANDOM = re.compile(r"[0-9a-f]{32,64}|tmp[a-z0-9_]{8}|-[0-9a-f]{8}(?=\.txt)")

Tell = Callable[[str, str], None]


class StepCounter:
    """Counts the steps and ends the process at one of them, as `kill -9` does.

    `marked`: only marked steps count. `kill_at`: 0 for none. `seen`: every step that counted, in order.
    """

    def __init__(self, home: Path, *, marked: bool, kill_at: int) -> None:
        self._home = f"{home}{os.sep}"
        self._marked = marked
        self._kill_at = kill_at
        self.seen: list[str] = []

    def tell(self, kind: str, name: str) -> None:
        """One step is about to happen."""
        if self._marked and kind not in MARKED:
            return
        self.seen.append(f"{kind} {_RANDOM.sub('*', name)}")
        if len(self.seen) == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def below_home(self, path: object) -> str | None:
        """The path from the home folder on; None where it lies elsewhere."""
        if not isinstance(path, (str, bytes, os.PathLike)):
            return None
        text = os.path.abspath(os.fsdecode(path))
        return text.removeprefix(self._home) if text.startswith(self._home) else None


def watch(counter: StepCounter) -> None:
    """Tell the counter every step of this process from now on. Not to be undone: the process is made for it."""
    _watch_files(counter)
    _watch_registers(counter.tell)
    _watch_bucket(counter.tell)


def _watch_files(counter: StepCounter) -> None:
    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if not (isinstance(flags, int) and flags & _WRITING) and not (mode and set(mode) & set("wxa+")):
                return
            kind = "open"
        elif event in _PLACES:
            kind, place = _PLACES[event]
            path = arguments[place]
        else:
            return
        name = counter.below_home(path)
        if name is not None:
            counter.tell(kind, name)

    sync = os.fsync

    def told_sync(descriptor: Any) -> None:
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        name = counter.below_home(os.readlink(f"/proc/self/fd/{number}"))
        if name is not None:
            counter.tell("fsync", name)
        sync(descriptor)

    # By name: for the type checker, functions of a module are no variables.
    vars(os)["fsync"] = told_sync
    sys.addaudithook(heard)


def _watch_registers(tell: Tell) -> None:
    from sqlalchemy import Engine, event

    recorded: list[str] = []
    changed: list[str] = []

    def changes(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        words = statement.split(None, 3)
        if words[0].upper() not in ("INSERT", "UPDATE", "DELETE"):
            return
        table = words[1] if words[0].upper() == "UPDATE" else words[2]
        if table == "audit_events":
            recorded.extend(_actions(parameters))
        changed.append(table)
        tell("change", table)

    def commits(_connection: Any) -> None:
        if changed:
            tell("commit", ", ".join(dict.fromkeys(recorded or changed)))
        recorded.clear()
        changed.clear()

    event.listen(Engine, "before_cursor_execute", changes)
    event.listen(Engine, "commit", commits)


def _actions(parameters: Any) -> list[str]:
    """What the events of an insertion record."""
    rows = parameters if isinstance(parameters, list) else [parameters]
    return [str(row["action"] if isinstance(row, dict) else row[3]) for row in rows]


def _watch_bucket(tell: Tell) -> None:
    from botocore.httpsession import URLLib3Session

    send = URLLib3Session.send

    def told_send(session: Any, request: Any) -> Any:
        name = f"{request.method} {request.url.partition('?')[0].partition('//')[2].partition('/')[2]}"
        writes = request.method not in ("GET", "HEAD")
        tell("ask" if writes else "read", name)
        answer = send(session, request)
        if writes:
            tell("answered", name)
        return answer

    type.__setattr__(URLLib3Session, "send", told_send)
