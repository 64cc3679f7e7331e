"""Four safety tables from a frozen snapshot, beside bare DuckDB and bare Polars: docs/bench-tables.md.

AET02 (SOC and PT), AET01 (overview), AET05 (EAIR), and Kaplan–Meier of the time to the first TEAE, each by arm, at
growing numbers of adverse events, subjects with them. Each measurement is a process of its own: open the snapshot
(every file hashed again), check that study and data fit, derive, make the table. The bare tools count the same from the
same Parquet, with the subjects' arms, first doses and follow-up given ready made. All numbers are compared.

Start-up is what a process does once, whatever the data. Imports are in no figure, and a measurement during which a
module is imported fails. `seconds` are of a process that has imported and done nothing else: what libraries do at their
first use (thread pools, patterns, pages of their code) is in them. `warm`: of a process that has made the same table of
another, small trial before: what it takes besides start-up; the difference to `seconds` is start-up.
`further`: after AET02 in that process, each other table on the same codes. LONGWATCH_BENCH_ROWS changes the numbers of
records (`1200 120000`).
"""

from __future__ import annotations

import importlib
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.bare_counts import SEVERITIES, Numbers, by_duckdb, by_polars
from bench.watched import ROOT, watched

ROWS = tuple(map(int, os.environ.get("LONGWATCH_BENCH_ROWS", "1200 120000 1200000 12000000").split()))
TABLES = {
    "AET02": "AEs by SOC and PT",
    "AET01": "overview",
    "AET05": "EAIR by PT",
    "KM": "Kaplan–Meier, time to first TEAE",
}
WAYS = ("longwatch", "duckdb", "polars")
OPINION = "second opinion"
OPINION_ON = "AET02"
EVENTS_A_SUBJECT = 22
DAYS_PER_YEAR = 365.25
HEAD = """# Tables, measured

By `python -m bench tables`, on {cores} cores. From a frozen snapshot of SDTM to the table: its files hashed again, fit
checked, analysis datasets derived, every number with its provenance, interval and text. Beside it DuckDB and Polars
counting the same from the same Parquet and nothing else, with arms, first doses and follow-up of the subjects given
ready made. Second opinion: DuckDB doing what Longwatch does, deriving subjects and events by the SQL of `crosscheck`
from the same snapshot, each number compared with ours. Each line is a process of its own; imports are not in the
seconds, but in the peak of resident memory. CPU is processor time, which tells more than the clock does where other
programs run beside. Ratio: to DuckDB's bare count. Warm: from the snapshot to the table again, in a process that has
made the table of another trial, of some twenty subjects: what seconds have more is the first use of libraries. Further:
the table in a process that has made AET02 of the same data. Numbers: how many there are; those of bare tools were
compared with ours, and are equal.

| AE rows | subjects | table | way | seconds | CPU | ratio | CPU ratio | warm | further | peak | numbers |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""


def write_snapshot(folder: Path, rows: int) -> dict[str, int]:
    """A trial with about so many adverse events, frozen; and its subjects as the bare tools get them."""
    import polars as pl

    from connectors.parsing.limits import ParseLimits
    from connectors.places.visit import Access
    from connectors.snapshot_store import FolderSnapshotStore
    from longwatch.study import SourceSpec
    from simulation import write_large

    written = write_large(folder / "data", max(20, rows // EVENTS_A_SUBJECT), ("DM", "EX", "AE", "DS", "SV", "TS"))
    # Freezing is not measured: where other programs run beside, it may take its time.
    store = FolderSnapshotStore(folder / "store", Access(parse=ParseLimits(still_seconds=600)))
    store.freeze([SourceSpec(path=str(folder / "data"))], "/", lambda _message: None)
    adsl = _analysis(folder, _study()).adsl
    adsl.filter(pl.col("SAFFL") == "Y").select(
        pl.col("USUBJID").cast(pl.String),
        "TRTSDT",
        pl.col("TRTSDTM").cast(pl.String),
        arm=pl.col("TRT01A").cast(pl.String),
        followed=pl.col("FUPDUR").fill_null(0).cast(pl.Int64),
    ).write_parquet(folder / "subjects.parquet")
    return {"AE": written["AE"], "subjects": adsl.height}


def _study() -> Any:
    from longwatch.study import parse_study
    from simulation.parameters import Parameters
    from simulation.study_file import study_file

    return parse_study(study_file(Parameters()), "study.yaml")


def _analysis(folder: Path, study: Any) -> Any:
    from connectors.snapshot_store import FolderSnapshotStore
    from longwatch.derive import check_fit, derive, resolve_cutoff

    data = FolderSnapshotStore(folder / "store").open(next((folder / "store" / "snapshots").glob("*.json")).stem)
    cutoff = resolve_cutoff(None, study, data)
    check_fit(data, study, cutoff)
    return derive(data, study, cutoff)


def by_longwatch(table: str, folder: Path) -> tuple[dict[str, float], Callable[[], Numbers]]:
    """The table from the snapshot."""
    _import()
    study = _study()
    imported = set(sys.modules)
    start, spent = time.perf_counter(), time.process_time()
    numbers = _made(table, _analysis(folder, study), study)
    measured = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - spent}
    if set(sys.modules) - imported:
        raise SystemExit(f"{table}: imported while it was measured: {sorted(set(sys.modules) - imported)[:5]}")
    return measured, numbers


def by_warm_longwatch(table: str, folder: Path, other: Path) -> dict[str, float]:
    """The table from the snapshot after that of another trial; then, where it is AET02, each other table."""
    _import()
    study = _study()
    _made(table, _analysis(other, study), study)
    start = time.perf_counter()
    datasets = _analysis(folder, study)
    _made(table, datasets, study)
    measured = {"warm": time.perf_counter() - start}
    for further in TABLES if table == "AET02" else ():
        start = time.perf_counter()
        _made(further, datasets, study)
        measured[f"further {further}"] = time.perf_counter() - start
    return measured


def _import() -> None:
    """What a command has imported when it comes to its data."""
    for module in ("connectors.snapshot_store", "connectors.stored_columns", "pyarrow.compute", "longwatch.derive",
                   "longwatch.tables.catalogue", "scipy.stats"):  # fmt: skip
        importlib.import_module(module)


def _made(table: str, datasets: Any, study: Any) -> Callable[[], Numbers]:
    """Makes the table; its numbers, as the bare counts name them, when asked for."""
    from longwatch.tables.catalogue import make_table

    if table == "KM":
        curves = _curves(datasets, study)
        return lambda: {
            f"{arm}|{name}": value
            for arm, curve in curves.items()
            for name, value in (
                ("events", float(curve.table.all_events.sum())),
                ("times", float((curve.table.all_events > 0).sum())),
                ("survival", curve.at(5).value),
            )
        }
    made = make_table(table, datasets, study)
    return lambda: dict(_named(table, made))


def _named(table: str, made: Any) -> Any:
    for item in made.statistics:
        if table == "AET02" and item.statistic in ("n", "events"):
            yield f"{item.row_group}|{item.row}|{item.column}|{item.statistic}", item.value
        elif table == "AET01" and item.statistic == "n":
            name = item.row if item.row in SEVERITIES else item.row_group if not item.row else ""
            yield f"{name}|{item.column}|n", item.value
        elif table == "AET05" and item.row and item.statistic in ("n", "person_years"):
            days = item.statistic == "person_years"
            value = round(item.value * DAYS_PER_YEAR) if days else item.value
            yield f"{item.row}|{item.column}|{'days' if days else 'n'}", value


def _curves(datasets: Any, study: Any) -> dict[str, Any]:
    """The statistic alone, on each treated subject's first TEAE or end of follow-up."""
    import numpy as np

    from longwatch.stats.counting import compute_largest
    from longwatch.stats.survival import compute_kaplan_meier
    from longwatch.tables.arms import make_arms
    from longwatch.tables.events import select_emergent

    arms, clock = make_arms(datasets, study), datasets.clock
    events = select_emergent(datasets, "ASTDT")
    day = clock.days_of(events.subject, events.records["ASTDT"])
    subjects, before = compute_largest(events.subject, np.zeros(len(day), dtype=np.int8), 1, -day)
    time_of, happened = clock.followed.copy(), np.zeros(len(clock.followed), dtype=np.bool_)
    time_of[subjects], happened[subjects] = -before, True
    found = {}
    for place, arm in enumerate(arms.names):
        inside = (arms.arm_of_subject == place) & (clock.followed > 0)
        found[arm] = compute_kaplan_meier(time_of[inside], happened[inside])
    return found


