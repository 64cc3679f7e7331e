"""One dataset file to one Parquet file: the only door through which foreign bytes become rows.

Takes and gives values only, so that it can run in a process of its own (DESIGN.md, decision 4).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from connectors.readers.column_map import shaped
from connectors.readers.csv import COMMA, TAB, TSV_READER, read_csv
from connectors.readers.csv import READER as CSV_READER
from connectors.readers.dataset_json import READER as DATASET_JSON_READER
from connectors.readers.dataset_json import read_dataset_json
from connectors.readers.dataset_ndjson import COMPRESSED_READER, NDJSON_READER, read_dataset_dsjc, read_dataset_ndjson
from connectors.readers.dataset_xml import READER as DATASET_XML_READER
from connectors.readers.dataset_xml import read_dataset_xml_file
from connectors.readers.odm import READER as ODM_READER
from connectors.readers.odm import read_odm_file
from connectors.readers.parquet import READER as PARQUET_READER
from connectors.readers.parquet import read_parquet
from connectors.readers.reading import Reading, check_dataset_name
from connectors.readers.redcap import READER as REDCAP_READER
from connectors.readers.redcap import FormMap, read_redcap
from connectors.readers.sas7bdat import READER as SAS7BDAT_READER
from connectors.readers.sas7bdat import read_sas7bdat
from connectors.readers.sas_catalogue import READER as CATALOGUE_READER
from connectors.readers.sas_catalogue import labelled, read_catalogues
from connectors.readers.xlsx import READER as XLSX_READER
from connectors.readers.xlsx import read_xlsx
from connectors.readers.xpt import READER as XPT_READER
from connectors.readers.xpt import read_xpt
from longwatch.errors import IntegrityError
from longwatch.standards.dataset import Variable
from longwatch.study import PLAIN, Shape

_OS_ERROR = re.compile(r"os error (\d+)")

READERS = {
    "xpt": XPT_READER,
    "sas7bdat": SAS7BDAT_READER,
    "dataset-json": DATASET_JSON_READER,
    "dataset-ndjson": NDJSON_READER,
    "dataset-json-compressed": COMPRESSED_READER,
    "csv": CSV_READER,
    "tsv": TSV_READER,
    "parquet": PARQUET_READER,
    "xlsx": XLSX_READER,
    "dataset-xml": DATASET_XML_READER,
    "redcap": REDCAP_READER,
    "odm": ODM_READER,
    "sas7bcat": CATALOGUE_READER,
}
"""The reader of each format, with its version: a new version makes a new typed copy (CONTRACTS.md)."""

NAMED_BY_READER = ("csv", "tsv", "xlsx")


@dataclass(frozen=True)
class ReadResult:
    """What was read from a dataset file: name, label, variables, number of records, encoding of its text, reader."""

    dataset: str
    label: str
    variables: tuple[Variable, ...]
    rows: int
    encoding: str
    reader: str


def read_dataset(
    path: Path,
    file_format: str,
    encoding: str,
    dataset_name: str | None,
    target: Path,
    file_name: str,
    define: Path | None = None,
    shape: Shape = PLAIN,
    catalogues: Sequence[tuple[str, Path]] = (),
    form: FormMap | None = None,
) -> ReadResult:
    """Read a dataset file, or one dataset of an ODM file, and write it as Parquet to `target`.

    `dataset_name`: what the study file calls it; else the file's own name for it, where its format has one, else the
    file name. `file_name` stands in messages, since `path` may be a working copy. `define`: the define.xml
    delivered with it, which Dataset-XML takes names and types from. `form`: how a REDCap form becomes a dataset.
    `shape`: how it becomes SDTM-shaped; of ODM, `dataset_name` says which of its datasets. `catalogues`: names and
    paths of the SAS catalogues delivered with it.

    Raises SourceError: those of the readers, of the column map and of catalogues; LW-SRC-011 (the name is none a
    dataset can have). IntegrityError LW-SNP-010 where other than all records were written. OSError where `target`
    cannot be written.
    """
    reading = _open(path, file_format, encoding, dataset_name, file_name, define, form, shape)
    if not shape.odm:
        reading = shaped(reading, shape, file_name, named=file_format in NAMED_BY_READER)
    reading = labelled(reading, read_catalogues(catalogues))
    dataset = check_dataset_name(dataset_name or reading.dataset, file_name)
    rows = write_typed(reading, target)
    if reading.rows is not None and rows != reading.rows:
        raise IntegrityError(
            "LW-SNP-010",
            f"{dataset}: not every record was written to the typed copy",
            where=file_name,
            expected=f"{reading.rows:,} records",
            found=f"{rows:,}",
            next_step="keep the source file and report this",
        )
    return ReadResult(dataset, reading.label, reading.variables, rows, reading.encoding, reading.reader)


def _open(
    path: Path,
    file_format: str,
    encoding: str,
    dataset_name: str | None,
    file_name: str,
    define: Path | None,
    form: FormMap | None,
    shape: Shape,
) -> Reading:
    if file_format == "xpt":
        return read_xpt(path, encoding, file_name)
    if file_format == "sas7bdat":
        return read_sas7bdat(path, file_name)
    if file_format == "dataset-json":
        return read_dataset_json(path, file_name)
    if file_format == "dataset-ndjson":
        return read_dataset_ndjson(path, file_name)
    if file_format == "dataset-json-compressed":
        return read_dataset_dsjc(path, file_name)
    if file_format == "dataset-xml":
        return read_dataset_xml_file(path, define, file_name)
    # These have no name of their own; and by it CSV and TSV know which columns are numbers.
    dataset = check_dataset_name(dataset_name or Path(file_name).stem, file_name)
    if file_format == "odm":
        return read_odm_file(path, dataset, shape.odm[dataset], file_name)
    if file_format in ("csv", "tsv"):
        return read_csv(path, encoding, dataset, file_name, COMMA if file_format == "csv" else TAB, shape)
    if file_format == "parquet":
        return read_parquet(path, dataset, file_name)
    if file_format == "xlsx":
        return read_xlsx(path, dataset, file_name, shape)
    if file_format == "redcap" and form is not None:
        return read_redcap(path, form, dataset, file_name)
    raise ValueError(f"no reader for {file_format}")


def write_typed(reading: Reading, target: Path) -> int:
    """Write the rows as Parquet (zstd), one batch after the other in flat memory. Returns their number.

    Raises what the reading raises; OSError with the system's error number where `target` cannot be written.
    """

    def whole(*_asked: object) -> Iterator[pl.DataFrame]:
        # A sink of the whole source asks for every column and every row.
        return reading.batches()

    source = register_io_source(io_source=whole, schema=reading.schema, validate_schema=True)
    try:
        source.sink_parquet(target, compression="zstd", maintain_order=True)
    except (OSError, pl.exceptions.ComputeError) as failed:
        # Polars gives the system's error number in words only.
        number = _OS_ERROR.search(str(failed))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(target)) from failed
    return int(pl.scan_parquet(target).select(pl.len()).collect().item())
