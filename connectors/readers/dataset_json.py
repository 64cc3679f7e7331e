"""CDISC Dataset-JSON 1.1: one dataset with its metadata as one JSON object.

Source: CDISC Dataset-JSON 1.1 (2024-12-05); spec A.9.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from connectors.readers.json_rows import JsonDocument, open_document
from connectors.readers.json_text import not_as_specified
from connectors.readers.reading import Reading, check_variables
from connectors.readers.text import UTF_8
from longwatch.errors import SourceError
from longwatch.standards.dataset import Variable

READER = f"longwatch-dataset-json 1 (orjson {version('orjson')})"
VERSION = re.compile(r"1\.1(\.\d+)?")
EXACT = 2**53
REQUIRED = (
    "datasetJSONCreationDateTime", "datasetJSONVersion", "itemGroupOID", "records", "name", "label", "columns",
)  # fmt: skip
COLUMN_REQUIRED = ("itemOID", "name", "label", "dataType")
DATA_TYPES = {
    "string": "text", "URI": "text", "boolean": "text", "date": "text", "datetime": "text", "time": "text",
    "integer": "number", "float": "number", "double": "number", "decimal": "number",
}  # fmt: skip
_ISO: dict[str, tuple[pl.Date | pl.Datetime | pl.Time, str]] = {
    "date": (pl.Date(), "%Y-%m-%d"),
    "datetime": (pl.Datetime("us"), "%Y-%m-%dT%H:%M:%S%.f"),
    "time": (pl.Time(), "%H:%M:%S%.f"),
}
_FRAME_TYPES: dict[str, pl.DataType] = {
    "text": pl.String(), "number": pl.Float64(), **{name: dtype for name, (dtype, _) in _ISO.items()},
}  # fmt: skip


def read_dataset_json(path: Path, where: str) -> Reading:
    """A Dataset-JSON file as a dataset; it is UTF-8 whatever a study file declares.

    Text: an empty text stays empty and differs from missing (null); trailing blanks are removed. `integer`, `float`,
    `double` and `decimal` (which travels as text) are numbers. `date`, `datetime` and `time` are text, as in SDTM,
    unless `targetDataType` is integer, as in ADaM: then they are of that type. `boolean` is the text true or false.

    Raises SourceError: LW-SRC-012 (not UTF-8), LW-SRC-050 (not JSON), LW-SRC-051 (an attribute is missing, stands twice
    or is not as in Dataset-JSON 1.1), LW-SRC-056 (no rows where they should be), LW-SRC-013/014 (no columns, one
    twice); and, as the rows are read, LW-SRC-012, LW-SRC-050, LW-SRC-053 (a row is too long or short), LW-SRC-055 (a
    value is not of its declared type), LW-SRC-052 (records differ from rows).
    """
    opened = open_document(path, where, REQUIRED)
    document = check_document(opened.attributes, where)
    columns = JsonColumns.of(document, where)
    return Reading(
        dataset=document["name"],
        label=document["label"],
        variables=columns.variables,
        schema=columns.schema,
        batches=partial(_batches, opened, columns, where),
        encoding=UTF_8,
        reader=READER,
        rows=document["records"],
    )


def _batches(opened: JsonDocument, columns: JsonColumns, where: str) -> Iterator[pl.DataFrame]:
    before = 0
    for rows in opened.rows():
        check_widths(rows, len(columns.columns), where, before + 1)
        yield columns.frame(rows, where, before + 1)
        before += len(rows)
    check_count(before, opened.attributes["records"], where)


@dataclass(frozen=True)
class JsonColumns:
    """The columns as the file describes them, and the variables that they become."""

    columns: list[dict[str, Any]]
    variables: tuple[Variable, ...]

    @classmethod
    def of(cls, document: Mapping[str, Any], where: str) -> JsonColumns:
        """The columns of a document. Raises SourceError LW-SRC-051, LW-SRC-013/014."""
        columns = _columns(document, where)
        return cls(columns, tuple(_variable(column) for column in columns))

    @property
    def schema(self) -> pl.Schema:
        """The frame's columns."""
        return pl.Schema({variable.name: _FRAME_TYPES[variable.type] for variable in self.variables})

    def frame(self, rows: Sequence[Sequence[Any]], where: str, first: int = 1) -> pl.DataFrame:
        """Rows as typed columns; `first` is the number of the first of them. Raises SourceError LW-SRC-055."""
        values = list(zip(*rows, strict=True)) or [()] * len(self.columns)
        return pl.DataFrame(
            [
                _series(column, variable, items, first, where)
                for column, variable, items in zip(self.columns, self.variables, values, strict=True)
            ],
            schema=self.schema,
        )


def check_document(document: Any, where: str) -> dict[str, Any]:
    """The document, where its own attributes are as in Dataset-JSON 1.1. Raises SourceError LW-SRC-051."""
    if not isinstance(document, dict):
        raise not_as_specified(where, "the document", "an object", type(document).__name__)
    for name in REQUIRED:
        if name not in document:
            raise not_as_specified(where, name, "given", "missing")
    if not VERSION.fullmatch(str(document["datasetJSONVersion"])):
        raise not_as_specified(where, "datasetJSONVersion", "1.1 or 1.1.n", str(document["datasetJSONVersion"])[:20])
    expected: tuple[tuple[str, type, str], ...] = (
        ("records", int, "an integer"), ("name", str, "text"), ("label", str, "text"), ("columns", list, "an array"),
    )  # fmt: skip
    for name, kind, words in expected:
        if not isinstance(document[name], kind):
            raise not_as_specified(where, name, words, type(document[name]).__name__)
    return document


