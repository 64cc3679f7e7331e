"""Dataset-JSON 1.1 as NDJSON and as its compressed form: the same dataset, and what is refused."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from connectors.readers import dataset_ndjson
from longwatch.errors import SourceError
from tests.integration.connectors.conftest import Reader
from tests.integration.connectors.small_files import write_dataset_json

TERM = {"name": "AETERM", "dataType": "string", "length": 20}
SEQ = {"name": "AESEQ", "dataType": "integer"}


def as_lines(path: Path) -> bytes:
    """A Dataset-JSON file as NDJSON: the document without rows, then one row per line."""
    document = json.loads(path.read_bytes())
    rows = document.pop("rows")
    return b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in (document, *rows))


def ae(tmp_path: Path, rows: list[Any], /, **attributes: Any) -> bytes:
    """AE with a term and a number, as NDJSON."""
    return as_lines(write_dataset_json(tmp_path / "made.json", [TERM, SEQ], rows, name="AE", **attributes))


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.shared_data
def test_the_published_ndjson_is_the_published_json(read: Reader, shared_data: Path) -> None:
    of_lines, of_json = (read(shared_data / "dataset-json" / f"adtte.{ending}") for ending in ("ndjson", "json"))
    assert of_lines.frame.equals(of_json.frame)
    assert of_lines.result.variables == of_json.result.variables
    assert (of_lines.result.dataset, of_lines.result.label) == (of_json.result.dataset, of_json.result.label)
    assert of_lines.result.rows == 254


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["adae.json", "adsl.json", "ae_i18n_ja.json"])
def test_every_published_file_is_the_same_as_lines_and_compressed(
    read: Reader, shared_data: Path, tmp_path: Path, name: str
) -> None:
    whole = read(shared_data / "dataset-json" / name)
    lines = as_lines(shared_data / "dataset-json" / name)
    of_lines = read(written(tmp_path / "x.ndjson", lines))
    of_stream = read(written(tmp_path / "x.dsjc", zlib.compress(lines, 9)))
    assert of_lines.frame.equals(whole.frame)
    assert of_stream.frame.equals(whole.frame)
    assert of_lines.result.variables == of_stream.result.variables == whole.result.variables


def test_line_ends_empty_lines_and_a_byte_order_mark(read: Reader, tmp_path: Path) -> None:
    content = ae(tmp_path, [["Headache", 1], ["", 2], [None, None]])
    variant = b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n\r\n").rstrip()
    found = read(written(tmp_path / "ae.ndjson", variant))
    assert found.column("AETERM") == ["Headache", "", None]
    assert found.column("AESEQ") == [1.0, 2.0, None]


def test_rows_come_in_batches_in_their_order(read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a batch nor a piece of the file has to end with a row."""
    monkeypatch.setattr(dataset_ndjson, "BATCH_VALUES", 14)
    monkeypatch.setattr(dataset_ndjson, "CHUNK_BYTES", 11)
    content = ae(tmp_path, [["Ä" * (number % 5), number] for number in range(100)])
    for path in (
        written(tmp_path / "ae.ndjson", content),
        written(tmp_path / "ae.dsjc", zlib.compress(content)),
    ):
        found = read(path)
        assert found.column("AESEQ") == [float(number) for number in range(100)]
        assert found.column("AETERM") == ["Ä" * (number % 5) for number in range(100)]


def test_a_file_without_rows(read: Reader, tmp_path: Path) -> None:
    assert read(written(tmp_path / "ae.ndjson", ae(tmp_path, []))).result.rows == 0


ROWS = [["Headache", 1], ["Fever", 2]]


