"""A form of a REDCap project, as its API exports records (flat, CSV), as a dataset.

Source: REDCap API documentation, Export Records; the meaning of `redcap_repeat_instrument` and `redcap_event_name`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from connectors.readers.reading import Reading, check_variables
from connectors.readers.text import UTF_8, undecodable
from longwatch.errors import SourceError
from longwatch.standards.dataset import Variable
from longwatch.standards.sdtm import is_numeric

READER = "longwatch-redcap 1"
BATCH_VALUES = 1_000_000
REPEATED = "redcap_repeat_instrument"
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})?")


@dataclass(frozen=True)
class FormMap:
    """How a form becomes a dataset (`longwatch.study.Form`): pairs of variable and field, of variable and constant, in
    the order of the variables."""

    form: str
    columns: tuple[tuple[str, str], ...]
    constants: tuple[tuple[str, str], ...] = ()


def read_redcap(path: Path, mapped: FormMap, dataset: str, where: str) -> Reading:
    """The records of one form as the dataset of that name: constants first, then columns, as the study file orders.

    Cases: an answer without a line is a form without records; a row of another repeating form is none of this one; a
    row whose fields of the form are all empty is none either (REDCap gives a row for each record and event that it was
    asked about); every other row is a record. Text: trailing blanks removed, empty is null. In variables that end in
    DTC `2026-01-31 09:30` becomes `2026-01-31T09:30`. Numbers are the variables that the standard makes numbers; empty
    is null.

    Raises SourceError LW-SRC-147 (no export of records, or a field is not in it); and, as the rows are read,
    LW-SRC-012 (not UTF-8), LW-SRC-148 (a row with other than one value per field, or quotes that do not close),
    LW-SRC-149 (text in a number).
    """
    header = next(_rows(path, where), [])
    absent = sorted({column for _, column in mapped.columns} - set(header))
    if header and absent:
        raise SourceError(
            "LW-SRC-147",
            f"the form {mapped.form} is exported without {', '.join(absent)}",
            where=where,
            found=", ".join(header)[:160],
            next_step="correct `columns:` of this form in the study file, or let the token's user export these fields",
        )
    names = [name for name, _ in (*mapped.constants, *mapped.columns)]
    check_variables(names, where)
    variables = tuple(Variable(name, type="number" if is_numeric(dataset, name) else "text") for name in names)
    schema = pl.Schema({each.name: pl.Float64() if each.type == "number" else pl.String() for each in variables})
    rows = partial(_batches, path, mapped, header, variables, where) if header else partial(_none, schema)
    return Reading(dataset, "", variables, schema, rows, UTF_8, READER)


def _none(schema: pl.Schema) -> Iterator[pl.DataFrame]:
    yield pl.DataFrame(schema=schema)


def _batches(
    path: Path, mapped: FormMap, header: Sequence[str], variables: Sequence[Variable], where: str
) -> Iterator[pl.DataFrame]:
    identity = {header[0], *(name for name in header if name.startswith("redcap_"))}
    data = [place for place, name in enumerate(header) if name not in identity and name != f"{mapped.form}_complete"]
    repeated = header.index(REPEATED) if REPEATED in header else None
    taken = [(name, header.index(column)) for name, column in mapped.columns]
    step = max(1, BATCH_VALUES // len(variables))
    constants = [value for _, value in mapped.constants]
    records: list[list[str]] = []
    rows = _rows(path, where)
    next(rows)
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise _broken(where, f"row {number:,} has {len(row)} values, not {len(header)}")
        if repeated is not None and row[repeated] not in ("", mapped.form):
            continue
        if not any(row[place].strip() for place in data):
            continue
        records.append([*constants, *(_text(row[place], name) for name, place in taken)])
        if len(records) == step:
            yield _frame(records, variables, where)
            records = []
    yield _frame(records, variables, where)


def _text(value: str, name: str) -> str:
    if name.endswith("DTC") and _MOMENT.fullmatch(value):
        return value.replace(" ", "T")
    return value


def _frame(records: list[list[str]], variables: Sequence[Variable], where: str) -> pl.DataFrame:
    columns = []
    for place, variable in enumerate(variables):
        texts = pl.Series(variable.name, [record[place] for record in records], dtype=pl.String)
        texts = texts.str.strip_chars_end(" ") if variable.type == "text" else texts.str.strip_chars(" ")
        texts = texts.set(texts == "", None)
        if variable.type == "text":
            columns.append(texts)
            continue
        numbers = texts.cast(pl.Float64, strict=False)
        if (texts.is_not_null() & ~numbers.is_finite().fill_null(False)).any():
            raise SourceError(
                "LW-SRC-149",
                f"{variable.name} is not a number in every record",
                where=where,
                expected="a number, or empty",
                found="text",
                next_step="map the field to a variable of text, or have the values corrected in REDCap",
            )
        columns.append(numbers)
    return pl.DataFrame(columns)


def _rows(path: Path, where: str) -> Iterator[list[str]]:
    with path.open("r", encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        try:
            yield from (row for row in reader if row)
        except UnicodeDecodeError as invalid:
            raise undecodable(invalid.object[invalid.start], invalid.start + 1, UTF_8, where) from None
        except csv.Error:
            raise _broken(where, f"the quotes do not close near line {reader.line_num:,}") from None


def _broken(where: str, found: str) -> SourceError:
    return SourceError(
        "LW-SRC-148",
        "the export of records is not whole CSV",
        where=where,
        expected="one value per field in every row",
        found=found,
        next_step="pull again; if it stays so, tell who runs REDCap",
    )
