"""Every published transport file reads as other programs read it: values, rows, labels, formats."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import polars as pl
import polars_readstat
import pyreadstat
import pytest

from tests.integration.connectors.conftest import Read, Reader

pytestmark = pytest.mark.shared_data

# cp1252: the apostrophes of TS.TSVAL.
ENCODING = "cp1252"
DAYS_1960_TO_1970 = 3653
FILES = [
    *(f"cdiscpilot01/adam/{name}.xpt" for name in ("adae", "adsl", "adtte")),
    *(
        f"cdiscpilot01/sdtm/{name}.xpt"
        for name in (
            "ae", "cm", "dm", "ds", "ex", "mh", "relrec", "sc", "se", "suppae", "suppdm", "suppds", "sv", "ta", "te",
            "ti", "ts", "tv",
        )
    ),
    "cdiscpilot01/sdtm_split/lbch.xpt",
    "cdiscpilot01/sdtm_split/vs.xpt",
    "dataset-json/adsl.xpt",
    "dataset-json/adtte.xpt",
    "sas/sample.xpt",
]  # fmt: skip


def as_stored(read: Read, name: str) -> list[object]:
    """A variable as SAS stores it: days or seconds from 1960 for dates and times."""
    kind, values = read.types()[name], read.frame[name]
    if kind == "date":
        return (values - date(1960, 1, 1)).dt.total_days().cast(pl.Float64).to_list()
    if kind == "datetime":
        return ((values.cast(pl.Int64) / 1e6) + DAYS_1960_TO_1970 * 86_400.0).to_list()
    if kind == "time":
        return (values.cast(pl.Int64) / 1e9).to_list()
    return values.to_list()


def missing_as_none(values: list[object]) -> list[object]:
    """What pyreadstat gives for blank text and missing numbers, as None."""
    return [None if value == "" or value != value else value for value in values]


@pytest.mark.parametrize("name", FILES)
def test_reads_as_pyreadstat_does(read: Reader, shared_data: Path, name: str) -> None:
    mine = read(shared_data / name, ENCODING)
    theirs, metadata = pyreadstat.read_xport(
        str(shared_data / name), encoding="WINDOWS-1252", disable_datetime_conversion=True
    )
    assert mine.frame.columns == list(theirs.columns)
    assert mine.frame.height == len(theirs)
    for variable in mine.result.variables:
        assert as_stored(mine, variable.name) == missing_as_none(theirs[variable.name].tolist()), variable.name
        assert variable.label == (metadata.column_names_to_labels[variable.name] or "")
        shown = metadata.original_variable_types[variable.name]
        assert (variable.format or "").rstrip(".") == (shown or "").rstrip(".")
    assert mine.result.dataset == metadata.table_name
    assert mine.result.label == (metadata.file_label or "")


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith("ts.xpt")])
def test_reads_as_polars_readstat_does(read: Reader, shared_data: Path, name: str) -> None:
    """A second, independent oracle; TS is left out, since that reader replaces its cp1252 bytes."""
    theirs = polars_readstat.scan_readstat(str(shared_data / name), preserve_order=True).collect()
    texts = [column for column, dtype in theirs.schema.items() if dtype == pl.String]
    theirs = theirs.with_columns(pl.col(texts).replace("", None))
    mine = read(shared_data / name, ENCODING).frame
    assert mine.cast(theirs.schema).equals(theirs)  # type: ignore[arg-type]


def test_rows_and_variables_are_as_many_as_published(read: Reader, shared_data: Path) -> None:
    """The manifest of the shared data says `1191 rows x 35 vars` of each file; it was made with another program."""
    with (shared_data / "MANIFEST.csv").open(newline="") as file:
        published = {line["file"]: line["content"] for line in csv.DictReader(file) if line["file"] in FILES}
    published.pop("sas/sample.xpt")
    frames = {name: read(shared_data / name, ENCODING).frame for name in published}
    assert {name: f"{frame.height} rows x {frame.width} vars" for name, frame in frames.items()} == published
    assert len(published) == len(FILES) - 1


def test_a_cp1252_apostrophe_is_read_where_declared(read: Reader, shared_data: Path) -> None:
    facts = read(shared_data / "cdiscpilot01/sdtm/ts.xpt", ENCODING).frame
    indication = facts.filter(pl.col("TSPARMCD") == "INDIC")["TSVAL"].item()
    assert indication == "Mild to Moderate Alzheimer’s Disease"
