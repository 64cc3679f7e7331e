"""Transport files of version 8: long names, long labels, a declared number of observations."""

from __future__ import annotations

import struct
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from longwatch.errors import SourceError
from longwatch.standards.dataset import Variable
from tests.integration.connectors.conftest import Reader
from tests.integration.connectors.small_files import rewrite

LONG_LABEL = "The term that the investigator reported, word by word"
LABELS = b"HEADER RECORD*******LABELV8 HEADER RECORD!!!!!!!"
OBSERVATIONS = b"HEADER RECORD*******OBSV8   HEADER RECORD!!!!!!!"


@pytest.fixture
def ae(tmp_path: Path) -> Path:
    """Three observations of 18 bytes, the last one without a number: written by pyreadstat."""
    columns = {"REPORTED_TERM_AS_WRITTEN": ["Headache", "Fièvre", "x"], "AESTDT": [0.0, 21_915.0, None]}
    pyreadstat.write_xport(
        pd.DataFrame(columns),
        str(tmp_path / "ae.xpt"),
        file_format_version=8,
        table_name="ADVERSE_EVENTS_OF_ALL",
        file_label="Adverse Events",
        column_labels=[LONG_LABEL, "Start Date"],
        variable_format={"AESTDT": "DATE9."},
    )
    return tmp_path / "ae.xpt"


def refused(read: Reader, path: Path) -> SourceError:
    with pytest.raises(SourceError) as error:
        read(path)
    return error.value


@pytest.mark.shared_data
def test_the_published_file_is_its_sas_data_set(read: Reader, shared_data: Path) -> None:
    """The same data were published as SAS7BDAT: values, labels and types are equal."""
    version_8 = read(shared_data / "sas" / "dates_xpt_v8.xpt")
    data_set = read(shared_data / "sas" / "dates_xpt.sas7bdat")
    assert version_8.frame.equals(data_set.frame)
    assert version_8.result.variables == data_set.result.variables
    assert (version_8.result.dataset, version_8.result.label) == (data_set.result.dataset, data_set.result.label)


@pytest.mark.shared_data
def test_the_published_file_says_its_dates_as_text(read: Reader, shared_data: Path) -> None:
    found = read(shared_data / "sas" / "dates_xpt_v8.xpt")
    assert [f"{value:%Y-%m-%d %H:%M:%S}" for value in found.frame["dt"]] == found.column("string_dt")
    assert [value.isoformat() for value in found.frame["dates"]] == found.column("string_dates")
    assert [value.isoformat() for value in found.frame["times"]] == found.column("string_times")


def test_long_names_and_labels(read: Reader, ae: Path) -> None:
    found = read(ae)
    assert (found.result.dataset, found.result.label, found.result.rows) == (
        "ADVERSE_EVENTS_OF_ALL", "Adverse Events", 3,
    )  # fmt: skip
    term, start = found.result.variables
    assert (term.name, term.label, term.type) == ("REPORTED_TERM_AS_WRITTEN", LONG_LABEL, "text")
    assert start == Variable("AESTDT", "Start Date", "date", 8, "DATE9.")
    assert found.column("REPORTED_TERM_AS_WRITTEN") == ["Headache", "Fièvre", "x"]
    assert [str(value) for value in found.column("AESTDT")] == ["1960-01-01", "2020-01-01", "None"]


def test_long_formats(read: Reader, ae: Path) -> None:
    """LABELV9 gives the name of a format as well; its width stays in the description."""

    def with_format(content: bytes) -> bytes:
        name, label, long_format = b"AESTDT", b"Start Date", b"E8601DATELONG"
        entry = struct.pack(">hhhhh", 2, len(name), len(label), len(long_format), 0) + name + label + long_format
        header = LABELS.replace(b"LABELV8", b"LABELV9") + b"1".ljust(32)
        begin, end = content.index(LABELS), content.index(OBSERVATIONS)
        return content[:begin] + header + entry.ljust(80) + content[end:]

    found = read(rewrite(ae, with_format))
    assert found.result.variables[1] == Variable("AESTDT", "Start Date", "date", 8, "E8601DATELONG9.")


def test_blank_observations_at_the_end_count(read: Reader, tmp_path: Path) -> None:
    """Version 8 says how many there are, so that they are not taken for padding."""
    frame = pd.DataFrame({"AETERM": ["Headache", "", ""]})
    pyreadstat.write_xport(frame, str(tmp_path / "ae.xpt"), file_format_version=8, table_name="AE")
    assert read(tmp_path / "ae.xpt").column("AETERM") == ["Headache", None, None]


def test_a_file_that_does_not_say_how_many_is_counted(read: Reader, ae: Path) -> None:
    rewrite(ae, lambda content: content.replace(OBSERVATIONS + b"3".rjust(15), OBSERVATIONS + b" " * 15))
    assert read(ae).result.rows == 3


@pytest.mark.parametrize(
    ("declared", "error_id", "words"),
    [(2, "LW-SRC-046", "2 observations"), (1, "LW-SRC-046", "1 observations"), (9, "LW-SRC-045", "9 observations")],
)
def test_another_number_of_observations_than_declared(
    read: Reader, ae: Path, declared: int, error_id: str, words: str
) -> None:
    number = str(declared).encode().rjust(15)
    rewrite(ae, lambda content: content.replace(OBSERVATIONS + b"3".rjust(15), OBSERVATIONS + number))
    error = refused(read, ae)
    assert error.error_id == error_id
    assert words in error.expected


def test_a_second_dataset_in_the_file(read: Reader, ae: Path) -> None:
    at = ae.stat().st_size
    rewrite(ae, lambda content: content + content[240:])
    error = refused(read, ae)
    assert error.error_id == "LW-SRC-044"
    assert f"byte {at:,}" in error.what


@pytest.mark.parametrize("size", [79, 80, 300, 600, 960, 1000])
def test_cut_off_in_the_headers(read: Reader, ae: Path, size: int) -> None:
    rewrite(ae, lambda content: content[:size])
    assert refused(read, ae).error_id == "LW-SRC-043"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (LABELS + b"1 ", LABELS + b"x ", "number of long labels"),
        (struct.pack(">hhh", 1, 24, len(LONG_LABEL)), struct.pack(">hhh", 1, 24, -1), "length of a long label"),
        (struct.pack(">hhh", 1, 24, len(LONG_LABEL)), struct.pack(">hhh", 2, 24, len(LONG_LABEL)), "label of AESTDT"),
    ],
)
def test_damaged_long_labels(read: Reader, ae: Path, old: bytes, new: bytes, what: str) -> None:
    assert old in ae.read_bytes()
    error = refused(read, rewrite(ae, lambda content: content.replace(old, new)))
    assert error.error_id == "LW-SRC-042"
    assert what in error.what
