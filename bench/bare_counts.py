"""The counts of four safety tables as a user of DuckDB, and of Polars, writes them: no provenance, no intervals.

Given ready made: who was treated, on which arm, when first, and how long followed (`subjects.parquet`). From the typed
copy of AE: which events are treatment-emergent, by text (ISO 8601 sorts as it reads), and the counts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

Numbers = dict[str, float]
RELATED = ("POSSIBLY RELATED", "PROBABLY RELATED", "RELATED")
SEVERITIES = ("MILD", "MODERATE", "SEVERE")

_EMERGENT = """
SELECT USUBJID, arm, TRTSDT, followed, AEBODSYS, AEDECOD, AESEV, AESER, AEREL, AEOUT, AESDTH, AESTDTC, AEENDTC
FROM '{ae}' JOIN '{subjects}' USING (USUBJID)
WHERE (AESTDTC IS NULL
       OR CASE WHEN length(AESTDTC) > 10 THEN AESTDTC >= TRTSDTM ELSE rpad(AESTDTC, 10, '9') >= left(TRTSDTM, 10) END)
  AND coalesce(AEENDTC >= left(TRTSDTM, 10), true)
"""
_DAYS = """
SELECT USUBJID, arm, followed, AEDECOD,
       least(greatest(date_diff('day', TRTSDT, CASE WHEN usual > ended THEN coalesce(first, ended) ELSE usual END) + 1,
                      1), followed) AS day
FROM (SELECT *, CASE WHEN first IS NULL OR TRTSDT BETWEEN first AND last THEN TRTSDT ELSE first END AS usual
      FROM (SELECT *, try_cast(AEENDTC AS DATE) AS ended,
                   try_cast(left(AESTDTC, 10) || substr('-01-01', length(AESTDTC) - 3) AS DATE) AS first,
                   CASE length(AESTDTC) WHEN 4 THEN try_cast(AESTDTC || '-12-31' AS DATE)
                                        WHEN 7 THEN last_day(try_cast(AESTDTC || '-01' AS DATE))
                                        ELSE try_cast(left(AESTDTC, 10) AS DATE) END AS last
            FROM ({emergent})))
