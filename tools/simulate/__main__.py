"""`make simulate`: simulated trials with a known truth, estimated by the product, and docs/simulation.md.

    python -m tools.simulate [--seeds 500] [--first 1] [--arms 200 12] [--processes 2] [--journal FILE] [--page FILE]

A run goes on where it was stopped, by its journal. Exit 1 where an interval of the large arms does not hold the truth
as often as it promises.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tools.simulate.campaign import run
from tools.simulate.journal import ROOT
from tools.simulate.judging import count_coverage, failing
from tools.simulate.report import LARGE, SMALL, passes, promise, report


def main(arguments: list[str] | None = None) -> int:
    """Run, write the page, say which intervals fail."""
    asked = argparse.ArgumentParser(prog="python -m tools.simulate")
    asked.add_argument("--seeds", type=int, default=500, help="trials of each size of arms")
    asked.add_argument("--first", type=int, default=1, help="the first seed")
    asked.add_argument("--arms", type=int, nargs="+", default=[LARGE, SMALL], help="treated subjects an arm")
    asked.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked.add_argument("--journal", type=Path, default=Path(tempfile.gettempdir()) / "longwatch-simulation.jsonl")
    asked.add_argument("--page", type=Path, default=ROOT / "docs" / "simulation.md")
    given = asked.parse_args(arguments)
    seeds = range(given.first, given.first + given.seeds)
    trials = [(arms, seed) for arms in given.arms for seed in seeds]

    def say(text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    lines = run(trials, given.journal, given.processes, say)
    given.page.write_text(report(lines), encoding="utf-8")
    for arms in given.arms:
        for each, why in failing(count_coverage(line for line in lines if line.arms == arms)):
            sys.stdout.write(f"{arms} an arm, {each.key}: {100 * each.share:.1f} % of {each.given}, {why}\n")
    good = passes(lines)
    sys.stdout.write(f"{len(lines)} trials judged by {promise()}: {'no interval' if good else 'intervals'} of arms of "
                     f"{LARGE} {'fails' if good else 'fail'}; {given.page}\n")  # fmt: skip
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
