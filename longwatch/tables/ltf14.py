"""LTF14: adverse events by product lot (spec D.6, L14).

One line per lot that was given by the cut-off: subjects treated with it; subjects with a serious treatment-emergent
event from the day it was given on, with the exact interval; person-years since, serious events and their rate; the
lot's tests, and those that failed or are pending; its status. Lots stand in the order of their ids: by their rates they
are not ranked, since their intervals overlap almost wholly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.standards.dates import earliest_day
from longwatch.stats.estimate import Estimate
from longwatch.stats.person_time import DAYS_PER_YEAR, LEAST_YEARS
from longwatch.stats.proportions import compute_clopper_pearson
from longwatch.stats.rounding import NOT_ESTIMABLE, count_percent_text, percent_text, points_text, round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import ALL_SUBJECTS, make_single_arm
from longwatch.tables.filters import SAFETY, both, equals
from longwatch.tables.layout import NOT_AVAILABLE
from longwatch.tables.populations import SAFETY_POPULATION
from longwatch.tables.rated import estimate_rates
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout

TITLE = "Serious adverse events by product lot"
RATE = ("rate", "rate_lower", "rate_upper")
SHARE = ("share", "share_lower", "share_upper")
COLUMNS = (
    ("base", "Subjects", "treated"),
    ("n", "With a serious TEAE", "n (%) [95% CI]"),
    ("py", "PY", "since the lot"),
    ("rate", "Serious TEAEs", "events, per 100 PY (95% CI)"),
    ("tests", "Tests", "not passed of all"),
    ("status", "Status", ""),
)


def make_ltf14(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No dose that names its lot → no rows, and a note."""
    arms = make_single_arm(datasets, SAFETY_POPULATION)
    adlot = datasets.adlot
    status = _statuses(datasets)
    has_serious = "AESER" in datasets.adae_variables
    rows: list[TableRow] = []
    statistics: list[Statistic] = []
    for counted in _count_by_lot(adlot):
        made = _Lot(counted, has_serious)
        rows.append(TableRow(counted.lot, (*made.cells, status.get(counted.lot, "not in LOT")), 0, "", counted.lot))
        statistics += made.statistics
    columns = tuple(TableColumn(name, heading, unit) for name, heading, unit in COLUMNS)
    return TableResult(
        code="LTF14",
        title=TITLE,
        population=arms.population.name,
        stub="Lot",
        columns=columns,
        rows=tuple(rows),
        statistics=(*subject_layout(arms).sizes(), *statistics),
        footnotes=(
            f"Safety population (SAFFL = Y) by the cut-off of {datasets.cutoff.isoformat()}, all arms together. A lot "
            "counts for every subject who got some of it; a subject treated with several lots is in each of their "
            "lines.",
            *_say_not_traced(datasets),
            "Events: serious treatment-emergent adverse events (AESER = Y) from the day on which the lot was given. "
            "PY: person-years (of 365.25 days) from that day to the end of follow-up. 95% CI: exact (Clopper–Pearson; "
            f"Poisson); NE: less than {LEAST_YEARS:g} person-years.",
            "Lots stand in the order of their ids and are not ranked: a difference between lots means no more than "
            "their intervals say.",
            "Tests: of LOTTEST, those failed or without a result (PASS is not Y), of all. Status: of LOT, as of the "
            "cut-off.",
            footnotes.say_treatment_emergence(study),
            *footnotes.say_abbreviations(columns, rows, "TEAE"),
        ),
        empty_note="No dose by the cut-off names its lot (EXLOT)",
    )


@dataclass(frozen=True)
class _Counted:
    """Of a lot: subjects treated with it, days since, subjects with a serious event and their share's limits, serious
    events and their rate; tests, and those not passed."""

    lot: str
    base: int
    years: float
    n: int
    limits: tuple[float, float]
    events: int
    rate: Estimate
    tests: int
    not_passed: int


def _count_by_lot(adlot: pl.DataFrame) -> Iterator[_Counted]:
    """Every lot that was given, in the order of their ids: all counted at once, since a large trial has thousands."""
    coded = adlot.with_columns(subject=pl.col("USUBJID").to_physical(), safe=(pl.col("SAFFL") == "Y").fill_null(False))
    code = pl.col("PARAMCD")
    given, serious, test = code == "LOT", (code == "AE") & (pl.col("AESER") == "Y"), code == "TEST"
    safe, subject = pl.col("safe"), pl.col("subject")
    found = (
        coded.group_by("LOTID")
        .agg(
            given=given.any(),
            base=subject.filter(given & safe).n_unique(),
            days=pl.col("AVAL").filter(given & safe).sum(),
            n=subject.filter(serious & safe).n_unique(),
            events=(serious & safe).sum(),
            tests=test.sum(),
            not_passed=(test & (pl.col("AVALC") != "Y").fill_null(True)).sum(),
        )
        .filter("given")
        .sort("LOTID")
    )
    years = found["days"].to_numpy().astype(np.float64) / DAYS_PER_YEAR
    n, base, events = (found[name].to_numpy().astype(np.int64) for name in ("n", "base", "events"))
    lower, upper = compute_clopper_pearson(n, base)
    rates = estimate_rates(events, years)
    for place, (lot, tests, not_passed) in enumerate(found.select("LOTID", "tests", "not_passed").iter_rows()):
        limits = 100 * float(lower[place]), 100 * float(upper[place])
        yield _Counted(
            str(lot), int(base[place]), float(years[place]), int(n[place]), limits, int(events[place]), rates[place],
            tests, not_passed,
        )  # fmt: skip


