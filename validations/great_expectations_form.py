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
from itertools import count
from typing import Any

import polars as pl

from longwatch.errors import IntegrityError
from longwatch.findings.expectation import (
    Between,
    ColumnLe,
    EqualColumns,
    InSet,
    Matches,
    NotInSet,
    NotNull,
    Null,
    Unique,
)
from longwatch.findings.rule import Check
from longwatch.findings.rule_parts import Condition, literals

_EXCEPTION = re.compile(r"^([\w.]+(?:Error|Exception|Warning)\w*)\b", re.MULTILINE)
_ONE_AT_A_TIME = threading.Lock()
_SAME = "_SAME"
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

    def count(self, frame: pl.DataFrame, rule_id: str, checks: Sequence[Check]) -> list[Count]:
        """The count of each check of one rule on a frame, of which only the columns needed are handed over.

        Raises IntegrityError LW-VAL-005 where one was not computed.
        """
        names = sorted({name for check in checks for name in (*check.expect.judged, *(c.column for c in check.when))})
        pandas = frame.select(*names, pl.lit(0).alias(_SAME)).to_pandas()
        expectations = [(number, part) for number, check in enumerate(checks) for part in self._compile(check, number)]
        suite = self._gx.ExpectationSuite(
            name=f"{rule_id}-{next(self._names)}", expectations=[p for _, p in expectations]
        )
        with _ONE_AT_A_TIME:
            # The library keeps the context in use in a global; another validation may have set its own.
            self._set_context(self._context)
            batch = self._batches.get_batch(batch_parameters={"dataframe": pandas})
            results = batch.validate(suite, result_format=RESULT_FORMAT)
        judged: dict[int, int] = {}
        failed = dict.fromkeys(range(len(checks)), 0)
        for result in results.results:
            number = result.expectation_config.meta["check"]
            found = _counted(result, rule_id)
            # A check that is two expectations counts as judged what the first, on missing values, was given.
            judged[number] = max(judged.get(number, 0), found.judged)
            failed[number] += found.failed
        if len(results.results) != len(expectations) or set(judged) != set(failed):
            raise _not_computed(rule_id, f"{len(results.results)} results for {len(expectations)} expectations")
        return [Count(judged[number], failed[number]) for number in failed]

    def _compile(self, check: Check, number: int) -> Iterator[Any]:
        """One expectation, or two whose failures add up: a value is missing, or it is there and wrong."""
        gxe, expect = self._gx.expectations, check.expect
        shared: dict[str, Any] = {"meta": {"check": number}}
        if check.when:
            shared["row_condition"] = self._row_condition(check.when)
        if isinstance(expect, Unique):
            # With the constant beside it, one column is a compound too, in which missing equals missing.
            yield gxe.ExpectCompoundColumnsToBeUnique(
                column_list=[*expect.columns, _SAME], ignore_row_if="never", **shared
            )
        elif isinstance(expect, Null):
            yield gxe.ExpectColumnValuesToBeNull(column=expect.column, **shared)
        elif isinstance(expect, EqualColumns):
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
                    column=expect.column, min_value=expect.min, max_value=expect.max, **shared
                )

    def _row_condition(self, conditions: Sequence[Condition]) -> Any:
        parts = [part for condition in conditions for part in self._tests(condition)]
        whole = parts[0]
        for part in parts[1:]:
            whole = whole & part
        return whole

    def _tests(self, condition: Condition) -> Iterator[Any]:
        column = self._column(condition.column)
        if condition.state is not None:
            yield column.is_null() if condition.state == "missing" else column.is_not_null()
        elif condition.equals is not None:
            yield column == condition.equals
        elif condition.within is not None:
            yield column.is_in(literals(condition.within))
        elif condition.outside is not None:
            yield column.is_not_in(literals(condition.outside))
            yield column.is_not_null()
        elif condition.at_least is not None:
            yield column >= condition.at_least
        else:
            yield column <= condition.at_most


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
