"""Columns derived from the records before: the fast form against one record after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from longwatch.findings.derived.sets import InOrder
from longwatch.standards.dataset import SourceData
from validations.derived import derive
from validations.lookups import Lookups


def records(rng: np.random.Generator) -> pl.DataFrame:
    """Sets of keys K and L, in order of D and T, with values; some of everything is missing."""
    count = 200
    drawn = pl.DataFrame(
        {
            "K": rng.integers(0, 30, count).astype(str),
            "L": rng.integers(0, 3, count).astype(str),
            "D": rng.integers(0, 5, count),
            "T": rng.permutation(count).astype(str),
            "V": rng.normal(size=count),
        }
    )
    return drawn.with_columns(
        pl.when(pl.col("L") != "2").then("L"), pl.when(pl.col("D") > 0).then("D"), pl.when(pl.col("V") > -0.3).then("V")
    )


def one_by_one(frame: pl.DataFrame, take: str) -> list[float | None]:
    """What each record gets, by walking along its set."""
    found: list[float | None] = [None] * frame.height
    walked: dict[Any, list[float | None]] = {}
    rows = [(row, number) for number, row in enumerate(frame.iter_rows(named=True))]
    complete = [(row, number) for row, number in rows if None not in (row["K"], row["L"], row["D"])]
    for row, number in sorted(complete, key=lambda each: (each[0]["K"], each[0]["L"], each[0]["D"], each[0]["T"])):
        before = walked.setdefault((row["K"], row["L"]), [])
        filled = [value for value in before if value is not None]
        found[number] = {
            "place": len(before) + 1,
            "previous": before[-1] if before else None,
            "highest_before": max(filled) if filled else None,
        }[take]
        before.append(row["V"])
    return found


@pytest.mark.parametrize("take", ["place", "previous", "highest_before"])
@pytest.mark.parametrize("seed", range(20))
def test_as_walked(take: str, seed: int) -> None:
    frame = records(np.random.default_rng(seed))
    derivation = InOrder.model_validate(
        {"type": "in_order", "by": ["K", "L"], "order": ["D"], "ties": ["T"], "take": take}
        | ({} if take == "place" else {"of": "V"})
    )
    derived = derive(derivation, frame.lazy(), "X", Lookups(SourceData.of(AE=frame))).collect()
    assert derived["X"].to_list() == one_by_one(frame, take)
