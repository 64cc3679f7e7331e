"""ADCG: continuous glucose monitoring at each held visit, from the readings of the 14 days before it (spec D.4).

| PARAMCD | AVAL |
|---|---|
| CGMN, CGMWEAR | readings; percent of the readings that 14 days have at the sensor's own distance |
| MEAN, CV, GMI | mean glucose (mg/dL); SD in percent of it; glucose management indicator, 3.31 + 0.02392 × mean (%) |
| TIR | percent of readings of 70 to 180 mg/dL, both included |
| TBR1, TBR2 | percent below 70 (level 2 included); below 54 mg/dL |
| TAR1, TAR2 | percent above 180 (level 2 included); above 250 mg/dL |
| EPIS1, EPIS2 | episodes below 70, below 54 mg/dL, that start in those days (`derive_episodes`) |

Readings: dataset CGM with GLUC and GLUCU, DTC to the minute. mmol/L are multiplied by 18.016; another or no unit is not
guessed. Two readings of one minute are one, their mean. The 14 days end with the day before the visit. Cases: no
reading → no row; fewer than 70 % of the readings of 14 days → all but CGMN and CGMWEAR are not evaluable (AVAL missing,
REASON says why). Sources: spec D.4; Battelino and others 2019 (14 days, 70 %); Bergenstal and others 2018 (GMI); the
episode rule is marked unverified in the specification.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.coded import Subjects, read_coded
from longwatch.derive.of_subject import carry_subject, stack
from longwatch.standards.dataset import SourceData

MG_PER_MMOL = 18.016
TO_MG = {"mg/dl": 1.0, "mmol/l": MG_PER_MMOL}
LOW, VERY_LOW, HIGH, VERY_HIGH = 70.0, 54.0, 180.0, 250.0
DAYS, LEAST_WEAR = 14, 70.0
EPISODE_MINUTES = 15
LITTLE = f"fewer than {LEAST_WEAR:.0f} % of the readings of {DAYS} days"
NAMES = {
    "CGMN": ("CGM readings", ""), "CGMWEAR": ("CGM readings of those possible", "%"),
    "MEAN": ("Mean glucose", "mg/dL"), "CV": ("Glucose, coefficient of variation", "%"),
    "GMI": ("Glucose management indicator", "%"), "TIR": ("Time in range, 70 to 180 mg/dL", "%"),
    "TBR1": ("Time below 70 mg/dL", "%"), "TBR2": ("Time below 54 mg/dL", "%"),
    "TAR1": ("Time above 180 mg/dL", "%"), "TAR2": ("Time above 250 mg/dL", "%"),
    "EPIS1": ("Episodes below 70 mg/dL", ""), "EPIS2": ("Episodes below 54 mg/dL", ""),
}  # fmt: skip
ALWAYS = ("CGMN", "CGMWEAR")
_SHAPE = {
    "subject": pl.UInt32, "PARAMCD": pl.String, "PARAM": pl.String, "AVISITN": pl.Float64, "AVISIT": pl.String,
    "FUYEAR": pl.Int64, "ADT": pl.Date, "AVAL": pl.Float64, "AVALU": pl.String, "REASON": pl.String,
}  # fmt: skip


def derive_adcg(
    data: SourceData, cutoff: date, subjects: Subjects, adsl: pl.DataFrame, adltf: pl.DataFrame
) -> pl.DataFrame:
    """USUBJID, TRT01P, TRT01A, SAFFL, PARAMCD, PARAM, AVISITN, AVISIT, FUYEAR, ADT (of the visit), AVAL, AVALU, REASON;
    by parameter, then in the order of ADLTF. No readings in CGM → no rows."""
    readings = read_readings(data, cutoff, subjects)
    visits = adltf.filter(pl.col("PARAMCD") == "VISIT", pl.col("ADT").is_not_null()).select(
        "AVISITN", "AVISIT", "FUYEAR", "ADT", subject=pl.col("USUBJID").to_physical().cast(pl.UInt32)
    )
    visits = visits.with_row_index("row")
    measured = visits.join(compute_cgm(cut_windows(visits, readings)), on="row", how="inner", maintain_order="left")
    little = pl.col("CGMWEAR") < LEAST_WEAR
    parts = [
        measured.select(
            "subject", "AVISITN", "AVISIT", "FUYEAR", "ADT", PARAMCD=pl.lit(code), PARAM=pl.lit(name),
            AVALU=pl.lit(unit),
            AVAL=pl.col(code) if code in ALWAYS else pl.when(~little).then(code),
            REASON=pl.lit(None, pl.String) if code in ALWAYS else pl.when(little).then(pl.lit(LITTLE)),
        )
        for code, (name, unit) in NAMES.items()
    ]  # fmt: skip
    return carry_subject(adsl, stack(parts, _SHAPE))


def cut_windows(visits: pl.DataFrame, readings: pl.DataFrame) -> pl.DataFrame:
    """The readings of the days before each visit (`row`), by row and time; of visits that lie closer than that, both
    have those in common."""
    first, last = (pl.col("ADT") - pl.duration(days=days) for days in (DAYS, 1))
    days = visits.select("row", "subject", day=pl.date_ranges(first, last)).explode("day")
    dated = readings.with_columns(day=pl.col("time").dt.date())
    return days.join(dated, on=["subject", "day"]).sort("row", "time").drop("day")


def read_readings(data: SourceData, cutoff: date, subjects: Subjects) -> pl.DataFrame:
    """Readings up to the cut-off: subject, time (to the minute), glucose in mg/dL; by subject and time."""
    nothing = pl.DataFrame(schema={"subject": pl.UInt32, "time": pl.Datetime("us"), "glucose": pl.Float64})
    found = read_coded(data, "CGM", subjects, ("DTC", "GLUCU"), ("GLUC",))
    if not {"DTC", "GLUC", "GLUCU"} <= set(found.columns):
        return nothing
    factor = pl.col("GLUCU").cast(pl.String).str.strip_chars().str.to_lowercase()
    known = found.select(
        pl.col("subject").cast(pl.UInt32),
        time=pl.col("DTC").cast(pl.String).str.slice(0, 16).str.to_datetime("%Y-%m-%dT%H:%M", strict=False),
        glucose=pl.col("GLUC") * factor.replace_strict(TO_MG, default=None, return_dtype=pl.Float64),
    ).drop_nulls()
    known = known.filter(pl.col("time").dt.date() <= cutoff, pl.col("glucose") > 0)
    return known.group_by("subject", "time").agg(pl.col("glucose").mean()).sort("subject", "time")


def compute_cgm(readings: pl.DataFrame) -> pl.DataFrame:
    """The metrics of each `row`. Expects row, time and glucose (mg/dL), in the order of time within a row.

    The sensor's distance is the most frequent one between readings of the row, the shorter of equals.
    """
    glucose = pl.col("glucose")
    gap = (pl.col("time") - pl.col("time").shift(1)).dt.total_minutes().over("row")
    spaced = readings.with_columns(gap=gap)
    distance = (
        spaced.drop_nulls("gap").group_by("row", "gap").len()
        .sort(["row", "len", "gap"], descending=[False, True, False])
        .group_by("row", maintain_order=True).agg(distance=pl.col("gap").first())
    )  # fmt: skip

    def share(condition: pl.Expr) -> pl.Expr:
        return 100 * condition.sum() / pl.len()

    found = readings.group_by("row", maintain_order=True).agg(
        CGMN=pl.len().cast(pl.Float64),
        MEAN=glucose.mean(),
        CV=100 * glucose.std() / glucose.mean(),
        GMI=3.31 + 0.02392 * glucose.mean(),
        TIR=share(glucose.is_between(LOW, HIGH)),
        TBR1=share(glucose < LOW),
        TBR2=share(glucose < VERY_LOW),
        TAR1=share(glucose > HIGH),
        TAR2=share(glucose > VERY_HIGH),
    )
    possible = DAYS * 24 * 60 / pl.col("distance")
    found = found.join(distance, on="row", how="left", maintain_order="left").with_columns(
        CGMWEAR=pl.when(pl.col("distance") > 0).then(100 * pl.col("CGMN") / possible).otherwise(0.0)
    )
    for name, limit in (("EPIS1", LOW), ("EPIS2", VERY_LOW)):
        counted = derive_episodes(readings, limit).group_by("row").agg(pl.len().cast(pl.Float64).alias(name))
        found = found.join(counted, on="row", how="left", maintain_order="left").with_columns(pl.col(name).fill_null(0))
    return found


def derive_episodes(readings: pl.DataFrame, limit: float) -> pl.DataFrame:
    """Episodes below a limit: row, first (the time of its first reading below).

    It starts with readings below the limit that span at least 15 minutes, and ends with readings at or above it that
    span at least 15 minutes; what is below in between belongs to it. A stretch of readings lasts from its first one to
    the first one of the next stretch, at the end of the data to its last one.
    """
    low = readings.select("row", "time", low=pl.col("glucose") < limit)
    stretch = (pl.col("low") != pl.col("low").shift(1)).fill_null(True) | (pl.col("row") != pl.col("row").shift(1))
    runs = (
        low.with_columns(run=stretch.fill_null(True).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(pl.col("row", "low").first(), first=pl.col("time").first(), last=pl.col("time").last())
    )
    until = pl.coalesce(pl.col("first").shift(-1).over("row"), "last")
    long = (until - pl.col("first")).dt.total_minutes() >= EPISODE_MINUTES
    # What is too short to start or to end an episode leaves it as it is.
    lasting = runs.filter(long)
    changes = (pl.col("low") != pl.col("low").shift(1).over("row")).fill_null(True)
    return lasting.filter(changes, pl.col("low")).select("row", "first")
