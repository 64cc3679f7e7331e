"""Snapshots as tables in the test: a header, then one line per record, cells between bars, an empty cell is missing."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from longwatch.evidence.record_match import match_records
from longwatch.evidence.snapshot_diff import SnapshotDiff, diff_snapshots
from longwatch.standards.dataset import SourceData

NUMBERS = ("SEQ", "DY", "VISITNUM", "STRESN", "TAETORD", "AGE")


def read_table(text: str) -> pl.DataFrame:
    """A table as a frame: --SEQ, --DY, VISITNUM and the like as numbers, all else as text."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    names, rows = lines[0], lines[1:]
    columns = {name: [row[at] or None for row in rows] for at, name in enumerate(names)}
    return pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String)).with_columns(
        pl.col(name).cast(pl.Float64) for name in names if name.endswith(NUMBERS)
    )


@pytest.fixture
def table() -> Callable[[str], pl.DataFrame]:
    """Reads one table."""
    return read_table


@pytest.fixture
def match() -> Callable[..., str]:
    """Matches two tables whose first column names the records; says `a=x` (a is x now), `-b` (gone), `+y` (new)."""

    def compare(dataset: str, before: str, after: str, keys: tuple[str, ...] = ()) -> str:
        old, new = read_table(before), read_table(after)
        olds, news = old.to_series(0).to_list(), new.to_series(0).to_list()
        found = match_records(dataset, old[:, 1:], new[:, 1:], keys=keys)
        pairs = [f"{olds[a]}={news[b]}" for a, b in found.pairs.select("old", "new").iter_rows()]
        return " ".join(
            [*sorted(pairs), *(f"-{olds[row]}" for row in found.removed), *(f"+{news[row]}" for row in found.added)]
        )

    return compare


@pytest.fixture
def diff() -> Callable[..., SnapshotDiff]:
    """Compares two snapshots given as tables by dataset name."""

    def compare(before: dict[str, str], after: dict[str, str], **keys: tuple[str, ...]) -> SnapshotDiff:
        sides = [SourceData.of(**{name: read_table(text) for name, text in side.items()}) for side in (before, after)]
        return diff_snapshots(sides[0], sides[1], keys)

    return compare
