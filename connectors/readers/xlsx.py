"""XLSX: one sheet with a header of variable names, as tables are kept by hand.

As in CSV, the types are not in the file: numbers are the variables that the standard makes numbers
(`longwatch.standards.sdtm`), the rest is text, whatever the spreadsheet made of it.
"""

from __future__ import annotations

import errno
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime, time
from functools import partial
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import polars as pl

from connectors.readers.column_map import is_number, name_columns
from connectors.readers.csv import NOT_AVAILABLE, VARIABLE_NAME
from connectors.readers.reading import Reading, check_variables
from connectors.readers.text import UTF_8
from longwatch.errors import SourceError
from longwatch.standards.dataset import Variable
from longwatch.standards.xml_reading import read_events
from longwatch.study import PLAIN, Shape

if TYPE_CHECKING:
    from openpyxl import Workbook

READER = f"longwatch-xlsx 1 (openpyxl {version('openpyxl')})"
BATCH_ROWS = 20_000
# An XLSX is a zip; sheets shrink well, but not four hundredfold.
RATIO = 400
SMALL_BYTES = 64 * 1024 * 1024
PARTS = 10_000
_MIDNIGHT = time()


def read_xlsx(path: Path, dataset: str, where: str, shape: Shape = PLAIN) -> Reading:
    """A sheet as the dataset of that name: the only one, or of several the one that is named as the dataset.

    Empty rows are no records; hidden sheets do not count. Text: trailing blanks removed, empty is null; a number in a
    text variable is its digits, a date or time is as ISO 8601 writes it, a boolean is true or false. Numbers: empty and
    `NA` are null, digits that are kept as text are a number. Of a formula, the value that was saved counts. `shape`:
    the column map that names the columns; its `missing` texts are null.

    Raises SourceError: LW-SRC-080 (no XLSX, damaged, encrypted), LW-SRC-081 (the first row is no header), LW-SRC-082
    (several sheets, none of that name), LW-SRC-087 (it unpacks to too much), LW-XML-001 (a document type), LW-SRC-014
    (a variable twice); and, as the rows are read, each with its row: LW-SRC-083 (a value beside the header's columns),
    LW-SRC-084 (not a number), LW-SRC-085 (an error of the spreadsheet, or a duration), LW-SRC-086 (a formula without a
    saved value).
    """
    check_parts(path, where)
    with open_workbook(path, where, values=True) as book:
        title = _sheet(book, dataset, where)
        first = next(book[title].iter_rows(max_row=1, values_only=True), ())
    header: list[Any] = [value.strip() if isinstance(value, str) else value for value in first]
    while header and header[-1] in (None, ""):
        header.pop()
    columns = ["" if name is None else str(name) for name in header]
    targets = name_columns(columns, shape, f"{where}, sheet {title}") if columns else []
    names = [name for name in targets if name is not None]
    if not names or not all(VARIABLE_NAME.fullmatch(name) for name in names if name):
        raise SourceError(
            "LW-SRC-081",
            "the first row is no header of variable names",
            where=f"{where}, sheet {title}",
            expected="names such as STUDYID, USUBJID, AESEQ, one per column",
            next_step="ask the data provider for the sheet with its header in the first row, or give its columns their "
            "names by `columns:` and leave others out by `drop:` of this source in the study file",
        )
    check_variables(names, where)
    fields = tuple(
        None if name is None else Variable(name, type="number" if is_number(dataset, name, shape) else "text")
        for name in targets
    )
    variables = tuple(each for each in fields if each is not None)
    return Reading(
        dataset=dataset,
        label="",
        variables=variables,
        schema=pl.Schema({each.name: pl.Float64() if each.type == "number" else pl.String() for each in variables}),
        batches=partial(_batches, path, title, fields, shape.missing, where),
        encoding=UTF_8,
        reader=READER,
    )


def check_parts(path: Path, where: str) -> None:
    """The workbook does not unpack to too much, and no part of it has a document type: openpyxl takes entities."""
    with _damage_told(where), zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        total = sum(part.file_size for part in parts)
        allowed = max(SMALL_BYTES, RATIO * path.stat().st_size)
        if total > allowed or len(parts) > PARTS:
            raise SourceError(
                "LW-SRC-087",
                "the workbook unpacks to more than one of datasets does",
                where=where,
                expected=f"at most {allowed:,} bytes in {PARTS:,} parts",
                found=f"{total:,} in {len(parts):,}",
                next_step="if it is genuine, save the sheet as .csv",
            )
        for part in parts:
            if part.filename.lower().endswith((".xml", ".rels")):
                # Up to its first element, where a document type would have come.
                with archive.open(part) as content:
                    next(read_events(cast(BinaryIO, content), where=f"{where}, {part.filename}", prefixes={}), None)


def _not_xlsx(where: str) -> SourceError:
    return SourceError(
        "LW-SRC-080",
        "it cannot be read as XLSX",
        where=where,
        expected="a whole .xlsx workbook without a password",
        next_step="open it in a spreadsheet program and save it anew, or deliver CSV",
    )


