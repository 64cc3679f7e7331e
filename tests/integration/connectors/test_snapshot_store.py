"""Freezing, finding, opening and verifying snapshots (CONTRACTS.md: snapshot, typed copy)."""

from __future__ import annotations

import hashlib
import re
import shutil
import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from connectors import typed_copies
from connectors.readers.typed_copy import READERS
from connectors.snapshot_store import FolderSnapshotStore
from longwatch.errors import IntegrityError, StoreError, StudyError
from longwatch.evidence.snapshot import SourceSnapshot, compute_snapshot_id
from longwatch.standards.dataset import Variable
from longwatch.study import SourceSpec
from tests.integration.connectors.conftest import Freeze
from tests.integration.connectors.small_files import small_study, write_dataset_json, write_xpt


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return small_study(tmp_path / "study")


def zipped(folder: Path, target: Path, inside: str = "") -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir(), reverse=True):
            archive.write(path, f"{inside}{path.name}")
    return target


def raw_files(store: FolderSnapshotStore) -> list[Path]:
    return sorted(path for path in (store.root / "raw").rglob("*") if path.is_file())


# What a snapshot is


def test_the_id_is_that_of_names_and_hashes(study: Path, freeze: Freeze) -> None:
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in study.iterdir()}
    assert freeze(study).id == compute_snapshot_id(digests.items())


def test_folder_zip_and_single_files_are_one_snapshot(study: Path, freeze: Freeze, tmp_path: Path) -> None:
    ids = {
        freeze(study).id,
        freeze(zipped(study, tmp_path / "flat.zip")).id,
        freeze(zipped(study, tmp_path / "in-a-folder.ZIP", inside="cut-1/sdtm/")).id,
        freeze(*(study / name for name in ("ts.xpt", "define.xml", "dm.xpt", "ae.xpt"))).id,
        # a relative path starts from the folder given
        freeze(SourceSpec(path=str(study / ".." / "study"))).id,
    }
    assert len(ids) == 1


def test_other_bytes_or_another_name_are_another_snapshot(study: Path, freeze: Freeze) -> None:
    first = freeze(study).id
    (study / "define.xml").write_text("<ODM />")
    second = freeze(study).id
    (study / "ae.xpt").rename(study / "AE.xpt")
    assert len({first, second, freeze(study).id}) == 3


def test_files_that_do_not_count_are_named_and_make_no_difference(
    study: Path, store: FolderSnapshotStore, freeze: Freeze
) -> None:
    first = freeze(study).id
    for name in ("protocol.pdf", ".DS_Store", "ae.sas7bndx"):
        (study / name).write_text("x")
    (study / "older").mkdir()
    small_study(study / "older")
    said: list[str] = []
    assert store.freeze([SourceSpec(path="study")], str(study.parent), said.append).id == first
    assert f"{study}: ignored .DS_Store, ae.sas7bndx, protocol.pdf" in said


def test_a_snapshot_lists_its_files(study: Path, freeze: Freeze) -> None:
    snapshot = freeze(study)
    assert [(file.name, file.format, file.dataset, file.rows, file.encoding) for file in snapshot.files] == [
        ("ae.xpt", "xpt", "AE", 3, "utf-8"),
        ("define.xml", "define-xml", None, None, None),
        ("dm.xpt", "xpt", "DM", 2, "utf-8"),
        ("ts.xpt", "xpt", "TS", 1, "utf-8"),
    ]
    assert [file.size for file in snapshot.files] == [(study / file.name).stat().st_size for file in snapshot.files]
    assert {file.reader for file in snapshot.files} == {READERS["xpt"], ""}
    assert snapshot.rows == 6


def test_raw_bytes_are_kept_unchanged_under_their_hash_and_cannot_be_written(
    study: Path, store: FolderSnapshotStore, freeze: Freeze
) -> None:
    freeze(study)
    kept = {path.name: path.read_bytes() for path in raw_files(store)}
    assert kept == {hashlib.sha256(path.read_bytes()).hexdigest(): path.read_bytes() for path in study.iterdir()}
    assert {oct(path.stat().st_mode & 0o777) for path in raw_files(store)} == {"0o444"}
    assert all(path.parent.name == path.name[:2] for path in raw_files(store))


def test_the_same_files_again_use_what_is_there(study: Path, store: FolderSnapshotStore, freeze: Freeze) -> None:
    first = freeze(study)
    before = {path: path.stat().st_mtime_ns for path in store.root.rglob("*") if path.is_file()}
    said: list[str] = []
    again = store.freeze([SourceSpec(path=str(study))], "/", said.append)
    assert again == first
    assert {path: path.stat().st_mtime_ns for path in store.root.rglob("*") if path.is_file()} == before
    assert said[-1] == f"snapshot {first.id[:12]} is there already; its raw bytes are hashed again"
    assert not [message for message in said if message.startswith("reading")]


