"""CSV with a header of variable names (RFC 4180), and the same with tabs between the values.

Types are not in the file: numbers are the variables that the standard makes numbers (`longwatch.standards.sdtm`), the
rest is text.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv

from connectors.readers.column_map import is_number, name_columns
from connectors.readers.reading import Reading, check_variables
from connectors.readers.text import UTF_8, check_encoding, undecodable
from longwatch.errors import SourceError
from longwatch.standards.dataset import Variable
from longwatch.study import PLAIN, Shape

READER = f"longwatch-csv 1 (pyarrow {version('pyarrow')})"
TSV_READER = f"longwatch-tsv 1 (pyarrow {version('pyarrow')})"
COMMA, TAB = ",", "\t"
LINE_CHARACTERS = 1024 * 1024
# No record may be longer. Arrow reads ahead by many blocks: larger ones cost memory and are no faster.
BLOCK_BYTES = 2 * 1024 * 1024
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,31}")
NOT_AVAILABLE = "NA"


def read_csv(
    path: Path, encoding: str, dataset: str, where: str, separator: str = COMMA, shape: Shape = PLAIN
) -> Reading:
    """A CSV file, or with TAB a TSV file, as the dataset of that name.

    Text: trailing blanks removed, leading blanks kept, empty is null, `NA` is text. Numbers: empty and `NA` are null.
    Empty lines are no records. `shape`: the column map that names the columns; its `missing` texts are null.

    Raises SourceError: LW-MAP-001 (a column of the map is not there), LW-SRC-008 (no such encoding), LW-SRC-060 (the
    first line is no header), LW-SRC-014 (a variable twice), LW-SRC-065 (an endless line); and, as the rows are read,
    each with its line: LW-SRC-012 (a byte that is not valid in the encoding), LW-SRC-062 (more or fewer values than the
    header), LW-SRC-063 (text in a number), LW-SRC-064 (quotes do not close).
    """
    encoding = check_encoding(encoding, where)
    header, any_records = _header(path, encoding, dataset, where, separator)
    targets = name_columns(header, shape, where)
    names = {column: name for column, name in zip(header, targets, strict=True) if name is not None}
    if not all(VARIABLE_NAME.fullmatch(name) for name in names.values() if name):
        raise _no_header(where, separator)
    check_variables([name for name in targets if name is not None], where)
    check_variables([column or "(empty)" for column in header], where)
    variables = tuple(
        Variable(name, type="number" if is_number(dataset, name, shape) else "text") for name in names.values()
    )
    schema = pl.Schema({each.name: pl.Float64() if each.type == "number" else pl.String() for each in variables})

    def batches() -> Iterator[pl.DataFrame]:
        first = 1
        for texts in _texts(path, encoding, header, dataset, where, separator) if any_records else ():
            named = texts.select(pl.col(column).alias(name) for column, name in names.items())
            yield named.select(
                _typed(named, variable, first, path, encoding, where, separator, shape.missing)
                for variable in variables
            )
            first += texts.height

    return Reading(dataset, "", variables, schema, batches, encoding, READER if separator == COMMA else TSV_READER)


def _header(path: Path, encoding: str, dataset: str, where: str, separator: str) -> tuple[list[str], bool]:
    """The names of the variables, and whether anything follows them."""
    names: list[str] = []
    any_records = True
    with path.open("r", encoding="utf-8-sig" if encoding == UTF_8 else encoding, newline="") as lines:
        reader = csv.reader(_bounded(lines, where), strict=True, delimiter=separator)
        try:
            names = next(reader, [])
            any_records = any(reader)
        except UnicodeError:
            raise _fault(path, encoding, dataset, where, separator) from None
        except csv.Error:
            # In the header: refused below. In the records: told with its line when they are read.
            pass
    if not names:
        raise _no_header(where, separator)
    return names, any_records


def _no_header(where: str, separator: str) -> SourceError:
    return SourceError(
        "LW-SRC-060",
        "the first line is no header of variable names",
        where=where,
        expected=f"names such as {separator.join(('STUDYID', 'USUBJID', 'AESEQ'))}",
        next_step="ask the data provider for the file with its header, or give its columns their names by `columns:` "
        "and leave others out by `drop:` of this source in the study file",
    )


def _bounded(lines: TextIO, where: str) -> Iterator[str]:
    """The lines, none of which is endless. Raises SourceError LW-SRC-065."""
    while line := lines.readline(LINE_CHARACTERS + 1):
        if len(line) > LINE_CHARACTERS:
            raise SourceError(
                "LW-SRC-065",
                "a line is longer than a record of a dataset is",
                where=where,
                expected=f"at most {LINE_CHARACTERS:,} characters in the header and the first record",
                next_step="check that it is text, one record per line",
            )
        yield line


def _texts(
    path: Path, encoding: str, names: list[str], dataset: str, where: str, separator: str
) -> Iterator[pl.DataFrame]:
    """The records as text, empty as null."""
    try:
        reader = arrow_csv.open_csv(
            path,
            arrow_csv.ReadOptions(
                use_threads=False, block_size=BLOCK_BYTES, encoding="utf8" if encoding == UTF_8 else encoding
            ),
            arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
        for batch in reader:
            yield pl.DataFrame(batch)
    except (pa.ArrowInvalid, UnicodeDecodeError) as refused:
        raise _fault(path, encoding, dataset, where, separator) from refused
    if _ends_in_quotes(path, encoding, separator):
        raise _fault(path, encoding, dataset, where, separator)


def _ends_in_quotes(path: Path, encoding: str, separator: str) -> bool:
    """Whether the last value begins with a quote that never closes: Arrow takes all that follows for text."""
    with path.open("rb") as file:
        quotes = sum(chunk.count(b'"') for chunk in iter(partial(file.read, BLOCK_BYTES), b""))
    if quotes % 2 == 0:
        return False
    with path.open("r", encoding=encoding, newline="") as lines:
        try:
            deque(csv.reader(lines, strict=True, delimiter=separator), maxlen=0)
        except csv.Error as broken:
            return str(broken).startswith(("unexpected end of data", "field larger than"))
    return False


def _typed(
    texts: pl.DataFrame,
    variable: Variable,
    first: int,
    path: Path,
    encoding: str,
    where: str,
    separator: str,
    missing: Sequence[str],
) -> pl.Series:
    column = texts[variable.name]
    if variable.type == "text":
        trimmed = column.str.strip_chars_end(" ")
        return trimmed.set(trimmed == "", None)
    trimmed = column.str.strip_chars(" ")
    given = trimmed.set(trimmed.is_in(["", NOT_AVAILABLE, *missing]), None)
    numbers = given.cast(pl.Float64, strict=False)
    wrong = (given.is_not_null() & ~numbers.is_finite().fill_null(False)).arg_true()
    if wrong.len():
        line = _line_of_record(path, encoding, first + int(wrong[0]), separator)
        raise SourceError(
            "LW-SRC-063",
            f"line {line:,}: {variable.name} is not a number",
            where=where,
            expected="a number, empty or NA",
            found="text",
            next_step="ask the data provider to correct the value",
        )
    return numbers


# Where reading failed, a second, slower look finds the line.


def _fault(path: Path, encoding: str, dataset: str, where: str, separator: str) -> SourceError:
    content = path.read_bytes()
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as invalid:
        return _undecodable(content, invalid.start, encoding, dataset, where, separator)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    try:
        width = len(next(reader))
        for row in reader:
            if row and len(row) != width:
                return SourceError(
                    "LW-SRC-062",
                    f"line {reader.line_num:,} has not one value per variable",
                    where=where,
                    expected=f"{width} values",
                    found=str(len(row)),
                    next_step="ask the data provider to quote values that hold a comma (TSV: a tab)",
                )
    except csv.Error:
        pass
    return SourceError(
        "LW-SRC-064",
        f"the quotes do not close properly near line {reader.line_num:,}",
        where=where,
        expected='values with a comma (TSV: a tab) or a line break in "…", and " in them doubled',
        next_step="ask the data provider to write the file anew",
    )


def _undecodable(content: bytes, offset: int, encoding: str, dataset: str, where: str, separator: str) -> SourceError:
    before = content[:offset].decode(encoding)
    rows: list[list[str]] = []
    # A value that is longer than Python's reader allows: the line is told, the variable is not.
    with suppress(csv.Error):
        rows = list(csv.reader(io.StringIO(before, newline=""), delimiter=separator))
    place = f"{where}, line {before.count(chr(10)) + 1:,}"
    if len(rows) > 1 and len(rows[-1]) <= len(rows[0]):
        place = f"{where}: {dataset}.{rows[0][len(rows[-1]) - 1]}, line {before.count(chr(10)) + 1:,}"
    return undecodable(content[offset], offset + 1, encoding, place)


def _line_of_record(path: Path, encoding: str, record: int, separator: str) -> int:
    with path.open("r", encoding=encoding, newline="") as lines:
        reader = csv.reader(lines, delimiter=separator)
        # A value that is longer than Python's reader allows: near there.
        with suppress(csv.Error):
            for row in reader:
                # The header is a row too.
                record -= bool(row)
                if record < 0:
                    break
    return reader.line_num
