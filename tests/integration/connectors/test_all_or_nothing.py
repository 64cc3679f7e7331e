"""A freeze that fails, or is killed, leaves the store as it was; two at once do not disturb each other."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from connectors.places.visit import Access
from connectors.places.zipped import ZipLimits
from connectors.snapshot_store import FolderSnapshotStore
from longwatch.errors import LongwatchError, SourceError, StoreError
from longwatch.study import SourceSpec
from tests.integration.connectors.conftest import Freeze
from tests.integration.connectors.small_files import (
    AE,
    freeze_in_child,
    rewrite,
    small_study,
    write_dataset_json,
    write_xpt,
)


def tree(root: Path) -> dict[str, tuple[int, int]]:
    """Everything below a folder, with size and time of change of each file."""
    return {
        str(path.relative_to(root)): (path.stat().st_size, path.stat().st_mtime_ns) if path.is_file() else (0, 0)
        for path in root.rglob("*")
    }


def zip_of(path: Path, **members: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


TERM = {"name": "ZZTERM", "dataType": "string"}

# What is wrong with the new data, made in a folder that already holds DM, AE, TS and define.xml, all of them whole.
BAD: dict[str, tuple[str, Callable[[Path], SourceSpec | Path]]] = {
    "missing path": ("LW-SRC-001", lambda folder: folder / "nowhere"),
    "missing file": ("LW-SRC-001", lambda folder: folder / "lb.xpt"),
    "no dataset file": ("LW-SRC-002", lambda folder: made(folder / "empty")),
    "empty file": ("LW-SRC-003", lambda folder: written(folder, "lb.xpt", b"")),
    "empty define.xml": ("LW-SRC-003", lambda folder: written(folder, "define.xml", b"")),
    "a dataset twice": ("LW-SRC-006", lambda folder: write_xpt(folder / "zz.xpt", AE, dataset="AE").parent),
    "include of a missing file": ("LW-SRC-007", lambda folder: SourceSpec(path=str(folder), include=("lb.xpt",))),
    "unknown kind of file": ("LW-SRC-009", lambda folder: written(folder, "ae.sas7bndx", b"x") / "ae.sas7bndx"),
    "one name for several": ("LW-SRC-010", lambda folder: SourceSpec(path=str(folder), dataset="LB")),
    "undecodable byte": (
        "LW-SRC-012",
        lambda folder: (
            rewrite(folder / "ae.xpt", lambda content: content.replace(b"Headache", b"H\xe9adache"[:8])).parent
        ),
    ),
    "text named .xpt": ("LW-SRC-040", lambda folder: written(folder, "zz.xpt", b"USUBJID,AETERM\n" * 10)),
    "cut off in the headers": (
        "LW-SRC-043",
        lambda folder: rewrite(folder / "ts.xpt", lambda content: content[:800]).parent,
    ),
    "cut off in the observations": (
        "LW-SRC-045",
        lambda folder: rewrite(folder / "ts.xpt", lambda content: content[:-7]).parent,
    ),
    "not Dataset-JSON": ("LW-SRC-051", lambda folder: written(folder, "zz.json", b"{}")),
    "records missing": (
        "LW-SRC-052",
        lambda folder: write_dataset_json(folder / "zz.json", [TERM], [["x"]], records=2).parent,
    ),
    "ragged CSV": ("LW-SRC-062", lambda folder: written(folder, "zz.csv", b"USUBJID,ZZTERM\nS-1\n")),
    "text in a number": ("LW-SRC-063", lambda folder: written(folder, "zz.csv", b"USUBJID,ZZSEQ\nS-1,one\n")),
    "damaged zip": ("LW-SRC-020", lambda folder: written(folder, "cut.zip", b"PK\x03\x04 and no more") / "cut.zip"),
    "zip that leads out": ("LW-SRC-021", lambda folder: zip_of(folder / "cut.zip", **{"../dm.csv": "USUBJID\n"})),
    "zip bomb": ("LW-SRC-023", lambda folder: zip_of(folder / "cut.zip", **{"dm.csv": "USUBJID\n" + "\n" * 3_000_000})),
}


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def written(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> FolderSnapshotStore:
    return FolderSnapshotStore(tmp_path / "store", Access(zips=ZipLimits(total_bytes=2_000_000)))


@pytest.mark.parametrize("name", BAD)
def test_bad_input_leaves_the_store_as_it_was(
    tmp_path: Path, store: FolderSnapshotStore, freeze: Freeze, name: str
) -> None:
    """Other files of the same delivery are whole, and come before and after the bad one."""
    error_id, damage = BAD[name]
    folder = small_study(tmp_path / "study")
    snapshot = freeze(folder)
    source = damage(folder)
    before = tree(store.root)
    with pytest.raises(SourceError) as refused:
        freeze(source)
    assert refused.value.error_id == error_id
    assert refused.value.where
    assert refused.value.next_step
    assert tree(store.root) == before
    store.verify(snapshot.id)


@pytest.mark.parametrize("name", BAD)
def test_bad_input_puts_no_file_into_a_new_store(
    tmp_path: Path, store: FolderSnapshotStore, freeze: Freeze, name: str
) -> None:
    source = BAD[name][1](small_study(tmp_path / "study"))
    with pytest.raises(SourceError):
        freeze(source)
    assert not [path for path in store.root.rglob("*") if path.is_file()]
    assert not list(store.root.glob("staging/*"))


def test_every_cause_has_an_id_of_its_own() -> None:
    """But for the two ways in which a path is not there, and two in which a file is empty."""
    ids = [error_id for error_id, _ in BAD.values()]
    assert {error_id for error_id in ids if ids.count(error_id) > 1} == {"LW-SRC-001", "LW-SRC-003"}


# The store itself fails


def test_a_store_that_cannot_be_made(tmp_path: Path) -> None:
    """A path below a file, which even root cannot use."""
    (tmp_path / "file").write_text("")
    store = FolderSnapshotStore(tmp_path / "file" / "store")
    with pytest.raises(StoreError, match="LW-SNP-004"):
        store.freeze([SourceSpec(path=str(small_study(tmp_path / "study")))], "/", lambda _message: None)


def test_a_store_that_fails_at_the_last_step_is_as_it_was(
    tmp_path: Path, store: FolderSnapshotStore, freeze: Freeze
) -> None:
    """Raw bytes and typed copy are moved in, then there is no folder for the manifest: both go out again."""
    store.root.mkdir()
    (store.root / "snapshots").write_text("in the way")
    with pytest.raises(StoreError, match="LW-SNP-004"):
        freeze(small_study(tmp_path / "study"))
    assert [path.name for path in store.root.rglob("*") if path.is_file()] == ["snapshots"]


FULL = """
import resource, signal, sys
from pathlib import Path
from connectors.snapshot_store import FolderSnapshotStore
from longwatch.errors import LongwatchError
from longwatch.study import SourceSpec

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
try:
    FolderSnapshotStore(Path(sys.argv[1])).freeze([SourceSpec(path=sys.argv[2])], "/", lambda _message: None)
