"""Two snapshots side by side: which dataset is which, and which record is which, links after their parents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from longwatch.evidence.record_keys import is_link, record_keys
from longwatch.evidence.record_links import (
    ROW,
    UNIT,
    link_marks,
    locate_parents,
    marks_by_record,
    name_parents,
    record_names,
)
from longwatch.evidence.record_match import HASH_SEED, RecordMatch, comparable, match_records
from longwatch.standards.dataset import Dataset, SourceData, Variable
from longwatch.standards.sdtm import is_supplemental, variable_prefix


@dataclass(frozen=True)
class DatasetPair:
    """What is compared as one: a dataset under its name, or a domain that is split otherwise in the two snapshots.

    `old`, `new`: the names of its datasets in the older and the newer snapshot; empty where it is not there.
    """

    name: str
    old: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def is_in_both(self) -> bool:
        """Whether both snapshots have it."""
        return bool(self.old and self.new)


@dataclass(frozen=True, eq=False)
class MatchedDataset:
    """One dataset of both snapshots with its records matched: frames with all variables, blank text as null, one row
    per record in source order; the variables as declared; the match by row position."""

    name: str
    old: pl.DataFrame
    new: pl.DataFrame
    old_variables: tuple[Variable, ...]
    new_variables: tuple[Variable, ...]
    match: RecordMatch


def pair_datasets(old: SourceData, new: SourceData) -> tuple[DatasetPair, ...]:
    """What is compared with what, by name.

    Cases: a domain that consists of the same datasets in both snapshots (LB; or LBCH and LBHE) → each with its
    namesake; of other datasets (LB against LBCH and LBHE) → all its records as one, under the domain's code, so that a
    new way to split files makes no new records; a domain that one snapshot lacks → each dataset by itself.
    """
    domains: dict[str, tuple[list[str], list[str]]] = {}
    for side, data in enumerate((old, new)):
        for name in sorted(data.datasets):
            domains.setdefault(_domain_code(name), ([], []))[side].append(name)
    pairs = []
    for code, (olds, news) in domains.items():
        if olds and news and olds != news:
            pairs.append(DatasetPair(code, tuple(olds), tuple(news)))
        else:
            pairs += [DatasetPair(name, (name,) * (name in olds), (name,) * (name in news)) for name in olds or news]
    return tuple(sorted(pairs, key=lambda pair: pair.name))


def match_snapshots(
    old: SourceData, new: SourceData, keys: Mapping[str, Sequence[str]] | None = None
) -> Iterator[MatchedDataset]:
    """The datasets that both snapshots have, one by one, with their records matched.

    Parents come before their links: all domains by name, then comments, supplemental qualifiers and RELREC. `keys`: by
    dataset, what define.xml declares as its key. The rule for records: `longwatch.evidence.record_match`; for links:
    `longwatch.evidence.record_links`. Only one dataset is held in memory at a time, besides what its links need.
    """
    pairs = [pair for pair in pair_datasets(old, new) if pair.is_in_both]
    sides = (_Side(old, {pair.name: pair.old for pair in pairs}), _Side(new, {pair.name: pair.new for pair in pairs}))
    _read_links(sides, [pair.name for pair in pairs if is_link(pair.name)])
    for pair in sorted(pairs, key=lambda pair: (is_link(pair.name), pair.name)):
        olds, news = (side.frame(pair.name).collect() for side in sides)
        named = [
            name_parents(pair.name, frame, side.located[pair.name], side.names) if is_link(pair.name) else frame
            for frame, side in zip((olds, news), sides, strict=True)
        ]
        marks = [side.marks_of(pair.name, rows.height) for side, rows in zip(sides, (olds, news), strict=True)]
        linked = any(mark.null_count() < len(mark) for mark in marks)
        declared = next((keys[name] for name in (pair.name, *pair.new, *pair.old) if name in keys), ()) if keys else ()
        match = match_records(
            pair.name,
            *named,
            keys=declared,
            old_links=marks[0] if linked else None,
            new_links=marks[1] if linked else None,
        )
        names = record_names(pair.name, match, olds.height, news.height)
        for side, own in zip(sides, names, strict=True):
            side.names[pair.name] = own
        yield MatchedDataset(pair.name, olds, news, sides[0].variables(pair.name), sides[1].variables(pair.name), match)


class _Side:
    """One snapshot: its frames by the name under which they are compared, and what is known of its links so far."""

    def __init__(self, data: SourceData, datasets: Mapping[str, Sequence[str]]) -> None:
        self.data = data
        self.datasets = datasets
        self.located: dict[str, pl.DataFrame] = {}
        self.names: dict[str, pl.Series] = {}
        self.marks = marks_by_record([])

    def frame(self, name: str) -> pl.LazyFrame:
        """The records under that name, blank text as null, one dataset of a split domain after the other."""
        frames = [self.data.frame(dataset) for dataset in self.datasets[name]]
        return frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")

    def variables(self, name: str) -> tuple[Variable, ...]:
        """The variables under that name, as declared first."""
        declared: dict[str, Variable] = {}
        for dataset in (self.data.datasets[dataset] for dataset in self.datasets[name]):
            for variable in dataset.variables or Dataset.of(dataset.name, dataset.frame.limit(0).collect()).variables:
                declared.setdefault(variable.name, variable)
        return tuple(declared.values())

    def domains(self) -> dict[str, pl.LazyFrame]:
        """By domain code, all records that a link may point to, with their dataset and row position."""
        frames: dict[str, list[pl.LazyFrame]] = {}
        for name in self.datasets:
            if not is_supplemental(name) and name != "RELREC":
                placed = self.frame(name).with_row_index(ROW).with_columns(pl.lit(name).alias(UNIT))
                frames.setdefault(_domain_code(name), []).append(placed)
        return {
            code: parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal_relaxed")
            for code, parts in frames.items()
        }

    def marks_of(self, name: str, rows: int) -> pl.Series:
        """What the links of each record of a dataset say, missing where it has none."""
        own = self.marks.filter(pl.col(UNIT) == name)
        positions = pl.DataFrame({ROW: pl.int_range(rows, dtype=pl.UInt32, eager=True)})
        return positions.join(own, on=ROW, how="left", maintain_order="left")["_MARK"]


def _read_links(sides: tuple[_Side, _Side], links: Sequence[str]) -> None:
    """Finds the parent of each link in both snapshots, and what the links say of each parent."""
    domains = [side.domains() for side in sides]
    marks: tuple[list[pl.DataFrame], list[pl.DataFrame]] = ([], [])
    for name in links:
        frames = [side.frame(name).collect() for side in sides]
        for side, frame, parents in zip(sides, frames, domains, strict=True):
            side.located[name] = locate_parents(frame, parents)
        alike = comparable(*frames)
        related = {unit for side in sides for unit in side.located[name][UNIT].drop_nulls().unique().to_list()}
        contents = _content_hashes(sides, sorted(related)) if name == "RELREC" else ({}, {})
        content = record_keys(name, alike[0].columns).content
        for at, (side, frame) in enumerate(zip(sides, alike, strict=True)):
            marks[at].append(link_marks(name, frame.select(content), side.located[name], contents[at]))
    for at, side in enumerate(sides):
        side.marks = marks_by_record(marks[at])


def _content_hashes(
    sides: tuple[_Side, _Side], names: Sequence[str]
) -> tuple[dict[str, pl.Series], dict[str, pl.Series]]:
    """The hash of each record's content, by dataset, for both snapshots."""
    hashes: tuple[dict[str, pl.Series], dict[str, pl.Series]] = ({}, {})
    for name in names:
        alike = comparable(*(side.frame(name).collect() for side in sides))
        content = record_keys(name, alike[0].columns).content
        for at, frame in enumerate(alike):
            hashes[at][name] = frame.select(content).hash_rows(HASH_SEED)
    return hashes


def _domain_code(dataset: str) -> str:
    """The domain that a dataset is a part of: LBCH → LB, SUPPLBCH → SUPPLB; any other is its own."""
    if is_supplemental(dataset):
        head = "SUPP" if dataset.startswith("SUPP") else "SQ"
        return head + (variable_prefix(dataset.removeprefix(head)) or dataset.removeprefix(head))
    return variable_prefix(dataset) or dataset
