"""LBT_HEP, LBT_CHOL, LBL_HYSLAW: screening for drug-induced liver injury (FDA guide v2.0, tables 21 and 22; spec C.3).

LBT_HEP: quadrants of the highest ALT or AST against the highest bilirubin, and potential Hy's law cases, which need the
order of the two. LBT_CHOL: quadrants of the highest alkaline phosphatase against the highest bilirubin. Ns: subjects
with both. LBL_HYSLAW: one row per potential case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.adhy import BILIRUBIN_LIMIT, PHOSPHATASE_LIMIT, TRANSAMINASE_LIMIT
from longwatch.stats.rounding import round_half_away
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import both
from longwatch.tables.fractions import FractionLine, Fractions
from longwatch.tables.result import TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout

HIGH_BILIRUBIN, LOW_BILIRUBIN = f"BILIMAX >= {BILIRUBIN_LIMIT:g}", f"BILIMAX < {BILIRUBIN_LIMIT:g}"
CASE = "HYLAWFL = 'Y'"
NO_RESULT = "No subject with the results that this screening needs"


@dataclass(frozen=True)
class Screening:
    """One table of quadrants. `across`: the variable of ADHY on the other axis, `limit` its reference line."""

    title: str
    number: str
    across: str
    limit: float
    name: str
    upper_right: str
    lower_right: str
    has_cases: bool = False

    @property
    def usable(self) -> str:
        """Which subjects have both."""
        return f"{self.across} IS NOT NULL AND BILIMAX IS NOT NULL"

    def lines(self, within: int) -> list[FractionLine]:
        """The quadrants, then the cases."""
        high, low = f"{self.across} >= {self.limit:g}", f"{self.across} < {self.limit:g}"
        group, of = "Quadrant by highest values", self.usable
        upper, lower = f"bilirubin >= {BILIRUBIN_LIMIT:g} x ULN", f"bilirubin < {BILIRUBIN_LIMIT:g} x ULN"
        beyond, below = f"{self.name} >= {self.limit:g} x ULN", f"{self.name} < {self.limit:g} x ULN"
        found = [
            FractionLine(group, group, "", is_heading=True),
            FractionLine(f"{self.upper_right}: {beyond}, {upper}", group, "Upper right", both(high, HIGH_BILIRUBIN),
            of, 1), FractionLine(f"Bilirubin alone: {below}, {upper}", group, "Upper left", both(low, HIGH_BILIRUBIN),
            of, 1), FractionLine(f"{self.lower_right}: {beyond}, {lower}", group, "Lower right", both(high,
            LOW_BILIRUBIN), of, 1), FractionLine(f"Neither: {below}, {lower}", group, "Lower left", both(low,
        LOW_BILIRUBIN), of, 1), ]  # fmt: skip
        if self.has_cases:
            case = "Potential Hy's law case"
            found += [
                FractionLine(f"{case}: bilirubin on or after the day of the transaminase", case, "", CASE, of),
                FractionLine(f"Within {within} days", case, "Within the window", both(CASE, "HYWINFL = 'Y'"), of, 1),
                FractionLine("ALP below 2 x ULN at onset", case, "ALP below", both(CASE, "ALPONFL = 'N'"), of, 1),
                FractionLine("ALP at least 2 x ULN at onset", case, "ALP at least", both(CASE, "ALPONFL = 'Y'"), of, 1),
                FractionLine("ALP at onset not known", case, "ALP not known", both(CASE, "ALPONFL IS NULL"), of, 1),
            ]
        return found


OUTPUTS: Mapping[str, Screening] = {
    "LBT_HEP": Screening("Hepatocellular drug-induced liver injury: screening", "21", "TRANMAX", TRANSAMINASE_LIMIT,
                         "ALT or AST", "Hy's law quadrant", "Temple's corollary", has_cases=True),
    "LBT_CHOL": Screening("Cholestatic drug-induced liver injury: screening", "22", "ALPMAX", PHOSPHATASE_LIMIT,
                          "ALP", "Cholestatic injury", "ALP alone"),
}  # fmt: skip


def make_screening(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No subject with both results → no rows, and a note."""
    code = str(parameters["output"])
    output = OUTPUTS[code]
    arms = make_arms(datasets, study)
    fractions = Fractions("ADHY", arms)
    if is_screened(datasets, output.across):
        fractions.count(datasets.adhy, output.lines(study.laboratory.liver_within_days))
    columns = tuple(fractions.printed_columns())
    return TableResult(
        code=code,
        title=output.title,
        population=arms.population.name,
        stub="Screening",
        columns=columns,
        rows=tuple(fractions.rows),
        statistics=(*subject_layout(arms).sizes(), *fractions.statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *footnotes.say_liver(study, with_cases=output.has_cases),
            *footnotes.say_abbreviations(columns, fractions.rows, "ULN", "ALP"),
        ),
        number=output.number,
        empty_note=NO_RESULT,
    )


def is_screened(datasets: AnalysisDatasets, across: str) -> bool:
    """Whether any subject of the safety population has both values."""
    adhy = datasets.adhy.filter(pl.col("SAFFL") == "Y")
    return bool((adhy[across].is_not_null() & adhy["BILIMAX"].is_not_null()).any())


TITLE = "Listing of potential Hy's law cases"
_COLUMNS = (
    ("ALTMAX", "Highest ALT (x ULN)"), ("ASTMAX", "Highest AST (x ULN)"), ("BILIMAX", "Highest bilirubin (x ULN)"),
    ("TRANDT", "Day of transaminase"), ("BILIDT", "Day of bilirubin"), ("HYDAYS", "Days between"),
    ("HYWINFL", "Within the window"), ("ALPONSET", "ALP at onset (x ULN)"), ("ALPONFL", "ALP >= 2 x ULN"),
)  # fmt: skip


def make_cases(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The listing; it has no parameters. No case → no rows, and a note."""
    arms = make_arms(datasets, study)
    fractions = Fractions("ADHY", arms)
    fractions.count(datasets.adhy, [FractionLine("Cases", "Potential Hy's law case", "", CASE, has_share=False)])
    adhy = datasets.adhy.with_columns(arm=pl.Series(arms.arm_of_subject))
    cases = adhy.filter((pl.col("HYLAWFL") == "Y") & (pl.col("arm") >= 0))
    cases = cases.sort("arm", "HYDAYS", pl.col("USUBJID").cast(pl.String))
    named = zip(cases["USUBJID"].cast(pl.String).to_list(), cases["arm"].to_list(), strict=True)
    texts = [[_text(value) for value in cases[variable]] for variable, _ in _COLUMNS]
    rows = tuple(
        TableRow(subject, (arms.names[place], *cells), 0, "Potential Hy's law case", subject)
        for (subject, place), *cells in zip(named, *texts, strict=True)
    )
    columns = (TableColumn("arm", "Treatment arm"), *(TableColumn(name, heading) for name, heading in _COLUMNS))
    return TableResult(
        code="LBL_HYSLAW",
        title=TITLE,
        population=arms.population.name,
        stub="Subject",
        columns=columns,
        rows=rows,
        statistics=(*subject_layout(arms).sizes(), *fractions.statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *footnotes.say_liver(study, with_cases=True),
            *footnotes.say_abbreviations(columns, rows, "ULN", "ALP"),
        ),
        empty_note="No potential Hy's law case",
    )


def _text(value: object) -> str:
    if value is None:
        return "Not known"
    return str(round_half_away(value, 1)) if isinstance(value, float) else str(value)