@pytest.mark.parametrize(
    ("error_id", "rows", "attributes", "words"),
    [
        ("LW-SRC-051", ROWS, {"datasetJSONVersion": "1.0.0"}, "datasetJSONVersion"),
        ("LW-SRC-052", ROWS, {"records": 3}, "2 rows"),
        ("LW-SRC-052", ROWS, {"records": 1}, "2 rows"),
        ("LW-SRC-053", [*ROWS, ["Nausea"]], {}, "row 3"),
        # Rows as objects are of another form than the published standard's.
        ("LW-SRC-053", [*ROWS, {"AETERM": "Nausea", "AESEQ": 3}], {}, "row 3"),
        ("LW-SRC-055", [*ROWS, ["Nausea", "3"]], {}, "AESEQ, row 3"),
    ],
)
@pytest.mark.parametrize("batch", [2, 500])
def test_what_is_not_as_specified_is_refused(
    read: Reader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error_id: str,
    rows: list[Any],
    attributes: dict[str, Any],
    words: str,
    batch: int,
) -> None:
    """The row is named, in whatever batch it is."""
    monkeypatch.setattr(dataset_ndjson, "BATCH_VALUES", batch)
    path = written(tmp_path / "ae.ndjson", ae(tmp_path, rows, **attributes))
    with pytest.raises(SourceError) as refused:
        read(path)
    assert refused.value.error_id == error_id
    assert words in str(refused.value)


def test_a_cut_off_line_and_a_wrong_byte_are_named_by_line(read: Reader, tmp_path: Path) -> None:
    content = ae(tmp_path, ROWS)
    with pytest.raises(SourceError, match=r"LW-SRC-050: ae\.ndjson: line 3"):
        read(written(tmp_path / "ae.ndjson", content[:-5]))
    with pytest.raises(SourceError, match=r"LW-SRC-012: ae\.ndjson, line 3: byte 0xE8 at position 3"):
        read(written(tmp_path / "ae.ndjson", content.replace(b"Fever", b"\xe8ver")))


def test_a_whole_document_or_nothing_named_ndjson(read: Reader, tmp_path: Path) -> None:
    whole = write_dataset_json(tmp_path / "made.json", [TERM], [["x"]]).read_bytes()
    with pytest.raises(SourceError, match=r"LW-SRC-051: .*first line"):
        read(written(tmp_path / "ae.ndjson", whole))
    with pytest.raises(SourceError, match="LW-SRC-050"):
        read(written(tmp_path / "ae.ndjson", b"\n\n"))


def test_an_endless_line_is_refused(read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_ndjson, "LINE_BYTES", 2000)
    content = ae(tmp_path, [["x" * 3000, 1]])
    with pytest.raises(SourceError, match=r"LW-SRC-056: ae\.ndjson: line 2"):
        read(written(tmp_path / "ae.ndjson", content))
    monkeypatch.setattr(dataset_ndjson, "CHUNK_BYTES", 100)
    with pytest.raises(SourceError, match=r"LW-SRC-056: ae\.ndjson: line 2"):
        read(written(tmp_path / "ae.ndjson", content))


def test_a_damaged_stream_is_refused(read: Reader, tmp_path: Path) -> None:
    stream = zlib.compress(ae(tmp_path, [[f"Term {number}", number] for number in range(200)]))
    damaged = bytearray(stream)
    damaged[len(stream) // 2] ^= 0xFF
    for content, found in (
        (stream[:-10], "its beginning only"),
        (bytes(damaged), "other bytes"),
        (stream + b"x", "more bytes after it"),
        (b"not compressed at all", "other bytes"),
    ):
        with pytest.raises(SourceError, match=rf"LW-SRC-057: ae\.dsjc: .*found {found}"):
            read(written(tmp_path / "ae.dsjc", content))


def test_a_stream_that_unpacks_to_too_much_is_stopped(
    read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_ndjson, "SMALL_BYTES", 100_000)
    monkeypatch.setattr(dataset_ndjson, "CHUNK_BYTES", 10_000)
    rows = b'["",1]\n' * 500_000
    with pytest.raises(SourceError, match=r"LW-SRC-058: ae\.dsjc"):
        read(written(tmp_path / "ae.dsjc", zlib.compress(ae(tmp_path, [], records=500_000) + rows, 9)))
