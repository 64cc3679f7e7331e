"""A check as Great Expectations, which judge it a second time (DESIGN.md, decision 2).

Great Expectations sees a pandas frame with only the columns that are judged, keeps no value (result format SUMMARY, no
unexpected values), and gives counts. Anything it could not compute is a failure here, never a pass.
"""

from __future__ import annotations

import os
import re
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import count
from operator import and_
from typing import Any

import polars as pl

from longwatch.errors import IntegrityError
from longwatch.findings.expectation import (
    Between,
    ColumnLe,
    EqualColumns,
    Expectation,
    InSet,
    Matches,
    NotInSet,
    NotNull,
    Null,
    Unique,
)
from longwatch.findings.rule import Check
from longwatch.findings.rule_parts import Condition, literals, number

_EXCEPTION = re.compile(r"^([\w.]+(?:Error|Exception|Warning)\w*)\b", re.MULTILINE)
_ONE_AT_A_TIME = threading.Lock()
PART = "_PART"
"""The column that says which rows belong together."""

RESULT_FORMAT = {"result_format": "SUMMARY", "partial_unexpected_count": 0}


@dataclass(frozen=True)
class Count:
    """How many rows were judged, and how many of them failed."""

    judged: int
    failed: int


class GreatExpectationsJudge:
    """Great Expectations with a context of its own, for one validation. Importing it takes seconds: only here."""

    def __init__(self) -> None:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        with warnings.catch_warnings(), _ONE_AT_A_TIME:
            # It imports standard-library modules that Python has deprecated.
            warnings.simplefilter("ignore", DeprecationWarning)
            import great_expectations as gx
            from great_expectations.data_context.data_context.context_factory import set_context
            from great_expectations.data_context.types import base
            from great_expectations.expectations import row_conditions

            config = base.DataContextConfig(
                analytics_enabled=False,
                progress_bars=base.ProgressBarsConfig(globally=False, metric_calculations=False),
                store_backend_defaults=base.InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            )
            self._context = gx.get_context(mode="ephemeral", project_config=config)
        self._gx = gx
        self._set_context = set_context
        self._column = row_conditions.Column
        asset = self._context.data_sources.add_pandas("longwatch").add_dataframe_asset("frame")
        self._batches = asset.add_batch_definition_whole_dataframe("whole")
        self._names = count(1)

    def count(self, frame: pl.DataFrame, rule_id: str, check: Check) -> Count:
        """The count of one check on a frame, which has the columns that the check names and PART: rows of different
        parts are not compared with each other.

        The rows concerned are chosen once, by pandas: given the conditions too, the library would choose them anew for
        each of the five measures that an expectation is made of.

        Raises IntegrityError LW-VAL-005 where something was not computed.
        """
        expectations = list(self.compile(check.expect))
        suite = self._gx.ExpectationSuite(name=f"{rule_id}-{next(self._names)}", expectations=expectations)
        pandas = _concerned(_coded(frame, check.expect).to_pandas(), check.when)
        with _ONE_AT_A_TIME:
            # The library keeps the context in use in a global; another validation may have set its own.
            self._set_context(self._context)
            batch = self._batches.get_batch(batch_parameters={"dataframe": pandas})
            results = batch.validate(suite, result_format=RESULT_FORMAT).results
        if len(results) != len(expectations):
            raise _not_computed(rule_id, f"{len(results)} results for {len(expectations)} expectations")
        counts = [_counted(result, rule_id) for result in results]
        # Of two expectations, the one on missing values is given all rows, the other those that are filled.
        return Count(max(count.judged for count in counts), sum(count.failed for count in counts))

    def compile(self, expect: Expectation, conditions: Sequence[Any] = ()) -> Iterator[Any]:
        """One expectation, or two whose failures add up: a value is missing, or it is there and wrong. `conditions`, of
        the library's own kind, restrict it to rows."""
        gxe, shared = self._gx.expectations, _under(conditions)
        if isinstance(expect, Unique):
            # A compound, even of one column, in which missing equals missing.
            yield gxe.ExpectCompoundColumnsToBeUnique(
                column_list=[*expect.judged, PART], ignore_row_if="never", **shared
            )
        elif isinstance(expect, Null):
            yield gxe.ExpectColumnValuesToBeNull(column=expect.column, **shared)
        elif isinstance(expect, EqualColumns):
            if expect.missing == "fails":
                comparable = _under([*conditions, self._column(expect.other).is_not_null()])
                yield gxe.ExpectColumnValuesToNotBeNull(column=expect.column, **comparable)
            yield gxe.ExpectColumnPairValuesToBeEqual(
                column_A=expect.column, column_B=expect.other, ignore_row_if="either_value_is_missing", **shared
            )
        elif isinstance(expect, ColumnLe):
            yield gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=expect.other,
                column_B=expect.column,
                or_equal=True,
                ignore_row_if="either_value_is_missing",
                **shared,
            )
        else:
            if isinstance(expect, NotNull) or expect.missing == "fails":
                yield gxe.ExpectColumnValuesToNotBeNull(column=expect.column, **shared)
            if isinstance(expect, InSet):
                yield gxe.ExpectColumnValuesToBeInSet(column=expect.column, value_set=literals(expect.values), **shared)
            elif isinstance(expect, NotInSet):
                yield gxe.ExpectColumnValuesToNotBeInSet(
                    column=expect.column, value_set=literals(expect.values), **shared
                )
            elif isinstance(expect, Matches):
                yield gxe.ExpectColumnValuesToMatchRegex(
                    column=expect.column, regex=rf"\A(?:{expect.text})\Z", **shared
                )
            elif isinstance(expect, Between):
                yield gxe.ExpectColumnValuesToBeBetween(
                    column=expect.column, min_value=number(expect.min), max_value=number(expect.max), **shared
                )


