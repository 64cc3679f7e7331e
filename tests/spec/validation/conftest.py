"""Tables written as text, and one rule judged on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import pytest

from longwatch.findings.finding import ValidationOutcome
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from validations import load_rules, validate_by

STUDY: dict[str, Any] = {
    "longwatch": 1,
    "study": {"id": "STUDY-1", "title": "A study"},
    "sources": [{"path": "data"}],
    "treatment": {"arms": [{"code": "A", "name": "Arm A"}], "not_treated": ["SCRN"]},
    "relatedness": {"related": ["RELATED"], "not_related": ["NOT RELATED"]},
}


def _table(text: str) -> pl.DataFrame:
    header, *lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    columns: dict[str, list[Any]] = {name: [] for name in header}
    for line in lines:
        for name, cell in zip(header, line, strict=True):
            is_number = name.endswith(("SEQ", "DY"))
            columns[name].append(None if cell == "." else float(cell) if is_number else cell)
    types = {name: pl.Float64 if name.endswith(("SEQ", "DY")) else pl.String for name in header}
    return pl.DataFrame(columns, schema=types)


@pytest.fixture(scope="session")
def table() -> Callable[[str], pl.DataFrame]:
    """A frame from lines of cells with `|` between them; `.` is missing; --SEQ and --DY are numbers."""
    return _table


@pytest.fixture(scope="session")
def study() -> Study:
    """A study with one arm A, untreated arm SCRN, and AEREL mapped for RELATED and NOT RELATED."""
    return Study.model_validate(STUDY)


@pytest.fixture(scope="session")
def judge() -> Callable[..., ValidationOutcome]:
    """`judge("SR02", {"AE": table, …}, {study settings})`: the outcome of one rule."""

    def judged(rule_id: str, tables: Mapping[str, str], settings: Mapping[str, Any] | None = None) -> ValidationOutcome:
        rule = next(rule for rule in load_rules() if rule.id == rule_id)
        data = SourceData.of(**{name: _table(text) for name, text in tables.items()})
        return validate_by([rule], data, Study.model_validate({**STUDY, **(settings or {})}), lambda _: None)

    return judged
