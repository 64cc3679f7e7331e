"""Judging the checks on one frame: Polars finds the failing rows, and has its counts confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from time import perf_counter

import polars as pl

from longwatch.findings.identity import ROW
from longwatch.findings.rule import Check
from longwatch.standards.dataset import SourceData
from validations.agreement import Agreement
from validations.applicability import Instance
from validations.entries import ENTRY, build_entries
from validations.facts import Facts
from validations.frames import build_frame, derive_entries, derive_sets, share_derived_columns
from validations.great_expectations_form import Count
from validations.lookups import Lookups
from validations.polars_form import judged_and_failing

CHUNK_ROWS = 1_000_000
"""How many rows are looked at at a time."""


@dataclass
class Verdict:
    """The failing rows of one check: `_ROW`, for entries `_ENTRY`, and the columns that findings show."""

    instance: Instance
    failing: list[pl.DataFrame] = field(default_factory=list)


@dataclass
class Judgement:
    """The verdicts on one frame. `checked`: how many of its rows a rule judged. `seconds`: what a rule took."""

    verdicts: list[Verdict]
    checked: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def judge_dataset(
    data: SourceData,
    dataset: str,
    instances: Sequence[Instance],
    lookups: Lookups,
    agreement: Agreement,
    chunk_rows: int = CHUNK_ROWS,
) -> Judgement:
    """Judge the checks on one dataset, by chunks of rows; checks of uniqueness by chunks of keys, a key in one
    chunk. Checks that read one variable as text and as a number are judged on frames of their own."""
    whole = Judgement([])
    for group in _agreeing(instances):
        judgement = _judge_together(data, dataset, share_derived_columns(group), lookups, agreement, chunk_rows)
        whole.verdicts += judgement.verdicts
        for rule_id, count in judgement.checked.items():
            whole.checked[rule_id] = whole.checked.get(rule_id, 0) + count
        for rule_id, seconds in judgement.seconds.items():
            whole.seconds[rule_id] = whole.seconds.get(rule_id, 0.0) + seconds
    return whole


def _agreeing(instances: Sequence[Instance]) -> list[list[Instance]]:
    """The instances in groups that read each variable as one kind; all of one rule in one group where that can be."""
    groups: list[tuple[dict[str, str], list[Instance]]] = []
    for instance in instances:
        kinds = instance.check.kinds
        for known, members in groups:
            if all(known.get(name, kind) == kind for name, kind in kinds.items()):
                known.update(kinds)
                members.append(instance)
                break
        else:
            groups.append((dict(kinds), [instance]))
    return [members for _, members in groups]


def _judge_together(
    data: SourceData,
    dataset: str,
    instances: Sequence[Instance],
    lookups: Lookups,
    agreement: Agreement,
    chunk_rows: int,
) -> Judgement:
    judgement = Judgement([Verdict(instance) for instance in instances])
    rows = data.datasets[dataset].rows
    if rows <= chunk_rows:
        start = perf_counter()
        frame = build_frame(data, dataset, instances, lookups)
        _judge_frame(frame, judgement.verdicts, agreement, judgement, perf_counter() - start)
        return judgement
    by_row = [verdict for verdict in judgement.verdicts if not _is_unique(verdict.instance.check)]
    if by_row:
        sets = derive_sets(data, dataset, [verdict.instance for verdict in by_row], lookups)
        for offset in range(0, rows, chunk_rows):
            start = perf_counter()
            part = _slice(offset, chunk_rows)
            frame = build_frame(data, dataset, [verdict.instance for verdict in by_row], lookups, part, sets)
            _judge_frame(frame, by_row, agreement, judgement, perf_counter() - start)
    parts = -(-rows // chunk_rows)
    for verdict in judgement.verdicts:
        if not _is_unique(verdict.instance.check):
            continue
        sets = derive_sets(data, dataset, [verdict.instance], lookups)
        for number in range(parts):
            start = perf_counter()
            part = _keys(verdict.instance.check.expect.judged, parts, number)
            frame = build_frame(data, dataset, [verdict.instance], lookups, part, sets)
            _judge_frame(frame, [verdict], agreement, judgement, perf_counter() - start)
    return judgement


def judge_entries(
    facts: Facts, instances: Sequence[Instance], lookups: Lookups, agreement: Agreement
) -> Iterator[Judgement]:
    """Judge the checks on entries, those on the same entries together."""

    groups: dict[tuple[str, tuple[str, ...]], list[Instance]] = {}
    for instance in share_derived_columns(instances):
        groups.setdefault((instance.dataset, instance.check.rows), []).append(instance)
    for (frame_name, rows), members in groups.items():
        start = perf_counter()
        judgement = Judgement([Verdict(instance) for instance in members])
        frame = derive_entries(build_entries(frame_name, rows, facts), members, lookups)
        _judge_frame(frame, judgement.verdicts, agreement, judgement, perf_counter() - start)
        yield judgement


def _is_unique(check: Check) -> bool:
    return check.expect.type == "unique"


def _slice(offset: int, length: int) -> Callable[[pl.LazyFrame], pl.LazyFrame]:
    return lambda frame: frame.slice(offset, length)


def _keys(columns: Sequence[str], parts: int, number: int) -> Callable[[pl.LazyFrame], pl.LazyFrame]:
    return lambda frame: frame.filter(pl.struct(columns).hash(seed=1) % parts == number)


def _judge_frame(
    frame: pl.DataFrame,
    verdicts: Sequence[Verdict],
    agreement: Agreement,
    judgement: Judgement,
    shared_seconds: float,
) -> None:
    """Judge one frame rule by rule, and hand each count over for confirmation."""
    rules = [(rule_id, list(group)) for rule_id, group in groupby(verdicts, key=lambda v: v.instance.rule.id)]
    for rule_id, group in rules:
        start = perf_counter()
        masks = frame.select(
            expression.alias(f"{name}{number}")
            for number, verdict in enumerate(group)
            for name, expression in zip(("judged", "failing"), judged_and_failing(verdict.instance.check), strict=True)
        )
        any_judged = masks.select(pl.any_horizontal(pl.col("^judged[0-9]+$")).sum()).item()
        judgement.checked[rule_id] = judgement.checked.get(rule_id, 0) + int(any_judged)
        counts = []
        for number, verdict in enumerate(group):
            failing = masks[f"failing{number}"]
            counts.append(Count(int(masks[f"judged{number}"].sum()), int(failing.sum())))
            if counts[-1].failed:
                verdict.failing.append(frame.filter(failing).select(_kept(verdict.instance.check, frame)))
        seconds = perf_counter() - start + shared_seconds / len(rules)
        judgement.seconds[rule_id] = judgement.seconds.get(rule_id, 0.0) + seconds
        for verdict, count in zip(group, counts, strict=True):
            agreement.add(rule_id, verdict.instance.dataset, verdict.instance.check, frame, count)


def _kept(check: Check, frame: pl.DataFrame) -> list[str]:
    """The columns of failing rows that a finding shows, or that an entry or a set is known by."""
    entry = (ENTRY, "DATASET", "TSPARMCD", "VARIABLE", "SITEID") if check.is_on_entries else ()
    names = dict.fromkeys((ROW, *entry, *check.shown, *check.expect.judged))
    return [name for name in names if name in frame.columns]
