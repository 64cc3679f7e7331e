"""Times to an event by arm, as tables and figures take them from ADTTE."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from longwatch.derive import AnalysisDatasets
from longwatch.derive.adev import MEASURED
from longwatch.derive.adtte import Times
from longwatch.errors import StudyError
from longwatch.stats.estimate import Estimate
from longwatch.stats.rounding import NOT_ESTIMABLE, round_half_away
from longwatch.stats.survival import Scale
from longwatch.study import Parameter, Study
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.filters import SAFETY, both, equals
from longwatch.tables.layout import Column, Counted, Layout
from longwatch.tables.result import Provenance, Statistic

DEFAULT_PARAMETER = "TTAE"
Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ColumnTimes:
    """The subjects of a column who have a time: how long, how it ended (CEVENT: 1 the event, 2 death, 0 neither)."""

    column: Column
    time: Floats
    ended: Codes

    @property
    def event(self) -> NDArray[np.bool_]:
        """Who had the event."""
        return np.equal(self.ended, 1)

    @property
    def longest(self) -> float:
        """The longest time; 0 without a subject."""
        return float(self.time.max()) if len(self.time) else 0.0


@dataclass(frozen=True, eq=False)
class Timed:
    """One parameter of ADTTE by arm. `declared`: what the study file, or the standard, says of it; None for one that
    only the sponsor's ADTTE knows. `arm_of_record`: by record its arm's place, −1 for none."""

    times: Times
    declared: Parameter | None
    arms: Arms
    arm_of_record: NDArray[np.int16]

    @property
    def condition(self) -> str:
        """Which records of ADTTE are counted."""
        return both(SAFETY, equals("PARAMCD", self.times.code))

    def layout(self) -> Layout:
        """The columns of a table that counts subjects of ADTTE."""
        return Layout(self.arms, None, counted=Counted("ADTTE", self.condition, ("USUBJID",)), with_intervals=False)

    def of(self, column: Column) -> ColumnTimes:
        """The times of a column: of an arm, or of all arms together."""
        inside = self.arm_of_record >= 0 if column.index is None else self.arm_of_record == column.index
        time = self.times.records["AVAL"].to_numpy()[inside]
        return ColumnTimes(column, time, self.times.records["CEVENT"].to_numpy()[inside])

    def count(self, where: NDArray[np.bool_]) -> Codes:
        """How many of these records each arm has."""
        chosen = self.arm_of_record[where]
        return np.bincount(chosen[chosen >= 0], minlength=len(self.arms.names)).astype(np.int64)

    def source(self, column: Column, condition: str = "", *variables: str) -> Provenance:
        """Records of the column that meet a condition, and the variables taken from them."""
        subjects = both(self.arms.population.condition, column.condition)
        where = both(self.condition, column.condition, condition)
        return Provenance("ADTTE", where, variables or ("USUBJID",), f"{column.size} subjects of ADSL with {subjects}")


def read_times(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> Timed:
    """The parameter that an output is asked for (`parameter`); by default the study file's first, else the first of the
    sponsor's ADTTE, else the time to the first adverse event. Raises StudyError LW-TAB-007 where there is none of that
    code."""
    codes = datasets.time_parameters
    known = {*datasets.declared_times, *MEASURED}
    own = bool(set(codes) - known) or bool(study.time_to_event.parameters)
    code = str(parameters.get("parameter") or (codes[0] if own else DEFAULT_PARAMETER))
    try:
        times = datasets.times(code)
    except KeyError:
        raise StudyError(
            "LW-TAB-007",
            f"there is no time to an event {code}",
            where="parameter",
            expected=", ".join(codes),
            found=code,
            next_step="name one of these, or declare it in the study file under `time_to_event: parameters:`",
        ) from None
    declared = datasets.declared_times.get(code)
    arms = make_arms(datasets, study)
    arm_of_record = arms.arm_of_subject[times.records["USUBJID"].to_physical().to_numpy()]
    return Timed(times, declared, arms, arm_of_record)


def titled(title: str, timed: Timed) -> str:
    """`Kaplan–Meier curve: time to death`: a report may print one output of several times."""
    name = timed.times.name
    return f"{title}: {name[:1].lower()}{name[1:]}" if name[1:2].islower() else f"{title}: {name}"


def scale_of(study: Study) -> Scale:
    """On which scale the study's intervals of survival are symmetric."""
    return Scale(study.time_to_event.interval)


def literal(value: float) -> str:
    """A time as an SQL literal that reads back to the same number."""
    return str(int(value)) if value == int(value) else repr(float(value))


def time_name(value: float, unit: str, decimals: int = 2) -> str:
    """`Day 90`, `Month 0.99`: a time as the name of a row."""
    text = f"{value:.0f}" if value == int(value) else f"{value:.{decimals}f}"
    return f"{unit.removesuffix('s').capitalize()} {text}"


def time_names(values: Iterable[float], unit: str) -> dict[float, str]:
    """A name for each of several times; where two would have one name, both are written with more decimals."""
    different = sorted(set(values))
    shared = Counter(time_name(value, unit) for value in different)
    return {
        value: name if shared[name := time_name(value, unit)] == 1 else time_name(value, unit, 6) for value in different
    }


def time_text(value: float | None) -> str:
    """A time as printed: a whole number as it is, else one decimal; `NE` where it is not reached."""
    if value is None:
        return NOT_ESTIMABLE
    return f"{value:.0f}" if value == int(value) else str(round_half_away(_exact(value), 1))


def share_text(value: float | None) -> str:
    """A share in percent that is estimated, one decimal: `0`, `100`, `<0.1`, `>99.9` as counts are printed."""
    if value is None:
        return NOT_ESTIMABLE
    if value in (0.0, 100.0):
        return f"{value:.0f}"
    if value < 0.05:
        return "<0.1"
    return ">99.9" if value >= 99.95 else str(round_half_away(_exact(value), 1))


def interval_text(estimate: str, lower: str, upper: str) -> str:
    """`75.6 (64.9, 83.3)`; `NE` alone where nothing is estimated."""
    return estimate if {estimate, lower, upper} == {NOT_ESTIMABLE} else f"{estimate} ({lower}, {upper})"


def put_share(
    statistics: list[Statistic],
    key: tuple[str, str, str],
    values: tuple[float | None, float | None, float | None],
    source: Provenance,
    name: str = "survival_pct",
) -> str:
    """Adds an estimated share with its limits, and returns its cell."""
    texts = [share_text(value) for value in values]
    for suffix, value, text in zip(("", "_lower", "_upper"), values, texts, strict=True):
        statistics.append(Statistic(*key, f"{name}{suffix}", value, text, source))
    return interval_text(*texts)


def in_percent(estimate: Estimate) -> tuple[float | None, float | None, float | None]:
    """Value and limits, times 100."""
    value, lower, upper = (
        None if part is None else 100 * part for part in (estimate.value, estimate.lower, estimate.upper)
    )
    return value, lower, upper


def _exact(value: float) -> Fraction:
    """The decimal that a float stands for: a product of ratios such as 0.9375 is off by the last bits, not by more."""
    return Fraction(str(round(value, 9)))
