"""A column map on a dataset: columns renamed, left out and added; numbers and dates as the study file says.

CSV, TSV and XLSX name their columns by it as they read the header, since a header need not hold variable names then;
of the formats that name and type their variables, the reading is changed afterwards. Source: CONTRACTS.md, typed copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import polars as pl

from connectors.readers.reading import Reading, check_variables
from connectors.readers.sas_values import FRAME_TYPES, MISSING_SUFFIX
from longwatch.errors import SourceError
from longwatch.standards.dataset import Variable
from longwatch.standards.number_text import numbers_of
from longwatch.standards.sdtm import is_numeric
from longwatch.standards.written_dates import iso_dates
from longwatch.study import Shape

_DATE_TEXT = "DTC"


def name_columns(header: Sequence[str], shape: Shape, where: str) -> list[str | None]:
    """The variable that each column of a file is; None: it is left out.

    Raises SourceError LW-MAP-001 (a column that the map names is not there).
    """
    _check_there((*shape.columns, *shape.drop), header, "columns and drop", where)
    return [None if name in shape.drop else shape.columns.get(name, name) for name in header]


def is_number(dataset: str, variable: str, shape: Shape) -> bool:
    """Whether a column of a file without types is read as a number: as the study file says, else as SDTM has it."""
    kind = shape.types.get(variable)
    return is_numeric(dataset, variable) if kind is None else kind == "number"


def shaped(reading: Reading, shape: Shape, where: str, *, named: bool) -> Reading:
    """A reading as the column map has it. `named`: whether the reader has named its columns by the map already.

    In order: rename and leave out (a special missing value goes with its number); `missing` texts are null; types;
    constants, as the first columns. Values that are of their type already stay.

    Raises SourceError: LW-MAP-001 (a column or typed variable is not there), LW-MAP-002 (a constant is there already),
    LW-SRC-014 (a name twice); and, as the rows are read, LW-MAP-003 (a value is not of the type).
    """
    if shape.is_plain:
        return reading
    header = [each.name for each in reading.variables]
    targets: list[str | None] = list(header) if named else _with_letters(header, shape, where)
    kept = [(old, new) for old, new in zip(reading.variables, targets, strict=True) if new is not None]
    names = [new for _, new in kept]
    check_variables(names, where)
    _check_there(shape.types, names, "types", where)
    there = [name for name in shape.constants if name in names]
    if there:
        raise SourceError(
            "LW-MAP-002",
            f"{', '.join(there)}: given as a constant, but the file has it",
            where=where,
            expected="constants for variables that the file lacks",
            next_step="take it out of `constants:`, or leave the file's own out by `drop:`",
        )
    made = [_typed_variable(replace(old, name=new), shape) for old, new in kept]
    variables = (*(Variable(name) for name in shape.constants), *made)
    schema = pl.Schema({each.name: FRAME_TYPES.get(each.type, pl.String()) for each in variables})
    renamed = {old.name: new for old, new in kept}
    return replace(
        reading,
        variables=variables,
        schema=schema,
        batches=partial(_batches, reading, renamed, shape, variables, where),
    )


def _batches(
    reading: Reading, renamed: dict[str, str], shape: Shape, variables: tuple[Variable, ...], where: str
) -> Iterator[pl.DataFrame]:
    first = 1
    constants = [pl.lit(value, dtype=pl.String).alias(name) for name, value in shape.constants.items()]
    for batch in reading.batches():
        frame = batch.select(pl.col(old).alias(new) for old, new in renamed.items())
        if shape.missing:
            texts = pl.col(pl.String)
            frame = frame.with_columns(pl.when(~texts.is_in(list(shape.missing))).then(texts))
        frame = frame.with_columns(
            _converted(frame[each.name], each, shape.types[each.name], first, where)
            for each in variables
            if each.name in shape.types
        )
        yield frame.select(*constants, pl.all())
        first += batch.height


def _typed_variable(variable: Variable, shape: Shape) -> Variable:
    kind = shape.types.get(variable.name)
    if kind is None:
        return variable
    if kind in ("text", "number"):
        return replace(variable, type=kind)
    return replace(variable, type="text" if variable.name.endswith(_DATE_TEXT) else "date")


def _converted(column: pl.Series, variable: Variable, kind: str, first: int, where: str) -> pl.Series:
    wrong: int | None = None
    if kind == "text":
        return _as_text(column)
    if kind == "number":
        if column.dtype == pl.Float64:
            return column
        result, wrong = numbers_of(_as_text(column))
    elif column.dtype in (pl.Date, pl.Datetime) and variable.type == "date":
        return column.cast(pl.Date)
    else:
        result, wrong = iso_dates(_as_text(column), "date" if column.dtype in (pl.Date, pl.Datetime) else kind)
        if wrong is None and variable.type == "date":
            days = result.str.to_date("%Y-%m-%d", strict=False)
            lost = (result.is_not_null() & days.is_null()).arg_true()
            result, wrong = days, (int(lost[0]) if lost.len() else None)
    if wrong is not None:
        whole = "" if variable.type != "date" else "a whole date: "
        raise SourceError(
            "LW-MAP-003",
            f"record {first + wrong:,}: {variable.name} is not as `types:` says",
            where=where,
            expected=whole + kind,
            next_step="correct `types:` of this source, say in `missing:` what means that nothing is there, or ask the "
            "data provider to correct the value",
        )
    return result


def _as_text(column: pl.Series) -> pl.Series:
    """Numbers in their shortest form, whole ones without a point; dates as ISO 8601."""
    if column.dtype == pl.Float64:
        whole = (column == column.floor()) & (column.abs() < 2**53)
        shown = column.cast(pl.String)
        return shown.zip_with(~whole.fill_null(False), column.cast(pl.Int64, strict=False).cast(pl.String))
    if column.dtype == pl.Datetime:
        return column.dt.to_string("%Y-%m-%dT%H:%M:%S")
    return column.cast(pl.String)


def _with_letters(header: Sequence[str], shape: Shape, where: str) -> list[str | None]:
    targets = dict(zip(header, name_columns(header, shape, where), strict=True))
    for name in header:
        base = name.removesuffix(MISSING_SUFFIX)
        if base != name and base in targets and name not in (*shape.columns, *shape.drop):
            target = targets[base]
            targets[name] = target + MISSING_SUFFIX if target is not None else None
    return [targets[name] for name in header]


def _check_there(named: Iterable[str], there: Sequence[str], key: str, where: str) -> None:
    absent = [name for name in named if name not in there]
    if absent:
        raise SourceError(
            "LW-MAP-001",
            f"{', '.join(absent[:5])}: named by {key} of the study file, but not in the file",
            where=where,
            expected=f"one of {', '.join(name or '(empty)' for name in there[:40])}",
            next_step="correct the name (capitals count); files with other columns are a source of their own, by "
            "`include:`",
        )
