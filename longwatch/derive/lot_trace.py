"""Tracing lots through the data as it is, cut at no day: lot → subjects → events, event → lots → cell bank → others.

A dose counts where it was given (not EXOCCUR = N, not of zero) and is of a product of the study. What cannot be traced
is said, never left out: doses without a lot, and lots whose cell bank is not known, may come from anywhere (spec D.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from longwatch.derive.coded import code_text
from longwatch.derive.exposure import derive_dosed
from longwatch.errors import SourceError, StudyError
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import earliest_day, latest_day
from longwatch.standards.nearest import did_you_mean
from longwatch.study import Study

LOT_FACTS = ("PRODUCT", "SOURCE", "CELLBANK", "DIFFRUN", "MFG_DATE", "RELDATE", "EXPIRY", "STATUS", "RECALLDT")
_DOSE = ("USUBJID", "EXTRT", "EXLOT", "EXDOSE", "EXDOSU", "EXDOSTXT", "EXOCCUR", "EXSTDTC")
_EVENT = ("AESEQ", "AEDECOD", "AESTDTC", "AEENDTC", "AESEV", "AETOXGR", "AESER", "AEREL", "AEOUT")
_OF_DOSE = ("USUBJID", "ARM", "LOTID", "EXSTDTC", "EXDOSE", "EXDOSU")
BANK_SEPARATOR = "/"
"""`MCB-01/WCB-02/LINE-7`: master bank, working bank, line; each part names a bank."""


@dataclass(frozen=True)
class Trace:
    """`rows`: one line each, by column. `not_traced`: in words, what may belong to the answer and cannot be told."""

    rows: list[dict[str, object]]
    not_traced: tuple[str, ...] = ()


def list_lots(data: SourceData, study: Study) -> Trace:
    """Every lot of LOT and of EX, by id: subjects who got it, tests not passed, and what LOT says of it."""
    doses, lots = _doses(data, study), _lots(data)
    used = doses.drop_nulls("LOTID").group_by("LOTID").agg(subjects=pl.col("USUBJID").n_unique(), doses=pl.len())
    named = pl.concat([lots.select("LOTID"), used.select("LOTID")]).unique().sort("LOTID")
    tests = _tests(data)
    rows = (
        named.join(used, on="LOTID", how="left")
        .join(tests, on="LOTID", how="left")
        .join(lots, on="LOTID", how="left")
        .with_columns(pl.col("subjects", "doses").fill_null(0))
        .sort("LOTID")
    )
    return Trace(rows.to_dicts(), _untraced(doses))


def trace_lot(data: SourceData, study: Study, lot: str) -> Trace:
    """Forward: the subjects who got a lot, each dose with the adverse events that can have started on its day or later;
    a dose without one has a line of its own. Raises StudyError LW-LOT-002 where neither EX nor LOT has the lot."""
    doses, lots = _doses(data, study), _lots(data)
    known = {*lots["LOTID"].to_list(), *doses["LOTID"].drop_nulls().to_list()}
    if lot not in known:
        raise StudyError(
            "LW-LOT-002",
            f"there is no lot {lot!r}{did_you_mean(lot, known)}",
            where="EX.EXLOT, LOT.LOTID",
            next_step="`longwatch lot list STUDY.yaml` lists the lots",
        )
    given = doses.filter(pl.col("LOTID") == lot).join(lots, on="LOTID", how="left", maintain_order="left")
    events = _events(data)
    after = given.select("_dose", "USUBJID", "day").join(events, on="USUBJID", maintain_order="left_right")
    after = after.filter((pl.col("latest") >= pl.col("day")).fill_null(True)).drop("USUBJID", "day", "latest")
    rows = given.join(after, on="_dose", how="left", maintain_order="left_right")
    kept = [name for name in (*_OF_DOSE, *_EVENT, "CELLBANK", "STATUS", "RECALLDT") if name in rows.columns]
    return Trace(rows.select(kept).to_dicts(), _untraced(doses))


def trace_subject(data: SourceData, study: Study, subject: str, event: int | None = None) -> Trace:
    """Backward: the lots that a subject got (of an event, by its AESEQ: those given on its day or before), their cell
    banks, and every dose of other subjects from the same banks (of a lot of no known bank: from that lot). One line per
    own lot and other dose; a lot without others has a line of its own. Raises StudyError LW-LOT-003 where there is no
    such subject or event."""
    doses, lots = _doses(data, study), _lots(data)
    mine = doses.filter(pl.col("USUBJID") == subject)
    if mine.is_empty():
        raise StudyError(
            "LW-LOT-003",
            "the subject got no dose of a product of the study",
            where="EX.USUBJID",
            found=subject,
            next_step="give the USUBJID as EX has it, in full",
        )
    told = pl.DataFrame()
    if event is not None:
        told = _events(data).filter(pl.col("USUBJID") == subject, pl.col("AESEQ") == event)
        if told.is_empty():
            raise StudyError(
                "LW-LOT-003",
                "the subject has no such adverse event",
                where="AE.AESEQ",
                found=str(event),
                next_step="give AESEQ as AE has it in this snapshot",
            )
        mine = mine.filter((pl.lit(told["latest"][0]) >= pl.col("day")).fill_null(True))
    # Of a lot whose bank is not known, the lot itself is what others may share.
    origin = pl.coalesce("CELLBANK", pl.lit("lot ") + pl.col("LOTID")).alias("_origin")
    banked = doses.join(lots.select("LOTID", "CELLBANK"), on="LOTID", how="left", maintain_order="left")
    mine = mine.select("_dose").join(banked.with_columns(origin), on="_dose", maintain_order="left")
    others = (
        banked.filter(pl.col("USUBJID") != subject)
        .select(origin, OTHER_USUBJID="USUBJID", OTHER_ARM="ARM", OTHER_LOTID="LOTID", OTHER_EXSTDTC="EXSTDTC")
        .drop_nulls("_origin")
    )
    rows = mine.join(others, on="_origin", how="left", maintain_order="left_right")
    of_event = [pl.lit(told[name][0]).alias(name) for name in ("AESEQ", "AEDECOD", "AESTDTC") if name in told.columns]
    kept = (*_OF_DOSE, "CELLBANK", "OTHER_USUBJID", "OTHER_ARM", "OTHER_LOTID", "OTHER_EXSTDTC")
    return Trace(rows.select(*of_event, *kept).to_dicts(), (*_untraced(doses), *_unknown_banks(doses, lots)))


def recall_bank(data: SourceData, study: Study, bank: str) -> Trace:
    """Who got a lot from a cell bank, dose by dose: by the whole CELLBANK, or by a part of it (`MCB-01`). Raises
    StudyError LW-LOT-004 where no lot is of the bank."""
    doses, lots = _doses(data, study), _lots(data)
    parts = pl.col("CELLBANK").str.split(BANK_SEPARATOR).list.eval(pl.element().str.strip_chars())
    of_bank = lots.filter((pl.col("CELLBANK") == bank) | parts.list.contains(bank))
    if of_bank.is_empty():
        banks = lots["CELLBANK"].drop_nulls().unique().sort().to_list()
        names = {*banks, *(part.strip() for text in banks for part in text.split(BANK_SEPARATOR))}
        raise StudyError(
            "LW-LOT-004",
            f"no lot is from a cell bank {bank!r}{did_you_mean(bank, names)}",
            where="LOT.CELLBANK",
            expected=", ".join(banks) or "a cell bank",
            next_step="give the bank as LOT has it, or a part of it between slashes",
        )
    rows = doses.join(of_bank.select("LOTID", "CELLBANK", "STATUS", "RECALLDT"), on="LOTID", maintain_order="left")
    return Trace(
        rows.sort("USUBJID", "_dose").select(*_OF_DOSE, "CELLBANK", "STATUS", "RECALLDT").to_dicts(),
        (*_untraced(doses), *_unknown_banks(doses, lots)),
    )


def _text(frame: pl.LazyFrame, names: tuple[str, ...]) -> list[pl.Expr]:
    there = frame.collect_schema()
    return [
        pl.col(name).cast(pl.String).str.strip_chars().replace("", None)
        if name in there and not there[name].is_numeric()
        else pl.col(name)
        if name in there
        else pl.lit(None, pl.String).alias(name)
        for name in names
    ]


def _doses(data: SourceData, study: Study) -> pl.DataFrame:
    """Doses of a product that were given, in source order: `_dose` (its place), USUBJID, ARM, LOTID, its date and
    amount, `day` (the first that its date can mean). Raises SourceError LW-LOT-001 where EX has no EXLOT."""
    if "EX" not in data or "EXLOT" not in data.datasets["EX"].columns:
        raise SourceError(
            "LW-LOT-001",
            "no lot can be traced: the data does not say which lot was given",
            where="EX",
            expected="EXLOT in EX",
            found=", ".join(data.datasets["EX"].columns[:12]) if "EX" in data else "no dataset EX",
            next_step="ask the data provider for EX with EXLOT",
        )
    ex = data.frame("EX")
    there = set(ex.collect_schema())
    read = ex.select(_text(ex, _DOSE)).collect()
    amounts = code_text(read.select(name for name in _DOSE if name in there)).with_columns(subject=pl.lit(0))
    read = read.filter(derive_dosed(amounts)).with_row_index("_dose")
    if study.treatment.products and "EXTRT" in there:
        read = read.filter(pl.col("EXTRT").is_in(study.treatment.products))
    read = read.rename({"EXLOT": "LOTID"}).with_columns(day=earliest_day(pl.col("EXSTDTC")))
    return read.join(_arms(data), on="USUBJID", how="left", maintain_order="left")


def _arms(data: SourceData) -> pl.DataFrame:
    dm = data.frame("DM") if "DM" in data else pl.LazyFrame(schema={"USUBJID": pl.String})
    read = dm.select(_text(dm, ("USUBJID", "ACTARM", "ARM"))).collect()
    arm = pl.coalesce("ACTARM", "ARM").alias("ARM")
    return read.select("USUBJID", arm).drop_nulls("USUBJID").unique("USUBJID", keep="first", maintain_order=True)


def _lots(data: SourceData) -> pl.DataFrame:
    frame = data.frame("LOT") if "LOT" in data else pl.LazyFrame(schema={"LOTID": pl.String})
    read = frame.select(_text(frame, ("LOTID", *LOT_FACTS))).collect()
    return read.drop_nulls("LOTID").unique("LOTID", keep="first", maintain_order=True)


def _tests(data: SourceData) -> pl.DataFrame:
    frame = data.frame("LOTTEST") if "LOTTEST" in data else pl.LazyFrame(schema={"LOTID": pl.String})
    read = frame.select(_text(frame, ("LOTID", "TEST", "PASS"))).collect()
    not_passed = (pl.col("PASS") != "Y").fill_null(True)
    return read.group_by("LOTID").agg(
        tests=pl.len(), not_passed=not_passed.sum(), which=pl.col("TEST").filter(not_passed).str.join("; ")
    )


def _events(data: SourceData) -> pl.DataFrame:
    """Adverse events with the last day that their start can mean."""
    ae = data.frame("AE") if "AE" in data else pl.LazyFrame(schema={"USUBJID": pl.String})
    read = ae.select(_text(ae, ("USUBJID", *_EVENT))).collect()
    return read.with_columns(pl.col("AESEQ").cast(pl.Int64, strict=False), latest=latest_day(pl.col("AESTDTC")))


def _untraced(doses: pl.DataFrame) -> tuple[str, ...]:
    missing = doses.filter(pl.col("LOTID").is_null())
    if missing.is_empty():
        return ()
    who = ", ".join(missing["USUBJID"].unique().sort().to_list())
    return (f"{missing.height} doses have no lot (EXLOT) and may be of any: {who}",)


def _unknown_banks(doses: pl.DataFrame, lots: pl.DataFrame) -> tuple[str, ...]:
    known = lots.drop_nulls("CELLBANK")["LOTID"]
    unknown = doses.drop_nulls("LOTID").filter(~pl.col("LOTID").is_in(known.implode()))
    by_lot: Mapping[str, list[str]] = {
        str(lot): sorted(set(who)) for lot, who in unknown.group_by("LOTID").agg("USUBJID").sort("LOTID").iter_rows()
    }
    return tuple(
        f"lot {lot} was given, and its cell bank is not known (LOT): {', '.join(who)}" for lot, who in by_lot.items()
    )
