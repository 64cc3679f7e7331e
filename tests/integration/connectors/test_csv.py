"""CSV: a header, text and numbers by the standard, and every fault with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.readers import csv as csv_reader
from longwatch.errors import SourceError
from tests.integration.connectors.conftest import Reader

HEADER = "USUBJID,LBSEQ,LBTEST,LBSTRESN\n"


def lb(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "lb.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_numbers_are_those_of_the_standard(read: Reader, tmp_path: Path) -> None:
    """Without types in the file, SDTM says that --SEQ and --STRESN are numbers; USUBJID is text even if all digits."""
    found = read(lb(tmp_path, HEADER + "007,1,C-peptide,0.5\n007,2,Glucose,1e2\n"))
    assert found.types() == {"USUBJID": "text", "LBSEQ": "number", "LBTEST": "text", "LBSTRESN": "number"}
    assert found.frame.rows() == [("007", 1.0, "C-peptide", 0.5), ("007", 2.0, "Glucose", 100.0)]


def test_missing(read: Reader, tmp_path: Path) -> None:
    """Empty is null; NA is null in a number and text in a text, where it may be a value of the NY codelist."""
    found = read(lb(tmp_path, HEADER + 'S-1,1,NA,NA\nS-1,2,,\nS-1,3,"",""\nS-1,4,"  ", 7 \n'))
    assert found.column("LBTEST") == ["NA", None, None, None]
    assert found.column("LBSTRESN") == [None, None, None, 7.0]


def test_quotes_commas_and_line_breaks(read: Reader, tmp_path: Path) -> None:
    text = HEADER + 'S-1,1,"Albumin, urine",1\r\nS-1,2,"a ""b"" c",2\r\nS-1,3,"two\nlines",3\r\n'
    assert read(lb(tmp_path, text)).column("LBTEST") == ["Albumin, urine", 'a "b" c', "two\nlines"]


def test_trailing_blanks_go_and_leading_ones_stay(read: Reader, tmp_path: Path) -> None:
    assert read(lb(tmp_path, HEADER + "S-1,1,  x  ,\n")).column("LBTEST") == ["  x"]


@pytest.mark.parametrize("text", [HEADER, HEADER.strip(), HEADER + "\n\n"])
def test_a_header_alone_is_a_dataset_without_records(read: Reader, tmp_path: Path, text: str) -> None:
    found = read(lb(tmp_path, text))
    assert found.result.rows == 0
    assert found.frame.columns == ["USUBJID", "LBSEQ", "LBTEST", "LBSTRESN"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "shift_jis", "utf-16"])
def test_the_declared_encoding_is_read(read: Reader, tmp_path: Path, encoding: str) -> None:
    term = "血糖" if encoding == "shift_jis" else "Glucosé"
    path = lb(tmp_path, HEADER + f"S-1,1,{term},5\n", encoding)
    assert read(path, encoding).frame.rows() == [("S-1", 1.0, term, 5.0)]


def test_a_byte_order_mark_is_no_part_of_a_name(read: Reader, tmp_path: Path) -> None:
    path = lb(tmp_path, HEADER + "S-1,1,x,5\n", "utf-8-sig")
    assert read(path).frame.columns[0] == "USUBJID"


def test_the_name_comes_from_the_file_or_the_study_file(read: Reader, tmp_path: Path) -> None:
    path = tmp_path / "lb_metabolic.csv"
    path.write_text(HEADER)
    assert read(path).result.dataset == "LB_METABOLIC"
    assert read(path, dataset="LB").result.dataset == "LB"


def test_a_file_name_that_no_dataset_can_have(read: Reader, tmp_path: Path) -> None:
    path = tmp_path / "2024-labs.csv"
    path.write_text(HEADER)
    with pytest.raises(SourceError, match="LW-SRC-011"):
        read(path)


@pytest.mark.parametrize(
    ("text", "error_id", "words"),
    [
        ("", "LW-SRC-060", "header"),
        ("\nUSUBJID\n", "LW-SRC-060", "header"),
        ("S-1,1,Glucose,5\nS-1,2,Glucose,6\n", "LW-SRC-060", "header"),
        ('"USUBJID,LBSEQ\n', "LW-SRC-060", "header"),
        ("USUBJID,LBSEQ,USUBJID\n", "LW-SRC-014", "USUBJID"),
        ("USUBJID,,LBSEQ\n", "LW-SRC-014", "(empty)"),
        (
            HEADER + "S-1,1,x,5\nS-1,2,x\n",
            "LW-SRC-062",
            "line 3 has not one value per variable",
        ),
        (
            HEADER + "S-1,1,Albumin, urine,5\n",
            "LW-SRC-062",
            "expected 4 values; found 5",
        ),
        (HEADER + 'S-1,1,"two\nlines",5\nS-1,2,x,y,z\n', "LW-SRC-062", "line 4"),
        (HEADER + "S-1,1,x,5\nS-1,two,x,6\n", "LW-SRC-063", "line 3: LBSEQ is not a number"),
        (HEADER + '\nS-1,1,"two\nlines",5\nS-1,2,x,"5,5"\n', "LW-SRC-063", "line 5: LBSTRESN is not a number"),
        (HEADER + "S-1,1,x,inf\n", "LW-SRC-063", "line 2: LBSTRESN"),
        (HEADER + "S-1,1,x,nan\n", "LW-SRC-063", "line 2: LBSTRESN"),
        (HEADER + 'S-1,1,"x,5\nS-1,2,x,6\n', "LW-SRC-064", "quotes"),
        # in the last column, where all that follows would be its text
        ('USUBJID,LBTEST\nS-1,a\nS-2,"b\nS-3,c\n', "LW-SRC-064", "quotes"),
        ('USUBJID,LBTEST\nS-1,"b\n' + "S-3,c\n" * 30_000, "LW-SRC-064", "quotes"),
    ],
)
def test_a_fault_is_named_with_its_line(read: Reader, tmp_path: Path, text: str, error_id: str, words: str) -> None:
    with pytest.raises(SourceError) as refused:
        read(lb(tmp_path, text))
    assert refused.value.error_id == error_id
    assert words in str(refused.value)
    assert refused.value.where == "lb.csv"


def test_an_undeclared_byte_names_variable_line_and_byte(read: Reader, tmp_path: Path) -> None:
    path = lb(tmp_path, HEADER + "S-1,1,x,5\nS-1,2,Glucosé,6\n", "cp1252")
    with pytest.raises(SourceError) as refused:
        read(path)
    assert refused.value.error_id == "LW-SRC-012"
    assert refused.value.where == "lb.csv: LB.LBTEST, line 3"
    assert "byte 0xE9 at position 53 is not valid in utf-8" in str(refused.value)


def test_an_undeclared_byte_in_the_header(read: Reader, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"LW-SRC-012: lb\.csv.*line 1"):
        read(lb(tmp_path, "USUBJID,SUBJÉ\n", "cp1252"))


def test_a_fault_far_down_is_found(read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is read in blocks; line numbers count from its beginning."""
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 4096)
    good = "".join(f"S-1,{number},x,{number}\n" for number in range(3000))
    assert read(lb(tmp_path, HEADER + good)).column("LBSEQ") == [float(number) for number in range(3000)]
    with pytest.raises(SourceError, match="line 3,002: LBSTRESN"):
        read(lb(tmp_path, HEADER + good + "S-1,1,x,y\n"))


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "rows", "numbers"),
    [
        ("dm", 5, {"AGE", "DMDY"}),
        ("lb", 309, {"LBSEQ", "LBSTRESN", "LBSTNRLO", "LBSTNRHI", "VISITNUM", "VISITDY", "LBDY"}),
        ("vs", 719, {"VSSEQ", "VSSTRESN", "VISITNUM", "VISITDY", "VSDY", "VSTPTNUM"}),
        ("qs", 966, {"VISITNUM", "VISITDY", "QSDY", "QSSTRESN", "QSSEQ"}),
    ],
)
def test_the_published_metabolic_files(
    read: Reader, shared_data: Path, name: str, rows: int, numbers: set[str]
) -> None:
    found = read(shared_data / "metabolic" / f"{name}_metabolic.csv", dataset=name.upper())
    assert found.result.rows == rows
    assert {variable for variable, kind in found.types().items() if kind == "number"} == numbers
