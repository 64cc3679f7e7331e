"""Errors outside AE, one function for each rule of spec B.3. Each makes one error."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from simulation.parameters import PRODUCT, STUDY_ID
from simulation.planting import ROW, Bench, Row, as_text, record_key
from simulation.texts import add_days, study_day_of

_C = pl.col
_DM = ("RFSTDTC", "RFPENDTC", "DTHDTC")


def _rows(bench: Bench, dataset: str, *conditions: pl.Expr) -> pl.DataFrame:
    """A dataset with the subject's dates of DM, where all conditions hold."""
    dm = bench.frame("DM").select("USUBJID", *_DM)
    return bench.frame(dataset).join(dm, on="USUBJID", how="left", maintain_order="left").filter(*conditions)


def _set_date(bench: Bench, dataset: str, row: Row, variable: str, text: str) -> None:
    """A date and its study day."""
    bench.change(dataset, row, variable, text)
    bench.change(dataset, row, variable.removesuffix("DTC") + "DY", study_day_of(text, str(row["RFSTDTC"])))


def _cut(bench: Bench) -> str:
    return str(bench.frame("TS").filter(_C("TSPARMCD") == "DCUTDTC")["TSVAL"][0])


def _set_one(
    dataset: str, variable: str, value: str | None, note: str, *conditions: pl.Expr
) -> Callable[[Bench], None]:
    """An error that is one value in one record."""

    def planter(bench: Bench) -> None:
        row = bench.pick(dataset, _rows(bench, dataset, *conditions))
        bench.change(dataset, row, variable, value)
        bench.expect(dataset, row, variable, note)

    return planter


def _same_sequence(bench: Bench) -> None:
    row = bench.pick("VS", _rows(bench, "VS", _C("VSSEQ") > 1, _C("VSLOBXFL").is_null()))
    other = bench.frame("VS").filter(_C("USUBJID") == row["USUBJID"], _C("VSSEQ") == float(str(row["VSSEQ"])) - 1)
    bench.touch("VS", other)
    bench.change("VS", row, "VSSEQ", float(str(row["VSSEQ"])) - 1)
    bench.expect("VS", row, "VSSEQ", "two records of the subject have this number")


def _month_thirteen(bench: Bench) -> None:
    row = bench.pick("MH", _rows(bench, "MH"))
    bench.change("MH", row, "MHSTDTC", f"{row['MHSTDTC']}-13")
    bench.expect("MH", row, "MHSTDTC", "there is no month 13")


def _day_off_by_one(bench: Bench) -> None:
    row = bench.pick("VS", _rows(bench, "VS", _C("VSDY") > 2))
    bench.change("VS", row, "VSDY", float(str(row["VSDY"])) - 1)
    bench.expect("VS", row, "VSDY", "counted from day 0")


def _unknown_subject(bench: Bench) -> None:
    row = bench.pick("MH", _rows(bench, "MH", _C("MHDECOD") != "TYPE 1 DIABETES"))
    bench.change("MH", row, "USUBJID", f"{STUDY_ID}-999-{int(bench.rng.integers(100, 1000))}")
    bench.expect("MH", row, "USUBJID", "DM has no such subject")


_FIXED = _C("CMINDC").str.starts_with("PROPHYLAXIS") & (_C("CMCAT") == "OTHER")
_DATED = _C("CMENDTC").is_not_null() & (_C("CMENDTC") > _C("CMSTDTC"))


def _ends_before_start(bench: Bench) -> None:
    row = bench.pick("CM", _rows(bench, "CM", _FIXED, _DATED))
    _set_date(bench, "CM", row, "CMENDTC", add_days(str(row["CMSTDTC"]), -3))
    bench.expect("CM", row, "CMENDTC", "ends 3 days before it starts")


def _after_death(bench: Bench) -> None:
    cut = add_days(_cut(bench), -10)
    died = (_C("DTHDTC") == _C("RFPENDTC")) & (_C("DTHDTC") < cut)
    row = bench.pick("CM", _rows(bench, "CM", _FIXED, _DATED, died))
    death = str(row["DTHDTC"])
    _set_date(bench, "CM", row, "CMSTDTC", add_days(death, 5))
    _set_date(bench, "CM", row, "CMENDTC", add_days(death, 8))
    bench.expect("CM", row, "CMSTDTC", "starts 5 days after death")


def _after_cut(bench: Bench) -> None:
    row = bench.pick("CM", _rows(bench, "CM", _FIXED, _DATED, _C("RFPENDTC").is_null()))
    _set_date(bench, "CM", row, "CMENDTC", add_days(_cut(bench), 12))
    bench.expect("CM", row, "CMENDTC", "ends 12 days after the data cut")


