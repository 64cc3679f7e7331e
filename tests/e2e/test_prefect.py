"""Prefect runs the job: with no server running, and against a server and a worker. Nothing phones home."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from polars_readstat import scan_readstat

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect"), pytest.mark.timeout(600)]

GUARD = '''\
"""Writes down every address outside this machine that a process of the tree looks up or connects to."""
import os, socket

def note(address):
    if isinstance(address, bytes):
        address = address.decode()
    if address and address not in ("127.0.0.1", "::1", "localhost", "0.0.0.0", socket.gethostname()):
        with open(os.environ["GUARD_FILE"], "a") as file:
            file.write(f"{address}\\n")

connect, look_up = socket.socket.connect, socket.getaddrinfo

def guarded_connect(self, address):
    if self.family != socket.AF_UNIX:
        note(address[0])
    return connect(self, address)

def guarded_look_up(host, *more, **others):
    note(host)
    return look_up(host, *more, **others)

socket.socket.connect, socket.getaddrinfo = guarded_connect, guarded_look_up
'''
LONGWATCH = "from cli.main import main; main()"
ENDED = ("COMPLETED", "FAILED", "CRASHED")
PREFECT = "from prefect.cli import app; app()"


def python(environment: dict[str, str], code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and the guard loaded into every Python process of the tree."""
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LONGWATCH_", "PREFECT_"))}
    return clean | {
        "LONGWATCH_HOME": str(tmp_path / "home"),
        "LONGWATCH_USER": "ada",
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PYTHONPATH": str(guard),
        "GUARD_FILE": str(tmp_path / "outside.txt"),
    }


def addresses_outside(environment: dict[str, str]) -> list[str]:
    path = Path(environment["GUARD_FILE"])
    return path.read_text().splitlines() if path.exists() else []


def test_the_guard_sees_a_look_up(environment: dict[str, str]) -> None:
    """The check below can fail."""
    python(environment, "import socket\ntry: socket.getaddrinfo('telemetry.invalid', 443)\nexcept OSError: pass")
    assert addresses_outside(environment) == ["telemetry.invalid"]


def test_the_job_needs_no_server_and_nothing_leaves(environment: dict[str, str]) -> None:
    said = python(environment, LONGWATCH, "demo", "--json")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["reports"][0]["state"] == "archived-draft"
    assert addresses_outside(environment) == []


@contextmanager
def running(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Prefect program that is ended when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", PREFECT, *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def wait_for(address: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"{address} did not answer within {seconds} s")


def wait_until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"did not come about within {seconds} s")
        time.sleep(0.5)


def ask(api: str, path: str) -> list[dict[str, object]]:
    request = urllib.request.Request(f"{api}{path}", b"{}", {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return list(json.load(answer))


def test_deployments_run_on_a_server_and_a_worker(
    environment: dict[str, str], bundled_study: Path, repository: Path, tmp_path: Path
) -> None:
    """The deployments of prefect.yaml, deployed and run by a worker: the report is archived, and Prefect's database
    knows no subject. A run that the gate stops is a failed run in Prefect."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    api = f"http://127.0.0.1:{port}/api"
    environment |= {"LONGWATCH_NOTICE_FILE": str(tmp_path / "notices.jsonl")}
    environment |= {"PREFECT_API_URL": api, "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    gated = bundled_study.parent / "gated.yaml"
    gated.write_text(
        (bundled_study / "study.yaml")
        .read_text()
        .replace("path: data", f"path: {bundled_study / 'data'}\n    include: [ae.xpt, ex.xpt, dm.xpt]")
        .replace("meddra_folder: dictionary", f"meddra_folder: {bundled_study / 'dictionary'}")
    )
    study = bundled_study / "study.yaml"
    with running(environment, "server", "start", "--host", "127.0.0.1", "--port", port):
        wait_for(f"{api}/health", 120)
        # The worker makes its pool itself; `work-pool create` would have the server look at a list on the internet.
        with running(environment, "worker", "start", "--pool", "longwatch", "--type", "process"):
            wait_until(lambda: bool(ask(api, "/work_pools/filter")), 60)
            for step in (
                ("--no-prompt", "deploy", "--all", "--prefect-file", str(repository / "prefect.yaml")),
                ("deployment", "run", "safety-report/report", "--param", f"study_file={study}"),
                ("deployment", "run", "nightly-pull-and-validate/nightly", "--param", f"study_file={gated}"),
            ):
                said = python(environment, PREFECT, *step)
                assert said.returncode == 0, said.stdout + said.stderr
            wait_until(lambda: all(run["state_type"] in ENDED for run in ask(api, "/flow_runs/filter")), 180)
        runs = ask(api, "/flow_runs/filter")
        assert sorted(str(run["state_type"]) for run in runs) == ["COMPLETED", "FAILED"]
        artifacts = ask(api, "/artifacts/filter")
        known = json.dumps([ask(api, f"/{kind}/filter") for kind in ("flow_runs", "task_runs", "logs", "artifacts")])
    assert "ISLET-1-" not in known, "Prefect's database names a subject"
    # What the pages show: the gate of both runs as artifacts, with what stopped the second one.
    # (Prefect also keeps the error that ended a flow, whose one line its state shows anyway: counts, never a record.)
    pages = [artifact for artifact in artifacts if artifact["type"] == "markdown"]
    shown = [str(artifact["description"]) for artifact in pages]
    assert sorted(text.partition(", the data gate ")[2] for text in shown) == ["makes reports a DRAFT", "stops reports"]
    assert all("| Rule | Severity | New | Open |" in str(artifact["data"]) for artifact in pages)
    # And what its file holds, whatever the pages show: no subject, no term, no date of any event (a bare year, as
    # a partial date may be, stands in any database).
    held = b"".join(file.read_bytes() for file in Path(environment["PREFECT_HOME"]).glob("prefect.db*"))
    assert b"data-gate-islet-1" in held
    events = scan_readstat(str(bundled_study / "data" / "ae.xpt"), preserve_order=True).collect()
    for name in ("USUBJID", "AETERM", "AESTDTC"):
        values = [value for value in events[name].unique().drop_nulls() if len(value.strip()) > 4]
        assert values, name
        told = [value for value in values if value.encode() in held]
        assert told == [], f"Prefect's database holds values of {name}"
    notices = [json.loads(line) for line in (tmp_path / "notices.jsonl").read_text().splitlines()]
    assert [(item["study"], item["gate"]) for item in notices] == [("ISLET-1", "stops")]
    registered = json.loads(python(environment, LONGWATCH, "runs", "--json").stdout)
    assert sorted(row["state"] for row in registered) == ["done", "gated"]
    assert addresses_outside(environment) == []


def test_a_worker_refuses_relative_places(environment: dict[str, str], bundled_study: Path, tmp_path: Path) -> None:
    """A worker's working folder is deleted after the run, and registers and archive would go with it."""
    code = (
        "from flows.safety_report import safety_report; import sys\n"
        "try: safety_report(sys.argv[1])\n"
        "except Exception as error: print(error)"
    )
    said = python(environment | {"LONGWATCH_HOME": "longwatch-data"}, code, str(bundled_study / "study.yaml"))
    assert "LW-FLW-001" in said.stdout, said.stdout + said.stderr
