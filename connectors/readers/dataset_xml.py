"""CDISC Dataset-XML 1.0, with the define.xml beside it for names, labels and types.

What the format means is in `longwatch.standards.dataset_xml`; here are the file, its define.xml, and the batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl

from connectors.readers.reading import Reading, check_variables
from connectors.readers.text import UTF_8
from longwatch.standards.dataset_xml import DatasetXml, describe_dataset_xml, records_of_dataset_xml
from longwatch.standards.define_xml import parse_define

READER = "longwatch-dataset-xml 1"


def read_dataset_xml_file(path: Path, define: Path | None, where: str) -> Reading:
    """A Dataset-XML file as a dataset; `define` is the define.xml that came with it, None where none did.

    Text: an empty text stays empty and differs from missing (null); trailing blanks are removed. Names, types and
    errors as in `describe_dataset_xml` and `records_of_dataset_xml`.

    Raises SourceError: theirs (LW-XML, LW-ODM, LW-DSX), those of `parse_define` (LW-DEF), LW-SRC-013 (no variables).
    """
    known = None
    if define is not None:
        with define.open("rb") as source:
            known = parse_define(source)
    with path.open("rb") as source:
        described = describe_dataset_xml(source, known, where)
    check_variables([each.name for each in described.variables], where)
    return Reading(
        dataset=described.name,
        label=described.label,
        variables=described.variables,
        schema=described.schema,
        batches=partial(_batches, path, described, where),
        encoding=UTF_8,
        reader=READER,
        rows=described.rows,
    )


def _batches(path: Path, described: DatasetXml, where: str) -> Iterator[pl.DataFrame]:
    with path.open("rb") as source:
        for batch in records_of_dataset_xml(source, described, where):
            yield batch.with_columns(pl.col(pl.String).str.strip_chars_end(" "))
