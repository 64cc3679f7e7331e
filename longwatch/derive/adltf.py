"""ADLTF: how each treated subject was followed, one row per subject, parameter and visit or year (spec D.2, D.3).

| PARAMCD | one row per | AVALC, AVAL |
|---|---|---|
| VISIT | subject and visit of the plan | AVALC: its status at the cut-off D (below) |
| YEAREND | subject and anniversary of TRTSDT by D | AVALC: the subject's state on that day (below) |
| FUPDUR | subject whose follow-up is known | AVAL: days followed |
| POSSDUR | the same | AVAL: days from TRTSDT to D, the day of death, or of completing the follow-up if earlier |

**Status of a visit**, the first case that holds. Held: SV has it, not as missed (SVOCCUR = N), on a day by D.
1. DONE_IN, DONE_OUT: held, on a day that can lie in its window, or not; also where its day is not known.
2. NOT_DUE: its window opens after D.
3. ENDED_DEATH: died by the last day of the window. 4. ENDED_WITHDRAWN: withdrew consent by then.
5. ENDED_LOST: lost by then, with its evidence (`loss`), and not found again.
6. ENDED_COMPLETED: completed the follow-up by then. ENDED_OTHER: ended it for another reason by then.
7. DUE: the window is open at D. 8. MISSED: it is over, and SV says that the visit was missed. 9. OVERDUE: it is over,
   and nothing is known.

EXPFL = Y where the window was over by D (its last day before D) and the visit was held, or the subject was alive,
consenting and had not completed on the last day: who was lost, or left for another reason, is not excused.
DONEFL = Y where it was expected and held. OVERFL = Y where the window was over.

**State at the end of a year**, the first that holds by that day: DIED, WITHDRAWN, LOST (with evidence, not found
again), COMPLETED, LEFT (another reason), FOLLOWED.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.coded import Subjects, by_value, read_coded
from longwatch.derive.follow_up_plan import Plan
from longwatch.derive.loss import LOST, derive_loss
from longwatch.derive.of_subject import carry_subject, stack
from longwatch.derive.populations import flag
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import earliest_day, latest_day
from longwatch.study import Study
from longwatch.study.follow_up import MONTHS_PER_YEAR, Anchor

WITHDREW = "WITHDRAWAL BY SUBJECT"
STATUSES = ("DONE_IN", "DONE_OUT", "NOT_DUE", "ENDED_DEATH", "ENDED_WITHDRAWN", "ENDED_LOST", "ENDED_COMPLETED",
            "ENDED_OTHER", "DUE", "MISSED", "OVERDUE")  # fmt: skip
STATES = ("FOLLOWED", "LOST", "WITHDRAWN", "DIED", "COMPLETED", "LEFT")
_SCHEMA = {
    "subject": pl.UInt32, "PARAMCD": pl.String, "AVISITN": pl.Float64, "AVISIT": pl.String, "FUYEAR": pl.Int64,
    "AVALC": pl.String, "AVAL": pl.Float64, "ADT": pl.Date, "TARGETDT": pl.Date, "OPENDT": pl.Date, "CLOSEDT": pl.Date,
    "OVERFL": pl.String, "EXPFL": pl.String, "DONEFL": pl.String,
}  # fmt: skip


def derive_adltf(
    data: SourceData, study: Study, plan: Plan, cutoff: date, subjects: Subjects, adsl: pl.DataFrame
) -> pl.DataFrame:
    """USUBJID, TRT01P, TRT01A, SAFFL of ADSL, and the columns above, of treated subjects (SAFFL = Y with TRTSDT); by
    parameter, then by row of ADSL, then in time. Expects row i of ADSL to be `subject` i."""
    ends = derive_ends(data, study, cutoff, subjects, adsl).filter(
        (pl.col("SAFFL") == "Y").fill_null(False), pl.col("TRTSDT").is_not_null()
    )
    parts = [_visits(data, subjects, plan, cutoff, ends), _year_ends(cutoff, ends), *_durations(cutoff, ends)]
    return carry_subject(adsl, stack(parts, _SCHEMA))


def derive_ends(data: SourceData, study: Study, cutoff: date, subjects: Subjects, adsl: pl.DataFrame) -> pl.DataFrame:
    """By subject the days on which something ended what was expected: died, withdrew, lost, completed, left.

    A day that is not known is the last day known alive, or of the first dose: nothing is expected after it.
    """
    loss = derive_loss(data, study, cutoff, subjects, adsl)
    stays = loss.filter("DOCFL", pl.col("FOUNDDT").is_null()).select("subject", lost="LOSTDT")
    has = {name for name in ("EOSSTT", "DCSREAS") if name in adsl.columns}
    status = pl.col("EOSSTT").cast(pl.String) if "EOSSTT" in has else pl.lit(None, pl.String)
    reason = pl.col("DCSREAS").cast(pl.String) if "DCSREAS" in has else pl.lit(None, pl.String)
    ended = pl.col("EOSDT") if adsl.schema.get("EOSDT") == pl.Date else pl.lit(None, pl.Date)
    day = pl.coalesce(ended, "LSTALVDT", "TRTSDT")
    other = (status == "DISCONTINUED") & ~reason.is_in([WITHDREW, LOST, "DEATH"]).fill_null(False)
    return (
        adsl.select(
            "SAFFL", "TRTSDT", "TRTEDT", "FUPDUR",
            died=pl.when(pl.col("DTHFL") == "Y").then(pl.coalesce("DTHDT", "LSTALVDT", "TRTSDT")),
            withdrew=pl.when(reason == WITHDREW).then(day),
            completed=pl.when(status == "COMPLETED").then(day),
            left=pl.when(other).then(day),
        )
        .with_row_index("subject")
        .join(stays, on="subject", how="left", maintain_order="left")
    )  # fmt: skip


def _visits(data: SourceData, subjects: Subjects, plan: Plan, cutoff: date, ends: pl.DataFrame) -> pl.DataFrame:
    planned = pl.DataFrame(
        [
            (place, visit.number, visit.visit, visit.year, visit.month, visit.day, *visit.window)
            for place, visit in enumerate(plan.visits)
        ],
        schema={"place": pl.Int64, "AVISITN": pl.Float64, "AVISIT": pl.String, "FUYEAR": pl.Int64, "month": pl.Int64,
                "day": pl.Int64, "low": pl.Int64, "high": pl.Int64},
        orient="row",
    )  # fmt: skip
    anchor = "TRTEDT" if plan.anchor is Anchor.INFUSION_LAST else "TRTSDT"
    rows = ends.drop_nulls(anchor).join(planned, how="cross").sort("subject", "place")
    moved = pl.col(anchor).dt.offset_by(pl.concat_str(pl.col("month").fill_null(0).cast(pl.String), pl.lit("mo")))
    rows = rows.with_columns(TARGETDT=moved + pl.duration(days=pl.col("day").fill_null(0))).with_columns(
        PARAMCD=pl.lit("VISIT"),
        OPENDT=pl.col("TARGETDT") + pl.duration(days="low"),
        CLOSEDT=pl.col("TARGETDT") + pl.duration(days="high"),
    )
    rows = _add_records(rows, _records(data, subjects, plan, cutoff))
    over, by_then = pl.col("CLOSEDT") < cutoff, pl.col("CLOSEDT")
    gone = {name: (pl.col(name) <= by_then).fill_null(False) for name in ("died", "withdrew", "completed", "lost")}
    held = pl.col("held").fill_null(False)
    status = (
        pl.when(held & pl.col("inside").fill_null(False)).then(pl.lit("DONE_IN"))
        .when(held).then(pl.lit("DONE_OUT"))
        .when(pl.col("OPENDT") > cutoff).then(pl.lit("NOT_DUE"))
        .when(gone["died"]).then(pl.lit("ENDED_DEATH"))
        .when(gone["withdrew"]).then(pl.lit("ENDED_WITHDRAWN"))
        .when(gone["lost"]).then(pl.lit("ENDED_LOST"))
        .when(gone["completed"]).then(pl.lit("ENDED_COMPLETED"))
        .when((pl.col("left") <= by_then).fill_null(False)).then(pl.lit("ENDED_OTHER"))
        .when(~over).then(pl.lit("DUE"))
        .when(pl.col("missed").fill_null(False)).then(pl.lit("MISSED"))
        .otherwise(pl.lit("OVERDUE"))
    )  # fmt: skip
    excused = gone["died"] | gone["withdrew"] | gone["completed"]
    return rows.with_columns(
        AVALC=status,
        OVERFL=flag(over).cast(pl.String),
        EXPFL=flag(over & (held | ~excused)).cast(pl.String),
        DONEFL=flag(over & held).cast(pl.String),
    )


def _records(data: SourceData, subjects: Subjects, plan: Plan, cutoff: date) -> pl.DataFrame:
    """SV's records of planned visits: subject, place in the plan, missed, and the days that the date can mean.

    A visit with a number is told by VISITNUM, another by its name (VISIT, in any case)."""
    sv = read_coded(data, "SV", subjects, ("VISIT", "SVOCCUR", "SVSTDTC"), ("VISITNUM",), days=("SVSTDTC",))
    has = set(sv.columns)
    by_number = {visit.number: place for place, visit in enumerate(plan.visits) if visit.number is not None}
    by_name = {visit.visit.upper(): place for place, visit in enumerate(plan.visits) if visit.number is None}
    numbered = pl.col("VISITNUM").replace_strict(by_number, default=None, return_dtype=pl.Int64)
    named = pl.col("VISIT").cast(pl.String).str.to_uppercase()
    named = named.replace_strict(by_name, default=None, return_dtype=pl.Int64)
    places = [
        *([numbered] if by_number and "VISITNUM" in has else []), *([named] if by_name and "VISIT" in has else [])
    ]  # fmt: skip
    text = pl.col("text")
    days = (
        by_value(sv["SVSTDTC"], earliest_day(text).alias("first"), latest_day(text).alias("last"))
        if "SVSTDTC" in has
        else sv.select("subject").with_columns(first=pl.lit(None, pl.Date), last=pl.lit(None, pl.Date)).drop("subject")
    )
    missed = (pl.col("SVOCCUR") == "N").fill_null(False) if "SVOCCUR" in has else pl.lit(False)
    place = pl.coalesce(places) if places else pl.lit(None, pl.Int64)
    read = sv.with_columns(place=place, missed=missed).select("subject", "place", "missed")
    found = pl.concat([read, days], how="horizontal").drop_nulls("place")
    return found.filter((pl.col("first") <= cutoff).fill_null(True))


def _add_records(rows: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Adds held, inside (its window), ADT (the first day held) and missed."""
    keys = ["subject", "place"]
    windows = rows.select(*keys, "OPENDT", "CLOSEDT")
    found = (
        records.join(windows, on=keys)
        .with_columns(
            held=~pl.col("missed"),
            inside=(pl.col("last") >= pl.col("OPENDT")) & (pl.col("first") <= pl.col("CLOSEDT")),
        )
        .group_by(keys)
        .agg(
            pl.col("held", "missed").any(),
            inside=(pl.col("held") & pl.col("inside").fill_null(False)).any(),
            ADT=pl.col("first").filter("held").min(),
        )
    )
    return rows.join(found, on=keys, how="left", maintain_order="left")


