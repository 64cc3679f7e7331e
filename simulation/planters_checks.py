"""Errors that compare records: units, laboratory, duplicates, visits, lots. One function for each rule of spec B.3."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from simulation.parameters import PRODUCT, STUDY_ID
from simulation.planting import Bench, Row, as_text
from simulation.texts import add_days, study_day_of

_C = pl.col
_LATER = _C("LBLOBXFL").is_null() & _C("LBSTRESN").is_not_null()


def _rows(bench: Bench, dataset: str, *conditions: pl.Expr) -> pl.DataFrame:
    """A dataset with the subject's dates of DM, where all conditions hold."""
    dm = bench.frame("DM").select("USUBJID", "RFSTDTC", "RFPENDTC", "DTHDTC")
    return bench.frame(dataset).join(dm, on="USUBJID", how="left", maintain_order="left").filter(*conditions)


def _cut(bench: Bench) -> str:
    return str(bench.frame("TS").filter(_C("TSPARMCD") == "DCUTDTC")["TSVAL"][0])


def _set_one(
    dataset: str, variable: str, value: str | float | None, note: str, *conditions: pl.Expr
) -> Callable[[Bench], None]:
    """An error that is one value in one record."""

    def planter(bench: Bench) -> None:
        row = bench.pick(dataset, _rows(bench, dataset, *conditions))
        bench.change(dataset, row, variable, value)
        bench.expect(dataset, row, variable, note)

    return planter


def _result(bench: Bench, row: Row, value: float, *, collected: bool = True) -> None:
    """A laboratory result, as number, as text and, where that is in the same unit, as collected."""
    bench.change("LB", row, "LBSTRESN", value)
    for variable in ("LBSTRESC", *(("LBORRES",) if collected else ())):
        bench.change("LB", row, variable, as_text(value))


def _course_twice(bench: Bench) -> None:
    row = bench.pick("CM", _rows(bench, "CM", _C("CMENDTC").is_not_null(), _C("CMCAT") == "OTHER"))
    own = bench.frame("CM").filter(_C("USUBJID") == row["USUBJID"])
    copy: Row = {name: row[name] for name in bench.clean["CM"].columns}
    copy |= {"CMSEQ": float(own.height + 1), "CMSPID": f"M{own.height + 1:03d}"}
    bench.add("CM", copy)
    found_as = f"USUBJID={row['USUBJID']} CMTRT={row['CMTRT']} CMSTDTC={row['CMSTDTC']}"
    bench.expect("CM", copy, "CMTRT", "the same course entered twice", found_as=found_as)


def _range_exchanged(bench: Bench) -> None:
    row = bench.pick("LB", _rows(bench, "LB", _LATER, _C("LBTESTCD") == "PLAT"))
    low, high = row["LBSTNRLO"], row["LBSTNRHI"]
    bench.change("LB", row, "LBSTNRLO", float(str(high)))
    bench.change("LB", row, "LBSTNRHI", float(str(low)))
    bench.expect("LB", row, "LBSTNRLO", "the ends of the range are exchanged")


def _second_baseline(bench: Bench) -> None:
    row = bench.pick("LB", _rows(bench, "LB", _LATER, _C("LBTESTCD") == "HGB", _C("VISITNUM") == 1))
    bench.change("LB", row, "LBLOBXFL", "Y")
    found_as = f"USUBJID={row['USUBJID']} LBTESTCD=HGB"
    bench.expect("LB", row, "LBLOBXFL", "a second baseline", found_as=found_as)


def _point_lost(bench: Bench) -> None:
    row = bench.pick("VS", _rows(bench, "VS", _C("VSTESTCD") == "TEMP", _C("VSLOBXFL").is_null()))
    value = round(float(str(row["VSSTRESN"])) * 10)
    bench.change("VS", row, "VSSTRESN", float(value))
    for variable in ("VSORRES", "VSSTRESC"):
        bench.change("VS", row, variable, str(value))
    bench.expect("VS", row, "VSSTRESN", "the decimal point is lost")