def _coded(frame: pl.DataFrame, expect: Expectation) -> pl.DataFrame:
    """Text as categories, which pandas hashes, compares and looks for by their codes; not where two columns are
    compared with each other, whose categories differ."""
    if isinstance(expect, EqualColumns | ColumnLe):
        return frame
    return frame.with_columns(pl.col(pl.String).cast(pl.Categorical(pl.Categories.random())))


def _concerned(frame: Any, conditions: Sequence[Condition]) -> Any:
    """The rows of a pandas frame that meet all conditions."""
    tests = [_meets(frame[condition.column], condition) for condition in conditions]
    return frame[reduce(and_, tests)] if tests else frame


def _meets(column: Any, condition: Condition) -> Any:
    """Whether each value of a pandas column meets a condition; to pandas a missing value equals nothing and is in no
    set."""
    if condition.state is not None:
        return column.isna() if condition.state == "missing" else column.notna()
    if condition.equals is not None:
        return column == condition.equals
    if condition.within is not None:
        return column.isin(literals(condition.within))
    if condition.outside is not None:
        outside = ~column.isin(literals(condition.outside))
        return outside if condition.missing == "meets" else outside & column.notna()
    if condition.at_least is not None:
        return column >= number(condition.at_least)
    return column <= number(condition.at_most)


def _under(conditions: Sequence[Any]) -> dict[str, Any]:
    """The arguments that restrict an expectation to the rows that meet all conditions."""
    return {"row_condition": reduce(and_, conditions)} if conditions else {}


def _counted(result: Any, rule_id: str) -> Count:
    raised = _raised(result.exception_info)
    if raised is not None:
        raise _not_computed(rule_id, raised)
    content = result.result
    if "unexpected_count" not in content or "element_count" not in content:
        raise _not_computed(rule_id, f"a result without counts, of {result.expectation_config.type}")
    failed = int(content["unexpected_count"])
    if bool(result.success) != (failed == 0):
        raise _not_computed(rule_id, f"verdict {result.success} with {failed} failing rows")
    return Count(int(content["element_count"]) - int(content.get("missing_count", 0)), failed)


def _raised(info: Mapping[str, Any] | None) -> str | None:
    """What was raised, of one expectation or of one of its metrics; None where nothing was.

    Only the kinds of exception are named: a message may quote a value.
    """
    if not info:
        return None
    if "raised_exception" in info:
        if not info["raised_exception"]:
            return None
        kinds = _EXCEPTION.findall(str(info.get("exception_traceback") or ""))
        return f"it raised {', '.join(dict.fromkeys(kinds)) or 'an exception'}"
    return next((what for part in info.values() if (what := _raised(part)) is not None), None)


def _not_computed(rule_id: str, what: str) -> IntegrityError:
    return IntegrityError(
        "LW-VAL-005",
        f"Great Expectations could not judge rule {rule_id}: {what}",
        where="validation",
        next_step="report this with the rule id; nothing was judged as passed",
    )
