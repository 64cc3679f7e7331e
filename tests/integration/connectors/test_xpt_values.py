"""SAS transport files, value by value: text, numbers, missing values, dates, the end of the file (spec A.9)."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from pathlib import Path

import polars as pl
import pytest

from connectors.readers import xpt
from connectors.readers.xpt_numbers import ibm_to_ieee
from longwatch.errors import IntegrityError, SourceError
from longwatch.standards.dataset import Variable
from tests.integration.connectors.conftest import Reader
from tests.integration.connectors.small_files import AE, observations_at, patch, rewrite, write_xpt


def test_text_loses_trailing_blanks_and_keeps_leading_ones(read: Reader, tmp_path: Path) -> None:
    """Blank is null: the format cannot tell blank from missing."""
    path = write_xpt(tmp_path / "ae.xpt", {"AETERM": ["Headache  ", "  Fever", "", "   ", "a  b"]})
    assert read(path).column("AETERM") == ["Headache", "  Fever", None, None, "a  b"]


def test_metadata_are_kept(read: Reader, tmp_path: Path) -> None:
    path = write_xpt(
        tmp_path / "ae.xpt",
        AE,
        label="Adverse Events",
        labels={"AETERM": "Reported Term", "AESEQ": "Sequence Number"},
        formats={"AESEQ": "BEST12."},
    )
    result = read(path).result
    assert (result.dataset, result.label, result.encoding) == ("AE", "Adverse Events", "utf-8")
    assert result.variables == (
        Variable("USUBJID", "", "text", 5, result.variables[0].format),
        Variable("AESEQ", "Sequence Number", "number", 8, "BEST12."),
        Variable("AETERM", "Reported Term", "text", 8, result.variables[2].format),
    )


def test_numbers_are_exact(read: Reader, tmp_path: Path) -> None:
    numbers = [0.0, 1.0, -1.0, 0.1, 1 / 3, 1e-70, 7e74, -2.5, 123456789.123, 2.0**53]
    path = write_xpt(tmp_path / "lb.xpt", {"LBSTRESN": [*numbers, math.nan]})
    assert read(path).column("LBSTRESN") == [*numbers, None]


def test_a_negative_zero_is_zero() -> None:
    """No table may print -0.0."""
    import numpy as np

    assert str(ibm_to_ieee(np.array([0x8000_0000_0000_0000], dtype=np.uint64))[0]) == "0.0"


def test_special_missing_values_keep_their_letter(read: Reader, tmp_path: Path) -> None:
    """`.` is null alone; `.A` to `.Z` and `._` are null with the letter in a column beside."""
    path = write_xpt(tmp_path / "lb.xpt", {"LBSTRESN": [1.0, 2.0, 3.0, 4.0, math.nan], "VISITNUM": [1.0] * 5})
    start = observations_at(path)
    for record, letter in ((0, b"A"), (1, b"Z"), (2, b"_")):
        patch(path, start + 16 * record, letter + bytes(7))
    found = read(path)
    assert found.column("LBSTRESN") == [None, None, None, 4.0, None]
    assert found.column("LBSTRESN__MISSING") == ["A", "Z", "_", None, None]
    assert found.types() == {"LBSTRESN": "number", "LBSTRESN__MISSING": "text", "VISITNUM": "number"}


def test_short_numbers_are_filled_up(read: Reader, tmp_path: Path) -> None:
    """SAS may store a number in 2 to 8 bytes, cutting the fraction from the right."""
    path = write_xpt(tmp_path / "vs.xpt", {"VSSEQ": [1.0, 258.0], "VSPOS": ["ab", "cd"]})

    def shortened(content: bytes) -> bytes:
        """VSSEQ in 3 bytes: length in its description, VSPOS five bytes further left, 5 bytes less an observation."""
        names = content.index(b"HEADER RECORD*******NAMESTR") + 80
        start = content.index(b"HEADER RECORD*******OBS") + 80
        head = bytearray(content[:start])
        head[names + 4 : names + 6] = (3).to_bytes(2, "big")
        head[names + 140 + 84 : names + 140 + 88] = (3).to_bytes(4, "big")
        cut = b"".join(content[at : at + 3] + content[at + 8 : at + 10] for at in (start, start + 10))
        return bytes(head) + cut.ljust(80)

    found = read(rewrite(path, shortened))
    assert found.column("VSSEQ") == [1.0, 258.0]
    assert found.column("VSPOS") == ["ab", "cd"]


def local(text: str) -> datetime:
    """A date and time without a zone, as transport files have them."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("display", "stored", "kind", "typed"),
    [
        ("DATE9.", [0.0, -400.0, 21000.0], "date", [date(1960, 1, 1), date(1958, 11, 27), date(2017, 6, 30)]),
        ("YYMMDD10.", [19000.0], "date", [date(2012, 1, 8)]),
        ("E8601DA.", [19000.0, math.nan], "date", [date(2012, 1, 8), None]),
        ("DATETIME20.", [1.0, 86400.5], "datetime", [local("1960-01-01 00:00:01"), local("1960-01-02 00:00:00.5")]),
        ("TIME8.", [1.0, 86399.0], "time", [time(0, 0, 1), time(23, 59, 59)]),
        # A part of a day is no date: it stays the number it is.
        ("DATE9.", [0.0, 1.5], "number", [0.0, 1.5]),
        # A lapse of time of 24 hours or more is no time of day.
        ("TIME8.", [3600.0, 172800.0], "number", [3600.0, 172800.0]),
        ("TIME8.", [-1.0], "number", [-1.0]),
        # Beyond the calendar.
        ("DATE9.", [3_000_000.0], "number", [3_000_000.0]),
        ("DATETIME20.", [1e15], "number", [1e15]),
        # Any other format says nothing of dates.
        ("BEST12.", [19000.0], "number", [19000.0]),
    ],
)  # fmt: skip
def test_a_number_with_a_date_format_is_a_date_if_no_value_is_lost(
    read: Reader, tmp_path: Path, display: str, stored: list[float], kind: str, typed: list[object]
) -> None:
    found = read(write_xpt(tmp_path / "adsl.xpt", {"TRTSDT": stored}, formats={"TRTSDT": display}))
    assert found.types()["TRTSDT"] == kind
    assert found.column("TRTSDT") == typed


