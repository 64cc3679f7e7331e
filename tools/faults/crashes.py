"""Crash schedules: a run killed at a step, the next run killed at a step, the one after that must finish.

A schedule is a pair of marked steps (`steps`): the first run is killed at step i, the second, on what the first left
behind, at step j; all pairs there are, j up to the end of the second run. And, singly, every step of all kinds of a
run, killed there and recovered from once. Nothing is drawn by lot: the same program gives the same schedules.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tools.faults.children import FINISHED, KILLED, REFUSED, Ended, in_child
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


def spread(count: int, sample: int) -> list[int]:
    """The numbers from 1 on, all or so many of them, evenly spread."""
    every = list(range(1, count + 1))
    return every if not sample or sample >= count else [every[count * number // sample] for number in range(sample)]


def crash(
    kind: str, first: int, undisturbed: Undisturbed, work: Path, study_file: Path, sample: int = 0
) -> Iterator[Crashed]:
    """All schedules whose first run is killed at that step, or a sample of so many."""
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
            ended = run_until(left, study_file, marked=True, kill_at=0)
            yield recover(Crashed(kind, first, 0, at, "", here), left, accepted, undisturbed, ended)
            return
        recovery = _steps_of_recovery(left, work / f"{kind}-{first}-steps", study_file)
        for second in spread(len(recovery), sample):
            home = work / f"{kind}-{first}-{second}"
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(left, home, symlinks=True)
            try:
                crashed = Crashed(kind, first, second, at, recovery[second - 1], here)
                yield _crash_again(crashed, home, accepted, undisturbed, study_file)
            finally:
                shutil.rmtree(home, ignore_errors=True)
    finally:
        shutil.rmtree(left, ignore_errors=True)


def _steps_of_recovery(left: Path, home: Path, study_file: Path) -> tuple[str, ...]:
    """The marked steps of the run that follows. Where it does not finish, its first step: the schedule will say so."""
    shutil.copytree(left, home, symlinks=True)
    try:
        ended = run_until(home, study_file, marked=True, kill_at=0)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return tuple(json.loads(ended.said)[0]) if ended.how == FINISHED else ("the recovery does not finish",)


def _crash_again(
    crashed: Crashed, home: Path, accepted: Accepted, undisturbed: Undisturbed, study_file: Path
) -> Crashed:
    """The recovery killed at its step, and the run after it."""
    ended = run_until(home, study_file, marked=True, kill_at=crashed.second)
    if ended.how != KILLED:
        return replace(crashed, wrong=(*crashed.wrong, f"the recovery was not killed: {ended.how} {ended.said}"))
    again = read_accepted(home)
    wrong = (*crashed.wrong, *lost(accepted, again), *without_bytes(home, again))
    ended = run_until(home, study_file, marked=True, kill_at=0)
    return recover(replace(crashed, wrong=wrong), home, again, undisturbed, ended)


def recover(crashed: Crashed, home: Path, accepted: Accepted, undisturbed: Undisturbed, ended: Ended) -> Crashed:
    """The schedule with everything that must hold after the run that must finish. `ended`: how that run did."""
    after = read_accepted(home)
    wrong = [*crashed.wrong, *lost(accepted, after), *without_bytes(home, after)]
    if ended.how == REFUSED:
        return replace(crashed, wrong=tuple(wrong), refused=ended.said)
    if ended.how != FINISHED:
        return replace(crashed, wrong=(*wrong, f"{ended.how}: {ended.said}"))

    def look() -> str:
        wiring = open_small(home)
        found = wrong_at_the_end(wiring, undisturbed.pdf_sha256)
        wiring.close()
        return json.dumps(found)

    looked = in_child(look)
    wrong += json.loads(looked.said) if looked.how == FINISHED else [f"looking: {looked.how} {looked.said}"]
    return replace(crashed, wrong=tuple(wrong))