@contextmanager
def open_workbook(path: Path, where: str, *, values: bool) -> Iterator[Workbook]:
    """The workbook, its formulas as their saved values or as formulas. A damaged one is LW-SRC-080."""
    import openpyxl

    with (
        _damage_told(where),
        path.open("rb") as file,
        closing(openpyxl.load_workbook(file, read_only=True, data_only=values)) as book,
    ):
        yield book


@contextmanager
def _damage_told(where: str) -> Iterator[None]:
    """What zipfile and openpyxl say of parts that are missing, cut off or not as they should be becomes LW-SRC-080."""
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        yield
    except (
        # SyntaxError: no XML. RuntimeError: encrypted.
        InvalidFileException, zipfile.BadZipFile, zlib.error, EOFError, SyntaxError, LookupError, ValueError, TypeError,
        AttributeError, RuntimeError, ArithmeticError, struct.error, AssertionError,
    ) as broken:  # fmt: skip
        raise _not_xlsx(where) from broken
    except OSError as refused:
        # A place in the file that cannot be: what the zip's tables say is wrong.
        if refused.errno != errno.EINVAL:
            raise
        raise _not_xlsx(where) from refused


def _sheet(book: Workbook, dataset: str, where: str) -> str:
    titles = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    named = [title for title in titles if title.strip().upper() == dataset]
    if len(titles) == 1 or named:
        return (named or titles)[0]
    raise SourceError(
        "LW-SRC-082",
        f"of {len(titles)} sheets none is named {dataset}",
        where=where,
        expected="one sheet, or one that is named as the dataset",
        found=", ".join(titles[:5]),
        next_step="name the sheet's dataset as `dataset:` of this source in the study file",
    )


def _batches(
    path: Path, title: str, fields: Sequence[Variable | None], missing: Sequence[str], where: str
) -> Iterator[pl.DataFrame]:
    variables = [each for each in fields if each is not None]
    place = f"{where}, sheet {title}"
    rows: list[list[Any]] = []
    with open_workbook(path, where, values=True) as book, open_workbook(path, where, values=False) as formulas:
        both = zip_longest(book[title].iter_rows(min_row=2), formulas[title].iter_rows(min_row=2), fillvalue=())
        for number, (cells, written) in enumerate(both, 2):
            values = [_value(*pair, number, place) for pair in zip(cells, written, strict=True)]
            if all(value is None for value in values):
                continue
            rows.append(_record(values, fields, missing, number, place))
            if len(rows) == BATCH_ROWS:
                yield _frame(rows, variables)
                rows = []
    yield _frame(rows, variables)


def _frame(rows: list[list[Any]], variables: Sequence[Variable]) -> pl.DataFrame:
    columns = list(zip(*rows, strict=True)) or [()] * len(variables)
    return pl.DataFrame(
        [
            pl.Series(each.name, values, dtype=pl.Float64 if each.type == "number" else pl.String)
            for each, values in zip(variables, columns, strict=True)
        ]
    )


def _value(cell: Any, written: Any, row: int, where: str) -> Any:
    """What a cell holds; an empty text is nothing."""
    value = cell.value
    if value is None:
        if written.data_type == "f":
            raise _refused(
                "LW-SRC-086",
                row,
                "a formula without a saved value",
                where,
                next_step="open the workbook in a spreadsheet program and save it, so that its values are kept",
            )
        return None
    if cell.data_type == "e" or not isinstance(value, str | bool | int | float | date | time):
        raise _refused(
            "LW-SRC-085",
            row,
            "an error of the spreadsheet or a duration, which is no value",
            where,
            next_step="ask the data provider to correct the cell; a duration is text, such as PT30H",
        )
    return (value.rstrip(" ") or None) if isinstance(value, str) else value


def _record(
    values: list[Any], fields: Sequence[Variable | None], missing: Sequence[str], row: int, where: str
) -> list[Any]:
    if any(value is not None for value in values[len(fields) :]):
        raise _refused(
            "LW-SRC-083",
            row,
            "a value beside the columns that the header names",
            where,
            next_step="ask the data provider to name the column, or to keep notes in another sheet",
        )
    values += [None] * (len(fields) - len(values))
    return [
        _number(None if value in missing else value, each.name, row, where) if each.type == "number" else _text(value)
        for value, each in zip(values, fields, strict=False)
        if each is not None
    ]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == _MIDNIGHT else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _number(value: Any, name: str, row: int, where: str) -> float | None:
    text = value.strip() if isinstance(value, str) else value
    if text in (None, "", NOT_AVAILABLE):
        return None
    try:
        number = math.nan if isinstance(text, bool | date | time) else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _refused(
            "LW-SRC-084",
            row,
            f"{name} is a number, but not here",
            where,
            next_step="ask the data provider to correct the value",
        )
    return number


def _refused(error_id: str, row: int, what: str, where: str, *, next_step: str) -> SourceError:
    return SourceError(
        error_id,
        f"row {row:,}: {what}",
        where=where,
        expected="values under the header's names; numbers, empty or NA in a number",
        next_step=next_step,
    )