def by_second_opinion(table: str, folder: Path) -> dict[str, Any]:
    """The same numbers from the snapshot by the SQL that shares nothing with our derivations."""
    from crosscheck.second_opinion import ask_second_opinion
    from longwatch.tables.catalogue import make_table

    study = _study()
    datasets = _analysis(folder, study)
    made = make_table(table, datasets, study)
    start, spent = time.perf_counter(), time.process_time()
    (opinion,) = ask_second_opinion((made,), datasets.data, study, datasets.cutoff)
    measured = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - spent}
    if opinion.differences:
        raise SystemExit(f"{table}: the second opinion differs: {opinion.differences[:5]}")
    return {**measured, "numbers": dict(_named(table, made))}


def measure(way: str, table: str, folder: Path, other: Path | None = None) -> dict[str, Any]:
    """One measurement, in this process. `other`: another, small trial, where the process is to be warm."""
    if other is not None:
        return by_warm_longwatch(table, folder, other)
    if way == "longwatch":
        measured, numbers = by_longwatch(table, folder)
        return {**measured, "numbers": numbers()}
    if way == OPINION:
        return by_second_opinion(table, folder)
    import duckdb  # noqa: F401

    (ae,) = (folder / "store" / "typed").glob("*/*/AE.parquet")
    start, spent = time.perf_counter(), time.process_time()
    found = {"duckdb": by_duckdb, "polars": by_polars}[way](table, ae, folder / "subjects.parquet")
    return {"seconds": time.perf_counter() - start, "cpu": time.process_time() - spent, "numbers": found}


