"""DST01: disposition of subjects (FDA guide v2.0, table 5; ICH E3 10.1).

Two blocks, study participation and study treatment: completed, ongoing, discontinued, and under it each reason
(DSDECOD) by falling number of subjects in all arms together. A block that DS does not tell of prints NA.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.filters import both, equals
from longwatch.tables.populations import choose_population
from longwatch.tables.result import TableResult
from longwatch.tables.subjects import SubjectLine, count_lines, subject_layout, values_in

TITLE = "Disposition of subjects"
NUMBER = "5"
BLOCKS = (("Study participation", "EOSSTT", "DCSREAS"), ("Study treatment", "EOTSTT", "DCTREAS"))
STATUSES = {"COMPLETED": "Completed", "ONGOING": "Ongoing at the cut-off", "DISCONTINUED": "Discontinued"}


def make_dst01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameter: `population` (SAFFL, the default, ITTFL, RANDFL, GRAFTFL). No subject → no rows, and a
    note."""
    population = choose_population("DST01", datasets, parameters)
    arms = make_arms(datasets, study, population)
    layout = subject_layout(arms)
    rows, statistics = layout.lines(count_lines(datasets.adsl, arms, _lines(datasets, arms)))
    columns = layout.columns()
    rows = rows if arms.total else ()
    return TableResult(
        code="DST01",
        title=TITLE,
        population=population.name,
        stub="Disposition",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "Status at the cut-off by the last disposition event of DS known then (DSCAT DISPOSITION EVENT): "
            "COMPLETED; any other is discontinued with DSDECOD as its reason; none is ongoing. %: of N.",
            *footnotes.say_abbreviations(columns, rows),
        ),
        number=NUMBER,
        empty_note="No subject is in this population",
        parameters={"population": population.flag},
    )


def _lines(datasets: AnalysisDatasets, arms: Arms) -> Iterator[SubjectLine]:
    adsl = datasets.adsl
    for block, status, reason in BLOCKS:
        told = status in adsl.columns and bool(values_in(adsl, arms, status))
        yield SubjectLine(block, block, "", "", is_heading=True)
        for value, label in STATUSES.items():
            condition = equals(status, value)
            yield SubjectLine(label, block, value, condition if told else None, level=1)
        reasons = values_in(adsl, arms, reason) if told and reason in adsl.columns else []
        for value in reasons:
            yield SubjectLine(value, block, value, both(equals(status, "DISCONTINUED"), equals(reason, value)), level=2)
        if told and reason in adsl.columns:
            unknown = both(equals(status, "DISCONTINUED"), f"{reason} IS NULL")
            if values_in(adsl, arms, status, unknown):
                yield SubjectLine("Reason not reported", block, "Reason not reported", unknown, level=2)
