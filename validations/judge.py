"""Judging the checks on one frame: Polars finds the failing rows, and has its counts confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from time import perf_counter
from typing import Protocol, TypeVar

import polars as pl

from longwatch.findings.identity import ROW
from longwatch.findings.rule import Check
from longwatch.standards.dataset import SourceData
from validations.agreement import Agreement
from validations.applicability import Instance
from validations.entries import ENTRY, build_entries
from validations.facts import Facts
from validations.frames import Keys, Rows, build_frame, derive_entries, derive_sets, share_derived_columns
from validations.great_expectations_form import Count
from validations.lookups import Lookups
from validations.polars_form import judged_and_failing

Number = TypeVar("Number", int, float)

CHUNK_ROWS = 500_000
"""How many rows are looked at at a time."""
KEY_CHUNKS = 4
"""How many times as many for uniqueness: few columns are looked at, but all rows are read for each part."""


@dataclass
class Verdict:
    """The failing rows of one check: `_ROW`, for entries `_ENTRY`, and the columns that findings show."""

    instance: Instance
    failing: list[pl.DataFrame] = field(default_factory=list)


@dataclass
class Judgement:
    """The verdicts on one frame. `checked`: how many of its rows a rule judged. `seconds`: what a rule took. `places`:
    of a part, the places of its checks."""

    verdicts: list[Verdict]
    places: tuple[int, ...] = ()
    checked: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """Some of the checks on a dataset, by their places, on some of its rows; `rows` None: on all. `sets`: the columns
    of these rows that are derived from sets of records anywhere in the dataset (of keys: those of all rows)."""

    places: tuple[int, ...]
    rows: Rows | Keys | None = None
    sets: pl.DataFrame | None = None


class Judging(Protocol):
    """Who judges the parts: this process (`judge_here`), or several (`validations.workers`)."""

    def __call__(self, dataset: str, instances: Sequence[Instance], parts: Iterable[Part]) -> Iterator[Judgement]:
        """The judgement of each part, in their order; parts are taken when their turn comes."""


def judge_dataset(
    data: SourceData,
    dataset: str,
    instances: Sequence[Instance],
    lookups: Lookups,
    judging: Judging,
    chunk_rows: int = CHUNK_ROWS,
) -> Judgement:
    """Judge the checks on one dataset, by chunks of rows; checks of uniqueness by chunks of keys, a key in one
    chunk. Checks that read one variable as text and as a number are judged on frames of their own."""
    whole = Judgement([])
    for group in _agreeing(instances):
        shared = share_derived_columns(group)
        verdicts = [Verdict(instance) for instance in shared]
        for judgement in judging(dataset, shared, _parts(data, dataset, shared, lookups, chunk_rows)):
            for place, verdict in zip(judgement.places, judgement.verdicts, strict=True):
                verdicts[place].failing += verdict.failing
            add_up(whole.checked, judgement.checked)
            add_up(whole.seconds, judgement.seconds)
        whole.verdicts += verdicts
    return whole


def judge_here(data: SourceData, lookups: Lookups, agreement: Agreement) -> Judging:
    """Judging in this process; the agreement is confirmed by the caller."""

    def judging(dataset: str, instances: Sequence[Instance], parts: Iterable[Part]) -> Iterator[Judgement]:
        return (judge_part(data, dataset, instances, part, lookups, agreement) for part in parts)

    return judging


def judge_part(
    data: SourceData,
    dataset: str,
    instances: Sequence[Instance],
    part: Part,
    lookups: Lookups,
    agreement: Agreement,
) -> Judgement:
    """The verdicts of a part, its counts handed over for confirmation."""
    start = perf_counter()
    members = [instances[place] for place in part.places]
    judgement = Judgement([Verdict(instance) for instance in members], part.places)
    frame = build_frame(data, dataset, members, lookups, part.rows, part.sets)
    _judge_frame(frame, judgement.verdicts, agreement, judgement, perf_counter() - start)
    return judgement


def add_up(totals: dict[str, Number], more: dict[str, Number]) -> None:
    """Numbers by rule, and more of them."""
    for rule_id, number in more.items():
        totals[rule_id] = totals.get(rule_id, 0) + number


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


def _parts(
    data: SourceData, dataset: str, instances: Sequence[Instance], lookups: Lookups, chunk_rows: int
) -> Iterator[Part]:
    """All checks on all rows where that is not much; else chunks."""
    rows = data.datasets[dataset].rows
    if rows <= chunk_rows:
        yield Part(tuple(range(len(instances))))
        return
    on_keys = [place for place, instance in enumerate(instances) if instance.check.expect.type == "unique"]
    on_rows = tuple(place for place in range(len(instances)) if place not in on_keys)
    if on_rows:
        sets = derive_sets(data, dataset, [instances[place] for place in on_rows], lookups)
        for offset in range(0, rows, chunk_rows):
            yield Part(on_rows, Rows(offset, chunk_rows), sets if sets is None else sets[offset : offset + chunk_rows])
    for place in on_keys:
        columns = tuple(instances[place].check.expect.judged)
        sets = derive_sets(data, dataset, [instances[place]], lookups)
        count = -(-rows // (chunk_rows * KEY_CHUNKS))
        for number in range(count):
            yield Part((place,), Keys(columns, count, number), sets)


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
    entry = (
        (ENTRY, "DATASET", "TSPARMCD", "VARIABLE", "SITEID", "USUBJID", "VISITNUM", "VISITNAME")
        if check.is_on_entries
        else ()
    )
    names = dict.fromkeys((ROW, *entry, *check.shown, *check.expect.judged))
    return [name for name in names if name in frame.columns]