_CPEPTIDE = _C("LBTESTCD") == "CPEPTIDE"


def _not_converted(bench: Bench) -> None:
    stimulated = (_C("LBTPTNUM") == 90) & (_C("LBSTRESN") > 0.2)
    row = bench.pick("LB", _rows(bench, "LB", _LATER, _CPEPTIDE, stimulated, _C("LBORRESU") == "ng/mL"))
    _result(bench, row, float(str(row["LBORRES"])), collected=False)
    bench.expect("LB", row, "LBSTRESN", "ng/mL taken as nmol/L")


def _samples_exchanged(bench: Bench) -> None:
    high = bench.frame("LB").filter(_CPEPTIDE, _C("LBTPTNUM") > 0)
    high = high.group_by("USUBJID", "VISITNUM").agg(HIGH=_C("LBSTRESN").max())
    rows = _rows(bench, "LB", _LATER, _CPEPTIDE, _C("LBTPTNUM") == 0, _C("LBORRESU") == "nmol/L")
    rows = rows.join(high, on=["USUBJID", "VISITNUM"], how="left", maintain_order="left")
    row = bench.pick("LB", rows.filter(_C("HIGH").is_between(0.1, 5)))
    _result(bench, row, round(float(str(row["HIGH"])) * 2.5, 3))
    bench.expect("LB", row, "LBSTRESN", "fasting more than twice the stimulated value")


def _detectable(bench: Bench) -> None:
    baseline = (_C("LBLOBXFL") == "Y") & _C("LBSTRESN").is_null() & (_C("LBORRESU") == "nmol/L")
    row = bench.pick("LB", _rows(bench, "LB", _CPEPTIDE, baseline))
    _result(bench, row, 0.12)
    bench.expect("LB", row, "LBSTRESN", "detectable before the infusion")


def _fell_by_a_factor(bench: Bench) -> None:
    last = _C("LBDTC") == _C("LBDTC").max().over("USUBJID", "LBTESTCD")
    row = bench.pick("LB", _rows(bench, "LB", _C("LBTESTCD") == "PLAT", last).filter(_LATER))
    _result(bench, row, 4.0)
    bench.expect("LB", row, "LBSTRESN", "a small part of the value before")


def _level_lost(bench: Bench) -> None:
    given = _rows(bench, "LB", _C("LBTESTCD") == "TACRO", _C("VISITNUM") > 3, _C("VISITNUM") < 50)
    courses = bench.frame("CM").filter(_C("CMTRT") == "TACROLIMUS").select("USUBJID", "CMENDTC")
    given = given.join(courses, on="USUBJID", how="left", maintain_order="left")
    row = bench.pick("LB", given.filter(_C("CMENDTC").is_null() | (_C("LBDTC") < _C("CMENDTC"))))
    bench.remove("LB", row)
    visit = bench.frame("SV").filter(_C("USUBJID") == row["USUBJID"], _C("VISITNUM") == row["VISITNUM"])
    bench.expect("SV", visit.row(0, named=True), "VISITNUM", "no level of tacrolimus at the visit")


def _held_late(bench: Bench) -> None:
    early = _C("SVSTDTC") < add_days(_cut(bench), -120)
    rows = _rows(bench, "SV", _C("SVCNTMOD") == "TELEPHONE CALL", early, _C("RFPENDTC").is_null())
    row = bench.pick("SV", rows)
    for variable in ("SVSTDTC", "SVENDTC"):
        date = add_days(str(row[variable]), 75)
        bench.change("SV", row, variable, date)
        bench.change("SV", row, variable.replace("DTC", "DY"), study_day_of(date, str(row["RFSTDTC"])))
    bench.expect("SV", row, "SVSTDTC", "held after the window closed")


