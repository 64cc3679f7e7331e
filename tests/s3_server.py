"""A real S3-compatible server for tests: Debian's `radosgw` on a Ceph in memory (DESIGN.md, decision 6).

It enforces what moto does not: signatures, conditions, Object Lock. Tests that use it stand in one group
(`pytest.mark.xdist_group("s3_server")`), so that one test process starts it once, with a time-out of minutes, since a
busy machine starts it slowly. Two of them do not disturb each other: each has its folder and its ports.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = ("monmaptool", "ceph-mon", "ceph", "ceph-mgr", "ceph-osd", "radosgw", "radosgw-admin")
HOW_TO_GET_ONE = (
    "no S3 server for tests: apt-get install --no-install-recommends radosgw ceph-mon ceph-mgr ceph-osd; missing: "
)
SECONDS = 75
"""How long one attempt may take. Ceph's first start hangs now and then; another cluster on other ports does not."""
ATTEMPTS = 3


class NotUp(Exception):
    """An attempt that came to nothing, with what was said."""


@dataclass(frozen=True)
class S3Server:
    """Where it listens, and the keys of the one account that it has."""

    endpoint: str
    access_key: str
    secret_key: str
    port: int


@pytest.fixture(scope="session")
def real_s3() -> Iterator[S3Server]:
    """An empty server, up in some 15 seconds and gone with its processes at the end.

    Cases: a program is missing → the test is skipped with how to get it, or fails where CI=true: nothing is skipped
    there.
    """
    if missing():
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(HOW_TO_GET_ONE + ", ".join(missing()))
        pytest.skip(HOW_TO_GET_ONE + ", ".join(missing()))
    with running_s3() as server:
        yield server


def missing() -> list[str]:
    """The programs that are not installed."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


@contextmanager
def running_s3(memory_bytes: int = 1 << 30) -> Iterator[S3Server]:
    """A server that keeps so much, in memory. NotUp where it does not start."""
    troubles: list[str] = []
    for _attempt in range(ATTEMPTS):
        # A short path: a socket's may have 107 characters only.
        folder = Path(tempfile.mkdtemp(prefix="lws3"))
        with ExitStack() as ending:
            ending.callback(shutil.rmtree, folder, ignore_errors=True)
            try:
                server = _start(folder, ending, memory_bytes)
            except NotUp as trouble:
                troubles.append(str(trouble))
                continue
            yield server
            return
    raise NotUp(f"no S3 server after {ATTEMPTS} attempts: {' | '.join(troubles)}")


def _start(folder: Path, ending: ExitStack, memory_bytes: int) -> S3Server:
    cluster, disk = str(uuid.uuid4()), str(uuid.uuid4())
    monitor, port = _free_port(), _free_port()
    settings = folder / "ceph.conf"
    settings.write_text(_settings(folder, cluster, monitor, port, memory_bytes))
    for name in ("mon", "osd", "mgr", "rgw"):
        (folder / name).mkdir()
    monitors = str(folder / "monmap")
    ask = ["-c", str(settings)]
    _run("monmaptool", "--create", "--fsid", cluster, "--addv", "a", f"[v1:127.0.0.1:{monitor}]", monitors)
    _run("ceph-mon", *ask, "--mkfs", "-i", "a", "--monmap", monitors)
    _daemon(folder, ending, "ceph-mon", *ask, "-i", "a", "-f")
    _run("ceph", *ask, "--connect-timeout", "30", "osd", "new", disk)
    _daemon(folder, ending, "ceph-mgr", *ask, "-i", "x", "-f")
    _run("ceph-osd", *ask, "-i", "0", "--mkfs", "--osd-uuid", disk)
    _daemon(folder, ending, "ceph-osd", *ask, "-i", "0", "-f")
    gateway = _daemon(folder, ending, "radosgw", *ask, "-n", "client.rgw", "-f")
    _wait_for(port, gateway, folder)
    server = S3Server(f"http://127.0.0.1:{port}", "longwatch-test", "longwatch-test-secret", port)
    _run(
        "radosgw-admin", *ask, "-n", "client.rgw", "user", "create", "--uid", "tester", "--display-name", "tester",
        "--access-key", server.access_key, "--secret-key", server.secret_key,
    )  # fmt: skip
    return server


def _settings(folder: Path, cluster: str, monitor: int, port: int, memory_bytes: int) -> str:
    return f"""
[global]
fsid = {cluster}
mon host = v1:127.0.0.1:{monitor}
auth cluster required = none
auth service required = none
auth client required = none
keyring = /dev/null
ms bind msgr2 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = {folder}
admin socket = {folder}/$name.$pid.asok
pid file = {folder}/$name.pid
log file = {folder}/$name.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = {memory_bytes}
mon allow pool size one = true
mon data avail crit = 0
mon data avail warn = 0
mgr initial modules =
[mon]
mon data = {folder}/mon
mon initial members = a
[osd]
osd data = {folder}/osd
[mgr]
mgr data = {folder}/mgr
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw data = {folder}/rgw
"""


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _run(*command: str) -> None:
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as silent:
        raise NotUp(f"{' '.join(command[:3])} did not end within {SECONDS} s") from silent
    if said.returncode:
        raise NotUp(f"{' '.join(command[:3])} ended with {said.returncode}: {said.stderr[-500:]}")


def _daemon(folder: Path, ending: ExitStack, *command: str) -> subprocess.Popen[bytes]:
    output = ending.enter_context((folder / f"{command[0]}.out").open("wb"))
    process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    ending.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """This process and no other. Nothing in memory is worth a slow goodbye."""
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)


def _wait_for(port: int, gateway: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if gateway.poll() is not None:
            break
        time.sleep(0.1)
    said = (folder / "radosgw.out").read_text(errors="replace")[-500:]
    logs = [" ".join(path.read_text(errors="replace").split()[-40:]) for path in sorted(folder.glob("*.log"))]
    raise NotUp(f"radosgw does not answer after {SECONDS} s (its code: {gateway.poll()}): {said} {' / '.join(logs)}")
