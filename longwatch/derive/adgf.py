"""ADGF: graft function of each treated subject at the visits of the follow-up plan (spec D.4).

One row per subject and planned visit that was held, or expected (ADLTF, PARAMCD VISIT): its day (ADT), the components
(`igls.INPUTS`, `igls.BASELINE`) and the categories IGLS17, IGLS2T, IGLS2G; a visit not held has none of them.

| component | at a visit | at baseline |
|---|---|---|
| HBA1C | nearest in the visit's window, in % (mmol/mol converted) | last by the day of the first infusion |
| … of a subject with one of `graft.red_cell_terms` by then | GMI of the readings, as TIR | GMI before the infusion |
| STIMULATED, FASTING | C-peptide, ng/mL: highest after a meal (LBTPTNUM > 0); before it, or LBFAST = Y | the last day |
| INSULIN | units per day on its day (`insulin`) | on the day before the first infusion |
| WEIGHT | last in kg by its day | – |
| SEVERE | `hypoglycaemia` of level 3 per year, in 365 days, from the infusion on | before it, from consent on |
| TIR, BELOW54 | of the sensor's readings (CGM: GLUC) of the 14 days before it, as ADCG (`cgm`) | before the infusion |
| … without a reading there | of CGM (USUBJID, DTC, TIR, BELOW54), nearest in the window | last by the infusion |

Readings of less than 70 % of these days say that the component is not known: a summary made of the same sensor does not
stand in for them. A dataset that is not there leaves its components missing.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.c_peptide import below_limit_to_ng_per_ml, to_ng_per_ml
from longwatch.derive.cgm import LEAST_WEAR, compute_cgm, cut_windows, read_readings
from longwatch.derive.coded import Subjects, by_value, read_coded
from longwatch.derive.hypoglycaemia import LEVEL_3, read_hypoglycaemia, tells_level_3
from longwatch.derive.igls import derive_igls
from longwatch.derive.insulin import dose_on, read_insulin
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import complete_day, earliest_day
from longwatch.study import Study

_LB = ("LBTESTCD", "LBSTRESC", "LBSTRESU", "LBFAST", "LBDTC")
HBA1C, C_PEPTIDE = ("HBA1C", "HBA1CHGB"), ("CPEPTIDE", "CPEPT")
YEAR = 365
DAYS_PER_YEAR = 365.25
CATEGORIES = ("IGLS17", "IGLS17BEST", "IGLS2T", "IGLS2TBEST", "IGLS2G", "IGLS2GBEST")


def derive_adgf(
    data: SourceData, study: Study, cutoff: date, subjects: Subjects, adsl: pl.DataFrame, adltf: pl.DataFrame
) -> pl.DataFrame:
    """USUBJID, TRT01P, TRT01A, SAFFL, AVISITN, AVISIT, FUYEAR, ADT, EXPFL, components, categories; in ADLTF's order."""
    visits = adltf.filter(
        pl.col("PARAMCD") == "VISIT", (pl.col("EXPFL") == "Y") | pl.col("ADT").is_not_null()
    ).with_row_index("row")
    rows = visits.select("row", "OPENDT", "CLOSEDT", subject=pl.col("USUBJID").to_physical().cast(pl.UInt32), day="ADT")
    first = adsl.select("TRTSDT", "RFICDT" if "RFICDT" in adsl.columns else pl.lit(None, pl.Date).alias("RFICDT"))
    rows = pl.concat([rows, first.select(pl.all().gather(rows["subject"]))], how="horizontal")
    for name, values in read_components(data, subjects, cutoff).items():
        rows = _add_nearest(rows, values, name)
    rows = _add_sensor(rows, read_readings(data, cutoff, subjects), read_red_cells(data, study, cutoff, subjects))
    rows = _add_insulin(rows, read_insulin(data, study, cutoff, subjects))
    rows = _add_severe(rows, data, study, cutoff, subjects)
    made = derive_igls(rows.sort("row"), study.graft.as_baseline)
    made = made.with_columns(pl.when(pl.col("day").is_not_null()).then(pl.col(name)).alias(name) for name in CATEGORIES)
    kept = visits.select("USUBJID", "TRT01P", "TRT01A", "SAFFL", "AVISITN", "AVISIT", "FUYEAR", "ADT", "EXPFL")
    return pl.concat(
        [kept, made.drop("row", "OPENDT", "CLOSEDT", "subject", "day", "TRTSDT", "RFICDT")], how="horizontal"
    )


