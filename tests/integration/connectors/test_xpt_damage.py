"""A transport file that is none, or not whole, is refused with the place and the next step; each cause has its id."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from longwatch.errors import SourceError
from tests.integration.connectors.conftest import Reader
from tests.integration.connectors.small_files import AE, observations_at, patch, rewrite, write_xpt

NAMESTR = b"HEADER RECORD*******NAMESTR"


def first_description(content: bytes) -> int:
    return content.index(NAMESTR) + 80


@pytest.fixture
def ae(tmp_path: Path) -> Path:
    """AE with enough records that the file can be cut in many places: 40 observations of 21 bytes."""
    return write_xpt(tmp_path / "ae.xpt", {name: [*values] * 14 for name, values in AE.items()})


def refused(read: Reader, path: Path) -> SourceError:
    with pytest.raises(SourceError) as error:
        read(path)
    assert str(error.value).startswith(f"{error.value.error_id}: ae.xpt")
    assert "\n" not in str(error.value)
    assert ". Next: " in str(error.value)
    return error.value


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"USUBJID,AESEQ,AETERM\nS-001,1,Headache\n" * 5, "text"),
        (b"PK\x03\x04" + bytes(200), "a zip"),
        (bytes(32) + b"\xc2\xea\x81\x60" + bytes(200), "other binary data"),
    ],
)
def test_another_kind_of_file_named_xpt(read: Reader, ae: Path, content: bytes, found: str) -> None:
    ae.write_bytes(content)
    error = refused(read, ae)
    assert (error.error_id, error.found) == ("LW-SRC-040", found)
    assert "at byte 0" in error.expected


@pytest.mark.parametrize("size", [1, 79, 80, 239, 400, 700, 1000])
def test_cut_off_in_the_headers(read: Reader, ae: Path, size: int) -> None:
    rewrite(ae, lambda content: content[:size])
    error = refused(read, ae)
    assert error.error_id == "LW-SRC-043"
    assert f"at byte {size:,}" in error.what


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        # not a multiple of 80
        (500, "multiple of 80"),
        (81, "multiple of 80"),
        # a multiple of 80, but within an observation
        (400, "whole observations of 21 bytes"),
        (80, "whole observations of 21 bytes"),
    ],
)
def test_cut_off_in_the_observations(read: Reader, ae: Path, kept: int, expected: str) -> None:
    start = observations_at(ae)
    rewrite(ae, lambda content: content[: start + kept])
    error = refused(read, ae)
    assert error.error_id == "LW-SRC-045"
    assert f"at byte {start + kept:,}" in error.what
    assert expected in error.expected


def test_eighty_blanks_are_no_padding(read: Reader, tmp_path: Path) -> None:
    """Observations of 100 bytes: a rest of 80 blanks is the beginning of one that was cut off."""
    path = write_xpt(tmp_path / "ae.xpt", {"AETERM": ["x" * 100] * 4})
    rewrite(path, lambda content: content + b" " * 80)
    assert refused(read, path).error_id == "LW-SRC-045"


@pytest.mark.parametrize(
    ("what", "place", "content"),
    [
        ("header at byte 240", lambda content: 240, b"HEADER RECORD*******ELSE"),
        ("number of variables", lambda content: content.index(NAMESTR) + 54, b"00x3"),
        ("length of a variable's description", lambda content: 240 + 74, b"0200"),
        ("type of USUBJID", first_description, b"\x00\x07"),
        ("length of AESEQ", lambda content: first_description(content) + 140 + 4, b"\x00\x0a"),
        ("position of AETERM", lambda content: first_description(content) + 280 + 84, b"\x00\x00\x00\x09"),
    ],
)
def test_a_damaged_header_says_which_part(
    read: Reader, ae: Path, what: str, place: Callable[[bytes], int], content: bytes
) -> None:
    patch(ae, place(ae.read_bytes()), content)
    error = refused(read, ae)
    assert error.error_id == "LW-SRC-042"
    assert what in error.what
    assert error.expected


def test_a_second_dataset_in_the_file(read: Reader, ae: Path, tmp_path: Path) -> None:
    other = write_xpt(tmp_path / "cm.xpt", AE).read_bytes()
    at = ae.stat().st_size
    rewrite(ae, lambda content: content + other[240:])
    error = refused(read, ae)
    assert error.error_id == "LW-SRC-044"
    assert f"byte {at:,}" in error.what


def test_the_words_of_a_header_in_a_text_are_text(read: Reader, tmp_path: Path) -> None:
    """Headers stand at multiples of 80 bytes; an observation that begins elsewhere may hold the same words."""
    words = "HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!"
    path = write_xpt(tmp_path / "ae.xpt", {"AETERM": [f"-{words}"] * 3})
    assert read(path).column("AETERM") == [f"-{words}"] * 3


def test_a_variable_twice(read: Reader, ae: Path) -> None:
    patch(ae, first_description(ae.read_bytes()) + 140 + 8, b"USUBJID ")
    error = refused(read, ae)
    assert (error.error_id, error.found) == ("LW-SRC-014", "USUBJID")


def test_no_variables(read: Reader, ae: Path) -> None:
    def emptied(content: bytes) -> bytes:
        names = content.index(NAMESTR)
        header = content[names : names + 80].replace(b"0000000003", b"0000000000")
        return content[:names] + header + content[content.index(b"HEADER RECORD*******OBS") :][:80]

    assert refused(read, rewrite(ae, emptied)).error_id == "LW-SRC-013"


def test_a_name_that_no_dataset_can_have(read: Reader, ae: Path) -> None:
    """The name becomes a file name: nothing but letters, digits and underscores gets through."""
    patch(ae, 400 + 8, b"../../x ")
    assert refused(read, ae).error_id == "LW-SRC-011"
    assert read(ae, dataset="AE").result.dataset == "AE"