except LongwatchError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("content", "room"),
    [
        # no room for the raw bytes
        ("USUBJID\n" + "S-1\n" * 2000, 4000),
        # room for the raw bytes, not for the typed copy
        ("USUBJID,ARMCD,SEX\nS-1,A,F\n", 500),
    ],
)
def test_no_room_left(tmp_path: Path, repository: Path, content: str, room: int) -> None:
    """A limit on file size stands for the full disk; it is the operating system that refuses."""
    (tmp_path / "dm.csv").write_text(content)
    said = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "store"), str(tmp_path / "dm.csv"), str(room)],
        cwd=repository, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.startswith("LW-SNP-005"), said
    assert len(said.stdout.splitlines()) == 1
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_file()]


KILLED = """
import os, signal, sys
from pathlib import Path
from connectors.snapshot_store import FolderSnapshotStore
from longwatch.study import SourceSpec

def progress(message):
    if message == "reading dm.xpt":
        os.kill(os.getpid(), signal.SIGKILL)

FolderSnapshotStore(Path(sys.argv[1])).freeze([SourceSpec(path=sys.argv[2])], "/", progress)
"""


def test_what_a_killed_freeze_left_goes_with_the_next_one(
    tmp_path: Path, repository: Path, store: FolderSnapshotStore, freeze: Freeze
) -> None:
    """Killed after raw bytes and a first dataset: no snapshot, and the next freeze clears the remains away."""
    folder = small_study(tmp_path / "study")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(store.root), str(folder)], cwd=repository, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list((store.root / "staging").iterdir())
    assert not (store.root / "snapshots").exists()
    assert not (store.root / "raw").exists()
    snapshot = freeze(folder)
    assert list((store.root / "staging").iterdir()) == []
    store.verify(snapshot.id)


# At the same time


def test_threads_that_freeze_the_same_make_one_snapshot(tmp_path: Path, store: FolderSnapshotStore) -> None:
    folder = str(small_study(tmp_path / "study"))
    together = threading.Barrier(4)

    def freeze_together(_number: int) -> str:
        together.wait()
        return freeze_in_child(str(store.root), folder)

    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(freeze_together, range(4)))
    assert len(set(ids)) == 1
    assert [path.stem for path in (store.root / "snapshots").iterdir()] == ids[:1]
    assert list((store.root / "staging").iterdir()) == []
    store.verify(ids[0])


def test_processes_that_freeze_overlapping_data_keep_all_of_it(tmp_path: Path, store: FolderSnapshotStore) -> None:
    """Two snapshots that share files, each frozen twice, by processes that know nothing of each other."""
    first, second = small_study(tmp_path / "one"), small_study(tmp_path / "two")
    (second / "define.xml").write_text("<ODM>later</ODM>")
    folders = [str(first), str(second)] * 2
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        ids = list(pool.map(freeze_in_child, [str(store.root)] * 4, folders))
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2
    for snapshot_id in set(ids):
        store.verify(snapshot_id)
        assert sorted(store.open(snapshot_id).datasets) == ["AE", "DM", "TS"]
    assert len([path for path in (store.root / "raw").rglob("*") if path.is_file()]) == 5


def test_a_freeze_does_not_clear_away_another_one_at_work(
    tmp_path: Path, store: FolderSnapshotStore, freeze: Freeze
) -> None:
    """The work of a living process is locked, and stays."""
    slow = small_study(tmp_path / "slow")
    quick = write_xpt(tmp_path / "mh.xpt", {"MHTERM": ["Diabetes"]})
    seen: list[int] = []

    def meanwhile(message: str) -> None:
        if message == "reading dm.xpt":
            freeze(quick)
            seen.append(len(os.listdir(store.root / "staging")))

    snapshot = store.freeze([SourceSpec(path=str(slow))], "/", meanwhile)
    assert seen == [1]
    store.verify(snapshot.id)


def test_an_error_crosses_processes_whole(tmp_path: Path, store: FolderSnapshotStore) -> None:
    """Flows run freezes elsewhere: the id and the next step come back."""
    with (
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
        pytest.raises(LongwatchError, match="LW-SRC-001") as told,
    ):
        pool.submit(freeze_in_child, str(store.root), str(tmp_path / "nowhere")).result()
    assert told.value.next_step