def _history_after_infusion(bench: Bench) -> None:
    alive = _C("DTHDTC").is_null() & _C("RFSTDTC").is_not_null() & (_C("MHDECOD") != "TYPE 1 DIABETES")
    row = bench.pick("MH", _rows(bench, "MH", alive))
    _set_date(bench, "MH", row, "MHSTDTC", add_days(str(row["RFSTDTC"]), 40))
    bench.expect("MH", row, "MHSTDTC", "history that starts after the reference date")


def _procedure_day(bench: Bench) -> None:
    row = bench.pick("PR", _rows(bench, "PR", _C("PRCAT") == "STUDY TREATMENT ADMINISTRATION"))
    for variable in ("PRSTDTC", "PRENDTC"):
        _set_date(bench, "PR", row, variable, add_days(str(row[variable]), 1))
    bench.expect("PR", row, "PRSTDTC", "the infusion of EX was the day before")


def _death_day(bench: Bench) -> None:
    starts = bench.frame("AE").group_by("USUBJID").agg(LAST=_C("AESTDTC").str.slice(0, 10).max())
    deaths = _rows(bench, "DS", _C("DSDECOD") == "DEATH").join(starts, on="USUBJID", how="left", maintain_order="left")
    row = bench.pick("DS", deaths.filter((_C("LAST") < _C("DTHDTC")).fill_null(True)))
    _set_date(bench, "DS", row, "DSSTDTC", add_days(str(row["DSSTDTC"]), -1))
    bench.expect("DS", row, "DSSTDTC", "one day before DTHDTC")


def _completed(bench: Bench) -> pl.DataFrame:
    """DM of those who completed well before the cut, so that a later date of theirs is not after it."""
    done = bench.frame("DS").filter(_C("DSDECOD") == "COMPLETED", _C("DSSCAT") == "STUDY PARTICIPATION")["USUBJID"]
    return bench.frame("DM").filter(_C("USUBJID").is_in(done.to_list()), _C("RFPENDTC") < add_days(_cut(bench), -15))


def _date_without_flag(bench: Bench) -> None:
    row = bench.pick("DM", _completed(bench), fresh=True)
    bench.change("DM", row, "DTHDTC", add_days(str(row["RFPENDTC"]), 10))
    bench.expect("DM", row, "DTHDTC", "a date of death, but DTHFL is empty")


def _details_of_the_living(bench: Bench) -> None:
    subject = bench.pick("DM", _completed(bench), fresh=True)
    row: Row = dict.fromkeys(bench.clean["DD"].columns)
    row |= {"STUDYID": STUDY_ID, "DOMAIN": "DD", "USUBJID": subject["USUBJID"], "DDSEQ": 1.0}
    row |= {"DDTESTCD": "LOCDTH", "DDTEST": "Location of Death", "DDORRES": "HOME", "DDSTRESC": "HOME"}
    day = str(subject["RFPENDTC"])
    row |= {"DDEVAL": "INVESTIGATOR", "DDDTC": day, "DDDY": study_day_of(day, str(subject["RFSTDTC"]))}
    bench.add("DD", row)
    bench.expect("DD", row, "DDTESTCD", "details of a death of a subject who is not flagged as dead")


def _cause_lost(bench: Bench) -> None:
    fatal = bench.frame("AE").filter(_C("AEOUT") == "FATAL")["USUBJID"].to_list()
    row = bench.pick("DD", _rows(bench, "DD", _C("DDTESTCD") == "PRCDTH", ~_C("USUBJID").is_in(fatal)))
    bench.remove("DD", row)
    subject = bench.frame("DM").filter(_C("USUBJID") == row["USUBJID"]).row(0, named=True)
    bench.expect("DM", subject, "DTHFL", "died without a fatal event and without a primary cause")


def _last_treatment(bench: Bench) -> None:
    row = bench.pick("DM", bench.frame("DM").filter(_C("RFXENDTC").is_not_null()))
    bench.change("DM", row, "RFXENDTC", add_days(str(row["RFXENDTC"]), 1))
    bench.expect("DM", row, "RFXENDTC", "one day after the last record of EX")


