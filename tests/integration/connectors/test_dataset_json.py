"""Dataset-JSON 1.1: values, types and the checks of spec A.9."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from longwatch.errors import SourceError
from longwatch.standards.dataset import Variable
from tests.integration.connectors.conftest import Reader
from tests.integration.connectors.small_files import write_dataset_json

TERM = {"name": "AETERM", "dataType": "string", "length": 20}
NUMBER = {"name": "AESEQ", "dataType": "integer"}


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["adsl", "adtte"])
def test_the_published_twins_are_equal(read: Reader, shared_data: Path, name: str) -> None:
    """The same dataset as transport file and as Dataset-JSON, once empty text and null are folded."""
    folder = shared_data / "dataset-json"
    of_json, of_xpt = read(folder / f"{name}.json"), read(folder / f"{name}.xpt")
    folded = of_json.frame.with_columns(pl.col(pl.String).replace("", None))
    assert folded.equals(of_xpt.frame)
    assert folded.schema == of_xpt.frame.schema
    assert of_json.types() == of_xpt.types()


@pytest.mark.shared_data
def test_japanese_terms_are_read(read: Reader, shared_data: Path) -> None:
    found = read(shared_data / "dataset-json" / "ae_i18n_ja.json")
    assert (found.result.dataset, found.result.rows) == ("AE", 1191)
    assert found.frame["AETERM"].str.contains(r"\p{Han}|\p{Katakana}|\p{Hiragana}").any()


def test_empty_text_and_missing_differ(read: Reader, tmp_path: Path) -> None:
    path = write_dataset_json(tmp_path / "ae.json", [TERM], [["Headache  "], [""], [None], ["  Fever"]])
    assert read(path).column("AETERM") == ["Headache", "", None, "  Fever"]


@pytest.mark.parametrize(
    ("column", "values", "kind", "read_as"),
    [
        ({"dataType": "integer"}, [1, None, -3], "number", [1.0, None, -3.0]),
        ({"dataType": "float"}, [1.5, 2, None], "number", [1.5, 2.0, None]),
        ({"dataType": "double"}, [1e-30], "number", [1e-30]),
        # A decimal travels as text, and becomes the nearest number.
        ({"dataType": "decimal", "targetDataType": "decimal"}, ["0.1", None, "12"], "number", [0.1, None, 12.0]),
        ({"dataType": "boolean"}, [True, False, None], "text", ["true", "false", None]),
        ({"dataType": "URI"}, ["urn:x"], "text", ["urn:x"]),
        # A date of SDTM is text, and may be partial.
        ({"dataType": "date"}, ["2026-01", "2026-01-31"], "text", ["2026-01", "2026-01-31"]),
        # A date of ADaM is a number of type date.
        ({"dataType": "date", "targetDataType": "integer"}, ["2026-01-31", None], "date", [date(2026, 1, 31), None]),
        ({"dataType": "time", "targetDataType": "integer"}, ["23:59:01"], "time", [time(23, 59, 1)]),
    ],
)
def test_types(
    read: Reader, tmp_path: Path, column: dict[str, str], values: list[Any], kind: str, read_as: list[Any]
) -> None:
    found = read(write_dataset_json(tmp_path / "xx.json", [{"name": "V", **column}], [[value] for value in values]))
    assert found.types() == {"V": kind}
    assert found.column("V") == read_as


def test_a_datetime_for_numbers_keeps_its_seconds(read: Reader, tmp_path: Path) -> None:
    column = {"name": "ADTM", "dataType": "datetime", "targetDataType": "integer"}
    rows = [["2026-01-31T10:20:30"], ["2026-01-31T10:20:30.5"]]
    found = read(write_dataset_json(tmp_path / "xx.json", [column], rows))
    assert found.types() == {"ADTM": "datetime"}
    assert [value.isoformat() for value in found.frame["ADTM"]] == ["2026-01-31T10:20:30", "2026-01-31T10:20:30.500000"]


def test_metadata_are_kept(read: Reader, tmp_path: Path) -> None:
    column = {"name": "AETERM", "label": "Reported Term", "dataType": "string", "length": 20, "displayFormat": "$20."}
    result = read(write_dataset_json(tmp_path / "x.json", [column], [], name="AE", label="Adverse Events")).result
    assert (result.dataset, result.label, result.rows) == ("AE", "Adverse Events", 0)
    assert result.variables == (Variable("AETERM", "Reported Term", "text", 20, "$20."),)


def test_a_file_without_rows_but_its_metadata_is_whole(read: Reader, tmp_path: Path) -> None:
    """`rows` is optional where there are none."""
    assert read(write_dataset_json(tmp_path / "ae.json", [TERM], [], rows=None)).result.rows == 0


@pytest.mark.parametrize(
    ("error_id", "columns", "rows", "attributes", "words"),
    [
        ("LW-SRC-051", [TERM], [], {"datasetJSONVersion": "1.0.0"}, "datasetJSONVersion"),
        ("LW-SRC-051", [TERM], [], {"datasetJSONVersion": "1.10"}, "datasetJSONVersion"),
        ("LW-SRC-051", [TERM], [], {"itemGroupOID": None}, "itemGroupOID"),
        ("LW-SRC-051", [TERM], [], {"records": "0"}, "records"),
        ("LW-SRC-051", [TERM], [], {"columns": {}}, "columns"),
        ("LW-SRC-051", [{"name": "AETERM"}], [], {}, "dataType of column 1"),
        ("LW-SRC-051", [{"name": "AETERM", "dataType": "text"}], [], {}, "dataType of AETERM"),
        ("LW-SRC-051", [{**TERM, "targetDataType": "date"}], [], {}, "targetDataType of AETERM"),
        ("LW-SRC-052", [TERM], [["x"], ["y"]], {"records": 3}, "records: 3"),
        ("LW-SRC-052", [TERM], [], {"records": 3, "rows": None}, "0 rows"),
        ("LW-SRC-053", [TERM, NUMBER], [["x", 1], ["y"]], {}, "row 2"),
        ("LW-SRC-053", [TERM], [{"AETERM": "x"}], {}, "row 1"),
        ("LW-SRC-014", [TERM, TERM], [], {}, "AETERM"),
        ("LW-SRC-013", [], [], {}, "no variables"),
        ("LW-SRC-055", [NUMBER], [[1], ["2"]], {}, "AESEQ, row 2"),
        ("LW-SRC-055", [NUMBER], [[True]], {}, "AESEQ, row 1"),
        ("LW-SRC-055", [TERM], [["x"], [7]], {}, "AETERM, row 2"),
        ("LW-SRC-055", [{"name": "D", "dataType": "decimal"}], [["0,1"]], {}, "D, row 1"),
        ("LW-SRC-055", [{"name": "D", "dataType": "decimal"}], [["inf"]], {}, "D, row 1"),
        ("LW-SRC-055", [{"name": "D", "dataType": "date", "targetDataType": "integer"}], [["2026-02-30"]], {}, "row 1"),
        ("LW-SRC-055", [{"name": "D", "dataType": "date", "targetDataType": "integer"}], [["2026-02"]], {}, "row 1"),
    ],
)
def test_what_is_not_as_specified_is_refused(
    read: Reader,
    tmp_path: Path,
    error_id: str,
    columns: list[dict[str, Any]],
    rows: list[Any],
    attributes: dict[str, Any],
    words: str,
) -> None:
    path = write_dataset_json(tmp_path / "ae.json", columns, rows, **attributes)
    with pytest.raises(SourceError) as refused:
        read(path)
    assert refused.value.error_id == error_id
    assert refused.value.where == "ae.json"
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("content", "error_id", "words"),
    [
        (b'{"records": 1,', "LW-SRC-050", "line 1"),
        (b"USUBJID,AETERM", "LW-SRC-050", "not JSON"),
        (b"[1, 2]", "LW-SRC-051", "an object"),
        ('{"label": "Fièvre"}'.encode("cp1252"), "LW-SRC-012", "byte 0xE8 at position 14"),
    ],
)
def test_what_is_no_json_object_is_refused(
    read: Reader, tmp_path: Path, content: bytes, error_id: str, words: str
) -> None:
    path = tmp_path / "ae.json"
    path.write_bytes(content)
    with pytest.raises(SourceError) as refused:
        read(path)
    assert refused.value.error_id == error_id
    assert words in str(refused.value)


def test_a_byte_order_mark_is_passed_over(read: Reader, tmp_path: Path) -> None:
    path = write_dataset_json(tmp_path / "ae.json", [TERM], [["x"]])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read(path).column("AETERM") == ["x"]
