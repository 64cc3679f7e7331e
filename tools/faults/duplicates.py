"""One report key, asked for many times: at the same moment by several processes, and again and again afterwards.

    python -m tools.faults.duplicates RUNS TRIGGERS

`RUNS` whole runs begin together on an empty home; then the report is triggered `TRIGGERS` times by two processes. Every
tenth trigger is a whole run, as the command and the flow make it (`run_study`): registered, data fetched and frozen
again, findings recorded, derived, asked for; only the verdict of Great Expectations on the same data is remembered
within a process. The others ask as a second report of a run does (`make_report`). Each trigger finds the report
archived, and reads all of it back. There must be one report in the end, with the bytes of an undisturbed run, every run
done, and nothing wrong.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from longwatch.derive import derive
from longwatch.evidence.registered import RunState
from longwatch.findings.finding import ValidationOutcome
from longwatch.findings.inputs import RuleInputs
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from operations.make_report import make_report
from operations.ports import Progress, Validator
from operations.pull import pull
from operations.registered_run import registered_run
from operations.rules import read_rules
from operations.run_study import run_study
from operations.stages import run_directly
from operations.validate import validate
from runtime.settings import Settings
from runtime.study_files import read_study
from tools.faults.children import FINISHED, in_child, load_libraries, side_by_side
from tools.faults.crashes import run_undisturbed
from tools.faults.invariants import wrong_at_the_end
from tools.faults.small_study import SmallWiring, open_small, run_small, write_small_study

HANDS, WHOLE_EVERY = 2, 10
"""Processes that trigger; of so many triggers one is a whole run."""


class RememberingWiring(SmallWiring):
    """The small study, whose data is judged once in a process: it is the same in each run."""

    @cached_property
    def validate(self) -> Validator:
        """By the rules, the first time."""
        judge, known = super().validate, dict[str, ValidationOutcome]()

        def remembered(
            data: SourceData, study: Study, progress: Progress, inputs: RuleInputs | None = None
        ) -> ValidationOutcome:
            if study.id not in known:
                known[study.id] = judge(data, study, progress, inputs)
            return known[study.id]

        return remembered


@dataclass(frozen=True)
class Duplicates:
    """What came of it. `made`: runs that made the report themselves; `whole`: triggers that were whole runs; `wrong`:
    what does not hold."""

    runs: int
    done: int
    made: int
    triggers: int
    whole: int
    seconds: float
    wrong: tuple[str, ...]


def _say_nothing(_message: str) -> None:
    """Nobody watches."""


def trigger(home: Path, study_file: Path, count: int) -> None:
    """Ask for the report so many times, in one run."""
    wiring = RememberingWiring(Settings(home=home, archive=str(home / "archive"), user="ada"))
    study, base = read_study(study_file)
    whole = count // WHOLE_EVERY
    for _ in range(whole):
        (made,) = run_study(wiring, study, base, progress=_say_nothing).reports
        assert made.already_archived, "a run made a second report of the same key"
    rules, inputs = read_rules(wiring, study, base)
    with registered_run(wiring, study) as run:
        snapshot = pull(wiring, study, base, run, _say_nothing)
        data = wiring.snapshots.open(snapshot.id)
        outcome, _ = validate(wiring, study, snapshot, data, run, _say_nothing, inputs)
        cutoff = date(2023, 12, 31)
        datasets = derive(data, study, cutoff)
        for _ in range(count - whole):
            made = make_report(
                wiring, study, snapshot, cutoff, study.reports[0], rules, outcome, datasets, run.id, _say_nothing,
                run_directly,
            )  # fmt: skip
            assert made.already_archived, "a second report of the same key was made"
    wiring.close()


def ask_often(work: Path, study_file: Path, runs: int, triggers: int) -> Duplicates:
    """All of it, in forks of this process, which has used nothing yet."""
    undisturbed = run_undisturbed(work, study_file)
    home, told = work / "home", work / "told"
    told.mkdir()
    begin, go = os.pipe()

    def race(number: int) -> Callable[[], None]:
        def work() -> None:
            os.close(go)
            os.read(begin, 1)
            wiring = open_small(home)
            (report,) = run_small(wiring, study_file).reports
            wiring.close()
            (told / str(number)).write_text(json.dumps(report.already_archived))

        return work

    def begin_all() -> None:
        # All have begun when the last is started: they wait for the other end of the pipe.
        os.close(go)
        os.close(begin)

    works: list[Callable[[], None]] = [race(number) for number in range(runs)]
    side_by_side(iter(works), runs + 1, begin_all)
    made = [json.loads(file.read_text()) for file in told.iterdir()]
    start = time.perf_counter()
    each = triggers // HANDS
    side_by_side(iter([lambda: trigger(home, study_file, each)] * HANDS), HANDS)
    seconds = time.perf_counter() - start

    def look() -> str:
        wiring = open_small(home)
        found = wrong_at_the_end(wiring, undisturbed.pdf_sha256)
        with wiring.registers.transaction() as register:
            done = sum(row.state is RunState.DONE for row in register.runs(limit=100_000))
        wiring.close()
        return json.dumps([found, done])

    looked = in_child(look)
    if looked.how != FINISHED:
        raise SystemExit(looked.said)
    wrong, done = json.loads(looked.said)
    whole = each // WHOLE_EVERY * HANDS
    return Duplicates(runs, done - HANDS - whole, made.count(False), each * HANDS, whole, seconds, tuple(wrong))


def main() -> int:
    """Ask, and say what came of it as JSON."""
    runs, triggers = map(int, sys.argv[1:])
    load_libraries()
    with tempfile.TemporaryDirectory(prefix="lwr") as folder:
        work = Path(folder)
        came = ask_often(work, write_small_study(work / "study"), runs, triggers)
    sys.stdout.write(json.dumps(asdict(came)) + "\n")
    return 1 if came.wrong or came.done != came.runs or not came.made else 0


if __name__ == "__main__":
    sys.exit(main())
