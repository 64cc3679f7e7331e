"""`make faults`: crash schedules, and docs/faults.md.

    python -m tools.faults [--workers 2] [--sample N] [--flow N] [--state FILE]

A run goes on where it was stopped, by its journal (of this program: another one begins anew). `--sample`: only so many
steps of each kind, evenly spread; the page is not written. `--flow`: so many schedules through a Prefect flow.
Exit 1 where something does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from longwatch.standards.hashing import sha256_of, sha256_of_bytes
from tools.faults.children import load_libraries, side_by_side
from tools.faults.crashes import PAIRS, SINGLE, Crashed, Undisturbed, crash, run_undisturbed, spread
from tools.faults.flow_crashes import FLOW, crash_flow, prefect_server
from tools.faults.report import report
from tools.faults.small_study import write_small_study

ROOT = Path(__file__).resolve().parents[2]


ROOMS = (
    "connectors",
    "longwatch",
    "models",
    "operations",
    "report_templates",
    "runtime",
    "tools/faults",
    "validations",
)


def _program() -> str:
    """What the schedules depend on: the SHA-256 of the files of the program."""
    files = sorted(
        file for room in ROOMS for file in (ROOT / room).rglob("*") if file.suffix in (".py", ".yaml", ".csv")
    )
    return sha256_of([(file.relative_to(ROOT).as_posix(), sha256_of_bytes(file.read_bytes())) for file in files])


class Journal:
    """What was done, a line for each first step, written when all its schedules are through."""

    def __init__(self, file: Path) -> None:
        self._file = file
        head = json.dumps({"program": _program()})
        if not file.exists() or file.read_text().partition("\n")[0] != head:
            file.write_text(head + "\n")

    def add(self, kind: str, first: int, crashed: list[Crashed], seconds: float) -> None:
        """Several processes may do so: a line is one write."""
        line = {"kind": kind, "first": first, "seconds": seconds, "crashed": [asdict(each) for each in crashed]}
        with self._file.open("a") as opened:
            opened.write(json.dumps(line) + "\n")

    def lines(self) -> list[dict[str, object]]:
        """Every whole line but the head."""
        return [json.loads(line) for line in self._file.read_text().splitlines()[1:]]

    def crashed(self) -> tuple[list[Crashed], float]:
        """All schedules done, and the seconds that they took together."""
        lines = self.lines()
        found = [Crashed(**{**each, "wrong": tuple(each["wrong"])}) for line in lines for each in line["crashed"]]  # type: ignore[attr-defined]
        return found, sum(float(str(line["seconds"])) for line in lines)


def main() -> int:
    """Run, write the page, say what does not hold."""
    asked = argparse.ArgumentParser(prog="python -m tools.faults")
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--sample", type=int, default=0)
    asked.add_argument("--flow", type=int, default=20)
    asked.add_argument("--state", type=Path, default=Path(tempfile.gettempdir()) / "longwatch-faults.jsonl")
    given = asked.parse_args()
    load_libraries()
    journal = Journal(given.state)
    with tempfile.TemporaryDirectory(prefix="lwf") as folder:
        work = Path(folder)
        study_file = write_small_study(work / "study")
        undisturbed = run_undisturbed(work, study_file)
        side_by_side(_units(journal, undisturbed, work, study_file, given.sample), given.workers)
        _crash_flows(journal, undisturbed, work, study_file, given.flow, given.workers)
    crashed, seconds = journal.crashed()
    if not given.sample:
        (ROOT / "docs" / "faults.md").write_text(report(crashed, undisturbed, seconds))
    wrong = [each for each in crashed if each.wrong]
    for each in wrong:
        sys.stdout.write(f"{each}\n")
    refused = sum(bool(each.refused) for each in crashed)
    sys.stdout.write(f"{len(crashed):,} schedules, {refused} refused to restart, {len(wrong)} wrong\n")
    return 1 if wrong else 0


def _units(
    journal: Journal, undisturbed: Undisturbed, work: Path, study_file: Path, sample: int
) -> Iterator[Callable[[], None]]:
    """The work of each first step that is not done yet."""
    done = {(line["kind"], line["first"]) for line in journal.lines()}
    wanted = [
        (kind, first)
        for kind, steps in ((PAIRS, undisturbed.marked), (SINGLE, undisturbed.every))
        for first in spread(len(steps), sample)
    ]
    for number, (kind, first) in enumerate(wanted, start=1):
        if (kind, first) not in done:
            sys.stderr.write(f"{number} of {len(wanted)}: {kind}, step {first}\n")
            yield partial(_do, journal, kind, first, partial(crash, kind, first, undisturbed, work, study_file, sample))


def _do(journal: Journal, kind: str, first: int, schedules: Callable[[], Iterator[Crashed]]) -> None:
    start = time.perf_counter()
    found = list(schedules())
    journal.add(kind, first, found, time.perf_counter() - start)


def _crash_flows(
    journal: Journal, undisturbed: Undisturbed, work: Path, study_file: Path, count: int, workers: int
) -> None:
    """Some marked steps through a real Prefect flow, with one real Prefect server for all."""
    done = {line["first"] for line in journal.lines() if line["kind"] == FLOW}
    wanted = [first for first in spread(len(undisturbed.marked), count) if first not in done] if count else []
    if not wanted:
        return
    with prefect_server(work) as environment:

        def works() -> Iterator[Callable[[], None]]:
            for number, first in enumerate(wanted, start=1):
                sys.stderr.write(f"{number} of {len(wanted)}: {FLOW}, step {first}\n")
                schedule = partial(crash_flow, first, undisturbed, work, study_file, environment)
                yield partial(_do, journal, FLOW, first, schedule)

        side_by_side(works(), workers)


if __name__ == "__main__":
    sys.exit(main())
