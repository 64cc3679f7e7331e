"""The end of a subject's observation on the clock of follow-up, for events that can recur (spec C.4).

Cases, in order: never treated, or follow-up not known → missing; known to have died on a known day → that day, or the
last day followed where a sponsor's ADSL says that it is later; else the last day followed. A death without a day counts
on the last day followed, as in ADTTE: the earliest day on which it can have been.
"""

from __future__ import annotations

import polars as pl

from longwatch.derive.at_risk import Clock

END_DAY = "FUENDY"


def derive_fuendy(adsl: pl.DataFrame, clock: Clock) -> pl.Series:
    """FUENDY by row of ADSL: the day on which observation ends."""
    followed = pl.Series(clock.followed)
    died = (adsl["DTHFL"] == "Y").fill_null(False) & adsl["DTHDT"].is_not_null()
    day = (adsl["DTHDT"] - clock.start).dt.total_days() + 1
    end = pl.select(
        pl.when(died).then(pl.max_horizontal(pl.lit(day), pl.lit(followed))).otherwise(pl.lit(followed))
    ).to_series()
    return end.set(followed == 0, None).alias(END_DAY)
