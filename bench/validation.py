"""`python -m bench.validation --rows 1000 1000000`: the checks on AE by both engines beside bare Polars and plain GX.

All checks, and 20 of them (every third): DESIGN.md's targets are for 20.
Each measurement is a process of its own, so that its peak memory is its own. All judge the same checks, those on the
records of AE of every rule in force: `rules` (the verdict of Great Expectations and the full list), `polars` (the full
list alone), `gx` (one Great Expectations context over all columns and one suite, result format COMPLETE, the joined and
derived columns given to it ready made). Imports, the reading of the rule files and their binding are not in the
seconds. Printed, and written to docs/bench-validation.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
import psutil

from bench.watched import ROOT, watched
from longwatch.findings.rule import Check
from longwatch.findings.rule_parts import Condition, literals, number
from longwatch.standards.dataset import Dataset, SourceData
from longwatch.study import Study, parse_study
from simulation import write_large
from simulation.parameters import Parameters
from simulation.study_file import study_file
from validations.applicability import Instance
from validations.lookups import Lookups

WAYS = ("rules", "polars", "gx")
EVENTS_A_SUBJECT = 19
WHOSE = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def read(folder: Path, rows: int) -> SourceData:
    """The generated datasets, AE cut to so many rows."""
    datasets = {}
    for path in sorted(folder.glob("*.parquet")):
        name = path.stem.upper()
        frame = pl.scan_parquet(path)
        frame = frame.head(rows) if name == "AE" else frame
        datasets[name] = Dataset(name, frame, int(frame.select(pl.len()).collect().item()), file=path.name)
    return SourceData(datasets)


def made(rows: int, folder: Path) -> Path:
    """A folder with the datasets of a trial that has at least so many adverse events."""
    target = folder / str(rows)
    subjects = max(20, rows // EVENTS_A_SUBJECT)
    while write_large(target, subjects, ("DM", "EX", "AE", "TS"))["AE"] < rows:
        subjects = subjects * 5 // 4
    return target


def measure(way: str, folder: Path, rows: int, checks: int) -> dict[str, Any]:
    """Seconds of the way in this process, imports left out, and the peak of its memory."""
    data = read(folder, rows)
    study = parse_study(study_file(Parameters()), "study.yaml")
    work = {"rules": by_rules, "polars": by_polars, "gx": by_plain_gx}[way]
    return work(data, study, checks)


def _processor_seconds() -> float:
    spent = [resource.getrusage(who) for who in WHOSE]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def by_rules(data: SourceData, study: Study, checks: int) -> dict[str, Any]:
    """Both engines, as a validation has it: the failing rows of each check, and every count confirmed."""
    from validations.agreement import Agreement
    from validations.great_expectations_form import GreatExpectationsJudge
    from validations.judge import judge_dataset
    from validations.validation import judging_of

    agreement = Agreement(GreatExpectationsJudge())
    lookups, on_events = _on_events(data, study, checks)
    start, spent = time.perf_counter(), _processor_seconds()
    with judging_of(data, lookups, agreement, None) as judging:
        judgement = judge_dataset(data, "AE", on_events, lookups, judging)
    agreement.confirm()
    done, cpu = time.perf_counter(), _processor_seconds()
    seconds = {rule: judgement.seconds[rule] + agreement.seconds.get(rule, 0.0) for rule in judgement.seconds}
    slowest = sorted(seconds, key=lambda rule: -seconds[rule])[:5]
    return {
        "seconds": done - start,
        "cpu": cpu - spent,
        "checks": len(on_events),
        "failing": sum(rows.height for verdict in judgement.verdicts for rows in verdict.failing),
        "slowest": {rule: round(seconds[rule], 2) for rule in slowest},
    }


def _on_events(data: SourceData, study: Study, checks: int) -> tuple[Lookups, list[Instance]]:
    """The checks on the records of AE, or so many of them from all over the rules: what all three ways judge."""
    from longwatch.findings.rulebook import rules_in_force
    from validations import load_rules
    from validations.applicability import apply_rule
    from validations.facts import Facts

    lookups, facts = Lookups(data), Facts(data, study)
    entries = rules_in_force(load_rules(), study)
    instances = [instance for entry in entries for instance in apply_rule(entry, facts, lookups).instances]
    # XR10 asks for SUPPAE, which is not among the generated datasets: every record would fail.
    on_events = [
        item for item in instances if item.dataset == "AE" and not item.check.is_on_entries and item.rule.id != "XR10"
    ]
    return lookups, [on_events[place * len(on_events) // checks] for place in range(checks)] if checks else on_events


def _framed(data: SourceData, lookups: Lookups, instances: list[Instance]) -> tuple[pl.DataFrame, list[Check]]:
    """AE with every derived column, and the checks on it."""
    from validations.frames import build_frame, share_derived_columns

    shared = share_derived_columns(instances)
    return build_frame(data, "AE", shared, lookups), [item.check for item in shared]


def by_polars(data: SourceData, study: Study, checks: int) -> dict[str, Any]:
    """The checks on AE in one frame, the failing rows of each."""
    from validations.polars_form import judged_and_failing

    lookups, on_events = _on_events(data, study, checks)
    start, spent = time.perf_counter(), _processor_seconds()
    frame, framed = _framed(data, lookups, on_events)
    failing = sum(frame.filter(judged_and_failing(check)[1]).height for check in framed)
    done, cpu = time.perf_counter(), _processor_seconds()
    return {"seconds": done - start, "cpu": cpu - spent, "checks": len(framed), "failing": failing}


def _said(condition: Condition) -> Iterator[Any]:
    """A condition as Great Expectations says it."""
    from great_expectations.expectations.row_conditions import Column

    column = Column(condition.column)
    if condition.state is not None:
        yield column.is_null() if condition.state == "missing" else column.is_not_null()
    elif condition.equals is not None:
        yield column == condition.equals
    elif condition.within is not None:
        yield column.is_in(literals(condition.within))
    elif condition.outside is not None:
        # To pandas a missing value is in no set.
        yield column.is_not_in(literals(condition.outside))
        if condition.missing != "meets":
            yield column.is_not_null()
    elif condition.at_least is not None:
        yield column >= number(condition.at_least)
    else:
        yield column <= number(condition.at_most)


def by_plain_gx(data: SourceData, study: Study, checks: int) -> dict[str, Any]:
    """The same checks as a user of Great Expectations writes them: all columns, one suite, COMPLETE."""
    import great_expectations as gx

    from validations.great_expectations_form import PART, GreatExpectationsJudge

    judge = GreatExpectationsJudge()
    lookups, on_events = _on_events(data, study, checks)
    frame, framed = _framed(data, lookups, on_events)
    everything = data.frame("AE").collect()
    more = [name for name in everything.columns if name not in frame.columns]
    whole = pl.concat([frame, everything.select(more)], how="horizontal").with_columns(pl.lit(1).alias(PART))
    start, spent = time.perf_counter(), _processor_seconds()
    context = gx.get_context(mode="ephemeral")
    batch = (
        context.data_sources.add_pandas("bench").add_dataframe_asset("ae").add_batch_definition_whole_dataframe("ae")
    )
    expectations = [
        part for check in framed for part in judge.compile(check.expect, [*chain.from_iterable(map(_said, check.when))])
    ]
    pandas = whole.to_pandas()
    suite = gx.ExpectationSuite(name="plain", expectations=expectations)
    found = batch.get_batch(batch_parameters={"dataframe": pandas}).validate(suite, result_format="COMPLETE")
    done, cpu = time.perf_counter(), _processor_seconds()
    failing = sum(int(result.result.get("unexpected_count", 0)) for result in found.results)
    return {"seconds": done - start, "cpu": cpu - spent, "checks": len(framed), "failing": failing}


def in_a_process(way: str, folder: Path, rows: int, checks: int) -> dict[str, Any]:
    """The measurement in a process that does nothing else."""
    options = ["--way", way, "--folder", str(folder), "--rows", str(rows), "--checks", str(checks)]
    result, peak = watched(["-m", "bench.validation", *options])
    return result | {"peak_gb": peak / 1024}


def main() -> None:
    """Measure, print, and write docs/bench-validation.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 100_000, 1_000_000, 10_000_000])
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--checks", type=int, nargs="+", default=[20, 0], help="how many checks; 0: all")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.way:
        print(json.dumps(measure(asked.way, asked.folder, asked.rows[0], asked.checks[0])))
        return
    lines = [
        "# Validation, measured",
        "",
        f"By `python -m bench.validation`, on {os.cpu_count()} cores: the checks on the records of AE, the same in",
        "lines beside each other; each line a process of its own, no imports. `rules`: both engines, as a validation",
        "has it; `polars`: the full list alone; `gx`: the verdict of Great Expectations alone, as a user of it writes",
        "the checks. CPU is processor time: it tells more than the clock does where other programs run beside.",
        "20 checks: every third of all.",
        "",
        "| AE rows | checks | way | seconds | CPU seconds | seconds / gx | CPU / gx | peak GB | failing | slowest |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    peaks: dict[int, list[tuple[int, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for rows in asked.rows:
            target = made(rows, Path(folder))
            for checks in asked.checks:
                needed = expected_gb(peaks.setdefault(checks, []), rows)
                fits = needed < psutil.virtual_memory().available / 1024**3
                ways = [way for way in WAYS if fits or way != "gx"]
                found = {way: in_a_process(way, target, rows, checks) for way in reversed(ways)}
                for way in ways:
                    lines.append(line_of(rows, way, found[way], found.get("gx")))
                if fits:
                    peaks[checks].append((rows, found["gx"]["peak_gb"]))
                else:
                    said = f"it would need some {needed:.0f} GB"
                    lines.append(f"| {rows:,} | {found['rules']['checks']} | gx | {said} | – | – | – | – | – | – |")
                print(*lines[-len(WAYS) :], sep="\n", flush=True)
    (ROOT / "docs" / "bench-validation.md").write_text("\n".join([*lines, ""]))


def expected_gb(peaks: list[tuple[int, float]], rows: int) -> float:
    """The peak that the last two lead to expect at so many rows; 0 where nothing is known."""
    if len(peaks) < 2:
        return 0.0
    (fewer, low), (more, high) = peaks[-2:]
    return high + (high - low) / (more - fewer) * (rows - more)


def line_of(rows: int, way: str, found: dict[str, Any], gx: dict[str, Any] | None) -> str:
    """A line of the table."""
    ratios = [f"{found[name] / gx[name]:.2f} ×" if gx else "–" for name in ("seconds", "cpu")]
    slowest = ", ".join(f"{rule} {seconds:.1f} s" for rule, seconds in found.get("slowest", {}).items()) or "–"
    return (
        f"| {rows:,} | {found['checks']} | {way} | {found['seconds']:.1f} | {found['cpu']:.1f} | "
        f"{' | '.join(ratios)} | {found['peak_gb']:.2f} | {found['failing']:,} | {slowest} |"
    )


if __name__ == "__main__":
    main()
