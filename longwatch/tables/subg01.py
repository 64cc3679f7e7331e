"""SUBG01: one subject on one page (spec D.3): what was given, measured and reported, over one time axis.

From above: C-peptide after a meal, HbA1c, insulin per day; below them lanes: the infusions, each immunosuppressant, and
the starts of adverse events, serious ones in a lane of their own. The table has a row per value drawn. A component that
the data lacks has no panel, and a footnote says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.spans import clip_spans
from longwatch.stats.person_time import DAYS_PER_YEAR
from longwatch.stats.rounding import round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.chart import Axis, Chart, Mark, Point, Series, linear_axis
from longwatch.tables.filters import equals
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout
from longwatch.tables.the_subject import find_subject, in_years, study_day_of

TITLE = "Profile of one subject"
BEFORE = 183
"""Days before the infusion that the axis shows."""
PANELS = {
    "STIMULATED": ("C-peptide after a meal, ng/mL", ("CPEPTIDE", "CPEPT")),
    "HBA1C": ("HbA1c, %", ("HBA1C", "HBA1CHGB")),
}
INSULIN, INFUSION, SERIOUS, OTHER = "Insulin, units per day", "Infusion", "Serious adverse event", "Other adverse event"
TAKEN = "Immunosuppressant taken"
MEASURED = (*(label for label, _ in PANELS.values()), INSULIN)
"""What has a panel of its own."""
SMALL = 0.24
LOWEST = {"HbA1c, %": 4.0}
"""Where the axis of a panel starts, if no value lies below it."""


@dataclass(frozen=True)
class _Value:
    """A value that is drawn: its panel, day from the infusion (the day before it is −1), the number, where from."""

    panel: str
    day: int
    value: float
    text: str
    source: Provenance
    until: int | None = None


def make_subg01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The figure. Parameter: `subject`, a USUBJID; by default the first treated one. Raises StudyError LW-SUB-001 where
    there is no such subject. Nobody treated, or its infusion not dated → no rows, and a note."""
    place, name = find_subject(datasets, str(parameters.get("subject", "")))
    arms = make_arms(datasets, study)
    values: list[_Value] = []
    chart = None
    start: date | None = datasets.adsl["TRTSDT"][place] if place is not None else None
    if place is not None and start is not None:
        values = [item for item in _values(datasets, study, place, name, start) if item.day >= -BEFORE]
        chart = _chart(values, datasets, place, start, name)
    columns = (TableColumn("day", "Study day"), TableColumn("value", "Value"))
    rows = tuple(TableRow(item.panel, (_days(item), item.text), 0, item.panel, str(item.day)) for item in values)
    missing = [label for label in (*(panel for panel, _ in PANELS.values()), INSULIN) if
               label not in {item.panel for item in values}]  # fmt: skip
    return TableResult(
        code="SUBG01",
        title=f"{TITLE}: {name}" if name else TITLE,
        population=arms.population.name,
        stub="What",
        columns=columns,
        rows=rows,
        statistics=(*subject_layout(arms).sizes(), *_statistics(values)),
        footnotes=(
            f"Subject {name or 'none'}; day 1 is the day of the first infusion; values by the cut-off of "
            f"{datasets.cutoff.isoformat()}, from {BEFORE} days before the infusion on.",
            "C-peptide: the highest of a day after a meal, converted to ng/mL (1 ng/mL = 0.331 nmol/L). Insulin: units "
            "per day of all courses in CM; not drawn where the dose of any of them is not known. Immunosuppressants: "
            "drugs of the study file's classes in CM. Adverse events: at their start, whatever the cause.",
            *((f"Without a value: {', '.join(missing)}.",) if missing else ()),
            *footnotes.say_abbreviations(columns, rows),
        ),
        empty_note="Nothing is known of such a subject, or its first infusion has no date",
        parameters={"subject": name},
        chart=chart,
    )


def _days(item: _Value) -> str:
    return str(item.day) if item.until is None else f"{item.day} to {item.until}"


def _values(datasets: AnalysisDatasets, study: Study, place: int, name: str, start: date) -> Iterator[_Value]:
    of_subject = equals("USUBJID", name)
    for component, values in datasets.components.items():
        if component not in PANELS:
            continue
        label, tests = PANELS[component]
        for day, value in values.filter(pl.col("subject") == place).sort("day").select("day", "value").iter_rows():
            number = study_day_of(day, start)
            tested = " OR ".join(equals("PARAMCD", test) for test in tests)
            source = Provenance("ADLB", f"{of_subject} AND ({tested}) AND ADY = {number}", ("AVAL", "AVALU"))
            digits = 2 if component == "STIMULATED" else 1
            yield _Value(label, number, value, str(round_half_away(value, digits)), source)
    yield from _insulin(datasets, study, place, start, of_subject)
    for (day,) in datasets.infusions.filter(pl.col("subject") == place).select("day").unique().sort("day").iter_rows():
        if day is not None:
            yield _Value(
                INFUSION, study_day_of(day, start), 0.0, day.isoformat(), Provenance("EX", of_subject, ("EXSTDTC",))
            )
    for drug, first, last in _courses(datasets, study, place, start):
        source = Provenance("CM", of_subject, ("CMTRT", "CMSTDTC", "CMENDTC"))
        yield _Value(drug.capitalize(), study_day_of(first, start), 0.0, drug, source, study_day_of(last, start))
    adae = datasets.adae_with(("USUBJID", "ASTDT", "AESER", "AEDECOD"))
    mine = adae.filter(pl.col("USUBJID").to_physical() == place, pl.col("ASTDT").is_not_null()).sort("ASTDT")
    for row in mine.iter_rows(named=True):
        label = SERIOUS if row.get("AESER") == "Y" else OTHER
        source = Provenance("ADAE", of_subject, ("AEDECOD", "ASTDT", "AESER"))
        yield _Value(label, study_day_of(row["ASTDT"], start), 0.0, str(row["AEDECOD"]), source)


