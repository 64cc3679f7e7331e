"""LTF11: insulin independence (spec D.3, L11; D.4).

Subjects who were ever free of insulin long enough, and those who are at the end of their follow-up, of those whose
follow-up is known; then, at each anniversary of the first infusion, of the subjects followed on that day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import both, equals
from longwatch.tables.result import TableResult
from longwatch.tables.shares import ShareLine, share_rows
from longwatch.tables.subjects import subject_layout

TITLE = "Insulin independence by year"
EVER, CURRENT, FOLLOWED, FREE = "Ever", "At the end of follow-up", "Followed on the anniversary", "Free of insulin"
NO_INSULIN = "Concomitant drugs are not recorded: the data has no CM with CMTRT or CMDECOD"


def make_ltf11(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No CM, or no follow-up known → no rows, and a note."""
    arms = make_arms(datasets, study)
    layout = subject_layout(arms)
    rows, statistics = share_rows(datasets.adii, "ADII", layout, _lines(datasets))
    columns = layout.columns()
    return TableResult(
        code="LTF11",
        title=TITLE,
        population=arms.population.name,
        stub="Insulin independence",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            f"Independent: at least {study.graft.free_days} days in a row without insulin (CM) since the first "
            "infusion; the last run ends with the follow-up. %: of the subjects whose follow-up is known, or who were "
            "followed on that day. Adequate control (HbA1c, glucose) is not part of this definition: LTF10 shows it.",
            *footnotes.say_abbreviations(columns, rows),
        ),
        empty_note="No subject's follow-up is known" if _has_drugs(datasets) else NO_INSULIN,
    )


def _has_drugs(datasets: AnalysisDatasets) -> bool:
    return "CM" in datasets.data and bool({"CMTRT", "CMDECOD"} & set(datasets.data.datasets["CM"].columns))


def _lines(datasets: AnalysisDatasets) -> Iterator[ShareLine]:
    if datasets.adii.is_empty():
        return
    whole = equals("PARAMCD", "TOTAL")
    yield ShareLine(EVER, EVER, "", both(whole, equals("AVALC", "Y")), whole)
    now = equals("PARAMCD", "CURRENT")
    yield ShareLine(CURRENT, CURRENT, "", both(now, equals("AVALC", "Y")), now)
    ends = datasets.adii.filter(pl.col("PARAMCD") == "YEAREND")
    for year in ends["FUYEAR"].unique().sort():
        group, base = f"Year {year}", both(equals("PARAMCD", "YEAREND"), f"FUYEAR = {year}")
        yield ShareLine(group, group, "")
        yield ShareLine(FOLLOWED, group, FOLLOWED, base, level=1)
        yield ShareLine(FREE, group, FREE, both(base, equals("AVALC", "Y")), base, level=1)