def in_a_process(way: str, table: str, *folders: Path) -> dict[str, Any]:
    """The measurement in a process that does nothing else, with its peak of memory."""
    result, peak = watched(["-m", "bench.tables", way, table, *map(str, folders)])
    return result | {"peak": peak}


def differing(ours: Numbers, bare: Numbers) -> list[str]:
    """The numbers that are not the same; arms and terms without an event have no bare number, and 0 of ours."""
    return [
        f"{key}: {ours.get(key)} against {value}"
        for key, value in bare.items()
        if not math.isclose(ours.get(key, math.nan), value, rel_tol=1e-9, abs_tol=1e-12)
    ]


def lines(folder: Path, rows: int, other: Path) -> str:
    """The measurements at one size. `other`: another, small trial."""
    written = write_snapshot(folder, rows)
    text = ""
    further: dict[str, float] = {}
    for table, words in TABLES.items():
        ways = (*WAYS, OPINION) if table == OPINION_ON else WAYS
        found = {way: in_a_process(way, table, folder) for way in ways}
        warm = in_a_process("longwatch", table, folder, other)
        further |= {name: value for name, value in warm.items() if name.startswith("further")}
        floor = found["duckdb"]
        for way, result in found.items():
            wrong = differing(found["longwatch"]["numbers"], result["numbers"])
            if wrong:
                raise SystemExit(f"{table} by {way} has other numbers: {'; '.join(wrong[:5])} ({len(wrong)} in all)")
            ours = way == "longwatch"
            again = f"{warm['warm']:.2f} s | {further[f'further {table}']:.2f} s" if ours else " | "
            text += (
                f"| {written['AE']:,} | {written['subjects']:,} | {table}: {words} | {way} | "
                f"**{result['seconds']:.2f} s** | {result['cpu']:.2f} s | {result['seconds'] / floor['seconds']:.2f} × "
                f"| {result['cpu'] / floor['cpu']:.2f} × | {again} | {result['peak']:,.0f} MB | "
                f"{len(result['numbers']):,} |\n"
            )
            sys.stderr.write(text.splitlines()[-1] + "\n")
    return text


def main() -> None:
    """Measure, print, and write docs/bench-tables.md."""
    text = HEAD.format(cores=os.cpu_count())
    for rows in ROWS:
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
            write_snapshot(Path(other), 0)
            text += lines(Path(folder), rows, Path(other))
    (ROOT / "docs" / "bench-tables.md").write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1], sys.argv[2], *map(Path, sys.argv[3:]))))
