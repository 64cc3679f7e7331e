"""Foreign files are read in children: whatever a file does to its reader, the parent says so and goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from connectors.parsing.children import Children
from connectors.parsing.limits import MEGABYTE, ParseLimits
from connectors.places.visit import Access
from connectors.readers.typed_copy import ReadResult, read_dataset
from connectors.snapshot_store import FolderSnapshotStore
from longwatch.errors import LongwatchError, SourceError
from longwatch.study import SourceSpec
from tests.integration.connectors.misbehaving import (
    crash,
    dawdle,
    dies_at_dm,
    environment,
    fail,
    forever,
    hang,
    limits_of_the_system,
    out_of_memory_of_the_machine,
    swell,
    talk,
    two,
    write_much,
)  # fmt: skip
from tests.integration.connectors.small_files import small_study
from tests.integration.connectors.test_all_or_nothing import tree

LIMITS = ParseLimits(children=2, memory_bytes=400 * MEGABYTE, still_seconds=4.0, files=5)


@pytest.fixture
def children() -> Iterator[Children]:
    made = Children(LIMITS)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("what", "error_id", "words"),
    [
        (crash, "LW-PAR-001", "SIGSEGV"),
        (out_of_memory_of_the_machine, "LW-PAR-001", "SIGKILL"),
        (swell, "LW-PAR-002", "at most 400 MB"),
        (hang, "LW-PAR-003", "none within 4 s"),
        (dawdle, "LW-PAR-003", "the end of the file"),
        (fail, "LW-PAR-005", "ValueError in misbehaving.py"),
    ],
)
def test_what_a_file_does_to_its_reader_is_an_error_that_names_the_file(
    children: Children, what: Callable[[], int], error_id: str, words: str
) -> None:
    with pytest.raises(SourceError) as told:
        children.call(int, "ae.xpt", 100, what)
    assert told.value.error_id == error_id
    assert told.value.where == "ae.xpt"
    assert words in told.value.one_line()
    assert told.value.next_step
    assert "patient" not in told.value.one_line()
    assert children.call(int, "dm.xpt", 100, two) == 2


def test_more_written_than_a_file_may(children: Children, tmp_path: Path) -> None:
    """256 MB and twenty times the file."""
    with pytest.raises(SourceError, match="LW-PAR-004"):
        children.call(int, "ae.dsjc", 1000, write_much, str(tmp_path / "typed"))
    assert (tmp_path / "typed").stat().st_size <= 257 * MEGABYTE


def test_time_grows_with_the_file() -> None:
    """An honest gigabyte has hours; a small file that keeps a child busy has not."""
    assert ParseLimits().seconds_for(1000) == pytest.approx(30, abs=0.1)
    assert ParseLimits().seconds_for(1_000_000_000) > 4 * 3600


def test_what_a_library_prints_is_no_answer(children: Children) -> None:
    assert children.call(int, "ae.xpt", 100, talk) == 7


def test_a_child_knows_no_secret(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("LONGWATCH_TOKEN", "secret")
    known = children.call(list[str], "ae.xpt", 100, environment)
    assert not {name for name in known if "AWS" in name or "LONGWATCH" in name or "TOKEN" in name}
    assert "POLARS_MAX_THREADS" in known


def test_a_child_has_few_rights(children: Children) -> None:
    """No core dump, few open files, a session of its own."""
    core, files, own_session = children.call(list[int], "ae.xpt", 100, limits_of_the_system)
    assert (core, own_session) == (0, 1)
    assert files <= 256


def test_a_child_serves_again_and_is_replaced_in_time(children: Children) -> None:
    pids = [children.call(int, "ae.xpt", 1, os.getpid) for _ in range(12)]
    assert pids[:5] == [pids[0]] * 5
    assert len(set(pids)) == 3
    assert not psutil.pid_exists(pids[0])


def test_an_answer_of_another_kind_is_none(children: Children) -> None:
    """What comes from a child is not trusted: a result is checked against the type that was asked for."""
    with pytest.raises(SourceError, match="an answer that is none"):
        children.call(ReadResult, "ae.xpt", 1, two)  # type: ignore[arg-type]


def test_a_stream_that_nobody_takes_to_its_end_ends_its_child(children: Children) -> None:
    stream = children.stream("cut.zip", 1, forever)
    assert len(next(stream)) == 1000
    busy = [each.pid for each in psutil.Process().children() if each.name().startswith("python")]
    stream.close()
    assert not all(psutil.pid_exists(pid) for pid in busy)


def test_files_are_read_at_the_same_time_and_told_in_their_order(children: Children) -> None:
    meet = threading.Barrier(2, timeout=20)
    begun: list[int] = []

    def work(item: int, _stop: threading.Event) -> int:
        if item < 2:
            meet.wait()
        time.sleep(0.05 * (3 - item))
        return item

    assert list(children.together([0, 1, 2], begun.append, work)) == [0, 1, 2]
    assert begun == [0, 1, 2]


def test_of_several_errors_the_first_in_order_is_told(children: Children) -> None:
    def work(item: int, _stop: threading.Event) -> int:
        time.sleep(0.2 if item == 0 else 0)
        raise SourceError("LW-SRC-003", f"file {item}")

    with pytest.raises(SourceError, match="file 0"):
        list(children.together([0, 1, 2, 3], lambda _item: None, work))


# A pull


def test_a_child_that_dies_in_a_pull_leaves_nothing_and_the_next_pull_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderSnapshotStore(tmp_path / "store")
    study = SourceSpec(path=str(small_study(tmp_path / "study")))
    with monkeypatch.context() as changed:
        changed.setattr("connectors.typed_copies.read_dataset", dies_at_dm)
        with pytest.raises(SourceError, match=r"LW-PAR-001: dm\.xpt.*SIGSEGV"):
            store.freeze([study], "/", lambda _message: None)
    assert not [path for path in store.root.rglob("*") if path.is_file()]
    assert not list((store.root / "staging").iterdir())
    snapshot = store.freeze([study], "/", lambda _message: None)
    store.verify(snapshot.id)


def test_children_that_died_while_they_waited_are_replaced(children: Children) -> None:
    children.start(2)
    for child in children._idle:
        os.kill(child.pid, signal.SIGKILL)
    time.sleep(0.2)
    assert children.call(int, "ae.xpt", 1, two) == 2


def test_a_file_that_takes_too_much_memory_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    """By a limit so low that any file is over it; the first in order is told."""
    store = FolderSnapshotStore(tmp_path / "store")
    study = small_study(tmp_path / "study")
    store.freeze([SourceSpec(path=str(study))], "/", lambda _message: None)
    before = tree(store.root)
    (study / "define.xml").write_text("<ODM>later</ODM>")
    low = FolderSnapshotStore(tmp_path / "store", Access(parse=ParseLimits(memory_bytes=90 * MEGABYTE)))
    with pytest.raises(SourceError, match=r"LW-PAR-002: ae\.xpt.*LONGWATCH_PARSE_MEMORY_MB"):
        low.freeze([SourceSpec(path=str(study))], "/", lambda _message: None)
    assert tree(store.root) == before
    low.children.close()


# The end of the parent

PARENT = """
import sys, time
from pathlib import Path
from connectors.parsing.children import children_of
from connectors.parsing.limits import ParseLimits
from tests.integration.connectors.misbehaving import hang

if __name__ == "__main__":
    children = children_of(ParseLimits())
    children.start(2)
    children.call(int, "dm.xpt", 1, __import__("operator").index, 1)
    print(*[child.pid for child in children._idle], flush=True)
    children.call(int, "ae.xpt", 1, hang)
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_children_end_with_their_parent_even_at_work(repository: Path, end: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=os.environ | {"PYTHONPATH": str(repository)},
    )  # fmt: skip
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2
    time.sleep(0.3)
    parent.send_signal(end)
    parent.wait(20)
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < deadline, "a child is left"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_an_error_of_a_reader_comes_back_whole(children: Children, tmp_path: Path) -> None:
    path = tmp_path / "ae.xpt"
    path.write_bytes(b"no transport file")
    with pytest.raises(LongwatchError) as here:
        read_dataset(path, "xpt", "utf-8", None, tmp_path / "typed", "ae.xpt")
    with pytest.raises(LongwatchError) as there:
        children.call(ReadResult, "ae.xpt", 17, read_dataset, path, "xpt", "utf-8", None, tmp_path / "typed", "ae.xpt")
    assert there.value.one_line() == here.value.one_line()
    assert type(there.value) is type(here.value)
