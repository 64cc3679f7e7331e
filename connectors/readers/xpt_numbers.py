"""Numbers of a SAS transport file: IBM floating point, missing values, dates that are stored as numbers.

Source: SAS TS-140, "Numeric data fields" and "Missing values".
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from connectors.readers.xpt_header import Field

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Truths = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]

FRAME_TYPES = {"number": pl.Float64(), "date": pl.Date(), "datetime": pl.Datetime("us"), "time": pl.Time()}

_FRACTION = np.uint64(0x00FF_FFFF_FFFF_FFFF)
# What a fraction is worth under each first byte (sign and exponent): a power of two.
_SCALE = np.array([(-1.0) ** (byte >> 7) * 2.0 ** (4 * ((byte & 0x7F) - 64) - 56) for byte in range(256)])
_EPOCH_DAYS = 3653  # from 1960-01-01, SAS's day 0, to 1970-01-01
_FIRST_DAY, _LAST_DAY = -137_774, 2_936_547  # 1582-10-15 and 9999-12-31, the days SAS formats
_DAY_SECONDS = 86_400
_DATE = ("DATE", "YYMMDD", "DDMMYY", "MMDDYY", "E8601DA", "B8601DA", "IS8601DA", "WEEKDAT", "WORDDAT", "JULIAN")
_DATETIME = ("DATETIME", "E8601DT", "B8601DT", "IS8601DT", "DATEAMPM", "MDYAMPM")
_TIME = ("TIME", "TOD", "HHMM", "E8601TM", "B8601TM", "IS8601TM")


def words_of(records: Bytes, field: Field) -> Words:
    """The values of a number, 64 bits each; shorter ones are filled up with zeros, as SAS cut them."""
    stored = records[:, field.position : field.position + field.length]
    if field.length == 8:
        raw = np.ascontiguousarray(stored)
    else:
        raw = np.zeros((len(records), 8), dtype=np.uint8)
        raw[:, : field.length] = stored
    return raw.view(">u8").ravel().astype(np.uint64)


def find_missing(words: Words) -> tuple[Truths, Truths]:
    """Which values are missing, and which of these are special: `.`, `_` or a letter before nothing but zeros."""
    missing, special = np.zeros_like(words, dtype=np.bool_), np.zeros_like(words, dtype=np.bool_)
    alone = np.flatnonzero((words & _FRACTION) == 0)
    first = words[alone] >> np.uint64(56)
    letter = ((first >= ord("A")) & (first <= ord("Z"))) | (first == ord("_"))
    special[alone] = letter
    missing[alone] = letter | (first == ord("."))
    return missing, special


def ibm_to_ieee(words: Words) -> Doubles:
    """IBM floating point (sign, exponent to 16 plus 64 in 7 bits, fraction in 56 bits) as IEEE, rounded to nearest."""
    scale = _SCALE[(words >> np.uint64(56)).astype(np.uint8)]
    # Powers of two keep every bit; adding 0 makes of -0 a 0.
    values: Doubles = (words & _FRACTION).astype(np.float64) * scale + 0.0
    return values


def kind_by_format(format_name: str) -> str:
    """`date`, `datetime` or `time` where the format's name says so, else `number`."""
    # DATETIME before DATE: the one name begins the other.
    for kind, names in (("datetime", _DATETIME), ("date", _DATE), ("time", _TIME)):
        if format_name.startswith(names):
            return kind
    return "number"


def fits(values: Doubles, kind: str) -> bool:
    """Whether no value is lost by typing so: whole days in the calendar; seconds in it; seconds below 24 hours."""
    if kind == "date":
        return bool(((values == np.floor(values)) & (values >= _FIRST_DAY) & (values <= _LAST_DAY)).all())
    if kind == "datetime":
        days = values / _DAY_SECONDS
        return bool(((days >= _FIRST_DAY) & (days < _LAST_DAY + 1)).all())
    if kind == "time":
        return bool(((values >= 0) & (np.rint(values * 1e6) < _DAY_SECONDS * 1e6)).all())
    return True


def typed(name: str, words: Words, missing: Truths, kind: str) -> pl.Series:
    """The values as a column of that kind, missing as null. Seconds are kept to the microsecond."""
    values = ibm_to_ieee(words)
    # What stands in a missing value is no number: put one there before it is masked.
    values[missing] = 0.0
    if kind == "number":
        return pl.Series(name, pa.array(values, mask=missing))
    if kind == "date":
        whole = (values - _EPOCH_DAYS).astype(np.int64)
    elif kind == "datetime":
        whole = np.rint((values - _EPOCH_DAYS * _DAY_SECONDS) * 1e6).astype(np.int64)
    else:
        whole = np.rint(values * 1e6).astype(np.int64) * 1000
    return pl.Series(name, pa.array(whole, mask=missing)).cast(FRAME_TYPES[kind])


def letters_of(name: str, words: Words, special: Truths) -> pl.Series:
    """The letter of each special missing value (`A` to `Z`, `_`), null where the value is none."""
    code = np.where(special, (words >> np.uint64(56)).astype(np.uint8), np.uint8(0))
    named = {letter: chr(letter) for letter in np.unique(code).tolist() if letter}
    return pl.Series(name, code).replace_strict({0: None, **named}, return_dtype=pl.String)
