"""ENT01: screening and enrolment (FDA guide v2.0, table 3; ICH E3 10.1).

All subjects together, since a subject is on no arm before it is assigned: screened; on no arm, and why; assigned to
an arm; randomised; treated; assigned and not treated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_single_arm
from longwatch.tables.filters import both, equals
from longwatch.tables.populations import SCREENED
from longwatch.tables.result import TableResult
from longwatch.tables.subjects import SubjectLine, count_lines, subject_layout, values_in

TITLE = "Screening and enrolment"
NUMBER = "3"


def make_ent01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No subject → no rows, and a note."""
    arms = make_single_arm(datasets, SCREENED)
    layout = subject_layout(arms)
    rows, statistics = layout.lines(count_lines(datasets.adsl, arms, _lines(datasets, arms)))
    columns = layout.columns()
    rows = rows if arms.total else ()
    return TableResult(
        code="ENT01",
        title=TITLE,
        population=SCREENED.name,
        stub="Subjects",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            f"N: subjects of DM whose consent, or first record, lies on or before the cut-off of "
            f"{datasets.cutoff.isoformat()}. %: of N.",
            "Assigned: on an arm of the study file, as planned (TRT01P). Reasons: DSDECOD of the last disposition "
            "event of a subject who is on no arm.",
            *footnotes.say_abbreviations(columns, rows),
        ),
        number=NUMBER,
        empty_note="No subject was screened",
    )


def _lines(datasets: AnalysisDatasets, arms: Arms) -> Iterator[SubjectLine]:
    adsl, arm = datasets.adsl, "TRT01P"
    not_assigned = f"{arm} IS NULL"
    yield SubjectLine("Screened", "Screened", "", "USUBJID IS NOT NULL")
    yield SubjectLine("On no arm", "On no arm", "", not_assigned)
    for value in values_in(adsl, arms, "DCDECOD", not_assigned) if "DCDECOD" in adsl.columns else ():
        condition = both(not_assigned, equals("DCDECOD", value))
        yield SubjectLine(value, "On no arm", value, condition, level=1)
    yield SubjectLine("Assigned to an arm", "Assigned to an arm", "", f"{arm} IS NOT NULL")
    randomised = datasets.is_filled("RANDFL")
    yield SubjectLine("Randomised", "Randomised", "", "RANDFL = 'Y'" if randomised else None)
    yield SubjectLine("Treated", "Treated", "", "SAFFL = 'Y'")
    untreated = both(f"{arm} IS NOT NULL", "SAFFL = 'N'")
    yield SubjectLine("Assigned and not treated", "Assigned and not treated", "", untreated)
