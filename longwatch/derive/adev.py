"""ADEV: what happened over the years besides adverse events, measured or collected elsewhere (spec D.3, L5, L9, L12).

One row per treated subject, code and record. AVALC = EVENT: it happened on ADT (with `AVAL`, where it was measured),
after the first infusion and by the end of follow-up. AVALC = TESTED: one per subject of whom it can be told, AVAL the
days that it was followed.

| PARAMCD | event | of whom it can be told |
|---|---|---|
| CPEPFALL | stimulated C-peptide below the highest earlier one after the infusion by more than `graft.c_peptide_fall` percent | two days with one after the infusion |
| DSA | a donor-specific antibody (MFI) at or above `graft.antibodies.positive` on two days after the infusion, and below it at baseline; the first of them | baseline, and two days after it, of one antibody |
| AUTOAB | an autoantibody of at least `graft.antibodies.rise` times its baseline | baseline above 0, and a day after it |
| ISCHANGE | the day after a maintenance immunosuppressant (drugs of `exposure.classes`, of CM) ended, or the day on which one began that was not taken by day 28 | one course of them |
| EGFR25, EGFR50, EGFR75 | eGFR lower than at baseline by at least so many percent (levels are cumulative) | baseline and a later eGFR |
| HYPO3 | hypoglycaemia of level 3 (CE, FA: `hypoglycaemia`) | every subject, where the data tells it |
| REC1 … | treatment-emergent adverse events of the study file's groups (`follow_up.recurrent`) | every subject |

Baseline: the last one on or before the day of the first infusion. A day that is not known in full is no event, but of
HYPO3 and REC: they lie on the earliest day of follow-up that it can mean (as `at_risk`), so that none is lost. A source
that is not there gives no row (`why_not`).
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from longwatch.derive.adgf import read_components
from longwatch.derive.at_risk import Clock
from longwatch.derive.coded import Subjects, by_value, read_coded
from longwatch.derive.hypoglycaemia import LEVEL_3, read_hypoglycaemia, tells_level_3
from longwatch.derive.of_subject import carry_subject, select_followed, stack
from longwatch.derive.spans import derive_spans
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import complete_day
from longwatch.study import Study

EVENT, TESTED = "EVENT", "TESTED"
SETTLED = 28
"""Days after the infusion by which immunosuppression has been set up (interpretation)."""
FALLS = {"EGFR25": 25, "EGFR50": 50, "EGFR75": 75}
MEASURED = {
    "CPEPFALL": "C-peptide fall",
    "DSA": "De-novo donor-specific antibodies",
    "AUTOAB": "Rise of an autoantibody",
    "ISCHANGE": "Change of immunosuppression",
    **{code: f"eGFR lower than at baseline by at least {percent}%" for code, percent in FALLS.items()},
    "HYPO3": "Hypoglycaemia, level 3",
}
_SOURCE = {
    "CPEPFALL": ("LB", "C-peptide after a meal"),
    "DSA": ("IS", "donor-specific antibodies"),
    "AUTOAB": ("IS", "autoantibodies"),
    "ISCHANGE": ("CM", "concomitant drugs"),
    **dict.fromkeys(FALLS, ("LB", "eGFR, or creatinine with age and sex")),
    "HYPO3": ("CE", "hypoglycaemia of level 3"),
}
_SCHEMA = {
    "subject": pl.UInt32, "PARAMCD": pl.String, "PARAM": pl.String, "AVALC": pl.String, "AVAL": pl.Float64,
    "ADT": pl.Date, "ADY": pl.Int64,
}  # fmt: skip
_IS = ("ISTESTCD", "ISCAT", "ISDTC")
_CM = ("CMTRT", "CMDECOD", "CMOCCUR", "CMSTDTC", "CMENDTC")


def derive_adev(
    data: SourceData,
    study: Study,
    cutoff: date,
    subjects: Subjects,
    adsl: pl.DataFrame,
    adlb: pl.DataFrame,
    adae: pl.DataFrame,
    clock: Clock,
) -> pl.DataFrame:
    """USUBJID, TRT01P, TRT01A, SAFFL, and the columns above; ADY: the day of follow-up of an event, day 1 the day from
    which events are treatment-emergent. By parameter, then by row of ADSL and day. Expects row i of ADSL to be
    `subject` i; of ADAE USUBJID, TRTEMFL, ASTDT, AEDECOD, AEBODSYS."""
    watched = select_followed(adsl)
    parts = [
        *_c_peptide(data, study, cutoff, subjects, watched),
        *_antibodies(data, study, cutoff, subjects, watched),
        *_immunosuppression(data, study, cutoff, subjects, watched),
        *_kidney(adlb, watched),
        *_hypoglycaemia(data, study, cutoff, subjects, watched),
        *_recurrent(study, adae, watched),
    ]
    found = stack([part.with_columns(ADY=pl.lit(None, pl.Int64)) for part in parts], _SCHEMA)
    days = clock.days_of(found["subject"].to_numpy(), found["ADT"])
    happened = pl.col("AVALC") == EVENT
    followed = pl.Series(clock.followed).cast(pl.Float64).gather(found["subject"])
    found = found.with_columns(
        ADY=pl.when(happened).then(pl.Series(days)), AVAL=pl.when(happened).then("AVAL").otherwise(followed)
    )
    return carry_subject(adsl, found)


def why_not(code: str, data: SourceData, study: Study, adev: pl.DataFrame) -> str:
    """Why a measured event can be told of nobody, in words; empty where it can."""
    if code not in _SOURCE or (adev["PARAMCD"] == code).any():
        return ""
    dataset, what = _SOURCE[code]
    if code == "ISCHANGE" and not study.exposure.classes:
        return "the study file names no immunosuppressants (exposure: classes)"
    return f"{what} not collected, or of nobody ({dataset})"


def _rows(code: str, events: pl.DataFrame, tested: pl.DataFrame, name: str = "") -> pl.DataFrame:
    """Both kinds of rows of a parameter, from subject, ADT and AVAL of events, and the subjects tested."""
    value = pl.col("AVAL").cast(pl.Float64) if "AVAL" in events.columns else pl.lit(None, pl.Float64)
    happened = events.select("subject", AVALC=pl.lit(EVENT), AVAL=value, ADT="ADT")
    told = tested.select(
        pl.col("subject"), AVALC=pl.lit(TESTED), AVAL=pl.lit(None, pl.Float64), ADT=pl.lit(None, pl.Date)
    ).unique()
    both = pl.concat([part.with_columns(pl.col("subject").cast(pl.UInt32)) for part in (told, happened)])
    return both.sort("subject", "AVALC", "ADT").with_columns(PARAMCD=pl.lit(code), PARAM=pl.lit(name or MEASURED[code]))


def _c_peptide(
    data: SourceData, study: Study, cutoff: date, subjects: Subjects, watched: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    values = read_components(data, subjects, cutoff)["STIMULATED"].join(watched, on="subject")
    after = values.filter(pl.col("day") > pl.col("low"), pl.col("day") <= pl.col("high")).sort("subject", "day")
    highest = after.with_columns(before=pl.col("value").cum_max().shift(1).over("subject"))
    kept = 1 - study.graft.c_peptide_fall / 100
    fallen = highest.filter(pl.col("value") < kept * pl.col("before"))
    yield _rows(
        "CPEPFALL",
        fallen.select("subject", ADT="day", AVAL="value"),
        highest.filter(pl.col("before").is_not_null()),
    )


def _antibodies(
    data: SourceData, study: Study, cutoff: date, subjects: Subjects, watched: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    found = read_coded(data, "IS", subjects, _IS, ("ISSTRESN",))
    if not {"ISTESTCD", "ISDTC", "ISSTRESN"} <= set(found.columns):
        return
    day = by_value(found["ISDTC"], complete_day(pl.col("text")).alias("day"))["day"]
    test = pl.col("ISTESTCD").cast(pl.String).str.to_uppercase()
    wanted = study.graft.antibodies
    says_auto = pl.col("ISCAT").cast(pl.String).str.to_uppercase().str.contains("AUTOANTIBOD", literal=True)
    auto = says_auto if "ISCAT" in found.columns else pl.lit(False)
    kinds = {
        "DSA": test.is_in([name.upper() for name in wanted.donor]) if wanted.donor else test.str.starts_with("DSA"),
        "AUTOAB": test.is_in([name.upper() for name in wanted.auto]) if wanted.auto else auto,
    }
    dated = found.with_columns(day, test=test).filter(pl.col("day") <= cutoff).drop_nulls("ISSTRESN")
    for code, chosen in kinds.items():
        mine = dated.filter(chosen.fill_null(False)).group_by("subject", "test", "day").agg(pl.col("ISSTRESN").max())
        mine = mine.join(watched, on="subject").sort("subject", "test", "day")
        before = pl.col("day") <= pl.col("low")
        base = mine.filter(before).group_by("subject", "test").agg(base=pl.col("ISSTRESN").last())
        later = mine.filter(~before, pl.col("day") <= pl.col("high")).join(base, on=["subject", "test"])
        if code == "DSA":
            several = later.filter(pl.len().over("subject", "test") > 1)
            high = several.filter(pl.col("base") < wanted.positive, pl.col("ISSTRESN") >= wanted.positive)
            events = high.filter(pl.len().over("subject", "test") > 1).group_by("subject", "test").first()
            yield _rows(code, events.sort("subject", "day").select("subject", ADT="day", AVAL="ISSTRESN"), several)
            continue
        told = later.filter(pl.col("base") > 0)
        risen = told.filter(pl.col("ISSTRESN") >= wanted.rise * pl.col("base"))
        yield _rows(code, risen.select("subject", ADT="day", AVAL="ISSTRESN"), told)


def read_courses(data: SourceData, study: Study, cutoff: date, subjects: Subjects) -> pl.DataFrame:
    """Courses of the immunosuppressants of CM that started by the cut-off: subject, drug, first, last, why (CMRSDISC);
    a `last` that is missing: it goes on."""
    cm = read_coded(data, "CM", subjects, (*_CM, "CMRSDISC"))
    named = [pl.col(name).cast(pl.String).str.to_uppercase() for name in ("CMDECOD", "CMTRT") if name in cm.columns]
    drug = pl.coalesce(named) if named else pl.lit(None, pl.String)
    why = pl.col("CMRSDISC").cast(pl.String) if "CMRSDISC" in cm.columns else pl.lit(None, pl.String)
    taken = (pl.col("CMOCCUR") != "N").fill_null(True) if "CMOCCUR" in cm.columns else pl.lit(True)
    cm = cm.with_columns(drug=drug, why=why).filter(taken, pl.col("drug").is_in(study.exposure.drugs))
    return derive_spans(cm, "CMSTDTC", "CMENDTC", cutoff, goes_on=True).select(
        "subject", "drug", "first", "last", "why"
    )


def _immunosuppression(
    data: SourceData, study: Study, cutoff: date, subjects: Subjects, watched: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    courses = read_courses(data, study, cutoff, subjects).join(watched, on="subject")
    of_drug = courses.group_by("subject", "drug", "low", "high").agg(
        first=pl.when(pl.col("first").null_count() == 0).then(pl.col("first").min()),
        last=pl.when(pl.col("last").null_count() == 0).then(pl.col("last").max()),
    )
    ended = of_drug.with_columns(ADT=pl.col("last") + pl.duration(days=1)).filter(
        pl.col("ADT") > pl.col("low"), pl.col("ADT") <= pl.col("high")
    )
    begun = of_drug.with_columns(ADT="first").filter(
        pl.col("ADT") > pl.col("low") + pl.duration(days=SETTLED - 1), pl.col("ADT") <= pl.col("high")
    )
    events = pl.concat([part.select("subject", "ADT") for part in (ended, begun)])
    yield _rows("ISCHANGE", events, of_drug)


def _kidney(adlb: pl.DataFrame, watched: pl.DataFrame) -> Iterator[pl.DataFrame]:
    rates = adlb.select(
        "PARAMCD", "ADT", "ONTRTFL", "PCHG", subject=pl.col("USUBJID").to_physical().cast(pl.UInt32)
    ).filter(
        (pl.col("PARAMCD").cast(pl.String) == "EGFR").fill_null(False),
        (pl.col("ONTRTFL") == "Y").fill_null(False),
        pl.col("PCHG").is_not_null(),
        pl.col("ADT").is_not_null(),
    )
    told = rates.join(watched, on="subject").filter(pl.col("ADT").is_between("low", "high"))
    for code, percent in FALLS.items():
        events = told.filter(pl.col("PCHG") <= -percent).select("subject", "ADT", AVAL="PCHG")
        yield _rows(code, events, told)


def _hypoglycaemia(
    data: SourceData, study: Study, cutoff: date, subjects: Subjects, watched: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    if not tells_level_3(data):
        return
    severe = read_hypoglycaemia(data, study, cutoff, subjects).filter(pl.col("AVALC") == LEVEL_3)
    mine = severe.join(watched, on="subject").filter(
        (pl.col("last") >= pl.col("low")).fill_null(True), (pl.col("first") <= pl.col("high")).fill_null(True)
    )
    mine = mine.sort("subject", "first", "CESEQ", maintain_order=True, nulls_last=True)
    yield _rows("HYPO3", mine.select("subject", ADT=pl.max_horizontal("first", "low")), watched)


def _recurrent(study: Study, adae: pl.DataFrame, watched: pl.DataFrame) -> Iterator[pl.DataFrame]:
    events = adae.select(
        pl.col("AEDECOD", "AEBODSYS").cast(pl.String),
        "TRTEMFL",
        ADT="ASTDT",
        subject=pl.col("USUBJID").to_physical().cast(pl.UInt32),
    ).filter((pl.col("TRTEMFL") == "Y").fill_null(False))
    events = events.join(watched, on="subject")
    events = events.with_columns(ADT=pl.min_horizontal(pl.col("ADT").fill_null(pl.col("low")), "high"))
    for place, group in enumerate(study.follow_up.recurrent, start=1):
        chosen = pl.col("AEDECOD").is_in(list(group.terms)) | pl.col("AEBODSYS").is_in(list(group.socs))
        yield _rows(f"REC{place}", events.filter(chosen.fill_null(False)), watched, group.name)
