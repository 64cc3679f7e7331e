"""eGFR by CKD-EPI 2021 (spec C.4)."""

from __future__ import annotations

import polars as pl

from longwatch.derive.egfr import compute_egfr


def test_egfr_oracles() -> None:
    """The spec's table, to one decimal; what cannot be computed is missing."""
    rows = [
        ("F", 55.0, 0.9, 75.5),
        ("M", 45.0, 0.8, 111.2),
        ("M", 45.0, 1.4, 63.2),
        ("F", 48.0, 0.7, 106.6),
        ("F", 48.0, 1.0, 69.5),
        ("F", 48.0, 1.5, 42.7),
        # not known
        ("U", 48.0, 1.0, None),
        (None, 48.0, 1.0, None),
        ("F", None, 1.0, None),
        ("F", 48.0, None, None),
        ("F", 48.0, 0.0, None),
    ]
    frame = pl.DataFrame(rows, schema=["sex", "age", "creatinine", "expected"], orient="row")
    found = frame.select(compute_egfr(pl.col("creatinine"), pl.col("age"), pl.col("sex")).round(1)).to_series()
    assert found.to_list() == frame["expected"].to_list()
