"""Crash schedules: a run killed at a step, the next run killed at a step, the one after that must finish.

A schedule is a pair of marked steps (`steps`): the first run is killed at step i, the second, on what the first left
behind, at step j; all pairs there are, j up to the end of the second run. And, singly, every step of all kinds of a
run, killed there and recovered from once. Nothing is drawn by lot: the same program gives the same schedules.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.faults.children import FINISHED, KILLED, Ended, in_child
from tools.faults.invariants import Accepted, lost, read_accepted, without_bytes, wrong_at_the_end
from tools.faults.small_study import open_small, run_small
from tools.faults.steps import StepCounter, watch

PAIRS, SINGLE = "pairs", "single"


@dataclass(frozen=True)
class Crashed:
    """One schedule and what came of it. `at`, `then`: the steps; `then` is empty where only one was killed. `wrong`:
    what does not hold; `refused`: by which error a restart did not finish."""

    kind: str
    first: int
    second: int
    at: str
    then: str
    wrong: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True)
class Undisturbed:
    """A run that nobody kills: its steps of all kinds, its marked ones, and the hash of its PDF."""

    every: tuple[str, ...]
    marked: tuple[str, ...]
    pdf_sha256: str


def run_until(home: Path, study_file: Path, *, marked: bool, kill_at: int) -> Ended:
    """A run in a process of its own, killed at a step (0: at none). It says its steps and the hashes of its PDFs."""

    def work() -> str:
        counter = StepCounter(home, marked=marked, kill_at=kill_at)
        watch(counter)
        wiring = open_small(home)
        outcome = run_small(wiring, study_file)
        wiring.close()
        counter.tell("end", "of the run")
        return json.dumps([counter.seen, [report.row.pdf_sha256 for report in outcome.reports]])

    return in_child(work)


def run_undisturbed(work: Path, study_file: Path) -> Undisturbed:
    """The run that others are compared with. SystemExit where it does not finish."""
    found: list[tuple[str, ...]] = []
    for marked in (False, True):
        home = work / "undisturbed"
        ended = run_until(home, study_file, marked=marked, kill_at=0)
        shutil.rmtree(home, ignore_errors=True)
        if ended.how != FINISHED:
            raise SystemExit(f"the undisturbed run ended as {ended.how}: {ended.said}")
        steps, (pdf_sha256,) = json.loads(ended.said)
        found.append(tuple(steps))
    return Undisturbed(found[0], found[1], pdf_sha256)


def crash(kind: str, first: int, undisturbed: Undisturbed, work: Path, study_file: Path) -> Iterator[Crashed]:
    """All schedules whose first run is killed at that step."""
    steps = undisturbed.marked if kind == PAIRS else undisturbed.every
    at = steps[first - 1]
    left = work / f"{kind}-{first}"
    shutil.rmtree(left, ignore_errors=True)
    try:
        ended = run_until(left, study_file, marked=kind == PAIRS, kill_at=first)
        if ended.how != KILLED:
            yield Crashed(kind, first, 0, at, "", (f"the first run was not killed: {ended.how} {ended.said}",))
            return
        accepted = read_accepted(left)
        here = tuple(without_bytes(left, accepted))
        if kind == SINGLE:
            yield _recover(Crashed(kind, first, 0, at, "", here), left, accepted, undisturbed, study_file)
            return
        second, last = 0, False
        while not last:
            second += 1
            home = work / f"{kind}-{first}-{second}"
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(left, home, symlinks=True)
            try:
                crashed, last = _crash_again(kind, first, second, at, home, accepted, here, undisturbed, study_file)
            finally:
                shutil.rmtree(home, ignore_errors=True)
            if crashed is not None:
                yield crashed
    finally:
        shutil.rmtree(left, ignore_errors=True)


def _crash_again(
    kind: str, first: int, second: int, at: str, home: Path, accepted: Accepted, here: tuple[str, ...],
    undisturbed: Undisturbed, study_file: Path,
) -> tuple[Crashed | None, bool]:  # fmt: skip
    """The recovery killed at a step, and the run after it; and whether the recovery has no such step any more."""
    ended = run_until(home, study_file, marked=True, kill_at=second)
    if ended.how == FINISHED:
        # The recovery ended before its step: there are no more pairs.
        return None, True
    then = f"step {second}"
    if ended.how != KILLED:
        return Crashed(kind, first, second, at, then, (*here, f"{ended.how}: {ended.said}")), True
    again = read_accepted(home)
    wrong = (*here, *lost(accepted, again), *without_bytes(home, again))
    return _recover(Crashed(kind, first, second, at, then, wrong), home, again, undisturbed, study_file), False


def _recover(crashed: Crashed, home: Path, accepted: Accepted, undisturbed: Undisturbed, study_file: Path) -> Crashed:
    """The run that must finish, and everything that must hold then."""
    ended = run_until(home, study_file, marked=True, kill_at=0)
    after = read_accepted(home)
    wrong = [*crashed.wrong, *lost(accepted, after), *without_bytes(home, after)]
    if ended.how != FINISHED:
        loud = ended.how == "refused"
        return Crashed(
            **{
                **asdict(crashed),
                "wrong": tuple(wrong if loud else [*wrong, f"{ended.how}: {ended.said}"]),
                "refused": ended.said if loud else "",
            }
        )

    def look() -> str:
        wiring = open_small(home)
        found = wrong_at_the_end(wiring, undisturbed.pdf_sha256)
        wiring.close()
        return json.dumps(found)

    looked = in_child(look)
    wrong += json.loads(looked.said) if looked.how == FINISHED else [f"looking: {looked.how} {looked.said}"]
    return Crashed(**{**asdict(crashed), "wrong": tuple(wrong)})
