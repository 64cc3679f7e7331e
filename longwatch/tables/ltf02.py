"""LTF02: follow-up quotient (spec D.3, L2): days on which subjects were followed, of those on which they could be.

Possible days run from the first infusion to the cut-off, to the day of death, or to the day on which the follow-up was
completed. One line per arm's subjects with a known follow-up: their number, both sums of days, and the quotient.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.stats.rounding import NOT_ESTIMABLE, round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import both, equals
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout

TITLE = "Follow-up quotient"
ROWS = {
    "n": "Subjects whose follow-up is known",
    "days_followed": "Days followed",
    "days_possible": "Days possible",
    "quotient": "Follow-up quotient",
}
CODES = {"n": "FUPDUR", "days_followed": "FUPDUR", "days_possible": "POSSDUR"}


def make_ltf02(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No possible day → NE; no subject → no rows, and a note."""
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    sums = {name: _sums(datasets, arms.arm_of_subject, len(arms.names), name) for name in CODES}
    cells: dict[str, list[str]] = {name: [] for name in ROWS}
    statistics: list[Statistic] = []
    for column in layout.counted_columns():
        values: dict[str, float | None] = {name: column.count(by_arm) for name, by_arm in sums.items()}
        followed, possible = values["days_followed"], values["days_possible"]
        values["quotient"] = followed / possible if followed is not None and possible else None
        for name, value in values.items():
            code = CODES.get(name, "POSSDUR")
            where = both(arms.population.condition, column.condition, equals("PARAMCD", code))
            variables = ("USUBJID",) if name == "n" else ("USUBJID", "AVAL")
            denominator = f"{possible} possible days of ADLTF" if name == "quotient" else ""
            source = Provenance("ADLTF", where, variables, denominator)
            text = _text(name, value)
            cells[name].append(text)
            statistics.append(Statistic("", ROWS["quotient"], column.name, name, value, text, source))
    columns = tuple(TableColumn(item.key, item.heading, item.subheading) for item in layout.columns())
    rows = tuple(TableRow(label, tuple(cells[name]), 0, "", label) for name, label in ROWS.items())
    rows = rows if arms.total else ()
    return TableResult(
        code="LTF02",
        title=TITLE,
        population=arms.population.name,
        stub="Follow-up",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "Days followed: from the first infusion (day 1) to the last day known alive, death or cut-off, the earliest"
            " of them. Days possible: from the first infusion to the cut-off, to the day of death, or to the day on "
            "which the follow-up was completed, whichever is first, and at least the days followed. Quotient: days "
            "followed of days possible.",
            *footnotes.say_abbreviations(columns, rows),
        ),
        empty_note="No subject is in this population",
    )


def _sums(datasets: AnalysisDatasets, arm_of_subject: np.ndarray, arms: int, name: str) -> np.ndarray:
    """By arm: the number of rows, or the sum of AVAL, of a parameter."""
    mine = datasets.adltf.filter(pl.col("PARAMCD") == CODES[name])
    arm = arm_of_subject[mine["USUBJID"].to_physical().to_numpy()]
    weights = None if name == "n" else mine["AVAL"].to_numpy()[arm >= 0]
    sums: np.ndarray = np.bincount(arm[arm >= 0], weights=weights, minlength=arms).astype(np.int64)
    return sums


def _text(name: str, value: float | None) -> str:
    if value is None:
        return NOT_ESTIMABLE
    return str(round_half_away(value, 3)) if name == "quotient" else f"{value:.0f}"