def test_two_files_of_the_same_bytes_are_two_files(tmp_path: Path, store: FolderSnapshotStore, freeze: Freeze) -> None:
    folder = small_study(tmp_path / "study")
    shutil.copy(folder / "ae.xpt", folder / "mh.xpt")
    snapshot = freeze(
        SourceSpec(path=str(folder), include=("ae.xpt",)),
        SourceSpec(path=str(folder / "mh.xpt"), dataset="MH"),
    )
    assert sorted(store.open(snapshot.id).datasets) == ["AE", "MH"]
    assert len(raw_files(store)) == 1
    store.verify(snapshot.id)


# Opening


def test_an_open_snapshot_gives_lazy_frames_with_their_metadata(
    study: Path, store: FolderSnapshotStore, freeze: Freeze
) -> None:
    data = store.open(freeze(study).id)
    assert sorted(data.datasets) == ["AE", "DM", "TS"]
    dm = data.datasets["DM"]
    assert (dm.name, dm.label, dm.rows, dm.file) == ("DM", "Demographics", 2, "dm.xpt")
    assert dm.columns == ("USUBJID", "ARMCD", "AGE")
    assert dm.variables[2] == Variable("AGE", "Age", "number", 8, dm.variables[2].format)
    assert isinstance(dm.frame, pl.LazyFrame)
    assert dm.frame.collect().rows() == [("S-001", "A", 34.0), ("S-002", "B", 51.0)]


def test_formats_may_be_mixed(tmp_path: Path, store: FolderSnapshotStore, freeze: Freeze) -> None:
    folder = small_study(tmp_path / "study")
    (folder / "lb.csv").write_text("USUBJID,LBSEQ,LBSTRESN\nS-001,1,5.5\n")
    write_dataset_json(folder / "cm.json", [{"name": "CMTRT", "dataType": "string"}], [["Insulin"], [""]])
    data = store.open(freeze(folder).id)
    assert sorted(data.datasets) == ["AE", "CM", "DM", "LB", "TS"]
    assert data.frame("LB").collect().rows() == [("S-001", 1.0, 5.5)]
    # stored as delivered; folded where derivations read it
    assert data.datasets["CM"].frame.collect()["CMTRT"].to_list() == ["Insulin", ""]
    assert data.frame("CM").collect()["CMTRT"].to_list() == ["Insulin", None]


def test_a_file_may_be_given_another_datasets_name(tmp_path: Path, store: FolderSnapshotStore, freeze: Freeze) -> None:
    """LB is often delivered in parts: lbch.xpt holds the chemistry."""
    path = write_xpt(tmp_path / "lbch.xpt", {"LBSEQ": [1.0]})
    assert sorted(store.open(freeze(path).id).datasets) == ["LBCH"]
    assert sorted(store.open(freeze(SourceSpec(path=str(path), dataset="LB")).id).datasets) == ["LB"]


def test_a_typed_copy_that_is_gone_is_made_again(study: Path, store: FolderSnapshotStore, freeze: Freeze) -> None:
    snapshot = freeze(study)
    before = {name: dataset.frame.collect() for name, dataset in store.open(snapshot.id).datasets.items()}
    shutil.rmtree(store.root / "typed")
    shutil.rmtree(study)
    after = store.open(snapshot.id)
    assert all(after.datasets[name].frame.collect().equals(frame) for name, frame in before.items())
    assert list((store.root / "staging").iterdir()) == []


