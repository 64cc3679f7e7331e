"""SAS data sets: values as published, dates by their text twins, missing values, text in its own encoding."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pyreadstat
import pytest

from connectors.readers import sas7bdat
from longwatch.errors import SourceError
from longwatch.standards.dataset import Variable
from tests.integration.connectors.conftest import Reader

pytestmark = pytest.mark.shared_data

FILES = [
    "date_test", "dates", "dates_xpt", "missing_test", "sample", "sample_bincompressed", "test_data_linux",
    "test_data_win", "test_file_label_linux", "test_file_label_win",
]  # fmt: skip
EPOCH = datetime.fromisoformat("1960-01-01")


@pytest.fixture
def sas(shared_data: Path) -> Path:
    return shared_data / "sas"


def as_stored(value: object) -> object:
    """A value as SAS stores it: days or seconds from 1960, seconds of a day."""
    if isinstance(value, datetime):
        return (value - EPOCH) / timedelta(seconds=1)
    if isinstance(value, date):
        return float((value - EPOCH.date()).days)
    if isinstance(value, time):
        return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
    return value


@pytest.mark.parametrize("batch_values", [3, 2_000_000])
@pytest.mark.parametrize("name", FILES)
def test_every_published_file_reads_as_pyreadstat_reads_it(
    read: Reader, sas: Path, monkeypatch: pytest.MonkeyPatch, name: str, batch_values: int
) -> None:
    """Values, rows, label, labels, formats, lengths; whole and in batches."""
    monkeypatch.setattr(sas7bdat, "BATCH_VALUES", batch_values)
    path = sas / f"{name}.sas7bdat"
    found = read(path)
    frame, metadata = pyreadstat.read_sas7bdat(str(path), disable_datetime_conversion=True)
    variables = [each for each in found.result.variables if not each.name.endswith("__MISSING")]
    assert [each.name for each in variables] == metadata.column_names
    assert (found.result.dataset, found.result.label) == (metadata.table_name, metadata.file_label or "")
    assert found.result.rows == len(frame)
    for each in variables:
        expected = [
            None if value == "" or (isinstance(value, float) and math.isnan(value)) else value
            for value in frame[each.name]
        ]
        assert [as_stored(value) for value in found.column(each.name)] == expected, each.name
        assert each.label == (metadata.column_names_to_labels[each.name] or "")
        assert each.length == metadata.variable_storage_width[each.name]
        assert (each.format or "").rstrip(".") == (metadata.original_variable_types[each.name] or "")


def test_dates_are_what_the_text_beside_them_says(read: Reader, sas: Path) -> None:
    """Dates before and after 1960 and 1970: the file holds each one as text, too."""
    found = read(sas / "dates_xpt.sas7bdat")
    assert [found.types()[name] for name in ("dt", "dates", "times")] == ["datetime", "date", "time"]
    assert [f"{value:%Y-%m-%d %H:%M:%S}" for value in found.frame["dt"]] == found.column("string_dt")
    assert [value.isoformat() for value in found.frame["dates"]] == found.column("string_dates")
    assert [value.isoformat() for value in found.frame["times"]] == found.column("string_times")
    assert found.types()["seconds"] == "number"
    assert found.column("missings")[:4] == [1.0, None, 3.0, 4.0]
    assert found.result.label == "dataset label for the dates test dataset"
    assert found.result.variables[0] == Variable(
        "dt", "a very long label for testing accuracy of transformations", "datetime", 8, "DATETIME."
    )


def test_types_follow_formats(read: Reader, sas: Path) -> None:
    """A month or a year is no date: these stay numbers, with their format."""
    found = read(sas / "date_test.sas7bdat")
    assert found.types() == {
        "patno": "number", "dtc1": "date", "dtc2": "date", "dtc3": "date", "dtc4": "number", "tm1": "time",
        "dt1": "datetime", "dt2": "datetime", "yr": "number",
    }  # fmt: skip
    formats = {each.name: each.format for each in found.result.variables}
    assert (formats["dtc1"], formats["dtc4"], formats["yr"]) == ("DATE9.", "MMYY7.", "YEAR4.")


def test_special_missing_values_are_kept(read: Reader, sas: Path) -> None:
    """`.A` to `.Z` and `._` as a letter beside the number; `.` is missing only."""
    found = read(sas / "missing_test.sas7bdat")
    letters = {1: "A", 2: "B", 3: "C", 4: "X", 5: "Y", 6: "Z", 7: "_"}
    for number, letter in letters.items():
        assert found.column(f"var{number}") == [None]
        assert found.column(f"var{number}__MISSING") == [letter]
    assert (found.column("var8"), found.column("var9")) == ([None], [1.0])
    assert not {"var8__MISSING", "var9__MISSING"} & set(found.types())


def test_compressed_is_the_same_as_not(read: Reader, sas: Path) -> None:
    assert read(sas / "sample_bincompressed.sas7bdat").frame.equals(read(sas / "sample.sas7bdat").frame)


def test_linux_and_windows_differ_in_their_encoding_only(read: Reader, sas: Path) -> None:
    linux, windows = read(sas / "test_data_linux.sas7bdat"), read(sas / "test_data_win.sas7bdat")
    assert linux.frame.equals(windows.frame)
    assert (linux.result.encoding, windows.result.encoding) == ("utf-8", "cp1252")
    assert linux.result.label == read(sas / "test_file_label_linux.sas7bdat").result.label == "mytest label"


def changed(path: Path, target: Path, old: bytes, new: bytes) -> Path:
    content = path.read_bytes()
    assert len(old) == len(new)
    assert content.count(old) == 1
    target.write_bytes(content.replace(old, new))
    return target


@pytest.mark.parametrize(
    ("system", "stored", "text"),
    [("win", b"I\xe92", "Ié2"), ("win", b"\x93a\x94", "“a”"), ("linux", "é2".encode(), "é2"), ("linux", b"  2", "  2")],
)
def test_text_is_decoded_in_the_encoding_that_the_file_says(
    read: Reader, sas: Path, tmp_path: Path, system: str, stored: bytes, text: str
) -> None:
    path = changed(sas / f"test_data_{system}.sas7bdat", tmp_path / "x.sas7bdat", b"ID2", stored)
    assert read(path).column("ID") == ["ID1", text, "ID3"]


@pytest.mark.parametrize(("system", "encoding"), [("win", "cp1252"), ("linux", "utf-8")])
def test_a_byte_that_is_not_valid_there_is_named(
    read: Reader, sas: Path, tmp_path: Path, system: str, encoding: str
) -> None:
    path = changed(sas / f"test_data_{system}.sas7bdat", tmp_path / "x.sas7bdat", b"ID2", b"I\x812")
    with pytest.raises(SourceError, match=rf"LW-SRC-012: x\.sas7bdat\.ID, record 2: byte 0x81 .* {encoding}"):
        read(path)


@pytest.mark.parametrize("kept", [3, 100, 1000, 65_536, 131_000])
def test_a_file_that_is_cut_off_is_refused(read: Reader, sas: Path, tmp_path: Path, kept: int) -> None:
    path = tmp_path / "x.sas7bdat"
    path.write_bytes((sas / "dates.sas7bdat").read_bytes()[:kept])
    with pytest.raises(SourceError, match=r"LW-SRC-070: x\.sas7bdat"):
        read(path)


def test_another_kind_of_file_is_refused(read: Reader, sas: Path, tmp_path: Path) -> None:
    """A catalogue of formats has the same beginning, and no variables."""
    catalogue = (sas / "missing_formats.sas7bcat").read_bytes()
    for content, error_id in ((b"USUBJID,AETERM\n" * 1000, "LW-SRC-070"), (catalogue, "LW-SRC-013")):
        (tmp_path / "x.sas7bdat").write_bytes(content)
        with pytest.raises(SourceError, match=error_id):
            read(tmp_path / "x.sas7bdat")


def test_an_encoding_that_is_not_read_is_refused(read: Reader, sas: Path, tmp_path: Path) -> None:
    """Byte 70 says the encoding; 119 is EUC-TW."""
    content = bytearray((sas / "test_data_linux.sas7bdat").read_bytes())
    content[70] = 119
    (tmp_path / "x.sas7bdat").write_bytes(content)
    with pytest.raises(SourceError, match=r"LW-SRC-071: x\.sas7bdat: .*EUC-TW"):
        read(tmp_path / "x.sas7bdat")
