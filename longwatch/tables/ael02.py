"""AEL02: listing of adverse events (ICH E3 16.2.7). AEL03: of serious ones (14.3.2.2). AEL02_WD: of those leading to
withdrawal of study treatment (14.3.2.3; FDA guide v2.0, table 39).

One row per record of AE of the safety population that started by the cut-off, treatment-emergent or not, with the
record that it comes from. Order: by arm, subject, start (not known last), then source order. Text and dates stand as
they were collected; a study day is given for a complete date only (spec A.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.adae import CRITERIA
from longwatch.standards.dates import complete_day, study_day
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.filters import SAFETY, both, equals, select_rows
from longwatch.tables.layout import NOT_AVAILABLE, Counted, CountLine, Layout
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow

NOT_REPORTED, NO_END = "Not reported", "–"
ALL_EVENTS = "Events listed"


@dataclass(frozen=True)
class Listed:
    """Which events a listing holds: those with a value of a variable, or all."""

    code: str
    title: str
    number: str = ""
    variable: str = ""
    value: str = ""

    @property
    def condition(self) -> str:
        """As SQL."""
        return equals(self.variable, self.value) if self.variable else ""


KINDS: Mapping[str, Listed] = {
    kind.code: kind
    for kind in (
        Listed("AEL02", "Listing of adverse events"),
        Listed("AEL03", "Listing of serious adverse events", "", "AESER", "Y"),
        Listed(
            "AEL02_WD",
            "Listing of adverse events leading to withdrawal of study treatment",
            "39",
            "AEACN",
            "DRUG WITHDRAWN",
        ),
    )
}
CRITERION = {
    "AESDTH": "death", "AESLIFE": "life-threatening", "AESHOSP": "hospitalisation", "AESDISAB": "disability",
    "AESCONG": "congenital anomaly", "AESMIE": "medically important", "AESCAN": "cancer", "AESOD": "overdose",
}  # fmt: skip
COLUMNS = (
    "Arm", "Record", "System organ class / preferred term (as reported)", "Start (day) / end (day)",
    "Severity / serious", "Related / action taken / outcome", "TEAE",
)  # fmt: skip
"""Few enough to stand side by side on one page; a cell of several facts has them in the order of its heading."""


def make_ael02(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The listing. Parameter: `kind` (fixed: which of KINDS). No such event → no rows, and a note; so also where the
    variable that tells them is not in the data, or never filled. A variable that the data lacks prints NA."""
    kind = KINDS[str(parameters["kind"])]
    arms = make_arms(datasets, study)
    adae = datasets.dataset("ADAE")
    arm = arms.arm_of_subject[adae["USUBJID"].to_physical().to_numpy()]
    told = not kind.variable or is_told(datasets, kind.variable)
    chosen = select_rows(adae, both(SAFETY, kind.condition) if told else "USUBJID IS NULL") & (arm >= 0)
    lines = adae.with_columns(arm=pl.Series(arm)).filter(pl.Series(chosen))
    lines = lines.with_columns(subject=pl.col("USUBJID").cast(pl.String))
    lines = lines.sort("arm", "subject", "ASTDT", "LINENO", nulls_last=True)
    texts = describe_events(lines, datasets.adsl)
    rows: list[TableRow] = []
    statistics: list[Statistic] = []
    keys = zip(lines["subject"], lines["LINEID"], lines["LINENO"], lines["arm"], strict=True)
    for (subject, name, number, place), cells in zip(keys, texts, strict=True):
        column = arms.names[place]
        where = both(SAFETY, arms.condition_of(column), equals("USUBJID", subject), f"LINENO = {number}")
        source = Provenance("ADAE", where, ("AETERM", "USUBJID", "LINENO"))
        statistics.append(Statistic(subject, name, column, "events", 1, "1", source))
        rows.append(TableRow(subject, (column, f"AE {name}", *cells), 0, subject, name))
    columns = tuple(TableColumn(heading, heading) for heading in COLUMNS)
    return TableResult(
        code=kind.code,
        title=kind.title,
        population=arms.population.name,
        stub="Subject",
        columns=columns,
        rows=tuple(rows),
        statistics=(*Layout(arms, None).sizes(), *(_counts(arms, lines, kind) if told else ()), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "Every such record that started by the cut-off, treatment-emergent (TEAE: Y) or not. Record: of AE, by "
            "AESEQ. Dates as collected; day: of a complete date, day 1 is the day of the first dose. "
            f"{NO_END}: no end is known at the cut-off.",
            *(_say_not_listed(adae, kind) if told else ()),
            *((footnotes.say_seriousness(),) if kind.variable == "AESER" else ()),
            footnotes.say_relatedness(datasets, study),
            footnotes.say_dictionary(study),
            *footnotes.say_abbreviations(columns, rows, "TEAE"),
        ),
        number=kind.number,
        empty_note="No events met the criteria"
        if told
        else f"Such events cannot be told apart: {kind.variable} is not in the data, or never filled",
        parameters={"kind": kind.code},
    )


