"""What SDTM asks of a dataset: the variables it must have and those it is expected to have, and which are text.

`Req`: the variable is there and never empty. `Exp`: the variable is there, empty values allowed. A variable that came
with a later version of the implementation guide is only asked of data that follows that version or a later one.

Source: CDISC SDTMIG v3.1.2 to v3.4, column Core, written down from knowledge of them and not compared word by word;
rules that rest on this list say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from longwatch.standards.sdtm import DomainClass, domain_of, is_numeric, is_supplemental, variable_prefix

Core = Literal["Req", "Exp"]
Version = tuple[int, ...]
NEWEST: Version = (3, 4)


@dataclass(frozen=True)
class Asked:
    """A variable that the standard asks for, and in which versions of the implementation guide."""

    variable: str
    core: Core
    since: Version = (3, 1, 2)
    until: Version = NEWEST


def _asked(required: str, expected: str = "", *more: Asked) -> tuple[Asked, ...]:
    return (
        *(Asked(name, "Req") for name in required.split()),
        *(Asked(name, "Exp") for name in expected.split()),
        *more,
    )


_EVERY_DOMAIN = _asked("STUDYID DOMAIN")
_SUPPLEMENTAL = _asked("STUDYID RDOMAIN USUBJID QNAM QLABEL QVAL", "IDVAR IDVARVAL QORIG QEVAL")
_RESULT = "--ORRES --STRESC"
_MEASURED = "--ORRES --ORRESU --STRESC --STRESN --STRESU VISITNUM --DTC"
_BASELINE = (Asked("--BLFL", "Exp", until=(3, 2)), Asked("--LOBXFL", "Exp", since=(3, 3)))
_FINDING = "USUBJID --SEQ --TESTCD --TEST"

_BY_DOMAIN: dict[str, tuple[Asked, ...]] = {
    "DM": _asked(
        "USUBJID SUBJID SITEID SEX COUNTRY",
        "RFSTDTC RFENDTC AGE AGEU RACE ARMCD ARM",
        *(Asked(name, "Exp", since=(3, 1, 3)) for name in (
            "RFXSTDTC", "RFXENDTC", "RFICDTC", "RFPENDTC", "DTHDTC", "DTHFL", "ACTARMCD", "ACTARM",
        )),
        *(Asked(name, "Exp", since=(3, 3)) for name in ("ARMNRS", "ACTARMUD")),
    ),
    "AE": _asked(
        "USUBJID AESEQ AETERM AEDECOD",
        "AEBODSYS AESER AEACN AEREL AESTDTC AEENDTC",
        *(Asked(name, "Exp", since=(3, 1, 3)) for name in (
            "AELLT", "AELLTCD", "AEPTCD", "AEHLT", "AEHLTCD", "AEHLGT", "AEHLGTCD", "AEBDSYCD", "AESOC", "AESOCCD",
        )),
    ),
    "CE": _asked("USUBJID CESEQ CETERM"),
    "CM": _asked("USUBJID CMSEQ CMTRT"),
    "DD": _asked(_FINDING, _RESULT),
    "DS": _asked("USUBJID DSSEQ DSTERM DSDECOD", "DSCAT DSSTDTC"),
    "DV": _asked("USUBJID DVSEQ DVTERM"),
    "EC": _asked("USUBJID ECSEQ ECTRT", "ECDOSE ECDOSU ECDOSFRM ECSTDTC ECENDTC"),
    "EX": _asked("USUBJID EXSEQ EXTRT", "EXDOSE EXDOSU EXDOSFRM EXSTDTC EXENDTC"),
    "FA": _asked(f"{_FINDING} FAOBJ", _RESULT),
    "IS": _asked(_FINDING, _MEASURED),
    "LB": _asked(
        _FINDING, f"LBCAT {_MEASURED} LBORNRLO LBORNRHI LBSTNRLO LBSTNRHI LBNRIND", *_BASELINE
    ),
    "MH": _asked("USUBJID MHSEQ MHTERM"),
    "PR": _asked("USUBJID PRSEQ PRTRT"),
    "QS": _asked(f"{_FINDING} QSCAT", "QSORRES QSSTRESC QSSTRESN VISITNUM QSDTC", *_BASELINE),
    "SC": _asked(_FINDING, _RESULT),
    "SE": _asked("USUBJID ETCD SESTDTC", "SEENDTC"),
    "SV": _asked("USUBJID VISITNUM", "SVSTDTC SVENDTC"),
    "TA": _asked("ARMCD ARM TAETORD ETCD EPOCH", "TABRANCH TATRANS"),
    "TE": _asked("ETCD ELEMENT TESTRL"),
    "TI": _asked("IETESTCD IETEST IECAT"),
    "TS": _asked("TSSEQ TSPARMCD TSPARM", "TSVAL"),
    "TV": _asked("VISITNUM", "ARMCD TVSTRL"),
    "VS": _asked(_FINDING, _MEASURED, *_BASELINE),
    "RELREC": _asked("STUDYID RDOMAIN IDVAR RELID", "USUBJID IDVARVAL RELTYPE"),
}  # fmt: skip

_TEXTS = frozenset({
    "STUDYID", "DOMAIN", "RDOMAIN", "USUBJID", "SUBJID", "SITEID", "SEX", "RACE", "ETHNIC", "COUNTRY", "ARMCD", "ARM",
    "ACTARMCD", "ACTARM", "AGEU", "EPOCH", "VISIT", "DTHFL", "IDVAR", "IDVARVAL", "QNAM", "QLABEL", "QVAL", "RELID",
    "TSPARMCD", "TSPARM", "TSVAL", "ETCD", "ELEMENT", "RFSTDTC", "RFENDTC", "RFXSTDTC", "RFXENDTC", "RFICDTC",
    "RFPENDTC", "DTHDTC", "BRTHDTC",
})  # fmt: skip
_TEXT_ENDINGS = frozenset({
    "TERM", "TRT", "DECOD", "TESTCD", "TEST", "CAT", "SCAT", "ORRES", "ORRESU", "STRESC", "STRESU", "DTC", "STDTC",
    "ENDTC", "SEV", "SER", "REL", "OUT", "ACN", "BODSYS", "SOC", "TOXGR", "SPID", "GRPID", "REFID", "DOSU", "DOSFRM",
    "DOSFRQ", "ROUTE", "LOC", "METHOD", "SPEC", "NRIND", "STAT", "REASND", "BLFL", "LOBXFL", "DUR", "TPT",
})  # fmt: skip
_LONG_TERM = DomainClass.LONG_TERM


def parse_version(text: str | None) -> Version | None:
    """`3.4` → (3, 4); text that begins with no number, or none → None."""
    numbers = []
    for part in (text or "").strip().split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers) or None


def asked_of(dataset: str, version: Version = NEWEST) -> tuple[Asked, ...]:
    """The variables that the implementation guide of that version asks of a dataset, with its own letters; empty where
    it knows no such dataset (a sponsor's own domain is asked for STUDYID and DOMAIN)."""
    if is_supplemental(dataset):
        asked = _SUPPLEMENTAL
    else:
        domain = domain_of(dataset)
        if domain is not None and domain.domain_class is _LONG_TERM:
            return ()
        prefix = variable_prefix(dataset)
        asked = (*(_EVERY_DOMAIN if prefix else ()), *_BY_DOMAIN.get(domain.code if domain else dataset, ()))
    return tuple(_named(asked, variable_prefix(dataset), version))


def _named(asked: Iterable[Asked], prefix: str, version: Version) -> Iterator[Asked]:
    for each in asked:
        if each.since <= version <= each.until:
            yield Asked(each.variable.replace("--", prefix), each.core, each.since, each.until)


def model_type(dataset: str, variable: str) -> Literal["text", "number"] | None:
    """The type that SDTM gives a variable; None where the standard does not know the variable."""
    if is_numeric(dataset, variable):
        return "number"
    prefix = variable_prefix(dataset)
    ending = variable[2:] if prefix and variable[:2] == prefix else ""
    return "text" if variable in _TEXTS or ending in _TEXT_ENDINGS else None