def _consent_day(bench: Bench) -> None:
    treated = _C("RFSTDTC").is_not_null()
    row = bench.pick("DS", _rows(bench, "DS", _C("DSDECOD") == "INFORMED CONSENT OBTAINED", treated))
    _set_date(bench, "DS", row, "DSSTDTC", add_days(str(row["DSSTDTC"]), 1))
    subject = bench.frame("DM").filter(_C("USUBJID") == row["USUBJID"]).row(0, named=True)
    bench.expect("DM", subject, "RFICDTC", "consent in DS is a day later")


def _unknown_visit(bench: Bench) -> None:
    row = bench.pick("VS", _rows(bench, "VS", _C("VSLOBXFL").is_null()))
    bench.change("VS", row, "VISITNUM", 77.0)
    bench.change("VS", row, "VISIT", "VISIT 77")
    bench.expect("VS", row, "VISITNUM", "SV has no such visit of the subject")


def _percent_in_mmol(bench: Bench) -> None:
    rows = _rows(bench, "LB", _C("LBTESTCD") == "HBA1C", _C("LBSTRESN").is_not_null(), _C("LBLOBXFL").is_null())
    row = bench.pick("LB", rows)
    value = round(10.93 * float(str(row["LBSTRESN"])) - 23.5)
    bench.change("LB", row, "LBSTRESN", float(value))
    for variable in ("LBORRES", "LBSTRESC"):
        bench.change("LB", row, variable, str(value))
    if row["LBNRIND"] != "HIGH":
        bench.change("LB", row, "LBNRIND", "HIGH")
    bench.expect("LB", row, "LBSTRESN", "a value in mmol/mol under the unit %")


def _text_and_number(bench: Bench) -> None:
    row = bench.pick("LB", _rows(bench, "LB", _C("LBSTRESN").is_not_null(), _C("LBTESTCD") == "PLAT"))
    bench.change("LB", row, "LBSTRESC", str(int(float(str(row["LBSTRESN"]))) + 10))
    bench.expect("LB", row, "LBSTRESC", "differs from LBSTRESN")


def _sign_twice(bench: Bench) -> None:
    rows = _rows(bench, "VS", _C("VSTESTCD") == "PULSE", _C("VSLOBXFL").is_null())
    row = bench.pick("VS", rows)
    own = bench.frame("VS").filter(_C("USUBJID") == row["USUBJID"])
    copy: Row = {name: row[name] for name in bench.clean["VS"].columns}
    copy |= {"VSSEQ": float(own.height + 1), "VSDTC": f"{row['VSDTC']}T11:05"}
    bench.add("VS", copy)
    found_as = f"USUBJID={row['USUBJID']} VSTESTCD=PULSE VISITNUM={as_text(row['VISITNUM'])}"
    bench.expect(
        "VS", copy, "VSTESTCD", "the same sign twice at one visit", others=record_key("VS", row), found_as=found_as
    )


def _missed_visit_lost(bench: Bench) -> None:
    # The subject came to a later visit, so that the window was over by the cut, and was never lost.
    lost = bench.frame("DS").filter(_C("DSDECOD") == "LOST TO FOLLOW-UP")["USUBJID"].to_list()
    held = bench.frame("SV").filter(_C("SVSTDTC").is_not_null(), _C("VISITNUM") < 50)
    last = held.group_by("USUBJID").agg(LAST=_C("VISITNUM").max())
    missed = _rows(bench, "SV", _C("SVOCCUR") == "N", ~_C("USUBJID").is_in(lost)).join(last, on="USUBJID")
    row = bench.pick("SV", missed.filter(_C("VISITNUM") < _C("LAST")).sort(ROW))
    bench.remove("SV", row)
    bench.expect("SV", row, "VISITNUM", "window closed, neither a visit nor a missed one")


def _out_of_contact(bench: Bench) -> None:
    since = add_days(_cut(bench), -300)
    watched = _C("RFPENDTC").is_null() & _C("DTHDTC").is_null() & (_C("RFSTDTC") < add_days(_cut(bench), -700))
    subject = bench.pick("DM", bench.frame("DM").filter(watched))
    contacts = bench.frame("CONTACT").filter(_C("USUBJID") == subject["USUBJID"], _C("DTC") > since)
    for contact in contacts.iter_rows(named=True):
        bench.remove("CONTACT", contact)
    found_as = f"USUBJID={subject['USUBJID']}"
    last = contacts.row(-1, named=True)
    bench.expect("CONTACT", last, "DTC", "no contact in the last 300 days", found_as=found_as)


