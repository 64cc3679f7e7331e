"""DSUR72: line listing of serious adverse reactions in the interval (ICH E2F 7.2; spec E.2).

One row per serious event (AESER = Y) that the study file's mapping calls related and that started in the reporting
interval, of subjects with a dose of study product. Order: SOC (as in DSUR73), PT, subject, start, source. The dose and
lots are those of the last infusion on or before the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.reporting_interval import STARTED
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.ael02 import (
    NO_END,
    NOT_REPORTED,
    dates_of,
    is_told,
    join_facts,
    seriousness_of,
    terms_of,
    texts_of,
)
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import SAFETY, both, equals, select_rows
from longwatch.tables.layout import NOT_AVAILABLE, Layout
from longwatch.tables.ranking import SocOrder
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow

TITLE = "Line listing of serious adverse reactions"
REACTIONS = both(equals("AESER", "Y"), equals("AREL", "RELATED"), equals(STARTED, "Y"))
COLUMNS = (
    "Arm", "Record", "Country / sex / age", "System organ class / reaction (as reported)", "Onset (day)",
    "Last dose, lots", "Serious / outcome", "Causality",
)  # fmt: skip


def make_dsur72(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The listing; it has no parameters. No such event → no rows, and a note; so also where AESER or the relationship
    is not in the data, or never filled."""
    arms = make_arms(datasets, study)
    adae = datasets.dataset("ADAE")
    missing = [name for name in ("AESER", "AREL") if not is_told(datasets, name)]
    chosen = adae.filter(select_rows(adae, both(SAFETY, "" if missing else REACTIONS)))
    lines = (chosen.clear() if missing else chosen).with_columns(pl.col("AEBODSYS", "AEDECOD").cast(pl.String))
    lines = lines.with_columns(subject=pl.col("USUBJID").cast(pl.String))
    order = SocOrder(datasets.groups.soc_order)
    socs = sorted(lines["AEBODSYS"].unique().drop_nulls(), key=order)
    place_of = pl.col("AEBODSYS").replace_strict(socs, range(len(socs)), default=None, return_dtype=pl.Int64)
    lines = lines.sort(place_of, "AEDECOD", "subject", "ASTDT", "LINENO", nulls_last=True)
    place = arms.arm_of_subject[lines["USUBJID"].to_physical().to_numpy()]
    rows: list[TableRow] = []
    statistics: list[Statistic] = []
    keys = zip(lines["subject"], lines["LINEID"], lines["LINENO"], place, strict=True)
    for (subject, name, number, arm), cells in zip(keys, _cells(datasets, study, lines), strict=True):
        column = arms.names[arm]
        where = both(SAFETY, arms.condition_of(column), equals("USUBJID", subject), f"LINENO = {number}")
        statistics.append(
            Statistic(
                subject, name, column, "events", 1, "1", Provenance("ADAE", where, ("AETERM", "USUBJID", "LINENO"))
            )
        )
        rows.append(TableRow(subject, (column, f"AE {name}", *cells), 0, subject, name))
    columns = tuple(TableColumn(heading, heading) for heading in COLUMNS)
    return TableResult(
        code="DSUR72",
        title=TITLE,
        population=arms.population.name,
        stub="Subject",
        columns=columns,
        rows=tuple(rows),
        statistics=(*Layout(arms, None).sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            footnotes.say_interval(datasets),
            "Serious events (AESER = Y) that are related, with their start in the interval or on a day not known; one "
            "row per record of AE. Day: of a complete date, from the first dose (day 1). Last dose: of study product "
            f"on or before the start. {order.words}.",
            footnotes.say_relatedness(datasets, study),
            footnotes.say_dictionary(study),
            *footnotes.say_abbreviations(columns, rows),
        ),
        empty_note=f"Such events cannot be told apart: {' and '.join(missing)} not in the data, or never filled"
        if missing
        else "No events met the criteria",
    )


def _cells(datasets: AnalysisDatasets, study: Study, lines: pl.DataFrame) -> list[tuple[str, ...]]:
    of_subject = datasets.adsl[lines["USUBJID"].to_physical().to_list()] if lines.height else datasets.adsl.clear()
    start = of_subject["TRTSDT"]
    causality = "AEREL" if "AEREL" in lines.columns else "AREL"
    columns = (
        join_facts(texts_of(of_subject, "COUNTRY"), texts_of(of_subject, "SEX"), _ages(of_subject)),
        join_facts(texts_of(lines, "AEBODSYS"), terms_of(lines)),
        dates_of(lines, "AESTDTC", "ASTDT", start, NOT_REPORTED),
        _last_doses(datasets, study, lines),
        join_facts(seriousness_of(lines), texts_of(lines, "AEOUT")),
        texts_of(lines, causality),
    )
    return list(zip(*columns, strict=True))


def _ages(of_subject: pl.DataFrame) -> list[str]:
    if "AGE" not in of_subject.columns:
        return [NOT_AVAILABLE] * of_subject.height
    return [NOT_REPORTED if age is None else f"{age:g}" for age in of_subject["AGE"]]


def _last_doses(datasets: AnalysisDatasets, study: Study, lines: pl.DataFrame) -> list[str]:
    """By event: the day, amount and lots of the last doses of study product on or before its start; `–` where there is
    none, NA where the data has no EX."""
    if "EX" not in datasets.data:
        return [NOT_AVAILABLE] * lines.height
    wanted = set(lines["USUBJID"].to_physical().to_list())
    doses: dict[int, list[tuple[date, str]]] = {}
    for row in datasets.infusions.drop_nulls("day").sort("day", maintain_order=True).iter_rows(named=True):
        if row["subject"] in wanted:
            doses.setdefault(row["subject"], []).append((row["day"], _say_dose(row)))
    found = []
    for subject, start in zip(lines["USUBJID"].to_physical(), lines["ASTDT"], strict=True):
        before = [item for item in doses.get(subject, []) if start is not None and item[0] <= start]
        said = [text for dose_day, text in before if dose_day == before[-1][0] and text]
        found.append(f"{before[-1][0].isoformat()}{': ' if said else ''}{' + '.join(said)}" if before else NO_END)
    return found


def _say_dose(row: Mapping[str, object]) -> str:
    amount = row.get("EXDOSE")
    parts = [
        f"{amount:g} {row.get('EXDOSU') or ''}".strip() if isinstance(amount, float) else "",
        f"lot {row['EXLOT']}" if row.get("EXLOT") else "",
    ]
    return ", ".join(part for part in parts if part)
