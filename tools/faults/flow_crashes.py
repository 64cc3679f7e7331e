"""Crash schedules through a real Prefect flow: `flows.safety_report`, each run in a process of its own, with a real
server beside it. The process is killed, and the flow is run again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tools.faults.children import FAULT, FINISHED, KILLED, REFUSED, Ended
from tools.faults.crashes import Crashed, Undisturbed, recover
from tools.faults.invariants import read_accepted, without_bytes

FLOW = "prefect flow"
START_SECONDS, RUN_SECONDS = 180, 600
_PREFECT = "from prefect.cli import app; app()"


@contextmanager
def prefect_server(work: Path) -> Iterator[dict[str, str]]:
    """A server on loopback; the environment in which a flow finds it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LONGWATCH_", "PREFECT_"))}
    environment = clean | {
        "PREFECT_HOME": str(work / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/health", process)
        yield environment | {"PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(address, timeout=2):
            return
        time.sleep(0.5)
    raise SystemExit("Prefect's server did not start")


def run_flow(home: Path, study_file: Path, environment: Mapping[str, str], kill_at: int) -> Ended:
    """The flow in a process of its own, killed at a marked step (0: at none)."""
    command = [sys.executable, "-m", "tools.faults.one_flow", str(home), str(study_file), str(kill_at)]
    done = subprocess.run(
        command, env=dict(environment), capture_output=True, text=True, check=False, timeout=RUN_SECONDS,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    how = {0: FINISHED, 1: REFUSED, -9: KILLED}.get(done.returncode, FAULT)
    return Ended(how, done.stdout.splitlines()[-1] if how == FINISHED else done.stderr[-3000:])


def crash_flow(
    first: int, undisturbed: Undisturbed, work: Path, study_file: Path, environment: Mapping[str, str]
) -> Iterator[Crashed]:
    """The flow killed at a step, then run to its end."""
    home, at = work / f"flow-{first}", undisturbed.marked[first - 1]
    try:
        ended = run_flow(home, study_file, environment, first)
        if ended.how != KILLED:
            yield Crashed(FLOW, first, 0, at, "", (f"the flow was not killed: {ended.how} {ended.said}",))
            return
        accepted = read_accepted(home)
        crashed = Crashed(FLOW, first, 0, at, "", tuple(without_bytes(home, accepted)))
        yield recover(crashed, home, accepted, undisturbed, run_flow(home, study_file, environment, 0))
    finally:
        shutil.rmtree(home, ignore_errors=True)