# Encodings


def with_term(tmp_path: Path, content: bytes) -> Path:
    """AE with those bytes as the term of record 2."""
    path = write_xpt(tmp_path / "ae.xpt", {"USUBJID": ["S-1", "S-2", "S-3"], "AETERM": ["Headache"] * 3})
    return patch(path, observations_at(path) + 11 + 3, content.ljust(8))


def test_utf_8_is_read_without_declaring_it(read: Reader, tmp_path: Path) -> None:
    assert read(with_term(tmp_path, "Fièvre".encode())).column("AETERM") == ["Headache", "Fièvre", "Headache"]


@pytest.mark.parametrize(
    ("encoding", "term"), [("cp1252", "Fièvre"), ("latin-1", "Fièvre"), ("shift_jis", "頭痛"), ("cp1251", "Боль")]
)
def test_another_encoding_is_read_where_declared(read: Reader, tmp_path: Path, encoding: str, term: str) -> None:
    path = with_term(tmp_path, term.encode(encoding))
    assert read(path, encoding).column("AETERM") == ["Headache", term, "Headache"]


def test_a_replacement_character_is_kept_where_the_source_has_it_and_never_put_in(read: Reader, tmp_path: Path) -> None:
    """The source's own U+FFFD is its text. One that only decoding makes, here by an escape, is an integrity failure."""
    assert read(with_term(tmp_path, "a\ufffd".encode())).column("AETERM")[1] == "a\ufffd"
    with pytest.raises(IntegrityError, match=r"LW-SNP-011: ae\.xpt: AE\.AETERM, record 2"):
        read(with_term(tmp_path, b"\xe9\\ufffd"), "raw_unicode_escape")