class _Lot:
    """The line of a lot."""

    def __init__(self, counted: _Counted, has_serious: bool) -> None:
        self.cells: list[str] = []
        self.statistics: list[Statistic] = []
        self._key, self._of_lot = ("", counted.lot, ALL_SUBJECTS), equals("LOTID", counted.lot)
        self._serious(counted, has_serious)
        self._tests(counted.tests, counted.not_passed)

    def _source(self, code: str, *conditions: str, variables: tuple[str, ...] = ("USUBJID",)) -> Provenance:
        return Provenance("ADLOT", both(SAFETY, self._of_lot, equals("PARAMCD", code), *conditions), variables)

    def _add(self, name: str, value: float | int | None, text: str, source: Provenance) -> str:
        self.statistics.append(Statistic(*self._key, name, value, text, source))
        return text

    def _serious(self, counted: _Counted, has_serious: bool) -> None:
        base, years, n, events = counted.base, counted.years, counted.n, counted.events
        condition = equals("AESER", "Y")
        subjects = self._source("AE", condition)
        written = str(round_half_away(years, 1))
        if not has_serious:
            self._add("n", None, NOT_AVAILABLE, subjects)
            self._add("base", base, str(base), self._source("LOT"))
            self.cells += [str(base), NOT_AVAILABLE, written, NOT_AVAILABLE]
            return
        share = Provenance(subjects.dataset, subjects.filter, subjects.variables, f"{base} subjects treated with it")
        low, high = counted.limits
        self._add("n", n, str(n), share)
        values = (100 * n / base if base else None, low if base else None, high if base else None)
        texts = [percent_text(n, base), *(points_text(value) for value in values[1:])]
        for name, value, text in zip(SHARE, values, texts, strict=True):
            self._add(name, value, text, share)
        self._add("base", base, str(base), self._source("LOT"))
        rate = counted.rate
        self._add("events", events, str(events), self._source("AE", condition, variables=("USUBJID", "AESEQ")))
        self._add("person_years", years, written, self._source("LOT", variables=("USUBJID", "AVAL")))
        over = Provenance(subjects.dataset, subjects.filter, ("USUBJID", "AESEQ"), f"{years:.3f} person-years of ADLOT")
        bounds = (rate.value, rate.lower, rate.upper)
        printed = [NOT_ESTIMABLE if value is None else str(round_half_away(value, 1)) for value in bounds]
        for name, value, text in zip(RATE, bounds, printed, strict=True):
            self._add(name, value, text, over)
        interval = NOT_ESTIMABLE if rate.value is None else f"{printed[0]} ({printed[1]}, {printed[2]})"
        self.cells += [
            str(base),
            f"{count_percent_text(n, base)} [{texts[1]}, {texts[2]}]",
            written,
            f"{events}, {interval}",
        ]

    def _tests(self, tests: int, not_passed: int) -> None:
        where = both(self._of_lot, equals("PARAMCD", "TEST"))
        self._add("tests", tests, str(tests), Provenance("ADLOT", where, ("LOTID", "TEST")))
        failed = both(where, "(AVALC <> 'Y' OR AVALC IS NULL)")
        self._add("tests_not_passed", not_passed, str(not_passed), Provenance("ADLOT", failed, ("LOTID", "TEST")))
        self.cells.append(f"{not_passed} of {tests}" if tests else "no test")


def _statuses(datasets: AnalysisDatasets) -> dict[str, str]:
    """By lot its status; a recall after the cut-off is not known at it."""
    data = datasets.data
    if "LOT" not in data or "LOTID" not in data.datasets["LOT"].columns:
        return {}
    frame = data.frame("LOT")
    there = frame.collect_schema()

    def text(name: str) -> pl.Expr:
        return pl.col(name).cast(pl.String) if name in there else pl.lit(None, pl.String).alias(name)

    read = frame.select(text("LOTID"), text("STATUS"), text("RECALLDT"), day=earliest_day(text("RECALLDT"))).collect()
    return {lot: _status(status, recalled, day, datasets.cutoff) for lot, status, recalled, day in read.iter_rows()}


def _status(status: str | None, recalled: str | None, day: date | None, cutoff: date) -> str:
    if status == "RECALLED" and day is not None and day > cutoff:
        return "RELEASED"
    return f"{status} {recalled}" if status == "RECALLED" and recalled else status or ""


def _say_not_traced(datasets: AnalysisDatasets) -> tuple[str, ...]:
    """How many treated subjects no lot is known of."""
    traced = datasets.adlot.filter(pl.col("PARAMCD") == "LOT")["USUBJID"].cast(pl.String).unique()
    treated = datasets.adsl.filter(pl.col("SAFFL") == "Y")["USUBJID"].cast(pl.String)
    missing = treated.len() - treated.is_in(traced.implode()).sum()
    return (f"{missing} treated subjects have no lot in EX: they are in no line.",) if missing else ()