def is_told(datasets: AnalysisDatasets, variable: str) -> bool:
    """Whether the trial collects a variable of ADAE: asked of all of its records, also where a part is listed."""
    return is_filled((datasets.whole or datasets).adae, variable)


def is_filled(adae: pl.DataFrame, variable: str) -> bool:
    """Whether the data has the variable, with a value in any record, or there is no record."""
    return variable in adae.columns and adae[variable].null_count() < max(adae.height, 1)


def _counts(arms: Arms, lines: pl.DataFrame, kind: Listed) -> tuple[Statistic, ...]:
    """Subjects and events listed, per arm."""
    place = lines["arm"].to_numpy()
    events = np.bincount(place, minlength=len(arms.names)).astype(np.int64)
    subjects = arms.compute_subjects(lines["USUBJID"].to_physical().to_numpy())
    counted = Counted("ADAE", SAFETY, ("USUBJID", "LINENO"))
    layout = Layout(arms, None, with_events=True, counted=counted, with_intervals=False)
    return layout.lines([CountLine(ALL_EVENTS, ALL_EVENTS, "", kind.condition, subjects, events)])[1]


def _say_not_listed(adae: pl.DataFrame, kind: Listed) -> tuple[str, ...]:
    others = int(select_rows(adae, both("SAFFL = 'N'", kind.condition)).sum())
    return (f"Not listed: {others} such records of subjects without a dose of study product.",) if others else ()


def describe_events(lines: pl.DataFrame, adsl: pl.DataFrame) -> list[tuple[str, ...]]:
    """By record its cells from the system organ class on."""
    start = adsl["TRTSDT"].gather(lines["USUBJID"].to_physical())
    severity = "AESEV" if is_filled(lines, "AESEV") or "AETOXGR" not in lines.columns else "AETOXGR"
    columns = (
        join_facts(texts_of(lines, "AEBODSYS"), terms_of(lines)),
        join_facts(
            dates_of(lines, "AESTDTC", "ASTDT", start, NOT_REPORTED), dates_of(lines, "AEENDTC", "AENDT", start, NO_END)
        ),
        join_facts(texts_of(lines, severity), seriousness_of(lines)),
        join_facts(texts_of(lines, "AREL"), texts_of(lines, "AEACN"), texts_of(lines, "AEOUT")),
        texts_of(lines, "TRTEMFL"),
    )
    return list(zip(*columns, strict=True))


def join_facts(*facts: list[str]) -> list[str]:
    """Several facts of each record in one cell."""
    return [" / ".join(each) for each in zip(*facts, strict=True)]


def texts_of(lines: pl.DataFrame, variable: str) -> list[str]:
    """The values of a variable; NA where the data lacks it."""
    if variable not in lines.columns:
        return [NOT_AVAILABLE] * lines.height
    return lines[variable].cast(pl.String).fill_null(NOT_REPORTED).to_list()


def terms_of(lines: pl.DataFrame) -> list[str]:
    """PT, with the reported term behind it where that says something else."""
    coded = texts_of(lines, "AEDECOD")
    if "AETERM" not in lines.columns:
        return coded
    return [
        term if said is None or said.upper() == term.upper() or term.endswith(f": {said}") else f"{term} ({said})"
        for term, said in zip(coded, lines["AETERM"].cast(pl.String), strict=True)
    ]


def dates_of(lines: pl.DataFrame, collected: str, analysed: str, start: pl.Series, missing: str) -> list[str]:
    """The date as collected with its study day; where only the analysis date was supplied, that."""
    if collected in lines.columns:
        frame = pl.DataFrame({"text": lines[collected].cast(pl.String), "start": start})
        frame = frame.with_columns(day=complete_day(pl.col("text")))
    else:
        frame = pl.DataFrame({"text": lines[analysed].cast(pl.String), "start": start, "day": lines[analysed]})
    frame = frame.with_columns(number=study_day(pl.col("day"), pl.col("start")))
    return [
        missing if text is None else text if number is None else f"{text} ({number})"
        for text, number in frame.select("text", "number").iter_rows()
    ]


def seriousness_of(lines: pl.DataFrame) -> list[str]:
    """Y with the criteria that are met, N, or not reported."""
    said = texts_of(lines, "AESER")
    names = [name for name in CRITERIA if name in lines.columns]
    met = lines.select(pl.col(names).cast(pl.String)).rows() if names else [()] * lines.height
    return [
        f"Y: {', '.join(words)}"
        if serious == "Y"
        and (words := [CRITERION[name] for name, value in zip(names, values, strict=True) if value == "Y"])
        else serious
        for serious, values in zip(said, met, strict=True)
    ]