def read_components(data: SourceData, subjects: Subjects, cutoff: date) -> dict[str, pl.DataFrame]:
    """By component: subject, day, value, of those that are measured on a day."""
    lb = read_coded(data, "LB", subjects, _LB, ("LBSTRESN", "LBTPTNUM"), days=("LBDTC",))
    lb = _dated(
        lb.select("subject", *(_or_missing(lb, name) for name in (*_LB, "LBSTRESN", "LBTPTNUM"))), "LBDTC", cutoff
    )
    test, unit = pl.col("LBTESTCD").cast(pl.String), pl.col("LBSTRESU").cast(pl.String).str.strip_chars()
    number = pl.col("LBSTRESN")
    hba1c = pl.when(unit == "%").then(number).when(unit.str.to_lowercase() == "mmol/mol").then(number / 10.929 + 2.15)
    c_peptide = pl.coalesce(to_ng_per_ml(number, unit), below_limit_to_ng_per_ml(pl.col("LBSTRESC"), unit))
    fasting = (pl.col("LBTPTNUM") == 0) | (pl.col("LBTPTNUM").is_null() & (pl.col("LBFAST") == "Y"))
    found = {
        "HBA1C": lb.filter(test.is_in(HBA1C)).with_columns(value=hba1c),
        "STIMULATED": lb.filter(test.is_in(C_PEPTIDE), pl.col("LBTPTNUM") > 0).with_columns(value=c_peptide),
        "FASTING": lb.filter(test.is_in(C_PEPTIDE), fasting).with_columns(value=c_peptide),
    }
    vs = read_coded(data, "VS", subjects, ("VSTESTCD", "VSSTRESU", "VSDTC"), ("VSSTRESN",), days=("VSDTC",))
    vs = _dated(
        vs.select("subject", *(_or_missing(vs, name) for name in ("VSTESTCD", "VSSTRESU", "VSDTC", "VSSTRESN"))),
        "VSDTC",
        cutoff,
    )
    kilograms = (pl.col("VSTESTCD") == "WEIGHT") & (pl.col("VSSTRESU").cast(pl.String).str.to_lowercase() == "kg")
    found["WEIGHT"] = vs.filter(kilograms, pl.col("VSSTRESN") > 0).with_columns(value="VSSTRESN")
    cgm = read_coded(data, "CGM", subjects, ("DTC",), ("TIR", "BELOW54"), days=("DTC",))
    cgm = _dated(cgm.select("subject", *(_or_missing(cgm, name) for name in ("DTC", "TIR", "BELOW54"))), "DTC", cutoff)
    found |= {name: cgm.with_columns(value=name) for name in ("TIR", "BELOW54")}
    # Several of one day: the highest after a meal, else the last.
    return {
        name: frame.select("subject", "day", pl.col("value").cast(pl.Float64))
        .drop_nulls()
        .group_by("subject", "day", maintain_order=True)
        .agg(pl.col("value").max() if name == "STIMULATED" else pl.col("value").last())
        .sort("day")
        for name, frame in found.items()
    }


_NUMBERS = ("LBSTRESN", "LBTPTNUM", "VSSTRESN", "TIR", "BELOW54")


def _or_missing(frame: pl.DataFrame, name: str) -> pl.Expr:
    if name in frame.columns:
        return pl.col(name)
    return pl.lit(None, pl.Float64 if name in _NUMBERS else pl.String).alias(name)


def _dated(frame: pl.DataFrame, variable: str, cutoff: date) -> pl.DataFrame:
    day = by_value(frame[variable], complete_day(pl.col("text")).alias("day"))["day"]
    return frame.with_columns(day).filter(pl.col("day") <= cutoff)


def _add_nearest(rows: pl.DataFrame, values: pl.DataFrame, name: str) -> pl.DataFrame:
    """The value of a visit, and, but of the weight, that of baseline."""
    is_weight = name == "WEIGHT"
    dated = rows.filter(pl.col("day").is_not_null()).sort("day")
    at = dated.join_asof(
        values.rename({"day": "measured"}), left_on="day", right_on="measured", by="subject",
        strategy="backward" if is_weight else "nearest", check_sortedness=False,
    )  # fmt: skip
    if not is_weight:
        low, high = pl.min_horizontal("OPENDT", "day"), pl.max_horizontal("CLOSEDT", "day")
        at = at.filter(pl.col("measured").is_between(low, high))
    rows = rows.join(at.select("row", pl.col("value").alias(name)), on="row", how="left", maintain_order="left")
    if is_weight:
        return rows
    before = rows.sort("TRTSDT").join_asof(
        values.rename({"day": "measured"}), left_on="TRTSDT", right_on="measured", by="subject", strategy="backward",
        check_sortedness=False,
    )  # fmt: skip
    return before.rename({"value": f"B_{name}"}).drop("measured")


