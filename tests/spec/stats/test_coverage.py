"""How often exact intervals hold the truth, by enumeration: never less than they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from longwatch.stats.methods import Method
from tools.coverage_table import (
    BEGIN,
    END,
    compute_binomial_coverage,
    compute_poisson_coverage,
    coverage_table,
)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 12, 14, 20, 50, 200])
def test_exact_binomial_coverage(n: int) -> None:
    """At a grid of truths, and on both sides of every limit, where coverage is least. Wilson's is not exact."""
    assert compute_binomial_coverage(n, Method.CLOPPER_PEARSON).min() >= 0.95
    assert compute_binomial_coverage(n, Method.WILSON).min() < 0.95


def test_exact_poisson_coverage() -> None:
    """Means up to 60."""
    assert compute_poisson_coverage(60).min() >= 0.95


def test_the_page_prints_what_is_computed(repository: Path) -> None:
    """docs/statistics.md (`python -m tools.coverage_table` writes it), and every method by its printed name."""
    page = (repository / "docs" / "statistics.md").read_text()
    assert page.partition(BEGIN)[2].partition(END)[0] == coverage_table(), "run `python -m tools.coverage_table`"
    assert [method for method in Method if f"| {method} |" not in page] == []
