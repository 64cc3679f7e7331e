"""A thousand files broken on purpose (`make fuzz` reads twenty times as many); and what such runs found, made small."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from connectors.places.zip_members import bytes_in_zip, names_in_zip
from connectors.readers import json_rows
from longwatch.errors import SourceError
from tests.integration.connectors.conftest import Reader
from tests.integration.connectors.small_files import rewrite, write_dataset_json
from tools.fuzz.campaign import State, Tally, break_file, run
from tools.fuzz.report import report
from tools.fuzz.seeds import Seed, dataset_json, ndjson, seeds, zip_of

FILES = 1000
TERM = {"name": "ZZTERM", "dataType": "string"}


@pytest.fixture(scope="module")
def whole(repository: Path) -> dict[str, list[Seed]]:
    """Whole files of our own and, where it is there, of public trial data."""
    shared = repository.parent / "shared" / "data"
    return seeds(shared if shared.is_dir() else None)


def test_a_thousand_broken_files_are_read_or_refused(whole: dict[str, list[Seed]]) -> None:
    """None crashes, hangs, takes too much memory, or is read although it contradicts itself."""
    state = State(seed=20)
    run(state, whole, FILES, lambda _state: None)
    assert state.wrong == []
    assert sum(tally.files for tally in state.formats.values()) == FILES
    assert all(tally.refused for tally in state.formats.values())


def test_a_run_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    few = {"csv": [Seed("csv", "ae.csv", b"USUBJID,AESEQ\nS-1,1\n")], "tsv": [Seed("tsv", "ae.tsv", b"A\tB\nx\ty\n")]}
    run(State(seed=1), few, 20, lambda state: state.save(path))
    stopped = State.load(path, seed=1)
    assert stopped.done == 20
    run(stopped, few, 30, lambda _state: None)
    at_once = State(seed=1)
    run(at_once, few, 30, lambda _state: None)
    assert [(each.files, each.read, each.refused) for each in stopped.formats.values()] == [
        (each.files, each.read, each.refused) for each in at_once.formats.values()
    ]
    assert State.load(path, seed=2) == State(seed=2)


def test_the_same_number_is_the_same_file(whole: dict[str, list[Seed]]) -> None:
    assert break_file(17, 3, whole) == break_file(17, 3, whole)
    assert break_file(17, 3, whole) != break_file(17, 4, whole)


def test_a_wrong_file_is_told(whole: dict[str, list[Seed]]) -> None:
    """The judgement can fail: a reader that reads what contradicts itself is found out."""
    seed = Seed("csv", "ae.csv", b"A,B\n1,2\n")
    cut = {"parquet": [Seed("parquet", "ae.csv", seed.content)]}
    state = State(seed=1)
    run(state, cut, 1, lambda _state: None)
    assert "a whole file: LW-SRC-072" in str(state.wrong)
    assert "Went wrong: 1" in report(State(1, 1, 1.0, {"csv": Tally(1)}, state.wrong[:1]), cut, public=False)


# What the runs found, in the fewest bytes


def test_a_zip_whose_table_lists_fewer_members_than_it_counts(tmp_path: Path) -> None:
    """One flipped bit in the length of a comment swallowed the members after it, and nobody said so."""
    content = bytearray(zip_of({"ae.csv": b"A\n1\n", "dm.csv": b"A\n1\n"}))
    entry = content.index(b"PK\x01\x02")
    struct.pack_into("<H", content, entry + 32, len("PK\x01\x02") + 42 + len("dm.csv"))
    path = tmp_path / "cut.zip"
    path.write_bytes(content)
    assert len(zipfile.ZipFile(path).namelist()) == 1
    with pytest.raises(SourceError, match=r"LW-SRC-020.*it counts 2 members and lists 1"):
        names_in_zip(path, "cut.zip")


def test_a_zip_whose_member_has_another_name_in_the_table(tmp_path: Path) -> None:
    """A member that one flipped bit puts into another folder was passed over."""
    content = zip_of({"data/ae.csv": b"A\n1\n", "data/dm.csv": b"A\n1\n", "top.csv": b"A\n1\n"})
    table = content.index(b"PK\x01\x02")
    path = tmp_path / "cut.zip"
    path.write_bytes(content[:table] + content[table:].replace(b"top.csv", b"t/p.csv"))
    with pytest.raises(SourceError, match="LW-SRC-020"):
        names_in_zip(path, "cut.zip")


def test_a_zip_whose_members_overlap(tmp_path: Path) -> None:
    """Two entries of the table on the same bytes: how bombs grow a millionfold."""
    whole = zip_of({"ae.csv": b"A\n1\n"}, zipfile.ZIP_STORED)
    table, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    entries = whole[table:end] + whole[table:end].replace(b"ae", b"dm")
    path = tmp_path / "cut.zip"
    path.write_bytes(
        whole[:table] + entries + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 2, 2, len(entries), table, 0)
    )
    with pytest.raises(SourceError, match="two members overlap"):
        list(bytes_in_zip(path, "cut.zip", "ae.csv"))


@pytest.mark.parametrize("ending", ["json", "ndjson", "dsjc"])
def test_an_attribute_that_stands_twice(read: Reader, tmp_path: Path, ending: str) -> None:
    """The parser takes the last one."""
    import json

    import polars as pl

    document = dataset_json("AE", pl.DataFrame({"AETERM": ["Fever"]}))
    lines = json.dumps(document).encode() if ending == "json" else ndjson(document)
    twice = lines.replace(b'"label": "A dataset"', b'"label": "A dataset", "label": "Another"', 1)
    (tmp_path / f"ae.{ending}").write_bytes(zlib.compress(twice) if ending == "dsjc" else twice)
    with pytest.raises(SourceError, match=r"LW-SRC-051.*'label' is not as"):
        read(tmp_path / f"ae.{ending}")


def test_a_whole_number_that_a_double_cannot_hold(read: Reader, tmp_path: Path) -> None:
    path = write_dataset_json(tmp_path / "ae.json", [{"name": "AESEQ", "dataType": "integer"}], [[2**53 + 1]])
    with pytest.raises(SourceError, match=r"LW-SRC-055.*AESEQ, row 1"):
        read(path)


def test_an_absurd_number_of_rows_in_a_sas_data_set(read: Reader, tmp_path: Path, shared_data: Path) -> None:
    """ReadStat made a row of the zeros that follow the last one."""
    content = bytearray((shared_data / "sas" / "missing_test.sas7bdat").read_bytes())
    at = content.index(b"\xf7\xf7\xf7\xf7", 65_536) + 6 * 8
    assert content[at] == 1
    content[at] = 2
    (tmp_path / "x.sas7bdat").write_bytes(content)
    with pytest.raises(SourceError, match=r"LW-SRC-077.*expected 2 rows; found 1"):
        read(tmp_path / "x.sas7bdat")


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
def test_a_document_type_within_a_workbook(read: Reader, tmp_path: Path, part: str) -> None:
    import polars as pl

    from tools.fuzz.seeds import xlsx

    with zipfile.ZipFile(io.BytesIO(xlsx(pl.DataFrame({"AETERM": ["Fever"]})))) as book:
        members = {name: book.read(name) for name in book.namelist()}
    members[part] = members[part].replace(b"?>", b'?><!DOCTYPE x [<!ENTITY a "b">]>', 1)
    (tmp_path / "ae.xlsx").write_bytes(zip_of(members))
    with pytest.raises(SourceError, match=f"LW-XML-001: ae.xlsx, {part}"):
        read(tmp_path / "ae.xlsx")


def test_an_encrypted_workbook_and_one_whose_table_leads_before_its_beginning(read: Reader, tmp_path: Path) -> None:
    import polars as pl

    from tools.fuzz.seeds import xlsx

    content = xlsx(pl.DataFrame({"AETERM": ["Fever"]}))
    encrypted = bytearray(content)
    encrypted[6] |= 1
    encrypted[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "ae.xlsx").write_bytes(encrypted)
    with pytest.raises(SourceError, match="LW-SRC-080"):
        read(tmp_path / "ae.xlsx")
    (tmp_path / "ae.xlsx").write_bytes(content[:100] + content[1000:])
    with pytest.raises(SourceError, match="LW-SRC-080"):
        read(tmp_path / "ae.xlsx")


def test_an_endless_header_and_too_many_variables(read: Reader, tmp_path: Path) -> None:
    (tmp_path / "ae.csv").write_bytes(b"A" * 3_000_000)
    with pytest.raises(SourceError, match="LW-SRC-065"):
        read(tmp_path / "ae.csv")
    (tmp_path / "ae.csv").write_text(",".join(f"V{number}" for number in range(40_000)))
    with pytest.raises(SourceError, match="LW-SRC-017"):
        read(tmp_path / "ae.csv")


def test_text_in_a_number_after_a_value_longer_than_pythons_reader_allows(read: Reader, tmp_path: Path) -> None:
    (tmp_path / "ae.csv").write_text("AETERM,AESEQ\n" + "x" * 200_000 + ",1\ny,one\n")
    with pytest.raises(SourceError, match="LW-SRC-063"):
        read(tmp_path / "ae.csv")


def test_a_byte_of_another_encoding_after_such_a_value(read: Reader, tmp_path: Path) -> None:
    (tmp_path / "ae.csv").write_bytes(b"AETERM\n" + b"x" * 200_000 + b"\xff\n")
    with pytest.raises(SourceError, match="LW-SRC-012"):
        read(tmp_path / "ae.csv")


# Dataset-JSON is cut into stretches


@pytest.mark.parametrize("block", [7, 50, 1000])
def test_rows_are_the_same_however_they_are_cut(
    read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """Texts that look like the end of a row, of the rows and of the document."""
    rows = [["],["], ['"],["'], ["\\"], ["]]}"], [None], ["x]  ,\n ["], ["Übelkeit"], ["]"]]
    path = write_dataset_json(tmp_path / "ae.json", [TERM], rows)
    monkeypatch.setattr(json_rows, "BLOCK_BYTES", block)
    assert read(path).column("ZZTERM") == [row[0] for row in rows]


def test_attributes_may_follow_the_rows(read: Reader, tmp_path: Path) -> None:
    path = write_dataset_json(tmp_path / "ae.json", [TERM], [["a"], ["b"]])

    def moved(content: bytes) -> bytes:
        import json

        document = json.loads(content)
        return json.dumps({"rows": document.pop("rows"), "sourceSystem": {"rows": [[1], [2]]}, **document}).encode()

    assert read(rewrite(path, moved)).column("ZZTERM") == ["a", "b"]
    rewrite(path, lambda content: content[:-1] + b', "rows": [["c"]]}')
    with pytest.raises(SourceError, match="LW-SRC-051"):
        read(path)
