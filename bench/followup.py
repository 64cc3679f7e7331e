"""Tables of long-term follow-up from a frozen snapshot: docs/bench-followup.md.

Subjects watched for up to 15 years (ISLET-1's generator, cut when the last of them has completed), every output LTF….
First all of them in one process, as a report makes them: open the snapshot (every file hashed again), check that study
and data fit, derive, table after table. Then, at the first size, each alone, in a process of its own, which says what
it needs by itself. LONGWATCH_BENCH_SUBJECTS changes the numbers of subjects (`200 20000`). LONGWATCH_BENCH_KEEP names a
folder in which the snapshots stay, so that the next run need not make them again; one made by another generator is made
anew.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from bench.watched import ROOT, watched

SUBJECTS = tuple(map(int, os.environ.get("LONGWATCH_BENCH_SUBJECTS", "10000 100000").split()))
YEARS = 15
DATASETS = ("DM", "EX", "AE", "DS", "DD", "SV", "CONTACT", "TS", "LB", "VS", "CM", "CE", "IS", "LOT", "LOTTEST",
            "LTFUPLAN")  # fmt: skip
ALL = "all"
HEAD = """# Long-term follow-up, measured

By `python -m bench followup`, on {cores} cores. Subjects of the synthetic study, each watched for up to {years} years,
with their visits, contacts, adverse events, laboratory results, drugs and lots. Every output of long-term follow-up,
and the adverse events of special interest, from a frozen snapshot: its files hashed again, fit checked, analysis
datasets derived, every number with its provenance, interval and text. Seconds are of the clock, CPU is processor time
of the process, which tells more where other programs run beside; imports are not in the seconds, but in the peak of
resident memory. In the process that makes all of them a table's seconds include what it is the first to derive. Alone:
each in a process of its own, at the first size.

"""


def parameters() -> Any:
    """A trial whose last subject completes 15 years before the cut."""
    from simulation.parameters import Parameters

    return Parameters(first_consent=date(2008, 6, 3), years=YEARS, sites=50)


def write_snapshot(folder: Path, subjects: int) -> dict[str, int]:
    """The trial, frozen; rows by dataset. One that is there already, by the same generator, is kept."""
    from connectors.snapshot_store import FolderSnapshotStore
    from longwatch.study import SourceSpec
    from simulation import write_large

    made, generator = folder / "rows.json", _generator()
    if made.is_file() and (kept := json.loads(made.read_text()))["generator"] == generator:
        rows: dict[str, int] = kept["rows"]
        return rows
    shutil.rmtree(folder, ignore_errors=True)
    written = write_large(folder / "data", subjects, DATASETS, parameters=parameters())
    FolderSnapshotStore(folder / "store").freeze([SourceSpec(path=str(folder / "data"))], "/", lambda _message: None)
    made.write_text(json.dumps({"generator": generator, "rows": written}))
    return written


def _generator() -> str:
    """What the data comes from: the generator's text, and this module's."""
    texts = [Path(__file__), *sorted((ROOT / "simulation").glob("*.py")), *sorted((ROOT / "simulation").glob("*.csv"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in texts)).hexdigest()


@contextmanager
def _place(subjects: int) -> Iterator[Path]:
    """Where the snapshot of a size lies: in the folder that is to be kept, else in one of its own."""
    kept = os.environ.get("LONGWATCH_BENCH_KEEP")
    if kept:
        yield Path(kept) / f"followup-{subjects}"
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def measure(table: str, folder: Path) -> dict[str, Any]:
    """One measurement, in this process: seconds and processor seconds by step, and how many numbers the tables have."""
    from connectors.snapshot_store import FolderSnapshotStore
    from longwatch.derive import check_fit, derive, resolve_cutoff
    from longwatch.study import parse_study
    from longwatch.tables.catalogue import OUTPUTS, make_table
    from simulation.study_file import study_file

    importlib.import_module("scipy.stats")
    study = parse_study(study_file(parameters()), "study.yaml")
    steps: dict[str, tuple[float, float]] = {}
    start, spent = time.perf_counter(), time.process_time()

    def done(name: str) -> None:
        nonlocal start, spent
        steps[name] = (time.perf_counter() - start, time.process_time() - spent)
        start, spent = time.perf_counter(), time.process_time()

    data = FolderSnapshotStore(folder / "store").open(next((folder / "store" / "snapshots").glob("*.json")).stem)
    done("open the snapshot")
    cutoff = resolve_cutoff(None, study, data)
    check_fit(data, study, cutoff)
    datasets = derive(data, study, cutoff)
    done("check fit, derive ADSL and ADAE")
    numbers = 0
    for code in [code for code in OUTPUTS if code.startswith("LTF") or code == "AESI02"] if table == ALL else [table]:
        numbers += len(make_table(code, datasets, study).statistics)
        done(code)
    return {"steps": steps, "numbers": numbers}


def lines(folder: Path, subjects: int, *, alone: bool) -> str:
    """The measurements at one size. `alone`: each output by itself, too."""
    from longwatch.tables.catalogue import OUTPUTS

    start = time.perf_counter()
    written = write_snapshot(folder, subjects)
    sys.stderr.write(f"{subjects:,} subjects: snapshot there after {time.perf_counter() - start:.0f} s\n")
    rows = ", ".join(f"{name} {count:,}" for name, count in written.items() if count > subjects)
    whole, peak = watched(["-m", "bench.followup", ALL, str(folder)])
    steps = whole["steps"]
    seconds, cpu = (sum(step[place] for step in steps.values()) for place in (0, 1))
    text = f"## {subjects:,} subjects\n\nRows: {rows}.\n\n"
    text += f"All outputs in one process: **{seconds:.1f} s**, {cpu:.1f} s of processor time, peak **{peak:,.0f} MB**, "
    text += f"{whole['numbers']:,} numbers.\n\n"
    text += "| step | seconds | CPU |" + " alone, from the snapshot | CPU | peak alone |" * alone
    text += "\n|---|---|---|" + "---|---|---|" * alone + "\n"
    for name, (step_seconds, step_cpu) in steps.items():
        by_itself = "| | | |" if alone else "|"
        if alone and name in OUTPUTS:
            found, least = watched(["-m", "bench.followup", name, str(folder)])
            sums = [sum(step[place] for step in found["steps"].values()) for place in (0, 1)]
            by_itself = f"| {sums[0]:.1f} s | {sums[1]:.1f} s | {least:,.0f} MB |"
        title = f"{name}: {OUTPUTS[name].title}" if name in OUTPUTS else name
        text += f"| {title} | {step_seconds:.2f} s | {step_cpu:.2f} s {by_itself}\n"
        sys.stderr.write(text.splitlines()[-1] + "\n")
    return text + "\n"


def main() -> None:
    """Measure, print, and write docs/bench-followup.md."""
    text = HEAD.format(cores=os.cpu_count(), years=YEARS)
    for subjects in SUBJECTS:
        with _place(subjects) as folder:
            text += lines(folder, subjects, alone=subjects == SUBJECTS[0])
    (ROOT / "docs" / "bench-followup.md").write_text(text.rstrip() + "\n")
    sys.stdout.write(text)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
