"""The folder archive: what it leaves on the disk, when it is killed, full, not writable, or tampered with."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.archive_folder import LEFTOVER_SECONDS, FolderArchive
from longwatch.errors import IntegrityError, LongwatchError, StoreError

KEY = "reports/ISLET-1/report.pdf"
PDF = "application/pdf"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the archive is to be; not made yet."""
    return tmp_path / "archive"


def refusal(use: Callable[[], object]) -> LongwatchError:
    """The error that a use ends in."""
    with pytest.raises(LongwatchError) as refused:
        use()
    return refused.value


def files(root: Path) -> list[str]:
    """Every file of the archive, what it keeps for itself included."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_it_says_that_it_is_not_worm(root: Path) -> None:
    described = FolderArchive(root).describe()
    assert (described.kind, described.place, described.object_lock) == ("local folder", str(root), False)
    assert "not WORM" in described.note
    assert not root.exists()


def test_what_is_on_the_disk(root: Path) -> None:
    """The object under its own name, its receipt beside, both read-only; nothing else."""
    receipt = FolderArchive(root).put(KEY, b"report", media_type=PDF)
    assert files(root) == [f".receipts/{KEY}.json", KEY]
    assert (root / KEY).read_bytes() == b"report"
    assert not any(stat.S_IMODE((root / name).stat().st_mode) & 0o222 for name in files(root))
    assert json.loads((root / f".receipts/{KEY}.json").read_bytes()) == {
        "key": KEY,
        "sha256": receipt.sha256,
        "size": 6,
        "media_type": PDF,
        "stored_at": receipt.stored_at.isoformat() if receipt.stored_at else None,
    }


def test_an_interrupted_put_is_completed_by_the_same_bytes(root: Path) -> None:
    """Killed between object and receipt: not confirmed, not listed, not given out; then completed."""
    archive = FolderArchive(root)
    archive.put(KEY, b"report", media_type=PDF)
    (root / f".receipts/{KEY}.json").unlink()
    assert archive.head(KEY) is None
    assert list(archive.keys()) == []
    assert refusal(lambda: archive.get(KEY)).error_id == "LW-ARC-010"
    assert refusal(lambda: archive.put(KEY, b"other", media_type=PDF)).error_id == "LW-ARC-007"
    archive.put(KEY, b"report", media_type=PDF)
    assert archive.get(KEY) == b"report"
    assert list(archive.keys()) == [KEY]


def test_a_deleted_object_is_missed(root: Path) -> None:
    archive = FolderArchive(root)
    archive.put(KEY, b"report", media_type=PDF)
    (root / KEY).unlink()
    error = refusal(lambda: archive.get(KEY))
    assert (type(error), error.error_id) == (IntegrityError, "LW-ARC-011")
    assert refusal(lambda: archive.put(KEY, b"other", media_type=PDF)).error_id == "LW-ARC-007"
    assert not (root / KEY).exists()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b'{"key": "another", "sha256": "0"}', b"\xff\xfe"])
def test_a_damaged_receipt(root: Path, damage: bytes) -> None:
    archive = FolderArchive(root)
    archive.put(KEY, b"report", media_type=PDF)
    receipt = root / f".receipts/{KEY}.json"
    receipt.chmod(0o644)
    receipt.write_bytes(damage)
    for use in (lambda: archive.head(KEY), lambda: archive.get(KEY)):
        error = refusal(use)
        assert (type(error), error.error_id) == (IntegrityError, "LW-ARC-012")


def test_a_file_in_the_place_of_the_folder(root: Path) -> None:
    root.write_text("notes")
    archive = FolderArchive(root)
    for use in (archive.check, lambda: archive.put(KEY, b"report", media_type=PDF), lambda: list(archive.keys())):
        error = refusal(use)
        assert (type(error), error.error_id) == (StoreError, "LW-ARC-004")
        assert error.next_step
    assert root.read_text() == "notes"


@pytest.mark.parametrize("keys", [("a", "a/b"), ("a/b", "a")])
def test_a_key_under_another_key(root: Path, keys: tuple[str, str]) -> None:
    """A folder cannot keep both; the second is refused and leaves nothing behind."""
    archive = FolderArchive(root)
    archive.put(keys[0], b"first", media_type=PDF)
    error = refusal(lambda: archive.put(keys[1], b"second", media_type=PDF))
    assert (type(error), error.error_id) == (StoreError, "LW-ARC-004")
    assert list(archive.keys()) == [keys[0]]
    assert list((root / ".incoming").iterdir()) == []


@pytest.fixture
def not_writable() -> Iterator[Path]:
    """A folder that the account of this test may not write, also where the tests run as root."""
    above = Path(tempfile.mkdtemp(prefix="lwarc"))
    above.chmod(0o755)
    (above / "archive").mkdir()
    (above / "archive").chmod(0o555)
    as_root = os.geteuid() == 0
    if as_root:
        os.seteuid(65534)
    yield above / "archive"
    if as_root:
        os.seteuid(0)
    (above / "archive").chmod(0o755)
    shutil.rmtree(above)


def test_a_folder_that_may_not_be_written(not_writable: Path) -> None:
    archive = FolderArchive(not_writable)
    for use in (archive.check, lambda: archive.put(KEY, b"report", media_type=PDF)):
        error = refusal(use)
        assert (type(error), error.error_id) == (StoreError, "LW-ARC-002")
        assert str(not_writable) in str(error)
        assert "right to write" in error.next_step
    assert list(not_writable.iterdir()) == []


def run(program: str, root: Path) -> subprocess.CompletedProcess[str]:
    """A program with the archive's folder as its argument."""
    return subprocess.run(
        [sys.executable, "-c", program, str(root)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[3],
    )


def test_a_folder_without_room(root: Path) -> None:
    """A process that may write no file beyond 100 kB: one line, and nothing half-written."""
    FolderArchive(root).put(KEY, b"report", media_type=PDF)
    before = files(root)
    done = run(
        "import resource, sys\nfrom pathlib import Path\n"
        "from connectors.archive_folder import FolderArchive\nfrom longwatch.errors import StoreError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n"
        "    FolderArchive(Path(sys.argv[1])).put('reports/big', bytes(1_000_000), media_type='application/pdf')\n"
        "except StoreError as error:\n"
        "    print(error)\n",
        root,
    )
    assert done.stdout.startswith("LW-ARC-003: "), done.stderr
    assert files(root) == before


def test_killed_again_and_again_it_keeps_only_whole_objects(root: Path) -> None:
    """Ten times `kill -9` while writing: what is listed is whole, and the same puts complete the rest."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom connectors.archive_folder import FolderArchive\n"
        "archive = FolderArchive(Path(sys.argv[1]))\n"
        "print('ready', flush=True)\n"
        "for number in range(300):\n"
        "    archive.put(f'reports/{number}', bytes([number % 256]) * 20_000, media_type='application/pdf')\n"
    )
    chance = random.Random(7)
    for _ in range(10):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(root)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).resolve().parents[3],
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        archive = FolderArchive(root)
        for key in list(archive.keys()):
            assert archive.get(key) == bytes([int(key.split("/")[1]) % 256]) * 20_000
    assert run(program, root).returncode == 0
    assert len(list(FolderArchive(root).keys())) == 300


def test_what_a_killed_process_left_is_removed_a_day_later(root: Path) -> None:
    """It may be part of a report. One that is being written now stays."""
    archive = FolderArchive(root)
    archive.check()
    old, new = root / ".incoming" / "old.part", root / ".incoming" / "new.part"
    for leftover, age in ((old, LEFTOVER_SECONDS + 60), (new, 60)):
        leftover.write_bytes(b"half a rep")
        os.utime(leftover, (time.time() - age, time.time() - age))
    archive.put(KEY, b"report", media_type=PDF)
    assert not old.exists()
    assert new.exists()
