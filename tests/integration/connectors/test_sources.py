"""Which files count, and how two sources go together."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectors.parsing.children import children_of
from connectors.parsing.limits import ParseLimits
from connectors.places.bucket import BucketPlace
from connectors.places.folder import FolderPlace
from connectors.places.sources import Delivery, find_deliveries, format_of, place_of
from connectors.places.zipped import ZipLimits, ZipPlace
from connectors.s3 import S3Settings
from longwatch.errors import SourceError
from longwatch.study import SourceSpec


@pytest.mark.parametrize(
    ("name", "file_format"),
    [
        ("ae.xpt", "xpt"),
        ("AE.XPT", "xpt"),
        ("ae.json", "dataset-json"),
        ("ae.csv", "csv"),
        ("ae.tsv", "tsv"),
        ("ae.parquet", "parquet"),
        ("ae.xlsx", "xlsx"),
        ("~$ae.xlsx.tmp", None),
        ("define.xml", "define-xml"),
        ("Define.xml", "define-xml"),
        ("ae.xml", "dataset-xml"),
        ("SUPPAE.XML", "dataset-xml"),
        ("define2-1.xml", None),
        ("define2.xml", None),
        ("odm-data-snapshot.xml", None),
        ("ae.ndjson", "dataset-ndjson"),
        ("ae.dsjc", "dataset-json-compressed"),
        ("ae.sas7bdat", "sas7bdat"),
        ("formats.sas7bcat", None),
        ("ae.xpt.bak", None),
        # what macOS and editors leave beside a file
        ("._ae.xpt", None),
        (".~lock.ae.csv", None),
    ],
)
def test_a_files_name_says_whether_it_counts(name: str, file_format: str | None) -> None:
    assert format_of(name) == file_format


def found(base: Path, *sources: SourceSpec) -> list[Delivery]:
    return find_deliveries(sources, base, S3Settings(), ZipLimits(), children_of(ParseLimits()), lambda _message: None)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in ("one/ae.xpt", "one/dm.xpt", "one/define.xml", "two/lbch.xpt", "two/lbhe.xpt", "two/dm.xpt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def test_paths_start_from_the_base(base: Path) -> None:
    for path in ("one", "./one/", str(base / "one"), "two/../one"):
        assert [each.name for each in found(base, SourceSpec(path=path))] == ["ae.xpt", "define.xml", "dm.xpt"]


def test_each_source_has_its_encoding_and_name(base: Path) -> None:
    deliveries = found(
        base,
        SourceSpec(path="one", encoding="Windows-1252", include=("ae.xpt", "define.xml")),
        SourceSpec(path="two/lbch.xpt", dataset="LB"),
    )
    assert [(each.name, each.encoding, each.dataset) for each in deliveries] == [
        ("ae.xpt", "cp1252", None),
        # what says its own encoding is not told one
        ("define.xml", "utf-8", None),
        ("lbch.xpt", "utf-8", "LB"),
    ]


def test_one_file_may_be_named_beside_define_xml(base: Path) -> None:
    (delivery, define) = found(base, SourceSpec(path="one", include=("ae.xpt", "define.xml"), dataset="CE"))
    assert (delivery.dataset, define.dataset) == ("CE", None)


@pytest.mark.parametrize(
    ("sources", "error_id", "words"),
    [
        ([{"path": "one"}, {"path": "two"}], "LW-SRC-005", ["dm.xpt", "one", "two"]),
        ([{"path": "one"}, {"path": "one"}], "LW-SRC-005", ["ae.xpt"]),
        ([{"path": "one", "include": ("AE.xpt",)}], "LW-SRC-007", ["AE.xpt", "ae.xpt"]),
        ([{"path": "one", "dataset": "LB"}], "LW-SRC-010", ["ae.xpt, dm.xpt"]),
        ([{"path": "one", "include": ("define.xml",), "dataset": "LB"}], "LW-SRC-010", ["define.xml"]),
        ([{"path": "three"}], "LW-SRC-001", ["three"]),
        ([{"path": "three.zip"}], "LW-SRC-001", ["three.zip"]),
        ([{"path": "s3://"}], "LW-SRC-035", ["s3://bucket/prefix"]),
        ([{"path": "s3://bucket/cut.zip"}], "LW-SRC-016", ["s3://bucket/cut.zip"]),
    ],
)
def test_what_does_not_go_together(
    base: Path, sources: list[dict[str, object]], error_id: str, words: list[str]
) -> None:
    with pytest.raises(SourceError) as refused:
        found(base, *(SourceSpec.model_validate(source) for source in sources))
    assert refused.value.error_id == error_id
    assert all(word in str(refused.value) for word in words)


def test_a_name_that_is_no_text(base: Path) -> None:
    """é.csv as latin-1 wrote it: the name would enter the snapshot's id."""
    (base / os.fsdecode(b"\xe9.csv")).write_text("x")
    with pytest.raises(SourceError, match="LW-SRC-015"):
        found(base, SourceSpec(path="."))


def test_a_file_that_cannot_be_read(base: Path) -> None:
    """A folder where a file is expected: the operating system refuses, whoever asks."""
    place = FolderPlace(base, "one")
    with pytest.raises(SourceError, match="LW-SRC-004"):
        list(place.chunks("one"))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("one", FolderPlace),
        ("one/ae.xpt", FolderPlace),
        ("cut.zip", ZipPlace),
        ("cut.ZIP", ZipPlace),
        ("s3://bucket/prefix", BucketPlace),
        ("s3://bucket/prefix/ae.xpt", BucketPlace),
    ],
)
def test_a_path_says_what_place_it_is(base: Path, path: str, kind: type) -> None:
    assert isinstance(place_of(path, base, S3Settings(), ZipLimits(), children_of(ParseLimits())), kind)


def test_a_folder_named_like_a_zip_is_a_folder(base: Path) -> None:
    (base / "cut.zip").mkdir()
    assert isinstance(place_of("cut.zip", base, S3Settings(), ZipLimits(), children_of(ParseLimits())), FolderPlace)
