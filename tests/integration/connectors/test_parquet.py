"""Parquet: names and types as they are, and what no variable can be."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.readers import parquet
from longwatch.errors import SourceError
from tests.integration.connectors.conftest import Reader

NOON = datetime.fromisoformat("2026-01-31T12:00:00.5")


def written(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def refused(read: Reader, path: Path) -> SourceError:
    with pytest.raises(SourceError) as error:
        read(path)
    assert error.value.where == path.name
    return error.value


@pytest.mark.parametrize(
    ("values", "kind", "read_as"),
    [
        # Parquet tells empty from missing.
        (pa.array(["Headache  ", "", None, "  Fever"]), "text", ["Headache", "", None, "  Fever"]),
        (pa.array(["a", None, "a"], pa.large_string()), "text", ["a", None, "a"]),
        (pa.array(["a", None, "a"]).dictionary_encode(), "text", ["a", None, "a"]),
        (pa.array([None, None]), "text", [None, None]),
        (pa.array([True, None, False]), "text", ["true", None, "false"]),
        (pa.array([1, None, -3], pa.int8()), "number", [1.0, None, -3.0]),
        (pa.array([2**53, -(2**53)], pa.int64()), "number", [2.0**53, -(2.0**53)]),
        (pa.array([0, 2**53], pa.uint64()), "number", [0.0, 2.0**53]),
        (pa.array([0.1, None, float("nan")]), "number", [0.1, None, None]),
        (pa.array([1.5], pa.float32()), "number", [1.5]),
        (pa.array([Decimal("0.10"), None]), "number", [0.1, None]),
        (pa.array([date(2026, 1, 31), None]), "date", [date(2026, 1, 31), None]),
        (pa.array([date(1959, 12, 31)], pa.date64()), "date", [date(1959, 12, 31)]),
        (pa.array([NOON, None], pa.timestamp("us")), "datetime", [NOON, None]),
        (pa.array([NOON, None], pa.timestamp("ms")), "datetime", [NOON, None]),
        (pa.array([NOON, None], pa.timestamp("ns")), "datetime", [NOON, None]),
        (pa.array([time(23, 59, 1), None], pa.time64("us")), "time", [time(23, 59, 1), None]),
    ],
)
@pytest.mark.parametrize("batch_values", [1, 1000])
def test_types(
    read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: Any, kind: str, read_as: list[Any],
    batch_values: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(parquet, "BATCH_VALUES", batch_values)
    found = read(written(tmp_path / "ae.parquet", V=values))
    assert found.result.dataset == "AE"
    assert found.types() == {"V": kind}
    assert found.column("V") == read_as


@pytest.mark.shared_data
def test_a_published_dataset_written_as_parquet_is_the_same(read: Reader, shared_data: Path, tmp_path: Path) -> None:
    """By another program (polars), dates among its variables."""
    source = read(shared_data / "dataset-json" / "adsl.xpt")
    source.frame.write_parquet(tmp_path / "adsl.parquet")
    found = read(tmp_path / "adsl.parquet")
    assert found.frame.equals(source.frame)
    assert found.types() == source.types()


def test_no_records(read: Reader, tmp_path: Path) -> None:
    assert read(written(tmp_path / "ae.parquet", AETERM=pa.array([], pa.string()))).result.rows == 0


@pytest.mark.parametrize(
    ("values", "error_id", "words"),
    [
        (pa.array([[1]]), "LW-SRC-073", "list"),
        (pa.array([{"a": 1}]), "LW-SRC-073", "struct"),
        (pa.array([b"x"]), "LW-SRC-073", "binary"),
        (pa.array([datetime(2026, 1, 31, tzinfo=UTC)]), "LW-SRC-073", "UTC"),
        (pa.array([1, 2**53 + 1]), "LW-SRC-074", "V, record 2"),
        (pa.array([-(2**63)]), "LW-SRC-074", "V, record 1"),
        (pa.array([1.0, float("-inf")]), "LW-SRC-075", "V, record 2"),
    ],
)
def test_what_no_variable_is_is_refused(read: Reader, tmp_path: Path, values: Any, error_id: str, words: str) -> None:
    error = refused(read, written(tmp_path / "ae.parquet", V=values))
    assert error.error_id == error_id
    assert words in str(error)


def test_a_name_twice_or_none(read: Reader, tmp_path: Path) -> None:
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["A", "A"]), tmp_path / "ae.parquet")
    assert refused(read, tmp_path / "ae.parquet").error_id == "LW-SRC-014"


def test_what_is_damaged_is_refused(read: Reader, tmp_path: Path) -> None:
    path = tmp_path / "ae.parquet"
    pl.DataFrame({"AETERM": [f"Term {number}" for number in range(5000)]}).write_parquet(path)
    whole = path.read_bytes()
    middle = bytearray(whole)
    middle[200:400] = bytes(200)
    for content in (whole[:-10], whole[10:], bytes(middle), b"USUBJID,AETERM\n" * 20):
        path.write_bytes(content)
        assert refused(read, path).error_id == "LW-SRC-072"


def test_text_that_is_not_utf_8_is_refused(read: Reader, tmp_path: Path) -> None:
    path = written(tmp_path / "ae.parquet", V=pa.array([b"Fi\xe8vre"], pa.binary()).view(pa.string()))
    assert refused(read, path).error_id == "LW-SRC-072"


def test_a_columns_name_that_is_not_utf_8_is_refused(read: Reader, tmp_path: Path) -> None:
    """The name stands in the file's schema as bytes; one byte of it is changed. The fuzz campaign found this one."""
    target = tmp_path / "ae.parquet"
    pl.DataFrame({"USUBJID": ["S1"], "AETERM": ["headache"]}).write_parquet(target)
    content = target.read_bytes()
    assert content.count(b"AETERM") > 1
    target.write_bytes(content.replace(b"AETERM", b"A\xc0TERM"[:6]))
    assert refused(read, target).error_id == "LW-SRC-072"
