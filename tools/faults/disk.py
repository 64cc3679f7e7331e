"""A disk that is full or fails: `python -m tools.faults.disk FAULT SAMPLE`, a line of JSON for each schedule.

- `no space`: from a step of the run on, nothing can be made, linked or synced (ENOSPC); what is there can be removed.
- `disk fails`: one step is answered by EIO.
- `no room for the file`: no file grows over a size (RLIMIT_FSIZE): the registers' own files, too, in the midst of a
  transaction.

Then the disk is as it should be, and the run is made again. `SAMPLE`: so many schedules, evenly spread; 0 for all.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tools.faults.children import FAULT, FINISHED, Ended, in_child, load_libraries
from tools.faults.crashes import Crashed, Undisturbed, recover, run_undisturbed, run_until, spread
from tools.faults.invariants import read_accepted, without_bytes
from tools.faults.small_study import open_small, run_small, write_small_study
from tools.faults.steps import StepCounter, watch

NO_SPACE, FAILS, NO_ROOM = "no space", "disk fails", "no room for the file"
NEEDS_SPACE = ("open", "mkdir", "link", "rename", "fsync")
OF_FILES = (*NEEDS_SPACE, "chmod", "remove", "rmdir")
PAGE = 4096
LARGEST_PAGES = 120
"""The registers of the small study, the largest file, have fewer."""


class FailingDisk(StepCounter):
    """Answers a step by an error instead of ending the process."""

    def __init__(self, home: Path, fault: str, at: int) -> None:
        super().__init__(home, marked=False, kill_at=0)
        self._fault, self._at = fault, at

    def tell(self, kind: str, name: str) -> None:
        """Only steps on files count; what needs no space works on a full disk."""
        if kind not in (NEEDS_SPACE if self._fault == NO_SPACE else OF_FILES):
            return
        super().tell(kind, name)
        number = len(self.seen)
        if self._at and (number == self._at or (self._fault == NO_SPACE and number > self._at)):
            code = errno.ENOSPC if self._fault == NO_SPACE else errno.EIO
            raise OSError(code, os.strerror(code), name)


def run_on(home: Path, study_file: Path, fault: str, at: int) -> Ended:
    """A run with the fault, in a process of its own."""

    def work() -> str:
        counter = FailingDisk(home, fault, at)
        if fault == NO_ROOM:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (at * PAGE, resource.RLIM_INFINITY))
        else:
            watch(counter)
        wiring = open_small(home)
        run_small(wiring, study_file)
        wiring.close()
        return json.dumps(counter.seen)

    return in_child(work)


def disturb(fault: str, at: int, name: str, undisturbed: Undisturbed, work: Path, study_file: Path) -> Crashed:
    """One schedule."""
    home = work / f"disk-{at}"
    try:
        ended = run_on(home, study_file, fault, at)
        wrong = (f"{ended.how}: {ended.said}",) if ended.how == FAULT else ()
        accepted = read_accepted(home)
        crashed = Crashed(fault, at, 0, name, "", (*wrong, *without_bytes(home, accepted)))
        after = run_until(home, study_file, marked=True, kill_at=0)
        found = recover(crashed, home, accepted, undisturbed, after)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if found.refused:
        return Crashed(fault, at, 0, name, "", (*found.wrong, f"the next run was refused: {found.refused}"))
    return Crashed(fault, at, 0, name, "", found.wrong, ended.said if ended.how != FINISHED else "")


def main() -> int:
    """All schedules of a fault, or a sample."""
    fault, sample = sys.argv[1], int(sys.argv[2])
    load_libraries()
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="lwd") as folder:
        work = Path(folder)
        study_file = write_small_study(work / "study")
        undisturbed = run_undisturbed(work, study_file)
        if fault == NO_ROOM:
            steps = [f"{pages * PAGE:,} bytes" for pages in range(1, LARGEST_PAGES + 1)]
        else:
            steps = json.loads(run_on(work / "steps", study_file, fault, 0).said)
        for at in spread(len(steps), sample):
            crashed = disturb(fault, at, steps[at - 1], undisturbed, work, study_file)
            found.append(asdict(crashed))
            sys.stdout.write(json.dumps(found[-1]) + "\n")
            sys.stdout.flush()
    return 1 if any(each["wrong"] for each in found) else 0


if __name__ == "__main__":
    sys.exit(main())