def read_red_cells(data: SourceData, study: Study, cutoff: date, subjects: Subjects) -> pl.DataFrame:
    """subject, since: from which day on HbA1c says too little of whom (`graft.red_cell_terms`, of AE and MH); missing:
    from when is not known, so that it never says enough."""
    terms = [term.upper() for term in study.graft.red_cell_terms]
    parts = [pl.DataFrame(schema={"subject": pl.UInt32, "since": pl.Date})]
    for domain in ("AE", "MH") if terms else ():
        read = read_coded(data, domain, subjects, (f"{domain}DECOD", f"{domain}STDTC"), days=(f"{domain}STDTC",))
        if f"{domain}DECOD" not in read.columns:
            continue
        since = pl.Series("since", [None], dtype=pl.Date).new_from_index(0, read.height)
        if f"{domain}STDTC" in read.columns:
            since = by_value(read[f"{domain}STDTC"], earliest_day(pl.col("text")).alias("since"))["since"]
        chosen = pl.col(f"{domain}DECOD").cast(pl.String).str.to_uppercase().is_in(terms).fill_null(False)
        found = read.with_columns(since).filter(chosen, (pl.col("since") <= cutoff).fill_null(True))
        parts.append(found.select(pl.col("subject").cast(pl.UInt32), "since"))
    return (
        pl.concat(parts)
        .group_by("subject")
        .agg(since=pl.when(pl.col("since").null_count() == 0).then(pl.col("since").min()))
    )


def _add_sensor(rows: pl.DataFrame, readings: pl.DataFrame, red_cells: pl.DataFrame) -> pl.DataFrame:
    """TIR and BELOW54 of the readings before a visit, and before the first infusion, where there are any; and GMI in
    place of HbA1c where that says too little."""
    rows = rows.join(red_cells.with_columns(unreliable=pl.lit(True)), on="subject", how="left", maintain_order="left")
    for prefix, key, day in (("", "row", "day"), ("B_", "subject", "TRTSDT")):
        ends = rows.select("subject", row=key, ADT=day).drop_nulls().unique(maintain_order=True)
        found = compute_cgm(cut_windows(ends, readings)).with_columns(known=pl.col("CGMWEAR") >= LEAST_WEAR)
        measured = found.select(
            pl.col("row").alias(key),
            sensed=pl.lit(True),
            sensed_TIR=pl.when("known").then("TIR"),
            sensed_BELOW54=pl.when("known").then("TBR2"),
            sensed_GMI=pl.when("known").then("GMI"),
        )
        rows = rows.join(measured, on=key, how="left", maintain_order="left")
        instead = pl.col("unreliable") & (pl.col("since") <= pl.col(day)).fill_null(True)
        rows = rows.with_columns(
            *(
                pl.when("sensed").then(f"sensed_{name}").otherwise(f"{prefix}{name}").alias(f"{prefix}{name}")
                for name in ("TIR", "BELOW54")
            ),
            pl.when(instead).then("sensed_GMI").otherwise(f"{prefix}HBA1C").alias(f"{prefix}HBA1C"),
        ).drop("sensed", "sensed_TIR", "sensed_BELOW54", "sensed_GMI")
    return rows.drop("unreliable", "since")


def _add_insulin(rows: pl.DataFrame, insulin: pl.DataFrame | None) -> pl.DataFrame:
    for name, day in (("INSULIN", pl.col("day")), ("B_INSULIN", pl.col("TRTSDT") - pl.duration(days=1))):
        if insulin is None:
            rows = rows.with_columns(pl.lit(None, pl.Float64).alias(name))
            continue
        days = rows.select("row", "subject", day=day).drop_nulls("day")
        rows = rows.join(dose_on(days, insulin).rename({"units": name}), on="row", how="left", maintain_order="left")
    return rows


def _add_severe(rows: pl.DataFrame, data: SourceData, study: Study, cutoff: date, subjects: Subjects) -> pl.DataFrame:
    if not tells_level_3(data):
        return rows.with_columns(SEVERE=pl.lit(None, pl.Float64), B_SEVERE=pl.lit(None, pl.Float64))
    found = read_hypoglycaemia(data, study, cutoff, subjects).filter(pl.col("AVALC") == LEVEL_3)
    events = found.select("subject", event="ADT").drop_nulls()
    year = pl.duration(days=YEAR)
    spans = {
        "SEVERE": (pl.max_horizontal(pl.col("day") - year, "TRTSDT"), pl.col("day")),
        "B_SEVERE": (pl.max_horizontal(pl.col("TRTSDT") - year, "RFICDT"), pl.col("TRTSDT") - pl.duration(days=1)),
    }
    for name, (low, high) in spans.items():
        wanted = rows.select("row", "subject", low=low, high=high)
        counted = (
            wanted.join(events, on="subject")
            .filter(pl.col("event").is_between("low", "high"))
            .group_by("row")
            .agg(n=pl.len())
        )
        days = (pl.col("high") - pl.col("low")).dt.total_days() + 1
        per_year = pl.when(days > 0).then(pl.col("n").fill_null(0) * DAYS_PER_YEAR / days)
        found = wanted.join(counted, on="row", how="left").select("row", per_year.alias(name))
        rows = rows.join(found, on="row", how="left", maintain_order="left")
    return rows