def test_an_undeclared_byte_names_dataset_variable_record_and_byte(read: Reader, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as refused:
        read(with_term(tmp_path, "Fièvre".encode("cp1252")))
    assert refused.value.error_id == "LW-SRC-012"
    assert refused.value.where == "ae.xpt: AE.AETERM, record 2"
    assert "byte 0xE8 at position 3 is not valid in utf-8" in str(refused.value)
    # No patient's value is in the message.
    assert "vre" not in str(refused.value)


def test_a_byte_that_the_declared_encoding_does_not_have_is_refused(read: Reader, tmp_path: Path) -> None:
    """0x81 means nothing in cp1252; US-ASCII ends at 0x7F."""
    for encoding in ("cp1252", "ascii"):
        with pytest.raises(SourceError, match=f"LW-SRC-012.*0x81 .* not valid in {encoding}"):
            read(with_term(tmp_path, b"a\x81"), encoding)


def test_an_encoding_that_is_not_like_ascii_is_not_taken_for_it(read: Reader, tmp_path: Path) -> None:
    """ISO-2022-JP writes 頭 as ASCII letters between escapes."""
    content = "頭".encode("iso2022_jp")
    path = write_xpt(tmp_path / "ae.xpt", {"AETERM": ["x" * len(content)]})
    patch(path, observations_at(path), content)
    assert read(path, "iso2022_jp").column("AETERM") == ["頭"]


def test_an_unknown_encoding_is_refused(read: Reader, tmp_path: Path) -> None:
    path = write_xpt(tmp_path / "ae.xpt", AE)
    for encoding in ("klingon", "base64"):
        with pytest.raises(SourceError, match="LW-SRC-008"):
            read(path, encoding)


def test_a_label_is_decoded_too(read: Reader, tmp_path: Path) -> None:
    path = write_xpt(tmp_path / "ae.xpt", {"AETERM": ["x"]}, labels={"AETERM": "Beschwerde #"})
    rewrite(path, lambda content: content.replace(b"Beschwerde #", "Beschwerde ü".encode("cp1252")))
    assert read(path, "cp1252").result.variables[0].label == "Beschwerde ü"
    with pytest.raises(SourceError, match=r"LW-SRC-012: ae\.xpt, label of AETERM"):
        read(path)


# The end of the file


def test_a_dataset_without_records_has_its_variables(read: Reader, tmp_path: Path) -> None:
    path = write_xpt(tmp_path / "ae.xpt", {"AETERM": ["x"], "AESEQ": [1.0]})
    rewrite(path, lambda content: content[: observations_at(path)])
    found = read(path)
    assert found.frame.schema == pl.Schema({"AETERM": pl.String, "AESEQ": pl.Float64})
    assert found.result.rows == 0


def test_blanks_below_80_bytes_at_the_end_are_padding(read: Reader, tmp_path: Path) -> None:
    """Three observations of 2 bytes, then 74 blanks: not 37 observations more."""
    path = write_xpt(tmp_path / "xx.xpt", {"A": ["x", "", "y"], "B": ["1", "", "3"]})
    assert read(path).frame.rows() == [("x", "1"), (None, None), ("y", "3")]


def test_a_blank_observation_that_cannot_be_padding_is_a_record(read: Reader, tmp_path: Path) -> None:
    """Observations of 90 bytes: 80 blanks or more cannot be padding."""
    path = write_xpt(tmp_path / "xx.xpt", {"A": ["x" * 90, "y" * 90, "", ""]})
    assert path.stat().st_size - observations_at(path) == 400 - 400 % 80
    assert read(path).column("A") == ["x" * 90, "y" * 90, None, None]


# Batches


def test_many_batches_keep_the_order(read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is decoded in pieces by several threads; the records stay in source order."""
    monkeypatch.setattr(xpt, "BATCH_BYTES", 1000)
    numbers = [float(number) for number in range(5000)]
    path = write_xpt(tmp_path / "lb.xpt", {"LBSEQ": numbers, "LBTEST": [f"test {number:.0f}" for number in numbers]})
    found = read(path)
    assert found.column("LBSEQ") == numbers
    assert found.column("LBTEST") == [f"test {number:.0f}" for number in numbers]


def test_the_first_bad_byte_is_named_whatever_the_batch(
    read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xpt, "BATCH_BYTES", 1000)
    path = write_xpt(tmp_path / "ae.xpt", {"AETERM": ["Headache"] * 5000})
    for record in (4321, 4999):
        patch(path, observations_at(path) + (record - 1) * 8 + 2, b"\xff")
    with pytest.raises(SourceError, match=r"ae\.xpt: AE\.AETERM, record 4,321: byte 0xFF at position 3"):
        read(path)
