"""Every file of the public trial data is read, or is known to be none of ours: the list is MANIFEST.csv's, so that no
file is forgotten. Rows by MANIFEST.csv; values, types, labels by readers that nobody here wrote."""

from __future__ import annotations

import csv
import json
import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyreadstat
import pytest

from connectors.places.sources import CATALOGUE, DEFINE, format_of
from connectors.readers.sas_catalogue import read_catalogues
from longwatch.standards.define_xml import parse_define
from longwatch.study import Shape
from longwatch.study.odm_proposal import propose_odm
from tests.conftest import REPOSITORY
from tests.integration.connectors.conftest import Read, Reader

pytestmark = pytest.mark.shared_data

FOLDERS = ("sas/", "odm/", "dataset-json/", "metabolic/", "cdiscpilot01/")
NO_DATA = {"cdiscpilot01/narratives.txt", "dataset-json/dataset.schema.json"}
"""Text of narratives and the schema of Dataset-JSON; no dataset and no description of one."""
NOT_UTF_8 = {"cdiscpilot01/sdtm/ts.xpt": "cp1252"}
MANIFEST = REPOSITORY.parent / "shared" / "data" / "MANIFEST.csv"
EPOCH = datetime.fromisoformat("1960-01-01")


def listed() -> list[dict[str, str]]:
    if not MANIFEST.is_file():
        return []
    with MANIFEST.open(newline="", encoding="utf-8") as lines:
        return [row for row in csv.DictReader(lines) if row["file"].startswith(FOLDERS)]


FILES = {row["file"]: row["content"] for row in listed()}
DATA_FILES = [name for name in FILES if name not in NO_DATA]


def test_the_manifest_lists_every_file_that_is_there(shared_data: Path) -> None:
    there = {
        str(path.relative_to(shared_data))
        for folder in FOLDERS
        for path in (shared_data / folder).rglob("*")
        if path.is_file()
    }
    assert there == set(FILES)


def is_odm(name: str) -> bool:
    return name in ("odm/odm-data-snapshot.xml", "odm/test_clinical_data_01.xml")


@pytest.mark.parametrize("name", DATA_FILES)
def test_every_file_reads_as_another_reader_reads_it(read: Reader, shared_data: Path, name: str) -> None:
    path = shared_data / name
    kind = DEFINE if "define" in path.name else format_of(path.name)
    if kind == DEFINE:
        check_define(path)
    elif kind == CATALOGUE:
        check_catalogue(path)
    elif is_odm(name):
        check_odm(read, path)
    else:
        dataset = path.stem.split("_")[0].upper() if path.suffix == ".csv" else None
        found = read(path, NOT_UTF_8.get(name, "utf-8"), dataset)
        rows = re.match(r"([0-9]+) (?:rows|results)", FILES[name])
        if rows:
            assert found.result.rows == int(rows[1])
        columns = re.search(r"x ([0-9]+) (?:vars|cols)", FILES[name])
        if columns:
            assert len(found.result.variables) == int(columns[1])
        CHECKS[str(kind)](found, path, NOT_UTF_8.get(name))


def as_stored(value: object) -> object:
    """A value as SAS stores it: days or seconds from 1960, seconds of a day."""
    if isinstance(value, datetime):
        return (value - EPOCH) / timedelta(seconds=1)
    if isinstance(value, date):
        return float((value - EPOCH.date()).days)
    if isinstance(value, time):
        return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
    return value


def check_sas(found: Read, path: Path, encoding: str | None) -> None:
    """Values, labels, types, formats, and the number of missing values, by pyreadstat."""
    reader = pyreadstat.read_xport if path.suffix == ".xpt" else pyreadstat.read_sas7bdat
    given = {"encoding": encoding} if encoding else {}
    frame, described = reader(str(path), disable_datetime_conversion=True, **given)
    variables = [each for each in found.result.variables if not each.name.endswith("__MISSING")]
    assert [each.name for each in variables] == described.column_names
    assert found.result.rows == len(frame)
    for each in variables:
        numeric = described.readstat_variable_types[each.name] != "string"
        assert (each.type != "text") == numeric, each.name
        assert each.label == (described.column_names_to_labels[each.name] or "")
        shown = (described.original_variable_types[each.name] or "").upper()
        assert (each.format or "").rstrip(".").startswith(shown.split(".")[0]) or not shown, each
        expected = [
            None if value in ("", None) or (isinstance(value, float) and math.isnan(value)) else value
            for value in frame[each.name].tolist()
        ]
        assert [as_stored(value) for value in found.column(each.name)] == expected, each.name


def check_json(found: Read, path: Path, _encoding: str | None) -> None:
    """Values, labels, types by the JSON itself."""
    if path.suffix == ".ndjson":
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        columns, rows = lines[0]["columns"], lines[1:]
    else:
        document = json.loads(path.read_text(encoding="utf-8"))
        columns, rows = document["columns"], document["rows"]
    assert [(each.name, each.label) for each in found.result.variables] == [
        (column["name"], column["label"]) for column in columns
    ]
    for number, column in enumerate(columns):
        numeric = column["dataType"] in ("integer", "float", "double", "decimal")
        values = [row[number] for row in rows]
        kind = found.types()[column["name"]]
        if column["dataType"] == "string":
            assert kind == "text"
            assert found.column(column["name"]) == [value.rstrip(" ") if value else value for value in values]
        elif numeric and kind == "number":
            assert found.column(column["name"]) == [None if value is None else float(value) for value in values]
        else:
            assert sum(value is None for value in found.column(column["name"])) == sum(
                value is None for value in values
            )


