"""Many simulated trials, some at a time; each is written into the journal when it is done."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tools.simulate.journal import Claimed, Line, print_of_code, read_lines, write_line

Trial = tuple[int, int]
"""Treated subjects an arm, and the seed."""


def run_trial(arms: int, seed: int, code: str) -> Line:
    """Generates and estimates one trial."""
    from tools.simulate.estimates import estimate

    start = time.perf_counter()
    found = estimate(seed, arms)
    claims = tuple(
        Claimed(claim.key, claim.output, claim.method.value, claim.truth, *(found.limits[claim.key] or (None, None)))
        for claim in found.claims
    )
    return Line(arms, seed, code, round(time.perf_counter() - start, 2), claims)


def run(trials: Iterable[Trial], journal: Path, processes: int, say: Callable[[str], None]) -> list[Line]:
    """Every trial asked for, from the journal where it has it. `say` is told how far it is, every tenth trial.

    Trials run in processes of one thread each. A trial that fails ends the run with its error, what was done before it
    is kept.
    """
    code = print_of_code()
    done, ignored = read_lines(journal, code)
    wanted = list(trials)
    missing = [trial for trial in wanted if trial not in done]
    say(f"{len(wanted) - len(missing)} of {len(wanted)} trials are in the journal, {ignored} lines do not count")
    if missing:
        os.environ["POLARS_MAX_THREADS"] = "1"
        with ProcessPoolExecutor(min(processes, len(missing)), mp_context=get_context("spawn")) as pool:
            waiting = [pool.submit(run_trial, *trial, code) for trial in missing]
            start = time.perf_counter()
            for number, future in enumerate(as_completed(waiting), start=1):
                try:
                    line = future.result()
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
                write_line(journal, line)
                done[line.arms, line.seed] = line
                if number % 10 == 0 or number == len(missing):
                    left = (time.perf_counter() - start) / number * (len(missing) - number)
                    say(f"{number} of {len(missing)} trials, {left / 60:.0f} min left")
    return [done[trial] for trial in wanted]
