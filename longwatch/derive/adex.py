"""ADEX: what each subject was exposed to, one row per subject and parameter (spec A.8, C.3).

| PARAMCD | of whom | AVAL |
|---|---|---|
| TIMEFD | treated, follow-up known | days from the first dose of study product to the end of follow-up |
| NDOSE | product in infusions, one by D | different days on which a dose started; those of no known day are one |
| DOSE1, DOSE2 … | product in infusions, amount known | amounts together, one parameter per unit (EXDOSU) |
| DOSEKG1 … | and a weight known | the same by body weight: the last in kg (VS) by the day of the first dose |
| TRTDUR | product that goes on | days from the first to the last day with study product, gaps included |
| EXPDUR | product that goes on | different days with study product |
| CLS1, CLS2 … | at least one day | different days with a drug of the study file's class |

Days count from the first dose (classes: the first study intervention, induction included) to the end of follow-up. An
overlap of records counts once, a gap does not. A record without a known end goes on to the end of follow-up (a product:
at most to the end of treatment, EOTDT), except a drug of a class in EX: given on the day it started. A concomitant drug
without a known start was taken from the start on. Records that say that nothing was given do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import polars as pl

from longwatch.derive.coded import Subjects, by_value, read_coded
from longwatch.derive.exposure import EX_NUMBERS, EX_TEXTS, derive_dosed, is_product
from longwatch.derive.of_subject import carry_subject
from longwatch.derive.spans import clip_spans, compute_days, derive_spans
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import complete_day
from longwatch.study import Study

_CM = ("CMTRT", "CMDECOD", "CMOCCUR", "CMSTDTC", "CMENDTC")
_VS = ("VSTESTCD", "VSSTRESU", "VSDTC")


def derive_adex(
    data: SourceData,
    study: Study,
    cutoff: date,
    subjects: Subjects,
    adsl: pl.DataFrame,
    infusions: Callable[[], pl.DataFrame],
) -> pl.DataFrame:
    """USUBJID, TRT01P, TRT01A, SAFFL, PARAMCD, PARAM, AVAL (Float64), AVALU; by parameter, then by row of ADSL.

    `infusions`: gives those of `read_infusions`, where the product is given in such. Expects row i of ADSL to be
    `subject` i. A dataset that is not there gives no row of its parameters.
    """
    ex = read_coded(data, "EX", subjects, EX_TEXTS, EX_NUMBERS)
    ex = ex.filter(derive_dosed(ex))
    watched = _watched(adsl)
    since = adsl["FUPDUR"].to_frame("value").with_row_index("subject")
    parts = [_parameter("TIMEFD", "Time since first dose", "DAYS", since)]
    if study.exposure.is_continuing:
        product = ex.filter(is_product(ex, study.treatment.products))
        parts += _treatment(product, adsl, watched, cutoff)
    else:
        started = infusions()
        parts += [_parameter("NDOSE", "Doses of study product", "", _count_doses(started))]
        parts += _amounts(data, subjects, adsl, started)
    parts += _classes(data, study, subjects, ex, watched, cutoff)
    found = pl.concat(parts).with_columns(pl.col("subject").cast(pl.UInt32))
    return carry_subject(adsl, found)


def _parameter(code: str, name: str, unit: str, values: pl.DataFrame) -> pl.DataFrame:
    """Rows of a parameter from `subject` and `value`; without a value, no row."""
    return (
        values.drop_nulls("value")
        .sort("subject")
        .select(
            pl.col("subject").cast(pl.Int64),
            PARAMCD=pl.lit(code),
            PARAM=pl.lit(name),
            AVAL=pl.col("value").cast(pl.Float64),
            AVALU=pl.lit(unit),
        )
    )


def _watched(adsl: pl.DataFrame) -> pl.DataFrame:
    """By row of ADSL: `first_dose`, `first_intervention`, `end` of follow-up, `end_of_treatment`."""
    has = {name for name in ("INTSDT", "EOTDT") if adsl.schema.get(name) == pl.Date}
    return adsl.select(
        first_dose="TRTSDT",
        first_intervention=pl.min_horizontal("INTSDT", "TRTSDT") if "INTSDT" in has else pl.col("TRTSDT"),
        end=pl.col("TRTSDT") + pl.duration(days=pl.col("FUPDUR") - 1),
        end_of_treatment=pl.col("EOTDT") if "EOTDT" in has else pl.lit(None, pl.Date),
    )


def _within(spans: pl.DataFrame, watched: pl.DataFrame, low: str, high: pl.Expr) -> pl.DataFrame:
    limits = watched.select(low=low, high=high).select(pl.all().gather(spans["subject"]))
    return clip_spans(pl.concat([spans.select("subject", "first", "last"), limits], how="horizontal"))


def _count_doses(started: pl.DataFrame) -> pl.DataFrame:
    return started.group_by("subject").agg(value=pl.col("day").n_unique())


def _amounts(data: SourceData, subjects: Subjects, adsl: pl.DataFrame, started: pl.DataFrame) -> Iterator[pl.DataFrame]:
    if "EXDOSE" not in started.columns:
        return
    unit = pl.col("EXDOSU").cast(pl.String).fill_null("") if "EXDOSU" in started.columns else pl.lit("")
    amounts = started.drop_nulls("EXDOSE").group_by("subject", unit.alias("unit")).agg(value=pl.col("EXDOSE").sum())
    weight = _weight_at_first_dose(data, subjects, adsl)
    for number, name in enumerate(amounts["unit"].unique().sort(), start=1):
        mine = amounts.filter(pl.col("unit") == name).select("subject", "value")
        said = f" ({name})" if name else ""
        yield _parameter(f"DOSE{number}", f"Total dose{said}", name, mine)
        by_weight = mine.with_columns(value=pl.col("value") / weight.gather(mine["subject"]))
        per = f" ({name}/kg)" if name else " (per kg)"
        yield _parameter(f"DOSEKG{number}", f"Total dose by body weight{per}", f"{name}/kg", by_weight)


def _weight_at_first_dose(data: SourceData, subjects: Subjects, adsl: pl.DataFrame) -> pl.Series:
    """By row of ADSL the last weight in kg on or before the day of the first dose; the later record on one day."""
    nothing = pl.Series("weight", [None], dtype=pl.Float64).new_from_index(0, adsl.height)
    vs = read_coded(data, "VS", subjects, _VS, ("VSSTRESN",), days=("VSDTC",))
    if not {"VSSTRESN", *_VS} <= set(vs.columns):
        return nothing
    vs = vs.filter(
        pl.col("VSTESTCD").cast(pl.String) == "WEIGHT",
        pl.col("VSSTRESU").cast(pl.String).str.to_lowercase() == "kg",
        pl.col("VSSTRESN") > 0,
    )
    day = by_value(vs["VSDTC"], complete_day(pl.col("text")).alias("day"))["day"]
    before = vs.with_columns(day, start=adsl["TRTSDT"].gather(vs["subject"])).filter(pl.col("day") <= pl.col("start"))
    last = before.sort("day", maintain_order=True).group_by("subject").agg(pl.col("VSSTRESN").last())
    return nothing.scatter(last["subject"], last["VSSTRESN"])


def _treatment(
    product: pl.DataFrame, adsl: pl.DataFrame, watched: pl.DataFrame, cutoff: date
) -> Iterator[pl.DataFrame]:
    spans = derive_spans(product, "EXSTDTC", "EXENDTC", cutoff, goes_on=True).drop_nulls("first")
    days = compute_days(_within(spans, watched, "first_dose", pl.min_horizontal("end", "end_of_treatment")))
    for code, name, value in (
        ("TRTDUR", "Duration of treatment", "length"),
        ("EXPDUR", "Time on treatment, gaps left out", "days"),
    ):
        yield _parameter(code, name, "DAYS", days.select("subject", value=value))


def _classes(
    data: SourceData, study: Study, subjects: Subjects, ex: pl.DataFrame, watched: pl.DataFrame, cutoff: date
) -> Iterator[pl.DataFrame]:
    if not study.exposure.classes:
        return
    cm = read_coded(data, "CM", subjects, _CM)
    if "CMOCCUR" in cm.columns:
        cm = cm.filter((pl.col("CMOCCUR") != "N").fill_null(True))
    cm, ex = _name_drugs(cm, "CMDECOD", "CMTRT"), _name_drugs(ex, "EXTRT")
    taken = derive_spans(cm, "CMSTDTC", "CMENDTC", cutoff, goes_on=True)
    given = derive_spans(ex, "EXSTDTC", "EXENDTC", cutoff, goes_on=False).drop_nulls("first")
    spans = pl.concat([frame.select("subject", "drug", "first", "last") for frame in (taken, given)])
    for number, item in enumerate(study.exposure.classes, start=1):
        names = [drug.upper() for drug in item.drugs]
        mine = _within(spans.filter(pl.col("drug").is_in(names)), watched, "first_intervention", pl.col("end"))
        yield _parameter(f"CLS{number}", item.name, "DAYS", compute_days(mine).select("subject", value="days"))


def _name_drugs(frame: pl.DataFrame, *variables: str) -> pl.DataFrame:
    """Adds `drug`: the first of the variables that names it, in capitals."""
    names = [pl.col(name).cast(pl.String).str.to_uppercase() for name in variables if name in frame.columns]
    return frame.with_columns(drug=pl.coalesce(names) if names else pl.lit(None, pl.String))
