"""ODM-XML 1.3.2 clinical data: one dataset of a mapping at a time, so that memory holds one dataset's values.

What the format means is in `longwatch.standards.odm`, what a mapping means in `longwatch.standards.odm_mapping`; here
are the file, and the study file's words for a mapping.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from connectors.readers.reading import Reading
from connectors.readers.text import UTF_8
from longwatch.standards.dataset import Variable
from longwatch.standards.odm import LONG_SCHEMA, read_odm_values
from longwatch.standards.odm_mapping import (
    Constant,
    FromItem,
    FromKey,
    FromUnit,
    OdmDataset,
    RecordNumber,
    VariableSource,
    map_odm,
)
from longwatch.standards.odm_metadata import OdmMetadata, read_odm_metadata
from longwatch.study import OdmDatasetSpec, OdmVariable

READER = "longwatch-odm 1"


def read_odm_file(path: Path, dataset: str, spec: OdmDatasetSpec, where: str) -> Reading:
    """One dataset of an ODM file, as the study file maps it. Text is kept but for trailing blanks; a number is where
    the mapping or SDTM makes it one; a variable's label is the file's own for its item.

    Raises SourceError: those of `read_odm_values` and `read_odm_metadata` (LW-XML, LW-ODM). SourceError and StudyError
    LW-ODM-006 to -009 of `map_odm`.
    """
    mapping = odm_dataset(spec)
    with path.open("rb") as source:
        metadata = read_odm_metadata(source, where)
    chosen = pl.col("ItemGroupOID").is_in(mapping.item_groups)
    with path.open("rb") as source:
        batches = [batch.filter(chosen) for batch in read_odm_values(source, where)]
    values = pl.concat([LONG_SCHEMA.to_frame(), *batches])
    frame = map_odm(values, {dataset: mapping}, metadata)[dataset]
    frame = frame.with_columns(pl.col(pl.String).str.strip_chars_end(" "))

    def whole() -> Iterator[pl.DataFrame]:
        yield frame

    return Reading(
        dataset=dataset,
        label=spec.label,
        variables=tuple(
            _variable(name, source, metadata, number=frame.schema[name] == pl.Float64)
            for name, source in spec.variables.items()
        ),
        schema=frame.schema,
        batches=whole,
        encoding=UTF_8,
        reader=READER,
        rows=frame.height,
    )


def odm_dataset(spec: OdmDatasetSpec) -> OdmDataset:
    """The mapping that a study file's words mean."""
    return OdmDataset(
        item_groups=spec.item_groups,
        variables={name: _source(variable) for name, variable in spec.variables.items()},
        forms=spec.forms,
        one_row_per=spec.one_row_per,
    )


def _source(variable: OdmVariable) -> VariableSource:
    if variable.item is not None:
        return FromItem(variable.item, variable.terms, variable.number)
    if variable.unit is not None:
        return FromUnit(variable.unit, variable.terms)
    if variable.key is not None:
        return FromKey(variable.key, variable.terms)
    if variable.text is not None:
        return Constant(variable.text)
    return RecordNumber()


def _variable(name: str, source: OdmVariable, metadata: OdmMetadata, *, number: bool) -> Variable:
    item = metadata.items.get(source.item or "")
    return Variable(
        name,
        (item.label or item.question or item.name) if item else "",
        "number" if number else "text",
        item.length if item else None,
    )
