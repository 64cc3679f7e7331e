"""The two engines must agree: what one has counted is held until the other has counted the same rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

import polars as pl

from longwatch.errors import IntegrityError
from longwatch.findings.binding import rename_columns
from longwatch.findings.rule import Check
from validations.great_expectations_form import PART, Count, GreatExpectationsJudge

HELD_ROWS = 1_000_000
"""How many rows wait for Great Expectations at most: memory grows with this, not with the data."""


@dataclass
class _Waiting:
    """Rows of one or more datasets that are asked the same question, and what Polars answered for them together."""

    rule_id: str
    check: Check
    places: list[str] = field(default_factory=list)
    frames: list[pl.DataFrame] = field(default_factory=list)
    judged: int = 0
    failed: int = 0


class Agreement:
    """Has Great Expectations count again what Polars counted.

    A question costs Great Expectations some 20 milliseconds, however few rows it is about. So rows of several datasets
    that a rule asks the same (is STUDYID the study's, is the date a date) are asked about in one frame. Rows of
    different parts are never compared with each other.
    """

    def __init__(self, judge: GreatExpectationsJudge, held_rows: int = HELD_ROWS) -> None:
        self._judge = judge
        self._held_rows = held_rows
        self._rows = 0
        self._parts = 0
        self._waiting: dict[tuple[str, str, tuple[str, ...]], _Waiting] = {}
        self.seconds: dict[str, float] = {}

    def add(self, rule_id: str, place: str, check: Check, frame: pl.DataFrame, ours: Count) -> None:
        """Hold the rows of a check with our count of them; confirm all that is held where that is much.

        Raises IntegrityError as `confirm` does.
        """
        columns = list(dict.fromkeys((*check.expect.judged, *(condition.column for condition in check.when))))
        names = {column: f"C{number}" for number, column in enumerate(columns, 1)}
        question = rename_columns(Check(frame="*", when=check.when, expect=check.expect, message=rule_id), names)
        rows = frame.select(columns).rename(names)
        key = (rule_id, question.model_dump_json(), tuple(str(dtype) for dtype in rows.dtypes))
        waiting = self._waiting.setdefault(key, _Waiting(rule_id, question))
        self._parts += 1
        waiting.places.append(place)
        waiting.frames.append(rows.with_columns(pl.lit(self._parts).alias(PART)))
        waiting.judged += ours.judged
        waiting.failed += ours.failed
        self._rows += rows.height
        if self._rows >= self._held_rows:
            self.confirm()

    def confirm(self) -> None:
        """Have everything that is held counted. Raises IntegrityError LW-VAL-004 where the engines disagree, and
        LW-VAL-005 where Great Expectations could not count."""
        for waiting in self._waiting.values():
            start = perf_counter()
            theirs = self._judge.count(pl.concat(waiting.frames), waiting.rule_id, waiting.check)
            ours = Count(waiting.judged, waiting.failed)
            if ours != theirs:
                raise _disagreement(waiting, ours, theirs)
            seconds = perf_counter() - start
            self.seconds[waiting.rule_id] = self.seconds.get(waiting.rule_id, 0.0) + seconds
        self._waiting.clear()
        self._rows = 0


def _disagreement(waiting: _Waiting, ours: Count, theirs: Count) -> IntegrityError:
    return IntegrityError(
        "LW-VAL-004",
        f"the two engines disagree on rule {waiting.rule_id}",
        where=", ".join(dict.fromkeys(waiting.places)),
        expected=f"Great Expectations: {theirs.failed} failing of {theirs.judged}",
        found=f"list of records: {ours.failed} failing of {ours.judged}",
        next_step="report this with the rule id; no finding of this validation may be relied on",
    )
