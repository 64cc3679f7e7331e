"""Errors in adverse events (AE, SUPPAE), one function for each rule of spec B.3. Each makes one error."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from simulation.planting import ROW, Bench, Row, as_text, record_key
from simulation.texts import add_days, study_day_of

_C = pl.col
_NOT_SERIOUS, _SERIOUS, _FATAL = _C("AESER") == "N", _C("AESER") == "Y", _C("AEOUT") == "FATAL"
_ALONE = pl.len().over("USUBJID", "AEDECOD") == 1
_EMERGENT = _C("AESTDY") > 1
_ENDED = _C("AEOUT") == "RECOVERED/RESOLVED"
_DAY = _C("AESTDTC").str.len_chars() == 10


def _events(bench: Bench, *conditions: pl.Expr) -> pl.DataFrame:
    """AE with the dates of DM, where all conditions hold."""
    dm = bench.frame("DM").select("USUBJID", "RFSTDTC", "RFICDTC", "DTHDTC")
    return bench.frame("AE").join(dm, on="USUBJID", how="left", maintain_order="left").filter(*conditions)


def _set_one(
    variable: str, value: str, note: str, *conditions: pl.Expr, shared: bool = False
) -> Callable[[Bench], None]:
    """An error that is one value in one event."""

    def planter(bench: Bench) -> None:
        row = bench.pick("AE", _events(bench, *conditions), shared=shared)
        bench.change("AE", row, variable, value)
        bench.expect("AE", row, variable, note)

    return planter


def _uncoded(bench: Bench) -> None:
    once = pl.len().over("AETERM") == 1
    row = bench.pick("AE", _events(bench, once, _ALONE, _NOT_SERIOUS, _EMERGENT))
    for variable in (
        "AELLT", "AELLTCD", "AEDECOD", "AEPTCD", "AEHLT", "AEHLTCD", "AEHLGT", "AEHLGTCD", "AEBODSYS", "AEBDSYCD",
        "AESOC", "AESOCCD",
    ):  # fmt: skip
        bench.change("AE", row, variable, None)
    bench.expect("AE", row, "AEDECOD", "the event is not coded")
    bench.expect("AE", row, "AEDECOD", "AEDECOD is a required variable", rule="ST05")


def _before_consent(bench: Bench) -> None:
    row = bench.pick("AE", _events(bench, _ALONE, _DAY, _NOT_SERIOUS, _C("AESTDY") < 0, _C("AEENDTC").is_not_null()))
    start = add_days(str(row["RFICDTC"]), -10)
    bench.change("AE", row, "AESTDTC", start)
    bench.change("AE", row, "AESTDY", study_day_of(start, str(row["RFSTDTC"])))
    bench.expect("AE", row, "AESTDTC", "starts 10 days before informed consent")


def _criterion_lost(bench: Bench) -> None:
    only = (_C("AESHOSP") == "Y") & pl.all_horizontal(_C("AESLIFE", "AESDISAB", "AESMIE", "AESDTH") == "N")
    row = bench.pick("AE", _events(bench, _SERIOUS, only))
    bench.change("AE", row, "AESHOSP", "N")
    bench.expect("AE", row, "AESER", "serious without a criterion")


def _death_criterion_of_the_living(bench: Bench) -> None:
    alive = _C("DTHDTC").is_null()
    row = bench.pick("AE", _events(bench, _SERIOUS, alive, ~_FATAL, _C("RFSTDTC").is_not_null()), fresh=True)
    bench.change("AE", row, "AESDTH", "Y")
    bench.expect("AE", row, "AESDTH", "death by this event, but the subject is not flagged as dead")
    bench.expect("AE", row, "AESDTH", "death by this event, but its outcome is not FATAL", rule="SR03")


def _fatal_end(bench: Bench) -> None:
    row = bench.pick("AE", _events(bench, _FATAL), shared=True)  # a small study may have one only
    end = add_days(str(row["AEENDTC"]), -1)
    bench.change("AE", row, "AEENDTC", end)
    bench.change("AE", row, "AEENDY", study_day_of(end, str(row["RFSTDTC"])))
    bench.expect("AE", row, "AEENDTC", "the fatal event ends the day before death")


def _end_lost(bench: Bench) -> None:
    row = bench.pick("AE", _events(bench, _ENDED, _ALONE, _NOT_SERIOUS, _EMERGENT, _C("AEENDTC").is_not_null()))
    bench.change("AE", row, "AEENDTC", None)
    bench.change("AE", row, "AEENDY", None)
    bench.expect("AE", row, "AEENDTC", "recovered, but no end date")


def _hospital_in_text(bench: Bench) -> None:
    row = bench.pick("AE", _events(bench, _NOT_SERIOUS))
    bench.change("AE", row, "AETERM", f"{row['AETERM']}, hospitalised")
    bench.expect("AE", row, "AETERM", "hospitalised by its text, but AESHOSP is N")


def _twice(bench: Bench) -> None:
    row = bench.pick("AE", _events(bench, _ENDED, _ALONE, _DAY, _NOT_SERIOUS, _EMERGENT))
    own = bench.frame("AE").filter(_C("USUBJID") == row["USUBJID"])
    seq = own["AESEQ"].len() + 1
    copy: Row = {name: row[name] for name in bench.clean["AE"].columns}
    copy |= {"AESEQ": float(seq), "AESPID": f"E{seq:03}"}
    bench.add("AE", copy)
    qualifiers = bench.frame("SUPPAE").filter(_C("USUBJID") == row["USUBJID"], _C("IDVARVAL") == as_text(row["AESEQ"]))
    for qualifier in qualifiers.drop(ROW).iter_rows(named=True):
        bench.add("SUPPAE", {**qualifier, "IDVARVAL": str(seq)})
    first = record_key("AE", row)
    names = ("USUBJID", "AEDECOD", "AESTDTC", "AESEV")
    found_as = " ".join(f"{name}={as_text(row[name])}" for name in names)
    bench.expect("AE", copy, "AETERM", "the same event entered twice", others=first, found_as=found_as)
    bench.expect("AE", copy, "AETERM", "the two entries overlap in time", rule="DU02", others=first)


def _qualifier_twice(bench: Bench) -> None:
    row = bench.pick("SUPPAE", bench.frame("SUPPAE").filter(_C("QNAM") == "AERELIS"))
    value = "UNLIKELY RELATED" if row["QVAL"] == "NOT RELATED" else "NOT RELATED"
    copy: Row = {name: row[name] for name in bench.clean["SUPPAE"].columns}
    copy |= {"QVAL": value, "QEVAL": "SPONSOR"}
    bench.add("SUPPAE", copy)
    bench.expect("SUPPAE", copy, "QVAL", "two opinions under one qualifier name")


def _qualifier_without_parent(bench: Bench) -> None:
    row = bench.pick("SUPPAE", bench.frame("SUPPAE").filter(_C("QNAM") == "AERELPRC"))
    bench.change("SUPPAE", row, "IDVARVAL", "999")
    bench.expect("SUPPAE", row, "IDVARVAL", "no AE record has this AESEQ")


EVENT_PLANTERS: dict[str, Callable[[Bench], None]] = {
    "CH03": _before_consent,
    "CT03": _set_one("AESCONG", "U", "a criterion that is neither Y nor N", _NOT_SERIOUS),
    "CT08": _uncoded,
    "CT09": _set_one("AEREL", "REMOTE", "not in the study's relatedness mapping", _NOT_SERIOUS, _EMERGENT),
    "CT10": _set_one("AETOXGR", "4", "MILD with grade 4", _C("AESEV") == "MILD", _NOT_SERIOUS),
    "DU01": _twice,
    "KY05": _qualifier_twice,
    "SR01": _criterion_lost,
    "SR02": _set_one("AESHOSP", "Y", "a criterion is met, but AESER is N", _NOT_SERIOUS, _EMERGENT),
    "SR03": _set_one("AESDTH", "N", "outcome FATAL, but AESDTH is N", _FATAL, shared=True),
    "SR04": _death_criterion_of_the_living,
    "SR09": _fatal_end,
    "SR10": _set_one("AETOXGR", "5", "grade 5, but the outcome is not FATAL", _C("AESEV") == "SEVERE", ~_FATAL),
    "SR11": _hospital_in_text,
    "SR12": _set_one("AEACN", "DRUG WITHDRAWN", "no such disposition of treatment", _NOT_SERIOUS, _EMERGENT),
    "SR14": _end_lost,
    "XR06": _qualifier_without_parent,
}