WHERE followed > 0
"""
_QUERIES = {
    "AET02": """
        SELECT coalesce(AEBODSYS, ''), coalesce(AEDECOD, ''), arm, count(DISTINCT USUBJID), count(*) FROM ({emergent})
        GROUP BY GROUPING SETS ((arm), (AEBODSYS, arm), (AEBODSYS, AEDECOD, arm))""",
    "AET01": """
        SELECT arm, count(*), count(*) FILTER (related), count(*) FILTER (serious), count(*) FILTER (fatal),
               count(*) FILTER (worst = 1), count(*) FILTER (worst = 2), count(*) FILTER (worst = 3)
        FROM (SELECT arm, bool_or(AEREL IN {related}) AS related, bool_or(AESER = 'Y') AS serious,
                     bool_or(AEOUT = 'FATAL' OR AESDTH = 'Y') AS fatal,
                     max(CASE AESEV WHEN 'MILD' THEN 1 WHEN 'MODERATE' THEN 2 WHEN 'SEVERE' THEN 3 END) AS worst
              FROM ({emergent}) GROUP BY USUBJID, arm)
        GROUP BY arm""",
    "AET05": """
        SELECT AEDECOD, arm, count(*), sum(followed - day)
        FROM (SELECT AEDECOD, arm, USUBJID, any_value(followed) AS followed, min(day) AS day FROM ({days})
              GROUP BY ALL)
        GROUP BY AEDECOD, arm""",
    "KM": """
        WITH times AS (SELECT s.arm, coalesce(e.day, s.followed) AS day, (e.day IS NOT NULL)::INT AS event
                       FROM '{subjects}' s
                       LEFT JOIN (SELECT USUBJID, min(day) AS day FROM ({days}) GROUP BY USUBJID) e USING (USUBJID)
                       WHERE s.followed > 0),
             steps AS (SELECT arm, day, sum(event) AS events, sum(count(*)) OVER downwards AS n
                       FROM times GROUP BY arm, day WINDOW downwards AS (PARTITION BY arm ORDER BY day DESC))
        SELECT arm, sum(events), sum(CASE WHEN events > 0 THEN 1 ELSE 0 END),
               product(CASE WHEN day <= 5 THEN 1 - events / n ELSE 1 END)
        FROM steps GROUP BY arm""",
}
"""Each gives keys and numbers, as `_numbers` names them."""


def by_duckdb(table: str, ae: Path, subjects: Path) -> Numbers:
    """The numbers of a table, by one query."""
    import duckdb

    emergent = _EMERGENT.format(ae=ae, subjects=subjects)
    days = _DAYS.format(emergent=emergent)
    query = _QUERIES[table].format(emergent=emergent, days=days, subjects=subjects, related=RELATED)
    rows = duckdb.connect().execute(query).fetchall()
    return _numbers(table, rows, subjects)


def _numbers(table: str, rows: list[tuple[Any, ...]], subjects: Path) -> Numbers:
    found: Numbers = {}
    if table == "AET02":
        for soc, pt, arm, n, events in rows:
            found |= {f"{soc}|{pt}|{arm}|n": n, f"{soc}|{pt}|{arm}|events": events}
    elif table == "AET01":
        names = ("TEAE", "Related TEAE", "Serious TEAE", "TEAE leading to death", *SEVERITIES)
        found = {f"{name}|{row[0]}|n": value for row in rows for name, value in zip(names, row[1:], strict=True)}
    elif table == "AET05":
        whole = dict(pl.read_parquet(subjects).group_by("arm").agg(pl.col("followed").sum()).iter_rows())
        for pt, arm, n, after in rows:
            found |= {f"{pt}|{arm}|n": n, f"{pt}|{arm}|days": whole[arm] - after}
    else:
        for arm, events, times, survival in rows:
            found |= {f"{arm}|events": events, f"{arm}|times": times, f"{arm}|survival": survival}
    return found


def by_polars(table: str, ae: Path, subjects: Path) -> Numbers:
    """The numbers of a table, by lazy frames collected together."""
    events = _emergent(ae, subjects)
    if table == "AET02":
        keys = (["arm"], ["AEBODSYS", "arm"], ["AEBODSYS", "AEDECOD", "arm"])
        counts = [pl.col("USUBJID").n_unique().alias("n"), pl.len().alias("events")]
        frames = pl.collect_all([events.group_by(key).agg(counts) for key in keys], engine="streaming")
        rows = [
            (row.get("AEBODSYS", ""), row.get("AEDECOD", ""), row["arm"], row["n"], row["events"])
            for frame in frames
            for row in frame.iter_rows(named=True)
        ]
    elif table == "AET01":
        severity = pl.col("AESEV").replace_strict(SEVERITIES, (1, 2, 3), default=None)
        of_subject = events.group_by("USUBJID", "arm").agg(
            related=pl.col("AEREL").is_in(RELATED).any(),
            serious=(pl.col("AESER") == "Y").any(),
            fatal=((pl.col("AEOUT") == "FATAL") | (pl.col("AESDTH") == "Y")).any(),
            worst=severity.max(),
        )
        worst = [(pl.col("worst") == place).sum().alias(f"w{place}") for place in (1, 2, 3)]
        lines = [pl.len().alias("any"), *(pl.col(name).sum() for name in ("related", "serious", "fatal")), *worst]
        rows = of_subject.group_by("arm").agg(lines).collect(engine="streaming").rows()
    else:
        firsts = _days(events).group_by("USUBJID", "arm", *(["AEDECOD"] if table == "AET05" else []))
        first = firsts.agg(pl.col("day").min(), pl.col("followed").first())
        rows = _rates(first) if table == "AET05" else _survival(first, subjects)
    return _numbers(table, rows, subjects)


def _emergent(ae: Path, subjects: Path) -> pl.LazyFrame:
    start, reference = pl.col("AESTDTC"), pl.col("TRTSDTM")
    by_day = start.str.pad_end(10, "9") >= reference.str.slice(0, 10)
    by_time = pl.when(start.str.len_bytes() > 10).then(start >= reference).otherwise(by_day)
    ended = (pl.col("AEENDTC") >= reference.str.slice(0, 10)).fill_null(True)
    joined = pl.scan_parquet(ae).join(pl.scan_parquet(subjects), on="USUBJID")
    return joined.filter((start.is_null() | by_time) & ended)


def _days(events: pl.LazyFrame) -> pl.LazyFrame:
    start, treated, length = pl.col("AESTDTC"), pl.col("TRTSDT"), pl.col("AESTDTC").str.len_bytes()
    whole = pl.when(length == 4).then(start + "-01-01").when(length == 7).then(start + "-01").otherwise(
        start.str.slice(0, 10)
    )  # fmt: skip
    first = whole.str.to_date("%Y-%m-%d", strict=False)
    last = pl.when(length == 4).then(first.dt.offset_by("1y").dt.offset_by("-1d")).when(length == 7).then(
        first.dt.month_end()
    ).otherwise(first)  # fmt: skip
    usual = pl.when(first.is_null() | treated.is_between(first, last)).then(treated).otherwise(first)
    ended = pl.col("AEENDTC").str.to_date("%Y-%m-%d", strict=False)
    day = pl.when(usual > ended).then(pl.coalesce(first, ended)).otherwise(usual)
    since = ((day - treated).dt.total_days() + 1).clip(lower_bound=1)
    return events.filter(pl.col("followed") > 0).with_columns(day=pl.min_horizontal(since, "followed"))


def _rates(first: pl.LazyFrame) -> list[tuple[Any, ...]]:
    after = (pl.col("followed") - pl.col("day")).sum()
    return first.group_by("AEDECOD", "arm").agg(pl.len().alias("n"), after.alias("after")).collect(
        engine="streaming"
    ).rows()  # fmt: skip


def _survival(first: pl.LazyFrame, subjects: Path) -> list[tuple[Any, ...]]:
    treated = pl.scan_parquet(subjects).filter(pl.col("followed") > 0)
    times = treated.join(first.select("USUBJID", "day"), on="USUBJID", how="left").select(
        "arm", event=pl.col("day").is_not_null(), day=pl.coalesce("day", "followed")
    )
    steps = times.group_by("arm", "day").agg(events=pl.col("event").sum(), leaving=pl.len()).sort("arm", "day")
    at_risk = pl.col("leaving").cum_sum(reverse=True).over("arm")
    share = pl.when(pl.col("day") <= 5).then(1 - pl.col("events") / pl.col("n")).otherwise(1.0)
    return (
        steps.with_columns(n=at_risk)
        .group_by("arm")
        .agg(pl.col("events").sum(), (pl.col("events") > 0).sum().alias("times"), share.product().alias("survival"))
        .collect()
        .rows()
    )
