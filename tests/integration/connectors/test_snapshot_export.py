"""A snapshot given out: the bytes as they were, proved by their checksums, whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import orjson
import pytest

from connectors.snapshot_store import FolderSnapshotStore
from longwatch.errors import IntegrityError, StoreError, StudyError
from tests.integration.connectors.conftest import Freeze
from tests.integration.connectors.small_files import small_study


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return small_study(tmp_path / "study")


def silent(_message: str) -> None:
    """No terminal."""


def damage(store: FolderSnapshotStore, sha256: str) -> None:
    """One byte of a raw file turned."""
    path = store.root / "raw" / sha256[:2] / sha256
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def test_the_files_are_as_they_were_delivered(
    study: Path, store: FolderSnapshotStore, freeze: Freeze, tmp_path: Path
) -> None:
    """Every byte under its own name; SHA256SUMS names all else that was written, manifest.json the snapshot."""
    snapshot = freeze(study)
    written = store.export(snapshot.id[:8], str(tmp_path / "out"), silent)
    out = tmp_path / "out"
    assert {path.name: path.read_bytes() for path in (out / "data").iterdir()} == {
        path.name: path.read_bytes() for path in study.iterdir()
    }
    sums = dict(line.split("  ")[::-1] for line in (out / "SHA256SUMS").read_text().splitlines())
    assert sums == {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    manifest = orjson.loads((out / "manifest.json").read_bytes())
    assert manifest["id"] == snapshot.id
    assert {file["name"]: file["sha256"] for file in manifest["files"]} == {
        file.name: file.sha256 for file in snapshot.files
    }
    assert sorted(written) == sorted(str(path) for path in out.rglob("*") if path.is_file())


def test_a_pull_of_what_was_exported_is_the_same_snapshot(
    study: Path, store: FolderSnapshotStore, freeze: Freeze, tmp_path: Path
) -> None:
    snapshot = freeze(study)
    store.export(snapshot.id, str(tmp_path / "out"), silent)
    assert freeze(tmp_path / "out" / "data").id == snapshot.id


def test_an_empty_folder_will_do(study: Path, store: FolderSnapshotStore, freeze: Freeze, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert store.export(freeze(study).id, str(tmp_path / "out"), silent)


@pytest.mark.parametrize("name", ["ae.xpt", ".hidden", "data/"])
def test_a_folder_with_anything_in_it_is_refused_and_left_alone(
    study: Path, store: FolderSnapshotStore, freeze: Freeze, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    if name.endswith("/"):
        (out / name).mkdir()
    else:
        (out / name).write_text("mine")
    with pytest.raises(StudyError, match="LW-SNX-001"):
        store.export(freeze(study).id, str(out), silent)
    assert [path.name for path in out.rglob("*")] == [name.rstrip("/")]


def test_a_file_in_the_folders_place_is_refused(
    study: Path, store: FolderSnapshotStore, freeze: Freeze, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("mine")
    snapshot = freeze(study).id
    with pytest.raises(StudyError, match="LW-SNX-001"):
        store.export(snapshot, str(tmp_path / "out"), silent)
    with pytest.raises(StoreError, match="LW-SNX-002"):
        store.export(snapshot, str(tmp_path / "out" / "below"), silent)


@pytest.mark.parametrize("was_there", [False, True])
def test_an_altered_raw_file_leaves_nothing_behind(
    study: Path, store: FolderSnapshotStore, freeze: Freeze, tmp_path: Path, was_there: bool
) -> None:
    """The last file is the altered one: what was written before it goes too."""
    out = tmp_path / "out"
    if was_there:
        out.mkdir()
    snapshot = freeze(study)
    damage(store, snapshot.files[-1].sha256)
    with pytest.raises(IntegrityError, match="LW-SNP-007"):
        store.export(snapshot.id, str(out), silent)
    assert out.exists() == was_there
    assert not list(out.rglob("*"))


# One file


def test_one_file_is_read_as_it_was(study: Path, store: FolderSnapshotStore, freeze: Freeze) -> None:
    assert store.read_file(freeze(study).id, "define.xml") == (study / "define.xml").read_bytes()


def test_a_file_that_is_not_there_is_told(study: Path, store: FolderSnapshotStore, freeze: Freeze) -> None:
    with pytest.raises(StudyError, match="LW-SNP-013"):
        store.read_file(freeze(study).id, "DEFINE.XML")


def test_an_altered_file_is_not_given(study: Path, store: FolderSnapshotStore, freeze: Freeze) -> None:
    snapshot = freeze(study)
    file = next(file for file in snapshot.files if file.name == "define.xml")
    damage(store, file.sha256)
    with pytest.raises(IntegrityError, match="LW-SNP-007"):
        store.read_file(snapshot.id, file.name)
    (store.root / "raw" / file.sha256[:2] / file.sha256).unlink()
    with pytest.raises(IntegrityError, match="LW-SNP-006"):
        store.read_file(snapshot.id, file.name)
