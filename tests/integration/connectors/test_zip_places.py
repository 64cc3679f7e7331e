"""A zip is read without trusting it."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from connectors.places.zipped import ZipLimits, ZipPlace
from longwatch.errors import SourceError

CSV = "USUBJID\nS-1\n"


def zip_with(path: Path, *members: tuple[str | zipfile.ZipInfo, str]) -> ZipPlace:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return ZipPlace(path)


def taken(place: ZipPlace, name: str) -> bytes:
    return b"".join(place.chunks(name))


@pytest.mark.parametrize(
    ("names", "seen"),
    [
        (["dm.csv", "ae.csv"], ("ae.csv", "dm.csv")),
        # one folder within, or several in each other, are passed through
        (["sdtm/dm.csv", "sdtm/ae.csv"], ("ae.csv", "dm.csv")),
        (["cut/sdtm/dm.csv"], ("dm.csv",)),
        # folders beside files are not looked into
        (["dm.csv", "older/dm.csv"], ("dm.csv",)),
        (["sdtm/dm.csv", "adam/adsl.csv"], ()),
        # what macOS adds is not there
        (["sdtm/dm.csv", "__MACOSX/sdtm/._dm.csv"], ("dm.csv",)),
        # Windows separators
        (["sdtm\\dm.csv"], ("dm.csv",)),
    ],
)
def test_which_files_lie_in_it(tmp_path: Path, names: list[str], seen: tuple[str, ...]) -> None:
    place = zip_with(tmp_path / "cut.zip", *((name, CSV) for name in names))
    assert place.names() == seen
    assert all(taken(place, name) == CSV.encode() for name in seen)


@pytest.mark.parametrize("name", ["../dm.csv", "sdtm/../../dm.csv", "/etc/dm.csv", "C:/dm.csv", "..\\dm.csv"])
def test_a_name_that_leads_out(tmp_path: Path, name: str) -> None:
    """One such name, and nothing of the zip is read."""
    with pytest.raises(SourceError, match="LW-SRC-021"):
        zip_with(tmp_path / "cut.zip", ("dm.csv", CSV), (name, CSV)).names()


@pytest.mark.parametrize(("kind", "word"), [(stat.S_IFLNK, "a link"), (stat.S_IFCHR, "a device")])
def test_a_link_or_device(tmp_path: Path, kind: int, word: str) -> None:
    member = zipfile.ZipInfo("dm.csv")
    member.external_attr = (kind | 0o777) << 16
    with pytest.raises(SourceError, match=f"LW-SRC-022.*{word}"):
        zip_with(tmp_path / "cut.zip", (member, "/etc/passwd")).names()


def test_an_encrypted_zip(tmp_path: Path) -> None:
    """The flag is set in the member's headers, as programs that encrypt do."""
    place = zip_with(tmp_path / "cut.zip", ("dm.csv", CSV))
    content = bytearray(place.path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    place.path.write_bytes(content)
    with pytest.raises(SourceError, match="LW-SRC-024"):
        place.names()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="LW-SRC-005"):
        zip_with(tmp_path / "cut.zip", ("dm.csv", CSV), ("dm.csv", CSV + "S-2\n")).names()


def test_a_zip_that_unpacks_to_too_much_is_stopped_on_the_way(tmp_path: Path) -> None:
    """Counted as it comes out, whatever the zip says of itself; over all of its files together."""
    place = zip_with(tmp_path / "cut.zip", ("dm.csv", "\n" * 10_000_000), ("ae.csv", "\n" * 10_000_000))
    by_total = ZipPlace(place.path, ZipLimits(total_bytes=15_000_000))
    assert len(taken(by_total, "dm.csv")) == 10_000_000
    with pytest.raises(SourceError, match="LW-SRC-023"):
        taken(by_total, "ae.csv")
    by_ratio = ZipPlace(place.path, ZipLimits(ratio=100, small_bytes=1_000_000))
    with pytest.raises(SourceError, match="LW-SRC-023"):
        taken(by_ratio, "dm.csv")


def test_blanks_that_shrink_well_are_no_bomb(tmp_path: Path) -> None:
    """Transport files are mostly blanks; small ones may shrink as far as they like."""
    assert len(taken(zip_with(tmp_path / "cut.zip", ("dm.xpt", " " * 5_000_000)), "dm.xpt")) == 5_000_000


def test_a_cut_off_zip(tmp_path: Path) -> None:
    place = zip_with(tmp_path / "cut.zip", ("dm.csv", CSV * 100))
    place.path.write_bytes(place.path.read_bytes()[:-30])
    with pytest.raises(SourceError, match="LW-SRC-020"):
        place.names()


def test_a_changed_byte_fails_the_zips_own_checksum(tmp_path: Path) -> None:
    place = zip_with(tmp_path / "cut.zip")
    with zipfile.ZipFile(place.path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("dm.csv", CSV)
    place.path.write_bytes(place.path.read_bytes().replace(b"S-1", b"S-7"))
    with pytest.raises(SourceError, match="LW-SRC-020"):
        taken(place, "dm.csv")