def check_csv(found: Read, path: Path, _encoding: str | None) -> None:
    """Values by Python's own reader: text as it stands, a number where SDTM has one."""
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert found.result.rows == len(rows)
    for name, kind in found.types().items():
        texts = [row[name] for row in rows]
        if kind == "number":
            assert found.column(name) == [None if text in ("", "NA") else float(text) for text in texts], name
        else:
            assert found.column(name) == [text.rstrip(" ") or None for text in texts], name


def check_dataset_xml(found: Read, path: Path, _encoding: str | None) -> None:
    """The values of every record by another XML reader, by the ends of their item ids."""
    root = ElementTree.parse(path).getroot()
    groups = [each for each in root.iter() if each.tag.endswith("}ItemGroupData")]
    assert found.result.rows == len(groups)
    for record, group in zip(found.frame.iter_rows(named=True), groups, strict=True):
        expected = {item.attrib["ItemOID"]: item.attrib["Value"] for item in group if "Value" in item.attrib}
        there = [str(value) for value in record.values() if value is not None]
        assert len(there) == len(expected)
        assert [re.sub(r"\.0$", "", text) for text in there] == [
            re.sub(r"\.0$", "", text.rstrip(" ")) for text in expected.values()
        ]


def check_odm(read: Reader, path: Path) -> None:
    """Every value of the proposed mapping by another XML reader."""
    from longwatch.standards.odm import read_odm

    specs, _ = propose_odm(read_odm(path.read_bytes()), "S")
    assert specs
    root = ElementTree.parse(path).getroot()
    for name, spec in specs.items():
        found = read(path, dataset=name, **Shape(odm={name: spec}).model_dump(exclude_defaults=True))
        records = [each for each in root.iter() if each.tag.endswith("}ItemGroupData")]
        # An item group without items is no record.
        records = [each for each in records if each.attrib["ItemGroupOID"] == spec.item_groups[0] and len(each)]
        assert found.result.rows == len(records)
        for variable, source in spec.variables.items():
            if source.item is None:
                continue
            values = [
                next((item.attrib.get("Value") for item in each if item.attrib["ItemOID"] == source.item), None)
                for each in records
            ]
            expected: list[Any] = [value.rstrip(" ") if value else value for value in values]
            if found.types()[variable] == "number":
                expected = [float(value) if value else None for value in values]
            assert found.column(variable) == expected, variable


def check_catalogue(path: Path) -> None:
    _, described = pyreadstat.read_sas7bcat(str(path))
    formats = read_catalogues([(path.name, path)])
    assert {name: dict(labels) for name, labels in formats.items()} == described.value_labels
    assert formats


def check_define(path: Path) -> None:
    """Datasets and their variables, by another XML reader."""
    define = parse_define(path.read_bytes())
    root = ElementTree.parse(path).getroot()
    groups = [each for each in root.iter() if each.tag.endswith("}ItemGroupDef")]
    assert [each.name for each in define.datasets] == [group.attrib["Name"] for group in groups]
    assert [len(each.variables) for each in define.datasets] == [
        sum(item.tag.endswith("}ItemRef") for item in group) for group in groups
    ]


CHECKS = {
    "xpt": check_sas, "sas7bdat": check_sas, "dataset-json": check_json, "dataset-ndjson": check_json,
    "csv": check_csv, "dataset-xml": check_dataset_xml,
}  # fmt: skip


def labels(found: Read) -> dict[str, str]:
    return {each.name: each.label for each in found.result.variables}


def folded(found: Read) -> Iterator[tuple[str, list[object]]]:
    for name in found.frame.columns:
        yield name, [None if value == "" else value for value in found.column(name)]


@pytest.mark.parametrize("name", ["adsl", "adtte"])
def test_twins_in_two_formats_are_equal(read: Reader, shared_data: Path, name: str) -> None:
    """Dataset-JSON and XPT of one dataset: names, types and values are equal, with blank text and null folded, since
    XPT cannot tell them apart. Two labels of adtte differ, and are what the two files say."""
    twin = read(shared_data / "dataset-json" / f"{name}.xpt")
    found = read(shared_data / "dataset-json" / f"{name}.json")
    assert twin.types() == found.types()
    assert dict(folded(twin)) == dict(folded(found))
    differing = [each for each in labels(found) if labels(found)[each] != labels(twin)[each]]
    assert differing == {"adsl": [], "adtte": ADTTE_LABELS}[name]


ADTTE_LABELS = ["STARTDT", "SRCDOM"]


def test_the_ndjson_twin_is_equal(read: Reader, shared_data: Path) -> None:
    found = read(shared_data / "dataset-json" / "adtte.json")
    twin = read(shared_data / "dataset-json" / "adtte.ndjson")
    assert found.frame.equals(twin.frame)
    assert found.result.variables == twin.result.variables