def _attempts_lost(bench: Bench) -> None:
    row = bench.pick("DS", _rows(bench, "DS", _C("DSDECOD") == "LOST TO FOLLOW-UP"))
    attempts = bench.frame("CONTACT").filter(_C("USUBJID") == row["USUBJID"], _C("NOTE") == "Search for subject")
    for attempt in attempts.head(attempts.height - 2).iter_rows(named=True):
        bench.remove("CONTACT", attempt)
    bench.expect("DS", row, "DSDECOD", "two documented attempts only")


_PRODUCT = _C("EXTRT") == PRODUCT
_WHOLE = _PRODUCT & (_C("EXDOSE") == _C("EXDOSTOT"))


def _released_too_late(bench: Bench) -> None:
    once = pl.len().over("EXLOT") == 1
    row = bench.pick("EX", _rows(bench, "EX", _PRODUCT).filter(once))
    lot = bench.pick("LOT", bench.frame("LOT").filter(_C("LOTID") == row["EXLOT"]))
    bench.change("LOT", lot, "RELDATE", add_days(str(row["EXSTDTC"])[:10], 5))
    bench.expect("EX", row, "EXLOT", "used 5 days before the lot was released", others=record_key("LOT", lot))


def _split_dose(bench: Bench) -> None:
    row = bench.pick("EX", _rows(bench, "EX", _PRODUCT, _C("EXDOSE") < _C("EXDOSTOT")))
    bench.change("EX", row, "EXDOSE", float(str(row["EXDOSE"])) - 50)
    parts = bench.frame("EX").filter(_C("USUBJID") == row["USUBJID"], _C("EXGRPID") == row["EXGRPID"], _PRODUCT)
    first = parts.sort("EXSTDTC").row(0, named=True)
    found_as = record_key("EX", first)
    bench.expect("EX", row, "EXDOSE", "the doses of the two lots do not add up to EXDOSTOT", found_as=found_as)


def _assistance_lost(bench: Bench) -> None:
    row = bench.pick("CE", _rows(bench, "CE", _C("CESCAT") == "LEVEL 3"))
    record = bench.frame("FA").filter(
        _C("USUBJID") == row["USUBJID"], _C("FALNKID") == row["CELNKID"], _C("FATESTCD") == "ASSIST"
    )
    assistance = record.row(0, named=True)
    bench.remove("FA", assistance)
    link = bench.frame("RELREC").filter(
        _C("USUBJID") == row["USUBJID"],
        _C("RDOMAIN") == "FA",
        _C("IDVARVAL") == str(int(assistance["FASEQ"])),
    )
    bench.remove("RELREC", link.row(0, named=True))
    bench.expect("CE", row, "CESCAT", "level 3 without a record of assistance")


def _no_parameter(code: str) -> Callable[[Bench], None]:
    def planter(bench: Bench) -> None:
        row = bench.pick("TS", bench.frame("TS").filter(_C("TSPARMCD") == code))
        bench.remove("TS", row)
        bench.expect("TS", row, "TSPARMCD", f"TS has no {code}")

    return planter


OTHER_PLANTERS: dict[str, Callable[[Bench], None]] = {
    "CH01": _ends_before_start,
    "CH05": _after_death,
    "CH08": _history_after_infusion,
    "CH10": _procedure_day,
    "CT04": _set_one("DM", "DTHFL", "N", "DTHFL is Y or empty", _C("DTHFL").is_null()),
    "DT01": _month_thirteen,
    "DT03": _day_off_by_one,
    "DT04": _set_one("VS", "VSDY", None, "both dates are complete", _C("VSDY").is_not_null()),
    "DT05": _after_cut,
    "DU03": _sign_twice,
    "FU01": _missed_visit_lost,
    "FU03": _out_of_contact,
    "FU04": _attempts_lost,
    "GF03": _assistance_lost,
    "KY03": _same_sequence,
    "LB02": _percent_in_mmol,
    "LT01": _set_one("EX", "EXLOT", None, "a dose of cells without its lot", _WHOLE),
    "LT02": _set_one("EX", "EXLOT", "SCI-999-99", "no such lot", _WHOLE),
    "LT03": _released_too_late,
    "LT04": _split_dose,
    "SR05": _death_day,
    "SR06": _details_of_the_living,
    "SR07": _date_without_flag,
    "SR08": _cause_lost,
    "ST02": _no_parameter("SSTDTC"),
    "ST13": _no_parameter("DCUTDESC"),
    "UN02": _set_one("LB", "LBSTRESU", None, "a number without a unit", _C("LBSTRESN").is_not_null()),
    "UN04": _text_and_number,
    "XR01": _unknown_subject,
    "XR02": _unknown_visit,
    "XR07": _last_treatment,
    "XR08": _consent_day,
}
