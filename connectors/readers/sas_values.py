"""What SAS means by a number: a date, a datetime, a time by its format; and special missing values.

SAS counts days and seconds from 1960-01-01. Source: SAS, "Dates, Times, and Intervals"; spec A.9.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from longwatch.standards.dataset import Variable

Truths = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]

MISSING_SUFFIX = "__MISSING"
FRAME_TYPES = {"number": pl.Float64(), "date": pl.Date(), "datetime": pl.Datetime("us"), "time": pl.Time()}

_EPOCH_DAYS = 3653  # from 1960-01-01, SAS's day 0, to 1970-01-01
_FIRST_DAY, _LAST_DAY = -137_774, 2_936_547  # 1582-10-15 and 9999-12-31, the days SAS formats
_DAY_SECONDS = 86_400
_DATE = ("DATE", "YYMMDD", "DDMMYY", "MMDDYY", "E8601DA", "B8601DA", "IS8601DA", "WEEKDAT", "WORDDAT", "JULIAN")
_DATETIME = ("DATETIME", "E8601DT", "B8601DT", "IS8601DT", "DATEAMPM", "MDYAMPM")
_TIME = ("TIME", "TOD", "HHMM", "E8601TM", "B8601TM", "IS8601TM")


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


def typed(name: str, values: Doubles, missing: Truths, kind: str) -> pl.Series:
    """The values as a column of that kind, missing as null. Seconds are kept to the microsecond.

    `values` is changed where it is missing.
    """
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


def beside(variable: Variable) -> Variable:
    """The text variable that holds the letter of each special missing value of a number."""
    return Variable(variable.name + MISSING_SUFFIX, f"Special missing value of {variable.name}", "text", 1)
