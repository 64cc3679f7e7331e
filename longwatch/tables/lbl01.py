"""LBL01: listing of laboratory results by subject (ICH E3 16.2.8).

One row per result of the safety population that is known at the cut-off, from before the first dose on, unscheduled
visits and computed eGFR included, below its subject and test: day, visit, result, reference range, where it lies
against that, grade, whether it is the baseline. Order: by arm, subject, test, then time as it was collected. Its
numbers are how many results of a test each subject has, which each of these rows opens, and subjects and results of
each arm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.decimals import as_decimal
from longwatch.stats.rounding import round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.ael02 import NOT_REPORTED, dates_of, is_filled
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.filters import SAFETY, both, equals, is_one_of, select_rows
from longwatch.tables.layout import NOT_AVAILABLE
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout

TITLE = "Listing of laboratory results"
ALL_RESULTS = "Results listed"
NOTHING = "–"
COLUMNS = ("Visit / time point", "Result", "Reference range", "Against it", "Grade", "Baseline")


def make_lbl01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The listing. Parameter: `tests` (codes of parameters, default all). No such result → no rows, and a note. A
    variable that the data lacks prints NA."""
    tests = parameters.get("tests", ())
    assert isinstance(tests, tuple)
    arms = make_arms(datasets, study)
    adlb = datasets.dataset("ADLB")
    of_tests = is_one_of("PARAMCD", tests) if tests else ""
    arm = arms.arm_of_subject[adlb["USUBJID"].to_physical().to_numpy()]
    chosen = select_rows(adlb, both(SAFETY, of_tests)) & (arm >= 0)
    lines = adlb.with_columns(arm=pl.Series(arm)).filter(pl.Series(chosen))
    lines = lines.with_columns(pl.col("PARAM").cast(pl.String), subject=pl.col("USUBJID").cast(pl.String))
    # Results of a subject and test stand in the order of time (ADLB).
    lines = lines.sort("arm", "subject", "PARAM", maintain_order=True)
    rows = tuple(_rows(lines, arms, _describe(lines, datasets)))
    columns = tuple(TableColumn(heading, heading) for heading in COLUMNS)
    return TableResult(
        code="LBL01",
        title=TITLE,
        population=arms.population.name,
        stub="Subject / test / collected (day)",
        columns=columns,
        rows=rows,
        statistics=(
            *subject_layout(arms).sizes(),
            *count_results(lines, arms, ALL_RESULTS, "", of_tests),
            *_by_test(lines, arms),
        ),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "Every result known at the cut-off, unscheduled visits included; a test that was not done has none. "
            "Collected: as it was; day: of a complete date, day 1 is the day of the first dose. "
            f"{NOTHING}: not known, or not graded.",
            *footnotes.say_egfr(lines),
            *footnotes.say_laboratory_grades(study),
            *footnotes.say_abbreviations(columns, ()),
        ),
        empty_note="No laboratory result",
        parameters={"tests": " ".join(tests)},
    )


def _describe(lines: pl.DataFrame, datasets: AnalysisDatasets) -> Iterator[tuple[str, ...]]:
    """By record, when it was collected and its cells."""
    start = datasets.adsl["TRTSDT"].gather(lines["USUBJID"].to_physical())
    whole = (datasets.whole or datasets).adlb
    known = {name: _known(lines, whole, name) for name in ("VISIT", "ATPT", "ANRIND", "ATOXGR")}
    ranges = zip(_numbers(lines, "ANRLO"), _numbers(lines, "ANRHI"), strict=True)
    baseline = (lines["ABLFL"].cast(pl.String) == "Y").fill_null(False)
    return zip(
        dates_of(lines, "LBDTC", "ADT", start, NOT_REPORTED),
        [
            visit if point in (NOTHING, NOT_AVAILABLE) else f"{visit} / {point}"
            for visit, point in zip(known["VISIT"], known["ATPT"], strict=True)
        ],
        _results(lines),
        [NOTHING if low == high == NOTHING else f"{low} to {high}" for low, high in ranges],
        known["ANRIND"],
        known["ATOXGR"],
        ["Y" if each else "" for each in baseline],
        strict=True,
    )


def _known(lines: pl.DataFrame, whole: pl.DataFrame, variable: str) -> list[str]:
    """The values of a variable; NA where the trial does not collect it."""
    if not is_filled(whole, variable):
        return [NOT_AVAILABLE] * lines.height
    return lines[variable].cast(pl.String).fill_null(NOTHING).to_list()


def _numbers(lines: pl.DataFrame, variable: str) -> list[str]:
    """Numbers as they were collected: of a binary one the decimal number that was meant."""
    decimal = lines.select(as_decimal(pl.col(variable))).to_series()
    return decimal.cast(pl.String).str.strip_suffix(".0").fill_null(NOTHING).to_list()


def _results(lines: pl.DataFrame) -> list[str]:
    """The result as text, else its number; a computed one with two decimals."""
    computed = (lines["DTYPE"].cast(pl.String) == "COMPUTED").fill_null(False)
    return [
        str(round_half_away(value, 2)) if rounded and value is not None else number if text is None else text
        for text, value, number, rounded in zip(
            lines["AVALC"].cast(pl.String), lines["AVAL"], _numbers(lines, "AVAL"), computed, strict=True
        )
    ]


def _rows(lines: pl.DataFrame, arms: Arms, described: Iterable[tuple[str, ...]]) -> Iterator[TableRow]:
    """The results of a test below it, tests below their subject."""
    above: tuple[str, str] | None = None
    nothing = ("",) * len(COLUMNS)
    for subject, test, place, (collected, *cells) in zip(
        lines["subject"], lines["PARAM"], lines["arm"], described, strict=True
    ):
        if above is None or above[0] != subject:
            yield TableRow(f"{subject}, {arms.names[place]}", nothing, 0, subject, "")
        if above != (subject, test):
            yield TableRow(test, nothing, 1, subject, test)
        above = subject, test
        yield TableRow(collected, tuple(cells), 2, subject, test)


def count_results(chosen: pl.DataFrame, arms: Arms, group: str, name: str, condition: str) -> Iterator[Statistic]:
    """Subjects and results per arm of records of ADLB, which a condition picks."""
    subject = chosen["USUBJID"].to_physical().to_numpy()
    by_arm = arms.compute_subjects(subject)
    arm = arms.arm_of_subject[subject]
    for column in subject_layout(arms).counted_columns():
        source = Provenance("ADLB", both(arms.population.condition, column.condition, condition), ("USUBJID",))
        records = int((arm >= 0).sum() if column.index is None else (arm == column.index).sum())
        n = column.count(by_arm)
        yield Statistic(group, name, column.name, "n", n, str(n), source)
        yield Statistic(group, name, column.name, "records", records, str(records), source)


def _by_test(lines: pl.DataFrame, arms: Arms) -> Iterator[Statistic]:
    """How many results of a test each subject has."""
    counts = lines.group_by("arm", "subject", "PARAM", maintain_order=True).agg(n=pl.len())
    for place, subject, test, n in counts.iter_rows():
        column = arms.names[place]
        where = both(SAFETY, arms.condition_of(column), equals("USUBJID", subject), equals("PARAM", test))
        source = Provenance("ADLB", where, ("USUBJID", "PARAM"))
        yield Statistic(subject, test, column, "records", n, str(n), source)