def _after_withdrawal(bench: Bench) -> None:
    withdrawn = bench.frame("DS").filter(_C("DSDECOD") == "WITHDRAWAL BY SUBJECT")
    withdrawn = withdrawn.select("USUBJID", WITHDREW=_C("DSSTDTC"))
    rows = _rows(bench, "CM", _C("CMENDTC").is_not_null(), _C("CMCAT") == "OTHER").join(withdrawn, on="USUBJID")
    row = bench.pick("CM", rows.filter(_C("WITHDREW") < add_days(_cut(bench), -60)), shared=True)
    date = add_days(str(row["WITHDREW"]), 20)
    bench.change("CM", row, "CMENDTC", date)
    bench.change("CM", row, "CMENDY", study_day_of(date, str(row["RFSTDTC"])))
    bench.expect("CM", row, "CMENDTC", "20 days after consent was withdrawn")


def _found_again(bench: Bench) -> None:
    lost = _C("DSSTDTC") < add_days(_cut(bench), -60)
    row = bench.pick("DS", _rows(bench, "DS", _C("DSDECOD") == "LOST TO FOLLOW-UP", lost))
    contact: Row = dict.fromkeys(bench.clean["CONTACT"].columns)
    contact |= {"STUDYID": STUDY_ID, "USUBJID": row["USUBJID"], "DTC": add_days(str(row["DSSTDTC"]), 30)}
    contact |= {"MODE": "PHONE", "DIRECTN": "INBOUND", "RESULT": "REACHED", "NOTE": "Called the site"}
    bench.add("CONTACT", contact)
    bench.expect("DS", row, "DSSTDTC", "the subject called 30 days later")


def _origin_lost(bench: Bench) -> None:
    used = bench.frame("EX").filter(_C("EXTRT") == PRODUCT).group_by("EXLOT").agg(_C("USUBJID").n_unique())
    several = used.filter(_C("USUBJID") == _C("USUBJID").max(), _C("USUBJID") > 1)["EXLOT"].drop_nulls().to_list()
    row = bench.pick("LOT", bench.frame("LOT").filter(_C("LOTID").is_in(several)), shared=True)
    bench.change("LOT", row, "SOURCE", None)
    bench.expect("LOT", row, "SOURCE", "one lot in several subjects, its origin unknown")


def _insulin_while_free(bench: Bench) -> None:
    """The site's time begins 20 days early, in the course of insulin before it."""
    stated = bench.pick("INSFREE", bench.frame("INSFREE"), shared=True)
    first = str(stated["STDTC"])
    bench.change("INSFREE", stated, "STDTC", add_days(first, -20))
    courses = bench.frame("CM").filter(_C("USUBJID") == stated["USUBJID"], _C("CMDECOD") == "INSULIN")
    row = courses.filter(_C("CMENDTC") == add_days(first, -1)).row(0, named=True)
    bench.expect("CM", row, "CMENDTC", "insulin while said to be free of it", others=f"INSFREE STDTC={first}")


CHECK_PLANTERS: dict[str, Callable[[Bench], None]] = {
    "DU04": _course_twice,
    "FU02": _held_late,
    "FU05": _after_withdrawal,
    "FU06": _found_again,
    "FU07": _set_one("LTFU", "NEURO", None, "a question without an answer"),
    "GF01": _insulin_while_free,
    "GF02": _set_one("IGLS", "CATEGORY", "OPTIMAL", "optimal while taking insulin", _C("CATEGORY") == "GOOD"),
    "LB01": _point_lost,
    "LB03": _not_converted,
    "LB04": _samples_exchanged,
    "LB05": _detectable,
    "LB06": _fell_by_a_factor,
    "LB07": _level_lost,
    "LT05": _origin_lost,
    "UN01": _set_one(
        "LB", "LBSTRESU", "10^3/uL", "not the unit of the other results", _LATER, _C("LBTESTCD") == "NEUT"
    ),
    "UN03": _range_exchanged,
    "UN05": _set_one("LB", "LBREASND", None, "not done without a reason", _C("LBSTAT") == "NOT DONE"),
    "UN06": _set_one("EX", "EXDOSU", None, "a dose without a unit", _C("EXTRT") != PRODUCT),
    "UN07": _second_baseline,
}
