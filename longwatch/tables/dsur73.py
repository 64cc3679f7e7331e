"""DSUR73: cumulative summary tabulation of serious adverse events (ICH E2F 7.3; spec E.2).

Events, not subjects: all serious ones (AESER = Y) of subjects with a dose of study product, whatever their cause and
whether before or after it, by SOC and PT, in the interval and to the data lock point. SOCs in MedDRA's international
order where the study names a release that has it, else by name; PTs by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.reporting_interval import STARTED
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.ael02 import is_told
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import SAFETY, both, equals, select_rows
from longwatch.tables.layout import Layout
from longwatch.tables.periodic import PeriodicCounter, PeriodicLine
from longwatch.tables.ranking import SocOrder
from longwatch.tables.result import TableResult

TITLE = "Cumulative summary tabulation of serious adverse events"
SERIOUS = equals("AESER", "Y")


def make_dsur73(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No such event → no rows, and a note; so also where AESER is not in the data, or
    never filled."""
    arms = make_arms(datasets, study)
    adae = datasets.dataset("ADAE")
    told = is_told(datasets, "AESER")
    counter = PeriodicCounter(adae, "ADAE", arms, STARTED, "events")
    order = SocOrder(datasets.groups.soc_order)
    rows, statistics = counter.table(list(_lines(adae, order)) if told else [])
    columns = counter.columns()
    kept = rows if len(rows) > 1 else ()
    others = int(select_rows(adae, both("SAFFL = 'N'", SERIOUS)).sum()) if told else 0
    return TableResult(
        code="DSUR73",
        title=TITLE,
        population=arms.population.name,
        stub="System organ class / preferred term",
        columns=columns,
        rows=kept,
        statistics=(*Layout(arms, None).sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            footnotes.say_interval(datasets),
            "Numbers of events, not of subjects: all serious ones, whatever their cause, those before the first dose "
            f"included. Interval: those that started in it, or on a day not known. {order.words}.",
            *((f"Not counted: {others} of subjects without a dose of study product.",) if others else ()),
            footnotes.say_seriousness(),
            footnotes.say_dictionary(study),
            *footnotes.say_abbreviations(columns, kept, "PT", "SOC"),
        ),
        empty_note="No events met the criteria"
        if told
        else "Such events cannot be told apart: AESER is not in the data, or never filled",
    )


def _lines(adae: pl.DataFrame, order: SocOrder) -> Iterator[PeriodicLine]:
    serious = adae.filter(select_rows(adae, both(SAFETY, SERIOUS)))
    terms = serious.select(pl.col("AEBODSYS", "AEDECOD").cast(pl.String)).unique().sort("AEBODSYS", "AEDECOD")
    yield PeriodicLine("All serious adverse events", "", "", SERIOUS)
    by_soc = {str(soc): of_soc for (soc,), of_soc in terms.group_by("AEBODSYS", maintain_order=True)}
    for soc in sorted(by_soc, key=order):
        within = both(SERIOUS, equals("AEBODSYS", soc))
        yield PeriodicLine(soc, soc, "", within)
        for pt in by_soc[soc]["AEDECOD"]:
            yield PeriodicLine(pt, soc, pt, both(within, equals("AEDECOD", pt)), 1)
