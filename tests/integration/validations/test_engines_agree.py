"""Great Expectations and the Polars expressions come to the same counts, for every kind of condition and expectation.

The frames are made by hypothesis: missing values, empty text, text that looks like a number, quotes, line ends.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longwatch.findings.rule import Check
from validations.great_expectations_form import PART, Count, GreatExpectationsJudge
from validations.polars_form import judged_and_failing

TEXTS = [
    "Y",
    "N",
    "",
    " ",
    "y",
    "1",
    "None",
    "nan",
    'O\'NEIL "x"',
    "2023-05-14",
    "2023-05-14\n",
    "Größe",
    "a b",
    "`a`b`",
    "@c#d",
    "e\\f",
    "{g}",
    "A",
]
TEXT = st.none() | st.sampled_from(TEXTS)
NUMBER = st.none() | st.sampled_from([0.0, -0.0, 1.0, 1.5, 2.0, -3.0, 1e15])
DAY = st.none() | st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1))
SCHEMA = {"A": pl.String, "B": pl.String, "N": pl.Float64, "M": pl.Float64, "C": pl.Int64, "D": pl.Date, "E": pl.Date}
FRAMES = st.lists(st.tuples(TEXT, TEXT, NUMBER, NUMBER, st.integers(0, 3), DAY, DAY), max_size=15).map(
    lambda rows: pl.DataFrame(rows, schema=SCHEMA, orient="row")
)
SOME_TEXTS = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4)
CONDITION = st.one_of(
    st.sampled_from(TEXTS).map(lambda value: {"column": "B", "equals": value}),
    st.sampled_from([0, 1, 1.5]).map(lambda value: {"column": "N", "equals": value}),
    SOME_TEXTS.map(lambda values: {"column": "B", "in": values}),
    SOME_TEXTS.map(lambda values: {"column": "B", "not_in": values}),
    SOME_TEXTS.map(lambda values: {"column": "B", "not_in": values, "missing": "meets"}),
    st.sampled_from(["filled", "missing"]).map(lambda state: {"column": "B", "is": state}),
    st.sampled_from([0.0, 1.0, 2.0]).map(lambda limit: {"column": "C", "at_least": limit}),
    st.sampled_from([0.0, 1.0, 2.0]).map(lambda limit: {"column": "M", "at_most": limit}),
)
MISSING = st.sampled_from(["fails", "passes"])
EXPECTATIONS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "not_null": st.just({"column": "A"}),
    "null": st.sampled_from(["A", "N", "D"]).map(lambda name: {"column": name}),
    "in_set": st.builds(lambda values, m: {"column": "A", "values": values, "missing": m}, SOME_TEXTS, MISSING),
    "not_in_set": st.builds(lambda values, m: {"column": "A", "values": values, "missing": m}, SOME_TEXTS, MISSING),
    "matches": st.builds(
        lambda pattern, m: {"column": "A", "pattern": pattern, "missing": m},
        st.sampled_from(["Y|N", "[0-9]{4}-[0-9]{2}-[0-9]{2}", "", ".*", "^a b$", "(?i:y)", "Gr.ße"]),
        MISSING,
    ),
    "between": st.builds(
        lambda name, low, high, m: {"column": name, "min": low, "max": high, "missing": m},
        st.sampled_from(["N", "C"]),
        st.sampled_from([-3.0, 0.0, 1.0]),
        st.sampled_from([None, 1.0, 1.5, 2.0]),
        MISSING,
    ),
    "unique": st.lists(st.sampled_from(list(SCHEMA)), min_size=1, max_size=3, unique=True).map(
        lambda names: {"columns": names}
    ),
    "equal_columns": st.builds(
        lambda pair, m: {"column": pair[0], "other": pair[1], "missing": m},
        st.sampled_from([("A", "B"), ("N", "M"), ("N", "C"), ("D", "E")]),
        MISSING,
    ),
    "column_le": st.sampled_from([("N", "M"), ("M", "C"), ("D", "E")]).map(
        lambda pair: {"column": pair[0], "other": pair[1]}
    ),
}


@pytest.fixture(scope="module")
def judge() -> GreatExpectationsJudge:
    """Great Expectations, for these tests."""
    return GreatExpectationsJudge()


def polars_count(frame: pl.DataFrame, check: Check) -> Count:
    """The counts of the Polars expressions."""
    judged, failing = frame.select(*(mask.sum().alias(str(n)) for n, mask in enumerate(judged_and_failing(check)))).row(
        0
    )
    return Count(judged, failing)


@pytest.mark.parametrize("kind", list(EXPECTATIONS))
def test_counts_agree(kind: str, judge: GreatExpectationsJudge) -> None:
    """Judged and failing rows are the same by both, with any conditions, on any frame, an empty one too."""

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(frame=FRAMES, when=st.lists(CONDITION, max_size=2), expect=EXPECTATIONS[kind])
    def agree(frame: pl.DataFrame, when: list[dict[str, Any]], expect: dict[str, Any]) -> None:
        check = Check.model_validate({"frame": "AE", "when": when, "expect": {"type": kind, **expect}, "message": "-"})
        assert judge.count(frame.with_columns(pl.lit(1).alias(PART)), "T01", check) == polars_count(frame, check)

    agree()


def test_any_text_can_be_a_condition(judge: GreatExpectationsJudge) -> None:
    """Quotes, backticks, signs that a query language would read: a condition's text is only a text."""
    frame = pl.DataFrame({"B": TEXTS})
    checks = [
        Check.model_validate({"frame": "AE", "when": [when], "expect": {"type": "null", "column": "B"}, "message": "-"})
        for text in TEXTS
        for when in ({"column": "B", "equals": text}, {"column": "B", "in": [text]}, {"column": "B", "not_in": [text]})
    ]
    counts = [judge.count(frame, "T01", check) for check in checks]
    assert counts == [polars_count(frame, check) for check in checks]
    assert [count.judged for count in counts[:3]] == [1, 1, len(TEXTS) - 1]
