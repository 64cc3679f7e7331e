"""SAS data sets (SAS7BDAT), through pyreadstat.

The format is not published; ReadStat's understanding of it is what everyone reads with. Two of its habits are not
taken over: text is asked for as Latin-1, which keeps every byte, and decoded here, so that a wrong byte is named by
record; dates are asked for as the numbers they are, and typed as in transport files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from connectors.readers.reading import Reading, check_variables
from connectors.readers.sas_pages import count_rows
from connectors.readers.sas_values import FRAME_TYPES, beside, fits, kind_by_format, typed
from connectors.readers.text import check_encoding, decode
from longwatch.errors import SourceError
from longwatch.standards.dataset import Variable

READER = f"longwatch-sas7bdat 1 (pyreadstat {version('pyreadstat')})"
BATCH_VALUES = 2_000_000
EVERY_BYTE = "ISO-8859-1"
# What ReadStat calls them, where Python has another name.
_ENCODINGS = {"WINDOWS-874": "cp874", "BIG-5": "big5", "MACTHAI": "tis-620", "MACUKRAINE": "mac_cyrillic"}
_UNKNOWN_ENCODINGS = ("EUC-TW", "MACARABIC", "MACHEBREW", "CP921", "CP922", "CP1129")

Values = list[Any]


@dataclass(frozen=True)
class _Column:
    """A variable as it becomes one, and whether it has special missing values."""

    variable: Variable
    special: bool = False


def read_sas7bdat(path: Path, where: str) -> Reading:
    """A SAS data set as a dataset; its text is in the encoding that it says itself.

    Text: trailing blanks removed, leading blanks kept, blank is null. Numbers: missing (`.`) is null; special missing
    values, dates, datetimes and times as in `read_xpt`. Formats of month or year alone (MMYY, YEAR) leave a number.
    Value labels are not applied: the values stay as they are (`sas_catalogue` carries the labels beside them).

    Raises SourceError: LW-SRC-070 (no SAS data set, damaged, cut off, or a feature that is not read), LW-SRC-071 (an
    encoding that is not read), LW-SRC-077 (it counts other rows than it holds), LW-SRC-013/014 (no variables, one
    twice); and, as the rows are read, LW-SRC-012 (a byte that is not valid in the encoding: dataset, variable, record,
    byte).
    """
    _, described = _parsed(path, where, metadataonly=True)
    check_variables(described.column_names, where)
    _check_count(path, described.number_rows, where)
    encoding = _encoding(described.file_encoding, where)
    columns = _survey(path, described, where)
    variables: list[Variable] = []
    for column in columns:
        variables.append(column.variable)
        if column.special:
            variables.append(beside(column.variable))
    return Reading(
        dataset=described.table_name or Path(where).stem,
        label=described.file_label or "",
        variables=tuple(variables),
        schema=pl.Schema({each.name: FRAME_TYPES.get(each.type, pl.String()) for each in variables}),
        batches=partial(_batches, path, columns, described.number_rows, encoding, where),
        encoding=encoding,
        reader=READER,
        rows=described.number_rows,
    )


def _parsed(path: Path, where: str, **asked: Any) -> tuple[dict[str, Values], Any]:
    import pyreadstat

    try:
        values, described = pyreadstat.read_sas7bdat(
            str(path), output_format="dict", disable_datetime_conversion=True, user_missing=True, **asked
        )
    except (pyreadstat.ReadstatError, UnicodeDecodeError) as refused:
        reason = "a name or label is not valid in its encoding" if isinstance(refused, ValueError) else str(refused)
        raise SourceError(
            "LW-SRC-070",
            "it cannot be read as a SAS data set",
            where=where,
            expected="a whole SAS7BDAT file",
            found=reason[:120].lower(),
            next_step="transfer it again (in binary mode) and compare its size with the sender's, or ask for XPT",
        ) from refused
    return values, described


def _check_count(path: Path, declared: int, where: str) -> None:
    held = count_rows(path)
    if held is not None and held != declared:
        raise SourceError(
            "LW-SRC-077",
            "the data set does not hold as many rows as it counts",
            where=where,
            expected=f"{declared:,} rows",
            found=f"{held:,} on its pages",
            next_step="transfer it again (in binary mode) and compare its size with the sender's, or ask for XPT",
        )


def _encoding(named: str | None, where: str) -> str:
    name = (named or "WINDOWS-1252").upper()
    if name in _UNKNOWN_ENCODINGS:
        raise SourceError(
            "LW-SRC-071",
            f"its text is in {name}, which is not read",
            where=where,
            expected="an encoding such as utf-8, windows-1252, shift_jis",
            found=name,
            next_step="ask the data provider for the data set in UTF-8",
        )
    return check_encoding(_ENCODINGS.get(name, name), where)


def _survey(path: Path, described: Any, where: str) -> list[_Column]:
    """The variables, typed by all values of their numbers."""
    numeric = [name for name in described.column_names if described.readstat_variable_types[name] != "string"]
    kinds = {name: kind_by_format(_format_of(described, name).upper()) for name in numeric}
    special = dict.fromkeys(numeric, False)
    for first, count in _steps(described.number_rows, len(numeric)) if numeric else ():
        columns, _ = _parsed(path, where, usecols=numeric, row_offset=first, row_limit=count)
        for name, values in zip(numeric, columns.values(), strict=True):
            special[name] |= any(type(value) is str for value in values)
            if kinds[name] != "number":
                there = np.array([value for value in values if isinstance(value, float)], dtype=np.float64)
                if not fits(there, kinds[name]):
                    kinds[name] = "number"
    return [
        _Column(
            Variable(
                name,
                described.column_names_to_labels[name] or "",
                kinds.get(name, "text"),
                described.variable_storage_width[name],
                _with_dot(_format_of(described, name)),
            ),
            special.get(name, False),
        )
        for name in described.column_names
    ]


def _format_of(described: Any, name: str) -> str:
    return described.original_variable_types[name] or ""


def _with_dot(shown: str) -> str | None:
    """The format as SAS writes it: `DATE9.`, `TIME20.3`."""
    if not shown:
        return None
    return shown if "." in shown else f"{shown}."


def _steps(rows: int, width: int) -> Iterator[tuple[int, int]]:
    step = max(1, BATCH_VALUES // width)
    for first in range(0, rows, step):
        yield first, min(step, rows - first)


def _batches(path: Path, columns: Sequence[_Column], rows: int, encoding: str, where: str) -> Iterator[pl.DataFrame]:
    for first, count in _steps(rows, len(columns)):
        found, _ = _parsed(path, where, encoding=EVERY_BYTE, row_offset=first, row_limit=count)
        frame: list[pl.Series] = []
        for column, values in zip(columns, found.values(), strict=True):
            name = column.variable.name
            if column.variable.type == "text":
                frame.append(_text(name, values, encoding, f"{where}.{name}", first + 1))
                continue
            frame.append(_number(column.variable, values))
            if column.special:
                letters = [value if isinstance(value, str) else None for value in values]
                frame.append(pl.Series(beside(column.variable).name, letters, dtype=pl.String))
        yield pl.DataFrame(frame)


def _number(variable: Variable, values: Values) -> pl.Series:
    numbers = np.array([value if isinstance(value, float) else np.nan for value in values], dtype=np.float64)
    return typed(variable.name, numbers, np.isnan(numbers), variable.type)


def _text(name: str, values: Values, encoding: str, where: str, first_record: int) -> pl.Series:
    raw = pl.Series(name, [(value or "").encode(EVERY_BYTE) or None for value in values], dtype=pl.Binary)
    ascii_only = all(value is None or value.isascii() for value in values)
    return decode(raw, encoding, where, first_record, ascii_only=ascii_only, padded=True)
