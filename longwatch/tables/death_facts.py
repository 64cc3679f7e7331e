"""What a listing of deaths says of each subject beside the death (FDA guide v2.0, table 9; spec C.3): fatal events, days
with immunosuppressants, the last regimen, the graft.

| column | of a subject | there where |
|---|---|---|
| Fatal events | PT of each event with a fatal outcome (AEOUT = FATAL or AESDTH = Y), treatment-emergent or not, with the reported term where that says something else; in the data's order | AEOUT or AESDTH is collected |
| Days on … | days with a class of drugs of the study file (ADEX), as EXT01 | `exposure: classes`, and CM names drugs or EX gives some |
| Last regimen | the drugs of the classes (ADIM) taken on the last day with any of them, and that study day | as above, of CM |
| Graft status | Igls 2017 category at the last visit held (ADGF) | somebody has a category |

What a trial collects is asked of the whole of it. Nothing of a subject → `None reported`, `0`, `None recorded`, or
`Not known`.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.igls import CATEGORIES
from longwatch.derive.listed import read_collected
from longwatch.study import AnalysisData, Study
from longwatch.tables.ael02 import is_told, terms_of
from longwatch.tables.filters import SAFETY, both, equals, is_one_of
from longwatch.tables.ltf11 import has_drugs
from longwatch.tables.result import Provenance, Statistic
from longwatch.tables.the_subject import study_day_of

EVENTS, REGIMEN, GRAFT = "Fatal events", "Last regimen", "Graft status"
NO_EVENT, NO_DRUG, UNKNOWN = "None reported", "None recorded", "Not known"
FATAL = {"AEOUT": "FATAL", "AESDTH": "Y"}


@dataclass(frozen=True)
class DeathFact:
    """A column: its heading, a text per subject who died; and a number per subject: its row, what it is, its value, and
    the filter of the dataset it is from, beside the subject."""

    heading: str
    texts: list[str]
    dataset: str
    variables: tuple[str, ...]
    found: Sequence[tuple[str, str, float | int | None, str, str]]
    notes: tuple[str, ...]

    def numbers(self, arms: Sequence[str], subjects: Sequence[str]) -> Iterator[Statistic]:
        """The numbers, by the arm and the name of each subject; a column may have several of a subject."""
        each = len(self.found) // max(len(subjects), 1)
        for place, (row, statistic, value, text, condition) in enumerate(self.found):
            arm, subject = arms[place // each], subjects[place // each]
            where = both(SAFETY, equals("USUBJID", subject), condition)
            yield Statistic(subject, row, arm, statistic, value, text, Provenance(self.dataset, where, self.variables))


def facts_of_deaths(datasets: AnalysisDatasets, study: Study, died: pl.DataFrame) -> list[DeathFact]:
    """The columns that the trial has a source for. `died`: rows of ADSL, with `subject`, their row there."""
    facts = (_events(datasets, study, died), _days(datasets, study, died), _regimen(datasets, died),
             _graft(datasets, died))  # fmt: skip
    return [fact for fact in facts if fact is not None]


def _events(datasets: AnalysisDatasets, study: Study, died: pl.DataFrame) -> DeathFact | None:
    told = [equals(name, value) for name, value in FATAL.items() if is_told(datasets, name)]
    if not told:
        return None
    condition = told[0] if len(told) == 1 else f"({' OR '.join(told)})"
    whole = datasets.whole or datasets
    adae = whole.adae_with(("USUBJID", "AEDECOD", "AETERM", *FATAL))
    if study.analysis_data is AnalysisData.DERIVED:
        reported = read_collected(whole.data, whole.subjects, whole.cutoff)
        adae = adae.with_columns(reported["AETERM"]) if "AETERM" in reported.columns else adae
    fatal = adae.filter(pl.sql_expr(condition).fill_null(False))
    terms: dict[str, list[str]] = {}
    for subject, term in zip(fatal["USUBJID"].cast(pl.String), terms_of(fatal), strict=True):
        terms.setdefault(subject, []).append(term)
    of_each = [terms.get(subject, []) for subject in died["USUBJID"].cast(pl.String)]
    return DeathFact(
        "Fatal events: PT (as reported)",
        ["; ".join(mine) or NO_EVENT for mine in of_each],
        "ADAE",
        ("AEDECOD", "AETERM", "AEOUT", "AESDTH"),
        [(EVENTS, "events", len(mine), str(len(mine)), condition) for mine in of_each],
        ("Fatal events: every event with the outcome death (AEOUT = FATAL or AESDTH = Y), treatment-emergent or not.",),
    )


def _days(datasets: AnalysisDatasets, study: Study, died: pl.DataFrame) -> DeathFact | None:
    classes = study.exposure.classes
    codes = [f"CLS{number}" for number in range(1, len(classes) + 1)]
    given = (datasets.whole or datasets).adex["PARAMCD"].is_in(codes).any() if classes else False
    if not classes or not (given or has_drugs(datasets)):
        return None
    adex = datasets.adex.filter(pl.col("PARAMCD").is_in(codes))
    keys = zip(adex["USUBJID"].to_physical(), adex["PARAMCD"], strict=True)
    days = dict(zip(keys, adex["AVAL"], strict=True))
    texts, found = [], []
    for subject, followed in zip(died["subject"], died["FUPDUR"], strict=True):
        values = [days.get((subject, code), None if followed is None else 0) for code in codes]
        said = [UNKNOWN if value is None else f"{value:g}" for value in values]
        names = [""] if len(classes) == 1 else [f"{item.name}: " for item in classes]
        texts.append("; ".join(name + text for name, text in zip(names, said, strict=True)))
        found += [
            (f"{item.name} (days)", "days_taken", value, text, equals("PARAMCD", code))
            for item, value, text, code in zip(classes, values, said, codes, strict=True)
        ]
    heading = f"Days on {classes[0].name}" if len(classes) == 1 else "Days on classes of drugs"
    note = "Days on a class: different days with one of its drugs, from the first study intervention to the end of "
    return DeathFact(heading, texts, "ADEX", ("AVAL",), found, (f"{note}follow-up, as EXT01.",))


def _regimen(datasets: AnalysisDatasets, died: pl.DataFrame) -> DeathFact | None:
    if not datasets.study.exposure.classes or not has_drugs(datasets):
        return None
    taken = datasets.adim.filter(pl.col("PARCAT1") == "TAKEN")
    latest = taken.filter(pl.col("ADT") == pl.col("ADT").max().over("USUBJID"))
    drugs: dict[int, list[str]] = {}
    last: dict[int, date] = {}
    for subject, drug, day in zip(latest["USUBJID"].to_physical(), latest["PARAM"], latest["ADT"], strict=True):
        drugs.setdefault(subject, []).append(drug)
        last[subject] = day
    texts, found = [], []
    for subject, start, followed in died.select("subject", "TRTSDT", "FUPDUR").iter_rows():
        mine = drugs.get(subject, [])
        text = NO_DRUG if followed is not None else UNKNOWN
        if mine:
            text = f"{', '.join(drug.capitalize() for drug in mine)} (day {study_day_of(last[subject], start)})"
        which = both(equals("PARCAT1", "TAKEN"), is_one_of("PARAM", mine) if mine else "PARAM IS NULL")
        found.append((REGIMEN, "records", len(mine), str(len(mine)), which))
        texts.append(text)
    note = (
        "Last regimen: the drugs of the study file's classes (CM) taken on the last day with any of them, from the "
        "first infusion to the end of follow-up; the study day is that day."
    )
    return DeathFact("Last immunosuppression (last day)", texts, "ADIM", ("PARAM", "ADT"), found, (note,))


def _graft(datasets: AnalysisDatasets, died: pl.DataFrame) -> DeathFact | None:
    whole = datasets.whole or datasets
    if "SV" not in whole.data or not whole.plan.visits or not whole.adgf["IGLS17"].is_in(CATEGORIES).any():
        return None
    held = datasets.adgf.filter(pl.col("IGLS17").is_not_null()).sort("ADT")
    last = held.group_by("USUBJID", maintain_order=True).last()
    status = {row["USUBJID"]: row for row in last.with_columns(pl.col("USUBJID").to_physical()).iter_rows(named=True)}
    texts, found = [], []
    for subject, start in died.select("subject", "TRTSDT").iter_rows():
        row = status.get(subject)
        text = UNKNOWN
        if row:
            said = "Not evaluable" if row["IGLS17"] == "NE" else row["IGLS17"].capitalize()
            day = f", day {study_day_of(row['ADT'], start)}" if start else ""
            text = f"{said} ({row['AVISIT']}{day})"
        which = equals("AVISIT", row["AVISIT"]) if row else "AVISIT IS NULL"
        found.append((GRAFT, "fact", None, text, which))
        texts.append(text)
    note = "Graft status: Igls 2017 category at the last visit held (as LTF10), with its study day."
    return DeathFact(GRAFT, texts, "ADGF", ("IGLS17", "ADT"), found, (note,))
