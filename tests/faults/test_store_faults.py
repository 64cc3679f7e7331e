"""A store that fails at a call of a run: the run finishes or says so; nothing that was archived is lost; the next run
finishes. Ten faults, at every call, once and from then on: all of them in `make faults`, a sample in `make test`.

The store is a real one with Object Lock (Ceph's radosgw); between it and Longwatch stands a proxy with one fault.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import boto3
import pytest

from connectors.archive_s3 import S3Archive
from longwatch.errors import LongwatchError
from operations.archive_reading import check_still_archived
from tests.faults.faulty_proxy import FAULTS, Proxy, faulty_proxy
from tests.s3_server import S3Server
from tools.faults.invariants import wrong_at_the_end
from tools.faults.small_study import SmallWiring, open_small, run_small, write_small_study

pytestmark = [pytest.mark.xdist_group("s3"), pytest.mark.timeout(7200)]
ALL = os.environ.get("LONGWATCH_FAULTS") == "all"
HARMLESS_ONCE = ("500", "503", "429", "reset", "slow", "time-out after success")
"""What boto asks again after, within its three attempts."""


@dataclass(frozen=True)
class Bench:
    """A store behind a proxy, a study whose data is frozen already, and what an undisturbed run came to."""

    proxy: Proxy
    server: S3Server
    study_file: Path
    frozen: Path
    calls: tuple[str, ...]
    pdf_sha256: str

    def open(self, home: Path, endpoint: str) -> SmallWiring:
        """The adapters of a home whose archive is the bucket of its own that its name says."""
        wiring = open_small(home, archive=f"s3://{home.name}/trial", s3_endpoint=endpoint, archive_lock_days=1)
        # A time-out must not take a minute here.
        wiring.__dict__["archive"] = _patient_for(wiring, self.proxy.patience)
        return wiring


def _patient_for(wiring: SmallWiring, seconds: float) -> S3Archive:
    bucket = wiring.settings.archive.removeprefix("s3://").partition("/")[0]
    return S3Archive(bucket, "trial", replace(wiring._s3, read_seconds=seconds))


@pytest.fixture(scope="session")
def bench(real_s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One run without a fault, to know its calls."""
    folder = tmp_path_factory.mktemp("store-faults")
    study_file = write_small_study(folder / "study")
    given = {"AWS_ACCESS_KEY_ID": real_s3.access_key, "AWS_SECRET_ACCESS_KEY": real_s3.secret_key}
    with pytest.MonkeyPatch.context() as patch, faulty_proxy(real_s3.endpoint) as proxy:
        for name, value in given.items():
            patch.setenv(name, value)
        bench = Bench(proxy, real_s3, study_file, folder / "frozen", (), "")
        home = new_home(bench, folder)
        wiring = bench.open(home, proxy.endpoint)
        (report,) = run_small(wiring, study_file).reports
        wiring.close()
        shutil.copytree(home / "snapshots", bench.frozen)
        yield Bench(proxy, real_s3, study_file, bench.frozen, tuple(proxy.calls), report.row.pdf_sha256)


def new_home(bench: Bench, folder: Path) -> Path:
    """An empty home with the frozen data, and a new bucket of its name."""
    home = folder / f"home-{uuid.uuid4().hex[:12]}"
    home.mkdir()
    if bench.frozen.exists():
        shutil.copytree(bench.frozen, home / "snapshots")
    # A session of its own: the default one keeps the keys of whichever test came first.
    boto3.session.Session().client("s3", endpoint_url=bench.server.endpoint, region_name="us-east-1").create_bucket(
        Bucket=home.name, ObjectLockEnabledForBucket=True
    )
    return home


def test_the_store_is_asked_often_enough_for_this_to_mean_something(bench: Bench) -> None:
    """Each of the five objects of a report, the key and the checkpoint: looked for, put, put first, read back."""
    kinds = [call.partition(" ")[0] for call in bench.calls]
    assert kinds.count("PUT") >= 7
    assert kinds.count("HEAD") >= 7
    assert kinds.count("GET") >= 14


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_store_that_fails_at_a_call(bench: Bench, tmp_path: Path, fault: str, lasting: bool) -> None:
    count = len(bench.calls)
    # Another call for each fault, spread over the run.
    one = 2 + FAULTS.index(fault) * (count - 4) // len(FAULTS)
    for at in range(1, count + 1) if ALL else (one,):
        disturb_and_look(bench, new_home(bench, tmp_path), fault, at, lasting)


@pytest.mark.parametrize("fault", ["truncated", "time-out after success"])
def test_a_signing_that_is_put_again_and_never_ends_is_no_stranger(bench: Bench, tmp_path: Path, fault: str) -> None:
    """The events were put, the answer was lost, they were put again, and the store fell silent: two versions, of which
    the registers know nothing."""
    calls = enumerate(bench.calls, 1)
    (at,) = (number for number, call in calls if call.startswith("PUT") and "/audit/events/" in call)
    disturb_and_look(bench, new_home(bench, tmp_path), fault, at, True)


def disturb_and_look(bench: Bench, home: Path, fault: str, at: int, lasting: bool) -> None:
    """A run with the fault, what must hold then, a run without it, what must hold at the end."""
    where = f"{fault} at call {at} ({bench.calls[at - 1]}), {'lasting' if lasting else 'once'}"
    wiring = bench.open(home, bench.proxy.endpoint)
    bench.proxy.set(fault, at, lasting=lasting)
    said = ""
    try:
        run_small(wiring, bench.study_file)
    except LongwatchError as loud:
        said = f"{loud.error_id} {loud.next_step}"
    finally:
        bench.proxy.set()
        wiring.close()
    if fault in HARMLESS_ONCE and not lasting:
        assert said == "", f"{where}: {said}"
    assert not said or (said.startswith("LW-ARC-") and len(said) > 20), f"{where}: {said}"
    direct = bench.open(home, bench.server.endpoint)
    with direct.registers.transaction() as register:
        before = register.reports()
        (run,) = register.runs()
    assert run.state.value == ("failed" if said else "done"), where
    for row in before:
        check_still_archived(direct, row)
    (report,) = run_small(direct, bench.study_file).reports
    assert report.already_archived == bool(before), where
    assert wrong_at_the_end(direct, bench.pdf_sha256) == [], where
    direct.close()
    shutil.rmtree(home)