def _columns(document: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    columns: list[dict[str, Any]] = document["columns"]
    for number, column in enumerate(columns, 1):
        if not isinstance(column, dict):
            raise not_as_specified(where, f"column {number}", "an object", type(column).__name__)
        for attribute in COLUMN_REQUIRED:
            if not isinstance(column.get(attribute), str):
                raise not_as_specified(where, f"{attribute} of column {number}", "text", "nothing or another type")
        if column["dataType"] not in DATA_TYPES:
            raise not_as_specified(
                where, f"dataType of {column['name']}", ", ".join(DATA_TYPES), str(column["dataType"])[:20]
            )
        if column.get("targetDataType") not in (None, "integer", "decimal"):
            raise not_as_specified(
                where, f"targetDataType of {column['name']}", "integer or decimal", str(column["targetDataType"])[:20]
            )
    check_variables([column["name"] for column in columns], where)
    return columns


def check_count(found: int, records: int, where: str) -> None:
    """As many rows as the file declares. Raises SourceError LW-SRC-052."""
    if found != records:
        raise SourceError(
            "LW-SRC-052",
            "the number of rows is not what the file declares",
            where=where,
            expected=f"records: {records:,}",
            found=f"{found:,} rows",
            next_step="ask the data provider for the complete file",
        )


def check_widths(rows: Sequence[Any], width: int, where: str, first: int = 1) -> None:
    """Every row is an array of one value per column. Raises SourceError LW-SRC-053."""
    for number, row in enumerate(rows, first):
        if not isinstance(row, list) or len(row) != width:
            raise SourceError(
                "LW-SRC-053",
                f"row {number:,} has not one value per column",
                where=where,
                expected=f"{width} values",
                found=f"{len(row)} values" if isinstance(row, list) else "no array",
                next_step="ask the data provider to write the file anew",
            )


def _variable(column: Mapping[str, Any]) -> Variable:
    kind = DATA_TYPES[column["dataType"]]
    if column["dataType"] in _ISO and column.get("targetDataType") == "integer":
        kind = column["dataType"]
    length = column.get("length")
    shown = column.get("displayFormat")
    return Variable(
        column["name"],
        column["label"],
        kind,
        length if isinstance(length, int) else None,
        shown if isinstance(shown, str) else None,
    )


def _series(column: Mapping[str, Any], variable: Variable, values: Sequence[Any], first: int, where: str) -> pl.Series:
    """The values of one column, typed; every value is of the declared type or missing."""
    name, data_type = variable.name, column["dataType"]
    allowed: set[type] = {type(None)}
    if data_type == "boolean":
        allowed |= {bool}
    elif data_type == "decimal":
        allowed |= {str, int, float}
    else:
        allowed |= {int, float} if variable.type == "number" else {str}
    if not set(map(type, values)) <= allowed:
        row = next(number for number, value in enumerate(values) if type(value) not in allowed)
        raise _wrong_value(column, first + row, type(values[row]).__name__, where)
    if data_type == "boolean":
        return pl.Series(name, [None if value is None else str(value).lower() for value in values], dtype=pl.String)
    if data_type == "decimal":
        texts = pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)
        return _converted(column, texts, texts.cast(pl.Float64, strict=False), first, where)
    if variable.type == "number":
        numbers = pl.Series(name, [None if value is None else float(value) for value in values], dtype=pl.Float64)
        return _exact(column, numbers, values, first, where)
    texts = pl.Series(name, values, dtype=pl.String)
    if variable.type == "text":
        return texts.str.strip_chars_end(" ")
    converted = texts.str.strptime(*_ISO[variable.type], strict=False)
    return _converted(column, texts, converted, first, where)


def _exact(column: Mapping[str, Any], numbers: pl.Series, values: Sequence[Any], first: int, where: str) -> pl.Series:
    """The numbers, where a double holds each whole number exactly."""
    for row in numbers.abs().ge(EXACT).fill_null(False).arg_true():
        if isinstance(values[row], int) and abs(values[row]) > EXACT:
            raise _wrong_value(column, first + row, "a whole number too large to be kept exactly", where)
    return numbers


def _converted(column: Mapping[str, Any], texts: pl.Series, converted: pl.Series, first: int, where: str) -> pl.Series:
    lost = (texts.is_not_null() & (converted.is_null() | ~_finite(converted))).arg_true()
    if lost.len():
        raise _wrong_value(column, first + int(lost[0]), "another text", where)
    return converted


def _finite(values: pl.Series) -> pl.Series:
    return values.is_finite() if values.dtype == pl.Float64 else values.is_not_null()


def _wrong_value(column: Mapping[str, Any], row: int, found: str, where: str) -> SourceError:
    target = f" to {column['targetDataType']}" if column.get("targetDataType") else ""
    return SourceError(
        "LW-SRC-055",
        f"{column['name']}, row {row:,}: the value is not of the declared type",
        where=where,
        expected=f"{column['dataType']}{target}, or null",
        found=found,
        next_step="ask the data provider to correct the value or the column's dataType",
    )