def test_a_new_reader_makes_a_new_typed_copy_beside_the_old(
    study: Path, store: FolderSnapshotStore, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = freeze(study)
    monkeypatch.setitem(READERS, "xpt", "longwatch-xpt of another version")
    assert sorted(store.open(snapshot.id).datasets) == ["AE", "DM", "TS"]
    assert len(list((store.root / "typed" / snapshot.id).iterdir())) == 2


def test_another_declared_encoding_is_another_reading_of_the_same_snapshot(
    tmp_path: Path, store: FolderSnapshotStore, freeze: Freeze
) -> None:
    """0x80 is € in cp1252 and a control character in latin-1: the bytes, and so the snapshot, are the same."""
    path = write_xpt(tmp_path / "ae.xpt", {"AETERM": ["#"]})
    path.write_bytes(path.read_bytes().replace(b"#", b"\x80"))

    def term(encoding: str) -> tuple[str, str]:
        snapshot = freeze(SourceSpec(path=str(path), encoding=encoding))
        return snapshot.id, store.open(snapshot.id).frame("AE").collect().item()

    ids = [term("cp1252"), term("latin-1"), term("cp1252")]
    assert [text for _, text in ids] == ["€", "\x80", "€"]
    assert len({snapshot_id for snapshot_id, _ in ids}) == 1


# Finding


def test_a_snapshot_is_found_by_its_id_or_its_beginning(
    study: Path, store: FolderSnapshotStore, freeze: Freeze
) -> None:
    snapshot = freeze(study)
    for wanted in (snapshot.id, snapshot.id[:8], snapshot.id[:12].upper(), f" {snapshot.id[:20]} "):
        assert store.get(wanted) == snapshot
    assert FolderSnapshotStore(store.root).get(snapshot.id) == snapshot


def test_an_unknown_id(study: Path, store: FolderSnapshotStore, freeze: Freeze) -> None:
    with pytest.raises(StudyError, match="LW-SNP-001"):
        store.get("0123456789abcdef")
    unknown = "0" * 8 if not freeze(study).id.startswith("0" * 8) else "1" * 8
    with pytest.raises(StudyError, match="LW-SNP-001"):
        store.get(unknown)


def test_an_ambiguous_beginning(study: Path, store: FolderSnapshotStore, freeze: Freeze) -> None:
    snapshot = freeze(study)
    manifest = store.root / "snapshots" / f"{snapshot.id}.json"
    shutil.copy(manifest, manifest.with_name(f"{snapshot.id[:10]}{'0' * 54}.json"))
    with pytest.raises(StudyError, match=r"LW-SNP-002.*2 snapshots begin with"):
        store.get(snapshot.id[:10])
    assert store.get(snapshot.id) == snapshot


@pytest.mark.parametrize("wanted", ["", "0123456", "latest", "../../etc", "0123456*", "g" * 64, "0" * 65])
def test_what_is_no_id(store: FolderSnapshotStore, wanted: str) -> None:
    with pytest.raises(StudyError, match="LW-SNP-003"):
        store.get(wanted)


# Verifying


def change_last_byte(path: Path) -> None:
    path.chmod(0o644)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.fixture
def frozen(study: Path, freeze: Freeze) -> SourceSnapshot:
    return freeze(study)


def raw_of(store: FolderSnapshotStore, snapshot: SourceSnapshot, name: str) -> Path:
    digest = next(file.sha256 for file in snapshot.files if file.name == name)
    return store.root / "raw" / digest[:2] / digest


def test_an_untouched_snapshot_verifies(store: FolderSnapshotStore, frozen: SourceSnapshot) -> None:
    store.verify(frozen.id[:8])
    shutil.rmtree(store.root / "typed")
    store.verify(frozen.id)


def test_one_changed_bit_of_the_raw_bytes_is_found(store: FolderSnapshotStore, frozen: SourceSnapshot) -> None:
    change_last_byte(raw_of(store, frozen, "ae.xpt"))
    with pytest.raises(IntegrityError, match=r"LW-SNP-007.*ae\.xpt"):
        store.verify(frozen.id)


def test_raw_bytes_that_are_gone(store: FolderSnapshotStore, frozen: SourceSnapshot) -> None:
    raw_of(store, frozen, "dm.xpt").unlink()
    with pytest.raises(IntegrityError, match=r"LW-SNP-006.*dm\.xpt"):
        store.verify(frozen.id)


def test_no_typed_copy_is_made_from_changed_raw_bytes(store: FolderSnapshotStore, frozen: SourceSnapshot) -> None:
    shutil.rmtree(store.root / "typed")
    change_last_byte(raw_of(store, frozen, "ae.xpt"))
    with pytest.raises(IntegrityError, match="LW-SNP-007"):
        store.open(frozen.id)
    assert not (store.root / "typed").exists()


def test_freezing_again_does_not_cover_changed_raw_bytes(
    study: Path, store: FolderSnapshotStore, frozen: SourceSnapshot, freeze: Freeze
) -> None:
    change_last_byte(raw_of(store, frozen, "ae.xpt"))
    with pytest.raises(IntegrityError, match="LW-SNP-007"):
        freeze(study)
    # Nor does another snapshot that shares the file.
    (study / "define.xml").unlink()
    with pytest.raises(IntegrityError, match="LW-SNP-007"):
        freeze(study)


@pytest.mark.parametrize("large", [0, 1 << 25], ids=["hashed at the same time", "one after the other"])
@pytest.mark.parametrize("file", ["AE.parquet", "datasets.json"])
def test_a_changed_typed_copy_is_never_used(
    store: FolderSnapshotStore, frozen: SourceSnapshot, file: str, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers of a report come from the typed copy: a change in it must not go unseen."""
    monkeypatch.setattr(typed_copies, "LARGE", large)
    (typed,) = (store.root / "typed" / frozen.id).iterdir()
    change_last_byte(typed / file)
    for use in (store.open, store.verify):
        with pytest.raises(IntegrityError, match="LW-SNP-009"):
            use(frozen.id)
    shutil.rmtree(typed)
    assert "AE" in store.open(frozen.id)


@pytest.mark.parametrize(
    ("pattern", "by"),
    [
        # a file's name, so that the id is another's
        (rb'"ae\.xpt"', b'"az.xpt"'),
        # no JSON any more
        (rb"^\{", b"["),
        # a layout of another version
        (rb'"layout":2', b'"layout":99'),
        # an attribute of a file is missing
        (rb'"sha256"', b'"sha257"'),
    ],
)
def test_a_changed_manifest(store: FolderSnapshotStore, frozen: SourceSnapshot, pattern: bytes, by: bytes) -> None:
    path = store.root / "snapshots" / f"{frozen.id}.json"
    path.chmod(0o644)
    path.write_bytes(re.sub(pattern, by, path.read_bytes(), count=1))
    with pytest.raises(IntegrityError, match="LW-SNP-008"):
        store.get(frozen.id)


def test_a_store_that_cannot_be_read(store: FolderSnapshotStore, frozen: SourceSnapshot) -> None:
    """Folders where files were: the operating system refuses, whoever asks."""
    path = store.root / "snapshots" / f"{frozen.id}.json"
    path.unlink()
    path.mkdir()
    for use in (store.get, store.open, store.verify):
        with pytest.raises(StoreError, match="LW-SNP-012"):
            use(frozen.id)


# The data's own cut


@pytest.mark.parametrize(
    ("parameters", "values", "cutoff"),
    [
        (["DCUTDTC"], ["2026-01-31"], date(2026, 1, 31)),
        (["DCUTDTC"], ["2026-01-31T23:59"], date(2026, 1, 31)),
        # several: the latest complete one
        (["DCUTDTC", "DCUTDTC"], ["2026-01-31", "2025-06-30"], date(2026, 1, 31)),
        (["DCUTDTC", "DCUTDTC"], ["2026-02", "2025-06-30"], date(2025, 6, 30)),
        # partial, missing, or another parameter: the study file has to say it
        (["DCUTDTC"], ["2026-01"], None),
        (["DCUTDTC"], [""], None),
        (["SSTDTC"], ["2020-01-01"], None),
    ],
)
def test_the_datas_own_cut(
    tmp_path: Path, freeze: Freeze, parameters: list[str], values: list[str], cutoff: date | None
) -> None:
    assert freeze(write_xpt(tmp_path / "ts.xpt", {"TSPARMCD": parameters, "TSVAL": values})).data_cutoff == cutoff


def test_data_without_a_trial_summary_has_no_cut(tmp_path: Path, freeze: Freeze) -> None:
    assert freeze(write_xpt(tmp_path / "dm.xpt", {"USUBJID": ["S-1"]})).data_cutoff is None
    assert freeze(write_xpt(tmp_path / "ts.xpt", {"TSSEQ": [1.0]})).data_cutoff is None


@pytest.mark.shared_data
def test_the_pilot_study_is_frozen_whole(shared_data: Path, store: FolderSnapshotStore, freeze: Freeze) -> None:
    folder = shared_data / "cdiscpilot01"
    snapshot = freeze(
        SourceSpec(path=str(folder / "sdtm"), encoding="cp1252"),
        SourceSpec(path=str(folder / "sdtm_split" / "lbch.xpt"), dataset="LB"),
        SourceSpec(path=str(folder / "sdtm_split" / "vs.xpt")),
    )
    rows = {dataset.name: dataset.rows for dataset in store.open(snapshot.id)}
    assert rows == {
        "AE": 1191, "CM": 7510, "DM": 306, "DS": 596, "EX": 591, "LB": 32740, "MH": 1818, "RELREC": 234, "SC": 254,
        "SE": 752, "SUPPAE": 1191, "SUPPDM": 1197, "SUPPDS": 3, "SV": 3559, "TA": 8, "TE": 7, "TI": 31, "TS": 33,
        "TV": 21, "VS": 29643,
    }  # fmt: skip
    store.verify(snapshot.id)