def _insulin(datasets: AnalysisDatasets, study: Study, place: int, start: date, of_subject: str) -> Iterator[_Value]:
    """Units per day, from each day on which they change to the day before the next."""
    insulin = datasets.insulin
    end = _end(datasets, place, start)
    if insulin is None:
        return
    mine = insulin.filter(pl.col("subject") == place).with_columns(
        low=pl.lit(start - timedelta(days=BEFORE)), high=pl.lit(end)
    )
    spans = [(first, last, dose) for first, last, dose in clip_spans(mine).select("first", "last", "dose").iter_rows()]
    if any(dose is None for _, _, dose in spans):
        return
    edges = sorted(
        {
            start - timedelta(days=BEFORE),
            *(first for first, _, _ in spans),
            *(last + timedelta(days=1) for _, last, _ in spans),
        }
    )
    for first, after in zip(edges, [*edges[1:], end + timedelta(days=1)], strict=True):
        if first > end or first >= after:
            continue
        units = sum(dose for low, high, dose in spans if low <= first <= high)
        last = min(after - timedelta(days=1), end)
        source = Provenance("CM", of_subject, ("CMTRT", "CMDOSE", "CMSTDTC", "CMENDTC"))
        yield _Value(INSULIN, study_day_of(first, start), units, f"{units:g}", source, study_day_of(last, start))


def _end(datasets: AnalysisDatasets, place: int, start: date) -> date:
    days = datasets.adsl["FUPDUR"][place]
    return start + timedelta(days=int(days) - 1) if days is not None else datasets.cutoff


def _courses(datasets: AnalysisDatasets, study: Study, place: int, start: date) -> Iterator[tuple[str, date, date]]:
    courses = datasets.courses.filter(pl.col("subject") == place)
    limits = courses.with_columns(low=pl.lit(start - timedelta(days=BEFORE)), high=pl.lit(_end(datasets, place, start)))
    for drug, first, last in clip_spans(limits).sort("drug", "first").select("drug", "first", "last").iter_rows():
        yield str(drug), first, last


def _statistics(values: Sequence[_Value]) -> Iterator[Statistic]:
    """Each value; of what stands in a lane its day, and its height. The column is what is drawn."""
    lanes = {name: lane for lane, name in enumerate(_lane_names(values), start=1)}
    for number, item in enumerate(values):
        key = (item.panel, f"{item.day}, {number + 1}", item.panel if item.until is None else TAKEN)
        if item.panel in MEASURED:
            yield Statistic(*key[:2], item.panel, "value", item.value, item.text, item.source)
            continue
        yield Statistic(*key, "day", item.day, item.text, item.source)
        yield Statistic(*key, "lane", lanes[item.panel], str(lanes[item.panel]), item.source)


def _lane_names(values: Sequence[_Value]) -> list[str]:
    """What has a lane, from below."""
    drugs = sorted({item.panel for item in values if item.until is not None and item.panel not in MEASURED})
    return [SERIOUS, OTHER, *reversed(drugs), INFUSION]


def _chart(values: list[_Value], datasets: AnalysisDatasets, place: int, start: date, name: str) -> Chart | None:
    if not values:
        return None
    last = study_day_of(_end(datasets, place, start), start)
    latest = max([last, *(item.until or item.day for item in values)])
    high = max(latest / DAYS_PER_YEAR, 0.5)
    whole = range(int(high) + 1)
    x = Axis(
        "Years since the first infusion",
        -BEFORE / DAYS_PER_YEAR,
        high,
        tuple((float(year), str(year)) for year in whole),
    )
    panels = []
    for rank, label in enumerate((*(label for label, _ in PANELS.values()), INSULIN)):
        mine = [item for item in values if item.panel == label]
        if not mine:
            continue
        is_step = label == INSULIN
        points = tuple(Point(in_years(item.day), item.value) for item in mine)
        until = in_years(max(item.until or item.day for item in mine)) if is_step else None
        series = Series(label, Mark.STEP if is_step else Mark.LINE, points, until, rank=rank)
        low = LOWEST.get(label, 0.0)
        low = low if min(item.value for item in mine) >= low else 0.0
        top = linear_axis(label, max(max(item.value for item in mine), low + 0.1), low=low, steps=4)
        panels.append(Chart(label, x, top, (series,), height=SMALL, is_part=True))
    return _lanes(values, x, name, tuple(panels))


def _lanes(values: list[_Value], x: Axis, name: str, above: tuple[Chart, ...]) -> Chart:
    """The lanes, with the panels above them."""
    names = _lane_names(values)
    series: list[Series] = []
    for lane, label in enumerate(names, start=1):
        mine = [item for item in values if item.panel == label]
        if label not in (SERIOUS, OTHER, INFUSION):
            series += [
                Series(
                    TAKEN, Mark.STEP, (Point(in_years(item.day), float(lane)),),
                    in_years(item.until or item.day), rank=4,
                )
                for item in mine
            ]  # fmt: skip
        elif mine:
            rank = {INFUSION: 5, SERIOUS: 6, OTHER: 1}[label]
            points = tuple(Point(in_years(item.day), float(lane)) for item in mine)
            series.append(Series(label, Mark.POINT, points, rank=rank))
    ticks = tuple((float(lane), label) for lane, label in enumerate(names, start=1))
    y = Axis("Given and reported", 0.4, len(names) + 0.6, ticks)
    said = f"Profile of subject {name} over the years since the first infusion"
    return Chart(said, x, y, tuple(series), above=above, height=0.1 + 0.06 * len(names))
