"""The sponsor's own ADTTE, made ready to be counted (study file: `analysis_data: adam`)."""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.adtte import CUT, DAYS_PER_UNIT, VARIABLES, Times, in_unit
from longwatch.errors import SourceError
from longwatch.standards.dataset import SourceData
from longwatch.study import Parameter

_ABSENT = {
    "PARAM": pl.String,
    "STARTDT": pl.Date,
    "ADT": pl.Date,
    "AVALU": pl.String,
    "CEVENT": pl.Float64,
    "EVNTDESC": pl.String,
    "CNSDTDSC": pl.String,
    "SRCDOM": pl.String,
    "SRCVAR": pl.String,
    "SRCSEQ": pl.Float64,
}


def supplied_codes(data: SourceData) -> tuple[str, ...]:
    """The parameters that the data's ADTTE has, in their order there; none without ADTTE."""
    if "ADTTE" not in data:
        return ()
    codes = data.frame("ADTTE").select(pl.col("PARAMCD").drop_nulls().unique(maintain_order=True)).collect()
    return tuple(codes["PARAMCD"].to_list())


def read_supplied_times(
    code: str, data: SourceData, adsl: pl.DataFrame, cutoff: date, declared: Parameter | None
) -> Times:
    """One parameter of the sponsor's ADTTE, one record per subject, in the order of ADSL.

    - Records of subjects of ADSL with SAFFL = Y; treatment and SAFFL are ADSL's. One without AVAL or CNSR is no time.
    - AVAL, CNSR and dates as supplied. Known only after D: STARTDT > D → left out; ADT > D → censored at D (ADT = D,
      AVAL counted again from STARTDT, CNSR 1, no event).
    - CEVENT: 1 of CNSR 0; 2 of a censored time where the sponsor's CEVENT is 2, or, without a CEVENT, where the subject
      died on ADT (ADSL.DTHDT); else 0.
    - PARAM: of the study file where it names the parameter, else as supplied. Unit: AVALU, else the study file's, else
      days.

    Expects data that passed `check_supplied_times`.
    """
    frame = data.frame("ADTTE").filter(pl.col("PARAMCD") == code).collect()
    wrong = {name: kind for name, kind in _ABSENT.items() if frame.schema.get(name) != kind}
    frame = frame.with_columns(
        (
            pl.col(name).cast(kind, strict=False) if name in frame.columns and kind != pl.Date else pl.lit(None, kind)
        ).alias(name)
        for name, kind in wrong.items()
    )
    unit = _unit_of(frame, declared)
    of_subject = adsl.select(
        "USUBJID", "TRT01P", "TRT01A", "SAFFL", "DTHDT", key=pl.col("USUBJID").cast(pl.String)
    ).filter(pl.col("SAFFL") == "Y")
    values = frame.select(
        pl.col("USUBJID").alias("key"), *_ABSENT, PARAMCD="PARAMCD", AVAL=pl.col("AVAL").cast(pl.Float64),
        CNSR=pl.col("CNSR").cast(pl.Int64),
    ).drop_nulls(["AVAL", "CNSR"])  # fmt: skip
    joined = of_subject.join(values, on="key", how="inner", maintain_order="left")
    joined = joined.filter(~(pl.col("STARTDT") > cutoff).fill_null(False))
    late = (pl.col("ADT") > cutoff).fill_null(False)
    last = pl.Series([cutoff], dtype=pl.Date).new_from_index(0, joined.height)
    joined = joined.with_columns(late=late, until_cutoff=in_unit(last, joined["STARTDT"], unit))
    late = pl.col("late")
    joined = joined.with_columns(
        ADT=pl.when(late).then(pl.lit(cutoff)).otherwise("ADT"),
        AVAL=pl.when(late & pl.col("STARTDT").is_not_null()).then("until_cutoff").otherwise("AVAL"),
        CNSR=pl.when(late).then(1).otherwise("CNSR"),
        EVNTDESC=pl.when(~late).then("EVNTDESC"),
        CNSDTDSC=pl.when(late).then(pl.lit(CUT)).otherwise("CNSDTDSC"),
        AVALU=pl.lit(unit.upper()),
    )
    died_then = (pl.col("DTHDT") == pl.col("ADT")).fill_null(False)
    competing = pl.when(pl.col("CEVENT").is_not_null()).then(pl.col("CEVENT") == 2).otherwise(died_then) & ~late
    event = pl.when(pl.col("CNSR") == 0).then(1).when(competing).then(2).otherwise(0)
    joined = joined.with_columns(CEVENT=event.cast(pl.Int64)).drop("late", "until_cutoff")
    known = [text for text in frame["PARAM"].unique(maintain_order=True).to_list() if text]
    name = declared.name if declared else (known[0] if known else code)
    records = joined.with_columns(PARAM=pl.lit(name)).select(VARIABLES)
    return Times(code, name, unit, records, supplied=True, unknown=of_subject.height - records.height)


def _unit_of(frame: pl.DataFrame, declared: Parameter | None) -> str:
    stated = [str(text).strip().lower() for text in frame["AVALU"].unique(maintain_order=True).drop_nulls()]
    known = [text for text in (*stated, *(f"{text}s" for text in stated)) if text in DAYS_PER_UNIT]
    return known[0] if known else declared.unit if declared else "days"


def check_supplied_times(data: SourceData) -> None:
    """ADTTE can be counted. Raises SourceError LW-FIT-012: a subject has several records of one parameter, or a time
    or CNSR below 0."""
    if "ADTTE" not in data:
        return
    frame = data.frame("ADTTE").drop_nulls(["USUBJID", "PARAMCD", "AVAL", "CNSR"])
    twice = frame.group_by("USUBJID", "PARAMCD").len().filter(pl.col("len") > 1).sort("USUBJID", "PARAMCD").collect()
    if twice.height:
        subject, code, count = twice.row(0)
        what = f"{twice.height} times a subject has several records of one PARAMCD"
        raise _unusable(what, f"USUBJID {subject}, {code}: {count} records", "one record per subject and PARAMCD")
    below = frame.filter((pl.col("AVAL") < 0) | (pl.col("CNSR") < 0)).select("USUBJID", "PARAMCD", "AVAL", "CNSR")
    found = below.collect()
    if found.height:
        subject, code, value, censored = found.row(0)
        what = f"{found.height} records have a time or CNSR below 0"
        raise _unusable(what, f"USUBJID {subject}, {code}: AVAL {value:g}, CNSR {censored:g}", "0 or more")


def _unusable(what: str, found: str, expected: str) -> SourceError:
    return SourceError(
        "LW-FIT-012",
        f"the sponsor's ADTTE cannot be counted: {what}",
        where="ADTTE",
        expected=expected,
        found=found,
        next_step="ask the data provider for a corrected ADTTE, or leave the file out of the sources: times are then "
        "derived from ADSL and ADAE",
    )