def _year_ends(cutoff: date, ends: pl.DataFrame) -> pl.DataFrame:
    first: date | None = ends["TRTSDT"].min()  # type: ignore[assignment]
    years = max(cutoff.year - first.year, 0) if first else 0
    counted = pl.DataFrame({"FUYEAR": range(1, years + 1)}, schema={"FUYEAR": pl.Int64})
    rows = ends.join(counted, how="cross").with_columns(
        ADT=pl.col("TRTSDT").dt.offset_by(pl.format("{}mo", pl.col("FUYEAR") * MONTHS_PER_YEAR))
    )
    state = pl.lit("FOLLOWED")
    for name, word in (("left", "LEFT"), ("completed", "COMPLETED"), ("lost", "LOST"), ("withdrew", "WITHDRAWN"),
                       ("died", "DIED")):  # fmt: skip
        state = pl.when((pl.col(name) <= pl.col("ADT")).fill_null(False)).then(pl.lit(word)).otherwise(state)
    rows = rows.filter(pl.col("ADT") <= cutoff).sort("subject", "FUYEAR")
    return rows.with_columns(
        PARAMCD=pl.lit("YEAREND"), AVISIT=pl.format("END OF YEAR {}", pl.col("FUYEAR")), AVALC=state
    )


def _durations(cutoff: date, ends: pl.DataFrame) -> list[pl.DataFrame]:
    known = ends.drop_nulls("FUPDUR")
    until = pl.min_horizontal(pl.lit(cutoff), "died", "completed")
    possible = (until - pl.col("TRTSDT")).dt.total_days() + 1
    values = {"FUPDUR": pl.col("FUPDUR"), "POSSDUR": pl.max_horizontal(possible, pl.col("FUPDUR"))}
    return [known.with_columns(PARAMCD=pl.lit(code), AVAL=value.cast(pl.Float64)) for code, value in values.items()]
