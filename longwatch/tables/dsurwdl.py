"""DSURWDL: subjects who dropped out in the reporting interval in association with an adverse event (the US appendix of
a DSUR, and 21 CFR 312.33; spec E.2, E.3).

One row per subject of the safety population whose participation or study treatment ended by an adverse event (DCSREAS,
DCTREAS) in the interval, or on a day not known, with the events whose action taken was withdrawal. Order: by arm, then
by USUBJID. Its numbers are such subjects of each arm.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.reporting_interval import BY_EVENT, LEFT
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.dthl01 import texts_of_subjects
from longwatch.tables.filters import both, equals, select_rows
from longwatch.tables.result import TableColumn, TableResult, TableRow
from longwatch.tables.subjects import SubjectLine, count_lines, subject_layout

TITLE = "Subjects who dropped out in association with an adverse event in the reporting interval"
DROPPED = "Dropouts"
NOT_STATED = "Not stated"
COLUMNS = ("Treatment arm", "Age", "Sex", "Ended (day)", "Adverse events")


def make_dsurwdl(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The listing; it has no parameters. No such subject → no rows, and a note; so also where the data does not tell
    how participation ended."""
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    adsl = datasets.dataset("ADSL")
    told = any(datasets.is_filled(name) for name in ("EOSSTT", "EOTSTT", "DCSREAS", "DCTREAS"))
    condition = equals(LEFT, "Y")
    line = SubjectLine(DROPPED, DROPPED, "", condition if told else None)
    _, statistics = layout.lines(count_lines(adsl, arms, [line]))
    chosen = pl.Series(select_rows(adsl, both(arms.population.condition, condition)))
    left = adsl.with_row_index("row").with_columns(arm=pl.Series(arms.arm_of_subject)).filter(chosen)
    left = left.with_columns(subject=pl.col("USUBJID").cast(pl.String)).sort("arm", "subject")
    events = _withdrawals(datasets)
    rows = tuple(
        TableRow(subject, (arms.names[arm], age, sex, ended, events.get(row, NOT_STATED)), 0, DROPPED, subject)
        for subject, row, arm, age, sex, ended in zip(
            left["subject"], left["row"], left["arm"], texts_of_subjects(left, "AGE"), texts_of_subjects(left, "SEX"),
            _ends(left), strict=True,
        )
    )  # fmt: skip
    columns = tuple(TableColumn(heading, heading) for heading in COLUMNS)
    return TableResult(
        code="DSURWDL",
        title=TITLE,
        population=arms.population.name,
        stub="Subject",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            footnotes.say_interval(datasets),
            "Participation or study treatment ended by an adverse event, as DS says (DSDECOD ADVERSE EVENT), in the "
            "interval or on a day not known. Adverse events: those whose action taken was DRUG WITHDRAWN, of the "
            "subject.",
            footnotes.say_dictionary(study),
            *footnotes.say_abbreviations(columns, rows),
        ),
        empty_note="No subject dropped out so"
        if told
        else "How participation ended is not known: the data has no reason for it",
    )


def _ends(left: pl.DataFrame) -> list[str]:
    """What ended by an adverse event, and when."""
    found: list[str] = []
    for row in left.iter_rows(named=True):
        parts = []
        for what, reason, day in (("study", "DCSREAS", "EOSDT"), ("treatment", "DCTREAS", "EOTDT")):
            if row.get(reason) == BY_EVENT:
                parts.append(f"{what} {row[day].isoformat() if row.get(day) else '(day not known)'}")
        found.append(", ".join(parts))
    return found


def _withdrawals(datasets: AnalysisDatasets) -> dict[int, str]:
    """By row of ADSL, the PTs of events with the action DRUG WITHDRAWN, in the order of their start."""
    adae = datasets.adae
    if "AEACN" not in adae.columns:
        return {}
    events = adae.filter(pl.Series(select_rows(adae, "AEACN = 'DRUG WITHDRAWN'")))
    events = events.sort("ASTDT", nulls_last=True, maintain_order=True)
    found: dict[int, dict[str, None]] = {}
    for subject, term in zip(events["USUBJID"].to_physical(), events["AEDECOD"].cast(pl.String), strict=True):
        found.setdefault(subject, {})[term] = None
    return {subject: "; ".join(terms) for subject, terms in found.items()}
